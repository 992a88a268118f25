"""Ratings as they come in and go out."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from case_service.ratings.follow_up_rules import FollowUpState, FollowUpStep
from case_service.ratings.rules import BEST, WORST, RatingSource
from case_service.shapes import CASE_NUMBER, ID_TAIL
from tongban.texts import Paragraph

__all__ = [
    "AppealIn",
    "AppealRead",
    "AppealReviewIn",
    "FollowUpRead",
    "FollowUpSummary",
    "RatingByReceiptIn",
    "RatingIn",
    "RatingPart",
    "RatingRead",
    "RatingSummary",
    "ScoreIn",
    "TextIn",
    "VerificationIn",
]

Score = Annotated[int, Field(ge=WORST, le=BEST, description="5 非常满意 … 1 非常不满意")]
Told = Annotated[Paragraph, Field(min_length=1)]


class ScoreIn(BaseModel):
    """The applicant's own choice, once more."""

    model_config = ConfigDict(extra="forbid")

    score: Score


class RatingIn(ScoreIn):
    """The applicant's own choice."""

    owner_score: Score | None = Field(
        default=None, description="跨区办件另评对方区 / rates the other district apart"
    )
    comment: Paragraph | None = None


class RatingByReceiptIn(RatingIn):
    """A rating without an account: of a contact by its ticket, or of a case by its receipt."""

    ticket_id: UUID | None = Field(default=None, description="取号单编号 / the ticket's id")
    number: Annotated[str, Field(pattern=CASE_NUMBER)] | None = Field(
        default=None, description="办件编号 / the case's number"
    )
    id_tail: Annotated[str, Field(pattern=ID_TAIL)] | None = Field(
        default=None, description="证件号码或统一社会信用代码末四位"
    )


class RatingRead(BaseModel):
    """A rating that was given."""

    id: UUID
    case_id: UUID | None
    ticket_id: UUID | None
    source: RatingSource
    score: Score
    owner_score: Score | None
    comment: str | None = Field(description="评价内容，仅本人与回访人员可见 / for few")
    rated_at: datetime
    call_back_due_on: date | None = Field(
        description="差评回访期限 / a bad rating is called back by then"
    )
    is_excluded: bool = Field(description="申诉成立，不计入统计 / no longer counted")


class VerificationIn(BaseModel):
    """What the call found."""

    model_config = ConfigDict(extra="forbid")

    is_confirmed: bool = Field(description="反映情况是否属实 / whether it is as complained of")
    finding: Told


class TextIn(BaseModel):
    """What was put right, or what the applicant is answered."""

    model_config = ConfigDict(extra="forbid")

    text: Told


class FollowUpRead(BaseModel):
    """How far the follow-up of a bad rating is; whom it concerns reads the texts."""

    rating_id: UUID
    state: FollowUpState
    steps: list[FollowUpStep] = Field(description="现在可以进行的操作 / what can be done now")
    due_on: date | None
    is_provisional: bool
    overdue_since: date | None
    verified_at: datetime | None
    is_confirmed: bool | None
    finding: str | None
    corrected_at: datetime | None
    correction: str | None
    answered_at: datetime | None
    answer: str | None
    second_score: Score | None
    rated_again_at: datetime | None


class FollowUpSummary(BaseModel):
    """A line of the list of what is to be followed up."""

    rating_id: UUID
    case_id: UUID | None
    ticket_id: UUID | None
    site_id: str | None
    score: Score
    rated_at: datetime
    state: FollowUpState
    due_on: date | None
    overdue_since: date | None


class AppealIn(BaseModel):
    """Why staff hold a rating for malicious."""

    model_config = ConfigDict(extra="forbid")

    grounds: Told


class AppealReviewIn(BaseModel):
    """What the supervisor decides."""

    model_config = ConfigDict(extra="forbid")

    is_upheld: bool = Field(description="申诉是否成立 / whether the rating stops counting")
    reason: Told


class AppealRead(BaseModel):
    """An appeal and its review."""

    rating_id: UUID
    appealed_at: datetime
    grounds: str
    due_on: date
    is_provisional: bool
    is_upheld: bool | None
    decided_at: datetime | None
    reason: str | None


class RatingPart(BaseModel):
    """One site's, window's or matter's ratings."""

    key: str
    count: int
    average: float | None
    by_score: dict[str, int]


class RatingSummary(BaseModel):
    """Ratings counted; what an upheld appeal excluded is not among them."""

    site_id: str | None
    window_id: UUID | None
    matter_code: str | None
    count: int
    average: float | None = Field(description="没有评价时为空 / null without any")
    by_score: dict[str, int] = Field(examples=[{"1": 0, "2": 1, "3": 2, "4": 10, "5": 40}])
    parts: list[RatingPart] = Field(description="按 by 分组，逐页 / a page of parts, where asked")
    next_cursor: str | None
