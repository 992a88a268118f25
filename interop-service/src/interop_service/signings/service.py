"""Use cases of signing agreements: ours, the partner's, and what both make."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import rfc8785
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service import suites
from interop_service.errors import MessageUnreadable, SignatureInvalid
from interop_service.exchanges import posting
from interop_service.exchanges.posting import Unproven
from interop_service.exchanges.proof import SignedMessage
from interop_service.exchanges.protocol import PROTOCOL, TREE
from interop_service.keys import own_keys
from interop_service.partners import service as partners
from interop_service.partners.tables import Agreement, Partner
from interop_service.refusals import AgreementNotFound
from interop_service.signings import rules, store
from interop_service.signings.schemas import AgreementMessage, Signed, SigningRead
from interop_service.signings.tables import AgreementSignature
from interop_service.suites import JwsInvalid, PublicKey
from tongban import audit
from tongban.context import Context
from tongban.ids import new_id

__all__ = ["receive", "sign", "signatures_of"]


async def sign(
    session: AsyncSession, context: Context, code: str, *, actor: str, at: datetime
) -> SigningRead:
    """Sign an agreement as it is kept here, and exchange signatures with the partner.

    Raises:
        AgreementNotFound: 404.
    """
    row = await _agreement(session, code)
    own = context.settings.district
    terms = await _terms(session, row, own)
    digest = _digest(terms)
    mine = await store.signature(session, code=code, digest=digest, by=own)
    if mine is None:
        token = suites.sign_jws(terms, own_keys(context).signer(row.suite, at=at))
        mine = _keep(session, code, terms, by=own, signature=token, at=at)
        audit.note(
            session, actor=actor, action="agreement.sign", subject=code, payload={"digest": digest}
        )
        await session.flush()
    partner = await partners.partner(session, row.partner)
    # Not locked meanwhile: the partner may be signing too, and calling us.
    fault = await _exchange(session, context, row, partner, mine, at=at)
    locked = await partners.locked_agreement(session, code)
    if locked is not None:
        await _settle(session, locked, _digest(await _terms(session, locked, own)), own)
    return SigningRead(
        code=code, digest=digest, is_in_force=row.signed_digest is not None, fault=fault
    )


async def receive(
    session: AsyncSession, context: Context, signed: SignedMessage, *, at: datetime
) -> Signed:
    """Keep the partner's signature; answer our own of the very same terms.

    Raises:
        MessageUnreadable: 422.
        SignatureInvalid: 401.
    """
    own = context.settings.district
    signed.require_addressed(own)
    try:
        message = AgreementMessage.model_validate_json(signed.body)
    except ValidationError:
        raise MessageUnreadable(reason="code, signature") from None
    terms = _opened(message.signature, signed.keys.signing)
    if terms.get("code") != message.code or terms.get("districts") != sorted([own, signed.sender]):
        raise MessageUnreadable(reason="the terms are of another agreement")
    digest = _digest(terms)
    known = await store.signature(session, code=message.code, digest=digest, by=signed.sender)
    if known is None:
        _keep(session, message.code, terms, by=signed.sender, signature=message.signature, at=at)
        audit.note(
            session,
            actor=f"district:{signed.sender}",
            action="agreement.sign",
            subject=message.code,
            payload={"digest": digest},
        )
        await session.flush()
    mine = await store.signature(session, code=message.code, digest=digest, by=own)
    row = await partners.locked_agreement(session, message.code)
    if row is not None and row.partner == signed.sender:
        await _settle(session, row, _digest(await _terms(session, row, own)), own)
    return Signed(signature=mine.signature if mine is not None else None)


async def signatures_of(session: AsyncSession, code: str) -> Sequence[AgreementSignature]:
    """Return each version's signatures, oldest first.

    Raises:
        AgreementNotFound: 404.
    """
    await _agreement(session, code)
    return await store.signatures(session, code)


async def _exchange(
    session: AsyncSession,
    context: Context,
    row: Agreement,
    partner: Partner,
    mine: AgreementSignature,
    *,
    at: datetime,
) -> str | None:
    """Send ours, keep theirs where it is of the same terms; return what went wrong."""
    if partner.endpoint is None or partner.keys is None:
        return "partner-not-active"
    message = AgreementMessage(
        protocol=PROTOCOL,
        from_district=context.settings.district,
        to_district=row.partner,
        sent_at=at,
        code=row.code,
        signature=mine.signature,
    )
    keys = partners.keys_of(partner).signing
    async with posting.client_of(context) as client:
        answer = await posting.post(
            client,
            context,
            url=f"{partner.endpoint}{TREE}/agreements",
            message_id=new_id(),
            body=message.model_dump_json().encode(),
            keys=keys,
            suite=row.suite,
        )
    if isinstance(answer, Unproven):
        return answer.fault
    if answer.status != 200:
        return posting.told_by(answer).kind
    try:
        theirs = Signed.model_validate_json(answer.content).signature
        terms = _opened(theirs, keys) if theirs is not None else None
    except (ValidationError, SignatureInvalid):
        return "the answer is no signature"
    if theirs is None or terms is None or _digest(terms) != mine.digest:
        return None  # they have ours, and not yet signed the same
    if await store.signature(session, code=row.code, digest=mine.digest, by=row.partner) is None:
        _keep(session, row.code, terms, by=row.partner, signature=theirs, at=at)
        await session.flush()
    return None


async def _settle(session: AsyncSession, row: Agreement, digest: str, own: str) -> None:
    """Let the agreement count once both have signed it as it is kept here."""
    both = [
        await store.signature(session, code=row.code, digest=digest, by=by)
        for by in (own, row.partner)
    ]
    if all(one is not None for one in both) and row.signed_digest != digest:
        row.signed_digest = digest
        partners.tell_agreement(session, row)
    await session.flush()


async def _agreement(session: AsyncSession, code: str) -> Agreement:
    row = await partners.agreement(session, code)
    if row is None:
        raise AgreementNotFound(code=code)
    return row


async def _terms(session: AsyncSession, row: Agreement, own: str) -> dict[str, Any]:
    return rules.terms_of(
        own_district=own,
        partner=row.partner,
        direction=row.direction,
        offers=await partners.offers_under(session, row.code),
        protocol=PROTOCOL,
        code=row.code,
        mode=row.mode.value,
        areas=row.areas,
        valid_from=row.valid_from.isoformat(),
        valid_until=row.valid_until.isoformat() if row.valid_until is not None else None,
        forward_within_days=row.forward_within_days,
        give_up_after_days=row.give_up_after_days,
        postage_borne_by=row.postage_borne_by.value,
        delegated_acceptance=row.delegated_acceptance,
        recognised_materials=row.recognised_materials,
        recognised_results=row.recognised_results,
        suite=row.suite.value,
    )


def _keep(
    session: AsyncSession,
    code: str,
    terms: dict[str, Any],
    *,
    by: str,
    signature: str,
    at: datetime,
) -> AgreementSignature:
    row = AgreementSignature(
        code=code, digest=_digest(terms), by=by, terms=terms, signature=signature, at=at
    )
    session.add(row)
    return row


def _opened(token: str, keys: Any) -> dict[str, Any]:
    """Return the terms that a partner signed, in canonical form as it must."""
    known: dict[str, PublicKey] = dict(keys)
    try:
        payload, _ = suites.open_jws(token, known)
        terms: dict[str, Any] = json.loads(payload)
        if rfc8785.dumps(terms) != payload:
            raise SignatureInvalid(reason="the terms are not canonical")
    except JwsInvalid as fault:
        raise SignatureInvalid(reason=str(fault)) from None
    except ValueError:
        raise SignatureInvalid(reason="the terms are not readable") from None
    return terms


def _digest(terms: dict[str, Any]) -> str:
    return hashlib.sha256(rfc8785.dumps(terms)).hexdigest()
