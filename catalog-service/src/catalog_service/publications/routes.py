"""HTTP about bulk publications."""

from typing import Annotated
from uuid import UUID

from catalog_service.errors import EffectiveDateInvalid
from catalog_service.publications import service
from catalog_service.publications.errors import NothingToPublish, PublicationNotFound
from catalog_service.publications.schemas import PublicationIn, PublicationRead
from tongban.app import router as new_router
from tongban.clock import Now, local_date
from tongban.db import Session
from tongban.identity import Caller, Role, allow
from tongban.problems import problems

__all__ = ["router"]

router = new_router("publications")

Editor = Annotated[Caller, allow(Role.CATALOG_EDITOR, Role.ADMIN)]


@router.post(
    "/api/v1/catalog/publications",
    status_code=202,
    responses=problems(NothingToPublish, EffectiveDateInvalid),
)
async def start_publication(
    body: PublicationIn, session: Session, at: Now, caller: Editor
) -> PublicationRead:
    """批量发布: publish many submitted versions together, all or none; ask for the progress."""
    ordered = await service.start(session, body, publisher=caller.subject, today=local_date(at))
    return PublicationRead.model_validate(ordered)


@router.get(
    "/api/v1/catalog/publications/{publication_id}", responses=problems(PublicationNotFound)
)
async def read_publication(
    publication_id: UUID, session: Session, _caller: Editor
) -> PublicationRead:
    """批量发布进度: how many are done, and why it was refused where it was."""
    return PublicationRead.model_validate(await service.find(session, publication_id))
