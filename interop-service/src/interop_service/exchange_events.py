"""What is told of an exchange, step by step; part of this service's public events."""

from datetime import UTC, date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel

from tongban.messages import Event
from tongban.objects import ClaimCheck

__all__ = [
    "PUBLISHED_OF_EXCHANGES",
    "DistrictStanding",
    "ExchangeAcknowledged",
    "ExchangeCorrected",
    "ExchangeFailed",
    "ExchangeHandedOver",
    "ExchangeLightChanged",
    "ExchangeProgressed",
    "ExchangeRated",
    "ExchangeReceived",
    "ExchangeResult",
    "ExchangeSent",
    "ExchangeWithdrawalRequested",
]

_EXCHANGE = UUID("01990000-0000-7000-8000-000000000001")
_CASE = UUID("01990000-0000-7000-8000-000000000002")
_RECEIPT = UUID("01990000-0000-7000-8000-000000000003")
_AT = datetime(2020, 6, 15, 1, 30, tzinfo=UTC)
_CLAIM = ClaimCheck(key="0" * 32, size=4096, sha256="0" * 64)
_MATTER = "11610133MB2P38849J4001030101000"


class ExchangeEvent(Event):
    """What is told of one exchange."""

    exchange_id: UUID

    def key(self) -> str:
        return str(self.exchange_id)


class ExchangeReceived(ExchangeEvent):
    """已接收跨区办件: at the owner, a partner's package is here and was receipted."""

    SUBJECT = "interop.exchange.received"

    from_district: str
    near_number: str
    matter_code: str
    mode: str
    package: ClaimCheck
    received_at: datetime
    delegated_acceptance: bool
    """收件区的收件即为受理: the clocks start with the near side's receipt, not with ours."""
    joint_with: list[str]
    """多地联办: the other districts that decide."""

    @classmethod
    def example(cls) -> Self:
        return cls(
            exchange_id=_EXCHANGE,
            from_district="610171",
            near_number="6101712020061500000017",
            matter_code=_MATTER,
            mode="proxy",
            package=_CLAIM,
            received_at=_AT,
            delegated_acceptance=False,
            joint_with=[],
        )


class ExchangeCorrected(ExchangeEvent):
    """已补正: at the owner, what the applicant supplied at the near side."""

    SUBJECT = "interop.exchange.corrected"

    package: ClaimCheck
    at: datetime

    @classmethod
    def example(cls) -> Self:
        return cls(exchange_id=_EXCHANGE, package=_CLAIM, at=_AT)


class ExchangeWithdrawalRequested(ExchangeEvent):
    """申请撤回: at the owner, the applicant wants no decision; it stands if none was made yet."""

    SUBJECT = "interop.exchange.withdrawal_requested"

    at: datetime

    @classmethod
    def example(cls) -> Self:
        return cls(exchange_id=_EXCHANGE, at=_AT)


class ExchangeHandedOver(ExchangeEvent):
    """已交付申请人: at the owner, the near window handed the result to the applicant."""

    SUBJECT = "interop.exchange.handed_over"

    way: str | None
    at: datetime

    @classmethod
    def example(cls) -> Self:
        return cls(exchange_id=_EXCHANGE, way="counter", at=_AT)


class ExchangeLightChanged(ExchangeEvent):
    """互通红黄灯: the light of the hop that this district is charged with."""

    SUBJECT = "interop.exchange.light_changed"

    case_id: UUID | None
    charged_to: str
    clock: str
    light: Literal["green", "yellow", "red"]
    due_on: date

    @classmethod
    def example(cls) -> Self:
        return cls(
            exchange_id=_EXCHANGE,
            case_id=_CASE,
            charged_to="610171",
            clock="forward",
            light="yellow",
            due_on=date(2020, 6, 16),
        )


class ExchangeRated(ExchangeEvent):
    """跨区好差评: at the owner, the applicant's rating of this district."""

    SUBJECT = "interop.exchange.rated"

    score: int

    @classmethod
    def example(cls) -> Self:
        return cls(exchange_id=_EXCHANGE, score=5)


class ExchangeSent(ExchangeEvent):
    """已发往办理区: at the near side, the package was sent for the first time."""

    SUBJECT = "interop.exchange.sent"

    case_id: UUID
    to_district: str
    at: datetime

    @classmethod
    def example(cls) -> Self:
        return cls(exchange_id=_EXCHANGE, case_id=_CASE, to_district="610172", at=_AT)


class ExchangeAcknowledged(ExchangeEvent):
    """办理区已签收: at the near side, the owner's signed receipt was verified."""

    SUBJECT = "interop.exchange.acknowledged"

    case_id: UUID
    receipt_id: UUID
    at: datetime

    @classmethod
    def example(cls) -> Self:
        return cls(exchange_id=_EXCHANGE, case_id=_CASE, receipt_id=_RECEIPT, at=_AT)


class DistrictStanding(BaseModel):
    """How far one of the districts is that handle a case."""

    district: str
    state: str
    owner_number: str | None
    since: datetime
    due_on: date | None
    outcome: str | None


class ExchangeProgressed(ExchangeEvent):
    """办理区进度: at the near side, an owner's case moved on; `stage` says what is told."""

    SUBJECT = "interop.exchange.progressed"

    case_id: UUID
    mode: str
    stage: Literal[
        "corrections_requested",
        "corrected",
        "accepted",
        "suspended",
        "resumed",
        "extended",
        "decided",
        "licence_issued",
        "delivered",
        "archived",
        "concluded",
    ]
    district: str
    """Which owner's: in the joint mode there are several."""
    owner_number: str | None
    at: datetime
    due_on: date | None
    statutory_due_on: date | None
    promised_due_on: date | None
    procedure: str | None
    planned_days: int | None
    days: int | None
    outcome: str | None
    licence_type: str | None
    way: str | None
    content: ClaimCheck | None
    """What is for the applicant alone: what is missing, the reason, the sealed document."""
    standing: list[DistrictStanding]
    """多地联办: how all of them stand; empty in the other modes."""

    @classmethod
    def example(cls) -> Self:
        return cls(
            exchange_id=_EXCHANGE,
            case_id=_CASE,
            mode="joint",
            stage="accepted",
            district="610172",
            owner_number="6101722020061500000025",
            at=_AT,
            due_on=None,
            statutory_due_on=date(2020, 7, 13),
            promised_due_on=date(2020, 6, 22),
            procedure=None,
            planned_days=None,
            days=None,
            outcome=None,
            licence_type=None,
            way=None,
            content=None,
            standing=[
                DistrictStanding(
                    district="610172",
                    state="accepted",
                    owner_number="6101722020061500000025",
                    since=_AT,
                    due_on=date(2020, 6, 22),
                    outcome=None,
                )
            ],
        )


class ExchangeResult(ExchangeEvent):
    """办理结果已返回: at the near side, the owner's result is here and was examined."""

    SUBJECT = "interop.exchange.result"

    case_id: UUID
    owner_number: str
    outcome: Literal["granted", "denied", "declined", "withdrawn"]
    outside_number: str | None
    is_recognised: bool
    result: ClaimCheck | None
    at: datetime

    @classmethod
    def example(cls) -> Self:
        return cls(
            exchange_id=_EXCHANGE,
            case_id=_CASE,
            owner_number="6101722020061500000025",
            outcome="granted",
            outside_number=None,
            is_recognised=True,
            result=_CLAIM,
            at=_AT,
        )


class ExchangeFailed(ExchangeEvent):
    """跨区互通失败: at the near side, the package may not or cannot reach the owner."""

    SUBJECT = "interop.exchange.failed"

    case_id: UUID
    reason: str

    @classmethod
    def example(cls) -> Self:
        return cls(exchange_id=_EXCHANGE, case_id=_CASE, reason="agreement-denies")


PUBLISHED_OF_EXCHANGES: tuple[type[Event], ...] = (
    ExchangeReceived,
    ExchangeCorrected,
    ExchangeWithdrawalRequested,
    ExchangeHandedOver,
    ExchangeRated,
    ExchangeSent,
    ExchangeAcknowledged,
    ExchangeProgressed,
    ExchangeResult,
    ExchangeFailed,
    ExchangeLightChanged,
)
