"""What goes in and out over HTTP about synonyms and suggestions."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from catalog_service.matters.search import letters
from tongban.problems import field_fault
from tongban.texts import Line

__all__ = ["Suggestion", "Suggestions", "Synonym", "Synonyms"]

Word = Annotated[Line, StringConstraints(max_length=40)]


class Synonym(BaseModel):
    """A word that people type and what it means here (同义词)."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    word: Word = Field(examples=["开店"])
    means: list[Word] = Field(
        default_factory=list,
        max_length=20,
        description="含义；为空则略去该词 / its meanings; without any it is passed over",
        examples=[["个体工商户设立登记", "营业执照"]],
    )


class Synonyms(BaseModel):
    """The whole table (同义词表)."""

    model_config = ConfigDict(extra="forbid")

    synonyms: list[Synonym] = Field(max_length=5000)

    @field_validator("synonyms")
    @classmethod
    def _each_word_once(cls, given: list[Synonym]) -> list[Synonym]:
        seen: set[str] = set()
        for one in given:
            key = letters(one.word)
            if not key or key in seen:
                raise field_fault(
                    "word_repeated" if key else "word_without_letters",
                    zh=f"“{one.word}”重复或不含文字",
                    en=f"{one.word!r} is there twice, or has no letter",
                )
            seen.add(key)
        return given


class Suggestion(BaseModel):
    """A matter whose name goes on as somebody began to type (检索建议)."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    owner_district: str
    name: str


class Suggestions(BaseModel):
    """The best few."""

    items: list[Suggestion]
