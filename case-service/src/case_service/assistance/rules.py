"""How somebody is helped (帮办代办): what whoever helps, or acts, needs before he does.

Pure: values in, values out.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from case_service.assistance.errors import (
    AuthorityDatesWrong,
    AuthorityEnded,
    AuthorityEvidenceMissing,
    AuthorityMissing,
    AuthorityOutOfScope,
)
from case_service.errors import (
    AuthorisationEnded,
    AuthorisationMissing,
    AuthorisationNotAsked,
    CaseFinished,
    DeciderMayNotHelp,
)
from tongban.problems import Where

__all__ = [
    "ACTED_FOR",
    "AssistanceMode",
    "AssistanceStep",
    "Authorisation",
    "AuthorityKind",
    "Granted",
    "check",
    "check_authority",
    "require",
]


class AssistanceMode(StrEnum):
    ASSIST = "assist"  # 帮办
    ACT_FOR = "act_for"  # 代办


class AssistanceStep(StrEnum):
    GUIDE = "guide"  # 引导
    FILL_IN = "fill_in"  # 填表
    COPY = "copy"  # 复印
    PRINT = "print"  # 打印


class Authorisation(StrEnum):
    PAPER = "paper"  # 纸质委托书
    FINGERPRINT = "fingerprint"  # 指纹
    ONLINE = "online"  # 网上授权


class AuthorityKind(StrEnum):
    AGENT = "agent"  # 委托代理
    FAMILY = "family"  # 亲友代办


LONGEST_YEARS: Final = 5
ACTED_FOR: Final = frozenset({"correct", "withdraw"})
"""What a helper does in the applicant's stead, which going along does not allow."""

_ASKED = {"zh-CN": "代办须填写", "en": "needed to act for somebody"}
_NOT_ASKED = {"zh-CN": "帮办无须授权，请留空", "en": "not needed to go along; leave it out"}
_EVIDENCE = {
    "zh-CN": "纸质或指纹授权须填写凭证编号",
    "en": "on paper or by fingerprint, name what is kept",
}


@dataclass(frozen=True, kw_only=True)
class Granted:
    """One right to act: for which matters and actions (none named: all), and when."""

    matters: Collection[str] = ()
    actions: Collection[str] = ()
    valid_from: date
    until: date
    is_revoked: bool = False

    def is_in_force(self, today: date) -> bool:
        """Whether it holds today; its last day is one of its days."""
        return not self.is_revoked and self.valid_from <= today <= self.until

    def covers(self, *, matter: str, action: str) -> bool:
        """Whether it reaches this action in this matter."""
        is_matter = not self.matters or matter in self.matters
        return is_matter and (not self.actions or action in self.actions)


def require(granted: Collection[Granted], *, matter: str, action: str, today: date) -> None:
    """Refuse to act for somebody without a right that is in force and reaches so far.

    Raises:
        AuthorityMissing: there is none.
        AuthorityOutOfScope: what is in force is for something else.
        AuthorityEnded: it is over, revoked, or has not begun.
    """
    fitting = [one for one in granted if one.covers(matter=matter, action=action)]
    if any(one.is_in_force(today) for one in fitting):
        return
    if not granted:
        raise AuthorityMissing(action=action)
    if fitting:
        last = max(fitting, key=lambda one: one.until)
        raise AuthorityEnded(action=action, valid_from=last.valid_from, until=last.until)
    raise AuthorityOutOfScope(action=action, matter_code=matter)


def check_authority(
    *, way: Authorisation, evidence: str | None, valid_from: date, until: date, today: date
) -> None:
    """Refuse an authority that would prove nothing, or never hold.

    Raises:
        AuthorityEvidenceMissing, AuthorityDatesWrong
    """
    _check_evidence(way, evidence)
    is_too_long = (until - valid_from).days > LONGEST_YEARS * 366
    if until < max(today, valid_from) or is_too_long:
        raise AuthorityDatesWrong(years=LONGEST_YEARS)


def check(
    *,
    mode: AssistanceMode,
    authorisation: Authorisation | None,
    evidence: str | None = None,
    until: date | None,
    today: date,
    is_finished: bool,
    helper: str,
    deciders: frozenset[str],
) -> None:
    """Refuse help that can't be given.

    Raises:
        AuthorisationMissing: to act for somebody, he has to have said so, until a date.
        AuthorityEvidenceMissing: on paper or by fingerprint there is something to keep.
        AuthorisationNotAsked: to go along nobody gives away a right, so none is recorded.
        AuthorisationEnded: the date is past.
        CaseFinished: there is nothing left to help with.
        DeciderMayNotHelp: who reviewed or decided a case is not its helper.
    """
    given: dict[str, object] = {"/authorisation": authorisation, "/until": until}
    if mode is AssistanceMode.ACT_FOR and None in given.values():
        absent = [place for place, value in given.items() if value is None]
        raise AuthorisationMissing(errors=[Where.pointer(place, _ASKED) for place in absent])
    if mode is AssistanceMode.ASSIST and any((authorisation, until, evidence)):
        given["/evidence"] = evidence
        present = [place for place, value in given.items() if value is not None]
        raise AuthorisationNotAsked(errors=[Where.pointer(place, _NOT_ASKED) for place in present])
    if authorisation is not None:
        _check_evidence(authorisation, evidence)
    if until is not None and until < today:
        raise AuthorisationEnded(until=until)
    if is_finished:
        raise CaseFinished
    if helper in deciders:
        raise DeciderMayNotHelp


def _check_evidence(way: Authorisation, evidence: str | None) -> None:
    if way is not Authorisation.ONLINE and evidence is None:
        raise AuthorityEvidenceMissing(errors=[Where.pointer("/evidence", _EVIDENCE, "missing")])
