"""What the clocks are called, and which law each follows (时限名称与依据)."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tongban.problems import Text

__all__ = ["BASES", "Clock", "Unit"]


class Clock(StrEnum):
    """What can fall due."""

    NOTICE = "notice"  # 受理告知
    CORRECTION = "correction"  # 申请人补正
    STATUTORY = "statutory"  # 法定办结
    PROMISED = "promised"  # 承诺办结
    ISSUE = "issue"  # 颁发送达
    FORWARD = "forward"  # 转出
    STEP = "step"  # 环节
    SUPPLY = "supply"  # 容缺补交
    COMMITMENT = "commitment"  # 承诺核查
    HANDOVER = "handover"  # 审管联动签收


class Unit(StrEnum):
    WORKING_DAYS = "working_days"  # 工作日
    CALENDAR_DAYS = "calendar_days"  # 自然日


BASES: Mapping[Clock, Text] = MappingProxyType(
    {
        Clock.NOTICE: {
            "zh-CN": "《行政许可法》第三十二条：五个工作日内一次告知，逾期视为受理",
            "en": "Administrative Licensing Law, Art. 32: told once within five working days, "
            "else deemed accepted",
        },
        Clock.CORRECTION: {
            "zh-CN": "一次性告知书所载补正期限",
            "en": "the period that the correction notice gives",
        },
        Clock.STATUTORY: {
            "zh-CN": "法定办结时限（行政许可适用《行政许可法》第四十二条）",
            "en": "the limit that the law sets (Art. 42 of the Licensing Law for licences)",
        },
        Clock.PROMISED: {"zh-CN": "承诺办结时限", "en": "the limit that the bureau promises"},
        Clock.ISSUE: {
            "zh-CN": "《行政许可法》第四十四条：决定之日起十个工作日内颁发、送达",
            "en": "Administrative Licensing Law, Art. 44: issued and delivered within ten "
            "working days of the decision",
        },
        Clock.FORWARD: {
            "zh-CN": "跨区通办协议所定转出时限",
            "en": "the time that the agreement gives for forwarding",
        },
        Clock.STEP: {
            "zh-CN": "实施清单所定环节时限",
            "en": "the time that the matter gives a step",
        },
        Clock.SUPPLY: {
            "zh-CN": "容缺受理所定补交期限",
            "en": "the period given for supplying what is owed",
        },
        Clock.COMMITMENT: {
            "zh-CN": "告知承诺的核查期限",
            "en": "the period for checking what was promised",
        },
        Clock.HANDOVER: {
            "zh-CN": "审管联动移交的签收期限",
            "en": "the time for taking over a licence decision that was handed over",
        },
    }
)
