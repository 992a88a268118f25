"""What a matter is found by (检索): Chinese words, pinyin, initials, English words. Pure.

`letters` of a text are what is left without case, width, spaces and punctuation: a search for
食品经营许可新办 finds 食品经营许可（新办）.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import rjieba
from pypinyin import Style, lazy_pinyin

__all__ = ["Findable", "Wanted", "findable", "wanted"]


@dataclass(frozen=True)
class Findable:
    """The columns that a matter is searched by."""

    name_key: str
    pinyin: str
    initials: str
    words: list[str]
    search_text: str


@dataclass(frozen=True)
class Wanted:
    """What somebody typed, read the same way."""

    letters: str
    words: list[str]


def letters(text: str) -> str:
    """Return the letters, digits and characters of `text`, in one case and width."""
    return "".join(one for one in unicodedata.normalize("NFKC", text).lower() if one.isalnum())


def words(text: str) -> list[str]:
    """Return each word of `text` once, in its order."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return list(dict.fromkeys(word for word in rjieba.cut_for_search(plain) if word.isalnum()))


def findable(*, name: str, english_name: str, keywords: Iterable[str]) -> Findable:
    """Return what a matter of this name and these keywords is found by."""
    name_key = letters(name)
    spoken = [name_key, *map(letters, keywords)]
    sounds = [(_pinyin(one), _initials(one)) for one in spoken]
    lines = [*spoken, letters(english_name), *(one for pair in sounds for one in pair)]
    return Findable(
        name_key=name_key,
        pinyin=sounds[0][0],
        initials=sounds[0][1],
        words=words("\n".join((name, *keywords, english_name))),
        search_text="\n".join(dict.fromkeys(lines)),
    )


def wanted(query: str) -> Wanted:
    """Read what somebody typed; single characters count only where there is nothing longer."""
    found = words(query)
    return Wanted(letters=letters(query), words=[word for word in found if len(word) > 1] or found)


def _pinyin(text: str) -> str:
    return "".join(lazy_pinyin(text))


def _initials(text: str) -> str:
    return "".join(lazy_pinyin(text, style=Style.FIRST_LETTER))
