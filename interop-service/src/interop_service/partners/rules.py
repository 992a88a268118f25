"""What two districts agreed (跨区通办协议), and whether a case may go under it: deny by default.

Pure: values in, reasons out.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

__all__ = [
    "FAILURES_IN_A_ROW",
    "GIVE_UP_AFTER_DAYS",
    "LARGEST_FILE_MEGABYTES",
    "MESSAGES_AT_ONCE",
    "MESSAGES_A_MINUTE",
    "AgreementState",
    "AgreementTerms",
    "Area",
    "Denial",
    "Direction",
    "Mode",
    "OfferState",
    "OfferTerms",
    "PartnerState",
    "PostageBearer",
    "Provenance",
    "Way",
    "agreement_state",
    "denials_of_terms",
    "is_broken",
    "offer_state",
    "partner_state",
    "reasons_against",
    "rest_seconds",
]


FAILURES_IN_A_ROW = 5
"""So many attempts in a row that fail by the partner or the network: its line is dead."""
LONGEST_REST_SECONDS = 120.0
GIVE_UP_AFTER_DAYS = 30
"""How long a message is sent again where nothing else is agreed."""
MESSAGES_A_MINUTE = 600
MESSAGES_AT_ONCE = 8
LARGEST_FILE_MEGABYTES = 500
"""What is taken of one partner where nothing else is agreed."""


class PartnerState(StrEnum):
    """Whether messages may go to and come from a partner."""

    REGISTERED = "registered"  # 已登记, 尚无地址或密钥
    ACTIVE = "active"  # 已接通
    SUSPENDED = "suspended"  # 已暂停


class Mode(StrEnum):
    """How two districts handle one case."""

    ONLINE = "online"  # 全程网办
    PROXY = "proxy"  # 异地代收代办
    JOINT = "joint"  # 多地联办


class Direction(StrEnum):
    """Which way cases may go, seen from here."""

    BOTH = "both"  # 双向
    OUT = "out"  # 本区收件, 对方办理
    IN = "in"  # 对方收件, 本区办理


class Way(StrEnum):
    """Which way this one case goes, seen from here."""

    OUT = "out"
    IN = "in"


class AgreementState(StrEnum):
    """Whether an agreement counts."""

    IN_FORCE = "in_force"  # 有效
    ENDED = "ended"  # 已终止


class OfferState(StrEnum):
    """Whether a matter can be applied for from the other district."""

    OFFERED = "offered"  # 已开放
    WITHDRAWN = "withdrawn"  # 已撤下


class PostageBearer(StrEnum):
    """Who pays for the post between the two districts."""

    NEAR = "near"  # 收件区承担
    OWNER = "owner"  # 办理区承担
    APPLICANT = "applicant"  # 申请人承担


class Provenance(StrEnum):
    """Where a row of the data comes from."""

    SOURCED = "sourced"  # 有来源
    ILLUSTRATIVE = "illustrative"  # 示例


class Area(StrEnum):
    """Business areas (业务领域): one vocabulary for matters, windows and agreements."""

    BUSINESS_REGISTRATION = "business_registration"  # 商事登记
    TAX = "tax"  # 税务
    SOCIAL_INSURANCE = "social_insurance"  # 社会保险
    CREDIT_REPORT = "credit_report"  # 征信
    NOTARY = "notary"  # 公证
    INTELLECTUAL_PROPERTY = "intellectual_property"  # 知识产权
    TRADE_PROMOTION = "trade_promotion"  # 贸易促进
    MEDICAL_INSURANCE = "medical_insurance"  # 医疗保障
    CIVIL_AFFAIRS = "civil_affairs"  # 民政
    FAMILY = "family"  # 生育婚姻
    EMPLOYMENT = "employment"  # 就业创业
    TALENT = "talent"  # 人才
    HOUSING = "housing"  # 住房
    CONSTRUCTION = "construction"  # 建设
    PLANNING = "planning"  # 规划
    ENVIRONMENT = "environment"  # 生态环境
    TRANSPORT = "transport"  # 交通运输
    HEALTH = "health"  # 卫生健康
    FOOD_DRUG = "food_drug"  # 食品药品
    EDUCATION = "education"  # 教育
    CULTURE = "culture"  # 文化旅游
    AGRICULTURE = "agriculture"  # 农业农村
    PUBLIC_SECURITY = "public_security"  # 公安
    UTILITIES = "utilities"  # 公用事业
    INVESTMENT = "investment"  # 投资
    ELDERLY = "elderly"  # 养老
    DISABILITY = "disability"  # 残疾人服务
    OTHER = "other"  # 其他


class Denial(StrEnum):
    """Why a case may not go between two districts."""

    PARTNER_NOT_ACTIVE = "partner_not_active"  # 对方未接通
    MATTER_NOT_OFFERED = "matter_not_offered"  # 事项未开放
    NO_AGREEMENT = "no_agreement"  # 无协议
    OTHER_PARTNER = "other_partner"  # 协议属于其他合作区
    NOT_SIGNED = "not_signed"  # 协议未经双方签署
    ENDED = "ended"  # 协议已终止
    NOT_YET_VALID = "not_yet_valid"  # 协议尚未生效
    EXPIRED = "expired"  # 协议已到期
    DIRECTION = "direction"  # 方向不符
    MODE = "mode"  # 模式不符
    AREA = "area"  # 领域不符


@dataclass(frozen=True)
class AgreementTerms:
    """What an agreement says."""

    code: str
    partner: str
    mode: Mode
    direction: Direction
    areas: Collection[str]
    valid_from: date
    valid_until: date | None
    state: AgreementState
    is_signed: bool
    """By both, as it is now."""


@dataclass(frozen=True)
class OfferTerms:
    """What an offer says: this matter of that district, under this agreement."""

    agreement: str
    mode: Mode
    area: str
    state: OfferState


def reasons_against(
    *,
    way: Way,
    partner: str,
    partner_state: PartnerState | None,
    agreement: AgreementTerms | None,
    offer: OfferTerms | None,
    mode: str,
    on: date,
) -> tuple[Denial, ...]:
    """Return every reason why a case may not go this way; none means that it may."""
    reasons = []
    if partner_state is not PartnerState.ACTIVE:
        reasons.append(Denial.PARTNER_NOT_ACTIVE)
    if offer is None or offer.state is not OfferState.OFFERED:
        reasons.append(Denial.MATTER_NOT_OFFERED)
    if agreement is None:
        return (*reasons, Denial.NO_AGREEMENT)
    reasons += denials_of_terms(agreement, partner=partner, on=on)
    if agreement.direction not in (Direction.BOTH, Direction(way)):
        reasons.append(Denial.DIRECTION)
    if mode != agreement.mode or (offer is not None and mode != offer.mode):
        reasons.append(Denial.MODE)
    if offer is not None and offer.area not in agreement.areas:
        reasons.append(Denial.AREA)
    if offer is not None and offer.agreement != agreement.code:
        reasons.append(Denial.MATTER_NOT_OFFERED)
    return tuple(dict.fromkeys(reasons))


def denials_of_terms(agreement: AgreementTerms, *, partner: str, on: date) -> list[Denial]:
    """Return why an agreement does not count with a partner on a day, whatever it is about."""
    reasons = []
    if agreement.partner != partner:
        reasons.append(Denial.OTHER_PARTNER)
    if not agreement.is_signed:
        reasons.append(Denial.NOT_SIGNED)
    if agreement.state is not AgreementState.IN_FORCE:
        reasons.append(Denial.ENDED)
    if on < agreement.valid_from:
        reasons.append(Denial.NOT_YET_VALID)
    if agreement.valid_until is not None and on > agreement.valid_until:
        reasons.append(Denial.EXPIRED)
    return reasons


def is_broken(failures: int) -> bool:
    """熔断: whether a line counts as dead; then one message at a time tries it, after a rest."""
    return failures >= FAILURES_IN_A_ROW


def rest_seconds(failures: int, chance: float) -> float:
    """Return how long a dead line is left alone: 2, 4, 8 … 120 seconds, spread by chance in [0, 1).

    0 where the line is not dead.
    """
    if not is_broken(failures):
        return 0.0
    whole = min(2.0 ** (min(failures, 32) - FAILURES_IN_A_ROW + 1), LONGEST_REST_SECONDS)
    return whole * (0.5 + chance / 2)


def partner_state(*, is_reachable: bool, is_suspended: bool) -> PartnerState:
    """A partner with an address and keys is active, unless suspended."""
    if is_suspended:
        return PartnerState.SUSPENDED
    return PartnerState.ACTIVE if is_reachable else PartnerState.REGISTERED


def agreement_state(*, valid_until: date | None, on: date) -> AgreementState:
    """An agreement ends with its last day."""
    is_over = valid_until is not None and on > valid_until
    return AgreementState.ENDED if is_over else AgreementState.IN_FORCE


def offer_state(agreement: AgreementState) -> OfferState:
    """An offer lasts as long as its agreement."""
    return OfferState.OFFERED if agreement is AgreementState.IN_FORCE else OfferState.WITHDRAWN
