"""The words of the vocabulary as clerks and partners read them: 中文 by enumeration and value."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

__all__ = ["chinese", "meant"]

_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "MatterType": {
            "licence": "行政许可",
            "benefit": "行政给付",
            "confirmation": "行政确认",
            "award": "行政奖励",
            "adjudication": "行政裁决",
            "other_power": "其他行政权力",
            "public_service": "公共服务",
        },
        "Level": {
            "nation": "国家级",
            "province": "省级",
            "city": "市级",
            "district": "县（区）级",
            "town": "乡镇（街道）级",
        },
        "HandledIn": {"ours": "本平台", "outside": "外部业务系统"},
        "StepKind": {
            "receive": "收件",
            "accept": "受理",
            "review": "审查",
            "decide": "决定",
            "certify": "制证",
            "deliver": "送达",
        },
        "WayKind": {"telephone": "电话", "window": "窗口", "online": "网上", "letter": "信函"},
        "DayUnit": {"working_days": "工作日", "calendar_days": "自然日"},
        "Handling": {"immediate": "即办件", "promised": "承诺件"},
        "BodyKind": {
            "bureau": "审批局",
            "stationed": "进驻部门",
            "vertical": "垂管部门",
            "public_institution": "事业单位",
        },
        "Audience": {"person": "自然人", "enterprise": "法人"},
        "Area": {
            "business_registration": "商事登记",
            "tax": "税务",
            "social_insurance": "社会保险",
            "credit_report": "征信查询",
            "notary": "公证",
            "intellectual_property": "知识产权",
            "trade_promotion": "贸易促进",
            "medical_insurance": "医疗保障",
            "civil_affairs": "民政",
            "family": "生育家庭",
            "employment": "就业创业",
            "talent": "人才",
            "housing": "住房",
            "construction": "建设工程",
            "planning": "规划",
            "environment": "生态环境",
            "transport": "交通运输",
            "health": "卫生健康",
            "food_drug": "食品药品",
            "education": "教育",
            "culture": "文化旅游",
            "agriculture": "农业农村",
            "public_security": "公安",
            "utilities": "水电气热",
            "investment": "投资",
            "elderly": "养老",
            "disability": "助残",
            "other": "其他",
        },
        "Necessity": {
            "required": "必要",
            "optional": "非必要",
            "supply_later": "容缺后补",
            "commitment": "告知承诺",
        },
        "MaterialForm": {"original": "原件", "copy": "复印件", "electronic": "电子件"},
        "MaterialSource": {
            "applicant": "申请人自备",
            "government": "政府部门核发",
            "third_party": "其他",
        },
        "FieldKind": {
            "text": "文字",
            "number": "数字",
            "date": "日期",
            "choice": "选择",
            "credit_code": "统一社会信用代码",
            "identity_number": "证件号码",
            "phone": "电话",
        },
        "Channel": {"window": "窗口", "online": "网上", "kiosk": "自助终端"},
        "FeeChannel": {"any": "不限", "window": "窗口", "online": "网上", "kiosk": "自助终端"},
        "SpecialProcedureKind": {
            "hearing": "听证",
            "tender": "招标",
            "auction": "拍卖",
            "inspection": "检验",
            "test": "检测",
            "quarantine": "检疫",
            "appraisal": "鉴定",
            "expert_review": "专家评审",
            "public_notice": "公示",
            "site_survey": "现场踏勘",
        },
        "LicenceOperation": {
            "first": "首次核发",
            "vary": "变更",
            "renew": "延续",
            "reissue": "补证",
        },
        "ResultKind": {"licence": "证照", "certificate": "证明", "notice": "通知"},
        "HandlingScope": {
            "local": "本区",
            "cross_district": "跨区通办",
            "cross_province": "跨省通办",
            "nationwide": "全国通办",
        },
        "Provenance": {"sourced": "有出处", "illustrative": "示例"},
        "Mode": {"online": "全程网办", "proxy": "异地代收代办", "joint": "多地联办"},
    }
)


def chinese(kind: str, value: str) -> str:
    """Return the Chinese word for a value; the value itself where none is agreed on."""
    return _WORDS.get(kind, {}).get(value, value)


def meant(kind: type[StrEnum], word: str) -> str:
    """Return the value that a clerk's word means; the word itself where it is none."""
    return {chinese(kind.__name__, one.value): one.value for one in kind}.get(word, word)
