"""What can be read out to the old and understood (语音播报规则).

Pure. A sentence is short, says one thing, and holds no brackets and no abbreviations: a voice
reads those badly and an ear takes them for noise.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "MOST_HAN",
    "MOST_WORDS",
    "Fault",
    "Faulty",
    "Language",
    "Spoken",
    "announced",
    "check",
    "usual_for_matter",
    "usual_for_site",
]

MOST_HAN = 20
"""Characters of a Chinese sentence, its last mark not counted."""
MOST_WORDS = 12
"""Words of an English one."""

_BRACKETS = re.compile(r"[()\[\]{}<>（）【】\u3014\u3015《》「」“”\"]")
# Two capitals or more, single letters with dots, a word with a dot in it: spelt, not spoken.
_ABBREVIATION = re.compile(r"[A-Z]{2,}|\b(?:[A-Za-z]\.){2,}|\b(?:etc|No|Rd|St|Dept|approx)\.")
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_MARKS = ("。", "！", "？")
_ENDS = (".", "!", "?")
_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")


class Language(StrEnum):
    """In which the text is read out."""

    ZH = "zh"  # 中文
    EN = "en"  # 英文


class Fault(StrEnum):
    """Why a sentence is not fit to be read out."""

    TOO_LONG = "too_long"  # 句子过长
    BRACKETS = "brackets"  # 含括号
    ABBREVIATION = "abbreviation"  # 含缩写
    UNENDED = "unended"  # 缺句末标点
    SEVERAL = "several"  # 一条多句
    FOREIGN = "foreign"  # 语种不符


@dataclass(frozen=True, slots=True)
class Faulty:
    """A sentence that is not fit, by its place, and why."""

    nth: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class Spoken:
    """Sentences to be read out, one after the other."""

    zh: tuple[str, ...] = ()
    en: tuple[str, ...] = ()

    def __add__(self, other: "Spoken") -> "Spoken":
        return Spoken(self.zh + other.zh, self.en + other.en)


def check(sentences: Iterable[str], language: Language) -> list[Faulty]:
    """Return what keeps the sentences from being read out."""
    return [
        Faulty(nth, fault)
        for nth, sentence in enumerate(sentences)
        for fault in _faults(sentence, language)
    ]


def _faults(sentence: str, language: Language) -> list[Fault]:
    ends = _MARKS if language is Language.ZH else _ENDS
    body = sentence.rstrip("".join(ends))
    length = len(body) if language is Language.ZH else len(body.split())
    most = MOST_HAN if language is Language.ZH else MOST_WORDS
    is_foreign = (
        _HAN.search(sentence) is None or _LATIN_WORD.search(sentence) is not None
        if language is Language.ZH
        else _HAN.search(sentence) is not None
    )
    found = {
        Fault.TOO_LONG: length > most,
        Fault.BRACKETS: _BRACKETS.search(sentence) is not None,
        Fault.ABBREVIATION: _ABBREVIATION.search(sentence) is not None,
        Fault.UNENDED: not sentence.endswith(ends),
        Fault.SEVERAL: any(mark in body for mark in ends),
        Fault.FOREIGN: is_foreign,
    }
    return [fault for fault, is_so in found.items() if is_so]


def announced(number: str, window_number: str | None) -> Spoken:
    """Return how a called ticket is told: digits one by one, as they stand on the ticket."""
    zh, en = _spelt(number), " ".join(number.replace("-", " "))
    if window_number is None:
        return Spoken((f"请{zh}号。",), (f"Number {en}, please.",))
    return Spoken(
        (f"请{zh}号，到{_spelt(window_number)}窗口。",),
        (f"Number {en}, window {' '.join(window_number.replace('-', ' '))}.",),
    )


def _spelt(number: str) -> str:
    return number.replace("-", "").translate(_DIGITS)


def usual_for_site(name: str, *, has_green_channel: bool, accepts_cash: bool) -> Spoken:
    """Return what a site without a text of its own says."""
    # A name in brackets or with a long tail is no name for the ear.
    short = _BRACKETS.split(name)[0][: MOST_HAN - 4]
    zh, en = [f"这里是{short}。"], ["Welcome."]
    if has_green_channel:
        zh += ["六十岁以上老人先办。"]
        en += ["People over sixty go first."]
    zh += ["不会用手机，也能办。"]
    en += ["You do not need a phone."]
    if accepts_cash:
        zh += ["可以付现金。"]
        en += ["You can pay in cash."]
    return Spoken(tuple(zh), tuple(en))


def usual_for_matter(depth: Sequence[str], *, is_at_window: bool) -> Spoken:
    """Return what is said of a matter at a site that has no text of its own for it."""
    zh, en = [], []
    if "decide" in depth:
        zh, en = ["这件事当场能办好。"], ["This is done while you wait."]
    elif "receive" in depth:
        zh, en = ["这件事在这里交材料。"], ["Hand in your papers here."]
    elif "inform" in depth:
        zh, en = ["这件事在这里可以问。"], ["You can ask about this here."]
    if is_at_window and {"decide", "receive"} & set(depth):
        zh += ["请带好身份证。", "填表有人帮您。"]
        en += ["Please bring your identity card.", "Somebody helps you with the form."]
    if "print" in depth:
        zh += ["结果可以在这里打印。"]
        en += ["You can have the result printed here."]
    return Spoken(tuple(zh), tuple(en))
