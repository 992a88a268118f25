"""What goes in and out over HTTP about basic items."""

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from catalog_service.basic_items.rules import ItemState
from catalog_service.matters.codes import BASIC_PATTERN, parse_basic_code
from catalog_service.matters.parts import HandlingItem, LegalBasis
from catalog_service.matters.vocabulary import Level, MatterType
from tongban.problems import field_fault
from tongban.texts import Line

__all__ = [
    "BasicItemDetail",
    "BasicItemIn",
    "BasicItemRead",
    "BasicItemsIn",
    "BasicItemsRead",
    "ImplementationRead",
    "PathBasicCode",
]

PathBasicCode = Annotated[
    str, Path(pattern=BASIC_PATTERN, description="12 位基本编码 / the basic code")
]


def _valid_basic_code(text: str) -> str:
    try:
        parse_basic_code(text)
    except ValueError:
        raise field_fault(
            "basic_code",
            zh="应为 12 位基本编码：地区 2、类型 2、部门 2、主项 3、子项 3",
            en="a basic code has 12 digits: area 2, type 2, department 2, main 3, sub 3",
        ) from None
    return text


class BasicItemIn(BaseModel):
    """A basic item as it came from above (基本目录事项)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Annotated[
        str, StringConstraints(pattern=BASIC_PATTERN), AfterValidator(_valid_basic_code)
    ]
    name: Line
    matter_type: MatterType
    levels: list[Level] = Field(
        default_factory=list, max_length=5, description="行使层级，空为不限 / empty: any"
    )
    legal_basis: list[LegalBasis] = Field(default_factory=list, max_length=50)
    state: ItemState = ItemState.IN_FORCE
    claimed: bool = Field(default=False, description="本区已认领 / the district carries it out")


class BasicItemsIn(BaseModel):
    """An edition of the basic catalog (基本目录)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Line = Field(examples=["陕西省政务服务事项基本目录（2020年版）"])
    items: list[BasicItemIn] = Field(min_length=1, max_length=20_000)


class BasicItemsRead(BaseModel):
    """What an import of basic items did, or, as a dry run, would do (导入结果)."""

    created: int
    updated: int
    unchanged: int
    claimed: int
    is_dry_run: bool


class BasicItemRead(BaseModel):
    """A basic item and its claim (基本目录事项)."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    parent: str | None = Field(description="主项编码，主项自身为空 / null for a main matter")
    name: str
    matter_type: MatterType
    levels: list[Level]
    legal_basis: list[LegalBasis]
    state: ItemState
    source: str
    claimed_by: str | None
    claimed_at: datetime | None


class ImplementationRead(BaseModel):
    """A matter that carries the basic item out (实施清单事项)."""

    code: str
    version: int
    name: str
    body_name: str
    handling_items: list[HandlingItem]


class BasicItemDetail(BasicItemRead):
    """A basic item with what hangs on it: sub-matters, matters, handling items."""

    sub_matters: list[BasicItemRead]
    implementations: list[ImplementationRead]
