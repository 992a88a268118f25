"""What a partner sends: take it once, act on it, and state so in a signed receipt."""

from datetime import datetime
from functools import partial
from uuid import UUID

import pydantic_core
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.errors import (
    AgreementDenies,
    ExchangeKnown,
    ExchangeUnknown,
    MessageUnreadable,
    OutOfTurn,
    PackageUnreadable,
)
from interop_service.events import (
    ExchangeReceived,
)
from interop_service.exchanges import concert as concerts
from interop_service.exchanges import (
    envelopes,
    modes,
    moving,
    reading,
    sending,
    store,
    telling,
    waiting,
)
from interop_service.exchanges.beside import beside_loop
from interop_service.exchanges.concert import Concert
from interop_service.exchanges.envelopes import SignedReceipt
from interop_service.exchanges.messages import (
    CaseMessage,
    CasePackage,
    CorrectionPackage,
    FilesAwaited,
    PackageMessage,
    ReceiptMessage,
    ResultMessage,
    ResultPayload,
)
from interop_service.exchanges.modes import Arrival
from interop_service.exchanges.proof import SignedMessage
from interop_service.exchanges.rules import MessageKind, ReceiptKind, Side, State
from interop_service.exchanges.tables import Exchange
from interop_service.exchanges.taking import Lacking, Taken, once
from interop_service.files import arriving
from interop_service.keys import own_keys
from interop_service.partners import service as partners
from interop_service.partners.rules import Mode, Way
from interop_service.recognitions import service as recognitions
from interop_service.recognitions.seals import licence_in
from interop_service.reliances import service as reliances
from interop_service.reliances.service import Recorded
from tongban.clock import local_date
from tongban.context import Context
from tongban.ids import new_id
from tongban.messages import publish
from tongban.problems import Where

__all__ = ["take_package", "take_receipt", "take_result"]


async def take_package(
    session: AsyncSession, context: Context, signed: SignedMessage, *, at: datetime
) -> SignedReceipt | FilesAwaited:
    """接收: at the owner, keep a partner's case package and hand it to the case-service."""

    async def take() -> Taken | Lacking:
        message = reading.read(PackageMessage, signed, context)
        if await store.is_exchange(session, message.exchange_id):
            raise ExchangeKnown(exchange_id=message.exchange_id)
        await _require_agreement(session, context, message, at=at)
        await partners.require_suite(session, message.agreement, signed.suite)
        opening = partial(_open_package, message, context)
        package = await beside_loop(len(message.package), opening)
        files = await waiting.expect(session, context, signed, package.files, at=at)
        if lacking := waiting.lacking(files):
            return Lacking(message.exchange_id, files, lacking)
        offer = await partners.offer_of(
            session,
            owner=context.settings.district,
            matter_code=message.matter_code,
            agreement=message.agreement,
        )
        agreement = await partners.agreement(session, message.agreement)
        is_delegated = agreement is not None and agreement.delegated_acceptance
        joint = message.joint
        row = Exchange(
            id=message.exchange_id,
            side=Side.OWNER,
            partner=signed.sender,
            agreement=message.agreement,
            mode=Mode(message.mode),
            matter_code=message.matter_code,
            is_licence=offer is not None and offer.matter.get("matter_type") == "licence",
            near_number=message.near_number,
            near_case_id=message.near_case_id,
            state=State.RECEIVED,
            taken_ordinal=message.ordinal,
            joint_id=joint.joint_id if joint is not None else None,
        )
        handed_on = package.handed_on(await arriving.left_files(session, context, files))
        payload = handed_on | {"from_district": signed.sender}
        claim = await context.leave("case", pydantic_core.to_json(payload))
        forwarded = (package.received_at, message.forward_due_on)
        await moving.open_with(session, context, row, at=at, forwarded=forwarded)
        own = context.settings.district
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
                delegated_acceptance=is_delegated,
                joint_with=[one for one in joint.districts if one != own] if joint else [],
            ),
            of=row,
        )
        return Taken(row.id)

    return await once(session, context, signed, MessageKind.PACKAGE, take, at=at)


async def take_receipt(
    session: AsyncSession,
    context: Context,
    signed: SignedMessage,
    exchange_id: UUID,
    *,
    at: datetime,
) -> SignedReceipt | FilesAwaited:
    """进度或评价: a step of the case at the other district, for the case of this one."""
    message = reading.read(ReceiptMessage, signed, context)
    kind = message.message_kind

    async def take() -> Taken | Lacking:
        _require_fields(message)
        concert, row = await _exchange_with(session, signed, message, exchange_id)
        arrival = _arrival(row, kind)
        content = await telling.content_of(context, message) if arrival is Arrival.TAKEN else None
        named = content.files if isinstance(content, CorrectionPackage) else ()
        files = await waiting.expect(session, context, signed, named, at=at)
        if lacking := waiting.lacking(files):
            return Lacking(row.id, files, lacking)
        row.taken_ordinal = max(row.taken_ordinal, message.ordinal)
        if arrival is not Arrival.TAKEN:
            return Taken(row.id, ReceiptKind.SUPERSEDED)
        _keep_facts(row, message)
        await moving.move(
            session,
            context,
            row,
            kind,
            sender=row.side.other,
            at=at,
            due_on=sending.due_of(kind, message.model_dump()),
        )
        left = await arriving.left_files(session, context, files)
        claim = await telling.content_left(context, content, left)
        if row.side is Side.OWNER:
            telling.owners_case(session, row, message, claim)
        elif kind is not MessageKind.REMOTE_HELP:
            publish(session, telling.progressed(concert, row, message, claim), of=concert.main)
            await sending.tell_concert(session, context, concert)
        return Taken(row.id)

    return await once(session, context, signed, kind, take, at=at)


async def take_result(
    session: AsyncSession,
    context: Context,
    signed: SignedMessage,
    exchange_id: UUID,
    *,
    at: datetime,
) -> SignedReceipt:
    """办理结果: at the near side, examine the owner's sealed result and hand it to the case.

    A joint case has its result when the last of its owners has concluded.
    """

    async def take() -> Taken:
        message = reading.read(ResultMessage, signed, context)
        concert, row = await _exchange_with(session, signed, message, exchange_id)
        arrival = _arrival(row, MessageKind.RESULT)
        row.taken_ordinal = max(row.taken_ordinal, message.ordinal)
        if arrival is not Arrival.TAKEN:
            return Taken(row.id, ReceiptKind.SUPERSEDED)
        opening = partial(envelopes.decrypt, message.result, own_keys(context))
        content = await beside_loop(len(message.result), opening)
        result = telling.validated(ResultPayload, content)
        row.owner_number, row.outcome = result.owner_number, result.outcome
        await moving.move(
            session,
            context,
            row,
            MessageKind.RESULT,
            sender=Side.OWNER,
            at=at,
            note=result.outcome,
        )
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
        if is_recognised and result.notice is not None:
            row.licence_number = licence_in(result.notice)
            await _rely_on_licence(session, context, concert, row, at=at)
        claim = await context.leave("case", pydantic_core.to_json(result.model_dump(mode="json")))
        await telling.result(
            session, concert, row, result, claim if result.notice is not None else None, at=at
        )
        await sending.tell_concert(session, context, concert)
        return Taken(row.id)

    given = await once(session, context, signed, MessageKind.RESULT, take, at=at)
    assert isinstance(given, SignedReceipt)  # noqa: S101  # a result names no files
    return given


async def _rely_on_licence(
    session: AsyncSession, context: Context, concert: Concert, row: Exchange, *, at: datetime
) -> None:
    """Let its owner know that the licence which it granted is relied on here: it tells its end."""
    case_id = concert.main.case_id
    if row.licence_number is None or case_id is None or row.near_number is None:
        return
    await session.flush()
    await reliances.record(
        session,
        context,
        Recorded(
            reliance_id=new_id(), proof_id=row.id, case_id=case_id, number=row.near_number, at=at
        ),
    )


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
    package = telling.validated(CasePackage, content)
    if (package.near_number, package.matter_code) != (message.near_number, message.matter_code):
        raise PackageUnreadable(reason="it is another case's")
    package.require_whole()
    return package


async def _exchange_with(
    session: AsyncSession, signed: SignedMessage, message: CaseMessage, exchange_id: UUID
) -> tuple[Concert, Exchange]:
    """Return the exchange if it is with the sender, locked with all of its concert."""
    concert = await concerts.locked(session, exchange_id)
    row = concert.of(exchange_id) if concert is not None else None
    is_theirs = row is not None and row.partner == signed.sender
    if concert is None or row is None or not is_theirs or message.exchange_id != exchange_id:
        raise ExchangeUnknown(exchange_id=exchange_id)
    await partners.require_suite(session, row.agreement, signed.suite)
    return concert, row


def _arrival(row: Exchange, kind: MessageKind) -> Arrival:
    """Tell whether a message moves the exchange on.

    One that is late has no effect: the exchange has moved on without it.

    Raises:
        MessageNotAllowed: 409, it is not the sender's in this mode.
        OutOfTurn: 409, what it follows is still on its way.
    """
    sender = row.side.other
    arrival = modes.arrival(row.mode, row.state, kind, sender)
    is_early = arrival is Arrival.EARLY or (kind is MessageKind.RATED and row.outcome is None)
    if is_early:
        raise OutOfTurn(
            state=row.state, kind=kind, possible=modes.possible(row.mode, row.state, sender)
        )
    is_rated_already = kind is MessageKind.RATED and row.score is not None
    return Arrival.LATE if is_rated_already else arrival


def _require_fields(message: ReceiptMessage) -> None:
    if message.missing:
        detail = {"zh-CN": f"{message.kind} 须填此项", "en": f"a message {message.kind} needs it"}
        errors = [Where.pointer(f"/{name}", detail, "missing") for name in message.missing]
        raise MessageUnreadable(errors=errors)


def _keep_facts(row: Exchange, message: ReceiptMessage) -> None:
    """Keep on the exchange what a message says of it."""
    kind = message.message_kind
    if row.side is Side.NEAR and message.owner_number is not None:
        row.owner_number = message.owner_number
    if kind is MessageKind.RATED:
        row.score = message.score
    elif kind is MessageKind.REMOTE_HELP:
        row.remote_help = message.url
    elif kind is MessageKind.WITHDRAWAL_REQUESTED:
        row.withdrawal_requested_at = message.at
    elif kind is MessageKind.CONCERT:
        row.concert = [one.model_dump(mode="json") for one in message.standing or ()]
