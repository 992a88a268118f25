"""What is told while a case runs and when it ends without a decision (过程文书与送达回证).

A fact with a name of its own in each language, such as a special procedure's, is told by it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from case_service.documents.phrases import (
    ADDRESS,
    BASIS,
    IS_LICENCE,
    PROVISIONAL,
    REMEDIES_LICENCE,
    REMEDIES_OTHER,
    REMEDIES_OWN,
    Title,
    Wording,
    Words,
)
from case_service.matters.procedures import PROCEDURES
from tongban.conditions import parse

__all__ = ["EXTENSION", "NAMES", "PROOF_OF_SERVICE", "SPECIAL_PROCEDURE", "TERMINATION"]

Names = Mapping[str, Mapping[str, str]]

_WAYS: Final[Names] = {
    "counter": {"zh-CN": "窗口领取", "en": "at the counter"},
    "window": {"zh-CN": "窗口领取", "en": "at the counter"},
    "post": {"zh-CN": "邮寄送达", "en": "by post"},
    "locker": {"zh-CN": "自助柜领取", "en": "from a locker"},
    "online": {"zh-CN": "电子送达", "en": "online"},
    "partner": {"zh-CN": "合作区代为送达", "en": "through the partner district"},
}
NAMES: Mapping[str, Names] = MappingProxyType({"procedure": PROCEDURES, "way": _WAYS})
"""What a fact's value is called in each language; a value not listed is told as it is."""

_YOURS_ZH: Final = "您的“{matter_name}”申请（办件编号{case_number}）"
_YOURS_EN: Final = "Your application for “{matter_english_name}” (case number {case_number})"
_NO_LICENCE = parse({"not": IS_LICENCE})
_REASON = Words("理由：{reason}", "Reason: {reason}")

SPECIAL_PROCEDURE = Wording(
    letters="TB",
    titles=(Title("特别程序告知书", "Notice of a special procedure"),),
    # 行政许可法 Art. 45: how long it takes is told in writing.
    lines=(
        ADDRESS,
        Words(
            f"{_YOURS_ZH}依法需要进行{{procedure}}，所需时间为{{planned_days}}个工作日。",
            f"{_YOURS_EN} needs, by law, {{procedure}}; it takes {{planned_days}} working days.",
        ),
        Words("说明：{reason}", "Note: {reason}", is_optional=True),
        Words(
            "上述时间不计入办理期限（《中华人民共和国行政许可法》第四十五条），"
            "结束后期限继续计算，并将另行告知。",
            "That time does not count (Administrative Licensing Law, Article 45). The clock goes on"
            " when it is over, and you will be told.",
            IS_LICENCE,
        ),
        Words(
            "上述时间不计入办理期限，结束后期限继续计算，并将另行告知。",
            "That time does not count. The clock goes on when it is over, and you will be told.",
            _NO_LICENCE,
        ),
        BASIS,
    ),
)

EXTENSION = Wording(
    letters="YQ",
    titles=(Title("延期通知书", "Notice of extension"),),
    # 行政许可法 Art. 42: the reason is told to the applicant.
    lines=(
        ADDRESS,
        Words(
            f"{_YOURS_ZH}不能在规定期限内作出决定，经批准延长{{extension_days}}个工作日。",
            f"{_YOURS_EN} can't be decided within its time limit; it is extended, with approval,"
            " by {extension_days} working days.",
        ),
        _REASON,
        Words(
            "延长后的法定办结日期：{statutory_due_on}。",
            "Now due by law on {statutory_due_on}.",
            is_optional=True,
        ),
        Words(
            "本次延期依据《中华人民共和国行政许可法》第四十二条，以一次为限。",
            "Extended under Article 42 of the Administrative Licensing Law, once only.",
            IS_LICENCE,
        ),
        BASIS,
        PROVISIONAL,
    ),
)

TERMINATION = Wording(
    letters="ZZ",
    titles=(Title("终止通知书", "Notice of termination"),),
    lines=(
        ADDRESS,
        Words(f"{_YOURS_ZH}终止办理。", f"{_YOURS_EN} is terminated."),
        _REASON,
        Words(
            "您可以重新提出申请；已提交的材料原件可到窗口领回。",
            "You may apply anew; originals handed in can be collected at a window.",
        ),
        BASIS,
        REMEDIES_LICENCE,
        REMEDIES_OTHER,
        REMEDIES_OWN,
    ),
)

PROOF_OF_SERVICE = Wording(
    letters="HZ",
    titles=(Title("送达回证", "Proof of service"),),
    lines=(
        Words("受送达人：{applicant_name}", "Served to: {applicant_name}"),
        Words(
            "案由：{matter_name}（办件编号{case_number}）",
            "Matter: {matter_english_name} (case number {case_number})",
        ),
        Words("送达文书：{served}", "Served: {served}", is_optional=True),
        Words("送达方式：{way}", "Way: {way}"),
        Words("邮件号：{tracking_number}", "Tracking number: {tracking_number}", is_optional=True),
        Words("签收人：{recipient}", "Received by: {recipient}"),
        Words("送达日期：{served_on}", "Served on: {served_on}"),
    ),
)
