"""What becomes of a message after an attempt: receipted, refused, put off, or a dead letter."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.events import ExchangeAcknowledged
from interop_service.evidence import anchors
from interop_service.evidence import service as evidence
from interop_service.evidence.rules import Direction, logged_request
from interop_service.exchanges import (
    batches,
    comparing,
    modes,
    moving,
    postponing,
    sending,
    store,
)
from interop_service.exchanges import concert as concerts
from interop_service.exchanges.attempting import Delivered, Errand, Outcome, Postponed
from interop_service.exchanges.concert import Concert
from interop_service.exchanges.envelopes import Receipt
from interop_service.exchanges.rules import DeliveryState, MessageKind, Side, State
from interop_service.exchanges.tables import Delivery, Exchange, ReceiptRow
from interop_service.partners import lines
from tongban.context import Context
from tongban.messages import publish
from tongban.writes import write_all

__all__ = ["record", "record_alone"]

OUTAGE_ATTEMPTS: Final = 3
"""A message that came through after so many tries ends an outage: the two reconcile."""


async def record(
    context: Context, arrived: Sequence[tuple[Errand, Outcome]]
) -> Sequence[tuple[Errand, Outcome]]:
    """Keep that messages were receipted, all of them at once; return what is left to keep alone.

    That is whatever is not plain: refused or put off, of a joint case, after an outage, or with an
    exchange that somebody else is at just now.
    """
    plain = {
        errand.message_id: (errand, outcome)
        for errand, outcome in arrived
        if isinstance(outcome, Delivered)
        and errand.is_line_good
        and errand.attempts < OUTAGE_ATTEMPTS
    }
    if not plain:
        return arrived
    own = context.settings.district
    async with context.sessions.begin() as session:
        found = await batches.lock_delivered(session, list(plain), own=own)
        with session.no_autoflush:
            for row, delivery in found:
                errand, outcome = plain[delivery.id]
                await _record_delivered(session, context, Concert([row]), delivery, errand, outcome)
        done = {delivery.id for _, delivery in found}
        await write_all(session)
        for errand, outcome in plain.values():
            if errand.message_id in done:
                await _keep_checkpoint(session, context, errand, outcome)
    return [one for one in arrived if one[0].message_id not in done]


async def record_alone(
    session: AsyncSession, context: Context, errand: Errand, outcome: Outcome
) -> None:
    """Keep what became of an attempt.

    It locks as everyone does: the exchange with its concert, then the message, then what all
    messages of a partner share. In another order two would wait for each other.
    """
    at = context.clock()
    if isinstance(outcome, Postponed):
        waiting = await _still_due(session, errand)
        if waiting is not None and await postponing.postpone(
            session, waiting, outcome, give_up_at=errand.give_up_at, at=at
        ):
            waiting.state = DeliveryState.DEAD
        return
    concert = await concerts.locked(session, errand.exchange_id)
    assert concert is not None  # noqa: S101  # the message's foreign key
    delivery = await _still_due(session, errand)
    if delivery is None:
        return
    if isinstance(outcome, Delivered):
        await _forget_receipt(session, context, delivery)
        await _record_delivered(session, context, concert, delivery, errand, outcome)
        await _keep_checkpoint(session, context, errand, outcome)
    else:
        delivery.state, delivery.body = DeliveryState.FAILED, None
        delivery.last_fault, delivery.fault_of = outcome.fault, outcome.fault_of
        await _record_refusal(session, context, concert, delivery, at=at)
    if not errand.is_line_good:
        await lines.note_success(session, errand.partner)


async def _still_due(session: AsyncSession, errand: Errand) -> Delivery | None:
    """Lock the message; None where another worker was given it after our lease, and was quicker."""
    delivery = await store.lock_delivery(session, errand.message_id)
    return delivery if delivery is not None and delivery.state is DeliveryState.DUE else None


async def _forget_receipt(session: AsyncSession, context: Context, delivery: Delivery) -> None:
    """Forget the receipt of a message that was sent again to a partner that lost it.

    What the partner states now stands.
    """
    own = context.settings.district
    known = await store.receipt(session, sender=own, message_id=delivery.id)
    if known is not None:
        await session.delete(known)
        await session.flush()


async def _record_delivered(
    session: AsyncSession,
    context: Context,
    concert: Concert,
    delivery: Delivery,
    errand: Errand,
    outcome: Delivered,
) -> None:
    """Put a message and its receipt on the log, and move the exchange on by it."""
    at, said, asked = context.clock(), outcome.receipt.receipt, outcome.answer.request
    evidence.log_message(
        session,
        context,
        direction=Direction.OUT,
        kind=delivery.kind,
        partner=errand.partner,
        request=logged_request(asked.method, asked.url, asked.headers),
        receipt=outcome.receipt,
        body=errand.body,
        at=at,
    )
    row = concert.of(delivery.exchange_id)
    assert row is not None  # noqa: S101  # it was locked by its id
    delivery.state, delivery.delivered_at = DeliveryState.DELIVERED, at
    delivery.last_fault = delivery.fault_of = None
    if delivery.attempts >= OUTAGE_ATTEMPTS:
        await comparing.want_reconciliation(session, delivery.partner, at=at)
    session.add(
        ReceiptRow(
            receipt_id=said.receipt_id,
            exchange_id=row.id,
            message_id=delivery.id,
            message_kind=delivery.kind,
            kind=said.kind,
            sender=context.settings.district,
            by=said.by,
            digest=said.digest,
            digest_algorithm=said.digest_algorithm,
            at=said.at,
            signature=outcome.receipt.signature,
        )
    )
    row.last_fault = None
    if delivery.kind is MessageKind.PACKAGE and row.state in modes.BEFORE_RECEIPT:
        await _record_forwarded(session, context, concert, row, said)
    elif row.handing_over == delivery.id:
        await moving.partner_has_it(session, context, row, at=said.at)


async def _keep_checkpoint(
    session: AsyncSession, context: Context, errand: Errand, outcome: Delivered
) -> None:
    await anchors.keep_partners(
        session,
        context,
        outcome.answer.checkpoint,
        partner=errand.partner,
        keys=errand.keys,
        at=context.clock(),
    )


async def _record_forwarded(
    session: AsyncSession, context: Context, concert: Concert, row: Exchange, said: Receipt
) -> None:
    """Note that an owner has the package; the case is told once all of its owners have."""
    await moving.move(session, context, row, MessageKind.PACKAGE, sender=Side.NEAR, at=said.at)
    main = concert.main
    if main.case_id is not None and not any(
        one.state in (*modes.BEFORE_RECEIPT, State.FAILED) for one in concert.rows
    ):
        publish(
            session,
            ExchangeAcknowledged(
                exchange_id=main.id, case_id=main.case_id, receipt_id=said.receipt_id, at=said.at
            ),
            of=main,
        )
    if row.withdrawal_requested_at is not None:
        # Asked for while the package was on its way.
        kind, at = MessageKind.WITHDRAWAL_REQUESTED, row.withdrawal_requested_at
        await sending.tell_partner(session, context, row, kind, at=at, facts={})


async def _record_refusal(
    session: AsyncSession, context: Context, concert: Concert, delivery: Delivery, *, at: datetime
) -> None:
    row = concert.of(delivery.exchange_id)
    assert row is not None  # noqa: S101  # it was locked by its id
    fault = delivery.last_fault or "refused"
    is_package = delivery.kind is MessageKind.PACKAGE and row.state in modes.BEFORE_RECEIPT
    if is_package or delivery.kind is MessageKind.RESULT:
        await sending.fail(session, context, concert, row, reason=fault, at=at)
    else:
        # A progress or a rating that is not taken does not end what the two have together.
        row.last_fault = fault
