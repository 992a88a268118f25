"""What a check is made of: the requests it sends, and what the protocol asks of each answer."""

from dataclasses import dataclass
from enum import StrEnum

from interop_service.errors import MessageFault
from tongban_client.conformance.drafts import Alter

__all__ = [
    "Awaited",
    "Check",
    "Expects",
    "KeySetTold",
    "Part",
    "Reached",
    "Refused",
    "Step",
    "Taken",
    "Text",
    "Unheard",
    "What",
    "refused",
]


@dataclass(frozen=True)
class Text:
    """A sentence in both languages."""

    zh: str
    en: str


class What(StrEnum):
    """Which message a step sends."""

    KEYS = "keys"  # no message: the key set is read
    PACKAGE = "package"  # a good package of a new exchange
    RATING = "rating"  # a rating in the first step's exchange
    RATING_ELSEWHERE = "rating_elsewhere"  # a rating in an exchange that never was
    VERIFICATION = "verification"  # a question about a licence of a type that nobody agreed on
    RELIANCE_ELSEWHERE = "reliance_elsewhere"  # the end of a document nobody relied on
    AGAIN = "again"  # the first step's message, signed anew
    REPLAY = "replay"  # the first step's request, as it went
    SAME_NONCE = "same_nonce"  # another package, signed with the first step's nonce
    ANOTHER_ID = "another_id"  # the first step's body under another message id
    FILE_PACKAGE = "file_package"  # a good package that names a file of this check's
    CHUNK = "chunk"  # a part of the file
    ASK = "ask"  # how far the file is


@dataclass(frozen=True)
class Taken:
    """202 with the receipt for this message."""

    is_same: bool = False
    """It is the receipt that the first step got, word by word."""


@dataclass(frozen=True)
class Awaited:
    """202 without a receipt: the file is lacking from the beginning, or from its half."""

    begun: bool = False


@dataclass(frozen=True)
class Reached:
    """The answer tells that so much of the file is there: nothing, its half or all."""

    part: "Part"


@dataclass(frozen=True)
class Refused:
    """A problem (RFC 9457), one of these."""

    faults: tuple[type[MessageFault], ...]
    is_bound: bool = True
    """The request has a signature for the answer's to be bound to."""


@dataclass(frozen=True)
class KeySetTold:
    """A JWK set with what a partner needs to know."""


@dataclass(frozen=True)
class Unheard:
    """The request was never whole: nothing needs to be answered."""


Expects = Taken | Awaited | Reached | Refused | KeySetTold | Unheard


class Part(StrEnum):
    """Which part of the file a step sends, or how much of it is there."""

    NONE = "none"
    FIRST_HALF = "first_half"
    SECOND_HALF = "second_half"
    WHOLE = "whole"


@dataclass(frozen=True)
class Step:
    """One request, told by how it differs from a good one."""

    what: What = What.PACKAGE
    expects: Expects = Taken()  # it is frozen
    alter: Alter | None = None
    by_ended_key: bool = False
    part: Part = Part.NONE
    """Of the file, in a step that sends one."""
    is_altered: bool = False
    """The part is not the file's; it is rightly digested and signed."""


@dataclass(frozen=True)
class Check:
    """A rule of the protocol, and how it is tried."""

    name: str
    section: str
    """Of docs/interop/protocol.md; in brackets the item of its list."""
    sent: Text
    asked: Text
    steps: tuple[Step, ...]

    @property
    def needs_ended_key(self) -> bool:
        return any(step.by_ended_key for step in self.steps)


def refused(*faults: type[MessageFault]) -> Refused:
    """Return that one of these problems is expected."""
    return Refused(faults)
