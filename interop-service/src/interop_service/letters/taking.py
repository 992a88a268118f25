"""A letter that comes: read, taken once, logged, and answered by a signed receipt."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service import suites
from interop_service.errors import (
    MessageIdReused,
    MessageUnreadable,
    PackageUnreadable,
    SenderMismatch,
    WrongDistrict,
)
from interop_service.evidence import service as evidence
from interop_service.exchanges import envelopes
from interop_service.exchanges.envelopes import SignedReceipt
from interop_service.exchanges.messages import Message
from interop_service.exchanges.proof import SignedMessage
from interop_service.exchanges.receipting import give_receipt
from interop_service.keys import own_keys
from interop_service.letters import store
from interop_service.letters.rules import LetterKind
from interop_service.letters.tables import LetterReceipt
from tongban.context import Context
from tongban.problems import Where

__all__ = ["once", "opened", "read"]

M = TypeVar("M", bound=Message)
C = TypeVar("C", bound=BaseModel)


def read(model: type[M], signed: SignedMessage, context: Context) -> M:
    """Read the body and check that it is from its signer, to us.

    Raises:
        MessageUnreadable: 422.
        SenderMismatch: 403.
        WrongDistrict: 421.
    """
    try:
        message = model.model_validate_json(signed.body)
    except ValidationError as fault:
        raise MessageUnreadable(
            errors=[
                Where.pointer(
                    "".join(f"/{part}" for part in error["loc"]),
                    {"zh-CN": f"值不符合要求（{error['type']}）", "en": error["msg"]},
                    error["type"],
                )
                for error in fault.errors(include_url=False, include_input=False)[:20]
            ]
        ) from None
    if message.to_district != context.settings.district:
        raise WrongDistrict(district=context.settings.district)
    if message.from_district != signed.sender:
        raise SenderMismatch(signed_by=signed.sender, named=message.from_district)
    return message


def opened(model: type[C], token: str | None, context: Context) -> C:
    """Decrypt and read what is for this district alone.

    Raises:
        PackageUnreadable: 422.
    """
    if token is None:
        raise PackageUnreadable(reason="content is missing")
    try:
        return model.model_validate_json(envelopes.decrypt(token, own_keys(context)))
    except ValidationError as fault:
        places = ", ".join("/".join(map(str, error["loc"])) for error in fault.errors()[:10])
        raise PackageUnreadable(reason=f"content: {places}") from None


async def once(
    session: AsyncSession,
    context: Context,
    signed: SignedMessage,
    message: Message,
    kind: LetterKind,
    take: Callable[[], Awaitable[None]],
    *,
    at: datetime,
) -> SignedReceipt:
    """Take a letter unless it was taken before: the second coming gets the first receipt.

    Raises:
        MessageIdReused: 409.
        EvidenceBacklog: 503.
    """
    known = await store.known(session, sender=signed.sender, message_id=signed.message_id)
    if known.receipt is not None:
        given = SignedReceipt.model_validate(known.receipt.signed)
        said = given.receipt
        if said.digest != suites.digest_by(said.digest_algorithm, signed.body):
            raise MessageIdReused(message_id=signed.message_id)
        return given
    await evidence.require_sealing(session, context, oldest=known.oldest_unsealed, at=at)
    await take()

    def row(given: SignedReceipt) -> LetterReceipt:
        return LetterReceipt(
            exchange_id=message.exchange_id,
            message_id=signed.message_id,
            kind=kind,
            sender=signed.sender,
            signed=given.model_dump(mode="json"),
        )

    return await give_receipt(
        session, context, signed, exchange_id=message.exchange_id, kind=kind, row=row, at=at
    )
