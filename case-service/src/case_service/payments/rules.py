"""What a case costs and what is given back (收费、减免与退费). Pure: values in, values out.

A fee is charged only by the matter's published items and amounts (行政许可法 Art. 58, 59). Money is
integer cents throughout.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from case_service.cases.vocabulary import Channel, Outcome
from case_service.matters.rules import Exemption, Fee
from tongban import conditions
from tongban.conditions import Facts

__all__ = [
    "AT_THE_WINDOW",
    "Assessed",
    "ChargeState",
    "PaymentMethod",
    "PaymentState",
    "RefundReason",
    "RefundState",
    "assess",
    "claimable",
    "in_words",
    "is_given_back",
    "yuan",
]


class ChargeState(StrEnum):
    DUE = "due"  # 待缴
    PAID = "paid"  # 已缴
    EXEMPT = "exempt"  # 免缴
    VOID = "void"  # 不再收取
    REFUNDED = "refunded"  # 已退


class PaymentState(StrEnum):
    OPEN = "open"  # 待支付
    PAID = "paid"  # 已支付
    EXPIRED = "expired"  # 已过期
    CANCELLED = "cancelled"  # 已取消


class PaymentMethod(StrEnum):
    ONLINE = "online"  # 网上
    CASH = "cash"  # 现金
    CARD = "card"  # 刷卡
    PAPER_SLIP = "paper_slip"  # 纸质缴款书


class RefundState(StrEnum):
    DUE = "due"  # 待退
    DONE = "done"  # 已退


class RefundReason(StrEnum):
    NOT_GRANTED = "not_granted"  # 未准予
    PAID_TWICE = "paid_twice"  # 重复缴费
    PAID_LATE = "paid_late"  # 逾期到账


AT_THE_WINDOW: Final = frozenset({PaymentMethod.CASH, PaymentMethod.CARD, PaymentMethod.PAPER_SLIP})
"""两条腿走路: what is paid to a clerk, and given back by one."""

_CHANNELS: Mapping[Channel, str] = MappingProxyType(
    # What is handed in at a partner's window is handed in at a window.
    {**{channel: channel.value for channel in Channel}, Channel.PROXY: Channel.WINDOW.value}
)
_ANY: Final = "any"


@dataclass(frozen=True)
class Assessed:
    """One fee of a case, as it falls due: `due_cents` is 0 where an exemption holds."""

    name: str
    amount_cents: int
    due_cents: int
    basis: str | None = None
    exemption: str | None = None
    exemption_basis: str | None = None


def assess(fees: Sequence[Fee], *, channel: Channel, facts: Facts) -> list[Assessed]:
    """Return what a case costs by this channel, each exemption applied whose condition holds.

    A fee of the channel's own stands in place of the one of its name for any channel. An
    exemption without a condition is for a clerk to find.
    """
    return [_assessed(fee, facts) for fee in _of_channel(fees, channel) if fee.amount_cents > 0]


def claimable(fees: Sequence[Fee], *, channel: Channel, name: str) -> list[Exemption]:
    """Return the exemptions of the fee of this name that a clerk may find."""
    found = [fee for fee in _of_channel(fees, channel) if fee.name == name]
    return [one for fee in found for one in fee.exemptions if one.when is None]


def is_given_back(outcome: Outcome) -> bool:
    """Tell whether what was paid is given back: nothing was granted in return for it."""
    return outcome is not Outcome.GRANTED


def _of_channel(fees: Sequence[Fee], channel: Channel) -> Iterable[Fee]:
    own = {fee.name for fee in fees if fee.channel == _CHANNELS[channel]}
    for fee in fees:
        is_own = fee.channel == _CHANNELS[channel]
        if is_own or (fee.channel == _ANY and fee.name not in own):
            yield fee


def _assessed(fee: Fee, facts: Facts) -> Assessed:
    for exemption in fee.exemptions:
        if exemption.when is not None and conditions.holds(exemption.when, facts):
            return Assessed(
                fee.name, fee.amount_cents, 0, fee.basis, exemption.name, exemption.basis
            )
    return Assessed(fee.name, fee.amount_cents, fee.amount_cents, fee.basis)


def yuan(cents: int) -> str:
    """Return an amount as it is written in figures, such as 1,234.50."""
    return f"{cents // 100:,}.{cents % 100:02}"


_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("", "拾", "佰", "仟")
_GROUPS: Final = ("", "万", "亿", "万亿")


def in_words(cents: int) -> str:
    """Return an amount in capital numerals, as a receipt has it (大写金额, 支付结算办法)."""
    whole, jiao, fen = cents // 100, cents // 10 % 10, cents % 10
    told = f"{_whole_in_words(whole)}元" if whole else ""
    if not jiao and not fen:
        return f"{told or '零元'}整"
    if jiao:
        told += f"{_DIGITS[jiao]}角"
    elif told:
        told += "零"
    return f"{told}{_DIGITS[fen]}分" if fen else f"{told}整"


def _whole_in_words(whole: int) -> str:
    told, is_gap = "", False
    groups = [whole // 10_000**place % 10_000 for place in range(len(_GROUPS))]
    for place in reversed(range(len(_GROUPS))):
        group = groups[place]
        if group == 0:
            is_gap = is_gap or bool(told)
            continue
        if told and (is_gap or group < 1000):
            told += _DIGITS[0]
        told += _group_in_words(group) + _GROUPS[place]
        is_gap = False
    return told


def _group_in_words(group: int) -> str:
    told, is_gap = "", False
    for place in reversed(range(len(_PLACES))):
        digit = group // 10**place % 10
        if digit == 0:
            is_gap = is_gap or bool(told)
            continue
        told += (_DIGITS[0] if is_gap else "") + _DIGITS[digit] + _PLACES[place]
        is_gap = False
    return told
