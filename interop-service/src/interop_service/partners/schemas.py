"""Partners, agreements and offers as they come in and go out."""

import ipaddress
import math
from datetime import date, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from interop_service.partners.rules import (
    GIVE_UP_AFTER_DAYS,
    AgreementState,
    Area,
    Direction,
    Mode,
    OfferState,
    PartnerState,
    PostageBearer,
    Provenance,
)
from interop_service.suites import Suite
from tongban import gb
from tongban.instants import Instant
from tongban.problems import field_fault
from tongban.shapes import MATTER_CODE, SIX_DIGITS
from tongban.texts import Code, Line

__all__ = [
    "AgreementIn",
    "AgreementRead",
    "Counts",
    "DistrictCode",
    "ImportReport",
    "JsonObject",
    "KnownDistrict",
    "MatterCode",
    "MatterOfferIn",
    "MatterOfferRead",
    "PartnerEntry",
    "PartnerIn",
    "PartnerRead",
    "PartnersImport",
    "PauseIn",
    "SuspensionIn",
]

LONGEST_JSON_TEXT = 5000
DEEPEST_JSON = 12


def _known_district(code: str) -> str:
    try:
        gb.district(code)
    except gb.UnknownDistrict:
        raise field_fault(
            "district_unknown",
            zh="区划代码不在国家标准或本地代码表中",
            en="is neither a GB/T 2260 code nor in the table of locally assigned ones",
        ) from None
    return code


def _endpoint(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    is_bare = not (parts.query or parts.fragment or parts.username or parts.path.strip("/"))
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host or ""))
    if not host or not is_bare or not is_safe:
        raise field_fault(
            "endpoint",
            zh="应为不带路径的 https 地址；http 仅限本机",
            en="must be an https address without a path; http is for this machine only",
        )
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _storable(value: Any, depth: int = 0) -> Any:
    """Refuse what JSONB can't hold: NUL, lone surrogates, and endless nesting."""
    if depth > DEEPEST_JSON:
        raise field_fault("too_deep", zh="嵌套过深", en="is nested too deeply")
    if isinstance(value, dict):
        for name, inner in value.items():
            _storable(name, depth)
            _storable(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _storable(inner, depth + 1)
    elif isinstance(value, str) and not _is_plain(value):
        raise field_fault(
            "characters", zh="含有不能保存的字符或过长", en="is too long or cannot be stored"
        )
    elif isinstance(value, float) and not math.isfinite(value):
        raise field_fault("number", zh="应为有限的数", en="must be a finite number")
    return value


def _is_plain(text: str) -> bool:
    is_unicode = not any("\ud800" <= letter <= "\udfff" for letter in text)
    return is_unicode and "\0" not in text and len(text) <= LONGEST_JSON_TEXT


DistrictCode = Annotated[str, StringConstraints(pattern=SIX_DIGITS)]
KnownDistrict = Annotated[DistrictCode, AfterValidator(_known_district)]
Endpoint = Annotated[str, StringConstraints(max_length=300), AfterValidator(_endpoint)]
MatterCode = Annotated[str, StringConstraints(pattern=MATTER_CODE)]
JsonObject = Annotated[dict[str, Any], BeforeValidator(_storable)]


class Strict(BaseModel):
    """Input in which a misspelt field is a fault."""

    model_config = ConfigDict(extra="forbid")


class Contact(Strict):
    """联络人: whom to call at a partner, and about what."""

    duty: Literal["business", "technical", "security"]
    name: Line
    phone: Line | None = None
    email: Line | None = None


class PauseIn(Strict):
    """Until when a partner is closed; null sends on at once."""

    until: Instant | None


class SuspensionIn(Strict):
    """Whether a partner is suspended."""

    is_suspended: bool


class PartnerIn(Strict):
    """A partner to register or to update."""

    district: KnownDistrict = Field(examples=["610172"])
    name: Line
    english_name: Line
    endpoint: Endpoint | None = Field(default=None, examples=["https://gov.qujiang.example"])
    keys: JsonObject | None = Field(
        default=None, description="对方公布的 JWK 集 / the JWK set that the partner publishes"
    )
    contacts: Annotated[list[Contact], Field(max_length=20)] | None = None
    messages_a_minute: Annotated[int, Field(ge=1, le=60_000)] | None = Field(
        default=None, description="每分钟最多接收的消息 / messages taken of it in a minute"
    )
    messages_at_once: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None, description="同时处理的消息 / messages of it handled at a time"
    )
    largest_file_megabytes: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None, description="接收的单个材料文件上限（MB）/ the largest material taken of it"
    )


class PartnerEntry(Strict):
    """A partner in an import: who it is, not yet how to reach it."""

    district: KnownDistrict
    name: Line
    english_name: Line
    parent: DistrictCode | None = None
    gb_coded: bool | None = None
    provenance: Provenance


class AgreementIn(Strict):
    """An agreement to keep."""

    code: Code
    partner: KnownDistrict
    mode: Mode
    direction: Direction
    areas: Annotated[list[Area], Field(min_length=1, max_length=40)]
    valid_from: date
    valid_until: date | None = None
    forward_within_days: Annotated[int, Field(ge=0, le=60)]
    give_up_after_days: Annotated[int, Field(ge=1, le=90)] = GIVE_UP_AFTER_DAYS
    """送达期限（天）：逾期仍未送达的消息转为死信"""
    recognised_materials: Annotated[list[Code], Field(max_length=200)] = []
    recognised_results: Annotated[list[Code], Field(max_length=20)] = []
    suite: Suite = Suite.ED25519_SHA256
    postage_borne_by: PostageBearer = PostageBearer.OWNER
    """邮寄费用由谁承担"""
    delegated_acceptance: bool = False
    """委托受理：收件即为受理，办理时限自收件之日起算"""
    provenance: Provenance | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "AgreementIn":
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise field_fault("dates", zh="截止日早于生效日", en="valid_until is before valid_from")
        return self


class OfferedMatter(BaseModel):
    """A matter's content: what is checked here; the rest passes through as it is."""

    model_config = ConfigDict(extra="allow")

    code: MatterCode
    name: Line
    area: Area


class JointDecider(Strict):
    """Another district that decides in concert, and its own matter for it."""

    district: KnownDistrict
    matter_code: MatterCode


class MatterOfferIn(Strict):
    """A matter that one district offers in the other."""

    owner_district: KnownDistrict
    agreement: Code
    mode: Mode
    joint_with: Annotated[list[JointDecider], Field(max_length=10)] = []
    """多地联办：同时办理的其他区及其事项 / for the joint mode alone"""
    matter: Annotated[OfferedMatter, BeforeValidator(_storable)]

    @model_validator(mode="after")
    def _only_joint_matters_are_decided_in_concert(self) -> "MatterOfferIn":
        districts = [self.owner_district, *(one.district for one in self.joint_with)]
        if self.joint_with and self.mode is not Mode.JOINT:
            raise field_fault("mode", zh="只有多地联办有共同办理区", en="is for joint matters only")
        if len(set(districts)) != len(districts):
            raise field_fault("repeated", zh="同一区只列一次", en="name each district once")
        return self


class PartnersImport(Strict):
    """Partners, agreements and offers in one file; all are kept or none."""

    partners: Annotated[list[PartnerEntry], Field(max_length=1000)] = []
    agreements: Annotated[list[AgreementIn], Field(max_length=2000)] = []
    matter_offers: Annotated[list[MatterOfferIn], Field(max_length=20000)] = []


class Counts(BaseModel):
    """What an import did with one kind of row."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


class ImportReport(BaseModel):
    """What an import did, or would do."""

    dry_run: bool
    partners: Counts
    agreements: Counts
    matter_offers: Counts


class PartnerRead(BaseModel):
    """A partner district."""

    model_config = ConfigDict(from_attributes=True)

    district: str
    name: str
    english_name: str
    provenance: Provenance | None
    endpoint: str | None
    keys: dict[str, Any] | None
    state: PartnerState
    revoked_keys: list[str]
    contacts: list[Contact]
    messages_a_minute: int
    messages_at_once: int
    largest_file_megabytes: int
    paused_until: datetime | None
    failures: int
    """连续失败次数"""
    updated_at: datetime


class AgreementRead(BaseModel):
    """An agreement."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    partner: str
    mode: Mode
    direction: Direction
    areas: list[str]
    valid_from: date
    valid_until: date | None
    forward_within_days: int
    give_up_after_days: int
    recognised_materials: list[str]
    recognised_results: list[str]
    suite: Suite
    postage_borne_by: PostageBearer
    delegated_acceptance: bool
    provenance: Provenance | None
    signed_digest: str | None = Field(
        description="双方已签署的文本；未签署为空 / what both signed; null until then"
    )
    state: AgreementState


class MatterOfferRead(BaseModel):
    """An offered matter."""

    model_config = ConfigDict(from_attributes=True)

    owner_district: str
    matter_code: str
    agreement: str
    mode: Mode
    joint_with: list[dict[str, Any]]
    matter_version: int
    state: OfferState
    matter: dict[str, Any]
