"""What a matter asks of an application: materials, answers, form (事项实施清单), read tolerantly.

Pure. Conditions are read once, with the content; an unreadable content is refused as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from case_service.licences.vocabulary import LicenceOperation
from tongban import conditions
from tongban.conditions import Condition, Facts

__all__ = [
    "Exemption",
    "Fee",
    "FormField",
    "MaterialAsked",
    "Matter",
    "MatterContent",
    "SiteFacts",
    "Situation",
    "SpecialProcedure",
    "StepAsked",
    "is_in_force",
]

When = Annotated[Condition | None, BeforeValidator(conditions.parse)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, arbitrary_types_allowed=True)


class MaterialAsked(_Part):
    """One material that the matter asks for."""

    key: str
    name: str
    necessity: Literal["required", "optional", "supply_later", "commitment"]
    when: When = None
    waived_by: tuple[str, ...] = ()


class Answer(_Part):
    value: str | int | float | bool


class Situation(_Part):
    """One question whose answer decides what applies."""

    key: str
    question: str
    answers: tuple[Answer, ...]
    when: When = None


def _option(raw: Any) -> Any:
    return raw.get("value") if isinstance(raw, dict) else raw


class FormField(_Part):
    """One field of the form."""

    key: str
    label: str
    kind: Literal["text", "number", "date", "choice", "credit_code", "identity_number", "phone"]
    required: bool = True
    when: When = None
    options: tuple[Annotated[str, BeforeValidator(_option)], ...] = ()


class Body(_Part):
    name: str


class LegalBasis(_Part):
    law: str
    article: str | None = None


def _operation(raw: Any) -> Any:
    return LicenceOperation.FIRST if raw is None else raw


class Result(_Part):
    kind: Literal["licence", "certificate", "notice"]
    licence_type: str | None = None
    name: str
    validity_months: int | None = None
    operation: Annotated[LicenceOperation, BeforeValidator(_operation)] = LicenceOperation.FIRST
    """Whether a grant brings a first licence, or varies, renews or issues one again."""


class OutsideSystem(_Part):
    name: str


class StepAsked(_Part):
    """办理环节: one step, with days of its own; `kind` is told where the name is another's."""

    name: str
    kind: str | None = None
    days: int


class SpecialProcedure(_Part):
    """特别程序: what stops the clock of this matter, and for how long."""

    kind: str
    days: int
    basis: str | None = None

    @property
    def stops_the_clock(self) -> bool:
        """Whether the law lets it: by Art. 45, or by one that the matter cites."""
        return self.kind in STOPS_BY_LICENSING_LAW or self.basis is not None


class Exemption(_Part):
    """减免情形: without a condition it is for a clerk to find."""

    name: str
    when: When = None
    basis: str | None = None


class Fee(_Part):
    """收费项目: what the matter costs by a channel, in cents (行政许可法 Art. 59)."""

    name: str
    amount_cents: Annotated[int, Field(ge=0)]
    channel: str = "any"
    basis: str | None = None
    exemptions: tuple[Exemption, ...] = ()


STOPS_BY_LICENSING_LAW = frozenset(
    {
        "hearing",
        "tender",
        "auction",
        "inspection",
        "test",
        "quarantine",
        "appraisal",
        "expert_review",
    }
)
"""行政许可法 Art. 45; 公示 and 现场踏勘 are not among them."""

HEARING = SpecialProcedure(kind="hearing", days=20)
"""听证: held within 20 working days of the request (行政许可法 Art. 47)."""


class MatterContent(_Part):
    """The parts of a matter version that a case goes by."""

    code: str
    name: str
    english_name: str | None = None
    matter_type: str
    handling: Literal["immediate", "promised"]
    body: Body
    audiences: tuple[Literal["person", "enterprise"], ...]
    statutory_days: Annotated[int, Field(ge=0)]
    promised_days: Annotated[int, Field(ge=0)]
    materials: tuple[MaterialAsked, ...] = ()
    situations: tuple[Situation, ...] = ()
    form_fields: tuple[FormField, ...] = ()
    legal_basis: tuple[LegalBasis, ...] = ()
    results: tuple[Result, ...] = ()
    outside_system: OutsideSystem | None = None
    statutory_unit: Literal["working_days", "calendar_days"] = "working_days"
    steps: tuple[StepAsked, ...] = ()
    special_procedures: tuple[SpecialProcedure, ...] = ()
    instant_rule: When = None
    """秒批: where it holds and nothing is missing, the machine accepts and decides."""
    extension_days: Annotated[int, Field(ge=0)] = 0
    """How long its own basis lets a matter be extended that is no licence."""
    remedies: str | None = None
    """The ways of review and suit of a matter that is no licence, as its own basis has them."""
    supply_days: Annotated[int, Field(ge=1)] = 10
    """容缺: how many working days a material may follow acceptance."""
    commitment_check_days: Annotated[int, Field(ge=1)] = 40
    """告知承诺: within how many working days a promise is checked."""
    fees: tuple[Fee, ...] = ()

    @property
    def is_licence(self) -> bool:
        """Whether the Administrative Licensing Law binds it; other types go by their version."""
        return self.matter_type == "licence"

    @property
    def stopping_procedures(self) -> tuple[SpecialProcedure, ...]:
        """The special procedures that may stop this matter's clock.

        行政许可法 Art. 45 names the hearing among what no limit of that law counts, and asks no
        version to list it. Whether there is one is not the matter's to say: the law or the public
        interest (Art. 46), or an applicant or neighbour who has a right to it (Art. 47), calls for
        it. So a licence's clock stops for it, listed or not. The other seven follow from what is
        applied for, which the version knows, and other types of matter are not bound by this law:
        those are listed.
        """
        listed = tuple(one for one in self.special_procedures if one.stops_the_clock)
        if self.is_licence and all(one.kind != HEARING.kind for one in listed):
            return (*listed, HEARING)
        return listed

    def special_procedure(self, kind: str) -> SpecialProcedure | None:
        """Return the special procedure of this kind, where it may stop this matter's clock."""
        return next((one for one in self.stopping_procedures if one.kind == kind), None)

    def days_of_step(self, step: str) -> int | None:
        """Return the days that the matter gives a step, if it does."""
        return next((one.days for one in self.steps if step in (one.kind, one.name)), None)

    def materials_for(self, facts: Facts) -> list[MaterialAsked]:
        """Return the materials that apply to an application with these facts."""
        return [one for one in self.materials if conditions.holds(one.when, facts)]

    @property
    def licence(self) -> Result | None:
        """The licence or certificate that a grant results in, if any."""
        papers = [one for one in self.results if one.kind != "notice" and one.licence_type]
        return papers[0] if papers else None

    @property
    def basis(self) -> str:
        """The legal basis, as a document cites it."""
        return "；".join(f"《{one.law}》{one.article or ''}" for one in self.legal_basis)


@dataclass(frozen=True)
class Matter:
    """A matter one can apply for here: one version, ours or a partner's by agreement."""

    version: int
    owner_district: str
    content: MatterContent
    mode: str | None = None
    forward_within_days: int | None = None

    @property
    def code(self) -> str:
        return self.content.code

    @classmethod
    def read(
        cls, content: Mapping[str, Any], *, version: int, owner_district: str, **more: Any
    ) -> "Matter":
        return cls(version, owner_district, MatterContent.model_validate(content), **more)


@dataclass(frozen=True)
class SiteFacts:
    """What a case needs to know of a site."""

    site_id: str
    name: str
    is_open: bool


def is_in_force(*, state: str, effective_from: date, retired_on: date | None, today: date) -> bool:
    """Tell whether a matter version can be applied for today."""
    if effective_from > today:
        return False
    return state == "published" or (retired_on is not None and retired_on > today)
