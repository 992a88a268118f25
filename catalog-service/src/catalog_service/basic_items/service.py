"""Use cases about basic items: take over the list from above, claim, and look what hangs on one."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.basic_items import rules, store
from catalog_service.basic_items.errors import BasicItemNotFound
from catalog_service.basic_items.rules import Claim, Given, ItemState
from catalog_service.basic_items.schemas import BasicItemIn, BasicItemsIn, BasicItemsRead
from catalog_service.basic_items.tables import BasicItem
from catalog_service.matters.codes import parse_basic_code
from tongban import audit
from tongban.paging import Paging, page_of
from tongban.problems import Problem

__all__ = [
    "claim",
    "import_items",
    "look_up",
    "page",
    "preview_items",
    "refusals",
    "require_claimed",
]


async def require_claimed(session: AsyncSession, basic_code: str) -> None:
    """Refuse to carry out what the district did not claim.

    Raises:
        BasicItemNotClaimed, BasicItemWithdrawn: 409.
    """
    refused = await refusals(session, [basic_code])
    if basic_code in refused:
        raise refused[basic_code]


async def refusals(session: AsyncSession, basic_codes: Collection[str]) -> dict[str, Problem]:
    """Return which of these the district may not carry out, and why."""
    known = await store.claims(session, set(basic_codes))
    refused = {code: rules.refusal(known.get(code), basic_code=code) for code in basic_codes}
    return {code: problem for code, problem in refused.items() if problem is not None}


async def preview_items(
    session: AsyncSession, body: BasicItemsIn, *, place: str = "/items"
) -> BasicItemsRead:
    """Tell what an import would do; nothing is written.

    Raises:
        BasicItemsFaulty: 422.
    """
    known = await _checked(session, body, place=place)
    return _tally(body, known, is_dry_run=True)


async def import_items(
    session: AsyncSession,
    body: BasicItemsIn,
    *,
    importer: str,
    at: datetime,
    place: str = "/items",
) -> BasicItemsRead:
    """Take over basic items from above, all or none; claims made before stay.

    Raises:
        BasicItemsFaulty: 422.
    """
    known = await _checked(session, body, place=place)
    changed = [one for one in body.items if _is_changed(one, body, known.get(one.code))]
    done = _tally(body, known, is_dry_run=False)
    if changed:
        rows = [_row(one, body, importer=importer, at=at) for one in changed]
        await store.keep(session, rows)
        audit.note(
            session,
            actor=importer,
            action="basic_items.import",
            subject=body.source,
            payload=done.model_dump(),
        )
    await session.flush()
    return done


async def claim(session: AsyncSession, code: str, *, by: str, at: datetime) -> BasicItem:
    """Claim an item: the district carries it out.

    Raises:
        BasicItemNotFound: 404.
        BasicItemWithdrawn, BasicItemClaimed: 409.
    """
    item = await store.item_for_update(session, code)
    if item is None:
        raise BasicItemNotFound(code=code)
    rules.require_claimable(Claim(item.state, item.claimed_at is not None), code=code)
    item.claimed_by, item.claimed_at = by, at
    audit.note(session, actor=by, action="basic_items.claim", subject=code, payload={})
    await session.flush()
    return item


async def page(
    session: AsyncSession,
    paging: Paging,
    *,
    state: ItemState | None,
    is_claimed: bool | None,
    parent: str | None,
) -> tuple[list[BasicItem], str | None]:
    """Return a page of the basic catalog, by code."""
    rows = await store.items_of(session, paging, state=state, is_claimed=is_claimed, parent=parent)
    return page_of(rows, paging, key=lambda row: (row.code,))


async def look_up(
    session: AsyncSession, code: str
) -> tuple[BasicItem, Sequence[BasicItem], Sequence[Row[str, int, dict[str, Any]]]]:
    """Return an item, its sub-matters, and the matters in force that carry them out.

    Raises:
        BasicItemNotFound: 404.
    """
    found = await store.item_with_subs(session, code)
    if not found or found[0].code != code:
        raise BasicItemNotFound(code=code)
    matters = await store.contents_implementing(session, [one.code for one in found])
    return found[0], found[1:], matters


async def _checked(
    session: AsyncSession, body: BasicItemsIn, *, place: str
) -> Mapping[str, BasicItem]:
    codes = {one.code for one in body.items}
    mains = {parse_basic_code(one).main for one in codes}
    known = await store.known_items(session, codes | mains)
    stored = {code: Claim(row.state, row.claimed_at is not None) for code, row in known.items()}
    given = [Given(one.code, one.matter_type) for one in body.items]
    rules.require_consistent(given, stored, place=place)
    return known


def _is_changed(item: BasicItemIn, body: BasicItemsIn, known: BasicItem | None) -> bool:
    if known is None:
        return True
    before = (known.name, known.matter_type, known.levels, known.legal_basis, known.state)
    now = (
        item.name,
        item.matter_type,
        [*item.levels],
        [one.model_dump(mode="json") for one in item.legal_basis],
        item.state,
    )
    is_newly_claimed = item.claimed and known.claimed_at is None
    return before != now or known.source != body.source or is_newly_claimed


def _tally(
    body: BasicItemsIn, known: Mapping[str, BasicItem], *, is_dry_run: bool
) -> BasicItemsRead:
    changed = [one for one in body.items if _is_changed(one, body, known.get(one.code))]
    created = sum(one.code not in known for one in changed)
    return BasicItemsRead(
        created=created,
        updated=len(changed) - created,
        unchanged=len(body.items) - len(changed),
        claimed=sum(
            one.claimed and (one.code not in known or known[one.code].claimed_at is None)
            for one in changed
        ),
        is_dry_run=is_dry_run,
    )


def _row(item: BasicItemIn, body: BasicItemsIn, *, importer: str, at: datetime) -> dict[str, Any]:
    code = parse_basic_code(item.code)
    return {
        "code": item.code,
        "parent": None if code.is_main else code.main,
        "name": item.name,
        "matter_type": item.matter_type,
        "levels": [*item.levels],
        "legal_basis": [one.model_dump(mode="json") for one in item.legal_basis],
        "state": item.state,
        "source": body.source,
        "claimed_by": importer if item.claimed else None,
        "claimed_at": at if item.claimed else None,
        "version": 1,
    }
