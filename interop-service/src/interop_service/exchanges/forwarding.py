"""Forwarding a case (转送): an exchange with its owner, in the joint mode one with each of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid5

import pydantic_core
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.exchanges import envelopes, moving, sending
from interop_service.exchanges.concert import Concert
from interop_service.exchanges.messages import JointPart, PackageMessage
from interop_service.exchanges.rules import MessageKind, Side, State
from interop_service.exchanges.tables import Exchange
from interop_service.files import outgoing
from interop_service.partners import service as partners
from interop_service.partners.rules import Mode, Way
from interop_service.partners.tables import MatterOffer
from tongban.clock import local_date
from tongban.context import Context
from tongban.ids import new_id
from tongban.objects import ClaimCheck

__all__ = ["FAILED_BY_AGREEMENT", "Forwarded", "prepare_package"]

FAILED_BY_AGREEMENT = "agreement-denies"


@dataclass(frozen=True)
class Forwarded:
    """What the near side's case tells of itself when it is forwarded."""

    exchange_id: UUID
    case_id: UUID
    number: str
    owner_district: str
    matter_code: str
    mode: str
    due_on: date | None
    package: ClaimCheck


async def prepare_package(session: AsyncSession, context: Context, given: Forwarded) -> None:
    """Open an exchange for a forwarded case, in the joint mode one with each of its owners.

    All are agreed upon, encrypted and ready to be sent, or none is.
    """
    at = context.clock()
    offer = await partners.offer_of(
        session, owner=given.owner_district, matter_code=given.matter_code
    )
    offers = {given.exchange_id: offer}
    is_joint = given.mode == Mode.JOINT
    for other in offer.joint_with if offer is not None and is_joint else ():
        # Named by the main one: the same step heard again makes the same parts.
        part_id = uuid5(given.exchange_id, other["district"])
        offers[part_id] = await partners.offer_of(
            session, owner=other["district"], matter_code=other["matter_code"]
        ) or MatterOffer(owner_district=other["district"], matter_code=other["matter_code"])
    main = _near_exchange(given, given.exchange_id, offer, is_joint=is_joint)
    await moving.open_with(session, context, main, at=at, due_on=given.due_on)
    denied = await _denials(session, given, offers, on=local_date(at))
    if denied:
        reason = f"{FAILED_BY_AGREEMENT}: {', '.join(denied)}"
        await sending.fail(session, context, Concert([main]), main, reason=reason, at=at)
        return
    rows = [main]
    for part_id, other_offer in list(offers.items())[1:]:
        part = _near_exchange(given, part_id, other_offer, is_joint=True)
        await moving.open_with(session, context, part, at=at, due_on=given.due_on)
        rows.append(part)
    content = json.loads(await context.collect(given.package))
    districts = [row.partner for row in rows]
    for row in rows:
        materials, files = await outgoing.named(
            session, context, row.partner, content.get("materials", ()), at=at
        )
        own = pydantic_core.to_json(
            {**content, "materials": materials, "matter_code": row.matter_code}
        )
        joint = JointPart(joint_id=main.id, districts=districts) if is_joint else None
        message = PackageMessage(
            **sending.addresses(row, context, at),
            agreement=row.agreement or "",
            mode=row.mode,
            matter_code=row.matter_code,
            near_number=given.number,
            near_case_id=given.case_id,
            forward_due_on=given.due_on,
            joint=joint,
            package=envelopes.encrypt(own, await sending.keys_of(session, row)),
        )
        sending.queue(
            session,
            context,
            row,
            MessageKind.PACKAGE,
            message,
            message_id=new_id(),
            at=at,
            files=files,
        )
        sending.note(session, row, "exchange.prepare")
    await session.flush()


def _near_exchange(
    given: Forwarded, exchange_id: UUID, offer: MatterOffer | None, *, is_joint: bool
) -> Exchange:
    matter: Mapping[str, Any] = (offer.matter if offer is not None else None) or {}
    return Exchange(
        id=exchange_id,
        side=Side.NEAR,
        partner=offer.owner_district if offer is not None else given.owner_district,
        agreement=offer.agreement if offer is not None else None,
        mode=Mode(given.mode),
        matter_code=offer.matter_code if offer is not None else given.matter_code,
        is_licence=matter.get("matter_type") == "licence",
        case_id=given.case_id,
        near_number=given.number,
        state=State.PREPARED,
        joint_id=given.exchange_id if is_joint else None,
    )


async def _denials(
    session: AsyncSession,
    given: Forwarded,
    offers: Mapping[UUID, MatterOffer | None],
    *,
    on: date,
) -> list[str]:
    """Return why this may not go; of a joint case's further districts, with their codes."""
    found: list[str] = []
    for exchange_id, offer in offers.items():
        is_main = exchange_id == given.exchange_id
        partner = offer.owner_district if offer is not None else given.owner_district
        denials = await partners.denials(
            session,
            way=Way.OUT,
            partner=partner,
            owner=partner,
            agreement=offer.agreement if offer is not None else None,
            matter_code=offer.matter_code if offer is not None else given.matter_code,
            mode=given.mode,
            on=on,
        )
        found += [denial if is_main else f"{partner} {denial}" for denial in denials]
    return found
