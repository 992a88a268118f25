"""Anchors (互存检查点): each side holds the other's signed checkpoints, so none rewrites his past.

Ours goes with every message and answer; a partner's is kept with the message that brought it.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service import suites
from interop_service.evidence import rules, store
from interop_service.evidence.rules import Anchor, AnchorInvalid
from interop_service.exchanges.checkpoints import CHECKPOINTS, Checkpoints
from interop_service.keys import PartnerKeys, own_keys
from tongban import audit
from tongban.context import Context

__all__ = ["keep_partners", "refresh"]

FRESH_FOR: Final = timedelta(seconds=5)
"""So long a process goes on with the checkpoint that it read."""

KEPT: Final = "partner_anchors"
"""The process's resource: of each partner the last token that it knows to be kept."""

CONTRADICTIONS: Final = Counter(
    "tongban_interop_contradictions", "Checkpoints that contradict an earlier one", ["partner"]
)

log = structlog.get_logger(__name__)


async def refresh(session: AsyncSession, context: Context, *, at: datetime) -> None:
    """Read this district's newest checkpoint and sign it for partners, where it is time."""
    held: Checkpoints | None = context.resources.get(CHECKPOINTS)
    if held is not None and at - held.read_at < FRESH_FOR:
        return
    newest = await audit.newest_checkpoint(session, context)
    tokens = {}
    if newest is not None:
        own = own_keys(context)
        claims = rules.anchor_claims(newest, district=context.settings.district)
        tokens = {
            suite: suites.sign_jws(claims, own.signer(suite, at=at)) for suite in own.suites(at)
        }
    context.resources[CHECKPOINTS] = Checkpoints(read_at=at, tokens=tokens)


async def keep_partners(
    session: AsyncSession,
    context: Context,
    token: str | None,
    *,
    partner: str,
    keys: PartnerKeys,
    at: datetime,
) -> None:
    """Keep the checkpoint that came with a partner's message or answer.

    One that is not the partner's is no fault of the message's: it is told on the log and left.
    """
    kept: dict[str, str] = context.resources.setdefault(KEPT, {})
    if token is None or kept.get(partner) == token:
        return
    try:
        told = rules.read_anchor(token, district=partner, keys=keys.signing)
    except AnchorInvalid as fault:
        log.warning("anchor.invalid", partner=partner, fault=str(fault))
        return
    own: set[str] = session.info.setdefault(KEPT, set())
    if await store.keep_anchor(session, told, at=at):
        own.add(token)  # by this transaction, which may fail yet
        return
    known = await store.anchor(session, told)
    if known is None or known.contradicted_by is not None:
        return
    if known.token == token:
        if token not in own:
            kept[partner] = token  # it is committed, and the partner sends it for a minute
        return
    first = Anchor(partner, known.ledger, known.seq, known.hash, known.link, at, known.token)
    if first.contradicts(told):
        CONTRADICTIONS.labels(partner).inc()
        log.error("anchor.contradicted", partner=partner, ledger=told.ledger, seq=told.seq)
        await store.contradict(session, known, token)
        audit.note(
            session,
            actor=f"district:{partner}",
            action="anchor.contradicted",
            subject=partner,
            payload={"ledger": told.ledger, "seq": told.seq, "kept": first.hash, "told": told.hash},
        )
