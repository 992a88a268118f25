"""What a matter is found by (检索): Chinese words, pinyin, initials, English words. Pure.

`letters` of a text are what is left without case, width, spaces and punctuation: a search for
食品经营许可新办 finds 食品经营许可（新办）. Everything a matter can be hit by is a lexeme of one
`tsvector`, weighted A for its name, B for its keywords, C for its English name, D for the sound
and the pairs of characters that let a mistyped word hit.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import rjieba
from pypinyin import Style, lazy_pinyin

from catalog_service.matters.life_stages import life_stages
from catalog_service.matters.vocabulary import Area

__all__ = [
    "ANALYSER",
    "EXACTLY",
    "SPELT",
    "Findable",
    "findable",
    "initials",
    "is_chinese",
    "letters",
    "lines_of",
    "quoted",
    "syllables",
    "words",
]

ANALYSER = 2
"""Counts on with every change of what is made here: rows of an older count are made anew."""

# Marks of whole names, keywords and lines; no letters, so that no word can look like one.
EXACTLY = "="
SPELT = "~"
LONGEST_LEXEME = 200


@dataclass(frozen=True)
class Findable:
    """The columns that a matter is searched by."""

    name_key: str
    pinyin: str
    initials: str
    lexemes: str
    search_text: str
    life_stages: list[str]
    analyser: int = ANALYSER


def letters(text: str) -> str:
    """Return the letters, digits and characters of `text`, in one case and width."""
    return "".join(one for one in unicodedata.normalize("NFKC", text).lower() if one.isalnum())


def words(text: str) -> list[str]:
    """Return each word of `text` once, in its order, long words and the words within them."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return list(dict.fromkeys(word for word in rjieba.cut_for_search(plain) if word.isalnum()))


def is_chinese(letter: str) -> bool:
    return "\u3400" <= letter <= "\u9fff"


@lru_cache(maxsize=50_000)
def syllables(text: str) -> tuple[str, ...]:
    """Return the sound of each character; letters that are none stay together."""
    return tuple(lazy_pinyin(text))


@lru_cache(maxsize=50_000)
def initials(text: str) -> str:
    return "".join(lazy_pinyin(text, style=Style.FIRST_LETTER))


def quoted(lexeme: str) -> str:
    """Return `lexeme` as PostgreSQL reads it within a tsvector or tsquery."""
    return "'" + lexeme[:LONGEST_LEXEME].replace("\\", "\\\\").replace("'", "''") + "'"


def findable(
    *, name: str, english_name: str, keywords: Sequence[str], area: str = Area.OTHER
) -> Findable:
    """Return what a matter of this name, area and these keywords is found by."""
    name_key = letters(name)
    spoken = [name_key, *map(letters, keywords)]
    sounds = [("".join(syllables(one)), initials(one)) for one in spoken]
    lines = [*spoken, letters(english_name), *(one for pair in sounds for one in pair)]
    lines = [*dict.fromkeys(one[: LONGEST_LEXEME - len(SPELT)] for one in lines if one)]
    return Findable(
        name_key=name_key,
        pinyin=sounds[0][0],
        initials=sounds[0][1],
        lexemes=_lexemes(name, english_name, keywords, lines),
        search_text="\n".join(lines),
        life_stages=[*life_stages(name, area=area, keywords=keywords)],
    )


def lines_of(search_text: str) -> list[str]:
    """Return each way in which a matter is written or spoken: it has each as a lexeme too."""
    return search_text.split("\n")


def _lexemes(name: str, english_name: str, keywords: Iterable[str], lines: Iterable[str]) -> str:
    """Return a tsvector's text: each lexeme once, under the best weight it has."""
    weights: dict[str, str] = {}

    def add(weight: str, found: Iterable[str]) -> None:
        for one in found:
            weights[one] = min(weight, weights.get(one, weight))

    for weight, text in (("A", name), *(("B", keyword) for keyword in keywords)):
        key = letters(text)
        add(weight, words(text))
        add(weight, [EXACTLY + key])
        add("D", _pairs(key))
        add("D", _sounds(text))
    add("C", words(english_name))
    add("D", (SPELT + line for line in lines))
    return " ".join(f"{quoted(one)}:1{weight}" for one, weight in weights.items() if one)


def _pairs(key: str) -> Iterator[str]:
    for first, second in pairwise(key):
        if is_chinese(first) and is_chinese(second):
            yield first + second


def _sounds(text: str) -> Iterator[str]:
    """Yield the rest from each word on, its sound and its initials, and each pair of syllables."""
    parts = [letters(part) for part in rjieba.cut(unicodedata.normalize("NFKC", text).lower())]
    parts = [part for part in parts if part]
    for at in range(len(parts)):
        rest = "".join(parts[at:])
        yield rest
        yield "".join(syllables(rest))
        yield initials(rest)
    for first, second in pairwise(syllables("".join(parts))):
        yield first + second
