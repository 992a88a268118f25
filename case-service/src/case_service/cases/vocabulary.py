"""The words of a case (办件用语): its stages, actions, guards and what goes with them."""

from enum import StrEnum

__all__ = [
    "FINAL",
    "Action",
    "ChallengeKind",
    "ChallengeState",
    "Channel",
    "Evidence",
    "Ground",
    "Guard",
    "Handling",
    "Opinion",
    "Outcome",
    "Relation",
    "Stage",
    "StepName",
]


class Stage(StrEnum):
    SUBMITTED = "submitted"  # 已提交
    RECEIVED = "received"  # 已收件
    CORRECTING = "correcting"  # 待补正
    ACCEPTED = "accepted"  # 已受理
    SUSPENDED = "suspended"  # 特别程序中
    REVIEWED = "reviewed"  # 已审查
    DECIDED = "decided"  # 已决定
    ISSUED = "issued"  # 已出证
    DELIVERED = "delivered"  # 已送达
    CLOSED = "closed"  # 已办结
    DECLINED = "declined"  # 不予受理
    WITHDRAWN = "withdrawn"  # 已撤回
    TERMINATED = "terminated"  # 已终止
    FORWARDED = "forwarded"  # 已转出


FINAL = frozenset({Stage.CLOSED, Stage.DECLINED, Stage.WITHDRAWN, Stage.TERMINATED})


class Action(StrEnum):
    RECEIVE = "receive"  # 收件
    PRE_CHECK = "pre_check"  # 预审
    REQUEST_CORRECTION = "request_correction"  # 一次性告知补正
    CORRECT = "correct"  # 补正
    ACCEPT = "accept"  # 受理
    DECLINE = "decline"  # 不予受理
    FORWARD = "forward"  # 转出
    SUPPLY = "supply"  # 容缺补交
    REQUEST_REVIEWS = "request_reviews"  # 发起并联审查
    GIVE_OPINION = "give_opinion"  # 出具审查意见
    REVIEW = "review"  # 审查
    SUSPEND = "suspend"  # 中止计时
    RESUME = "resume"  # 恢复计时
    EXTEND = "extend"  # 延期
    DECIDE = "decide"  # 决定
    ISSUE = "issue"  # 出证
    DELIVER = "deliver"  # 送达
    CLOSE = "close"  # 办结
    WITHDRAW = "withdraw"  # 撤回
    TERMINATE = "terminate"  # 终止
    REOPEN = "reopen"  # 重新办理
    CHECK_COMMITMENT = "check_commitment"  # 核查承诺
    REPORT_OUTSIDE = "report_outside"  # 登记外部系统进展
    NOTE_REVIEW = "note_review"  # 登记复议诉讼
    ESCALATE = "escalate"  # 上报
    CLAIM = "claim"  # 领取
    ASSIGN = "assign"  # 分派
    HAND_OVER = "hand_over"  # 移交


class Channel(StrEnum):
    ONLINE = "online"  # 网上
    WINDOW = "window"  # 窗口
    KIOSK = "kiosk"  # 自助终端
    PROXY = "proxy"  # 异地代收


class Handling(StrEnum):
    IMMEDIATE = "immediate"  # 即办件
    PROMISED = "promised"  # 承诺件


class Outcome(StrEnum):
    GRANTED = "granted"  # 准予
    DENIED = "denied"  # 不予许可
    DECLINED = "declined"  # 不予受理
    WITHDRAWN = "withdrawn"  # 撤回
    TERMINATED = "terminated"  # 终止


class Evidence(StrEnum):
    FILE = "file"  # 上传文件
    LICENCE = "licence"  # 电子证照
    SUPPLY_LATER = "supply_later"  # 容缺后补
    COMMITMENT = "commitment"  # 告知承诺
    WAIVED = "waived"  # 免提交


class Ground(StrEnum):
    """Why a case ends without a decision."""

    CORRECTION_OVERDUE = "correction_overdue"  # 逾期未补正
    SUPPLY_OVERDUE = "supply_overdue"  # 容缺材料逾期未补
    APPLICANT_GONE = "applicant_gone"  # 申请人死亡、丧失能力或终止
    BY_RULE = "by_rule"  # 依规定终止


class Opinion(StrEnum):
    """What a department says of a case that several review."""

    AGREE = "agree"  # 同意
    AGREE_WITH_CONDITIONS = "agree_with_conditions"  # 附条件同意
    DISAGREE = "disagree"  # 不同意


class ChallengeKind(StrEnum):
    """How somebody goes against what was done in a case."""

    ADMINISTRATIVE_REVIEW = "administrative_review"  # 行政复议
    SUIT = "suit"  # 行政诉讼


class ChallengeState(StrEnum):
    FILED = "filed"  # 已受理
    UPHELD = "upheld"  # 维持
    CHANGED = "changed"  # 变更
    ANNULLED = "annulled"  # 撤销
    REDO_ORDERED = "redo_ordered"  # 责令重新作出
    DISMISSED = "dismissed"  # 驳回
    DROPPED = "dropped"  # 撤回申请或撤诉


class Relation(StrEnum):
    """What two cases have in common."""

    APPLICANT = "applicant"  # 同一申请人
    MATTER = "matter"  # 同一申请人的同一事项
    LIFE_EVENT = "life_event"  # 同一申请人的同一件事
    PREMISES = "premises"  # 同一场所


class StepName(StrEnum):
    """The steps that a matter's version may give days of their own."""

    RECEIVE = "receive"  # 收件
    ACCEPT = "accept"  # 受理
    REVIEW = "review"  # 审查
    DECIDE = "decide"  # 决定
    MAKE = "make"  # 制证
    DELIVER = "deliver"  # 送达


class Guard(StrEnum):
    """A condition on the case, besides its stage."""

    OWN_MATTER = "own_matter"
    PARTNERS_MATTER = "partners_matter"
    IMMEDIATE = "immediate"
    NOT_CORRECTED_YET = "not_corrected_yet"
    LICENCE_OWED = "licence_owed"
    NO_LICENCE_OWED = "no_licence_owed"
    FORWARD_FAILED = "forward_failed"
    MATERIAL_OWED = "material_owed"
    NO_MATERIAL_OWED = "no_material_owed"
    OPINION_OWED = "opinion_owed"
    NO_OPINION_OWED = "no_opinion_owed"
    EXTENDABLE = "extendable"
    SUSPENDABLE = "suspendable"
    COMMITMENT_UNCHECKED = "commitment_unchecked"
    OUTSIDE_SYSTEM = "outside_system"
    NOT_EXCHANGED = "not_exchanged"
    ASSIGNED = "assigned"
    NOT_ASSIGNED = "not_assigned"
    PARTS_DECIDED = "parts_decided"
    NOT_ASKED_BACK = "not_asked_back"
    RESULT_TO_HAND_OVER = "result_to_hand_over"
