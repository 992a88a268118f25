"""Use cases that put versions in force and take them out: submit, publish, plan, retire (发布管理).

Every writer locks the matter first, so that the days on which its versions are valid are worked
out by one at a time.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.basic_items.service import require_claimed
from catalog_service.errors import DraftExists, MatterRetired, VersionNotFound
from catalog_service.events import MatterChanged
from catalog_service.matters import rules, store
from catalog_service.matters.codes import parse_code
from catalog_service.matters.content import MatterContent
from catalog_service.matters.projection import published_row
from catalog_service.matters.rules import Action, State, Validity
from catalog_service.matters.tables import Matter, MatterVersion
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context
from tongban.etags import require_match
from tongban.messages import publish as tell

__all__ = [
    "end_former",
    "locked",
    "planned_versions_take_effect",
    "publish",
    "put_in_place",
    "require_in_use",
    "retire",
    "submit",
    "take_back",
    "tell_of_publication",
    "told",
]


async def submit(
    session: AsyncSession, code: str, number: int, *, by: str, at: datetime, if_match: str | None
) -> MatterVersion:
    """Hand a draft over to whoever publishes it; it is no longer changed meanwhile.

    Raises:
        VersionNotFound: 404.
        VersionNotDraft, MatterRetired: 409.
        StaleVersion: 412.
    """
    matter, version = await locked(session, code, number)
    require_in_use(matter)
    rules.require_allowed(Action.SUBMIT, version.state, version=number)
    require_match(version.version, if_match)
    version.state, version.submitted_by, version.submitted_at = State.SUBMITTED, by, at
    _note(session, "matter.submit", version, actor=by)
    await session.flush()
    return version


async def take_back(
    session: AsyncSession, code: str, number: int, *, actor: str, if_match: str | None
) -> MatterVersion:
    """Make a submitted or planned version a draft again, or call off a planned retirement.

    What the planned version would have ended goes on.

    Raises:
        VersionNotFound: 404.
        VersionNotSubmitted, DraftExists: 409.
        StaleVersion: 412.
    """
    matter, version = await locked(session, code, number)
    require_match(version.version, if_match)
    if version.state is State.PUBLISHED and _validity(version).ends_for_good:
        version.retired_on = None
        _tell(session, version, matter)
    else:
        rules.require_allowed(Action.TAKE_BACK, version.state, version=number)
        if version.state is State.PLANNED:
            await _unplan(session, matter, version)
        version.state, version.submitted_by, version.submitted_at = State.DRAFT, None, None
    _note(session, "matter.take_back", version, actor=actor)
    await session.flush()
    return version


async def _unplan(session: AsyncSession, matter: Matter, version: MatterVersion) -> None:
    other_draft = await store.open_version_of(session, version.code)
    if other_draft is not None:
        raise DraftExists(version=other_draft.number)
    until, following = version.retired_on, version.superseded_by
    version.effective_from = version.retired_on = version.superseded_by = None
    version.publisher = None
    version.state = State.DRAFT
    await session.flush()
    for other in await store.valid_versions(session, version.code):
        if other.superseded_by == version.number:
            other.retired_on, other.superseded_by = until, following
            if other.state is State.PUBLISHED:
                _tell(session, other, matter)


async def publish(
    session: AsyncSession,
    code: str,
    number: int,
    *,
    publisher: str,
    today: date,
    effective_from: date | None = None,
    retires_on: date | None = None,
    if_match: str | None = None,
) -> MatterVersion:
    """Publish a submitted version: in force today, or from a day to come.

    Raises:
        VersionNotFound: 404.
        VersionNotSubmitted, PublisherIsAuthor, NoOfflineChannel: 409.
        OverlappingValidity, MatterRetired, BasicItemNotClaimed, BasicItemWithdrawn: 409.
        EffectiveDateInvalid: 422.
        StaleVersion: 412.
    """
    matter, version = await locked(session, code, number)
    require_in_use(matter)
    content = MatterContent.model_validate(version.content)
    rules.require_publishable(
        version.state, content, version=number, author=version.author, publisher=publisher
    )
    require_match(version.version, if_match)
    await require_claimed(session, parse_code(code).basic)
    start = effective_from or today
    rules.require_not_past(start, today=today)
    valid = await store.valid_versions(session, code)
    former = end_former(version, valid, start=start, retires_on=retires_on, today=today)
    await session.flush()
    put_in_place(version, valid, publisher=publisher, start=start, retires_on=retires_on)
    if start <= today:
        await _enter_into_force(session, matter, version, content)
    tell_of_publication(session, matter, version, former)
    await session.flush()
    return version


def end_former(
    version: MatterVersion,
    valid: Sequence[MatterVersion],
    *,
    start: date,
    today: date,
    retires_on: date | None = None,
) -> MatterVersion | None:
    """End the version, among those `valid`, that is followed by this one; return it.

    Raises:
        EffectiveDateInvalid: 422.
        OverlappingValidity: 409.
    """
    before = rules.find_predecessor(start, retires_on, [_validity(one) for one in valid])
    former = next((one for one in valid if before and one.number == before.version), None)
    if former is not None:
        former.retired_on, former.superseded_by = start, version.number
        if start <= today:
            former.state = State.RETIRED
    return former


def put_in_place(
    version: MatterVersion,
    valid: Sequence[MatterVersion],
    *,
    publisher: str,
    start: date,
    retires_on: date | None = None,
) -> None:
    """Plan a version for its days, between those that are `valid` before and after it."""
    version.state = State.PLANNED
    version.publisher, version.effective_from, version.retired_on = publisher, start, retires_on
    following = (one.number for one in valid if one.effective_from == retires_on)
    version.superseded_by = next(following, None) if retires_on is not None else None


def tell_of_publication(
    session: AsyncSession, matter: Matter, version: MatterVersion, former: MatterVersion | None
) -> None:
    """Tell what was published, and what it ended, to others and to the ledger.

    The new one is told first: whoever listens is never without a version in force.
    """
    for one in (version, former):
        if one is not None and one.state in rules.TOLD:
            _tell(session, one, matter)
    _note(session, "matter.publish", version, actor=str(version.publisher))


async def retire(
    session: AsyncSession,
    code: str,
    number: int,
    *,
    actor: str,
    today: date,
    on: date | None = None,
    if_match: str | None = None,
) -> MatterVersion:
    """Take a matter out of force, today or on a day to come.

    Cases under way keep the version they follow.

    Raises:
        VersionNotFound: 404.
        VersionNotPublished, OverlappingValidity: 409.
        EffectiveDateInvalid: 422.
        StaleVersion: 412.
    """
    matter, version = await locked(session, code, number)
    rules.require_allowed(Action.RETIRE, version.state, version=number)
    require_match(version.version, if_match)
    day = on or today
    following = [
        _validity(one)
        for one in await store.valid_versions(session, code)
        if one.number != number and one.state is State.PLANNED
    ]
    rules.require_retirable(day, today=today, following=following)
    version.retired_on, version.superseded_by = day, None
    if day <= today:
        await _leave_force(session, matter, version, has_successor=bool(following))
    _tell(session, version, matter)
    _note(session, "matter.retire", version, actor=actor)
    await session.flush()
    return version


async def planned_versions_take_effect(session: AsyncSession, context: Context) -> None:
    """Put in force what was planned for today or before, and end what was to end."""
    today = local_date(context.clock())
    for code in await store.codes_due(session, today):
        matter = await store.lock_matter(session, code)
        if matter is not None:
            await _bring_up_to(session, matter, today)


async def _bring_up_to(session: AsyncSession, matter: Matter, today: date) -> None:
    """Take each step of the matter's plan up to today, in order."""
    valid = sorted(
        await store.valid_versions(session, matter.code), key=lambda one: _validity(one).start
    )
    for at, version in enumerate(valid):
        start = _validity(version).start
        if version.state is State.PLANNED and start <= today:
            content = MatterContent.model_validate(version.content)
            await _enter_into_force(session, matter, version, content)
            _tell(session, version, matter)
            _note(session, "matter.take_effect", version, actor="timer")
        if version.state is State.PUBLISHED and version.retired_on and version.retired_on <= today:
            await _leave_force(session, matter, version, has_successor=bool(valid[at + 1 :]))
        await session.flush()
    for version in valid:
        if version.state is State.RETIRED:
            _tell(session, version, matter)
    await session.flush()


async def _enter_into_force(
    session: AsyncSession, matter: Matter, version: MatterVersion, content: MatterContent
) -> None:
    version.state = State.PUBLISHED
    matter.current_version = version.number
    row = published_row(content, number=version.number, district=matter.owner_district)
    await store.keep_published(session, row)


async def _leave_force(
    session: AsyncSession, matter: Matter, version: MatterVersion, *, has_successor: bool
) -> None:
    version.state = State.RETIRED
    matter.current_version = None
    if not has_successor:
        matter.retired_on = version.retired_on
    await store.remove_published(session, version.code)


async def told(session: AsyncSession) -> AsyncIterator[tuple[MatterChanged, int]]:
    """Yield each version's state as it was told last, with its sequence."""
    for version, district in await store.told_versions(session):
        yield told_of(version, district), version.sequence


async def locked(session: AsyncSession, code: str, number: int) -> tuple[Matter, MatterVersion]:
    """Lock the matter first, as every writer does, then the version.

    Raises:
        VersionNotFound: 404.
    """
    matter = await store.lock_matter(session, code)
    if matter is None:
        raise VersionNotFound(code=code, version=number)
    version = await store.version_for_update(session, code, number)
    if version is None:
        raise VersionNotFound(code=code, version=number)
    return matter, version


def require_in_use(matter: Matter) -> None:
    """Refuse to use a retired matter anew.

    Raises:
        MatterRetired: 409.
    """
    if matter.retired_on is not None:
        raise MatterRetired(code=matter.code, retired_on=matter.retired_on)


def told_of(version: MatterVersion, district: str) -> MatterChanged:
    """Return the event that tells a version's state."""
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


def _validity(version: MatterVersion) -> Validity:
    return Validity(
        version.number,
        version.effective_from or date.max,
        version.retired_on,
        version.superseded_by,
        is_in_force=version.state is State.PUBLISHED,
    )


def _tell(session: AsyncSession, version: MatterVersion, matter: Matter) -> None:
    tell(session, told_of(version, matter.owner_district), of=version)


def _note(session: AsyncSession, action: str, version: MatterVersion, *, actor: str) -> None:
    audit.note(
        session,
        actor=actor,
        action=action,
        subject=version.code,
        payload={"version": version.number, "author": version.author, "digest": version.digest},
    )
