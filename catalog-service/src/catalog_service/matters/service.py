"""Use cases about matters: fetch, decide, store, publish."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.errors import (
    CodeMismatch,
    DraftExists,
    DuplicateCode,
    MatterNotFound,
    VersionNotFound,
)
from catalog_service.events import MatterChanged
from catalog_service.matters import rules, store
from catalog_service.matters.content import MatterContent
from catalog_service.matters.guide import Guidance, guide
from catalog_service.matters.listing import Filters, list_matters
from catalog_service.matters.projection import published_row
from catalog_service.matters.rules import State
from catalog_service.matters.search_query import keys_of, wanted
from catalog_service.matters.tables import Matter, MatterSite, MatterVersion
from catalog_service.search import service as search
from tongban import audit
from tongban.conditions import Facts
from tongban.etags import require_match
from tongban.messages import publish
from tongban.paging import Paging, page_of
from tongban.problems import Where

__all__ = [
    "Applicable",
    "add_matter",
    "amend_draft",
    "contents_in_force",
    "draft_version",
    "find",
    "find_version",
    "guide_through",
    "page",
    "publish_version",
    "retire_version",
    "told",
    "versions",
]


@dataclass(frozen=True)
class Applicable:
    """A matter that can be applied for here, ours or a partner's."""

    code: str
    version: int
    owner_district: str
    content: dict[str, Any]
    tag: int
    effective_from: date | None = None
    mode: str | None = None
    agreement: str | None = None
    forward_within_days: int | None = None

    @property
    def is_handled_here_by_agreement(self) -> bool:
        return self.agreement is not None


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


async def find(session: AsyncSession, code: str, *, district: str) -> Applicable:
    """Return the matter as it is in force.

    Raises:
        MatterNotFound: 404.
    """
    ours = await store.in_force(session, code)
    if ours is not None:
        matter, version = ours
        return Applicable(
            code=code,
            version=version.number,
            owner_district=matter.owner_district,
            content=version.content,
            tag=matter.version,
            effective_from=version.effective_from,
        )
    theirs = await store.offered(session, code, district=district)
    if theirs is None:
        raise MatterNotFound(code=code)
    return Applicable(
        code=code,
        version=theirs.number,
        owner_district=theirs.owner_district,
        content=theirs.content,
        tag=theirs.sequence,
        mode=theirs.mode,
        agreement=theirs.agreement,
        forward_within_days=theirs.forward_within_days,
    )


async def guide_through(
    session: AsyncSession, code: str, answers: Facts, *, district: str
) -> tuple[Applicable, Guidance, Sequence[MatterSite]]:
    """Return the next question or what applies, and where the matter is handled.

    Raises:
        MatterNotFound: 404.
        AnswerInvalid: 422.
    """
    matter = await find(session, code, district=district)
    guidance = guide(matter.content, answers)
    sites = await store.sites_handling(session, code) if guidance.question is None else ()
    return matter, guidance, sites


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
    session: AsyncSession, code: str, number: int, *, with_drafts: bool
) -> MatterVersion:
    """Return one version.

    Raises:
        VersionNotFound: 404.
    """
    found = await store.version_of(session, code, number)
    if found is None or (found.state is State.DRAFT and not with_drafts):
        raise VersionNotFound(code=code, version=number)
    return found


async def add_matter(
    session: AsyncSession, content: MatterContent, *, author: str, district: str
) -> MatterVersion:
    """Draft the first version of a new matter.

    Raises:
        DuplicateCode: 409.
    """
    matter = await store.add_matter(session, content.code, district=district)
    if matter is None:
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
        DraftExists: 409.
    """
    _require_code(content, code)
    matter = await store.lock_matter(session, code)
    if matter is None:
        raise MatterNotFound(code=code)
    draft = await store.draft_of(session, code)
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
    """
    _require_code(content, code)
    draft = await _locked_version(session, code, number)
    rules.require_draft(draft.state, version=number)
    require_match(draft.version, if_match)
    draft.content = content.model_dump(mode="json")
    draft.digest = rules.digest_of(content)
    draft.author = author
    await session.flush()
    return draft


async def publish_version(
    session: AsyncSession, code: str, number: int, *, publisher: str, on: date
) -> MatterVersion:
    """Put a draft in force from `on`; what was in force before is retired.

    Raises:
        VersionNotFound: 404.
        VersionNotDraft, PublisherIsAuthor, NoOfflineChannel: 409.
    """
    matter, version = await _locked(session, code, number)
    content = MatterContent.model_validate(version.content)
    rules.require_publishable(
        version.state, content, version=number, author=version.author, publisher=publisher
    )
    former = await store.published_of(session, code)
    if former is not None:
        former.state, former.retired_on, former.superseded_by = State.RETIRED, on, number
        await session.flush()
    version.state, version.publisher, version.effective_from = State.PUBLISHED, publisher, on
    matter.current_version = number
    # The new one is told first: whoever listens is never without a version in force.
    publish(session, _told(version, matter.owner_district), of=version)
    if former is not None:
        publish(session, _told(former, matter.owner_district), of=former)
    row = published_row(content, number=number, district=matter.owner_district)
    await store.keep_published(session, row)
    _note(session, "matter.publish", version, actor=publisher)
    await session.flush()
    return version


async def retire_version(
    session: AsyncSession, code: str, number: int, *, actor: str, on: date
) -> MatterVersion:
    """Take a matter out of force; cases under way keep the version they follow.

    Raises:
        VersionNotFound: 404.
        VersionNotPublished: 409.
    """
    matter, version = await _locked(session, code, number)
    rules.require_published(version.state, version=number)
    version.state, version.retired_on = State.RETIRED, on
    matter.current_version = None
    publish(session, _told(version, matter.owner_district), of=version)
    await store.remove_published(session, code)
    _note(session, "matter.retire", version, actor=actor)
    await session.flush()
    return version


async def contents_in_force(session: AsyncSession) -> Sequence[dict[str, Any]]:
    """Return the content of every matter in force."""
    return await store.contents_in_force(session)


async def told(session: AsyncSession) -> AsyncIterator[tuple[MatterChanged, int]]:
    """Yield each version's state as it was told last, with its sequence."""
    for version, district in await store.told_versions(session):
        yield _told(version, district), version.sequence


async def _locked(session: AsyncSession, code: str, number: int) -> tuple[Matter, MatterVersion]:
    """Lock the matter first, as every writer does, then the version."""
    matter = await store.lock_matter(session, code)
    if matter is None:
        raise VersionNotFound(code=code, version=number)
    return matter, await _locked_version(session, code, number)


async def _locked_version(session: AsyncSession, code: str, number: int) -> MatterVersion:
    version = await store.version_for_update(session, code, number)
    if version is None:
        raise VersionNotFound(code=code, version=number)
    return version


def _require_code(content: MatterContent, code: str) -> None:
    if content.code != code:
        said = {"zh-CN": f"应为 {code}", "en": f"must be {code}"}
        raise CodeMismatch(code=code, errors=[Where.pointer("/code", said)])


def _told(version: MatterVersion, district: str) -> MatterChanged:
    return MatterChanged.model_validate(
        {
            "code": version.code,
            "version": version.number,
            "state": version.state,
            "effective_from": version.effective_from,
            "retired_on": version.retired_on,
            "owner_district": district,
            "content": version.content,
        }
    )


def _note(session: AsyncSession, action: str, version: MatterVersion, *, actor: str) -> None:
    audit.note(
        session,
        actor=actor,
        action=action,
        subject=version.code,
        payload={"version": version.number, "author": version.author, "digest": version.digest},
    )
