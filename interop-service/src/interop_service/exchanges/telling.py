"""What this district's own case is told of what came, and what is left for it to collect."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypeVar
from uuid import UUID

import pydantic_core
from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.errors import MessageUnreadable, PackageUnreadable
from interop_service.events import (
    DistrictStanding,
    ExchangeCorrected,
    ExchangeHandedOver,
    ExchangeProgressed,
    ExchangeRated,
    ExchangeResult,
    ExchangeWithdrawalRequested,
)
from interop_service.exchanges import envelopes
from interop_service.exchanges.beside import beside_loop
from interop_service.exchanges.concert import Concert
from interop_service.exchanges.messages import (
    CorrectionPackage,
    ReceiptMessage,
    ResultPayload,
    StepContent,
)
from interop_service.exchanges.rules import MessageKind
from interop_service.exchanges.tables import Exchange
from interop_service.keys import own_keys
from interop_service.recognitions import service as recognitions
from tongban.context import Context
from tongban.messages import Event, publish
from tongban.objects import ClaimCheck, LeftFile
from tongban.problems import Where

__all__ = ["content_left", "content_of", "owners_case", "progressed", "result", "validated"]

M = TypeVar("M", bound=BaseModel)

_OUTCOMES: TypeAdapter[Literal["granted", "denied", "declined", "withdrawn"]] = TypeAdapter(
    Literal["granted", "denied", "declined", "withdrawn"]
)


async def result(
    session: AsyncSession,
    concert: Concert,
    row: Exchange,
    payload: ResultPayload,
    claim: ClaimCheck | None,
    *,
    at: datetime,
) -> None:
    main, outcome = concert.main, concert.outcome
    if concert.is_joint:
        publish(
            session,
            ExchangeProgressed.model_validate(
                {
                    **_progress_of(concert, row),
                    "stage": "concluded",
                    "at": at,
                    "outcome": payload.outcome,
                    "content": claim,
                }
            ),
            of=main,
        )
    if outcome is None:
        return
    documents = [one.id for one in concert.rows]
    publish(
        session,
        ExchangeResult(
            exchange_id=main.id,
            case_id=_case_of(main),
            owner_number=main.owner_number or payload.owner_number,
            outcome=_OUTCOMES.validate_python(outcome),
            outside_number=payload.outside_number if row is main else None,
            is_recognised=await recognitions.all_recognised(session, documents),
            result=claim if row is main else None,
            at=at,
        ),
        of=main,
    )


async def content_of(
    context: Context, message: ReceiptMessage
) -> CorrectionPackage | StepContent | None:
    """Open what is for the case alone."""
    if message.content is None:
        return None
    opening = partial(envelopes.decrypt, message.content, own_keys(context))
    plain = await beside_loop(len(message.content), opening)
    if message.message_kind is not MessageKind.CORRECTED:
        return validated(StepContent, plain)
    package = validated(CorrectionPackage, plain)
    package.require_whole()
    return package


async def content_left(
    context: Context,
    content: CorrectionPackage | StepContent | None,
    files: Mapping[str, LeftFile],
) -> ClaimCheck | None:
    """Leave it for the case-service, with its files, which are all here."""
    if content is None:
        return None
    plain = (
        content.handed_on(files)
        if isinstance(content, CorrectionPackage)
        else content.model_dump(mode="json")
    )
    return await context.leave("case", pydantic_core.to_json(plain))


def owners_case(
    session: AsyncSession, row: Exchange, message: ReceiptMessage, claim: ClaimCheck | None
) -> None:
    """Tell our case of what the near side's window did."""
    kind = message.message_kind
    if kind is MessageKind.CORRECTED:
        if claim is None:
            detail = {"zh-CN": "补正须附内容", "en": "corrections need their content"}
            raise MessageUnreadable(errors=[Where.pointer("/content", detail, "missing")])
        event: Event = ExchangeCorrected(exchange_id=row.id, package=claim, at=message.at)
    elif kind is MessageKind.WITHDRAWAL_REQUESTED:
        event = ExchangeWithdrawalRequested(exchange_id=row.id, at=message.at)
    elif kind is MessageKind.HANDED_OVER:
        event = ExchangeHandedOver(exchange_id=row.id, way=message.way, at=message.at)
    elif kind is MessageKind.RATED and message.score is not None:
        event = ExchangeRated(exchange_id=row.id, score=message.score)
    else:
        return  # who stands where, and where to meet by video, is read from the exchange
    publish(session, event, of=row)


def _progress_of(concert: Concert, row: Exchange) -> dict[str, Any]:
    """Return whose progress it is, and what of it is null unless a message tells it."""
    numbers = {one.partner: one.owner_number for one in concert.rows}
    return {
        **dict.fromkeys(_TOLD),
        "exchange_id": concert.main.id,
        "case_id": _case_of(concert.main),
        "mode": row.mode.value,
        "district": row.partner,
        "owner_number": row.owner_number,
        "standing": [
            DistrictStanding(**one.model_dump(), owner_number=numbers[one.district])
            for one in concert.standing()
        ],
    }


def progressed(
    concert: Concert, row: Exchange, message: ReceiptMessage, claim: ClaimCheck | None
) -> ExchangeProgressed:
    told = message.model_dump(include=set(_TOLD))
    return ExchangeProgressed.model_validate(
        {
            **_progress_of(concert, row),
            **told,
            "stage": message.kind,
            "at": message.at,
            "content": claim,
        }
    )


_TOLD = (
    "due_on",
    "statutory_due_on",
    "promised_due_on",
    "procedure",
    "planned_days",
    "days",
    "outcome",
    "licence_type",
    "way",
    "content",
)


def _case_of(row: Exchange) -> UUID:
    assert row.case_id is not None  # noqa: S101  # the near side's exchange begins with its case
    return row.case_id


def validated(model: type[M], content: bytes) -> M:
    try:
        return model.model_validate_json(content)
    except ValidationError as fault:
        places = ", ".join("/".join(map(str, error["loc"])) for error in fault.errors()[:10])
        raise PackageUnreadable(reason=f"content: {places}") from None
