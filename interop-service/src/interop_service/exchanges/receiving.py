"""What a partner sends: take it once, act on it, and state so in a signed receipt."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import pydantic_core
from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service import suites
from interop_service.errors import (
    AgreementDenies,
    ExchangeKnown,
    ExchangeUnknown,
    MessageIdReused,
    MessageUnreadable,
    OutOfTurn,
    PackageUnreadable,
    SenderMismatch,
    WrongDistrict,
)
from interop_service.events import (
    ExchangeProgressed,
    ExchangeRated,
    ExchangeReceived,
    ExchangeResult,
)
from interop_service.exchanges import envelopes, sending, store
from interop_service.exchanges.envelopes import Receipt, SignedReceipt
from interop_service.exchanges.proof import SignedMessage
from interop_service.exchanges.rules import MessageKind, Side, Stage, State, Step
from interop_service.exchanges.schemas import (
    CasePackage,
    Message,
    PackageMessage,
    ReceiptMessage,
    ResultMessage,
    ResultPayload,
)
from interop_service.exchanges.tables import Exchange, ReceiptRow
from interop_service.keys import own_keys
from interop_service.partners import service as partners
from interop_service.partners.rules import Way
from interop_service.recognitions import service as recognitions
from interop_service.suites import ALGORITHMS
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context
from tongban.ids import new_id
from tongban.messages import publish
from tongban.problems import FieldError, Where

__all__ = ["take_package", "take_receipt", "take_result"]

M = TypeVar("M", bound=BaseModel)


async def take_package(
    session: AsyncSession, context: Context, signed: SignedMessage, *, at: datetime
) -> SignedReceipt:
    """接收: at the owner, keep a partner's case package and hand it to the case-service."""

    async def take() -> UUID:
        message = _read(PackageMessage, signed, context)
        if await store.exchange(session, message.exchange_id) is not None:
            raise ExchangeKnown(exchange_id=message.exchange_id)
        await _require_agreement(session, context, message, at=at)
        package = await asyncio.to_thread(_open_package, message, context)
        row = Exchange(
            id=message.exchange_id,
            side=Side.OWNER,
            partner=signed.sender,
            agreement=message.agreement,
            mode=message.mode,
            matter_code=message.matter_code,
            near_number=message.near_number,
            state=State.RECEIVED,
        )
        session.add(row)
        await session.flush()
        await store.add_hop(session, row, holder=context.settings.district, at=at, note=None)
        payload = package.model_dump(mode="json") | {"from_district": signed.sender}
        claim = await context.leave("case", pydantic_core.to_json(payload))
        publish(
            session,
            ExchangeReceived(
                exchange_id=row.id,
                from_district=signed.sender,
                near_number=message.near_number,
                matter_code=row.matter_code,
                mode=row.mode,
                package=claim,
                received_at=at,
            ),
            of=row,
        )
        return row.id

    return await _once(session, context, signed, MessageKind.PACKAGE, take, at=at)


async def take_receipt(
    session: AsyncSession,
    context: Context,
    signed: SignedMessage,
    exchange_id: UUID,
    *,
    at: datetime,
) -> SignedReceipt:
    """进度或评价: at the near side the owner's progress, at the owner the near side's rating."""
    message = _read(ReceiptMessage, signed, context)
    stage = message.stage
    kind = MessageKind.RATED if stage is None else MessageKind.PROGRESS

    async def take() -> UUID:
        if stage is None:
            row = await _exchange_with(session, signed, message, exchange_id, Side.OWNER)
            _rate(session, row, message)
        else:
            row = await _exchange_with(session, signed, message, exchange_id, Side.NEAR)
            await _progress(session, context, row, message, stage, at=at)
        return row.id

    return await _once(session, context, signed, kind, take, at=at)


async def take_result(
    session: AsyncSession,
    context: Context,
    signed: SignedMessage,
    exchange_id: UUID,
    *,
    at: datetime,
) -> SignedReceipt:
    """办理结果: at the near side, examine the owner's sealed result and hand it to the case."""

    async def take() -> UUID:
        message = _read(ResultMessage, signed, context)
        row = await _exchange_with(session, signed, message, exchange_id, Side.NEAR)
        content = await asyncio.to_thread(envelopes.decrypt, message.result, own_keys(context))
        result = _validated(ResultPayload, content)
        row.owner_number, row.outcome = result.owner_number, result.outcome
        await sending.move(session, context, row, Step.CONCLUDE, at=at, note=result.outcome)
        is_recognised = False
        if result.notice is not None:
            is_recognised = await recognitions.examine(
                session,
                exchange_id=row.id,
                document=result.notice,
                owner=signed.sender,
                seal_keys=signed.keys.seal,
                agreed_kinds=await partners.recognised_results(session, row.agreement),
                at=at,
            )
        claim = await context.leave("case", pydantic_core.to_json(result.model_dump(mode="json")))
        publish(
            session,
            ExchangeResult(
                exchange_id=row.id,
                case_id=_case_of(row),
                owner_number=result.owner_number,
                outcome=result.outcome,
                outside_number=result.outside_number,
                is_recognised=is_recognised,
                result=claim if result.notice is not None else None,
                at=at,
            ),
            of=row,
        )
        return row.id

    return await _once(session, context, signed, MessageKind.RESULT, take, at=at)


async def _once(
    session: AsyncSession,
    context: Context,
    signed: SignedMessage,
    kind: MessageKind,
    take: Callable[[], Awaitable[UUID]],
    *,
    at: datetime,
) -> SignedReceipt:
    """Take a message unless it was taken before: the second coming gets the first receipt."""
    await store.alone_with_message(session, sender=signed.sender, message_id=signed.message_id)
    known = await store.receipt(session, sender=signed.sender, message_id=signed.message_id)
    if known is not None:
        # By the suite of that time: the agreement may have changed it between two attempts.
        if known.digest != suites.digest_by(known.digest_algorithm, signed.body):
            raise MessageIdReused(message_id=signed.message_id)
        return _given(known)
    exchange_id = await take()
    receipt = Receipt(
        receipt_id=new_id(),
        message_id=signed.message_id,
        exchange_id=exchange_id,
        digest=signed.digest,
        digest_algorithm=ALGORITHMS[signed.suite].digest,
        at=at,
        by=context.settings.district,
    )
    given = envelopes.sign_receipt(receipt, own_keys(context).signer(signed.suite, at=at))
    session.add(
        ReceiptRow(
            receipt_id=receipt.receipt_id,
            exchange_id=exchange_id,
            message_id=receipt.message_id,
            message_kind=kind,
            sender=signed.sender,
            by=receipt.by,
            digest=receipt.digest,
            digest_algorithm=receipt.digest_algorithm,
            at=receipt.at,
            signature=given.signature,
        )
    )
    audit.note(
        session,
        actor=f"district:{signed.sender}",
        action=f"exchange.take_{kind}",
        subject=str(exchange_id),
        payload={"message_id": str(signed.message_id), "digest": signed.digest},
    )
    await session.flush()
    return given


def _given(row: ReceiptRow) -> SignedReceipt:
    receipt = Receipt(
        receipt_id=row.receipt_id,
        message_id=row.message_id,
        exchange_id=row.exchange_id,
        digest=row.digest,
        digest_algorithm=row.digest_algorithm,
        at=row.at,
        by=row.by,
    )
    return SignedReceipt(receipt=receipt, signature=row.signature)


Readable = TypeVar("Readable", bound=Message)


def _read(model: type[Readable], signed: SignedMessage, context: Context) -> Readable:
    """Read the body and check that it is from its signer, to us.

    Raises:
        MessageUnreadable: 422.
        SenderMismatch: 403.
        WrongDistrict: 421.
    """
    try:
        message = model.model_validate_json(signed.body)
    except ValidationError as fault:
        raise MessageUnreadable(errors=_errors(fault)) from None
    if message.to_district != context.settings.district:
        raise WrongDistrict(district=context.settings.district)
    if message.from_district != signed.sender:
        raise SenderMismatch(signed_by=signed.sender, named=message.from_district)
    return message


def _validated(model: type[M], content: bytes) -> M:
    try:
        return model.model_validate_json(content)
    except ValidationError as fault:
        places = ", ".join("/".join(map(str, error["loc"])) for error in fault.errors()[:10])
        raise PackageUnreadable(reason=f"content: {places}") from None


def _errors(fault: ValidationError) -> list[FieldError]:
    return [
        Where.pointer(
            "".join(f"/{part}" for part in error["loc"]),
            {"zh-CN": f"值不符合要求（{error['type']}）", "en": error["msg"]},
            error["type"],
        )
        for error in fault.errors(include_url=False, include_input=False)[:20]
    ]


async def _require_agreement(
    session: AsyncSession, context: Context, message: PackageMessage, *, at: datetime
) -> None:
    denials = await partners.denials(
        session,
        way=Way.IN,
        partner=message.from_district,
        owner=context.settings.district,
        agreement=message.agreement,
        matter_code=message.matter_code,
        mode=message.mode,
        on=local_date(at),
    )
    if denials:
        raise AgreementDenies(reasons=[denial.value for denial in denials])


def _open_package(message: PackageMessage, context: Context) -> CasePackage:
    content = envelopes.decrypt(message.package, own_keys(context))
    package = _validated(CasePackage, content)
    if (package.near_number, package.matter_code) != (message.near_number, message.matter_code):
        raise PackageUnreadable(reason="it is another case's")
    package.require_whole()
    return package


async def _exchange_with(
    session: AsyncSession,
    signed: SignedMessage,
    message: Message,
    exchange_id: UUID,
    side: Side,
) -> Exchange:
    """Return the exchange, locked, if it is with the sender and this district is that side."""
    row = await store.lock_exchange(session, exchange_id)
    is_theirs = row is not None and (row.partner, row.side) == (signed.sender, side)
    if row is None or not is_theirs or message.exchange_id != exchange_id:
        raise ExchangeUnknown(exchange_id=exchange_id)
    return row


async def _progress(
    session: AsyncSession,
    context: Context,
    row: Exchange,
    message: ReceiptMessage,
    stage: Stage,
    *,
    at: datetime,
) -> None:
    if message.owner_number is None:
        detail = {"zh-CN": "进度须有办理区办件编号", "en": "a progress needs the owner's number"}
        raise MessageUnreadable(errors=[Where.pointer("/owner_number", detail, "missing")])
    row.owner_number = message.owner_number
    await sending.move(session, context, row, Step.PROGRESS, at=at, note=stage)
    publish(
        session,
        ExchangeProgressed(
            exchange_id=row.id,
            case_id=_case_of(row),
            stage=stage.value,
            owner_number=message.owner_number,
            at=message.at,
        ),
        of=row,
    )


def _rate(session: AsyncSession, row: Exchange, message: ReceiptMessage) -> None:
    if message.score is None:
        detail = {"zh-CN": "评价须有分值", "en": "a rating needs a score"}
        raise MessageUnreadable(errors=[Where.pointer("/score", detail, "missing")])
    # The result may have arrived though its receipt is not recorded yet.
    if row.state not in (State.RESULT_PREPARED, State.RESULT_SENT) or row.score is not None:
        raise OutOfTurn(state=row.state)
    row.score = message.score
    publish(session, ExchangeRated(exchange_id=row.id, score=message.score), of=row)


def _case_of(row: Exchange) -> UUID:
    assert row.case_id is not None  # noqa: S101  # the near side's exchange begins with its case
    return row.case_id
