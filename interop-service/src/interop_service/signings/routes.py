"""HTTP of signing agreements."""

from collections.abc import Sequence
from typing import Annotated

from interop_service.exchanges.door import PROOF, SignedPartner, signed_router
from interop_service.exchanges.protocol import TREE
from interop_service.refusals import AgreementNotFound
from interop_service.signings import service
from interop_service.signings.schemas import SignatureRead, Signed, SigningRead
from interop_service.signings.tables import AgreementSignature
from tongban import app
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, Identified, MaybeCaller, Role, allow
from tongban.problems import problems
from tongban.texts import Code

__all__ = ["router"]

router = app.router("partners")
Admin = Annotated[Caller, allow(Role.ADMIN)]


@router.post("/api/v1/agreements/{code}/sign", responses=problems(AgreementNotFound))
async def sign_agreement(
    code: Code, session: Session, context: InContext, at: Now, caller: Admin
) -> SigningRead:
    """签署协议: sign it as it is kept here and exchange signatures; again to send again."""
    return await service.sign(session, context, code, actor=caller.subject, at=at)


@router.get(
    "/api/v1/agreements/{code}/signatures",
    response_model=list[SignatureRead],
    responses=problems(AgreementNotFound),
)
async def list_signatures(
    code: Code, session: Session, _caller: Identified
) -> Sequence[AgreementSignature]:
    """协议签署记录: each version that was signed, by whom and when, oldest first."""
    return await service.signatures_of(session, code)


@signed_router.post(f"{TREE}/agreements", responses=problems(*PROOF))
async def receive_signature(
    signed: SignedPartner, session: Session, context: InContext, at: Now, _caller: MaybeCaller
) -> Signed:
    """接收协议签署: keep a partner's signature of an agreement; answers our own of the same."""
    return await service.receive(session, context, signed, at=at)
