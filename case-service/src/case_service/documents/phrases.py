"""What templates are made of (文书用语): sentences in both languages, and those they share."""

from dataclasses import dataclass

from tongban.conditions import Condition, parse

__all__ = [
    "ADDRESS",
    "BASIS",
    "DECLINED",
    "DENIED",
    "GRANTED",
    "IS_LICENCE",
    "PROVISIONAL",
    "REASON",
    "REMEDIES_LICENCE",
    "REMEDIES_OTHER",
    "REMEDIES_OWN",
    "WITHDRAWN",
    "Title",
    "Wording",
    "Words",
]


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence in both languages, and when it is told."""

    zh: str
    en: str
    when: Condition | None = None
    is_optional: bool = False
    """Left out where its facts are absent; without any other line there is no document."""


Title = Words


@dataclass(frozen=True, slots=True)
class Wording:
    """One kind of document: the letters in its number, its titles, its lines."""

    letters: str
    titles: tuple[Title, ...]
    """The first whose condition holds; where none does, the document is not drawn up."""
    lines: tuple[Words, ...]


IS_LICENCE = parse({"fact": "matter_type", "is": "licence"})
_NO_LICENCE = parse({"not": IS_LICENCE})
GRANTED = parse({"fact": "outcome", "is": "granted"})
_NOT_GRANTED = parse({"not": GRANTED})
DENIED = parse({"fact": "outcome", "is": "denied"})
DECLINED = parse({"fact": "outcome", "is": "declined"})
_HAS_REMEDIES = parse({"fact": "has_remedies", "is": True})
WITHDRAWN = parse({"fact": "outcome", "is": "withdrawn"})

ADDRESS = Words("{applicant_name}：", "To {applicant_name}:")
REASON = Words("理由：{reason}", "Reason: {reason}", _NOT_GRANTED)
BASIS = Words("依据：{legal_basis}。", "Legal basis: {legal_basis}.", is_optional=True)
# 行政许可法 Art. 38; 行政复议法 Art. 20: sixty days; 行政诉讼法 Art. 46: six months.
REMEDIES_LICENCE = Words(
    "如不服本决定，可以自收到之日起六十日内依法申请行政复议，"
    "或者自收到之日起六个月内依法向人民法院提起行政诉讼（《中华人民共和国行政许可法》第三十八条）。",
    "Whoever disagrees may apply for administrative review within sixty days of receiving this, or"
    " bring a suit before the people's court within six months (Administrative Licensing Law,"
    " Article 38).",
    parse({"all": [IS_LICENCE, _NOT_GRANTED]}),
)
REMEDIES_OTHER = Words(
    "如不服本决定，可以自收到之日起六十日内依法申请行政复议，"
    "或者自收到之日起六个月内依法向人民法院提起行政诉讼。",
    "Whoever disagrees may apply for administrative review within sixty days of receiving this, or"
    " bring a suit before the people's court within six months.",
    parse({"all": [_NO_LICENCE, _NOT_GRANTED, {"not": _HAS_REMEDIES}]}),
)
# A matter that is no licence tells the ways that its own basis gives, where its version has them.
REMEDIES_OWN = Words(
    "{remedies}",
    "{remedies}",
    parse({"all": [_NO_LICENCE, _NOT_GRANTED, _HAS_REMEDIES]}),
    is_optional=True,
)
PROVISIONAL = Words(
    "上述期限涉及的年度节假日安排尚未公布，公布后据实调整并另行告知。",
    "The holidays of a year that these dates fall in are not published yet; the dates will be"
    " adjusted once they are, and you will be told.",
    parse({"fact": "is_provisional", "is": True}),
)
