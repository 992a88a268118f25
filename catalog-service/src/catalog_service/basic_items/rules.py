"""What a basic item is, and what may be done with one. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from catalog_service.basic_items.errors import (
    BasicItemClaimed,
    BasicItemNotClaimed,
    BasicItemsFaulty,
    BasicItemWithdrawn,
)
from catalog_service.matters.codes import parse_basic_code
from catalog_service.matters.vocabulary import MatterType
from tongban.problems import FieldError, Problem, Where

__all__ = [
    "Claim",
    "Given",
    "ItemState",
    "refusal",
    "require_claimable",
    "require_consistent",
]


class ItemState(StrEnum):
    """基本目录事项状态, as the authority above says."""

    IN_FORCE = "in_force"  # 在用
    WITHDRAWN = "withdrawn"  # 已取消


@dataclass(frozen=True)
class Claim:
    """How a basic item stands here."""

    state: ItemState
    is_claimed: bool


@dataclass(frozen=True)
class Given:
    """A basic item as far as an import must check it against the others."""

    code: str
    matter_type: MatterType


def require_claimable(claim: Claim, *, code: str) -> None:
    """Refuse to claim twice, or to claim what is withdrawn.

    Raises:
        BasicItemWithdrawn, BasicItemClaimed: 409.
    """
    if claim.state is ItemState.WITHDRAWN:
        raise BasicItemWithdrawn(code=code)
    if claim.is_claimed:
        raise BasicItemClaimed(code=code)


def refusal(claim: Claim | None, *, basic_code: str) -> Problem | None:
    """Tell why a district may not carry out a basic item; None where it may."""
    if claim is None or not claim.is_claimed:
        return BasicItemNotClaimed(basic_code=basic_code)
    if claim.state is ItemState.WITHDRAWN:
        return BasicItemWithdrawn(code=basic_code)
    return None


def require_consistent(items: Sequence[Given], stored: Mapping[str, Claim], *, place: str) -> None:
    """Refuse a list with codes given twice, of another type, or without their main matter.

    Raises:
        BasicItemsFaulty: 422, with each fault at its row.
    """
    given = {one.code for one in items} | set(stored)
    faults = [*_faults(items, given, place)]
    if faults:
        raise BasicItemsFaulty(errors=faults)


def _faults(items: Sequence[Given], known: set[str], place: str) -> Iterator[FieldError]:
    first: dict[str, int] = {}
    for at, item in enumerate(items):
        pointer = f"{place}/{at}/code"
        before = first.setdefault(item.code, at)
        if before != at:
            said = {
                "zh-CN": f"编码与第 {before + 1} 行重复",
                "en": f"the same code as row {before}",
            }
            yield Where.pointer(pointer, said, "code_repeated")
        code = parse_basic_code(item.code)
        if code.matter_type is not item.matter_type:
            said = {
                "zh-CN": f"编码中的类型为 {code.type_code}，与事项类型不一致",
                "en": f"the code says type {code.type_code}",
            }
            yield Where.pointer(f"{place}/{at}/matter_type", said, "type_code")
        if code.main not in known:
            said = {
                "zh-CN": f"子项的主项 {code.main} 不在目录中",
                "en": f"its main matter {code.main} is not in the catalog",
            }
            yield Where.pointer(pointer, said, "main_missing")
