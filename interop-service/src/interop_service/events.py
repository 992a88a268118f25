"""PUBLIC: every event this service publishes, as versioned models."""

from datetime import UTC, date, datetime
from typing import Any, Literal, Self
from uuid import UUID

from interop_service.exchange_events import (
    PUBLISHED_OF_EXCHANGES,
    DistrictStanding,
    ExchangeAcknowledged,
    ExchangeCorrected,
    ExchangeFailed,
    ExchangeHandedOver,
    ExchangeLightChanged,
    ExchangeProgressed,
    ExchangeRated,
    ExchangeReceived,
    ExchangeResult,
    ExchangeSent,
    ExchangeWithdrawalRequested,
)
from interop_service.reliance_events import (
    PUBLISHED_OF_RELIANCES,
    DisputeOverdue,
    ProofChanged,
    RelianceCleared,
    RelianceDisputed,
    RelianceEnded,
)
from tongban.messages import Event

__all__ = [
    "PUBLISHED",
    "AgreementChanged",
    "DisputeOverdue",
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
    "MatterOfferChanged",
    "PartnerChanged",
    "PartnerKeysEnding",
    "ProofChanged",
    "RecognitionChanged",
    "RelianceCleared",
    "RelianceDisputed",
    "RelianceEnded",
]

_EXCHANGE = UUID("01990000-0000-7000-8000-000000000001")
_AT = datetime(2020, 6, 15, 1, 30, tzinfo=UTC)
_MATTER = "11610133MB2P38849J4001030101000"


class PartnerChanged(Event):
    """合作区变更: a partner district, as it is now."""

    SUBJECT = "interop.partner.changed"

    district: str
    name: str
    state: Literal["registered", "active", "suspended"]

    def key(self) -> str:
        return self.district

    @classmethod
    def example(cls) -> Self:
        return cls(district="610172", name="西安曲江新区", state="active")


class PartnerKeysEnding(Event):
    """合作区公钥将到期: keys of a partner end within a month; told daily until there are others."""

    SUBJECT = "interop.partner.keys_ending"

    district: str
    keys: list[str]
    first_at: datetime

    def key(self) -> str:
        return self.district

    @classmethod
    def example(cls) -> Self:
        return cls(district="610172", keys=["610172-signing-2019"], first_at=_AT)


class AgreementChanged(Event):
    """协议变更: an agreement with a partner, as it is now."""

    SUBJECT = "interop.agreement.changed"

    code: str
    partner: str
    mode: Literal["online", "proxy", "joint"]
    direction: Literal["both", "out", "in"]
    areas: list[str]
    valid_from: date
    valid_until: date | None
    forward_within_days: int
    recognised_materials: list[str]
    recognised_results: list[str]
    postage_borne_by: Literal["near", "owner", "applicant"]
    delegated_acceptance: bool
    state: Literal["in_force", "ended"]

    def key(self) -> str:
        return self.code

    @classmethod
    def example(cls) -> Self:
        return cls(
            code="hitech-qujiang-2020",
            partner="610172",
            mode="proxy",
            direction="both",
            areas=["tax", "business_registration"],
            valid_from=date(2020, 6, 15),
            valid_until=date(2030, 6, 14),
            forward_within_days=1,
            recognised_materials=["business_licence"],
            recognised_results=["notice", "licence"],
            postage_borne_by="owner",
            delegated_acceptance=False,
            state="in_force",
        )


class MatterOfferChanged(Event):
    """跨区通办事项变更: a partner's matter that can be applied for here, as it is now."""

    SUBJECT = "interop.matter_offer.changed"

    owner_district: str
    agreement: str
    mode: Literal["online", "proxy", "joint"]
    version: int
    state: Literal["offered", "withdrawn"]
    forward_within_days: int
    matter: dict[str, Any]

    def key(self) -> str:
        return f"{self.owner_district}-{self.matter['code']}"

    @classmethod
    def example(cls) -> Self:
        return cls(
            owner_district="610172",
            agreement="hitech-qujiang-2020",
            mode="proxy",
            version=1,
            state="offered",
            forward_within_days=1,
            matter=_example_matter(),
        )


class RecognitionChanged(Event):
    """互认变更: whether a partner's document counts here, as it is now."""

    SUBJECT = "interop.recognition.changed"

    exchange_id: UUID
    kind: Literal["notice", "licence", "certificate"]
    issuer_district: str
    number: str
    state: Literal["recognised", "refused"]
    at: datetime

    def key(self) -> str:
        return str(self.exchange_id)

    @classmethod
    def example(cls) -> Self:
        return cls(
            exchange_id=_EXCHANGE,
            kind="notice",
            issuer_district="610172",
            number="6101722020061500000025-1",
            state="recognised",
            at=_AT,
        )


def _example_matter() -> dict[str, Any]:
    return {
        "code": _MATTER,
        "name": "变更税务登记",
        "english_name": "Tax registration variation",
        "summary": "变更税务登记内容，当场办结。",
        "matter_type": "other_power",
        "handling": "immediate",
        "body": {
            "code": "11610133MB2P38849J",
            "name": "国家税务总局西安曲江新区税务局",
            "kind": "vertical",
        },
        "concentrated": False,
        "audiences": ["enterprise"],
        "area": "tax",
        "statutory_days": 20,
        "promised_days": 0,
        "baseline": {"as_of": "2018-12-31", "required_materials": ["变更税务登记表"], "days": 20},
        "materials": [
            {
                "key": "m1",
                "name": "变更税务登记表",
                "necessity": "required",
                "form": "original",
                "copies": 1,
                "source": "applicant",
                "when": None,
                "waived_by": [],
            }
        ],
        "situations": [],
        "form_fields": [
            {"key": "name", "label": "名称", "kind": "text", "required": True, "when": None}
        ],
        "legal_basis": [{"law": "中华人民共和国税收征收管理法", "article": "第十六条"}],
        "fees": [],
        "steps": [{"name": "accept", "days": 0}],
        "special_procedures": [],
        "results": [{"kind": "notice", "name": "变更税务登记结果通知书"}],
        "channels": ["window"],
        "online_depth": 3,
        "visits": 1,
        "handling_scope": "cross_district",
        "outside_system": {"name": "税务征管系统"},
        "keywords": ["税务登记"],
        "provenance": "illustrative",
    }


PUBLISHED: tuple[type[Event], ...] = (
    PartnerChanged,
    PartnerKeysEnding,
    AgreementChanged,
    MatterOfferChanged,
    *PUBLISHED_OF_EXCHANGES,
    RecognitionChanged,
    *PUBLISHED_OF_RELIANCES,
)
