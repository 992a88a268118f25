"""What follows where a message was taken: its signed receipt, its place in the log, its anchor.

One statement writes all that the taking of a message left in the session, the receipt and the log
with it: what belongs together is there together, and costs one round trip.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.database import InteropTables
from interop_service.evidence import anchors
from interop_service.evidence import service as evidence
from interop_service.evidence.rules import Direction
from interop_service.exchanges import envelopes
from interop_service.exchanges.envelopes import Receipt, SignedReceipt
from interop_service.exchanges.proof import SignedMessage
from interop_service.exchanges.rules import ReceiptKind
from interop_service.keys import own_keys
from interop_service.suites import ALGORITHMS
from tongban.context import Context
from tongban.ids import new_id
from tongban.writes import Write, taken_along, write

__all__ = ["give_receipt"]


async def give_receipt(
    session: AsyncSession,
    context: Context,
    signed: SignedMessage,
    *,
    exchange_id: UUID,
    kind: StrEnum,
    row: Callable[[SignedReceipt], InteropTables],
    as_: ReceiptKind = ReceiptKind.RECEIVED,
    at: datetime,
) -> SignedReceipt:
    """Sign the receipt of a message that was taken; keep it as `row` says, and log both."""
    receipt = Receipt(
        receipt_id=new_id(),
        message_id=signed.message_id,
        exchange_id=exchange_id,
        kind=as_,
        digest=signed.digest,
        digest_algorithm=ALGORITHMS[signed.suite].digest,
        at=at,
        by=context.settings.district,
    )
    given = envelopes.sign_receipt(receipt, own_keys(context).signer(signed.suite, at=at))
    evidence.log_message(
        session,
        context,
        direction=Direction.IN,
        kind=kind,
        partner=signed.sender,
        request=signed.request,
        receipt=given,
        body=signed.body,
        at=at,
    )
    session.add(row(given))
    *beside, (table, values) = taken_along(session)
    await write(session, Write(table=table, values=values, riders=beside))
    await anchors.keep_partners(
        session, context, signed.checkpoint, partner=signed.sender, keys=signed.keys, at=at
    )
    return given
