"""Problems of fees and payments.

ChargeNotFound         404
FeeUnpaid              409  the grant waits for it
PaymentNotFound        404  no such payment, or none that this caller may see
RefundNotFound         404
NothingToPay           409  no fee is due
ExemptionNotKnown      409  the matter has no such exemption for a clerk to find
ConfirmationUnsigned   403  not signed by the cashier
ConfirmationMismatched 409  another amount than was asked for
PaymentOver            409  its pay page is of no use any more
PaidToTheCashier       409  what was paid online is given back by the cashier
PaymentIncomplete      422  the way of paying needs what is not told
"""

from tongban.problems import Problem

__all__ = [
    "ChargeNotFound",
    "ConfirmationMismatched",
    "ConfirmationUnsigned",
    "ExemptionNotKnown",
    "FeeUnpaid",
    "NothingToPay",
    "PaidToTheCashier",
    "PaymentIncomplete",
    "PaymentNotFound",
    "PaymentOver",
    "RefundNotFound",
]


class FeeUnpaid(Problem):
    """What the case costs is not paid: it is not granted before."""

    status = 409
    type = "fee-unpaid"
    title = {"zh-CN": "费用尚未缴清", "en": "The fee is not paid yet"}
    detail = {
        "zh-CN": "应缴 {due} 元尚未缴清，缴清后方可作出准予决定；可网上缴费，也可到窗口以现金、"
        "刷卡或纸质缴款书缴费。不予的决定无须等待缴费。",
        "en": "{due} yuan are due: the decision to grant waits until they are paid, online or at a "
        "window in cash, by card or by a paper slip. A denial does not wait.",
    }


class ChargeNotFound(Problem):
    """The case has no such charge that is still due."""

    status = 404
    type = "charge-not-found"
    title = {"zh-CN": "没有该待缴项目", "en": "No such charge is due"}
    detail = {
        "zh-CN": "请从办件的收费列表中选择一项待缴费用。",
        "en": "Choose one that is due from the list of the case's fees.",
    }


class PaymentNotFound(Problem):
    """No such payment, or none that this caller may see."""

    status = 404
    type = "payment-not-found"
    title = {"zh-CN": "没有找到该缴费单", "en": "No such payment"}
    detail = {
        "zh-CN": "请从办件的收费列表中打开缴费单，或重新生成。",
        "en": "Open it from the list of the case's fees, or ask for a new one.",
    }


class RefundNotFound(Problem):
    """The case has no such refund to be handed over."""

    status = 404
    type = "refund-not-found"
    title = {"zh-CN": "没有该退费", "en": "No such refund"}
    detail = {
        "zh-CN": "请从办件的收费列表中选择一项待退费用。",
        "en": "Choose one that is due from the list of the case's fees.",
    }


class NothingToPay(Problem):
    """No fee is due now."""

    status = 409
    type = "nothing-to-pay"
    title = {"zh-CN": "当前没有应缴费用", "en": "Nothing is to be paid now"}
    detail = {
        "zh-CN": "费用自受理时起缴；免缴、已缴清或已结束的办件无须缴费。",
        "en": "A fee falls due at acceptance; an exempt, paid or finished case owes none.",
    }


class ExemptionNotKnown(Problem):
    """The matter has no such exemption for a clerk to find."""

    status = 409
    type = "exemption-not-known"
    title = {"zh-CN": "该事项没有此减免情形", "en": "The matter has no such exemption"}
    detail = {
        "zh-CN": "可由窗口认定的减免情形：{allowed}；其余由系统按条件自动减免。",
        "en": "What a clerk may find: {allowed}; the others are applied by their conditions.",
    }


class ConfirmationUnsigned(Problem):
    """Not signed by the cashier."""

    status = 403
    type = "confirmation-unsigned"
    title = {"zh-CN": "支付确认签名无效", "en": "The confirmation is not signed by the cashier"}
    detail = {
        "zh-CN": "请以约定的密钥对请求正文签名后重新发送。",
        "en": "Sign the request's body with the agreed key, then send it again.",
    }


class ConfirmationMismatched(Problem):
    """Another amount than was asked for."""

    status = 409
    type = "confirmation-mismatched"
    title = {"zh-CN": "支付金额与缴费单不符", "en": "Another amount than was asked for"}
    detail = {
        "zh-CN": "缴费单应收 {expected} 元，请核对后重新确认或原路退回。",
        "en": "{expected} yuan were asked for: check, confirm again or give it back.",
    }


class PaymentOver(Problem):
    """The pay page is of no use any more."""

    status = 409
    type = "payment-over"
    title = {"zh-CN": "该缴费单已失效", "en": "This payment is over"}
    detail = {
        "zh-CN": "缴费单已支付、取消或过期；如仍有应缴费用请重新生成缴费单。",
        "en": "It is paid, cancelled or expired; ask for a new one if a fee is still due.",
    }


class PaidToTheCashier(Problem):
    """What was paid online goes back the way it came."""

    status = 409
    type = "paid-to-the-cashier"
    title = {"zh-CN": "网上缴费须原路退回", "en": "What was paid online goes back that way"}
    detail = {
        "zh-CN": "该笔费用由系统原路退回，窗口无须办理。",
        "en": "It goes back by itself the way it was paid; nothing is handed over here.",
    }


class PaymentIncomplete(Problem):
    """The way of paying needs what is not told, or is not this caller's."""

    status = 422
    type = "payment-incomplete"
    title = {"zh-CN": "缴费信息不完整", "en": "The payment lacks something"}
    detail = {
        "zh-CN": "请按 errors 中各项的提示补充后重新提交。",
        "en": "Add what errors lists, then send it again.",
    }
