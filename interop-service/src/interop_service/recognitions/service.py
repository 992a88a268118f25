"""Use cases of recognition: examine what came back, keep the verdict, tell it."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from joserfc.jwk import OKPKey
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.events import RecognitionChanged
from interop_service.recognitions import rules, seals, store
from interop_service.recognitions.rules import DocumentKind, Objection, RecognitionState
from interop_service.recognitions.tables import Recognition
from tongban import audit
from tongban.messages import Event, publish
from tongban.paging import Paging

__all__ = ["all_recognised", "examine", "recognitions_page", "states"]


async def examine(
    session: AsyncSession,
    *,
    exchange_id: UUID,
    document: Mapping[str, Any],
    owner: str,
    seal_keys: Mapping[str, OKPKey],
    agreed_kinds: Collection[str],
    at: datetime,
) -> bool:
    """Keep whether a document that came back with an exchange counts here; return it."""
    try:
        read = seals.SealedDocument.model_validate(document)
    except ValidationError:
        kind, issuer, number = DocumentKind.NOTICE, owner, ""
        found: tuple[Objection, ...] = (Objection.MALFORMED,)
    else:
        kind, issuer, number = _kind_of(read.kind), read.issued_by.district, read.number
        found = rules.objections(
            kind=kind,
            issuer=issuer,
            owner=owner,
            agreed_kinds=agreed_kinds,
            seal_fault=seals.seal_fault(document, seal_keys),
        )
    row = Recognition(
        exchange_id=exchange_id,
        kind=kind,
        issuer_district=issuer,
        number=number,
        state=rules.state_of(found),
        reasons=[objection.value for objection in found],
        at=at,
    )
    session.add(row)
    publish(session, _event(row), of=row)
    audit.note(
        session,
        actor="interop-service",
        action="recognition.examine",
        subject=str(exchange_id),
        payload={"state": row.state, "reasons": row.reasons, "issuer": issuer},
    )
    await session.flush()
    return row.state is RecognitionState.RECOGNISED


async def all_recognised(session: AsyncSession, exchange_ids: Collection[UUID]) -> bool:
    """Tell whether every one of these exchanges has brought a document that counts here."""
    states = await store.states_of(session, exchange_ids)
    return len(states) == len(exchange_ids) and all(
        state is RecognitionState.RECOGNISED for state in states
    )


async def recognitions_page(
    session: AsyncSession,
    paging: Paging,
    *,
    issuer_district: str | None,
    state: RecognitionState | None,
) -> Sequence[Recognition]:
    return await store.recognitions_page(
        session, paging, issuer_district=issuer_district, state=state
    )


async def states(session: AsyncSession) -> AsyncIterator[tuple[Event, int]]:
    """Yield what was told of each recognition, with its sequence."""
    for row in await store.recognitions(session):
        yield _event(row), row.sequence


def _event(row: Recognition) -> RecognitionChanged:
    return RecognitionChanged(
        exchange_id=row.exchange_id,
        kind=row.kind.value,
        issuer_district=row.issuer_district,
        number=row.number,
        state=row.state.value,
        at=row.at,
    )


def _kind_of(kind: str) -> DocumentKind:
    """A result notice goes by several names (`result_notice`, `denial_notice`); it is a notice."""
    return DocumentKind(kind) if kind in set(DocumentKind) else DocumentKind.NOTICE
