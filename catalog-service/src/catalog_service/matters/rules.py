"""What may happen to a version of a matter, and what an import makes of each row.

Pure: values in, values out. A version is drafted, published by somebody else, and never changes
again; it is in force until its successor is published or it is retired.
"""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

from catalog_service.errors import (
    NoOfflineChannel,
    PublisherIsAuthor,
    SituationsFaulty,
    VersionNotDraft,
    VersionNotPublished,
)
from catalog_service.matters.content import MatterContent
from catalog_service.matters.guide_rules import faults_of_content

__all__ = [
    "Change",
    "Known",
    "State",
    "Written",
    "change_for",
    "digest_of",
    "require_draft",
    "require_publishable",
    "require_published",
]


class State(StrEnum):
    """版本状态. At most one version of a matter is open for change, and at most one in force."""

    DRAFT = "draft"  # 草稿
    SUBMITTED = "submitted"  # 待发布
    PLANNED = "planned"  # 待生效
    PUBLISHED = "published"  # 已发布
    RETIRED = "retired"  # 已停用


def digest_of(content: MatterContent) -> str:
    """Return what two equal contents have in common, however they were written.

    What is left out and what is given as its default are the same, also in a later release that
    knows more fields.
    """
    said = content.model_dump(mode="json", exclude_defaults=True)
    canonical = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def require_draft(state: State, *, version: int) -> None:
    """Refuse to change what is, or was, in force.

    Raises:
        VersionNotDraft: 409.
    """
    if state is not State.DRAFT:
        raise VersionNotDraft(version=version, state=state)


def require_publishable(
    state: State, content: MatterContent, *, version: int, author: str, publisher: str
) -> None:
    """Refuse a publication that is not ready, or not seen by a second person.

    Raises:
        VersionNotDraft, PublisherIsAuthor, NoOfflineChannel, SituationsFaulty: 409.
    """
    require_draft(state, version=version)
    if author == publisher:
        raise PublisherIsAuthor(version=version)
    if not content.has_offline_channel:
        raise NoOfflineChannel(version=version)
    faults = [*faults_of_content(content)]
    if faults:
        raise SituationsFaulty(version=version, errors=faults)


def require_published(state: State, *, version: int) -> None:
    """Refuse to retire what is not in force.

    Raises:
        VersionNotPublished: 409.
    """
    if state is not State.PUBLISHED:
        raise VersionNotPublished(version=version, state=state)


@dataclass(frozen=True)
class Written:
    """A stored version as far as an import must know it."""

    version: int
    digest: str


@dataclass(frozen=True)
class Known:
    """A matter as it stands before an import: its draft, and what is in force."""

    last_version: int = 0
    draft: Written | None = None
    published: Written | None = None


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
    if known.draft is None:
        return Change.NEW_VERSION
    if known.draft.digest != digest:
        return Change.REWRITE_DRAFT
    return Change.PUBLISH_DRAFT if publish else Change.NONE
