"""The parts of a matter's content (事项要素), each checked for itself."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, NoReturn

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from catalog_service.matters.codes import HANDLING_PATTERN, valid_credit_code
from catalog_service.matters.vocabulary import (
    BodyKind,
    FeeChannel,
    FieldKind,
    LicenceOperation,
    MaterialForm,
    MaterialSource,
    Mode,
    Necessity,
    ResultKind,
    SpecialProcedureKind,
    StepKind,
    WayKind,
)
from tongban.conditions import Condition, InvalidCondition, parse
from tongban.problems import field_fault
from tongban.shapes import SIX_DIGITS, shape
from tongban.texts import Code, Line, Paragraph

__all__ = [
    "Baseline",
    "Body",
    "Choice",
    "Counts",
    "Days",
    "EvidencePiece",
    "EvidenceSet",
    "Exemption",
    "Faq",
    "Fee",
    "FileLink",
    "FormField",
    "HandlingItem",
    "LegalBasis",
    "Material",
    "OutsideSystem",
    "Part",
    "Place",
    "Result",
    "ScopeArea",
    "Situation",
    "SpecialProcedure",
    "Step",
    "Way",
    "When",
    "WindowPlace",
    "refuse",
]

Place = tuple[str | int, ...]
Days = Annotated[int, Field(ge=0, le=3650, description="工作日 / working days")]
_LINK = shape(
    r"^(https?://[^\s/]\S*|/[^\s/]\S*)$",
    zh="以 http://、https:// 或 / 开头的网址",
    en="an address that begins with http://, https:// or /",
)
Link = Annotated[str, StringConstraints(max_length=500, pattern=_LINK)]
DistrictCode = Annotated[str, StringConstraints(pattern=SIX_DIGITS)]


def _read_condition(raw: Any) -> Condition | None:
    try:
        return parse(raw)
    except InvalidCondition as fault:
        place = tuple(fault.pointer.split("/")[1:])
        error = field_fault("condition", zh=f"适用条件有误：{fault.reason}", en=fault.reason)
        refuse([(place, error)])


def refuse(faults: Iterable[tuple[Place, PydanticCustomError]]) -> NoReturn:
    """Refuse with each fault at its own place; pydantic puts the outer place before it."""
    raise ValidationError.from_exception_data(
        "MatterContent",
        [InitErrorDetails(type=error, loc=place, input=None) for place, error in faults],
    )


When = Annotated[Condition | None, BeforeValidator(_read_condition)]
"""适用条件: null means always."""


class Part(BaseModel):
    """A part of a matter's content."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Body(Part):
    """实施主体: the body that carries the matter out."""

    code: Annotated[str, Field(min_length=18, max_length=18), AfterValidator(valid_credit_code)]
    name: Line
    kind: BodyKind


class Baseline(Part):
    """改革前: what was asked for before the reform."""

    as_of: date
    required_materials: list[Line] = Field(max_length=200)
    days: Days
    counts_calendar_days: bool = Field(
        default=False, description="按自然日计，折算后比较 / days are calendar days"
    )


class FileLink(Part):
    """样表、空表、样本: a file to look at or to fill in."""

    name: Line
    href: Link
    media_type: Line | None = None


class Counts(Part):
    """份数: how many of each form."""

    original: int = Field(default=0, ge=0, le=100)
    copy_count: int = Field(default=0, ge=0, le=100, alias="copy")
    electronic: int = Field(default=0, ge=0, le=100)

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_by_name=True, serialize_by_alias=True
    )

    def of(self, form: MaterialForm) -> int:
        """Return how many of this form."""
        return {
            MaterialForm.ORIGINAL: self.original,
            MaterialForm.COPY: self.copy_count,
            MaterialForm.ELECTRONIC: self.electronic,
        }[form]


class EvidencePiece(Part):
    """证据: one document of a set."""

    name: Line
    licence_type: Code | None = None
    source: MaterialSource = MaterialSource.APPLICANT
    form: MaterialForm = MaterialForm.COPY
    copies: int = Field(default=1, ge=0, le=100)


class EvidenceSet(Part):
    """证据组合: documents that together prove what the material is asked for."""

    key: Code
    name: Line
    english_name: Line | None = None
    pieces: list[EvidencePiece] = Field(min_length=1, max_length=20)


class Material(Part):
    """申请材料. Any one of its `evidence_sets` proves the same fact as the material itself."""

    key: Code
    name: Line
    necessity: Necessity
    form: MaterialForm
    copies: int = Field(default=1, ge=0, le=100)
    counts: Counts | None = Field(
        default=None, description="各形式份数，空则为 form × copies / null: copies of that form"
    )
    source: MaterialSource = MaterialSource.APPLICANT
    issued_by: Line | None = Field(default=None, description="出具单位 / who issues it")
    when: When = None
    waived_by: list[Code] = Field(
        default_factory=list, max_length=20, description="可免交的证照类型 / licence types"
    )
    proves: Line | None = Field(default=None, description="证明的事实 / the fact it proves")
    evidence_sets: list[EvidenceSet] = Field(
        default_factory=list, max_length=20, description="任一组即可 / any one of them is enough"
    )
    sample: FileLink | None = Field(default=None, description="填写样例 / a filled-in example")
    blank: FileLink | None = Field(default=None, description="空白表格 / a blank form")

    @property
    def needed(self) -> Counts:
        """How many of each form are asked for."""
        if self.counts is not None:
            return self.counts
        return Counts.model_validate({self.form.value: self.copies})


class Choice(Part):
    """可选答案."""

    value: Code
    label: Line
    english_label: Line | None = None


class Situation(Part):
    """情形: a question whose answer decides what applies."""

    key: Code
    question: Line
    english_question: Line
    answers: list[Choice] = Field(min_length=1, max_length=50)
    when: When = None


class FormField(Part):
    """表单字段."""

    key: Code
    label: Line
    english_label: Line | None = None
    kind: FieldKind
    required: bool = True
    options: list[Line] = Field(default_factory=list, max_length=200)
    when: When = None


class HandlingItem(Part):
    """业务办理项: what a person really applies for, and the situations that lead to it."""

    code: Annotated[str, StringConstraints(min_length=33, max_length=33, pattern=HANDLING_PATTERN)]
    name: Line
    english_name: Line | None = None
    situations: list[Code] = Field(default_factory=list, max_length=50)
    when: When = None


class LegalBasis(Part):
    """设定依据."""

    law: Line
    number: Line | None = Field(default=None, description="文号 / the document's number")
    article: Line | None = None
    text: Paragraph | None = Field(default=None, description="条文 / what it says")


class Exemption(Part):
    """减免情形."""

    name: Line
    when: When = None
    basis: Line | None = None


class Fee(Part):
    """收费项目."""

    name: Line
    amount_cents: int = Field(ge=0, le=1_000_000_000)
    channel: FeeChannel = FeeChannel.ANY
    basis: Line | None = None
    exemptions: list[Exemption] = Field(default_factory=list, max_length=20)


class Step(Part):
    """办理环节, with its own limit; `kind` is read from the name where that is one."""

    name: Line
    kind: StepKind | None = None
    days: Days

    @property
    def stands_for(self) -> StepKind | None:
        """Return which of the known steps it is."""
        if self.kind is None and self.name in set(StepKind):
            return StepKind(self.name)
        return self.kind


class SpecialProcedure(Part):
    """特别程序: not counted into the limit (行政许可法 Art. 45)."""

    kind: SpecialProcedureKind
    days: Days
    basis: Line | None = None


class Result(Part):
    """办理结果."""

    kind: ResultKind
    licence_type: Code | None = None
    name: Line
    validity_months: int | None = Field(default=None, ge=1, le=1200)
    operation: LicenceOperation | None = None
    """首次核发（缺省）、变更、延续或补证 / first by default"""
    sample: FileLink | None = None


class OutsideSystem(Part):
    """外部业务系统: it keeps the number, the state and the result."""

    name: Line


class ScopeArea(Part):
    """通办区域: a district from which it can be applied for, and how."""

    district: DistrictCode
    mode: Mode


class WindowPlace(Part):
    """办理地点: where the window is and when it is open."""

    name: Line
    site_id: Code | None = None
    place: Line | None = None
    windows: list[Line] = Field(default_factory=list, max_length=20)
    hours: Line | None = None
    telephone: Line | None = None


class Way(Part):
    """咨询、监督投诉方式."""

    kind: WayKind
    value: Line


class Faq(Part):
    """常见问题."""

    question: Line
    answer: Paragraph
    english_question: Line | None = None
    english_answer: Paragraph | None = None
