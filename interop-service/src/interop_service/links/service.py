"""Use cases of the lines to partners: test one, close ours for a time, warn of keys that end."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.errors import MaintenanceUnderWay
from interop_service.events import PartnerKeysEnding
from interop_service.exchanges import posting
from interop_service.exchanges.messages import DistrictMessage
from interop_service.exchanges.posting import Unproven
from interop_service.exchanges.protocol import PROTOCOL, TREE
from interop_service.exchanges.rules import FaultOf
from interop_service.keys import own_keys
from interop_service.links import rules, store
from interop_service.links.schemas import MaintenanceIn, Pong, SelfTestRead
from interop_service.links.tables import Maintenance
from interop_service.partners import service as partners
from interop_service.refusals import MaintenanceNotFound, PartnerNotActive
from interop_service.suites import Suite
from tongban import audit
from tongban.context import Context
from tongban.ids import new_id
from tongban.messages import publish

__all__ = [
    "announce",
    "end_maintenance",
    "maintenances",
    "refuse_in_maintenance",
    "self_test",
    "warn_of_ending_keys",
]

log = structlog.get_logger(__name__)


async def self_test(
    session: AsyncSession, context: Context, district: str, *, suite: Suite, at: datetime
) -> SelfTestRead:
    """Send a signed ping to a partner and verify the answer that is bound to it.

    Raises:
        PartnerNotFound: 404.
        PartnerNotActive: 409.
    """
    partner = await partners.partner(session, district)
    if partner.endpoint is None or partner.keys is None:
        raise PartnerNotActive(district=district)
    message = DistrictMessage(
        protocol=PROTOCOL,
        from_district=context.settings.district,
        to_district=district,
        sent_at=at,
    )
    began = time.perf_counter()
    async with posting.client_of(context) as client:
        answer = await posting.post(
            client,
            context,
            url=f"{partner.endpoint}{TREE}/ping",
            message_id=new_id(),
            body=message.model_dump_json().encode(),
            keys=partners.keys_of(partner).signing,
            suite=suite,
        )
    milliseconds = round((time.perf_counter() - began) * 1000, 1)
    fault, fault_of, pong = _judge(answer, district)
    audit.note(
        session,
        actor="interop-service",
        action="partner.self_test",
        subject=district,
        payload={"suite": suite, "fault_of": fault_of},
    )
    return SelfTestRead(
        is_good=fault is None,
        suite=suite,
        fault=fault,
        fault_of=fault_of,
        milliseconds=milliseconds,
        clock_offset_seconds=(pong.at - at).total_seconds() if pong is not None else None,
        suites=pong.suites if pong is not None else [],
    )


def _judge(
    answer: posting.Proven | Unproven, district: str
) -> tuple[str | None, FaultOf | None, Pong | None]:
    if isinstance(answer, Unproven):
        return answer.fault, answer.fault_of, None
    if answer.status != 200:
        told = posting.told_by(answer)
        fault_of = FaultOf.OURS if told.is_our_fault else FaultOf.THEIRS
        return f"status {answer.status} {told.kind}".strip(), fault_of, None
    try:
        pong = Pong.model_validate_json(answer.content)
    except ValidationError:
        return "the answer is no pong", FaultOf.THEIRS, None
    if pong.district != district:
        return f"{pong.district} answers there", FaultOf.THEIRS, None
    return None, None, pong


async def refuse_in_maintenance(session: AsyncSession, *, at: datetime) -> None:
    """Tell a partner to wait where this district is closed.

    Raises:
        MaintenanceUnderWay: 503, with the time to wait.
    """
    # What ended a day ago is held besides: clocks that step back find it.
    windows = await store.maintenance_windows(session, after=at - timedelta(days=1))
    end = max((end for begin, end in windows if begin <= at < end), default=None)
    if end is not None:
        wait = rules.seconds_until(end, at=at)
        raise MaintenanceUnderWay(ends_at=end, headers={"Retry-After": str(wait)})


async def announce(session: AsyncSession, given: MaintenanceIn, *, actor: str) -> Maintenance:
    row = Maintenance(**given.model_dump(), entered_by=actor)
    session.add(row)
    audit.note(
        session,
        actor=actor,
        action="maintenance.announce",
        subject="maintenance",
        payload={"begins_at": given.begins_at.isoformat(), "ends_at": given.ends_at.isoformat()},
    )
    await session.flush()
    return row


async def end_maintenance(
    session: AsyncSession, maintenance_id: UUID, *, actor: str, at: datetime
) -> Maintenance:
    """End a maintenance now, or call it off.

    Raises:
        MaintenanceNotFound: 404.
    """
    row = await store.lock_maintenance(session, maintenance_id)
    if row is None:
        raise MaintenanceNotFound
    row.ends_at = min(row.ends_at, at)
    row.begins_at = min(row.begins_at, row.ends_at)
    audit.note(session, actor=actor, action="maintenance.end", subject=str(row.id), payload={})
    await session.flush()
    return row


async def maintenances(session: AsyncSession, *, at: datetime) -> Sequence[Maintenance]:
    return await store.maintenances(session, after=at)


async def warn_of_ending_keys(session: AsyncSession, context: Context) -> None:
    """Tell daily of keys, the partners' and our own, that end soon: once they end, all stands."""
    at = context.clock()
    own = rules.ending_keys(own_keys(context).published(), at=at)
    for key_id, end in own.items():
        log.warning("keys.own_ending", key_id=key_id, ends_at=end.isoformat())
    for partner in await partners.all_partners(session):
        ending = rules.ending_keys((partner.keys or {}).get("keys", []), at=at)
        if not ending:
            continue
        log.warning("keys.partner_ending", partner=partner.district, keys=sorted(ending))
        publish(
            session,
            PartnerKeysEnding(
                district=partner.district, keys=sorted(ending), first_at=min(ending.values())
            ),
            of=partner,
        )
    await session.flush()
