"""Handing a result over (送达): what the `deliver` action of a case does to its deliveries."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.tables import Case
from case_service.consents import service as consents
from case_service.consents.rules import Purpose
from case_service.deliveries import rules, store
from case_service.deliveries.errors import DeliveryDetailMissing
from case_service.deliveries.rules import DeliveryState, DeliveryStep, DeliveryWay, Direction
from case_service.deliveries.tables import Delivery
from case_service.documents.wording import DocumentKind
from tongban.clock import local_date
from tongban.context import Context
from tongban.ids import new_id
from tongban.problems import Where
from tongban.vault import Vault

__all__ = ["complete", "opened", "proof_facts", "require_consent", "results_of", "sealed"]

_VAULT: Final = "deliveries.recipient"
_RESULTS: Final = frozenset({DocumentKind.DECISION, DocumentKind.DECLINE, DocumentKind.TERMINATION})


def sealed(vault: Vault, recipient: Mapping[str, Any]) -> bytes:
    """Encrypt who it goes to."""
    known = {name: value for name, value in recipient.items() if value is not None}
    return vault.seal(json.dumps(known, ensure_ascii=False), context=_VAULT)


def opened(vault: Vault, content: bytes | None) -> dict[str, str]:
    """Return who it goes to, and who signed for it."""
    if content is None:
        return {}
    told: dict[str, str] = json.loads(vault.open(content, context=_VAULT))
    return told


def results_of(case: Case) -> list[str]:
    """Return the numbers of what a case resulted in: its decision, its licence."""
    numbers = [one["number"] for one in case.documents if one["kind"] in _RESULTS]
    return [*numbers, case.licence_number] if case.licence_number else numbers


async def require_consent(session: AsyncSession, case: Case, at: datetime) -> Any:
    """Return the applicant's consent to delivery online.

    Raises:
        ConsentMissing: he gave none.
    """
    consent = await consents.require(
        session,
        subject=case.applicant_subject,
        identity_index=case.identity_index,
        purpose=Purpose.DELIVER_ONLINE,
        scope=case.number,
        at=at,
    )
    return consent.id


async def complete(
    session: AsyncSession,
    context: Context,
    case: Case,
    *,
    way: str | None,
    recipient: str,
    at: datetime,
    by: str,
) -> Delivery:
    """Note that the applicant has it: what was on its way, or what is handed to him right now.

    A new row is the caller's to add, once it has read all that it needs.

    Raises:
        DeliveryDetailMissing: no such way, or one that is prepared before it is done.
        DeliveryStepNotAllowed: it is prepared, but was not sent.
        ConsentMissing: online, without the applicant's consent.
    """
    delivery = await store.under_way(session, case.id)
    if delivery is None:
        return await _at_once(session, context, case, way=way, recipient=recipient, at=at, by=by)
    delivery.state = rules.advance(delivery.state, delivery.way, DeliveryStep.CONFIRM)
    delivery.delivered_at, delivery.confirmed_by, delivery.next_due_at = at, by, None
    known = opened(context.vault, delivery.sealed_recipient)
    delivery.sealed_recipient = sealed(context.vault, {**known, "signed_by": recipient})
    return delivery


async def _at_once(
    session: AsyncSession,
    context: Context,
    case: Case,
    *,
    way: str | None,
    recipient: str,
    at: datetime,
    by: str,
) -> Delivery:
    known = rules.way_called(way)
    if known not in (DeliveryWay.COUNTER, DeliveryWay.ONLINE):
        remedy = {
            "zh-CN": "请用 counter 或 online；邮寄、自助柜、合作区代送请先登记送达并寄出",
            "en": "counter or online; post, locker or partner are prepared and sent first",
        }
        raise DeliveryDetailMissing(errors=[Where.pointer("/way", remedy, "way")])
    is_online = known is DeliveryWay.ONLINE
    return Delivery(
        id=new_id(),
        case_id=case.id,
        direction=Direction.TO_APPLICANT,
        way=known,
        state=DeliveryState.DELIVERED,
        things=results_of(case),
        due_on=case.issue_due_on,
        sealed_recipient=sealed(context.vault, {"name": recipient, "signed_by": recipient}),
        consent_id=await require_consent(session, case, at) if is_online else None,
        prepared_at=at,
        prepared_by=by,
        sent_at=at,
        delivered_at=at,
        confirmed_by=by,
    )


def proof_facts(delivery: Delivery, *, recipient: str, at: datetime) -> dict[str, Any]:
    """Return what the proof of service tells."""
    return {
        "served": list(delivery.things) or None,
        "way": delivery.way.value,
        "tracking_number": delivery.tracking_number,
        "recipient": recipient,
        "served_on": local_date(at),
    }
