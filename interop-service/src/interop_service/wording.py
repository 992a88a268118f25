"""What the codes of a problem are called in its sentence; its members stay codes.

In English a code is its own word. One table a vocabulary, for one code means different things in
different ones: an `ended` agreement is 已终止, an `ended` document 已失效.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from interop_service.equivalences.rules import Shortfall
from interop_service.exchanges.rules import MessageKind, Side, State
from interop_service.once_only.rules import EvidenceState, EvidenceStep, Impediment
from interop_service.partners.rules import Denial, Mode
from interop_service.recognitions.rules import Objection
from interop_service.reliances.rules import DisputeState, RelianceState, RelianceStep
from tongban.problems import Text

__all__ = [
    "DENIALS",
    "DISPUTE_STATES",
    "EVIDENCE_STEPS",
    "MESSAGES",
    "MODES",
    "OBJECTIONS",
    "RELIANCE_STEPS",
    "SIDES",
    "STATES",
]


def _called(*tables: Mapping[Any, str]) -> Mapping[str, Text]:
    """Make one of several; of what two of them share, the later one's name counts."""
    return MappingProxyType(
        {code.value: {"zh-CN": name} for table in tables for code, name in table.items()}
    )


MODES: Final[Mapping[Mode, str]] = MappingProxyType(
    {
        Mode.ONLINE: "全程网办",
        Mode.PROXY: "异地代收代办",
        Mode.JOINT: "多地联办",
    }
)
SIDES: Final[Mapping[Side, str]] = MappingProxyType({Side.NEAR: "收件区", Side.OWNER: "办理区"})
STATES: Final[Mapping[State, str]] = MappingProxyType(
    {
        State.PREPARED: "待发送",
        State.SENT: "已发送",
        State.RECEIVED: "办理区已签收",
        State.CORRECTING: "待补正",
        State.ACCEPTED: "已受理",
        State.SUSPENDED: "特别程序中",
        State.DECIDED: "已决定",
        State.CONCLUDED: "已办结",
        State.HANDED_OVER: "已交付申请人",
        State.ARCHIVED: "已归档",
        State.FAILED: "失败",
    }
)

MESSAGES: Final = _called(
    {
        MessageKind.PACKAGE: "办件材料包",
        MessageKind.CORRECTIONS_REQUESTED: "一次性告知补正",
        MessageKind.CORRECTED: "已补正",
        MessageKind.ACCEPTED: "已受理",
        MessageKind.SUSPENDED: "中止计时",
        MessageKind.RESUMED: "恢复计时",
        MessageKind.EXTENDED: "延期",
        MessageKind.DECIDED: "已决定",
        MessageKind.LICENCE_ISSUED: "已出证",
        MessageKind.DELIVERED: "已送达",
        MessageKind.RESULT: "办理结果",
        MessageKind.HANDED_OVER: "已交付申请人",
        MessageKind.WITHDRAWAL_REQUESTED: "申请撤回",
        MessageKind.RATED: "好差评",
        MessageKind.ARCHIVED: "已归档",
        MessageKind.CONCERT: "联办进展",
        MessageKind.REMOTE_HELP: "远程视频帮办",
        MessageKind.PROGRESS: "办理进度",
    },
    STATES,
    SIDES,
    MODES,
)

DENIALS: Final = _called(
    {
        Denial.PARTNER_NOT_ACTIVE: "对方未接通",
        Denial.MATTER_NOT_OFFERED: "事项未开放",
        Denial.NO_AGREEMENT: "无协议",
        Denial.OTHER_PARTNER: "协议属于其他合作区",
        Denial.NOT_SIGNED: "协议未经双方签署",
        Denial.ENDED: "协议已终止",
        Denial.NOT_YET_VALID: "协议尚未生效",
        Denial.EXPIRED: "协议已到期",
        Denial.DIRECTION: "方向不符",
        Denial.MODE: "模式不符",
        Denial.AREA: "领域不符",
    },
    {
        Shortfall.NO_PROOF: "材料不能以证照代替",
        Shortfall.NOT_HELD: "申请人没有可用证照",
        Shortfall.NOT_EQUAL: "不在互认目录",
        Shortfall.NOT_AGREED: "协议未列入互认",
        Shortfall.ROW_NOT_YET_VALID: "互认尚未开始",
        Shortfall.ROW_ENDED: "互认已结束",
        Shortfall.LICENCE_EXPIRED: "证照已过期",
    },
    {
        Impediment.NO_CONSENT: "无申请人授权",
        Impediment.CONSENT_NOT_YET: "授权尚未生效",
        Impediment.CONSENT_OVER: "授权已过期",
        Impediment.OTHER_PURPOSE: "与授权用途不符",
        Impediment.OTHER_EVIDENCE: "与授权证明不符",
        Impediment.LIMIT_PAST: "已过调取期限",
        Impediment.LIMIT_BEYOND_CONSENT: "期限超出授权",
        Impediment.OTHER_DOCUMENT: "与预览不符",
        Impediment.CLOSED: "调取已结束",
    },
)

EVIDENCE_STEPS: Final = _called(
    {
        EvidenceState.REQUESTED: "已申请调取",
        EvidenceState.PREVIEWED: "已可预览",
        EvidenceState.ACCEPTED: "申请人已同意",
        EvidenceState.REFUSED: "申请人已拒绝",
        EvidenceState.DELIVERED: "已提供",
        EvidenceState.DENIED: "不予提供",
        EvidenceState.EXPIRED: "已过期限",
    },
    {
        EvidenceStep.PREVIEW: "提供预览",
        EvidenceStep.ACCEPT: "同意使用",
        EvidenceStep.REFUSE: "拒绝使用",
        EvidenceStep.DELIVER: "提供证明",
        EvidenceStep.DENY: "不予提供",
        EvidenceStep.EXPIRE: "期限届满",
    },
)

RELIANCE_STEPS: Final = _called(
    {
        RelianceState.STANDING: "有效",
        RelianceState.DISPUTED: "有异议",
        RelianceState.ENDED: "已失效",
    },
    {
        RelianceStep.DISPUTE: "提出异议",
        RelianceStep.CLEAR: "异议解除",
        RelianceStep.END: "失效",
    },
)

DISPUTE_STATES: Final = _called(
    {
        DisputeState.RAISED: "待答复",
        DisputeState.UPHELD: "异议成立",
        DisputeState.REJECTED: "异议不成立",
    },
)

OBJECTIONS: Final = _called(
    {
        Objection.MALFORMED: "内容不完整",
        Objection.NO_SEAL: "无电子印章",
        Objection.UNKNOWN_SEAL: "印章未登记",
        Objection.SEAL_BROKEN: "验章不通过",
        Objection.OTHER_ISSUER: "签发区不符",
        Objection.NOT_AGREED: "协议未列入互认",
    },
)
