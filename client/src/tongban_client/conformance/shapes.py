"""What a check is made of: the requests it sends, and what the protocol asks of each answer."""

from dataclasses import dataclass
from enum import StrEnum

from interop_service.errors import MessageFault
from tongban_client.conformance.drafts import Alter

__all__ = [
    "Check",
    "Expects",
    "KeySetTold",
    "Refused",
    "Step",
    "Taken",
    "Text",
    "Unheard",
    "What",
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


@dataclass(frozen=True)
class Taken:
    """202 with the receipt for this message."""

    is_same: bool = False
    """It is the receipt that the first step got, word by word."""


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


Expects = Taken | Refused | KeySetTold | Unheard


@dataclass(frozen=True)
class Step:
    """One request, told by how it differs from a good one."""

    what: What = What.PACKAGE
    expects: Expects = Taken()  # it is frozen
    alter: Alter | None = None
    by_ended_key: bool = False


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
