"""Use cases about life events: take over, publish, read, be guided through, withdraw."""

import hashlib
import json
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.errors import (
    ImportFaulty,
    LifeEventNotFound,
    LifeEventRetired,
    PublicationNeedsAdmin,
)
from catalog_service.events import LifeEventChanged
from catalog_service.life_events import store
from catalog_service.life_events.content import LifeEventContent
from catalog_service.life_events.errors import (
    NothingProposed,
    ProposalFaulty,
    ProposerCantPublish,
)
from catalog_service.life_events.guide import InForce, Outcome, guide_through, join
from catalog_service.life_events.merging import (
    Joined,
    claims_of_questions,
    conflicts,
    unknown_keys,
)
from catalog_service.life_events.rules import Change, State, Unavailable, change_for
from catalog_service.life_events.tables import LifeEvent, LifeEventProposal
from tongban import audit
from tongban.conditions import Facts
from tongban.identity import Caller, Role
from tongban.messages import publish
from tongban.paging import Paging, page_of
from tongban.problems import FieldError, Where

__all__ = [
    "Guided",
    "Taken",
    "find",
    "guide",
    "import_events",
    "offered",
    "page",
    "proposals",
    "publish_proposal",
    "retire",
    "take_back",
    "told",
]


@dataclass(frozen=True)
class Taken:
    """What an import did, or would do."""

    changes: Sequence[Change]

    def count(self, change: Change) -> int:
        return self.changes.count(change)


@dataclass(frozen=True)
class Guided:
    """A life event, what came of the answers, and the sites that handle its matters."""

    event: LifeEvent
    in_force: InForce
    outcome: Outcome
    sites: Sequence[dict[str, Any]]


async def import_events(
    session: AsyncSession,
    contents: Sequence[LifeEventContent],
    *,
    importer: Caller,
    district: str,
    at: datetime,
    is_dry_run: bool,
    is_published: bool,
) -> Taken:
    """Take over all of `contents`, or nothing; what is unchanged is left alone.

    What is not published at once waits for a second person.

    Raises:
        ImportFaulty: 422.
        PublicationNeedsAdmin: 403.
    """
    if is_published and Role.ADMIN not in importer.roles:
        raise PublicationNeedsAdmin
    codes = {member.code for one in contents for member in one.matters}
    in_force = await store.in_force(session, sorted(codes))
    faults = [*_repeated(contents)]
    for place, content in enumerate(contents):
        faults += _faults_of_matters(content, in_force, f"/life_events/{place}")
    if faults:
        raise ImportFaulty(errors=faults)
    codes_taken = [one.code for one in contents]
    known = await store.for_import(session, codes_taken)
    proposed = await store.proposals_for_import(session, codes_taken)
    digests = [_digest_of(one) for one in contents]
    changes = []
    for content, digest in zip(contents, digests, strict=True):
        row = known.get(content.code)
        change = Change.CREATE if row is None else change_for(row.digest, row.state, digest=digest)
        waiting = proposed.get(content.code)
        if not is_published and waiting is not None and waiting.digest == digest:
            change = Change.NONE
        changes.append(change)
        if change is Change.NONE or is_dry_run:
            continue
        if is_published:
            _keep(session, row, content, digest=digest, district=district)
            if waiting is not None:
                await session.delete(waiting)
        else:
            _propose(session, waiting, content, digest=digest, author=importer.subject, at=at)
    if not is_dry_run:
        audit.note(
            session,
            actor=importer.subject,
            action="life_event.publish" if is_published else "life_event.propose",
            subject=district,
            payload={
                one.code: digest
                for one, digest, change in zip(contents, digests, changes, strict=True)
                if change is not Change.NONE
            },
        )
        await session.flush()
    return Taken(changes)


def _keep(
    session: AsyncSession,
    row: LifeEvent | None,
    content: LifeEventContent,
    *,
    digest: str,
    district: str,
) -> None:
    if row is None:
        row = LifeEvent(code=content.code, owner_district=district)
        session.add(row)
    row.state = State.PUBLISHED
    row.name, row.english_name = content.name, content.english_name
    row.audiences = [one.value for one in content.audiences]
    row.matters = [one.code for one in content.matters]
    row.content = content.model_dump(mode="json")
    row.digest = digest
    publish(session, _told(row, content), of=row)


def _propose(
    session: AsyncSession,
    waiting: LifeEventProposal | None,
    content: LifeEventContent,
    *,
    digest: str,
    author: str,
    at: datetime,
) -> None:
    if waiting is None:
        waiting = LifeEventProposal(code=content.code)
        session.add(waiting)
    waiting.content = content.model_dump(mode="json")
    waiting.digest, waiting.author, waiting.proposed_at = digest, author, at


async def proposals(
    session: AsyncSession, paging: Paging
) -> tuple[list[LifeEventProposal], str | None]:
    """Return a page of what waits to be published."""
    rows = await store.proposals(session, paging)
    return page_of(rows, paging, key=lambda row: (row.code,))


async def publish_proposal(
    session: AsyncSession, code: str, *, publisher: Caller, district: str
) -> None:
    """Offer what somebody else imported, if it still fits its matters.

    Raises:
        NothingProposed, ProposerCantPublish, ProposalFaulty: 409.
    """
    row = (await store.for_import(session, [code])).get(code)
    waiting = await store.delete_proposal(session, code)
    if waiting is None:
        raise NothingProposed(code=code)
    if waiting.author == publisher.subject:
        raise ProposerCantPublish(code=code)
    content = LifeEventContent.model_validate(waiting.content)
    in_force = await store.in_force(session, sorted(one.code for one in content.matters))
    faults = [*_faults_of_matters(content, in_force, "")]
    if faults:
        raise ProposalFaulty(errors=faults)
    _keep(session, row, content, digest=waiting.digest, district=district)
    audit.note(
        session,
        actor=publisher.subject,
        action="life_event.publish",
        subject=district,
        payload={code: waiting.digest, "author": waiting.author},
    )
    await session.flush()


async def take_back(session: AsyncSession, code: str, *, actor: str) -> None:
    """Propose it no longer; what is offered stays as it is.

    Raises:
        NothingProposed: 409.
    """
    waiting = await store.delete_proposal(session, code)
    if waiting is None:
        raise NothingProposed(code=code)
    audit.note(
        session,
        actor=actor,
        action="life_event.take_back",
        subject=code,
        payload={"author": waiting.author, "digest": waiting.digest},
    )
    await session.flush()


async def retire(session: AsyncSession, code: str, *, actor: str) -> None:
    """Lead nobody through it any more; an import of it brings it back.

    Raises:
        LifeEventNotFound: 404.
        LifeEventRetired: 409.
    """
    row = await store.for_update(session, code)
    if row is None:
        raise LifeEventNotFound(code=code)
    if row.state is State.RETIRED:
        raise LifeEventRetired(code=code)
    row.state = State.RETIRED
    content = LifeEventContent.model_validate(row.content)
    publish(session, _told(row, content), of=row)
    audit.note(session, actor=actor, action="life_event.retire", subject=code, payload={})
    await session.flush()


async def page(
    session: AsyncSession, paging: Paging, *, audience: str | None, matter: str | None
) -> tuple[list[LifeEvent], str | None]:
    """Return a page of what is offered."""
    rows = await store.listed(session, paging, audience=audience, matter=matter)
    return page_of(rows, paging, key=lambda row: (row.code,))


async def offered(session: AsyncSession) -> list[dict[str, Any]]:
    """Return the content of each life event that is offered, by code."""
    rows = await store.all_told(session)
    return [row.content for row in rows if row.state is State.PUBLISHED]


async def find(session: AsyncSession, code: str) -> tuple[store.Found, int]:
    """Return a life event with its matters, and the tag of both together.

    Raises:
        LifeEventNotFound: 404.
    """
    found = await store.to_read(session, code)
    if found is None:
        raise LifeEventNotFound(code=code)
    matters = sorted((one["code"], one["version"]) for one in found.matters)
    return found, zlib.crc32(repr((found.event.version, matters)).encode())


async def guide(session: AsyncSession, code: str, answers: Facts) -> Guided:
    """Return the next question, or all that the life event takes and where.

    Raises:
        LifeEventNotFound: 404.
        AnswerInvalid: 422.
    """
    found = await store.to_guide_through(session, code)
    if found is None:
        raise LifeEventNotFound(code=code)
    in_force = {one["code"]: (one["version"], one["content"]) for one in found.matters}
    outcome = guide_through(found.event.content, in_force, answers)
    doing = {joined.code for joined, _ in outcome.matters}
    sites = [
        {**site, "matters": handled, "handles_all": len(handled) == len(doing)}
        for site in found.sites
        if (handled := [one for one in found.event.matters if one in doing & {*site["matters"]}])
    ]
    sites.sort(key=lambda one: (-len(one["matters"]), one["site_id"]))
    return Guided(found.event, in_force, outcome, sites)


async def told(session: AsyncSession) -> AsyncIterator[tuple[LifeEventChanged, int]]:
    """Yield each life event's state as it was told last, with its sequence."""
    for row in await store.all_told(session):
        content = LifeEventContent.model_validate(row.content)
        yield _told(row, content), row.sequence


def _told(row: LifeEvent, content: LifeEventContent) -> LifeEventChanged:
    return LifeEventChanged(
        code=row.code,
        state=row.state.value,
        owner_district=row.owner_district,
        content=content,
    )


def _digest_of(content: LifeEventContent) -> str:
    canonical = json.dumps(content.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _repeated(contents: Sequence[LifeEventContent]) -> Iterator[FieldError]:
    first: dict[str, int] = {}
    for at, content in enumerate(contents):
        before = first.setdefault(content.code, at)
        if before != at:
            said = {
                "zh-CN": f"编码与 /life_events/{before} 重复",
                "en": f"the same code as /life_events/{before}",
            }
            yield Where.pointer(f"/life_events/{at}/code", said, "code_repeated")


def _faults_of_matters(
    content: LifeEventContent, in_force: InForce, root: str
) -> Iterator[FieldError]:
    event = content.model_dump(mode="json")
    known = claims_of_questions(event["questions"])
    wordings = [one.key for one in content.wordings]
    for at, member in enumerate(event["matters"]):
        place = f"{root}/matters/{at}"
        if member["code"] not in in_force:
            missing = {
                "zh-CN": "没有该编码的在施事项，或者该事项已停用",
                "en": "no matter of this code is in force: it is unknown or retired",
            }
            yield Where.pointer(f"{place}/code", missing, Unavailable.NOT_IN_FORCE)
            continue
        version, matter = in_force[member["code"]]
        joined = Joined.of(member, version=version, content=matter)
        yield from unknown_keys(joined, place)
        for said in conflicts(known, joined, wordings=wordings):
            yield Where.pointer(place, said, Unavailable.CONFLICTING)
    joined_keys = {claim.key for one in join(event, in_force)[0] for claim in one.claims()}
    for at, key in enumerate(wordings):
        if key not in joined_keys | known.keys():
            unused = {"zh-CN": "没有事项使用这个键", "en": "no matter uses this key"}
            yield Where.pointer(f"{root}/wordings/{at}/key", unused, "wording_unused")
