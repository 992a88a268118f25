"""Use cases of destruction (销毁): one person proposes, another approves, and then it is gone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.archive import record, service, store
from case_service.archive.errors import (
    ApproverProposed,
    DestructionDecided,
    DestructionNotFound,
    NotDestroyable,
)
from case_service.archive.events import ArchiveDestroyed
from case_service.archive.rules import FileAge, obstacles_to
from case_service.archive.store import Standing
from case_service.archive.tables import ArchiveFile, Destruction, RegisterEntry
from case_service.archive.vocabulary import (
    ArchiveState,
    DestructionState,
    Obstacle,
    RetentionClass,
)
from case_service.duty import Duty
from case_service.people.erasing import erase_case
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context
from tongban.etags import require_match
from tongban.identity import Caller
from tongban.ids import new_id
from tongban.messages import publish
from tongban.paging import Paging

__all__ = ["DESTRUCTION_DUTY", "approve", "destroy", "listed", "propose", "registered", "reject"]

AT_ONCE: Final = 50
"""So many files are destroyed in one transaction."""
NEXT: Final = timedelta(milliseconds=1)
HELD_UP: Final = timedelta(days=1)
"""After so long it is tried again, where a hold came after the approval."""


async def propose(
    session: AsyncSession,
    file_ids: Sequence[UUID],
    *,
    appraisal: str,
    caller: Caller,
    at: datetime,
) -> Destruction:
    """提出销毁: put files whose term is over on a list, with the appraisal's opinion.

    Raises:
        NotDestroyable: something stands against one of them, or there is none such.
    """
    wanted = set(file_ids)
    standing = await store.standings(session, wanted, on=local_date(at))
    _require_free(standing, at=at, wanted=wanted)
    proposal = Destruction(
        id=new_id(),
        files=len(standing),
        appraisal=appraisal,
        proposed_by=caller.subject,
        proposed_at=at,
    )
    session.add(proposal)
    for one in standing:
        one.file.destruction_id = proposal.id
    _note(session, caller.subject, "propose", proposal)
    await session.flush()
    return proposal


async def approve(
    session: AsyncSession,
    destruction_id: UUID,
    *,
    caller: Caller,
    at: datetime,
    if_match: str | None,
) -> Destruction:
    """批准销毁: by another person; whatever came up since the proposal still stands against it.

    Raises:
        DestructionNotFound, StaleVersion, DestructionDecided, ApproverProposed, NotDestroyable
    """
    proposal = await _undecided(session, destruction_id, caller=caller, if_match=if_match)
    files = await store.files_of_destruction(session, proposal.id)
    standing = await store.standings(session, [one.id for one in files], on=local_date(at))
    _require_free(standing, at=at, proposal=proposal)
    proposal.state, proposal.next_due_at = DestructionState.APPROVED, at
    proposal.decided_by, proposal.decided_at = caller.subject, at
    _note(session, caller.subject, "approve", proposal)
    await session.flush()
    return proposal


async def reject(
    session: AsyncSession,
    destruction_id: UUID,
    *,
    reason: str,
    caller: Caller,
    at: datetime,
    if_match: str | None,
) -> Destruction:
    """不批准销毁: the files stay, and may be proposed again.

    Raises:
        DestructionNotFound, StaleVersion, DestructionDecided, ApproverProposed
    """
    proposal = await _undecided(session, destruction_id, caller=caller, if_match=if_match)
    for file in await store.files_of_destruction(session, proposal.id):
        file.destruction_id = None
    proposal.state, proposal.reason = DestructionState.REJECTED, reason
    proposal.decided_by, proposal.decided_at = caller.subject, at
    _note(session, caller.subject, "reject", proposal)
    await session.flush()
    return proposal


async def listed(session: AsyncSession, paging: Paging) -> Sequence[Destruction]:
    """Return one page of proposals, newest first, and one row more."""
    return await store.destructions(session, paging)


async def registered(
    session: AsyncSession, paging: Paging, *, destruction_id: UUID | None
) -> Sequence[RegisterEntry]:
    """Return one page of the register, newest first, and one row more."""
    return await store.registered(session, paging, destruction_id=destruction_id)


async def destroy(
    session: AsyncSession, context: Context, proposal: Destruction, at: datetime
) -> None:
    """销毁: some files at a time; what is held since the approval waits, the rest goes."""
    files = await store.files_of_destruction(session, proposal.id)
    standing = await store.standings(session, [one.id for one in files], on=local_date(at))
    free = [one for one in standing if not _obstacles(one, at=at, proposal=proposal)]
    for one in free[:AT_ONCE]:
        await _destroy_file(session, context, one.file, proposal, at)
    if len(free) > AT_ONCE:
        proposal.next_due_at = at + NEXT
    elif len(free) < len(standing):
        proposal.next_due_at = at + HELD_UP
    else:
        proposal.next_due_at = None
        proposal.state, proposal.done_at = DestructionState.DONE, at
        _note(session, "system", "done", proposal)


async def _destroy_file(
    session: AsyncSession,
    context: Context,
    file: ArchiveFile,
    proposal: Destruction,
    at: datetime,
) -> None:
    retention, ends_on = file.retention, file.retention_ends_on
    if retention is None or ends_on is None or file.number is None:
        raise AssertionError("a file without a term is kept for ever")
    case = await store.ended(session, file.case_id)
    if case is None:
        raise AssertionError("the case is locked and was over a moment ago")
    entry = RegisterEntry(
        destruction_id=proposal.id,
        number=file.number,
        case_number=file.case_number,
        matter_code=file.matter_code,
        matter_name=file.matter_name,
        retention=retention,
        closed_on=file.closed_on,
        retention_ends_on=ends_on,
        contents_sha256=record.contents_digest(file.contents),
        things=len(file.contents),
        proposed_by=proposal.proposed_by,
        approved_by=proposal.decided_by or "",
        destroyed_at=at,
    )
    await store.register(session, entry)
    erased = await erase_case(session, context, case)
    file.state, file.destroyed_at = ArchiveState.DESTROYED, at
    file.sealed_record, file.contents = None, []
    publish(session, ArchiveDestroyed(**service.told(file, at), retention=retention.value), of=file)
    audit.note(
        session,
        actor="system",
        action="archive.destroy",
        subject=str(file.id),
        payload={
            "number": file.number,
            "contents_sha256": entry.contents_sha256,
            "proposed_by": entry.proposed_by,
            "approved_by": entry.approved_by,
            "erased": dict(erased),
        },
    )


async def _undecided(
    session: AsyncSession, destruction_id: UUID, *, caller: Caller, if_match: str | None
) -> Destruction:
    proposal = await store.destruction_for_update(session, destruction_id)
    if proposal is None:
        raise DestructionNotFound
    require_match(proposal.version, if_match)
    if proposal.state is not DestructionState.PROPOSED:
        raise DestructionDecided(state=proposal.state.value)
    if proposal.proposed_by == caller.subject:
        raise ApproverProposed
    return proposal


def _obstacles(
    one: Standing, *, at: datetime, proposal: Destruction | None = None
) -> list[Obstacle]:
    of = one.file.destruction_id
    age = FileAge(
        state=one.file.state,
        is_reopened=one.is_reopened,
        retention=one.file.retention or RetentionClass.PERMANENT,
        ends_on=one.file.retention_ends_on,
        has_open_hold=one.has_open_hold,
        challenges=one.challenges,
        has_valid_licence=one.has_valid_licence,
        is_proposed_elsewhere=of is not None and (proposal is None or of != proposal.id),
    )
    return obstacles_to(age, today=local_date(at))


def _require_free(
    standing: Sequence[Standing],
    *,
    at: datetime,
    wanted: set[UUID] | None = None,
    proposal: Destruction | None = None,
) -> None:
    found = {one.file.id for one in standing}
    reasons = [f"{missing}（not-found）" for missing in sorted(map(str, (wanted or set()) - found))]
    for one in standing:
        if against := _obstacles(one, at=at, proposal=proposal):
            told = "、".join(obstacle.value for obstacle in against)
            reasons.append(f"{one.file.number or one.file.case_number}（{told}）")
    if reasons:
        raise NotDestroyable(reasons="；".join(reasons))


def _note(
    session: AsyncSession, actor: str, action: str, proposal: Destruction, **more: Any
) -> None:
    audit.note(
        session,
        actor=actor,
        action=f"destruction.{action}",
        subject=str(proposal.id),
        payload={"files": proposal.files, **more},
    )


DESTRUCTION_DUTY = Duty("destruction", Destruction, destroy)
