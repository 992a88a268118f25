"""The words that matters are described in: one enumeration per question."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

__all__ = [
    "LEVEL_CODES",
    "TYPE_CODES",
    "Area",
    "Audience",
    "BodyKind",
    "Channel",
    "DayUnit",
    "FeeChannel",
    "FieldKind",
    "HandledIn",
    "Handling",
    "HandlingScope",
    "Level",
    "LicenceOperation",
    "MaterialForm",
    "MaterialSource",
    "MatterType",
    "Mode",
    "Necessity",
    "Provenance",
    "ResultKind",
    "SpecialProcedureKind",
    "StepKind",
    "WayKind",
]


class MatterType(StrEnum):
    LICENCE = "licence"  # 行政许可
    BENEFIT = "benefit"  # 行政给付
    CONFIRMATION = "confirmation"  # 行政确认
    AWARD = "award"  # 行政奖励
    ADJUDICATION = "adjudication"  # 行政裁决
    OTHER_POWER = "other_power"  # 其他行政权力
    PUBLIC_SERVICE = "public_service"  # 公共服务


# 政务服务事项基本编码: the two digits that tell the type.
TYPE_CODES: Mapping[MatterType, str] = MappingProxyType(
    {
        MatterType.LICENCE: "01",
        MatterType.BENEFIT: "05",
        MatterType.CONFIRMATION: "07",
        MatterType.AWARD: "08",
        MatterType.ADJUDICATION: "09",
        MatterType.OTHER_POWER: "10",
        MatterType.PUBLIC_SERVICE: "20",
    }
)


class Level(StrEnum):
    """行使层级."""

    NATION = "nation"  # 国家级
    PROVINCE = "province"  # 省级
    CITY = "city"  # 市级
    DISTRICT = "district"  # 县（区）级
    TOWN = "town"  # 乡镇（街道）级


# 实施编码第 19 位: the digit that tells the level.
LEVEL_CODES: Mapping[str, Level] = MappingProxyType(
    {str(digit): level for digit, level in enumerate(Level, start=1)}
)


class HandledIn(StrEnum):
    """业务系统: whose system keeps the number, the state and the result."""

    OURS = "ours"  # 本平台
    OUTSIDE = "outside"  # 外部业务系统


class StepKind(StrEnum):
    """办理环节."""

    RECEIVE = "receive"  # 收件
    ACCEPT = "accept"  # 受理
    REVIEW = "review"  # 审查
    DECIDE = "decide"  # 决定
    CERTIFY = "certify"  # 制证
    DELIVER = "deliver"  # 送达


class WayKind(StrEnum):
    """How one reaches somebody, to ask or to complain."""

    TELEPHONE = "telephone"  # 电话
    WINDOW = "window"  # 窗口
    ONLINE = "online"  # 网上
    LETTER = "letter"  # 信函


class DayUnit(StrEnum):
    """时限单位: the days that the law's limit is counted in."""

    WORKING_DAYS = "working_days"  # 工作日
    CALENDAR_DAYS = "calendar_days"  # 自然日


class Handling(StrEnum):
    IMMEDIATE = "immediate"  # 即办件
    PROMISED = "promised"  # 承诺件


class BodyKind(StrEnum):
    BUREAU = "bureau"  # 审批局
    STATIONED = "stationed"  # 进驻部门
    VERTICAL = "vertical"  # 垂管部门
    PUBLIC_INSTITUTION = "public_institution"  # 事业单位


class Audience(StrEnum):
    PERSON = "person"  # 自然人
    ENTERPRISE = "enterprise"  # 法人


class Area(StrEnum):
    BUSINESS_REGISTRATION = "business_registration"  # 商事登记
    TAX = "tax"  # 税务
    SOCIAL_INSURANCE = "social_insurance"  # 社会保险
    CREDIT_REPORT = "credit_report"  # 征信查询
    NOTARY = "notary"  # 公证
    INTELLECTUAL_PROPERTY = "intellectual_property"  # 知识产权
    TRADE_PROMOTION = "trade_promotion"  # 贸易促进
    MEDICAL_INSURANCE = "medical_insurance"  # 医疗保障
    CIVIL_AFFAIRS = "civil_affairs"  # 民政
    FAMILY = "family"  # 生育家庭
    EMPLOYMENT = "employment"  # 就业创业
    TALENT = "talent"  # 人才
    HOUSING = "housing"  # 住房
    CONSTRUCTION = "construction"  # 建设工程
    PLANNING = "planning"  # 规划
    ENVIRONMENT = "environment"  # 生态环境
    TRANSPORT = "transport"  # 交通运输
    HEALTH = "health"  # 卫生健康
    FOOD_DRUG = "food_drug"  # 食品药品
    EDUCATION = "education"  # 教育
    CULTURE = "culture"  # 文化旅游
    AGRICULTURE = "agriculture"  # 农业农村
    PUBLIC_SECURITY = "public_security"  # 公安
    UTILITIES = "utilities"  # 水电气热
    INVESTMENT = "investment"  # 投资
    ELDERLY = "elderly"  # 养老
    DISABILITY = "disability"  # 助残
    OTHER = "other"  # 其他


class LicenceOperation(StrEnum):
    FIRST = "first"  # 首次核发
    VARY = "vary"  # 变更
    RENEW = "renew"  # 延续
    REISSUE = "reissue"  # 补证


class Necessity(StrEnum):
    REQUIRED = "required"  # 必要
    OPTIONAL = "optional"  # 非必要
    SUPPLY_LATER = "supply_later"  # 容缺后补
    COMMITMENT = "commitment"  # 告知承诺


class MaterialForm(StrEnum):
    ORIGINAL = "original"  # 原件
    COPY = "copy"  # 复印件
    ELECTRONIC = "electronic"  # 电子件


class MaterialSource(StrEnum):
    APPLICANT = "applicant"  # 申请人自备
    GOVERNMENT = "government"  # 政府部门核发
    THIRD_PARTY = "third_party"  # 其他（第三方出具）


class FieldKind(StrEnum):
    TEXT = "text"  # 文字
    NUMBER = "number"  # 数字
    DATE = "date"  # 日期
    CHOICE = "choice"  # 选择
    CREDIT_CODE = "credit_code"  # 统一社会信用代码
    IDENTITY_NUMBER = "identity_number"  # 证件号码
    PHONE = "phone"  # 电话


class Channel(StrEnum):
    WINDOW = "window"  # 窗口
    ONLINE = "online"  # 网上
    KIOSK = "kiosk"  # 自助终端


class FeeChannel(StrEnum):
    ANY = "any"  # 不限
    WINDOW = "window"  # 窗口
    ONLINE = "online"  # 网上
    KIOSK = "kiosk"  # 自助终端


class SpecialProcedureKind(StrEnum):
    HEARING = "hearing"  # 听证
    TENDER = "tender"  # 招标
    AUCTION = "auction"  # 拍卖
    INSPECTION = "inspection"  # 检验
    TEST = "test"  # 检测
    QUARANTINE = "quarantine"  # 检疫
    APPRAISAL = "appraisal"  # 鉴定
    EXPERT_REVIEW = "expert_review"  # 专家评审
    # These two stop the clock only where the matter's legal basis says so.
    PUBLIC_NOTICE = "public_notice"  # 公示
    SITE_SURVEY = "site_survey"  # 现场踏勘


class ResultKind(StrEnum):
    LICENCE = "licence"  # 证照
    CERTIFICATE = "certificate"  # 证明
    NOTICE = "notice"  # 通知


class HandlingScope(StrEnum):
    LOCAL = "local"  # 本区
    CROSS_DISTRICT = "cross_district"  # 跨区通办
    CROSS_PROVINCE = "cross_province"  # 跨省通办
    NATIONWIDE = "nationwide"  # 全国通办


class Provenance(StrEnum):
    SOURCED = "sourced"  # 有出处
    ILLUSTRATIVE = "illustrative"  # 示例


class Mode(StrEnum):
    ONLINE = "online"  # 全程网办
    PROXY = "proxy"  # 异地代收代办
    JOINT = "joint"  # 多地联办
