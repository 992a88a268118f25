"""What a version of a matter says (实施清单内容), and what makes it consistent.

Pure. Every fault is told at its own place, so that an import of hundreds can be mended in one go.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from catalog_service.matters.codes import (
    MatterCode,
    parse_code,
    valid_code,
)
from catalog_service.matters.limits import in_working_days
from catalog_service.matters.parts import (
    Baseline,
    Body,
    Choice,
    Days,
    Faq,
    Fee,
    FormField,
    HandlingItem,
    LegalBasis,
    Material,
    OutsideSystem,
    Part,
    Place,
    Result,
    ScopeArea,
    Situation,
    SpecialProcedure,
    Step,
    Way,
    When,
    WindowPlace,
    refuse,
)
from catalog_service.matters.vocabulary import (
    LEVEL_CODES,
    TYPE_CODES,
    Area,
    Audience,
    Channel,
    DayUnit,
    FieldKind,
    HandledIn,
    Handling,
    HandlingScope,
    Level,
    MatterType,
    Necessity,
    Provenance,
    ResultKind,
    StepKind,
)
from tongban.conditions import facts_used
from tongban.problems import field_fault
from tongban.shapes import MATTER_CODE
from tongban.texts import Code, Line, Paragraph

__all__ = [
    "Choice",
    "Code",
    "FormField",
    "Material",
    "MatterCode",
    "MatterContent",
    "Part",
    "Place",
    "Situation",
    "parse_code",
]

REGISTERS = frozenset({Area.BUSINESS_REGISTRATION})
"""登记类: licences that confirm what is declared, and weigh nothing."""

# 收件、制证、送达 have clocks of their own: the limits bind what lies between.
WITHIN_LIMIT = frozenset({StepKind.ACCEPT, StepKind.REVIEW, StepKind.DECIDE})


class MatterContent(Part):
    """事项内容: all that a version of a matter says."""

    code: Annotated[
        str,
        Field(min_length=31, max_length=31, pattern=MATTER_CODE),
        AfterValidator(valid_code),
    ]
    name: Line
    english_name: Line
    summary: Paragraph
    matter_type: MatterType
    handling: Handling
    level: Level = Field(
        default=Level.DISTRICT, description="行使层级，空则取自实施编码 / left out: the code's"
    )
    body: Body
    delegated_body: Body | None = Field(
        default=None, description="受委托机构 / who carries it out for the body"
    )
    granted_without_asking: bool = Field(default=False, description="免申即享")
    concentrated: bool
    audiences: list[Audience] = Field(min_length=1, max_length=2)
    area: Area
    statutory_days: Annotated[
        int, Field(ge=0, le=3650, description="单位见 statutory_unit / in its unit")
    ]
    statutory_unit: DayUnit = Field(
        default=DayUnit.WORKING_DAYS, description="法定办结时限单位 / the days that it counts"
    )
    promised_days: Days
    baseline: Baseline | None = None
    materials: list[Material] = Field(default_factory=list, max_length=200)
    situations: list[Situation] = Field(default_factory=list, max_length=50)
    handling_items: list[HandlingItem] = Field(default_factory=list, max_length=99)
    form_fields: list[FormField] = Field(default_factory=list, max_length=200)
    legal_basis: list[LegalBasis] = Field(default_factory=list, max_length=50)
    fees: list[Fee] = Field(default_factory=list, max_length=50)
    steps: list[Step] = Field(default_factory=list, max_length=50)
    special_procedures: list[SpecialProcedure] = Field(default_factory=list, max_length=20)
    extension_days: int = Field(
        default=0, ge=0, le=3650, description="非许可事项可延期的工作日 / of what is no licence"
    )
    remedies: Paragraph | None = Field(
        default=None, description="非许可事项的救济途径 / review and suit of what is no licence"
    )
    supply_days: int = Field(default=10, ge=1, le=365, description="容缺后补的工作日")
    commitment_check_days: int = Field(
        default=40, ge=1, le=365, description="告知承诺核查的工作日 / to check a promise"
    )
    instant_rule: When = Field(
        default=None,
        description="秒批条件：满足即由系统受理并决定，空则由人决定 / "
        "the machine decides where it holds over the answers and the form; null: people do",
    )
    results: list[Result] = Field(default_factory=list, max_length=20)
    channels: list[Channel] = Field(min_length=1, max_length=3)
    online_depth: int = Field(default=0, ge=0, le=5)
    visits: int = Field(default=0, ge=0, le=20)
    handling_scope: HandlingScope = HandlingScope.LOCAL
    scope_areas: list[ScopeArea] = Field(default_factory=list, max_length=500)
    outside_system: OutsideSystem | None = None
    windows: list[WindowPlace] = Field(default_factory=list, max_length=200)
    consultation: list[Way] = Field(default_factory=list, max_length=20)
    complaints: list[Way] = Field(default_factory=list, max_length=20)
    faqs: list[Faq] = Field(default_factory=list, max_length=100)
    keywords: list[Line] = Field(default_factory=list, max_length=50)
    provenance: Provenance

    @property
    def required_materials(self) -> int:
        """How many materials can be asked of an applicant, in whatever situation."""
        return sum(one.necessity is Necessity.REQUIRED for one in self.materials)

    @property
    def statutory_working_days(self) -> int:
        """The law's limit in working days, converted where it counts calendar days."""
        return in_working_days(self.statutory_days, self.statutory_unit)

    @property
    def has_offline_channel(self) -> bool:
        """Whether it can be done without a phone or a computer."""
        return Channel.WINDOW in self.channels

    @property
    def handled_in(self) -> HandledIn:
        """Whose system keeps the number, the state and the result."""
        return HandledIn.OURS if self.outside_system is None else HandledIn.OUTSIDE

    @model_validator(mode="before")
    @classmethod
    def _level_of_code(cls, raw: Any) -> Any:
        """Take the level from the code where it is left out."""
        if not isinstance(raw, dict) or raw.get("level") is not None:
            return raw
        code = raw.get("code")
        level = LEVEL_CODES.get(code[18:19]) if isinstance(code, str) else None
        return {**raw, "level": level or Level.DISTRICT}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        faults = [
            *self._faults_of_numbers(),
            *self._faults_of_keys(),
            *self._faults_of_conditions(),
            *self._faults_of_choices(),
            *self._faults_of_hierarchy(),
            *self._faults_of_evidence(),
            *self._faults_of_scope(),
            *self._faults_of_instant_rule(),
        ]
        if faults:
            refuse(faults)
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
        if code.level is not self.level:
            yield (
                ("level",),
                field_fault(
                    "level_code",
                    zh=f"与实施编码中的层级 {code.level_code} 不一致",
                    en=f"the code says level {code.level_code}",
                ),
            )
        by_law = self.statutory_working_days
        counted = sum(one.days for one in self.steps if one.stands_for in WITHIN_LIMIT)
        if counted > by_law:
            yield (
                ("steps",),
                field_fault(
                    "steps_exceed_law",
                    zh=f"受理、审查、决定合计 {counted} 个工作日，超过法定办结时限",
                    en=f"acceptance, review and decision take {counted} working days, "
                    "more than the law's limit",
                ),
            )
        if self.promised_days > by_law:
            yield (
                ("promised_days",),
                field_fault(
                    "promise_exceeds_law",
                    zh=f"承诺办结时限不能长于法定办结时限（{by_law} 个工作日）",
                    en=f"the promise can't be longer than the law's limit of {by_law} working days",
                ),
            )

    def _faults_of_keys(self) -> Iterator[tuple[Place, PydanticCustomError]]:
        yield from _repeated("materials", [one.key for one in self.materials])
        yield from _repeated("situations", [one.key for one in self.situations])
        facts = [one.key for one in self.situations]
        yield from _repeated("form_fields", [one.key for one in self.form_fields], taken=facts)

    def _faults_of_conditions(self) -> Iterator[tuple[Place, PydanticCustomError]]:
        declared = {one.key for one in self.situations} | {one.key for one in self.form_fields}
        parts: tuple[tuple[str, Sequence[Material | Situation | FormField | HandlingItem]], ...] = (
            ("materials", self.materials),
            ("situations", self.situations),
            ("form_fields", self.form_fields),
            ("handling_items", self.handling_items),
        )
        for part, whole in parts:
            for at, one in enumerate(whole):
                own = {one.key} if isinstance(one, Situation | FormField) else set()
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

    def _faults_of_instant_rule(self) -> Iterator[tuple[Place, PydanticCustomError]]:
        """秒批: only what is decided on the spot and weighs nothing, by facts that are asked."""
        if self.instant_rule is None:
            return
        declared = {one.key for one in self.situations} | {one.key for one in self.form_fields}
        unknown = sorted(facts_used(self.instant_rule) - declared)
        if unknown:
            yield (
                ("instant_rule",),
                field_fault(
                    "fact_undeclared",
                    zh=f"引用了未声明的情形或表单字段：{'、'.join(unknown)}",
                    en=f"no situation or form field declares: {', '.join(unknown)}",
                ),
            )
        weighs = self.matter_type is MatterType.LICENCE and self.area not in REGISTERS
        if self.handling is not Handling.IMMEDIATE or weighs:
            yield (
                ("instant_rule",),
                field_fault(
                    "instant_not_allowed",
                    zh="只有即办件可以秒批；行政许可限于登记类",
                    en="only what is handled on the spot is decided by rule; of licences only "
                    "registrations",
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

    def _faults_of_hierarchy(self) -> Iterator[tuple[Place, PydanticCustomError]]:
        """业务办理项: each under this matter's code, once, with situations that there are."""
        questions = {one.key for one in self.situations}
        yield from _repeated("handling_items", [one.code for one in self.handling_items], "code")
        for at, item in enumerate(self.handling_items):
            if item.code[:31] != self.code:
                yield (
                    ("handling_items", at, "code"),
                    field_fault(
                        "handling_code",
                        zh="业务办理项编码应为实施编码加 2 位数字",
                        en="a handling item's code is the matter's code and two digits",
                    ),
                )
            unknown = sorted(set(item.situations) - questions)
            if unknown:
                yield (
                    ("handling_items", at, "situations"),
                    field_fault(
                        "situation_unknown",
                        zh=f"没有这些情形：{'、'.join(unknown)}",
                        en=f"no such situations: {', '.join(unknown)}",
                    ),
                )

    def _faults_of_evidence(self) -> Iterator[tuple[Place, PydanticCustomError]]:
        for at, material in enumerate(self.materials):
            keys = [one.key for one in material.evidence_sets]
            for place, fault in _repeated("evidence_sets", keys):
                yield ("materials", at, *place), fault
            if material.counts is not None and material.counts.of(material.form) != material.copies:
                yield (
                    ("materials", at, "counts"),
                    field_fault(
                        "counts",
                        zh=f"与 copies（{material.copies}）不一致",
                        en=f"does not say the same as copies ({material.copies})",
                    ),
                )

    def _faults_of_scope(self) -> Iterator[tuple[Place, PydanticCustomError]]:
        yield from _repeated("scope_areas", [one.district for one in self.scope_areas], "district")
        if self.scope_areas and self.handling_scope is HandlingScope.LOCAL:
            yield (
                ("scope_areas",),
                field_fault(
                    "scope_local",
                    zh="通办范围为本区时不得列出通办区域",
                    en="what is handled locally has no areas",
                ),
            )


def _repeated(
    part: str, keys: list[str], name: str = "key", *, taken: Iterable[str] = ()
) -> Iterator[tuple[Place, PydanticCustomError]]:
    seen = Counter(taken)
    for at, key in enumerate(keys):
        if seen[key]:
            yield (
                (part, at, name),
                field_fault("key_repeated", zh=f"键 {key} 重复", en=f"the key {key} is taken"),
            )
        seen[key] += 1
