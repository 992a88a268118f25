"""How somebody is helped (帮办代办): what a helper needs before he goes along, or acts.

Pure: values in, values out.
"""

from datetime import date
from enum import StrEnum

from case_service.errors import (
    AuthorisationEnded,
    AuthorisationMissing,
    AuthorisationNotAsked,
    CaseFinished,
    DeciderMayNotHelp,
)
from tongban.problems import Where

__all__ = ["AssistanceMode", "AssistanceStep", "Authorisation", "check"]


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


_ASKED = {"zh-CN": "代办须填写", "en": "needed to act for somebody"}
_NOT_ASKED = {"zh-CN": "帮办无须授权，请留空", "en": "not needed to go along; leave it out"}


def check(
    *,
    mode: AssistanceMode,
    authorisation: Authorisation | None,
    until: date | None,
    today: date,
    is_finished: bool,
    helper: str,
    deciders: frozenset[str],
) -> None:
    """Refuse help that can't be given.

    Raises:
        AuthorisationMissing: to act for somebody, he has to have said so, until a date.
        AuthorisationNotAsked: to go along nobody gives away a right, so none is recorded.
        AuthorisationEnded: the date is past.
        CaseFinished: there is nothing left to help with.
        DeciderMayNotHelp: who reviewed or decided a case is not its helper.
    """
    given = {"/authorisation": authorisation, "/until": until}
    if mode is AssistanceMode.ACT_FOR and None in given.values():
        absent = [place for place, value in given.items() if value is None]
        raise AuthorisationMissing(errors=[Where.pointer(place, _ASKED) for place in absent])
    if mode is AssistanceMode.ASSIST and (authorisation or until):
        present = [place for place, value in given.items() if value is not None]
        raise AuthorisationNotAsked(errors=[Where.pointer(place, _NOT_ASKED) for place in present])
    if until is not None and until < today:
        raise AuthorisationEnded(until=until)
    if is_finished:
        raise CaseFinished
    if helper in deciders:
        raise DeciderMayNotHelp
