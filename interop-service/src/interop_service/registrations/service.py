"""Use cases of changes to partners: asked for, entered, approved, refused; keys rotated."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.errors import (
    AlreadyRegistered,
    MessageUnreadable,
    SenderMismatch,
    SignatureInvalid,
    WrongDistrict,
)
from interop_service.exchanges import posting, signatures
from interop_service.exchanges import service as exchanges
from interop_service.exchanges.posting import Unproven
from interop_service.exchanges.proof import SignedMessage
from interop_service.exchanges.protocol import PROTOCOL, TREE
from interop_service.exchanges.signatures import SignedRequest
from interop_service.keys import KeySetUnusable, PartnerKeys, own_keys
from interop_service.partners import service as partners
from interop_service.partners.rules import PartnerState
from interop_service.partners.schemas import PartnerIn
from interop_service.partners.tables import Partner
from interop_service.refusals import ChangeNotFound, KeysUnusable, PartnerNotActive
from interop_service.registrations import rules, store
from interop_service.registrations.rules import ChangeState, ChangeStep, Origin
from interop_service.registrations.schemas import (
    ApplicationIn,
    ApplicationRead,
    KeysMessage,
    KeysTaken,
    RegistrationMessage,
)
from interop_service.registrations.tables import PartnerChange
from interop_service.suites import Suite
from tongban import audit, gb
from tongban.context import Context
from tongban.etags import require_match
from tongban.ids import new_id

__all__ = [
    "announce_keys",
    "apply_to",
    "ask",
    "changes_page",
    "decide",
    "enter",
    "rotate_keys",
]

OVERLAP: Final = timedelta(days=7)
"""How long a key that left a partner's set still counts: what is under way was signed by it."""


async def enter(
    session: AsyncSession, given: PartnerIn, *, actor: str, if_match: str | None
) -> PartnerChange:
    """Keep a change that another administrator is to approve.

    Raises:
        KeysUnusable: 422.
        StaleVersion: 412.
    """
    if given.keys is not None:
        _require_usable(given.keys)
    known = await partners.known(session, given.district)
    if known is not None:
        require_match(known.version, if_match)
    row = PartnerChange(
        district=given.district,
        origin=Origin.ADMINISTRATOR,
        content=given.model_dump(mode="json"),
        state=ChangeState.ENTERED,
        entered_by=actor,
    )
    session.add(row)
    _note(session, row, "partner_change.enter", actor=actor)
    await session.flush()
    return row


async def ask(
    session: AsyncSession,
    context: Context,
    request: SignedRequest,
    body: bytes,
    *,
    sender: str,
    at: datetime,
) -> PartnerChange:
    """Keep what a district asks for that is no partner yet; it proves that it has its keys.

    Raises:
        MessageUnreadable, KeysUnusable: 422.
        SignatureInvalid, MessageExpired: 401.
        DigestMismatch: 400.
        SenderMismatch: 403.
        WrongDistrict: 421.
        AlreadyRegistered: 409.
    """
    try:
        message = RegistrationMessage.model_validate_json(body)
    except ValidationError as fault:
        names = ", ".join("/".join(map(str, error["loc"])) for error in fault.errors()[:10])
        raise MessageUnreadable(reason=names) from None
    if message.to_district != context.settings.district:
        raise WrongDistrict(district=context.settings.district)
    if not sender == message.from_district == message.partner.district:
        raise SenderMismatch(signed_by=sender, named=message.from_district)
    if message.partner.keys is None or message.partner.endpoint is None:
        raise SignatureInvalid(reason="the request carries no keys or no endpoint")
    signatures.verify(request, body, keys=_require_usable(message.partner.keys).signing, at=at)
    if await partners.active_partner(session, sender) is not None:
        raise AlreadyRegistered(district=sender)
    row = await store.lock_asked(session, sender)
    if row is None:
        row = PartnerChange(
            district=sender, origin=Origin.PARTNER, state=ChangeState.ASKED, content={}
        )
        session.add(row)
    row.content = message.partner.model_dump(mode="json")
    _note(session, row, "partner_change.ask", actor=f"district:{sender}")
    await session.flush()
    return row


async def decide(
    session: AsyncSession,
    change_id: UUID,
    step: ChangeStep,
    *,
    actor: str,
    at: datetime,
    reason: str | None = None,
) -> PartnerChange:
    """Endorse, approve or refuse a change; an approved one counts at once.

    Raises:
        ChangeNotFound: 404.
        ChangeDecided: 409.
        SecondPersonNeeded: 403.
    """
    row = await store.lock_change(session, change_id)
    if row is None:
        raise ChangeNotFound
    row.state = rules.advance(row.state, step, entered_by=row.entered_by, actor=actor)
    if step is ChangeStep.ENDORSE:
        row.entered_by = actor
    else:
        row.decided_by, row.decided_at, row.reason = actor, at, reason
    if row.state is ChangeState.APPROVED:
        given = PartnerIn.model_validate(row.content)
        partner = await partners.register(session, given, actor=actor)
        if partner.state is PartnerState.ACTIVE:
            await exchanges.compare_from_now(session, partner.district, at=at)
    _note(session, row, f"partner_change.{step}", actor=actor)
    await session.flush()
    return row


async def changes_page(
    session: AsyncSession, paging: Any, *, state: ChangeState | None
) -> Sequence[PartnerChange]:
    return await store.changes_page(session, paging, state=state)


async def rotate_keys(
    session: AsyncSession, signed: SignedMessage, *, own_district: str, at: datetime
) -> KeysTaken:
    """Take a partner's new key set, proven by a key known so far; its seals wait for two persons.

    A seal vouches for decisions, a message key only for the post: the one never brings the other.

    Raises:
        MessageUnreadable, KeysUnusable: 422.
    """
    signed.require_addressed(own_district)
    try:
        message = KeysMessage.model_validate_json(signed.body)
    except ValidationError:
        raise MessageUnreadable(reason="keys") from None
    found = _require_usable(message.keys)
    row = await partners.locked(session, signed.sender)
    before = {jwk["kid"]: jwk for jwk in (row.keys or {}).get("keys", [])}
    new = {jwk["kid"]: jwk for jwk in message.keys["keys"]}
    waiting = [kid for kid in found.seal if before.get(kid) != new[kid]]
    seals = set(PartnerKeys.from_jwks(row.keys or {}).seal)
    end = int((at + OVERLAP).timestamp())
    kept = [
        jwk if kid in seals else jwk | {"exp": min(jwk.get("exp", end), end)}
        for kid, jwk in before.items()
        if kid not in new and (kid in seals or jwk.get("exp", end) > at.timestamp())
    ]
    kept += [before[kid] for kid in seals if kid in new]
    taken = [kid for kid in new if kid not in found.seal]
    row.keys = {"keys": [*kept, *(new[kid] for kid in taken)]}
    partners.tell_partner(session, row)
    if waiting:
        content = _as_given(row) | {"keys": message.keys}
        change = PartnerChange(
            district=row.district, origin=Origin.PARTNER, state=ChangeState.ASKED, content=content
        )
        session.add(change)
    audit.note(
        session,
        actor=f"district:{signed.sender}",
        action="partner.rotate_keys",
        subject=row.district,
        payload={"taken": taken, "waiting": waiting},
    )
    await session.flush()
    return KeysTaken(taken=taken, waiting=waiting)


async def announce_keys(
    session: AsyncSession, context: Context, district: str, *, at: datetime
) -> KeysTaken:
    """Send a partner our key set as it is in our files now, signed by a key that it knows.

    Raises:
        PartnerNotFound: 404.
        PartnerNotActive: 409, or it did not take them.
    """
    partner = await partners.partner(session, district)
    if partner.endpoint is None or partner.keys is None:
        raise PartnerNotActive(district=district)
    message = KeysMessage(
        **_addresses(context, district, at), keys={"keys": own_keys(context).published()}
    )
    async with posting.client_of(context) as client:
        answer = await posting.post(
            client,
            context,
            url=f"{partner.endpoint}{TREE}/keys",
            message_id=new_id(),
            body=message.model_dump_json().encode(),
            keys=partners.keys_of(partner).signing,
            suite=Suite.ED25519_SHA256,
        )
    if isinstance(answer, Unproven) or answer.status != 200:
        fault = answer.fault if isinstance(answer, Unproven) else posting.told_by(answer).kind
        raise PartnerNotActive(district=district, reason=fault)
    return KeysTaken.model_validate_json(answer.content)


async def apply_to(
    context: Context, district: str, given: ApplicationIn, *, at: datetime
) -> ApplicationRead:
    """Ask another district to register this one."""
    own = context.settings.district
    message = RegistrationMessage(
        **_addresses(context, district, at),
        partner=PartnerIn(
            district=own,
            name=gb.district(own).name,
            english_name=gb.district(own).name,
            endpoint=given.own_endpoint,
            keys={"keys": own_keys(context).published()},
        ),
    )
    async with posting.client_of(context) as client:
        answer = await posting.post(
            client,
            context,
            url=f"{given.endpoint}{TREE}/registrations",
            message_id=new_id(),
            body=message.model_dump_json().encode(),
            keys={},  # theirs are not registered here yet: a person reads the answer
            suite=Suite.ED25519_SHA256,
        )
    status = answer.status
    return ApplicationRead(status=status, is_taken=status == httpx.codes.ACCEPTED)


def _addresses(context: Context, district: str, at: datetime) -> dict[str, Any]:
    return {
        "protocol": PROTOCOL,
        "from_district": context.settings.district,
        "to_district": district,
        "sent_at": at,
    }


def _as_given(row: Partner) -> dict[str, Any]:
    return {
        "district": row.district,
        "name": row.name,
        "english_name": row.english_name,
        "endpoint": row.endpoint,
    }


def _require_usable(jwks: dict[str, Any]) -> PartnerKeys:
    try:
        return PartnerKeys.from_jwks(jwks)
    except KeySetUnusable as fault:
        raise KeysUnusable(fault.code) from None


def _note(session: AsyncSession, row: PartnerChange, action: str, *, actor: str) -> None:
    audit.note(
        session,
        actor=actor,
        action=action,
        subject=row.district,
        payload={"origin": row.origin, "state": row.state},
    )
