"""Which keys a synonym is found under, and how fast demand is forgotten. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalog_service.matters.search import is_chinese, letters, syllables

__all__ = ["HALF_LIFE", "Asked", "Demand", "counted", "keys_of_word", "merged"]

HALF_LIFE = timedelta(days=60)
LEAST_SYLLABLES = 2
"""A single syllable sounds like too many other words."""


@dataclass(frozen=True, order=True)
class Asked:
    """A matter that somebody wanted, and when."""

    owner_district: str
    code: str
    at: datetime


@dataclass(frozen=True)
class Demand:
    """How often a matter was wanted, as it stands at `as_of`."""

    owner_district: str
    code: str
    cases: float
    as_of: datetime


def counted(asked: Iterable[Asked]) -> list[Demand]:
    """Count what was asked for, each matter once, in the order of their keys."""
    times: dict[tuple[str, str], list[datetime]] = {}
    for one in sorted(asked):
        times.setdefault((one.owner_district, one.code), []).append(one.at)
    return [
        Demand(district, code, sum(_faded(at, ats[-1]) for at in ats), as_of=ats[-1])
        for (district, code), ats in times.items()
    ]


def _faded(since: datetime, until: datetime) -> float:
    """Return what one case of `since` still counts at `until`."""
    return float(0.5 ** ((until - since) / HALF_LIFE))


def keys_of_word(word: str) -> Iterator[str]:
    """Yield what the word is looked up by: its letters, and its sound."""
    key = letters(word)
    yield key
    if any(map(is_chinese, key)) and len(key) >= LEAST_SYLLABLES:
        yield "".join(syllables(key))


def merged(
    found: Sequence[tuple[str, str, Sequence[str]]],
) -> Mapping[str, Sequence[str]]:
    """Return what each key means; words that sound alike mean all that they mean."""
    meanings: dict[str, list[str]] = {}
    for key, word, means in found:
        known = meanings.setdefault(key, [])
        # A key that is not the word itself is its sound: then the word is meant too.
        spoken = [] if key == letters(word) or not means else [word]
        known += [one for one in (*spoken, *means) if one not in known]
    return meanings
