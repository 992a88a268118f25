"""Use cases about matters: fetch, decide, store, publish."""

from collections.abc import Set
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.basic_items.service import require_claimed
from catalog_service.errors import (
    CodeMismatch,
    DraftExists,
    DuplicateCode,
    IfMatchMissing,
    MatterNotFound,
    VersionNotFound,
)
from catalog_service.matters import reading, rules, store
from catalog_service.matters.codes import parse_code
from catalog_service.matters.content import MatterContent
from catalog_service.matters.diff import Difference, differences
from catalog_service.matters.guide import Guidance, guide
from catalog_service.matters.listing import Filters, list_matters
from catalog_service.matters.publication import locked, require_in_use
from catalog_service.matters.reading import NOTHING_KNOWN, Applicable
from catalog_service.matters.rules import OPEN, Action, State
from catalog_service.matters.search_query import keys_of, wanted
from catalog_service.matters.tables import Matter, MatterVersion
from catalog_service.search import service as search
from tongban.conditions import Facts
from tongban.etags import require_match
from tongban.paging import Paging, page_of
from tongban.problems import Where

__all__ = [
    "add_matter",
    "amend_draft",
    "diff",
    "draft_version",
    "find",
    "find_on",
    "find_version",
    "guide_through",
    "page",
    "versions",
]


async def page(
    session: AsyncSession,
    filters: Filters,
    paging: Paging,
    *,
    district: str,
    query: str | None = None,
    facets: bool = False,
) -> tuple[list[Row[*tuple[Any, ...]]], str | None]:
    """Return a page of what can be applied for here, and of that what `query` asks for."""
    if query is not None:
        meanings = await search.meanings(session, keys_of(query))
        filters = replace(filters, wanted=wanted(query, meanings))
    rows = await list_matters(session, filters, paging, district=district, facets=facets)
    return page_of(
        rows,
        paging,
        key=lambda row: (
            row.penalty,
            row.is_handled_here_by_agreement,
            row.code,
            row.owner_district,
        ),
    )


async def find_on(
    session: AsyncSession, code: str, day: date, *, known: Set[int] = NOTHING_KNOWN
) -> Applicable:
    """Return a matter of ours as it was, or will be, valid on `day`.

    Raises:
        MatterNotFound: 404, no version is valid on that day.
    """
    found = await reading.valid_on(session, code, day, known=known)
    if found is None:
        raise MatterNotFound(code=code)
    return found


async def diff(
    session: AsyncSession, code: str, before: int, after: int, *, with_drafts: bool
) -> list[Difference]:
    """Return what differs between two versions.

    Raises:
        VersionNotFound: 404.
    """
    first = await find_version(session, code, before, with_drafts=with_drafts)
    second = await find_version(session, code, after, with_drafts=with_drafts)
    return differences(first.content, second.content)


async def find(
    session: AsyncSession, code: str, *, district: str, known: Set[int] = NOTHING_KNOWN
) -> Applicable:
    """Return the matter as it is in force; without its content where the caller has it.

    Raises:
        MatterNotFound: 404.
    """
    found = await reading.applicable(session, code, district=district, known=known)
    if found is None:
        raise MatterNotFound(code=code)
    return found


async def guide_through(
    session: AsyncSession, code: str, answers: Facts, *, district: str
) -> tuple[reading.Guidable, Guidance]:
    """Return the matter with the sites that handle it, and the next question or what applies.

    Raises:
        MatterNotFound: 404.
        AnswerInvalid: 422.
    """
    matter = await reading.guidable(session, code, district=district)
    if matter is None:
        raise MatterNotFound(code=code)
    return matter, guide(matter.content, answers)


async def versions(
    session: AsyncSession, code: str, paging: Paging, *, with_drafts: bool
) -> tuple[list[MatterVersion], str | None]:
    """Return a page of the matter's versions, newest first; drafts are for staff.

    Raises:
        MatterNotFound: 404, the matter has no version that the caller may see.
    """
    rows = await store.versions_of(session, code, paging, with_drafts=with_drafts)
    if not rows and paging.cursor is None:
        raise MatterNotFound(code=code)
    return page_of(rows, paging, key=lambda row: (row.number,))


async def find_version(
    session: AsyncSession,
    code: str,
    number: int,
    *,
    with_drafts: bool,
    known: Set[int] = NOTHING_KNOWN,
) -> MatterVersion:
    """Return one version; without its content where the caller has it.

    Raises:
        VersionNotFound: 404.
    """
    found = await reading.version_of(session, code, number, known=known)
    if found is None or (found.state in OPEN and not with_drafts):
        raise VersionNotFound(code=code, version=number)
    return found


async def add_matter(
    session: AsyncSession, content: MatterContent, *, author: str, district: str
) -> MatterVersion:
    """Draft the first version of a new matter.

    Raises:
        DuplicateCode, MatterRetired, BasicItemNotClaimed, BasicItemWithdrawn: 409.
    """
    await require_claimed(session, parse_code(content.code).basic)
    matter = await store.add_matter(session, content.code, district=district)
    if matter is None:
        known = await store.lock_matter(session, content.code)
        if known is not None:
            require_in_use(known)
        place = Where.pointer("/code", DuplicateCode.title)
        raise DuplicateCode(code=content.code, errors=[place])
    return await _add_draft(session, matter, content, author=author)


async def draft_version(
    session: AsyncSession, code: str, content: MatterContent, *, author: str
) -> MatterVersion:
    """Draft the next version of a matter.

    Raises:
        MatterNotFound: 404.
        CodeMismatch: 422.
        DraftExists, MatterRetired: 409.
    """
    _require_code(content, code)
    matter = await store.lock_matter(session, code)
    if matter is None:
        raise MatterNotFound(code=code)
    require_in_use(matter)
    draft = await store.open_version_of(session, code)
    if draft is not None:
        raise DraftExists(version=draft.number)
    return await _add_draft(session, matter, content, author=author)


async def _add_draft(
    session: AsyncSession, matter: Matter, content: MatterContent, *, author: str
) -> MatterVersion:
    matter.last_version += 1
    draft = MatterVersion(
        code=matter.code,
        number=matter.last_version,
        state=State.DRAFT,
        content=content.model_dump(mode="json"),
        digest=rules.digest_of(content),
        author=author,
    )
    session.add(draft)
    await session.flush()
    await session.refresh(draft)
    return draft


async def amend_draft(
    session: AsyncSession,
    code: str,
    number: int,
    content: MatterContent,
    *,
    author: str,
    if_match: str | None,
) -> MatterVersion:
    """Write a draft anew; who does so becomes its author.

    Raises:
        VersionNotFound: 404.
        VersionNotDraft: 409.
        StaleVersion: 412.
        CodeMismatch: 422.
        IfMatchMissing: 428.
    """
    _require_code(content, code)
    _, draft = await locked(session, code, number)
    rules.require_allowed(Action.AMEND, draft.state, version=number)
    if if_match is None:
        raise IfMatchMissing
    require_match(draft.version, if_match)
    draft.content = content.model_dump(mode="json")
    draft.digest = rules.digest_of(content)
    draft.author = author
    await session.flush()
    return draft


def _require_code(content: MatterContent, code: str) -> None:
    if content.code != code:
        said = {"zh-CN": f"应为 {code}", "en": f"must be {code}"}
        raise CodeMismatch(code=code, errors=[Where.pointer("/code", said)])
