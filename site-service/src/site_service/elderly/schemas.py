"""What comes in and goes out over HTTP for the measures for the old."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from site_service.elderly.rules import Aspect, EvidenceKind, Lack, Outcome
from site_service.sites.rules import Area, Provenance, SiteKind
from site_service.sites.schemas import MatterCode, SiteId
from tongban.instants import Instant
from tongban.problems import field_fault
from tongban.shapes import DIGEST, WEB_ADDRESS
from tongban.texts import Code, Line, Paragraph

__all__ = [
    "CheckIn",
    "CheckRead",
    "DistrictReport",
    "ElderlyImport",
    "Evidence",
    "FamilyAuthority",
    "FamilyItem",
    "FamilyTold",
    "ImportedCheck",
    "Measure",
    "MeasureAtSite",
    "MeasuresReport",
    "SiteReport",
]

EvidenceUrl = Annotated[str, StringConstraints(max_length=500, pattern=WEB_ADDRESS)]
Sha256 = Annotated[str, StringConstraints(pattern=DIGEST)]
Text = Annotated[Paragraph, StringConstraints(min_length=1, max_length=1000)]


class Measure(BaseModel):
    """One of the ten measures."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    code: Code
    nth: int = Field(ge=1, le=100)
    aspect: Aspect
    name: Line
    english_name: Line
    text: Text
    english_text: Text
    how_checked: Text = Field(description="检查方法 / what whoever checks it looks at")
    evidence_kinds: list[EvidenceKind] = Field(
        default=[EvidenceKind.TEXT], description="必需的证据 / without these it is not met"
    )
    valid_days: int = Field(default=180, ge=1, le=1000, description="检查有效天数")
    weight: int = Field(default=10, ge=1, le=100, description="分值 / of the score")
    applies_to: list[SiteKind] = Field(default=[], description="适用网点，空为全部 / none are all")
    basis: Line = Field(description="依据 / by which document")
    provenance: Provenance


class Evidence(BaseModel):
    """A photo or file by its address and SHA-256, or a text."""

    model_config = ConfigDict(extra="forbid")

    kind: EvidenceKind
    title: Line
    url: EvidenceUrl | None = None
    sha256: Sha256 | None = Field(default=None, description="文件摘要，防止事后替换")
    text: Text | None = None

    @model_validator(mode="after")
    def _is_there(self) -> Self:
        is_text = self.kind is EvidenceKind.TEXT
        if is_text != (self.text is not None) or is_text == (self.url is not None):
            raise field_fault(
                "evidence",
                zh="文字说明填写 text；照片和文件填写 url",
                en="a text has `text`; a photo or file has `url`",
            )
        if is_text and self.sha256 is not None:
            raise field_fault("evidence", zh="文字说明不填 sha256", en="a text has no `sha256`")
        return self


class CheckIn(BaseModel):
    """What a check found."""

    model_config = ConfigDict(extra="forbid")

    outcome: Outcome
    note: Line | None = None
    evidence: list[Evidence] = Field(default=[], max_length=20)
    valid_until: date | None = Field(
        default=None, description="有效至，不填按举措规定 / not later than the measure says"
    )


class ImportedCheck(CheckIn):
    """A check made earlier, in an import."""

    site_id: SiteId
    measure_code: Code
    checked_on: date = Field(ge=date(2020, 1, 1), le=date(2100, 12, 31))
    provenance: Provenance


class FamilyItem(BaseModel):
    """What a family member brings."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    code: Code
    nth: int = Field(ge=1, le=100)
    name: Line
    english_name: Line
    note: Line
    is_needed: bool
    areas: list[Area] = Field(default=[], description="适用业务领域，空为全部 / none are all")
    provenance: Provenance


class ElderlyImport(BaseModel):
    """The measures, whole; what a family member brings, whole; and checks made earlier."""

    model_config = ConfigDict(extra="forbid")

    measures: list[Measure] = Field(min_length=1, max_length=100)
    family_authority: list[FamilyItem] = Field(default=[], max_length=100)
    checks: list[ImportedCheck] = Field(default=[], max_length=20_000)


class MeasuresReport(BaseModel):
    """What an import stored."""

    measures: int
    family_authority: int
    checks: int
    known: int = Field(description="早已存在的检查 / checks that were there already")


class CheckRead(BaseModel):
    """A check."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    site_id: str
    measure_code: str
    outcome: Outcome
    note: str | None
    evidence: list[Evidence]
    checked_by: str
    is_self_check: bool
    checked_at: Instant
    valid_until: date
    provenance: Provenance


class MeasureAtSite(BaseModel):
    """A measure at a site: how it stands, and its newest check."""

    measure: Measure
    value: float = Field(description="0 至 1 / what it counts, 0 to 1")
    lack: Lack | None = Field(description="缺什么，空为已落实 / why it does not count in full")
    check: CheckRead | None


class ScoreRead(BaseModel):
    """Of 100; null where no measure applies."""

    model_config = ConfigDict(from_attributes=True)

    total: float | None
    aspects: dict[Aspect, float | None]


class SiteReport(BaseModel):
    """How a site stands by the ten measures."""

    site_id: str
    name: str
    on: date
    score: ScoreRead
    measures: list[MeasureAtSite]
    missing: list[str] = Field(description="未全部落实的举措 / measures that lack something")


class SiteStanding(BaseModel):
    """A site in the district's report."""

    site_id: str
    name: str
    kind: SiteKind
    score: float | None
    missing: list[str]


class MeasureStanding(BaseModel):
    """A measure over all sites."""

    code: str
    name: str
    aspect: Aspect
    met: int
    partly: int
    not_met: int
    expired: int
    unchecked: int


class DistrictReport(BaseModel):
    """The district by the ten measures: the sites that need most come first."""

    on: date
    formula: str
    average: float | None
    by_kind: dict[SiteKind, float | None]
    by_aspect: dict[Aspect, float | None]
    measures: list[MeasureStanding]
    sites: list[SiteStanding]
    is_illustrative: bool = Field(
        description="含示例数据 / some of it is illustrative, not what was found"
    )


class FamilyAuthority(BaseModel):
    """What a family member brings to a site, for a matter."""

    site_id: str
    matter_code: MatterCode | None
    bring: list[FamilyItem]
    accepts_paper: bool = Field(description="收纸质委托书 / an authority on paper is accepted")
    sentences: list[str] = Field(description="念给老人听的短句 / to be read out")
    english_sentences: list[str]


class FamilyTold(FamilyAuthority):
    """That it was told for a visit."""

    told_by: str
    told_at: Instant
