"""What a licence is (电子证照), what may become of it, and how it stands today.

Pure: values in, values out. One table says which act ends a licence in which state; API, refusals,
documents and tests come from it and from what `ENDINGS` says of each act.
"""

import calendar
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Final

from case_service.documents.wording import DocumentKind
from case_service.licences.vocabulary import (
    EndGround,
    LicenceAct,
    LicenceOperation,
    LicenceState,
    Standing,
)
from tongban import gb
from tongban.identity import Role
from tongban.problems import Text

__all__ = [
    "APPLY_BEFORE_DAYS",
    "CODE_ALPHABET",
    "ENDINGS",
    "ONE_DAY",
    "REMINDERS",
    "TRANSITIONS",
    "Ending",
    "LicenceState",
    "Standing",
    "Term",
    "acts_from",
    "compose",
    "effective_on",
    "grounds_for",
    "is_in_time",
    "last_day",
    "mask_holder",
    "may_be_succeeded",
    "new_verification_code",
    "next_day_due",
    "number_of",
    "read_code",
    "reminder_due",
    "standing_on",
    "term_of",
]

REMINDERS: Final = (90, 60)
"""So many days before its end the holder is reminded."""
APPLY_BEFORE_DAYS: Final = 30
"""行政许可法 Art. 50: so many days before its end, at the latest, a renewal is applied for."""
_LETTERS: Final = "ZZ"  # 证照
# Crockford's: no letter that is read for another one, as codes are typed from paper.
CODE_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH: Final = 20
ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Ending:
    """One act that ends a licence: by which law, by whom, on what grounds, from when."""

    law: Text
    roles: frozenset[Role]
    grounds: tuple[EndGround, ...]
    document: DocumentKind
    from_the_beginning: bool = False
    """It counts as if the licence had never been."""
    owes_compensation: bool = False


ENDINGS: Mapping[LicenceAct, Ending] = MappingProxyType(
    {
        LicenceAct.CANCEL: Ending(
            law={
                "zh-CN": "《行政许可法》第七十条",
                "en": "Administrative Licensing Law, Art. 70",
            },
            roles=frozenset({Role.REVIEWER, Role.APPROVER}),
            grounds=(
                EndGround.NOT_RENEWED,
                EndGround.DEATH,
                EndGround.DISSOLVED,
                EndGround.ENDED_BEFORE,
                EndGround.FORCE_MAJEURE,
                EndGround.GIVEN_UP,
            ),
            document=DocumentKind.LICENCE_CANCELLATION,
        ),
        LicenceAct.RESCIND: Ending(
            law={
                "zh-CN": "《行政许可法》第六十九条",
                "en": "Administrative Licensing Law, Art. 69",
            },
            roles=frozenset({Role.APPROVER, Role.SUPERVISOR}),
            grounds=(
                EndGround.ABUSE_OF_OFFICE,
                EndGround.BEYOND_POWERS,
                EndGround.WRONG_PROCEDURE,
                EndGround.NOT_ELIGIBLE,
                EndGround.FRAUD,
            ),
            document=DocumentKind.LICENCE_RESCISSION,
            from_the_beginning=True,
        ),
        LicenceAct.WITHDRAW: Ending(
            law={
                "zh-CN": "《行政许可法》第八条第二款",
                "en": "Administrative Licensing Law, Art. 8(2)",
            },
            roles=frozenset({Role.APPROVER}),
            grounds=(EndGround.LAW_CHANGED, EndGround.FACTS_CHANGED),
            document=DocumentKind.LICENCE_WITHDRAWAL,
            owes_compensation=True,
        ),
        LicenceAct.REVOKE: Ending(
            law={
                "zh-CN": "《行政处罚法》第九条第三项",
                "en": "Administrative Penalty Law, Art. 9(3)",
            },
            roles=frozenset({Role.APPROVER}),
            grounds=(EndGround.PENALTY,),
            document=DocumentKind.LICENCE_REVOCATION,
        ),
    }
)

_ENDED: Final = (LicenceState.RESCINDED, LicenceState.WITHDRAWN, LicenceState.REVOKED)

TRANSITIONS: Mapping[tuple[LicenceState, LicenceAct], LicenceState] = MappingProxyType(
    {
        (LicenceState.VALID, LicenceAct.CANCEL): LicenceState.CANCELLED,
        (LicenceState.VALID, LicenceAct.RESCIND): LicenceState.RESCINDED,
        (LicenceState.VALID, LicenceAct.WITHDRAW): LicenceState.WITHDRAWN,
        (LicenceState.VALID, LicenceAct.REVOKE): LicenceState.REVOKED,
        # Struck off the register after it was ended: what ended it stays to be seen.
        **{(state, LicenceAct.CANCEL): state for state in _ENDED},
    }
)


def acts_from(state: LicenceState, *, is_struck_off: bool) -> list[LicenceAct]:
    """Return the acts that end a licence in this state; none where it is struck off already."""
    return [] if is_struck_off else [act for source, act in TRANSITIONS if source is state]


def grounds_for(act: LicenceAct, state: LicenceState) -> tuple[EndGround, ...]:
    """Return the grounds an act may rest on: what was ended is struck off on that ground alone."""
    grounds = ENDINGS[act].grounds
    was_ended = state is not LicenceState.VALID
    return tuple(one for one in grounds if (one is EndGround.ENDED_BEFORE) is was_ended)


def effective_on(act: LicenceAct, *, valid_from: date, today: date) -> date:
    """Return from which day the licence is not valid any more."""
    return valid_from if ENDINGS[act].from_the_beginning else today


@dataclass(frozen=True)
class Term:
    """From when until when a licence is valid; no end where `valid_until` is null."""

    valid_from: date
    valid_until: date | None


def term_of(
    operation: LicenceOperation,
    *,
    today: date,
    months: int | None,
    before: Term | None = None,
    deemed_from: date | None = None,
) -> Term:
    """Return the term of a licence that is issued today; `before` is its predecessor's.

    A renewal begins where the predecessor ends; one that was deemed granted (Art. 50), from
    `deemed_from`, keeps the term that it was deemed to have. A variation and a reissue change no
    date.
    """
    if operation is LicenceOperation.FIRST or before is None:
        return Term(today, last_day(today, months))
    if operation is not LicenceOperation.RENEW or deemed_from is not None:
        return Term(max(today, before.valid_from), before.valid_until)
    if before.valid_until is None:
        return Term(today, None)
    begins = max(today, before.valid_until + ONE_DAY)
    return Term(begins, last_day(begins, months))


def may_be_succeeded(
    state: LicenceState, *, invalid_from: date | None, valid_until: date | None, on: date
) -> bool:
    """Tell whether a licence can be varied, renewed or issued again: it is valid, and the last."""
    is_last = state is LicenceState.VALID and invalid_from is None
    return is_last and (valid_until is None or on <= valid_until)


def is_in_time(applied_on: date, valid_until: date) -> bool:
    """Tell whether a renewal was applied for in time (行政许可法 Art. 50)."""
    return applied_on <= valid_until - timedelta(days=APPLY_BEFORE_DAYS)


def reminder_due(today: date, valid_until: date, reminded_days: int | None) -> int | None:
    """Return which reminder is owed today, if any: of two that were missed, the later one."""
    if today > valid_until:
        return None
    reached = [days for days in REMINDERS if today >= valid_until - timedelta(days=days)]
    if not reached or (reminded_days is not None and reminded_days <= min(reached)):
        return None
    return min(reached)


def next_day_due(
    today: date, *, valid_until: date | None, invalid_from: date | None
) -> date | None:
    """Return the next day after today on which something is due for a licence, if any."""
    if invalid_from is not None:
        return invalid_from if invalid_from > today else None
    if valid_until is None:
        return None
    days = [valid_until - timedelta(days=days) for days in REMINDERS] + [valid_until + ONE_DAY]
    return min((day for day in days if day > today), default=None)


def number_of(*, district: str, year: int, running: int) -> str:
    """Return the licence's number (证照编号), such as 610171-ZZ-2026-000045."""
    return f"{district}-{_LETTERS}-{year}-{running:06}"


def new_verification_code() -> str:
    """Return a code that nobody guesses: a hundred bits."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(_CODE_LENGTH))


def read_code(typed: str) -> str:
    """Return a verification code as it is stored, however it was typed."""
    return typed.upper().replace("-", "").replace("O", "0").replace("I", "1").replace("L", "1")


def last_day(valid_from: date, months: int | None) -> date | None:
    """Return the last day of a validity of `months`; None where it has no end."""
    if months is None:
        return None
    year, month = divmod(valid_from.year * 12 + valid_from.month - 1 + months, 12)
    month += 1
    days_in_month = calendar.monthrange(year, month)[1]
    if valid_from.day > days_in_month:
        return date(year, month, days_in_month)
    return date(year, month, valid_from.day) - timedelta(days=1)


def standing_on(
    day: date,
    *,
    state: LicenceState,
    valid_until: date | None,
    valid_from: date | None = None,
    invalid_from: date | None = None,
) -> Standing:
    """Return how a licence stands on `day`: an ended one never counts as merely expired."""
    if state is not LicenceState.VALID:
        return Standing(state.value)
    if invalid_from is not None and day >= invalid_from:
        return Standing.SUPERSEDED
    if valid_from is not None and day < valid_from:
        return Standing.NOT_YET_VALID
    if valid_until is not None and day > valid_until:
        return Standing.EXPIRED
    return Standing.VALID


def mask_holder(holder: Mapping[str, str]) -> str:
    """Return the holder's name as anybody may see it; a firm's is public, a person's is masked."""
    name = holder.get("name", "")
    return name if "credit_code" in holder else gb.mask_name(name)


def compose(
    *,
    number: str,
    verification_code: str,
    licence_type: str,
    name: str,
    district: str,
    body: str,
    case_number: str,
    holder: Mapping[str, str],
    valid_from: date,
    valid_until: date | None,
    status: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the licence's content, as yet without its seal.

    `status` says where the status list is that tells whether the licence still stands.
    """
    return {
        "number": number,
        "kind": "licence",
        "verification_code": verification_code,
        "licence_type": licence_type,
        "name": name,
        "issued_by": {"district": district, "body": body},
        "case_number": case_number,
        "holder": dict(holder),
        "valid_from": valid_from.isoformat(),
        "valid_until": valid_until.isoformat() if valid_until else None,
        **({"status": dict(status)} if status else {}),
    }
