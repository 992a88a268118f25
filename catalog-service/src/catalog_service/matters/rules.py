"""What may happen to a version of a matter, and what an import makes of each row.

Pure: values in, values out. A version is drafted, submitted, published by somebody else, and never
changes again; it is in force from its planned day until the day its successor starts, or until it
is retired.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from catalog_service.errors import (
    EffectiveDateInvalid,
    NoOfflineChannel,
    OverlappingValidity,
    PublisherIsAuthor,
    SituationsFaulty,
    VersionNotDraft,
    VersionNotPublished,
    VersionNotSubmitted,
)
from catalog_service.matters.content import MatterContent
from catalog_service.matters.guide_rules import faults_of_content
from tongban.problems import Problem

__all__ = [
    "OPEN",
    "TOLD",
    "Action",
    "Change",
    "Known",
    "State",
    "Validity",
    "Written",
    "change_for",
    "digest_of",
    "find_predecessor",
    "require_allowed",
    "require_not_past",
    "require_publishable",
    "require_retirable",
]


class State(StrEnum):
    """版本状态. At most one version of a matter is open for change, and at most one in force."""

    DRAFT = "draft"  # 草稿
    SUBMITTED = "submitted"  # 待发布
    PLANNED = "planned"  # 待生效
    PUBLISHED = "published"  # 已发布
    RETIRED = "retired"  # 已停用


OPEN = frozenset({State.DRAFT, State.SUBMITTED})
"""Not published yet: shown to editors only."""

TOLD = frozenset({State.PUBLISHED, State.RETIRED})
"""In force now or before: what others were told of."""


class Action(StrEnum):
    """版本操作."""

    AMEND = "amend"  # 修改
    SUBMIT = "submit"  # 提交发布
    TAKE_BACK = "take_back"  # 撤回
    PUBLISH = "publish"  # 发布
    RETIRE = "retire"  # 停用


ALLOWED: Mapping[Action, frozenset[State]] = MappingProxyType(
    {
        Action.AMEND: frozenset({State.DRAFT}),
        Action.SUBMIT: frozenset({State.DRAFT}),
        Action.TAKE_BACK: frozenset({State.SUBMITTED, State.PLANNED}),
        Action.PUBLISH: frozenset({State.SUBMITTED}),
        Action.RETIRE: frozenset({State.PUBLISHED}),
    }
)

_REFUSED: Mapping[Action, type[Problem]] = MappingProxyType(
    {
        Action.AMEND: VersionNotDraft,
        Action.SUBMIT: VersionNotDraft,
        Action.TAKE_BACK: VersionNotSubmitted,
        Action.PUBLISH: VersionNotSubmitted,
        Action.RETIRE: VersionNotPublished,
    }
)


def digest_of(content: MatterContent) -> str:
    """Return what two equal contents have in common, however they were written.

    What is left out and what is given as its default are the same, also in a later release that
    knows more fields.
    """
    said = content.model_dump(mode="json", exclude_defaults=True)
    canonical = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def require_allowed(action: Action, state: State, *, version: int) -> None:
    """Refuse what a version's state does not allow.

    Raises:
        VersionNotDraft, VersionNotSubmitted, VersionNotPublished: 409.
    """
    if state not in ALLOWED[action]:
        raise _REFUSED[action](version=version, state=state)


def require_publishable(
    state: State, content: MatterContent, *, version: int, author: str, publisher: str
) -> None:
    """Refuse a publication that is not ready, or not seen by a second person.

    Raises:
        VersionNotSubmitted, PublisherIsAuthor, NoOfflineChannel, SituationsFaulty: 409.
    """
    require_allowed(Action.PUBLISH, state, version=version)
    if author == publisher:
        raise PublisherIsAuthor(version=version)
    if not content.has_offline_channel:
        raise NoOfflineChannel(version=version)
    faults = [*faults_of_content(content)]
    if faults:
        raise SituationsFaulty(version=version, errors=faults)


def require_not_past(day: date, *, today: date) -> None:
    """Refuse to change what was in force on a day that has gone by.

    Raises:
        EffectiveDateInvalid: 422.
    """
    if day < today:
        raise EffectiveDateInvalid(earliest=today)


@dataclass(frozen=True)
class Validity:
    """When a published version is valid: `until` is the first day on which it no longer is."""

    version: int
    start: date
    until: date | None
    superseded_by: int | None = None
    is_in_force: bool = True

    @property
    def ends_for_good(self) -> bool:
        """Whether its end was planned as such, rather than set by the version that follows."""
        return self.until is not None and self.superseded_by is None


def find_predecessor(
    start: date, until: date | None, others: Iterable[Validity]
) -> Validity | None:
    """Return the version that ends where a new one, valid from `start`, begins.

    Raises:
        EffectiveDateInvalid: 422, the new version would end before it begins.
        OverlappingValidity: 409, another version is planned for some of these days.
    """
    if until is not None and until <= start:
        raise EffectiveDateInvalid(earliest=start)
    predecessor = None
    for other in others:
        starts_later = (other.start > start or not other.is_in_force) and other.start >= start
        is_before = until is not None and until <= other.start
        goes_on = other.start <= start and (other.until is None or other.until > start)
        if (starts_later and not is_before) or (goes_on and other.ends_for_good):
            raise OverlappingValidity(
                version=other.version, start=other.start, until=other.until or "…"
            )
        if goes_on and not starts_later:
            predecessor = other
    return predecessor


def require_retirable(day: date, *, today: date, following: Iterable[Validity]) -> None:
    """Refuse an end that lies in the past, or after the start of the version that follows.

    Raises:
        EffectiveDateInvalid: 422.
        OverlappingValidity: 409.
    """
    require_not_past(day, today=today)
    for other in following:
        if other.start < day:
            raise OverlappingValidity(
                version=other.version, start=other.start, until=other.until or "…"
            )


@dataclass(frozen=True)
class Written:
    """A stored version as far as an import must know it."""

    version: int
    digest: str


@dataclass(frozen=True)
class Known:
    """A matter as it stands before an import: what is open for change, in force, and planned."""

    last_version: int = 0
    draft: Written | None = None
    published: Written | None = None
    submitted: Written | None = None
    planned: Written | None = None
    is_retired: bool = False

    @property
    def open(self) -> Written | None:
        """The one version that is not published yet."""
        return self.draft or self.submitted


class Change(StrEnum):
    """What an import does with one row."""

    NONE = "none"
    NEW_VERSION = "new_version"
    REWRITE_DRAFT = "rewrite_draft"
    PUBLISH_DRAFT = "publish_draft"


def change_for(known: Known, digest: str, *, publish: bool) -> Change:
    """Tell what an import's row changes; importing it once more changes nothing."""
    if known.published is not None and known.published.digest == digest:
        return Change.NONE
    if known.open is None:
        return Change.NEW_VERSION
    if known.open.digest != digest:
        return Change.REWRITE_DRAFT
    return Change.PUBLISH_DRAFT if publish else Change.NONE
