"""What is told of money (财政电子票据、退费凭证): what was paid, and what went back."""

from typing import Final

from case_service.documents.phrases import Title, Wording, Words

__all__ = ["RECEIPT", "REFUND"]

_PAYER: Final = Words("交款人：{applicant_name}", "Paid by: {applicant_name}")
_MATTER: Final = Words(
    "办件：{matter_name}（办件编号{case_number}）",
    "For: {matter_english_name} (case number {case_number})",
)
_AMOUNT: Final = Words("金额：人民币{amount_in_words}（¥{amount}）", "Amount: CNY {amount}")
_WAY: Final = Words(
    "方式：{paid_by}；缴费单号：{payment_number}", "Way: {paid_by}; payment number {payment_number}"
)
_REFERENCE: Final = Words("流水号：{reference}", "Reference: {reference}", is_optional=True)

RECEIPT = Wording(
    letters="PJ",
    titles=(Title("政府非税收入电子票据", "Electronic receipt"),),
    # 财政票据管理办法: the electronic one has the same effect as one on paper.
    lines=(
        _PAYER,
        _MATTER,
        Words("项目（元）：{items}", "Items (CNY): {items}"),
        _AMOUNT,
        _WAY,
        _REFERENCE,
        Words("缴费日期：{paid_on}", "Paid on: {paid_on}"),
        Words("收款单位：{body}", "Received by: {body}", is_optional=True),
    ),
)

REFUND = Wording(
    letters="TF",
    titles=(Title("退费凭证", "Note of refund"),),
    lines=(
        Words("退付对象：{applicant_name}", "Given back to: {applicant_name}"),
        _MATTER,
        _AMOUNT,
        _WAY,
        _REFERENCE,
        Words(
            "原电子票据就上述金额不再作为缴费凭证。",
            "The electronic receipt no longer shows a payment of this amount.",
        ),
    ),
)
