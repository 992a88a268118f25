"""What a matter must say, what may happen to its versions, and what an import makes of a row."""

from itertools import product
from typing import Any

import pytest
from catalog.factories import BODY, matter_content
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from catalog_service.errors import (
    AnswerInvalid,
    NoOfflineChannel,
    PublisherIsAuthor,
    VersionNotPublished,
    VersionNotSubmitted,
)
from catalog_service.events import PUBLISHED, CalendarChanged, MatterChanged
from catalog_service.matters.content import MatterContent, parse_code
from catalog_service.matters.guide import guide
from catalog_service.matters.rules import (
    Action,
    Change,
    Known,
    State,
    Written,
    change_for,
    digest_of,
    require_allowed,
    require_publishable,
)
from catalog_service.matters.vocabulary import Level

OTHER_BODY = {"code": "11610172MB2A000028", "name": "税务局", "kind": "vertical"}
YES = {"fact": "has_canteen", "is": "yes"}


def read(**changes: Any) -> MatterContent:
    return MatterContent.model_validate(matter_content(**changes))


def places(**changes: Any) -> list[str]:
    """Return where the content with these changes is refused."""
    with pytest.raises(ValidationError) as refusal:
        read(**changes)
    return ["/".join(map(str, fault["loc"])) for fault in refusal.value.errors()]


def test_a_code_tells_the_body_the_level_and_the_basic_item() -> None:
    code = parse_code(f"{BODY}4610102003001")

    assert (code.body, code.level, code.basic) == (BODY, Level.DISTRICT, "610102003001")
    assert code.type_code == "01"


@pytest.mark.parametrize(
    "code",
    [
        "",
        f"{BODY}461010200300",
        f"{BODY}9610102003001",
        f"{BODY}46101020030A1",
        "116101710000000000" + "4610102003001",
        f"{BODY}4610102003001".lower(),
    ],
)
def test_a_code_of_another_form_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match=r"code|number"):
        parse_code(code)
    assert places(code=code)[0] == "code"


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"promised_days": 21}, "promised_days"),
        ({"statutory_days": -1}, "statutory_days"),
        ({"matter_type": "licence", "name": ""}, "name"),
        ({"area": "astronomy"}, "area"),
        ({"channels": []}, "channels"),
        ({"body": OTHER_BODY}, "body/code"),
        ({"results": [{"kind": "licence", "name": "证"}]}, "results/0/licence_type"),
        (
            {"form_fields": [{"key": "use", "label": "用途", "kind": "choice"}]},
            "form_fields/0/options",
        ),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_each_fault_is_told_at_its_place(changes: dict[str, Any], place: str) -> None:
    assert places(**changes) == [place]


def test_a_code_of_another_type_is_refused() -> None:
    licence = matter_content()["code"]

    assert places(code=licence, matter_type="benefit") == ["matter_type"]


def test_a_material_key_stands_once() -> None:
    one = matter_content()["materials"][0]

    assert places(materials=[one, one]) == ["materials/1/key"]


@pytest.mark.parametrize(
    ("when", "place"),
    [
        ({"fact": "nobody_asks", "is": 1}, "materials/0/when"),
        ({"all": [YES, {"not": {"fact": "nobody_asks", "at_least": 1}}]}, "materials/0/when"),
        ({"fact": "has_canteen", "was": "yes"}, "materials/0/when"),
        ({"all": [YES, {"fact": "has_canteen", "is": []}]}, "materials/0/when/all/1/is"),
    ],
)
def test_a_condition_reads_and_refers_to_what_is_asked(when: Any, place: str) -> None:
    materials = matter_content()["materials"]
    materials[0]["when"] = when

    [fault] = places(materials=materials)
    assert fault.startswith(place)


def test_a_situation_does_not_depend_on_itself() -> None:
    situation = matter_content()["situations"][0] | {"when": YES}

    assert places(situations=[situation]) == ["situations/0/when"]


def test_what_is_read_is_written_the_same() -> None:
    content = read()

    again = MatterContent.model_validate(content.model_dump(mode="json"))

    assert digest_of(again) == digest_of(content)


def test_the_order_of_writing_does_not_matter_but_each_word_does() -> None:
    raw = matter_content()
    turned = dict(reversed(raw.items()))

    digest = digest_of(MatterContent.model_validate(raw))

    assert digest_of(MatterContent.model_validate(turned)) == digest
    assert digest_of(MatterContent.model_validate(raw | {"visits": 1})) != digest


@pytest.mark.parametrize("state", sorted(set(State) - {State.SUBMITTED}))
def test_only_what_is_submitted_is_published(state: State) -> None:
    with pytest.raises(VersionNotSubmitted):
        require_publishable(state, read(), version=1, author="li", publisher="wang")


def test_the_author_does_not_publish() -> None:
    with pytest.raises(PublisherIsAuthor):
        require_publishable(State.SUBMITTED, read(), version=1, author="li", publisher="li")


@pytest.mark.parametrize("channels", [["online"], ["kiosk"], ["online", "kiosk"]])
def test_nothing_is_published_that_cannot_be_done_at_a_window(channels: list[str]) -> None:
    with pytest.raises(NoOfflineChannel):
        require_publishable(
            State.SUBMITTED, read(channels=channels), version=1, author="li", publisher="wang"
        )


@pytest.mark.parametrize("state", sorted(set(State) - {State.PUBLISHED}))
def test_only_what_is_in_force_is_retired(state: State) -> None:
    with pytest.raises(VersionNotPublished):
        require_allowed(Action.RETIRE, state, version=1)


OLD, NEW = "old", "new"
A_DRAFT = {digest: Written(2, digest) for digest in (OLD, NEW)}
IN_FORCE = {digest: Written(1, digest) for digest in (OLD, NEW)}


@pytest.mark.parametrize(
    ("known", "publish", "change"),
    [
        (Known(), False, Change.NEW_VERSION),
        (Known(), True, Change.NEW_VERSION),
        (Known(1, None, IN_FORCE[NEW]), False, Change.NONE),
        (Known(1, None, IN_FORCE[NEW]), True, Change.NONE),
        (Known(1, None, IN_FORCE[OLD]), False, Change.NEW_VERSION),
        (Known(2, A_DRAFT[NEW], IN_FORCE[OLD]), False, Change.NONE),
        (Known(2, A_DRAFT[NEW], IN_FORCE[OLD]), True, Change.PUBLISH_DRAFT),
        (Known(2, A_DRAFT[OLD], None), True, Change.REWRITE_DRAFT),
        (Known(2, A_DRAFT[OLD], None), False, Change.REWRITE_DRAFT),
        (Known(1, None, None), True, Change.NEW_VERSION),
    ],
)
def test_what_an_import_makes_of_a_row(known: Known, publish: bool, change: Change) -> None:
    assert change_for(known, NEW, publish=publish) is change


def test_an_import_changes_nothing_the_second_time() -> None:
    drafts = (None, *A_DRAFT.values())
    for draft, published, publish in product(drafts, (None, *IN_FORCE.values()), (False, True)):
        first = change_for(Known(2, draft, published), NEW, publish=publish)
        if first is Change.NONE:
            continue
        written = Written(3, NEW)
        after = Known(3, None, written) if publish else Known(3, written, published)
        assert change_for(after, NEW, publish=publish) is Change.NONE


def test_the_guide_asks_what_follows_from_an_answer() -> None:
    content = matter_content()
    size = content["situations"][0] | {"key": "is_large", "when": YES}
    content["situations"].append(size)

    def asked(answers: dict[str, str]) -> str | None:
        question = guide(content, answers).question
        return None if question is None else str(question["key"])

    assert asked({}) == "has_canteen"
    assert asked({"has_canteen": "no"}) is None
    assert asked({"has_canteen": "yes"}) == "is_large"
    assert asked({"has_canteen": "yes", "is_large": "no"}) is None


def test_an_answer_to_a_question_not_asked_changes_nothing() -> None:
    content = matter_content()
    content["situations"].append(content["situations"][0] | {"key": "is_large", "when": YES})
    content["materials"][0]["when"] = {"fact": "is_large", "is": "yes"}

    guidance = guide(content, {"has_canteen": "no", "is_large": "yes"})

    assert [one["key"] for one in guidance.materials] == ["business_licence"]


def test_an_answer_to_no_question_is_refused() -> None:
    with pytest.raises(AnswerInvalid) as refusal:
        guide(matter_content(), {"colour": "red", "has_canteen": "maybe"})

    assert [one.pointer for one in refusal.value.errors] == [
        "/answers/colour",
        "/answers/has_canteen",
    ]


@given(st.dictionaries(st.sampled_from(["has_canteen", "seats"]), st.sampled_from(["yes", "no"])))
def test_the_guide_ends_and_never_drops_an_unconditional_material(answers: dict[str, str]) -> None:
    content = matter_content()

    guidance = guide(content, answers)

    if guidance.question is None:
        keys = {one["key"] for one in guidance.materials}
        assert keys >= {"application", "business_licence"}
        assert ("agreement" in keys) is (answers["has_canteen"] == "yes")
    else:
        assert guidance.question["key"] not in answers


def test_every_event_has_an_example_with_a_safe_key() -> None:
    assert {MatterChanged, CalendarChanged} <= set(PUBLISHED)
    for example in (MatterChanged.example(), CalendarChanged.example()):
        assert not set(example.key()) & set(".*> ")
        assert type(example).model_validate(example.model_dump(mode="json")) == example
