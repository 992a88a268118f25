"""What each document says (文书模板), as data: one line in Chinese and in English.

A place such as `{due_on}` is filled from the document's facts. A line is told when its `when`
holds, an optional one only if all the facts it names are there too: so the facts decide what a
document says, never code.

Facts that a document may be given: applicant_name, matter_name, matter_english_name, matter_type,
body (the name of the deciding body), materials (names), owner_district_name, forward_due_on,
promised_due_on, statutory_due_on, is_provisional, missing (all that is missing, in sentences),
due_on, reason, legal_basis, outcome (granted, denied, declined, withdrawn), licence_number,
outside_system, outside_number, procedure (the kind of special procedure), planned_days,
extension_days, served (numbers of the documents handed over), way (of delivery), recipient,
served_on, tracking_number, remedies and has_remedies (where a matter that is no licence has ways
against a decision of its own), law, english_law, effective_on and compensation (where a licence
ends), payment_number, items, amount, amount_in_words, paid_by, paid_on and reference (where money
is told of). case_number and issued_on are filled in by themselves.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from types import MappingProxyType

from case_service.documents import fees, interim, licence_endings
from case_service.documents.phrases import (
    ADDRESS,
    BASIS,
    DECLINED,
    DENIED,
    GRANTED,
    IS_LICENCE,
    PROVISIONAL,
    REASON,
    REMEDIES_LICENCE,
    REMEDIES_OTHER,
    REMEDIES_OWN,
    WITHDRAWN,
    Title,
    Wording,
    Words,
)
from tongban.conditions import parse

__all__ = ["WORDING", "DocumentKind", "Title", "Wording", "Words"]


class DocumentKind(StrEnum):
    RECEIPT = "receipt"  # 收件凭证
    ACCEPTANCE = "acceptance"  # 受理通知书
    CORRECTION = "correction"  # 补正告知书
    DECLINE = "decline"  # 不予受理通知书
    DECISION = "decision"  # 准予决定书、不予决定书
    RESULT_NOTICE = "result_notice"  # 办理结果通知书
    SPECIAL_PROCEDURE = "special_procedure"  # 特别程序告知书
    EXTENSION = "extension"  # 延期通知书
    TERMINATION = "termination"  # 终止通知书
    PROOF_OF_SERVICE = "proof_of_service"  # 送达回证
    LICENCE_CANCELLATION = "licence_cancellation"  # 注销决定书
    LICENCE_RESCISSION = "licence_rescission"  # 撤销决定书
    LICENCE_WITHDRAWAL = "licence_withdrawal"  # 撤回决定书
    LICENCE_REVOCATION = "licence_revocation"  # 吊销决定书
    FEE_RECEIPT = "fee_receipt"  # 电子票据
    FEE_REFUND = "fee_refund"  # 退费凭证


WORDING: Mapping[DocumentKind, Wording] = MappingProxyType(
    {
        DocumentKind.RECEIPT: Wording(
            letters="SJ",
            titles=(Title("收件凭证", "Receipt"),),
            lines=(
                ADDRESS,
                Words(
                    "我们于{issued_on}收到您的“{matter_name}”申请，办件编号{case_number}。",
                    "On {issued_on} we received your application for “{matter_english_name}”, case"
                    " number {case_number}.",
                ),
                Words(
                    "收到的材料：{materials}。",
                    "Materials received: {materials}.",
                    is_optional=True,
                ),
                Words(
                    "该事项由{owner_district_name}办理，我们代为收件并转送，由其决定是否受理。",
                    "This matter is handled by {owner_district_name}: we receive the application"
                    " and pass it on, and that district decides whether to accept it.",
                    is_optional=True,
                ),
                Words(
                    "最迟于{forward_due_on}转送。",
                    "It is passed on by {forward_due_on}.",
                    is_optional=True,
                ),
                Words(
                    "本凭证只证明已收到申请和材料，不表示申请已被受理。",
                    "This receipt shows that application and materials have been received; it does"
                    " not say that the application is accepted.",
                ),
            ),
        ),
        DocumentKind.ACCEPTANCE: Wording(
            letters="SL",
            titles=(Title("受理通知书", "Notice of acceptance"),),
            # 行政许可法 Art. 32: acceptance is told in a stamped, dated document.
            lines=(
                ADDRESS,
                Words(
                    "您的“{matter_name}”申请（办件编号{case_number}）材料齐全、符合法定形式，"
                    "于{issued_on}受理。",
                    "Your application for “{matter_english_name}” (case number {case_number}) is"
                    " complete and in due form, and is accepted on {issued_on}.",
                ),
                Words(
                    "承诺办结日期：{promised_due_on}。法定办结日期：{statutory_due_on}。",
                    "Promised by {promised_due_on}. Due by law on {statutory_due_on}.",
                ),
                Words(
                    "期限按工作日计算，自受理的次日起算。",
                    "Time limits count working days, from the day after acceptance.",
                ),
                Words(
                    "依法需要听证、招标、拍卖、检验、检测、检疫、鉴定和专家评审的，"
                    "所需时间不计入期限，并将另行书面告知。",
                    "Hearing, tender, auction, inspection, testing, quarantine, appraisal and"
                    " expert review do not count; how long they take is told in writing.",
                    IS_LICENCE,
                ),
                PROVISIONAL,
            ),
        ),
        DocumentKind.CORRECTION: Wording(
            letters="BZ",
            titles=(Title("补正告知书", "Correction notice"),),
            # 行政许可法 Art. 32: all that is missing is told at once.
            lines=(
                ADDRESS,
                Words(
                    "您的“{matter_name}”申请（办件编号{case_number}）需要补正，"
                    "现将需要补正的全部内容一次性告知：",
                    "Your application for “{matter_english_name}” (case number {case_number}) needs"
                    " correction. This is all that is missing or faulty, told at once:",
                ),
                Words("{missing}。", "{missing}."),
                Words(
                    "请于{due_on}前补正，可以在线提交，也可以到任一窗口提交。",
                    "Please correct it by {due_on}, online or at any window.",
                ),
                PROVISIONAL,
            ),
        ),
        DocumentKind.DECLINE: Wording(
            letters="BY",
            titles=(Title("不予受理通知书", "Notice of non-acceptance"),),
            lines=(
                ADDRESS,
                Words(
                    "您的“{matter_name}”申请（办件编号{case_number}）不予受理。",
                    "Your application for “{matter_english_name}” (case number {case_number}) is"
                    " not accepted.",
                ),
                REASON,
                BASIS,
                REMEDIES_LICENCE,
                REMEDIES_OTHER,
                REMEDIES_OWN,
            ),
        ),
        DocumentKind.DECISION: Wording(
            letters="JD",
            titles=(
                Title(
                    "准予行政许可决定书",
                    "Decision to grant the licence",
                    parse({"all": [IS_LICENCE, GRANTED]}),
                ),
                Title(
                    "不予行政许可决定书",
                    "Decision to deny the licence",
                    parse({"all": [IS_LICENCE, DENIED]}),
                ),
                Title("准予决定书", "Decision to grant", GRANTED),
                Title("不予决定书", "Decision to deny", DENIED),
            ),
            lines=(
                ADDRESS,
                Words(
                    "您的“{matter_name}”申请（办件编号{case_number}）经审查符合条件，依法作出准予决定。",
                    "Your application for “{matter_english_name}” (case number {case_number}) has"
                    " been examined, meets the conditions and is granted.",
                    GRANTED,
                ),
                Words(
                    "您的“{matter_name}”申请（办件编号{case_number}）经审查不符合条件，依法作出不予决定。",
                    "Your application for “{matter_english_name}” (case number {case_number}) has"
                    " been examined, does not meet the conditions and is denied.",
                    DENIED,
                ),
                REASON,
                BASIS,
                Words(
                    "证件自本决定作出之日起十个工作日内颁发、送达。",
                    "The licence is issued and delivered within ten working days of this decision.",
                    parse({"all": [IS_LICENCE, GRANTED]}),
                ),
                REMEDIES_LICENCE,
                REMEDIES_OTHER,
                REMEDIES_OWN,
            ),
        ),
        DocumentKind.RESULT_NOTICE: Wording(
            letters="JG",
            titles=(
                Title(
                    "办理结果通知书",
                    "Notice of result",
                    parse({"any": [GRANTED, DENIED, DECLINED, WITHDRAWN]}),
                ),
            ),
            lines=(
                ADDRESS,
                Words(
                    "您的“{matter_name}”申请（办件编号{case_number}）已于{issued_on}办结，"
                    "结果：准予。",
                    "Your application for “{matter_english_name}” (case number {case_number}) was"
                    " closed on {issued_on}. Result: granted.",
                    GRANTED,
                ),
                Words(
                    "您的“{matter_name}”申请（办件编号{case_number}）已于{issued_on}办结，"
                    "结果：不予。",
                    "Your application for “{matter_english_name}” (case number {case_number}) was"
                    " closed on {issued_on}. Result: denied.",
                    DENIED,
                ),
                Words(
                    "您的“{matter_name}”申请（办件编号{case_number}）已于{issued_on}办结，"
                    "结果：不予受理。",
                    "Your application for “{matter_english_name}” (case number {case_number}) was"
                    " closed on {issued_on}. Result: not accepted.",
                    DECLINED,
                ),
                Words(
                    "您的“{matter_name}”申请（办件编号{case_number}）已按您的要求于{issued_on}撤回。",
                    "Your application for “{matter_english_name}” (case number {case_number}) was"
                    " withdrawn on {issued_on} as you asked.",
                    WITHDRAWN,
                ),
                replace(REASON, when=None, is_optional=True),
                Words(
                    "证照编号：{licence_number}。",
                    "Licence number: {licence_number}.",
                    is_optional=True,
                ),
                Words(
                    "{outside_system}受理编号：{outside_number}。",
                    "Number in {outside_system}: {outside_number}.",
                    is_optional=True,
                ),
                replace(REMEDIES_OTHER, when=parse({"any": [DENIED, DECLINED]})),
            ),
        ),
        DocumentKind.SPECIAL_PROCEDURE: interim.SPECIAL_PROCEDURE,
        DocumentKind.EXTENSION: interim.EXTENSION,
        DocumentKind.TERMINATION: interim.TERMINATION,
        DocumentKind.PROOF_OF_SERVICE: interim.PROOF_OF_SERVICE,
        DocumentKind.LICENCE_CANCELLATION: licence_endings.CANCELLATION,
        DocumentKind.LICENCE_RESCISSION: licence_endings.RESCISSION,
        DocumentKind.LICENCE_WITHDRAWAL: licence_endings.WITHDRAWAL,
        DocumentKind.LICENCE_REVOCATION: licence_endings.REVOCATION,
        DocumentKind.FEE_RECEIPT: fees.RECEIPT,
        DocumentKind.FEE_REFUND: fees.REFUND,
    }
)
