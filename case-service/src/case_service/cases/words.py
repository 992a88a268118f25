"""How a case's stages and steps are told to people (环节名称)."""

from collections.abc import Mapping
from types import MappingProxyType

from case_service.cases.vocabulary import Action, Outcome, Stage
from tongban.problems import Text

__all__ = ["ACTIONS", "OUTCOMES", "STAGES", "STAGE_NAMES", "STEPS"]


def _said(zh: str, en: str) -> Text:
    return {"zh-CN": zh, "en": en}


STAGES: Mapping[Stage, Text] = MappingProxyType(
    {
        Stage.SUBMITTED: _said("已提交，等待收件", "submitted, to be received"),
        Stage.RECEIVED: _said("已收件，等待受理", "received, to be accepted"),
        Stage.CORRECTING: _said("等待补正材料", "waiting for corrections"),
        Stage.ACCEPTED: _said("已受理，正在办理", "accepted, being handled"),
        Stage.SUSPENDED: _said("特别程序进行中，暂停计时", "a special procedure stops the clock"),
        Stage.REVIEWED: _said("已审查，等待决定", "reviewed, to be decided"),
        Stage.DECIDED: _said("已作出决定", "decided"),
        Stage.ISSUED: _said("已出证，等待送达", "issued, to be delivered"),
        Stage.DELIVERED: _said("已送达", "delivered"),
        Stage.CLOSED: _said("已办结", "closed"),
        Stage.DECLINED: _said("不予受理", "not accepted"),
        Stage.WITHDRAWN: _said("已撤回", "withdrawn"),
        Stage.TERMINATED: _said("已终止办理", "terminated"),
        Stage.FORWARDED: _said("已转至事项所属区办理", "forwarded to the district that decides"),
    }
)

OUTCOMES: Mapping[Outcome, Text] = MappingProxyType(
    {
        Outcome.GRANTED: _said("准予", "granted"),
        Outcome.DENIED: _said("不予", "denied"),
        Outcome.DECLINED: _said("不予受理", "not accepted"),
        Outcome.WITHDRAWN: _said("已撤回", "withdrawn"),
        Outcome.TERMINATED: _said("已终止", "terminated"),
    }
)

STEPS: Mapping[str, Text] = MappingProxyType(
    {
        "submit": _said("提交申请", "applied"),
        Action.RECEIVE: _said("收件", "received"),
        Action.PRE_CHECK: _said("预审", "checked beforehand"),
        Action.REQUEST_CORRECTION: _said("一次性告知补正", "corrections requested"),
        Action.CORRECT: _said("提交补正", "corrected"),
        Action.ACCEPT: _said("受理", "accepted"),
        Action.DECLINE: _said("不予受理", "declined"),
        Action.FORWARD: _said("转出办理", "forwarded"),
        Action.REVIEW: _said("审查", "reviewed"),
        Action.DECIDE: _said("作出决定", "decided"),
        Action.ISSUE: _said("出证", "licence issued"),
        Action.DELIVER: _said("送达", "delivered"),
        Action.CLOSE: _said("办结", "closed"),
        Action.WITHDRAW: _said("撤回申请", "withdrawn"),
        Action.SUPPLY: _said("补交容缺材料", "material supplied"),
        Action.REQUEST_REVIEWS: _said("发起并联审查", "several departments asked"),
        Action.GIVE_OPINION: _said("部门出具意见", "a department gave its opinion"),
        Action.SUSPEND: _said("进入特别程序，暂停计时", "suspended for a special procedure"),
        Action.RESUME: _said("特别程序结束，恢复计时", "special procedure over, clock resumed"),
        Action.EXTEND: _said("延长办理期限", "extended"),
        Action.TERMINATE: _said("终止办理", "terminated"),
        Action.REOPEN: _said("经督办重新办理", "reopened by supervision"),
        Action.CHECK_COMMITMENT: _said("核查告知承诺", "commitment checked"),
        Action.REPORT_OUTSIDE: _said("外部系统办理进展", "progress in the system outside"),
        Action.NOTE_REVIEW: _said("登记行政复议或诉讼", "administrative review or suit noted"),
        Action.ESCALATE: _said("上报", "handed up"),
        Action.CLAIM: _said("领取", "claimed"),
        Action.ASSIGN: _said("分派经办人", "assigned"),
        Action.HAND_OVER: _said("移交", "handed over"),
        "pay_fee": _said("缴费", "fee paid"),
        "exempt_fee": _said("窗口认定减免", "exempted from a fee"),
        "refund_fee": _said("退费", "money given back"),
        "prepare_delivery": _said("登记送达", "delivery prepared"),
        "send_delivery": _said("已寄出", "sent"),
        "confirm_delivery": _said("已签收", "received and signed for"),
        "return_delivery": _said("送达未成功，已退回", "delivery failed and came back"),
        "assist": _said("帮办人员全程协助", "a helper went along"),
        "act_for": _said("代办人员受托办理", "a helper acted for the applicant"),
        "authorise": _said("登记代办人", "an agent was let in"),
        "rate": _said("评价", "rated"),
        "revoke_licence": _said("证照被吊销", "licence revoked"),
        "upload": _said("上传材料", "material uploaded"),
        "reuse_material": _said("复用材料或证照", "earlier file or licence used again"),
        "rely": _said("采信其他区证照", "another district's document relied on"),
        "reliance_disputed": _said("所采信证照有异议", "the document relied on is disputed"),
        "reliance_standing": _said("异议不成立，采信有效", "the dispute was rejected: it stands"),
        "reliance_ended": _said("所采信证照已失效", "the document relied on stands no more"),
        "sent": _said("申请已送往对方区", "package sent to the other district"),
        "acknowledged": _said("对方区已签收", "the other district has the package"),
        "request_withdrawal": _said("向对方区申请撤回", "withdrawal asked of the other district"),
        "hand_over_result": _said("已将结果交付申请人", "the result was handed to the applicant"),
        "withdrawal_too_late": _said("撤回申请到达时已作决定", "asked to withdraw once decided"),
        "corrections_too_late": _said("补正到达时已不再等待", "corrections came too late"),
        "progressed": _said("对方区办理进展", "progress in the other district"),
        "result": _said("收到办理结果，已告知申请人", "result received, the applicant is told"),
        "forward_failed": _said("转出未成功，可重新转出", "forwarding failed and can be repeated"),
    }
)

STAGE_NAMES: Mapping[Stage, str] = MappingProxyType(
    {
        Stage.SUBMITTED: "已提交",
        Stage.RECEIVED: "已收件",
        Stage.CORRECTING: "待补正",
        Stage.ACCEPTED: "已受理",
        Stage.SUSPENDED: "特别程序中",
        Stage.REVIEWED: "已审查",
        Stage.DECIDED: "已决定",
        Stage.ISSUED: "已出证",
        Stage.DELIVERED: "已送达",
        Stage.CLOSED: "已办结",
        Stage.DECLINED: "不予受理",
        Stage.WITHDRAWN: "已撤回",
        Stage.TERMINATED: "已终止",
        Stage.FORWARDED: "已转出",
    }
)
"""环节简称, as documents and diagrams have them."""

ACTIONS: Mapping[Action, str] = MappingProxyType(
    {
        Action.RECEIVE: "收件",
        Action.PRE_CHECK: "预审",
        Action.REQUEST_CORRECTION: "一次性告知补正",
        Action.CORRECT: "补正",
        Action.ACCEPT: "受理",
        Action.DECLINE: "不予受理",
        Action.FORWARD: "转出",
        Action.SUPPLY: "容缺补交",
        Action.REQUEST_REVIEWS: "发起并联审查",
        Action.GIVE_OPINION: "出具审查意见",
        Action.REVIEW: "审查",
        Action.SUSPEND: "中止计时",
        Action.RESUME: "恢复计时",
        Action.EXTEND: "延期",
        Action.DECIDE: "决定",
        Action.ISSUE: "出证",
        Action.DELIVER: "送达",
        Action.CLOSE: "办结",
        Action.WITHDRAW: "撤回",
        Action.TERMINATE: "终止",
        Action.REOPEN: "重新办理",
        Action.CHECK_COMMITMENT: "核查承诺",
        Action.REPORT_OUTSIDE: "登记外部系统进展",
        Action.NOTE_REVIEW: "登记复议诉讼",
        Action.ESCALATE: "上报",
        Action.CLAIM: "领取",
        Action.ASSIGN: "分派",
        Action.HAND_OVER: "移交",
    }
)
"""操作名称, as documents and diagrams have them."""
