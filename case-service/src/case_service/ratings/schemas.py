"""Ratings as they come in and go out."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from case_service.ratings.rules import BEST, WORST, RatingSource
from tongban.texts import Paragraph

__all__ = ["RatingIn", "RatingRead", "RatingSummary"]

Score = Annotated[int, Field(ge=WORST, le=BEST, description="5 非常满意 … 1 非常不满意")]


class RatingIn(BaseModel):
    """The applicant's own choice."""

    model_config = ConfigDict(extra="forbid")

    score: Score
    owner_score: Score | None = Field(
        default=None, description="跨区办件另评对方区 / rates the other district apart"
    )
    comment: Paragraph | None = None


class RatingRead(BaseModel):
    """A rating that was given."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    case_id: UUID
    source: RatingSource
    score: Score
    owner_score: Score | None
    rated_at: datetime
    call_back_due_on: date | None = Field(
        description="差评回访期限 / a bad rating is called back by then"
    )


class RatingSummary(BaseModel):
    """Ratings counted."""

    site_id: str | None
    matter_code: str | None
    count: int
    average: float | None = Field(description="没有评价时为空 / null without any")
    by_score: dict[str, int] = Field(examples=[{"1": 0, "2": 1, "3": 2, "4": 10, "5": 40}])
