"""Which cases somebody may know of, and the list of them (办件列表)."""

from collections.abc import Sequence
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    RowMapping,
    Select,
    Table,
    Text,
    bindparam,
    false,
    func,
    or_,
    select,
    true,
    union,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.tables import HANDS, Case
from tongban.identity import Caller, Role
from tongban.paging import Paging, page_values, paged

__all__ = [
    "SEES_DISTRICT",
    "SEES_SITE",
    "SUMMARY",
    "Sight",
    "list_visible",
    "seen_by",
    "sight_of",
    "visible_by_parameters",
    "visible_to",
]

CASES: Table = Case.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
SEES_DISTRICT = (Role.REVIEWER, Role.APPROVER, Role.SEAL_KEEPER, Role.SUPERVISOR, Role.ADMIN)
SEES_SITE = (Role.CLERK, Role.HELPER, Role.SITE_MANAGER)
SUMMARY = (
    "id",
    "number",
    "stage",
    "matter_code",
    "matter_name",
    "handling",
    "applicant_masked",
    "site_id",
    "owner_district",
    "owner_stage",
    "submitted_at",
    "promised_due_on",
    "statutory_due_on",
    "is_provisional",
    "outcome",
    "version",
)
SUMMARIES = select(*(CASES.c[name] for name in SUMMARY))
_IDS = select(CASES.c.id)
_OWN = {name: bindparam(f"own_{name}", type_=Text) for name in ("subject", "site")}


class Sight(Enum):
    """Which cases somebody may know of."""

    DISTRICT = auto()
    SITE = auto()
    """Those of his site and those without one: applied for online, or from another district."""
    OWN = auto()
    NONE = auto()


def sight_of(caller: Caller) -> Sight:
    """Return which cases this caller may know of."""
    if caller.has(*SEES_DISTRICT):
        return Sight.DISTRICT
    if caller.has(*SEES_SITE):
        return Sight.DISTRICT if caller.site_id is None else Sight.SITE
    return Sight.OWN if caller.has(Role.CITIZEN, Role.ENTERPRISE) else Sight.NONE


def visible_to(caller: Caller) -> list[ColumnElement[bool]]:
    """Return the conditions of the rows that this caller may know of; no row meets two of them.

    Each is one index's own order, so that a page costs the same however many rows there are.
    """
    return _visible(sight_of(caller), subject=caller.subject, site=caller.site_id)


def seen_by(caller: Caller) -> ColumnElement[bool]:
    """Return the same as one condition, which no index answers.

    It is for rows that are found by something rarer than a site: nothing else shall be weighed.
    """
    return _seen(sight_of(caller), subject=caller.subject, site=caller.site_id)


def visible_by_parameters(sight: Sight) -> list[ColumnElement[bool]]:
    """Return the same for a statement that is kept, with parameters `own_subject`, `own_site`."""
    return _visible(sight, **_OWN)


async def list_visible(
    session: AsyncSession,
    caller: Caller,
    paging: Paging,
    *,
    stage: str | None = None,
    site_id: str | None = None,
    number: str | None = None,
    matter_code: str | None = None,
    is_open: bool | None = None,
    is_mine: bool = False,
) -> Sequence[RowMapping]:
    """Return one page, newest first, of what this caller may see; one row more tells of a next."""
    exact = {"stage": stage, "site_id": site_id, "matter_code": matter_code}
    told = {name: value for name, value in exact.items() if value is not None}
    statement = _listing(
        sight_of(caller),
        tuple(told),
        has_number=number is not None,
        is_open=is_open,
        hands=() if not is_mine else HANDS if caller.is_staff else ("applicant_subject",),
        has_cursor=paging.cursor is not None,
    )
    values = {
        "own_subject": caller.subject,
        "own_site": caller.site_id,
        "told_number": number,
        **{f"told_{name}": value for name, value in told.items()},
        **page_values(paging, CASES.c.id),
    }
    rows: Sequence[RowMapping] = (await session.execute(statement, values)).mappings().all()
    return rows


@lru_cache(maxsize=500)
def _listing(
    sight: Sight,
    exact: tuple[str, ...],
    *,
    has_number: bool,
    is_open: bool | None,
    hands: tuple[str, ...],
    has_cursor: bool,
) -> Select[*tuple[Any, ...]]:
    """Return the statement of a list, put together once for each way of asking.

    `hands` are the columns of which one has to hold the caller.
    """
    wanted = [CASES.c[name] == bindparam(f"told_{name}") for name in exact]
    if has_number:
        # A partner's window names the case by its own number.
        told = bindparam("told_number", type_=Text)
        wanted.append(or_(CASES.c.number == told, CASES.c.near_number == told))
    if is_open is not None:
        wanted.append(CASES.c.closed_at.is_(None) if is_open else CASES.c.closed_at.is_not(None))
    if hands:
        # Each part he may have had is one index's order, united; whoever had several is in several.
        mine = [CASES.c[name] == _OWN["subject"] for name in hands]
        orders, united = [[one, _seen(sight, **_OWN)] for one in mine], union
    else:
        orders, united = [[one] for one in visible_by_parameters(sight)], union_all
    pages = [
        paged(
            (SUMMARIES if len(orders) == 1 else _IDS).where(*order, *wanted),
            CASES.c.id,
            descending=True,
            has_cursor=has_cursor,
        )
        for order in orders
    ]
    if len(pages) == 1:
        return pages[0]
    found = united(*(page.subquery().select() for page in pages)).subquery()
    # Cut before it is read: of two full pages one is left.
    rows = bindparam("page_rows", type_=Integer)
    cut = select(found.c.id).order_by(found.c.id.desc()).limit(rows)
    return SUMMARIES.where(CASES.c.id.in_(cut)).order_by(CASES.c.id.desc())


def _visible(sight: Sight, *, subject: Any, site: Any) -> list[ColumnElement[bool]]:
    match sight:
        case Sight.DISTRICT:
            return [true()]
        case Sight.SITE:
            return [CASES.c.site_id == site, CASES.c.site_id.is_(None)]
        case Sight.OWN:
            return [CASES.c.applicant_subject == subject]
        case Sight.NONE:
            return [false()]


def _seen(sight: Sight, *, subject: Any, site: Any) -> ColumnElement[bool]:
    if sight is Sight.SITE:
        here: ColumnElement[bool] = func.coalesce(CASES.c.site_id, site) == site
        return here
    return _visible(sight, subject=subject, site=site)[0]
