"""Problems of the archive.

ArchiveFileNotFound     404
TransferNotFound        404
DestructionNotFound     404
HoldNotFound            404
RetentionRuleNotFound   404
RetentionRuleGiven      409  there is one about the same cases
NotTransferable         409  names the files that can't be handed over
TransferNotReady        409
ReceiptBelied           422  what was received is not what was sent
NotDestroyable          409  names each file and what stands against it
ApproverProposed        403  proposed by one person, approved by another
DestructionDecided      409
CaseDestroyed           409  what was destroyed is not reopened
"""

from tongban.problems import Problem

__all__ = [
    "ApproverProposed",
    "ArchiveFileNotFound",
    "CaseDestroyed",
    "DestructionDecided",
    "DestructionNotFound",
    "HoldNotFound",
    "NotDestroyable",
    "NotTransferable",
    "ReceiptBelied",
    "RetentionRuleGiven",
    "RetentionRuleNotFound",
    "TransferNotFound",
    "TransferNotReady",
]


class ArchiveFileNotFound(Problem):
    """No such file."""

    status = 404
    type = "archive-file-not-found"
    title = {"zh-CN": "没有找到该归档文件", "en": "No such archive file"}
    detail = {"zh-CN": "请从归档目录中选择。", "en": "Choose one from the list of files."}


class TransferNotFound(Problem):
    """No such transfer."""

    status = 404
    type = "archive-transfer-not-found"
    title = {"zh-CN": "没有找到该移交批次", "en": "No such transfer"}
    detail = {"zh-CN": "请从移交列表中选择。", "en": "Choose one from the list of transfers."}


class DestructionNotFound(Problem):
    """No such proposal."""

    status = 404
    type = "destruction-not-found"
    title = {"zh-CN": "没有找到该销毁清册", "en": "No such destruction"}
    detail = {"zh-CN": "请从销毁清册列表中选择。", "en": "Choose one from the list."}


class HoldNotFound(Problem):
    """No such hold on this file, or it was lifted."""

    status = 404
    type = "archive-hold-not-found"
    title = {"zh-CN": "没有该冻结", "en": "No such hold"}
    detail = {
        "zh-CN": "该冻结不存在或已解除，请重新读取档案。",
        "en": "There is none, or it was lifted; read the file again.",
    }


class RetentionRuleNotFound(Problem):
    """No such line of the schedule."""

    status = 404
    type = "retention-rule-not-found"
    title = {"zh-CN": "保管期限表中没有该行", "en": "No such line of the schedule"}
    detail = {"zh-CN": "请重新读取保管期限表。", "en": "Read the schedule again."}


class RetentionRuleGiven(Problem):
    """The schedule has a line about the same cases."""

    status = 409
    type = "retention-rule-given"
    title = {"zh-CN": "保管期限表已有同样的行", "en": "The schedule has such a line"}
    detail = {"zh-CN": "请修改原有的行。", "en": "Change that one instead."}


class NotTransferable(Problem):
    """Some of the files can't be handed over now; none is."""

    status = 409
    type = "not-transferable"
    title = {"zh-CN": "有档案不能移交", "en": "Some files can't be handed over"}
    detail = {
        "zh-CN": "只移交已归档、未移交、未列入销毁清册的档案：{numbers}。",
        "en": "Filed, not handed over, not proposed for destruction: these are not: {numbers}.",
    }


class TransferNotReady(Problem):
    """Its package is not there: being made, or a file did not agree with what was filed."""

    status = 409
    type = "archive-transfer-not-ready"
    title = {"zh-CN": "移交包尚不可用", "en": "The package is not ready"}
    detail = {
        "zh-CN": "当前状态为 {state}；打包中请稍后再试，校验不符请查看原因。",
        "en": "It is {state}: wait while it is prepared; look at its fault where it is broken.",
    }


class ReceiptBelied(Problem):
    """The archives' digest is not the package's."""

    status = 422
    type = "receipt-belied"
    title = {"zh-CN": "接收的移交包与移出的不一致", "en": "What was received is not what was sent"}
    detail = {
        "zh-CN": "回执中的 SHA-256 与移交包不符，请重新传送。",
        "en": "The receipt's SHA-256 is not the package's: send it again.",
    }


class NotDestroyable(Problem):
    """Something stands against destroying these files; none is."""

    status = 409
    type = "not-destroyable"
    title = {"zh-CN": "有档案不能销毁", "en": "Some files may not be destroyed"}
    detail = {
        "zh-CN": "以下档案不能销毁：{reasons}。请从清册中去掉，或待障碍消除。",
        "en": "These may not be destroyed: {reasons}. Leave them out, or wait.",
    }


class ApproverProposed(Problem):
    """Who proposes a destruction does not approve it."""

    status = 403
    type = "approver-proposed"
    title = {"zh-CN": "提出销毁的人不能审批", "en": "Who proposed it can't decide on it"}
    detail = {"zh-CN": "请由另一人审批。", "en": "Have somebody else decide."}


class DestructionDecided(Problem):
    """It was approved or rejected before."""

    status = 409
    type = "destruction-decided"
    title = {"zh-CN": "该销毁清册已审批", "en": "It was decided already"}
    detail = {"zh-CN": "当前状态为 {state}。", "en": "It is {state}; there is nothing left to do."}


class CaseDestroyed(Problem):
    """The case's file was destroyed: there is nothing to take up again."""

    status = 409
    type = "case-destroyed"
    title = {"zh-CN": "该办件档案已销毁", "en": "The case's file was destroyed"}
    detail = {
        "zh-CN": "保管期满已依法销毁，请重新申请。",
        "en": "Its term was over and it was destroyed; apply anew.",
    }
