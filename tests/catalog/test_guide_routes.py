"""The guide over HTTP: misleading trees are refused, a step is one statement."""

from typing import Any

from catalog.factories import matter_content
from httpx import Response
from sqlalchemy import event

from tongban.testing.fixtures import RunningService

WHO = {
    "key": "who",
    "label": "申请人类型",
    "kind": "choice",
    "required": True,
    "options": ["个人", "单位"],
}
NEVER = {"all": [{"fact": "has_canteen", "is": "yes"}, {"fact": "has_canteen", "is": "no"}]}


async def bring(catalog: RunningService, content: dict[str, Any], **query: bool) -> Response:
    return await catalog.client.post(
        "/api/v1/catalog/import",
        params=query,
        json={"matters": [content]},
        headers=catalog.district.headers("admin"),
    )


async def led(catalog: RunningService, code: str, **answers: Any) -> dict[str, Any]:
    answer = await catalog.client.post(f"/api/v1/matters/{code}/guide", json={"answers": answers})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_draft_may_be_unfinished_but_what_misleads_is_not_published(
    catalog: RunningService,
) -> None:
    content = matter_content()
    content["materials"][2]["when"] = NEVER

    published = await bring(catalog, content, publish=True)
    as_draft = await bring(catalog, content)

    assert published.status_code == 422
    [fault] = published.json()["errors"]
    assert fault["pointer"] == "/matters/0/materials/2/when"
    assert as_draft.is_success, as_draft.text


async def test_a_deciding_choice_of_the_form_is_asked_in_its_own_words(
    catalog: RunningService,
) -> None:
    content = matter_content(form_fields=[WHO])
    content["materials"][2]["when"] = {"fact": "who", "is": "单位"}
    content["situations"] = []
    assert (await bring(catalog, content, publish=True)).is_success

    asked = await led(catalog, content["code"])
    told = await led(catalog, content["code"], who="单位")

    assert (asked["question"]["key"], asked["question"]["question"]) == ("who", "申请人类型")
    assert [one["key"] for one in told["materials"]][-1] == "agreement"
    assert [one["name"] for one in told["results"]] == ["食品经营许可证"]


async def test_a_step_of_the_guide_is_one_statement(catalog: RunningService) -> None:
    content = matter_content()
    await bring(catalog, content, publish=True)
    await led(catalog, content["code"])
    counted: list[str] = []

    def count(*arguments: Any) -> None:
        counted.append(str(arguments[2]))

    engine = catalog.context.engine.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        await led(catalog, content["code"])
        await led(catalog, content["code"], has_canteen="no")
    finally:
        event.remove(engine, "before_cursor_execute", count)

    assert len(counted) == 2
