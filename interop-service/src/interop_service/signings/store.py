"""Every SQL statement about signatures."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.signings.tables import AgreementSignature

__all__ = ["signature", "signatures"]


async def signature(
    session: AsyncSession, *, code: str, digest: str, by: str
) -> AgreementSignature | None:
    found: AgreementSignature | None = await session.scalar(
        select(AgreementSignature).filter_by(code=code, digest=digest, by=by)
    )
    return found


async def signatures(session: AsyncSession, code: str) -> Sequence[AgreementSignature]:
    rows = await session.scalars(
        select(AgreementSignature).filter_by(code=code).order_by(AgreementSignature.at)
    )
    return rows.all()
