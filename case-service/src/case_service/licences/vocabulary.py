"""The words for what becomes of a licence (证照状态与变动)."""

from enum import StrEnum

__all__ = [
    "EndGround",
    "LicenceAct",
    "LicenceDecision",
    "LicenceOperation",
    "LicenceState",
    "Standing",
]


class LicenceState(StrEnum):
    VALID = "valid"  # 有效
    SUPERSEDED = "superseded"  # 已换发
    CANCELLED = "cancelled"  # 已注销
    RESCINDED = "rescinded"  # 已撤销
    WITHDRAWN = "withdrawn"  # 已撤回
    REVOKED = "revoked"  # 已吊销


class Standing(StrEnum):
    """How a licence stands today, as whoever is shown one is told."""

    VALID = "valid"  # 有效
    NOT_YET_VALID = "not_yet_valid"  # 尚未生效
    EXPIRED = "expired"  # 已过期
    SUPERSEDED = "superseded"  # 已换发
    CANCELLED = "cancelled"  # 已注销
    RESCINDED = "rescinded"  # 已撤销
    WITHDRAWN = "withdrawn"  # 已撤回
    REVOKED = "revoked"  # 已吊销
    UNKNOWN = "unknown"  # 查无此证


class LicenceOperation(StrEnum):
    """What a case brings about: a licence, or a successor to one."""

    FIRST = "first"  # 首次核发
    VARY = "vary"  # 变更
    RENEW = "renew"  # 延续
    REISSUE = "reissue"  # 补证


class LicenceAct(StrEnum):
    """What ends a licence; four acts of law, each with grounds of its own."""

    CANCEL = "cancel"  # 注销
    RESCIND = "rescind"  # 撤销
    WITHDRAW = "withdraw"  # 撤回
    REVOKE = "revoke"  # 吊销


class EndGround(StrEnum):
    """Why a licence is ended."""

    NOT_RENEWED = "not_renewed"  # 有效期届满未延续
    DEATH = "death"  # 死亡或丧失行为能力
    DISSOLVED = "dissolved"  # 依法终止
    ENDED_BEFORE = "ended_before"  # 已依法撤销、撤回或吊销
    FORCE_MAJEURE = "force_majeure"  # 不可抗力
    GIVEN_UP = "given_up"  # 自愿放弃
    ABUSE_OF_OFFICE = "abuse_of_office"  # 滥用职权、玩忽职守
    BEYOND_POWERS = "beyond_powers"  # 超越法定职权
    WRONG_PROCEDURE = "wrong_procedure"  # 违反法定程序
    NOT_ELIGIBLE = "not_eligible"  # 不具备申请资格或条件
    FRAUD = "fraud"  # 欺骗、贿赂
    LAW_CHANGED = "law_changed"  # 法律依据变化
    FACTS_CHANGED = "facts_changed"  # 客观情况重大变化
    PENALTY = "penalty"  # 行政处罚


class LicenceDecision(StrEnum):
    """What was decided about a licence, as those are told who supervise its holder."""

    GRANTED = "granted"  # 准予
    VARIED = "varied"  # 准予变更
    RENEWED = "renewed"  # 准予延续
    REISSUED = "reissued"  # 补发
    DEEMED_RENEWED = "deemed_renewed"  # 视为准予延续
    CANCELLED = "cancelled"  # 注销
    RESCINDED = "rescinded"  # 撤销
    WITHDRAWN = "withdrawn"  # 撤回
    REVOKED = "revoked"  # 吊销
