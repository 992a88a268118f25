"""Cases that have to do with one another (关联办件), and one applied for twice (重复申请)."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import listing, related_store, store
from case_service.cases.refusals import DuplicateApplication
from case_service.cases.rules import Relation
from case_service.cases.schemas import RelatedCase
from case_service.cases.tables import Case
from case_service.errors import CaseNotFound
from tongban import writes
from tongban.context import Context
from tongban.identity import Caller, ForeignSite

__all__ = ["refuse_duplicate", "related_to"]


def refuse_duplicate(session: AsyncSession, context: Context, case: Case, caller: Caller) -> None:
    """Say, if the database refuses it for that, which open case it repeats.

    The index that refuses keeps two who press at once apart, and costs a submission no statement.
    """

    async def explain() -> DuplicateApplication | None:
        async with context.beside(session) as reading:
            found = await related_store.open_of(reading, case.identity_index, case.matter_code)
        if not found:
            return None
        # Whoever types another's number is not told what that one has applied for.
        numbers = [one.number for one in found if _is_told(one, caller)]
        return DuplicateApplication(numbers=numbers or "—", confirm="confirm_duplicate")

    writes.refuse_as(session, related_store.OPEN_APPLICATION, explain)


async def related_to(
    session: AsyncSession, context: Context, case_id: UUID, *, caller: Caller
) -> list[RelatedCase]:
    """Return what has to do with a case and the caller may know of, newest first.

    Raises:
        CaseNotFound, ForeignSite
    """
    case = await store.find(session, case_id)
    if case is None or not _is_told(case, caller):
        raise CaseNotFound
    rows = await related_store.related(session, case, listing.visible_to(caller))
    found = []
    for row in rows:
        is_same_applicant = row["identity_index"] == case.identity_index
        is_same_matter = is_same_applicant and row["matter_code"] == case.matter_code
        has = {
            Relation.APPLICANT: is_same_applicant,
            Relation.MATTER: is_same_matter,
            Relation.LIFE_EVENT: is_same_applicant
            and case.life_event is not None
            and row["life_event"] == case.life_event,
            Relation.PREMISES: case.premises_index is not None
            and row["premises_index"] == case.premises_index,
        }
        is_open = row["closed_at"] is None and case.closed_at is None
        found.append(
            RelatedCase(
                **{name: row[name] for name in listing.SUMMARY},
                relations=[relation for relation, holds in has.items() if holds],
                is_duplicate=is_same_matter and is_open,
            )
        )
    return found


def _is_told(case: Case, caller: Caller) -> bool:
    if caller.has(*listing.SEES_DISTRICT):
        return True
    if caller.subject in (case.applicant_subject, case.submitted_by, *case.agents):
        return True
    if not caller.has(*listing.SEES_SITE):
        return False
    try:
        caller.require_site(case.site_id)
    except ForeignSite:
        return False
    return True
