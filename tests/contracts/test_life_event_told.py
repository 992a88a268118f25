"""What is told of a life event, as a reader takes it that knows no more than it needs."""

from typing import Any, ClassVar

from pydantic import BaseModel, Field

from catalog_service.events import LifeEventChanged
from tongban.messages import Event


class MemberHeard(BaseModel):
    """A matter of a life event: which, and after which others."""

    code: str
    after: list[str] = Field(default_factory=list)


class ContentHeard(BaseModel):
    """As much of a life event as a portal's page of links needs."""

    name: str
    matters: list[MemberHeard]


class LifeEventHeard(Event):
    """A small, tolerant reader."""

    SUBJECT: ClassVar[str] = LifeEventChanged.SUBJECT

    code: str
    state: str
    content: ContentHeard


def test_a_small_reader_understands_what_is_told_and_what_is_added_later() -> None:
    told: dict[str, Any] = LifeEventChanged.example().model_dump(mode="json")
    later = {**told, "added": 1, "content": {**told["content"], "added": [{"later": True}]}}

    heard = LifeEventHeard.model_validate(told)

    assert heard == LifeEventHeard.model_validate(later)
    assert heard.content.name == "我要开餐馆"
    assert heard.content.matters[1].after == [heard.content.matters[0].code]
