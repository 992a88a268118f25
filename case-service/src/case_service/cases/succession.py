"""Which licence a case is about (证照承续): the one that it varies, renews or issues again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import party
from case_service.cases.case_body import CaseIn, EarlierLicence
from case_service.cases.tables import Case
from case_service.licences import service as licences
from case_service.licences.errors import LicenceNotSucceeded
from case_service.licences.rules import Term, is_in_time
from case_service.licences.vocabulary import LicenceOperation
from case_service.matters.rules import Matter, Result
from case_service.notices import service as notices
from case_service.notices.rules import NoticeKind
from tongban.clock import local_date
from tongban.context import Context
from tongban.problems import FieldError, Text, Where

__all__ = [
    "Before",
    "named_faults",
    "succession_at_owner",
    "succession_of",
    "tell_if_late",
    "term_before",
]

_NEEDED: Text = {
    "zh-CN": "请填写要变更、延续或补发的证照；本平台启用前核发的，填写 earlier_licence",
    "en": "tell which licence is to be varied, renewed or issued again; one that was not issued"
    " here is told as earlier_licence",
}
_UNASKED: Text = {
    "zh-CN": "该事项不涉及已有证照，请删去",
    "en": "the matter is not about a licence that there is: leave it out",
}
_ONE_OF_TWO: Text = {
    "zh-CN": "该证照要么由本平台核发，要么不是：predecessor_id 与 earlier_licence 只填一项",
    "en": "it was issued here or it was not: tell predecessor_id or earlier_licence, not both",
}
_NOT_YET: Text = {
    "zh-CN": "该证照尚未生效，请核对起始日期",
    "en": "the licence is not in force yet: check the day from which it is",
}


@dataclass(frozen=True)
class Before:
    """The licence that there is: its number, and until when it is valid."""

    number: str
    valid_until: date | None


def named_faults(body: CaseIn, matter: Matter, *, today: date) -> list[FieldError]:
    """Return what is wrong with the licence that is named, or that none is."""
    earlier, issued_here = body.earlier_licence, body.predecessor_id is not None
    is_first = _result_of(matter) is None
    pointer = "/predecessor_id" if earlier is None else "/earlier_licence"
    if is_first and (earlier is not None or issued_here):
        fault = _UNASKED
    elif earlier is not None and issued_here:
        fault = _ONE_OF_TWO
    elif not is_first and earlier is None and not issued_here:
        fault = _NEEDED
    elif earlier is not None and earlier.valid_from > today:
        pointer, fault = "/earlier_licence/valid_from", _NOT_YET
    else:
        return []
    return [Where.pointer(pointer, fault, "predecessor")]


async def succession_of(
    session: AsyncSession, context: Context, body: CaseIn, matter: Matter, *, today: date
) -> tuple[dict[str, Any], Before | None]:
    """Return the columns that name the licence, and it; nothing is read for a first one.

    Raises:
        LicenceNotFound: the applicant holds no such licence of this type.
        LicenceNotSucceeded: it is no longer in force, or was replaced.
    """
    result = _result_of(matter)
    if result is None or result.licence_type is None:
        return {}, None
    named: dict[str, Any] = {"licence_operation": result.operation}
    if body.earlier_licence is not None:
        return named, _earlier(body.earlier_licence, today)
    if body.predecessor_id is None:
        raise AssertionError("the faults tell that none is named")
    predecessor = await licences.require_predecessor(
        session,
        context,
        body.predecessor_id,
        identity=party.identity_of(body.applicant.model_dump(mode="json")),
        licence_type=result.licence_type,
        on=today,
    )
    before = Before(predecessor.number, predecessor.valid_until)
    return named | {"predecessor_id": predecessor.id}, before


def _result_of(matter: Matter) -> Result | None:
    """Return the result where it varies, renews or replaces a licence that there is."""
    # Whose licence a partner's matter is about, the partner knows.
    result = matter.content.licence if matter.mode is None else None
    is_first = result is None or result.operation is LicenceOperation.FIRST
    return None if is_first else result


async def succession_at_owner(
    session: AsyncSession,
    context: Context,
    applicant: Mapping[str, Any],
    matter: Matter,
    *,
    today: date,
) -> dict[str, Any]:
    """Return the columns for a case that another district took in: it knows no licence of ours.

    It is about the applicant's one licence of the matter's type. Of several nobody can tell here
    which is meant, nor of none: such a case results in a licence of its own.
    """
    result = _result_of(matter)
    if result is None or result.licence_type is None:
        return {}
    indexes = context.vault.blind_indexes(party.identity_of(applicant))
    held = await licences.valid_of_holder(session, indexes, {result.licence_type}, on=today)
    last = [one for one in held if one.invalid_from is None]
    if len(last) != 1:
        return {}
    return {"licence_operation": result.operation, "predecessor_id": last[0].id}


def _earlier(licence: EarlierLicence, today: date) -> Before:
    if licence.valid_until is not None and licence.valid_until < today:
        raise LicenceNotSucceeded(licence_number=licence.number)
    return Before(licence.number, licence.valid_until)


def term_before(whole: party.Party) -> Term | None:
    """Return the term of a licence that was not issued here, as the applicant told it."""
    told = whole.get("earlier_licence")
    if told is None:
        return None
    licence = EarlierLicence.model_validate(told)
    return Term(licence.valid_from, licence.valid_until)


def tell_if_late(session: AsyncSession, case: Case, before: Before | None) -> None:
    """Tell who applies for a renewal too late that silence will not renew his licence."""
    if before is None or before.valid_until is None:
        return
    is_renewal = case.licence_operation is LicenceOperation.RENEW
    if is_renewal and not is_in_time(local_date(case.submitted_at), before.valid_until):
        notices.tell(
            session,
            case,
            NoticeKind.RENEWAL_LATE,
            case.submitted_at,
            licence_number=before.number,
            valid_until=before.valid_until,
        )
