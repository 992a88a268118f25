"""HTTP about the search: suggestions while typing, and the table of synonyms."""

from typing import Annotated

from fastapi import Query, Request, Response

from catalog_service.matters.schemas import SearchText
from catalog_service.search import service
from catalog_service.search.schemas import Suggestion, Suggestions, Synonym, Synonyms
from tongban.app import router as new_router
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion, offer
from tongban.identity import Caller, MaybeCaller, Role, allow
from tongban.problems import problems

__all__ = ["router"]

router = new_router("search")

Editor = Annotated[Caller, allow(Role.CATALOG_EDITOR, Role.ADMIN)]


@router.get("/api/v1/matters/suggest")
async def suggest_matters(
    session: Session,
    context: InContext,
    _caller: MaybeCaller,
    q: Annotated[SearchText, Query(description="已输入的开头 / what was typed so far")],
) -> Suggestions:
    """检索建议: matters whose name, pinyin or initials go on as somebody began to type."""
    found = await service.suggest(session, q, district=context.settings.district)
    return Suggestions(items=[Suggestion.model_validate(row) for row in found])


@router.get("/api/v1/catalog/synonyms")
async def read_synonyms(
    request: Request, response: Response, session: Session, _caller: Editor
) -> Synonyms:
    """查看同义词表: what the words that people type mean here."""
    rows, version = await service.synonyms(session)
    offer(request, response, version)
    return Synonyms(synonyms=[Synonym.model_validate(row) for row in rows])


@router.put("/api/v1/catalog/synonyms", responses=problems(StaleVersion))
async def replace_synonyms(
    body: Synonyms,
    request: Request,
    response: Response,
    session: Session,
    if_match: IfMatch,
    caller: Editor,
) -> Synonyms:
    """修改同义词表: write the table anew; the next search reads it."""
    version = await service.replace_synonyms(
        session,
        [(one.word, one.means) for one in body.synonyms],
        actor=caller.subject,
        if_match=if_match,
    )
    offer(request, response, version)
    return body
