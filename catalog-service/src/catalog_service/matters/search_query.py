"""What somebody typed (检索词), read as clues that a matter may match. Pure.

Each clue is a `tsquery` with the score it is worth. `strict` finds the matters that everything
typed fits; `loose` those that some telling part fits, asked only where few are strict.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from types import MappingProxyType

import rjieba

from catalog_service.matters.search import (
    EXACTLY,
    is_chinese,
    letters,
    quoted,
    syllables,
    words,
)
from catalog_service.matters.syllables import split_syllables

__all__ = ["Clue", "Wanted", "keys_of", "wanted"]

LONGEST_KEY = 24
LEAST_SPOKEN = 3
TAKEN = "\0"
MOST_LETTERS = 40
"""What is typed beyond this is a text, not a query: the first letters must do."""

# Words in so many names that they tell little: they rank, and find only where nothing else does.
_COMMON_WORDS = """
登记 许可 许可证 备案 审批 申请 申领 办理 认定 核准 审核 审查 确认 变更 延续
注销 新办 设立 首次 核发 补办 补发 补证 补领 换发 换证 换领 到期 遗失 经营
企业 公司 证 证明 个人 单位 城乡 居民 职工 人员 机构 服务 管理 项目 资格 待遇
费用 补贴 发放 开具 成立 取消 终止 批准 首次申请 年审 复审 校验 转让 转移 新建
信息 查询 打印 registration application licence
license
"""
COMMON = frozenset(_COMMON_WORDS.split())
_ACTION_WORDS = """
变更 延续 注销 补办 补发 补证 补领 换发 换证 换领 到期 遗失 取消 终止 年审 复审 校验 转让 转移
"""
ACTIONS = frozenset(_ACTION_WORDS.split())
# Who names no action mostly wants the thing anew.
ANEW = ("新办", "设立", "首次", "核发", "申领", "成立", "取证", "核定", "申请", "新建")

WORD, WEAK_WORD, MEANING, WEAK_MEANING = 3.0, 1.0, 2.6, 1.4
IN_NAME, WHOLE_NAME, WHOLE_KEYWORD = 0.5, 3.0, 1.0
WHOLE_SOUND, SOUND_PAIRS, FIRST_TIME = 2.0, 3.0, 0.6
ENOUGH = 0.45
"""Of what the telling clues are worth together, this share makes a find."""


@dataclass(frozen=True)
class Clue:
    """A tsquery and what a matter gains that matches it."""

    query: str
    worth: float


@dataclass(frozen=True)
class Wanted:
    """What somebody typed, as it is looked for."""

    letters: str
    clues: tuple[Clue, ...] = ()
    strict: str = ""
    loose: str = ""
    floor: float = 0.0


@dataclass(frozen=True)
class _Part:
    """A stretch of what was typed: how it is asked, and how telling it is."""

    query: str
    in_name: str
    worth: float
    is_common: bool
    is_action: bool = False


@dataclass(frozen=True)
class _Typed:
    """The letters that were typed, and between which of them a word may begin or end."""

    key: str
    gaps: frozenset[int]
    """Where something stood that is no letter."""
    joints: frozenset[int]
    """Where Latin letters may be parted: at gaps, at Chinese, between syllables."""

    def stretches(self) -> Iterator[tuple[int, int, str]]:
        """Yield (from, to, stretch) of what may be a word, the longest first."""
        size = len(self.key)
        for length in range(min(LONGEST_KEY, size), 0, -1):
            for at in range(size - length + 1):
                stretch = self.key[at : at + length]
                if self._may_part(at) and self._may_part(at + length):
                    yield at, at + length, stretch

    def _may_part(self, at: int) -> bool:
        chinese = any(map(is_chinese, self.key[max(at - 1, 0) : at + 1]))
        return chinese or at in self.joints


def _typed(query: str) -> _Typed:
    key, gaps = "", {0}
    for piece in unicodedata.normalize("NFKC", query).split():
        key += letters(piece)
        gaps.add(len(key))
    key = key[:MOST_LETTERS]
    joints = set(gaps) | {len(key)}
    at = 0
    for run in re.split(r"(?<=[^a-z])|(?=[^a-z])", key):
        for sound in split_syllables(run) or (run,):
            joints.add(at)
            at += len(sound)
    return _Typed(key, frozenset(gaps), frozenset(joints))


def keys_of(query: str) -> list[str]:
    """Return every stretch of `query` that the synonyms may know, written and spoken."""
    stretches = [found for _, _, found in _typed(query).stretches()]
    return list(dict.fromkeys((*stretches, *filter(None, map(_sound_of, stretches)))))


def _sound_of(stretch: str) -> str:
    """Return how a stretch sounds that is long enough to be told from others by that."""
    if len(stretch) < LEAST_SPOKEN or not all(map(is_chinese, stretch)):
        return ""
    return "".join(syllables(stretch))


def wanted(query: str, meanings: Mapping[str, Sequence[str]] = MappingProxyType({})) -> Wanted:
    """Read what somebody typed; `meanings` are the synonyms that its stretches have."""
    typed = _typed(query)
    key = typed.key
    if not key:
        return Wanted(letters="")
    rests, meant = _take_meanings(typed, meanings)
    parts = [*meant, *(part for rest in rests for part in _read(rest))]
    if not parts:
        parts = list(_read(key)) or [_Part(quoted(key), "", WORD, is_common=False)]
    telling = [part for part in parts if not part.is_common] or parts
    pairs = [pair for rest in rests or [key] for pair in _sound_pairs(rest)]
    whole = quoted("".join(syllables(key)))
    clues = [Clue(part.query, part.worth) for part in parts]
    clues += [Clue(part.in_name, IN_NAME) for part in parts if part.in_name]
    clues += [
        Clue(quoted(EXACTLY + key), WHOLE_KEYWORD),
        Clue(f"{quoted(EXACTLY + key)}:A", WHOLE_NAME),
        Clue(whole, WHOLE_SOUND / 2),
        Clue(f"{whole}:*", WHOLE_SOUND),
        *(Clue(pair, SOUND_PAIRS / len(pairs)) for pair in pairs),
    ]
    if not any(part.is_action for part in parts):
        clues.append(Clue(_any(map(quoted, ANEW)), FIRST_TIME))
    strict = [_all(part.query for part in parts), quoted(EXACTLY + key), f"{whole}:*"]
    if len(pairs) > 1:
        strict.append(_all(pairs))
    return Wanted(
        letters=key,
        clues=tuple(clues),
        strict=_any(strict),
        loose=_any([part.query for part in telling] + _telling_pairs(pairs)),
        floor=ENOUGH * min(part.worth for part in telling),
    )


def _take_meanings(
    typed: _Typed, meanings: Mapping[str, Sequence[str]]
) -> tuple[list[str], list[_Part]]:
    """Take the stretches that have a meaning out; what is left stays in its pieces."""
    left = list(typed.key)
    parts: list[_Part] = []
    for start, end, stretch in typed.stretches():
        known = stretch if stretch in meanings else _sound_of(stretch)
        if known not in meanings or TAKEN in left[start:end]:
            continue
        left[start:end] = TAKEN * (end - start)
        if meanings[known]:
            parts.append(_meant(stretch, meanings[known]))
    pieces = [TAKEN + letter if at in typed.gaps else letter for at, letter in enumerate(left)]
    return [rest for rest in "".join(pieces).split(TAKEN) if rest], parts


def _meant(stretch: str, meanings: Sequence[str]) -> _Part:
    phrases = [[word for word in words(one) if len(word) > 1] or [one] for one in meanings]
    is_common = all(word in COMMON for phrase in phrases for word in phrase)
    either = [_word(stretch), *(_all(map(quoted, phrase)) for phrase in phrases)]
    # The first meaning is the one that is meant most.
    first = _all(f"{quoted(word)}:A" for word in phrases[0])
    return _Part(
        _any(either),
        first,
        WEAK_MEANING if is_common else MEANING,
        is_common,
        is_action=any(word in ACTIONS for phrase in phrases for word in phrase),
    )


def _read(rest: str) -> Iterator[_Part]:
    for chinese, run in groupby(letters(rest), key=is_chinese):
        text = "".join(run)
        if not chinese:
            yield _latin(text)
            continue
        found = [word for word in dict.fromkeys(rjieba.cut(text)) if len(word) > 1]
        for word in found:
            is_common = word in COMMON
            yield _Part(
                _word(word),
                f"{quoted(word)}:A",
                WEAK_WORD if is_common else WORD,
                is_common,
                is_action=word in ACTIONS,
            )


def _word(word: str) -> str:
    """Ask for a word, or, of one that is cut otherwise in the name, for its pairs."""
    if len(word) < 3 or not all(map(is_chinese, word)):
        return quoted(word)
    pairs = [first + second for first, second in pairwise(word)]
    return _any([quoted(word), _all(map(quoted, pairs))])


def _latin(text: str) -> _Part:
    is_common = text in COMMON
    ways = [quoted(text) if is_common or text.isdigit() else f"{quoted(text)}:*"]
    sounds = split_syllables(text)
    if len(sounds) > 1:
        ways.append(_all(quoted(first + second) for first, second in pairwise(sounds)))
    return _Part(_any(ways), "", WEAK_WORD if is_common else WORD, is_common)


def _sound_pairs(rest: str) -> list[str]:
    sounds = [
        sound for one in syllables(letters(rest)) for sound in (split_syllables(one) or (one,))
    ]
    return [quoted(first + second) for first, second in pairwise(sounds)]


COMMON_SOUNDS = frozenset(
    quoted(first + second) for word in COMMON for first, second in pairwise(syllables(word))
)


def _telling_pairs(pairs: Sequence[str]) -> list[str]:
    """Two sounds in a row that a matter has both, and that few words have."""
    rare = [pair for pair in pairs if pair not in COMMON_SOUNDS]
    return [_all(both) for both in pairwise(rare)]


def _all(queries: Iterable[str]) -> str:
    return "(" + " & ".join(queries) + ")"


def _any(queries: Iterable[str]) -> str:
    return "(" + " | ".join(queries) + ")"
