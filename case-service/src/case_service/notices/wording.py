"""What notices say (通知文案): a title and some sentences, in both languages.

A sentence that needs a fact which is not there is left out, so that nobody reads a gap.
"""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from case_service.notices.languages import Language
from case_service.notices.rules import NoticeKind

__all__ = ["TEMPLATES", "Template", "rendered"]


@dataclass(frozen=True)
class Template:
    """One notice's title and sentences, by language."""

    title: Mapping[Language, str]
    sentences: Mapping[Language, tuple[str, ...]]


def _template(zh_title: str, en_title: str, *pairs: tuple[str, str]) -> Template:
    return Template(
        {Language.CHINESE: zh_title, Language.ENGLISH: en_title},
        {
            Language.CHINESE: tuple(zh for zh, _ in pairs),
            Language.ENGLISH: tuple(en for _, en in pairs),
        },
    )


_CASE = (
    "您申请的“{matter_name}”（办件编号 {number}）",
    "Your application for “{matter_name}” (case {number}) ",
)


def _about(zh: str, en: str) -> tuple[str, str]:
    return _CASE[0] + zh, _CASE[1] + en


_IN_FULL = ("文书全文请在“我的办件”中查看。", "The full document is among your cases online.")
_REASON = ("理由：{reason}。", "Reason: {reason}.")

TEMPLATES: Mapping[NoticeKind, Template] = MappingProxyType(
    {
        NoticeKind.ACCEPTED: _template(
            "申请已受理",
            "Your application is accepted",
            _about("已受理。", "has been accepted."),
            ("我们承诺于 {promised_due_on} 前办结。", "We promise to finish by {promised_due_on}."),
            ("法定期限为 {statutory_due_on}。", "The law's limit is {statutory_due_on}."),
            _IN_FULL,
        ),
        NoticeKind.DEEMED_ACCEPTED: _template(
            "申请已视为受理",
            "Your application counts as accepted",
            _about(
                "逾期未告知补正，依法自收到之日起即为受理。",
                "counts as accepted from its receipt by law, as no correction was asked for "
                "in time.",
            ),
            ("我们承诺于 {promised_due_on} 前办结。", "We promise to finish by {promised_due_on}."),
            _IN_FULL,
        ),
        NoticeKind.PART_FAILED: _template(
            "一件事中有一项未办成",
            "One part of your application came to nothing",
            _about("（“{life_event}”中的一项）未办成。", "is part of “{life_event}” and failed."),
            (
                "其余事项继续办理，结果一并交付；理由及救济途径见该项文书。",
                "The others go on, and results are handed over together; why, and what can be done"
                " against it, is in that part's document.",
            ),
        ),
        NoticeKind.BUNDLE_READY: _template(
            "一件事结果已齐",
            "All results are there",
            _about("等各项均已有结果，可一并领取。", "and its other parts are all decided."),
            ("一件事：{life_event}。", "Applied for at once: {life_event}."),
            _IN_FULL,
        ),
        NoticeKind.FEE_DUE: _template(
            "请缴费",
            "A fee is due",
            _about("需缴费 {amount} 元。", "costs {amount} yuan."),
            (
                "缴清后方可作出准予决定；可网上缴费，也可到任一窗口以现金、刷卡或纸质缴款书缴费。",
                "It can't be granted before. Pay online, or at any window in cash, by card or by"
                " a paper slip.",
            ),
        ),
        NoticeKind.FEE_REFUNDED: _template(
            "费用已退",
            "Money was given back",
            _about("已退费 {amount} 元。", "brought {amount} yuan back."),
            _IN_FULL,
        ),
        NoticeKind.CORRECTION: _template(
            "请补正申请材料",
            "Please correct your application",
            _about("需要补正，内容已一次性告知。", "needs corrections; all are listed."),
            ("请于 {due_on} 前补正。", "Please supply them by {due_on}."),
            ("逾期未补正的，申请将终止。", "After that day the application ends."),
            _IN_FULL,
        ),
        NoticeKind.DECLINED: _template(
            "申请不予受理",
            "Your application is not accepted",
            _about("不予受理。", "is not accepted."),
            _REASON,
            (
                "您可依法申请行政复议或提起行政诉讼。",
                "You may ask for administrative review or go to court.",
            ),
            _IN_FULL,
        ),
        NoticeKind.SUSPENDED: _template(
            "办理时限暂停计算",
            "The time limit is suspended",
            _about(
                "进入特别程序，所需时间不计入办理期限。",
                "has entered a special procedure, whose time does not count.",
            ),
            ("预计需要 {planned_days} 日。", "It should take {planned_days} days."),
            _IN_FULL,
        ),
        NoticeKind.RESUMED: _template(
            "办理时限恢复计算",
            "The time limit runs again",
            _about("的特别程序已结束，恢复计时。", "is past the special procedure."),
            (
                "新的承诺办结日期为 {promised_due_on}。",
                "It is now promised for {promised_due_on}.",
            ),
        ),
        NoticeKind.EXTENDED: _template(
            "办理期限已延长",
            "The time limit is extended",
            _about("经批准延长 {days} 个工作日。", "was extended by {days} working days."),
            _REASON,
            (
                "延长后的法定期限为 {statutory_due_on}。",
                "The law's limit is now {statutory_due_on}.",
            ),
            _IN_FULL,
        ),
        NoticeKind.DECIDED: _template(
            "申请已作出决定",
            "Your application is decided",
            _about("已作出决定。", "has been decided."),
            ("结果：{outcome_zh}。", "Result: {outcome_en}."),
            _REASON,
            _IN_FULL,
        ),
        NoticeKind.READY: _template(
            "办理结果可以领取",
            "Your result is ready",
            _about("的办理结果已可领取。", "has its result ready."),
            ("证照编号：{licence_number}。", "Licence number: {licence_number}."),
            ("领取方式：{way_zh}。", "It reaches you by: {way_en}."),
        ),
        NoticeKind.TERMINATED: _template(
            "办理已终止",
            "Your application has ended",
            _about("已终止办理。", "has been terminated."),
            _REASON,
            ("如仍需办理请重新申请。", "Apply anew if you still need it."),
            _IN_FULL,
        ),
        NoticeKind.SUPPLY_DUE: _template(
            "请补交容缺材料",
            "Materials are still owed",
            _about("已容缺受理，仍有材料待补交。", "was accepted with materials still owed."),
            ("请于 {due_on} 前补交。", "Please supply them by {due_on}."),
            ("逾期未补交的，办理将终止。", "After that day the case is terminated."),
        ),
        NoticeKind.LICENCE_EXPIRING: _template(
            "证照即将到期",
            "Your licence is about to expire",
            (
                "您的证照 {licence_number} 将于 {valid_until} 到期。",
                "Your licence {licence_number} expires on {valid_until}.",
            ),
            (
                "如需延续，请于到期三十日前申请。",
                "To renew it, apply at least 30 days before that.",
            ),
        ),
        NoticeKind.RENEWAL_LATE: _template(
            "延续申请逾期",
            "Your renewal was applied for late",
            (
                "您的证照 {licence_number} 将于 {valid_until} 到期，延续申请未在到期三十日前提出。",
                "Your licence {licence_number} expires on {valid_until}; its renewal was not"
                " applied for 30 days before that.",
            ),
            (
                "到期前未作出决定的，证照自到期次日起失效，请尽快补齐材料。",
                "Without a decision by then the licence expires: supply what is missing soon.",
            ),
        ),
        NoticeKind.DEEMED_RENEWED: _template(
            "证照视为准予延续",
            "Your licence counts as renewed",
            (
                "您的证照 {licence_number} 逾期未作出延续决定，视为准予延续至 {valid_until}"
                "（《行政许可法》第五十条）。",
                "Nobody decided on renewing your licence {licence_number} in time: it counts as"
                " renewed until {valid_until} (Administrative Licensing Law, Art. 50).",
            ),
        ),
        NoticeKind.LICENCE_ENDED: _template(
            "证照已失效",
            "Your licence has ended",
            (
                "您的证照 {licence_number} 已失效，决定书见办件文书，其中载明理由和救济途径。",
                "Your licence {licence_number} has ended; the decision, among the case's documents,"
                " tells the reason and the ways against it.",
            ),
        ),
        NoticeKind.RATING_CALL_BACK: _template(
            "关于您的评价",
            "About your rating",
            _about(
                "的评价我们已收到，将与您联系核实。",
                "was rated by you; we shall call you about it.",
            ),
            ("我们将于 {due_on} 前回访。", "We call by {due_on}."),
        ),
        NoticeKind.RATING_ANSWERED: _template(
            "您的评价已整改答复",
            "Your rating is answered",
            _about("所反映的问题已整改。", "was looked into and put right."),
            ("请查看答复并再次评价。", "Please read the answer and rate again."),
        ),
        NoticeKind.ENQUIRY_ANSWERED: _template(
            "您的咨询投诉已答复",
            "Your enquiry is answered",
            (
                "您提交的咨询投诉已答复，请在“我的咨询投诉”中查看。",
                "Read the answer among your enquiries online.",
            ),
        ),
    }
)

_OUTCOMES = {
    "granted": ("准予", "granted"),
    "denied": ("不予许可", "denied"),
}
_WAYS = {
    "window": ("窗口领取", "collection at the window"),
    "counter": ("窗口领取", "collection at the window"),
    "post": ("邮寄送达", "post"),
    "locker": ("自助柜领取", "self-service locker"),
    "online": ("网上送达", "delivery online"),
}


def rendered(kind: NoticeKind, facts: Mapping[str, Any], language: Language) -> tuple[str, str]:
    """Return the title and the text of a notice."""
    template, known = TEMPLATES[kind], {**facts, **_in_words(facts)}
    said = (
        sentence.format_map(known)
        for sentence in template.sentences[language]
        if _places(sentence) <= known.keys()
    )
    gap = " " if language is Language.ENGLISH else ""
    return template.title[language], gap.join(said)


def _in_words(facts: Mapping[str, Any]) -> dict[str, str]:
    words: dict[str, str] = {}
    for name, table in (("outcome", _OUTCOMES), ("way", _WAYS)):
        if facts.get(name) in table:
            words[f"{name}_zh"], words[f"{name}_en"] = table[facts[name]]
    return words


def _places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
