"""What a case's step means for the bundle that it is part of: told once, by whoever is last."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.bundles import rules, store
from case_service.bundles.events import BundleCompleted, BundleReady
from case_service.bundles.rules import BundleState, Part
from case_service.cases.tables import Case
from case_service.notices import service as notices
from case_service.notices.rules import NoticeKind
from tongban.messages import publish

__all__ = ["follow", "waiting_for_parts"]


async def waiting_for_parts(session: AsyncSession, cases: Sequence[Case]) -> frozenset[UUID]:
    """Return those of the cases whose result waits for another part of their bundle."""
    bundles = {case.bundle_id for case in cases if case.bundle_id is not None}
    if not bundles:
        return frozenset()
    undecided = await store.undecided_in(session, bundles)
    return frozenset(
        case.id
        for case in cases
        if case.bundle_id is not None
        and any(other != case.id for other in undecided.get(case.bundle_id, ()))
    )


async def follow(
    session: AsyncSession, case: Case, changes: Mapping[str, Any], *, at: datetime
) -> None:
    """Tell what a locked case's next stage brings about for its bundle.

    The bundle's row is locked behind the case's, so that of two who decide the last parts at once
    the second sees what the first did.
    """
    if case.bundle_id is None:
        return
    after = Part(changes["stage"], changes.get("outcome", case.outcome))
    bundle = await store.lock(session, case.bundle_id)
    if bundle is None:
        raise AssertionError("a case's bundle is there")
    if after.is_failed and not Part(case.stage, case.outcome).is_failed:
        notices.tell(session, case, NoticeKind.PART_FAILED, at, life_event=bundle.name)
    rows = await store.states_of(session, bundle.id)
    parts = [after if key == case.id else Part(stage, outcome) for key, stage, outcome in rows]
    state = rules.state_of(parts)
    if state is bundle.state:
        return
    bundle.state = state
    told = {"at": at, "bundle_id": bundle.id, "life_event": bundle.life_event}
    failed = sum(one.is_failed for one in parts)
    if state is BundleState.READY:
        notices.tell(session, case, NoticeKind.BUNDLE_READY, at, life_event=bundle.name)
        publish(session, BundleReady(**told, parts=len(parts), failed=failed), of=bundle)
    elif state is BundleState.COMPLETED:
        publish(session, BundleCompleted(**told, parts=len(parts), failed=failed), of=bundle)
