"""Which keys a synonym is found under, and how fast demand is forgotten. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from catalog_service.matters.search import is_chinese, letters, syllables

__all__ = ["HALF_LIFE", "keys_of_word", "merged"]

HALF_LIFE = timedelta(days=60)
LEAST_SYLLABLES = 2
"""A single syllable sounds like too many other words."""


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
