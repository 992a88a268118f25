"""Use cases of evidence: log messages, refuse when sealing lags, hand out what proves them."""

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import structlog
from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service import suites
from interop_service.errors import EvidenceBacklog
from interop_service.evidence import anchors, rules, store
from interop_service.evidence.rules import DELIVERED, TAKEN, Direction
from interop_service.evidence.schemas import EvidenceFile, LoggedBody, ProvenMessage, SpanRead
from interop_service.evidence.tables import LoggedMessage, PartnerAnchor
from interop_service.exchanges.envelopes import SignedReceipt
from interop_service.keys import own_keys
from interop_service.partners import service as partners
from interop_service.refusals import ExchangeNotFound
from tongban import audit
from tongban.checkpoints import Checkpoint
from tongban.clock import utc_now
from tongban.context import Context
from tongban.paging import Paging

__all__ = [
    "anchors_page",
    "drop_bodies",
    "evidence_of",
    "is_sealing",
    "log_message",
    "require_sealing",
    "watch_sealing",
]

AROUND: Final = timedelta(days=1)
"""A partner's checkpoints of so long after an exchange's last message still bear on it."""
_BODY: Final = "logged_messages.body"

SEALING_LAG: Final = Gauge(
    "tongban_interop_sealing_lag_seconds", "Age of the oldest unsealed entry of the message log"
)

log = structlog.get_logger(__name__)


def log_message(
    session: AsyncSession,
    context: Context,
    *,
    direction: Direction,
    kind: StrEnum,
    partner: str,
    request: dict[str, Any],
    receipt: SignedReceipt,
    body: bytes,
    at: datetime,
) -> None:
    """Put a message and its receipt on the ledger, in the transaction of its effect."""
    own, said = context.settings.district, receipt.receipt
    is_in = direction is Direction.IN
    entry_id = audit.note(
        session,
        actor=f"district:{partner}" if is_in else own,
        action=TAKEN if is_in else DELIVERED,
        subject=str(said.exchange_id),
        payload=rules.logged_message(
            message_id=said.message_id,
            exchange_id=said.exchange_id,
            kind=kind,
            sender=partner if is_in else own,
            receiver=own if is_in else partner,
            request=request,
            receipt=said.model_dump(mode="json"),
            signature=receipt.signature,
        ),
    )
    session.add(
        LoggedMessage(
            id=entry_id,
            exchange_id=said.exchange_id,
            message_id=said.message_id,
            direction=direction,
            kind=kind,
            partner=partner,
            at=at,
            sealed_body=context.vault.seal(body, context=f"{_BODY}:{entry_id}"),
        )
    )


async def is_sealing(session: AsyncSession, context: Context, *, at: datetime) -> bool:
    """Tell whether the log may take more, and take the newest checkpoint along.

    Beyond `INTEROP_SEALING_REFUSED_SECONDS` of lag nothing more is exchanged: what can't be
    proven later is not done now.
    """
    await anchors.refresh(session, context, at=at)
    return _is_sealing(context, await audit.oldest_unsealed(session))


async def require_sealing(
    session: AsyncSession, context: Context, *, oldest: datetime | None, at: datetime
) -> None:
    """Refuse what the log could not prove; `oldest` is since when an entry waits for its seal.

    Raises:
        EvidenceBacklog: 503; it is to be sent again.
    """
    await anchors.refresh(session, context, at=at)
    if not _is_sealing(context, oldest):
        raise EvidenceBacklog


def _is_sealing(context: Context, oldest: datetime | None) -> bool:
    limit = timedelta(seconds=context.settings.sealing_refused_seconds)
    # The entries' own time is the machine's, whatever clock the caller goes by.
    return not rules.is_backlogged(oldest, at=utc_now(), limit=limit)


async def watch_sealing(session: AsyncSession, context: Context) -> None:
    """Tell how far sealing lags, and alarm past `INTEROP_SEALING_ALARM_SECONDS`."""
    oldest = await audit.oldest_unsealed(session)
    at = utc_now()
    lag = (at - oldest).total_seconds() if oldest is not None else 0.0
    SEALING_LAG.set(max(lag, 0.0))
    limit = timedelta(seconds=context.settings.sealing_alarm_seconds)
    if rules.is_backlogged(oldest, at=at, limit=limit):
        log.error("evidence.backlog", seconds=round(lag))


async def drop_bodies(session: AsyncSession, context: Context) -> None:
    """Drop the bodies whose time is over; what the ledger says of them stays."""
    kept = timedelta(days=context.settings.bodies_kept_days)
    await store.drop_bodies(session, before=context.clock() - kept)


async def anchors_page(
    session: AsyncSession, partner: str, paging: Paging
) -> Sequence[PartnerAnchor]:
    """Return what a partner told of its log, newest first.

    Raises:
        PartnerNotFound: 404.
    """
    await partners.partner(session, partner)
    return await store.anchors_page(session, partner, paging)


async def evidence_of(
    session: AsyncSession, context: Context, exchange_id: UUID, *, bodies: bool, at: datetime
) -> EvidenceFile:
    """Return what proves an exchange to a third party who has the public keys alone.

    What no checkpoint has reached yet is counted in `pending`: ask again in a minute.

    Raises:
        ExchangeNotFound: 404, nothing of it was logged.
        BrokenCheckpoint: this district's own log was tampered with.
    """
    logged = await store.messages_of(session, exchange_id, bodies=bodies)
    if not logged:
        raise ExchangeNotFound
    proofs = await audit.proofs_of(session, context, [one.id for one in logged])
    chain = await _chain(session, context, proofs)
    partner = await partners.partner(session, logged[0].partner)
    held = await store.anchors_of(
        session, partner.district, since=logged[0].at, until=logged[-1].at + AROUND
    )
    by_id = {one.id: one for one in logged}
    key = own_keys(context).signer(at=at)
    district = context.settings.district

    def signed(checkpoint: Checkpoint) -> str:
        return suites.sign_jws(rules.anchor_claims(checkpoint, district=district), key)

    return EvidenceFile(
        district=district,
        exchange_id=exchange_id,
        made_at=at,
        messages=[
            ProvenMessage.of(one, _body(context, by_id[one.entry.id]) if bodies else None)
            for one in proofs
        ],
        pending=len(logged) - len(proofs),
        previous_link=chain.previous,
        spans=[SpanRead.of(one) for one in chain.checkpoints],
        checkpoint=signed(chain.checkpoints[-1]) if chain.checkpoints else None,
        anchors=[one.token for one in held],
        contradictions=[one.contradicted_by for one in held if one.contradicted_by is not None],
        keys={
            district: {"keys": own_keys(context).published()},
            partner.district: {"keys": list((partner.keys or {}).get("keys", []))},
        },
    )


class _Chain:
    """The spans from the first that is needed to the newest, and what they are chained to."""

    def __init__(self, previous: str, checkpoints: Sequence[Checkpoint]) -> None:
        self.previous = previous
        self.checkpoints = checkpoints


async def _chain(session: AsyncSession, context: Context, proofs: Sequence[audit.Proof]) -> _Chain:
    if not proofs:
        return _Chain("", [])
    first = proofs[0].checkpoint
    before = await audit.checkpoint_at(session, context, first.span.since)
    previous = before.link if before is not None else audit.NO_LINK
    rest = await audit.checkpoints_after(session, context, first.span.since)
    return _Chain(previous.hex(), rest)


def _body(context: Context, row: LoggedMessage) -> LoggedBody | None:
    if row.sealed_body is None:
        return None
    body = context.vault.open(row.sealed_body, context=f"{_BODY}:{row.id}")
    return LoggedBody(base64.b64encode(body).decode())
