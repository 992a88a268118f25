"""What a matter's version says (实施清单): one model, wherever matter content comes in or goes out.

Pure. Each fault is told at its own place, so that an import of hundreds can be mended in one go.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, NoReturn, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from catalog_service.matters.vocabulary import (
    TYPE_CODES,
    Area,
    Audience,
    BodyKind,
    Channel,
    FeeChannel,
    FieldKind,
    Handling,
    HandlingScope,
    MaterialForm,
    MaterialSource,
    MatterType,
    Necessity,
    Provenance,
    ResultKind,
    SpecialProcedureKind,
)
from tongban.conditions import Condition, InvalidCondition, facts_used, parse
from tongban.gb import InvalidCreditCode, check_credit_code
from tongban.problems import field_fault
from tongban.texts import Code, Line, Paragraph

__all__ = ["CODE_PATTERN", "MatterCode", "MatterContent", "parse_code"]

CODE_PATTERN = r"^[0-9A-Z]{18}[1-5][0-9]{12}$"

Place = tuple[str | int, ...]
Days = Annotated[int, Field(ge=0, le=3650, description="工作日 / working days")]


@dataclass(frozen=True)
class MatterCode:
    """实施编码: whose it is, at which level, and the basic item that it carries out."""

    body: str
    level: int
    basic: str

    @property
    def type_code(self) -> str:
        """The two digits of the basic code that tell the matter's type."""
        return self.basic[2:4]


def parse_code(text: str) -> MatterCode:
    """Read a 31-character implementation code.

    Raises:
        ValueError: its form is wrong, or the body's credit code is not valid.
    """
    if not re.fullmatch(CODE_PATTERN, text):
        raise ValueError("a code is 18 + 1 + 12 characters")
    body = text[:18]
    if check_credit_code(body) != body:
        raise ValueError("the credit code is not in its normal form")
    return MatterCode(body=body, level=int(text[18]), basic=text[19:])


def _valid_code(text: str) -> str:
    try:
        parse_code(text)
    except ValueError:
        raise field_fault(
            "matter_code",
            zh="应为 31 位实施编码：18 位统一社会信用代码、1 位层级（1–5）、12 位基本编码",
            en="a code has 31 characters: the body's credit code (18), its level (1–5), "
            "the basic code (12)",
        ) from None
    return text


def _valid_credit_code(text: str) -> str:
    try:
        return check_credit_code(text)
    except InvalidCreditCode:
        raise field_fault(
            "credit_code",
            zh="统一社会信用代码校验不通过",
            en="not a valid unified social credit code",
        ) from None


def _read_condition(raw: Any) -> Condition | None:
    try:
        return parse(raw)
    except InvalidCondition as fault:
        place = tuple(fault.pointer.split("/")[1:])
        error = field_fault("condition", zh=f"适用条件有误：{fault.reason}", en=fault.reason)
        _refuse([(place, error)])


def _refuse(faults: Iterable[tuple[Place, PydanticCustomError]]) -> NoReturn:
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

    code: Annotated[str, Field(min_length=18, max_length=18), AfterValidator(_valid_credit_code)]
    name: Line
    kind: BodyKind


class Baseline(Part):
    """改革前: what was asked for before the reform."""

    as_of: date
    required_materials: list[Line] = Field(max_length=200)
    days: Days


class Material(Part):
    """申请材料."""

    key: Code
    name: Line
    necessity: Necessity
    form: MaterialForm
    copies: int = Field(default=1, ge=0, le=100)
    source: MaterialSource = MaterialSource.APPLICANT
    when: When = None
    waived_by: list[Code] = Field(
        default_factory=list, max_length=20, description="可免交的证照类型 / licence types"
    )


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


class LegalBasis(Part):
    """设定依据."""

    law: Line
    article: Line | None = None


class Fee(Part):
    """收费项目."""

    name: Line
    amount_cents: int = Field(ge=0, le=1_000_000_000)
    channel: FeeChannel = FeeChannel.ANY


class Step(Part):
    """办理环节."""

    name: Line
    days: Days


class SpecialProcedure(Part):
    """特别程序: not counted into the limit (行政许可法 Art. 45)."""

    kind: SpecialProcedureKind
    days: Days


class Result(Part):
    """办理结果."""

    kind: ResultKind
    licence_type: Code | None = None
    name: Line
    validity_months: int | None = Field(default=None, ge=1, le=1200)


class OutsideSystem(Part):
    """外部业务系统: it keeps the number, the state and the result."""

    name: Line


class MatterContent(Part):
    """事项内容: all that a version of a matter says."""

    code: Annotated[
        str,
        Field(min_length=31, max_length=31, pattern=CODE_PATTERN),
        AfterValidator(_valid_code),
    ]
    name: Line
    english_name: Line
    summary: Paragraph
    matter_type: MatterType
    handling: Handling
    body: Body
    concentrated: bool
    audiences: list[Audience] = Field(min_length=1, max_length=2)
    area: Area
    statutory_days: Days
    promised_days: Days
    baseline: Baseline | None = None
    materials: list[Material] = Field(default_factory=list, max_length=200)
    situations: list[Situation] = Field(default_factory=list, max_length=50)
    form_fields: list[FormField] = Field(default_factory=list, max_length=200)
    legal_basis: list[LegalBasis] = Field(default_factory=list, max_length=50)
    fees: list[Fee] = Field(default_factory=list, max_length=50)
    steps: list[Step] = Field(default_factory=list, max_length=50)
    special_procedures: list[SpecialProcedure] = Field(default_factory=list, max_length=20)
    results: list[Result] = Field(default_factory=list, max_length=20)
    channels: list[Channel] = Field(min_length=1, max_length=3)
    online_depth: int = Field(default=0, ge=0, le=5)
    visits: int = Field(default=0, ge=0, le=20)
    handling_scope: HandlingScope = HandlingScope.LOCAL
    outside_system: OutsideSystem | None = None
    keywords: list[Line] = Field(default_factory=list, max_length=50)
    provenance: Provenance

    @property
    def required_materials(self) -> int:
        """How many materials can be asked of an applicant, in whatever situation."""
        return sum(one.necessity is Necessity.REQUIRED for one in self.materials)

    @property
    def has_offline_channel(self) -> bool:
        """Whether it can be done without a phone or a computer."""
        return Channel.WINDOW in self.channels

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        faults = [
            *self._faults_of_numbers(),
            *self._faults_of_keys(),
            *self._faults_of_conditions(),
            *self._faults_of_choices(),
        ]
        if faults:
            _refuse(faults)
        return self

    def _faults_of_numbers(self) -> Iterator[tuple[Place, PydanticCustomError]]:
        code = parse_code(self.code)
        if code.body != self.body.code:
            yield (
                ("body", "code"),
                field_fault(
                    "body_code",
                    zh="应与实施编码前 18 位一致",
                    en="must be the first 18 characters of the matter's code",
                ),
            )
        if code.type_code != TYPE_CODES[self.matter_type]:
            yield (
                ("matter_type",),
                field_fault(
                    "type_code",
                    zh=f"与实施编码中的类型 {code.type_code} 不一致",
                    en=f"the code says type {code.type_code}",
                ),
            )
        if self.promised_days > self.statutory_days:
            yield (
                ("promised_days",),
                field_fault(
                    "promise_exceeds_law",
                    zh="承诺办结时限不能长于法定办结时限",
                    en="the promise can't be longer than the law's limit",
                ),
            )

    def _faults_of_keys(self) -> Iterator[tuple[Place, PydanticCustomError]]:
        yield from _repeated("materials", [one.key for one in self.materials])
        yield from _repeated("situations", [one.key for one in self.situations])
        facts = [one.key for one in self.situations]
        yield from _repeated("form_fields", [one.key for one in self.form_fields], taken=facts)

    def _faults_of_conditions(self) -> Iterator[tuple[Place, PydanticCustomError]]:
        declared = {one.key for one in self.situations} | {one.key for one in self.form_fields}
        parts: tuple[tuple[str, Sequence[Material | Situation | FormField]], ...] = (
            ("materials", self.materials),
            ("situations", self.situations),
            ("form_fields", self.form_fields),
        )
        for part, whole in parts:
            for at, one in enumerate(whole):
                own = {one.key} if part != "materials" else set()
                unknown = sorted(facts_used(one.when) - (declared - own))
                if unknown:
                    yield (
                        (part, at, "when"),
                        field_fault(
                            "fact_undeclared",
                            zh=f"引用了未声明的情形或表单字段：{'、'.join(unknown)}",
                            en=f"no situation or form field declares: {', '.join(unknown)}",
                        ),
                    )

    def _faults_of_choices(self) -> Iterator[tuple[Place, PydanticCustomError]]:
        for at, field in enumerate(self.form_fields):
            if (field.kind is FieldKind.CHOICE) is not bool(field.options):
                yield (
                    ("form_fields", at, "options"),
                    field_fault(
                        "options",
                        zh="选择类字段须列出选项，其他字段不得有选项",
                        en="a choice lists its options; no other kind has any",
                    ),
                )
        for at, result in enumerate(self.results):
            if result.kind is ResultKind.LICENCE and result.licence_type is None:
                yield (
                    ("results", at, "licence_type"),
                    field_fault(
                        "licence_type",
                        zh="结果为证照时须注明证照类型",
                        en="a licence names its type",
                    ),
                )


def _repeated(
    part: str, keys: list[str], *, taken: Iterable[str] = ()
) -> Iterator[tuple[Place, PydanticCustomError]]:
    seen = Counter(taken)
    for at, key in enumerate(keys):
        if seen[key]:
            yield (
                (part, at, "key"),
                field_fault("key_repeated", zh=f"键 {key} 重复", en=f"the key {key} is taken"),
            )
        seen[key] += 1
