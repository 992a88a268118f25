"""What the search can do besides finding words: synonyms, slips, demand, facets, suggestions."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from catalog.factories import matter_content
from catalog.test_search import codes, find, offer_here, publish

from catalog_service.consumers import CaseSubmitted
from catalog_service.matters.search_query import keys_of, wanted
from catalog_service.matters.syllables import split_syllables
from catalog_service.search.rules import keys_of_word
from tongban.clock import utc_now
from tongban.testing.fixtures import RunningService, envelope

SYNONYMS = "/api/v1/catalog/synonyms"
SUGGEST = "/api/v1/matters/suggest"


async def put_synonyms(catalog: RunningService, table: dict[str, list[str]], **headers: str) -> Any:
    body = {"synonyms": [{"word": word, "means": means} for word, means in table.items()]}
    return await catalog.client.put(
        SYNONYMS, json=body, headers={**catalog.district.headers("catalog_editor"), **headers}
    )


def submitted(code: str, *, days_ago: int = 0) -> Any:
    at = utc_now() - timedelta(days=days_ago)
    case_id = str(uuid4())
    told = {
        "case_id": case_id,
        "matter_code": code,
        "owner_district": "610171",
        "at": at.isoformat(),
    }
    return envelope(CaseSubmitted.SUBJECT, case_id, told)


@pytest.mark.parametrize(
    "query",
    ["烟草专麦零售", "烟操专卖零售", "yancaozhuanmai", "yczm", "烟草zhuanmai", "烟草专卖 零售"],
)
async def test_a_slip_of_the_pen_still_finds(catalog: RunningService, query: str) -> None:
    tobacco = matter_content(name="烟草专卖零售许可（新办）", keywords=["卖烟"])
    await publish(catalog, tobacco)

    assert tobacco["code"] in await codes(catalog, q=query)


async def test_a_word_means_what_the_table_says(catalog: RunningService) -> None:
    lamp = matter_content(name="霓虹灯箱设置许可", keywords=[])
    await publish(catalog, lamp)
    before = await codes(catalog, q="亮化门脸")

    answer = await put_synonyms(catalog, {"亮化": ["霓虹灯箱"], "门脸": []})

    assert answer.status_code == 200, answer.text
    assert lamp["code"] not in before
    assert await codes(catalog, q="亮化门脸") == [lamp["code"]]
    assert await codes(catalog, q="lianghua") == [lamp["code"]]
    assert await put_synonyms(catalog, {})
    assert lamp["code"] not in await codes(catalog, q="亮化门脸")


async def test_two_editors_of_the_table_do_not_overwrite_each_other(
    catalog: RunningService,
) -> None:
    editor = catalog.district.headers("catalog_editor")
    seen = (await catalog.client.get(SYNONYMS, headers=editor)).headers["ETag"]
    first = await put_synonyms(catalog, {"开铺子": ["营业执照"]}, **{"If-Match": seen})

    second = await put_synonyms(catalog, {}, **{"If-Match": seen})

    assert (first.status_code, second.status_code) == (200, 412)
    kept = (await catalog.client.get(SYNONYMS, headers=editor)).json()
    assert kept == {"synonyms": [{"word": "开铺子", "means": ["营业执照"]}]}


async def test_only_editors_see_and_change_the_table(catalog: RunningService) -> None:
    clerk = catalog.district.headers("clerk")

    assert (await catalog.client.get(SYNONYMS)).status_code == 401
    assert (await catalog.client.get(SYNONYMS, headers=clerk)).status_code == 403
    assert (
        await catalog.client.put(SYNONYMS, json={"synonyms": []}, headers=clerk)
    ).status_code == 403


@pytest.mark.parametrize("word", ["", "（）", "a\0b", "长" * 41])
async def test_a_word_that_nobody_can_type_is_refused(catalog: RunningService, word: str) -> None:
    assert (await put_synonyms(catalog, {word: []})).status_code == 422


async def test_a_word_twice_is_refused(catalog: RunningService) -> None:
    answer = await put_synonyms(catalog, {"开店": [], "开 店": []})

    assert answer.status_code == 422


async def test_demand_decides_between_matters_that_fit_alike(catalog: RunningService) -> None:
    word = f"漂流{uuid4().hex[:6]}"
    quiet, asked = (matter_content(name=f"{word}许可{at}", keywords=[]) for at in "甲乙")
    await publish(catalog, quiet, asked)
    before = await codes(catalog, q=word)
    events = [submitted(asked["code"]) for _ in range(5)]

    await catalog.hear(*events, *events)

    assert before == [quiet["code"], asked["code"]]
    assert await codes(catalog, q=word) == [asked["code"], quiet["code"]]
    counted = await catalog.execute(
        "SELECT cases FROM matter_demand WHERE code = :code", code=asked["code"]
    )
    assert counted.scalar() == pytest.approx(5, abs=0.01)


async def test_demand_never_beats_a_better_fit(catalog: RunningService) -> None:
    word = f"滑翔{uuid4().hex[:6]}"
    exact = matter_content(name=word, keywords=[])
    other = matter_content(name=f"注销{word}场地备案", keywords=[])
    await publish(catalog, exact, other)
    await catalog.execute(
        "INSERT INTO matter_demand VALUES ('610171', :code, 1e9, now())", code=other["code"]
    )

    assert (await codes(catalog, q=word))[0] == exact["code"]


@pytest.mark.parametrize("order", [(0, 120), (120, 0)])
async def test_demand_fades_whatever_the_order(
    catalog: RunningService, order: tuple[int, int]
) -> None:
    code = matter_content()["code"]

    await catalog.hear(*(submitted(code, days_ago=days) for days in order))

    counted = await catalog.execute("SELECT cases FROM matter_demand WHERE code = :c", c=code)
    assert counted.scalar() == pytest.approx(1.25, abs=0.01)


async def test_all_finds_are_counted_by_facet_on_request(catalog: RunningService) -> None:
    word = f"蹦床{uuid4().hex[:6]}"
    made = [
        matter_content(name=f"{word}一", area="culture", audiences=["person", "enterprise"]),
        matter_content(name=f"{word}二", area="culture", audiences=["enterprise"]),
        matter_content(name=f"{word}三", area="education", audiences=["person"]),
    ]
    await publish(catalog, *made)
    query: dict[str, str | int] = {"q": word, "limit": 1}

    plain = (await catalog.client.get("/api/v1/matters", params=query)).json()
    counted = (await catalog.client.get("/api/v1/matters", params={**query, "facets": True})).json()

    assert plain["facets"] is None
    assert counted["facets"]["area"] == {"culture": 2, "education": 1}
    assert counted["facets"]["audiences"] == {"person": 2, "enterprise": 2}
    assert counted["facets"]["matter_type"] == {"licence": 3}
    assert set(counted["facets"]) >= {"handling", "channels"}


async def test_facets_of_nothing_are_empty(catalog: RunningService) -> None:
    answer = await catalog.client.get("/api/v1/matters", params={"q": "%%", "facets": True})

    assert answer.json() == {"items": [], "next_cursor": None, "facets": {}}


async def test_a_search_is_narrowed_by_stage_of_life_handling_and_channel(
    catalog: RunningService,
) -> None:
    word = f"舞狮{uuid4().hex[:6]}"
    school = matter_content(name=f"{word}入学报名", handling="immediate", channels=["window"])
    firm = matter_content(name=f"{word}经营", handling="promised", channels=["window", "online"])
    await publish(catalog, school, firm)

    assert await codes(catalog, q=word, life_stage="schooling") == [school["code"]]
    assert await codes(catalog, q=word, handling="promised") == [firm["code"]]
    assert await codes(catalog, q=word, channel="online") == [firm["code"]]
    answer = await catalog.client.get("/api/v1/matters", params={"life_stage": "afterlife"})
    assert answer.status_code == 422


@pytest.mark.parametrize("typed", ["古琴", "guqin", "guq", "gqz", "制作许", "GQ"])
async def test_names_are_suggested_while_typing(catalog: RunningService, typed: str) -> None:
    name = f"古琴制作许可{uuid4().hex[:6]}"
    lute = matter_content(name=name, keywords=[])
    await publish(catalog, lute)

    answer = await catalog.client.get(SUGGEST, params={"q": typed})

    assert {"code": lute["code"], "owner_district": "610171", "name": name} in (
        answer.json()["items"]
    )


async def test_a_partners_name_is_suggested_and_each_name_once(catalog: RunningService) -> None:
    name = f"皮影{uuid4().hex[:6]}"
    await publish(catalog, matter_content(name=name), matter_content(name=name))
    await offer_here(catalog, matter_content(name=f"{name}传习"))

    answer = await catalog.client.get(SUGGEST, params={"q": name})

    assert [one["name"] for one in answer.json()["items"]] == [name, f"{name}传习"]


@pytest.mark.parametrize("path", ["/api/v1/matters", SUGGEST])
@pytest.mark.parametrize(
    "query", ["（）！", "%", "_", "\\", "'", "';--", "& | !", ":*", "营:*'", "a" * 100, "许" * 100]
)
async def test_rubbish_is_answered_calmly(catalog: RunningService, path: str, query: str) -> None:
    answer = await catalog.client.get(path, params={"q": query})

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", ["/api/v1/matters", SUGGEST])
@pytest.mark.parametrize("query", ["a\0b", "许" * 101, "\n", ""])
async def test_what_is_no_query_is_refused(catalog: RunningService, path: str, query: str) -> None:
    answer = await catalog.client.get(path, params={"q": query})

    assert answer.status_code == 422


async def test_pages_of_a_search_stay_in_order_while_demand_grows(
    catalog: RunningService,
) -> None:
    word = f"龙舟{uuid4().hex[:6]}"
    await publish(catalog, *(matter_content(name=f"{word}许可{at}") for at in range(6)))
    whole = await find(catalog, q=word)

    first = await catalog.client.get("/api/v1/matters", params={"q": word, "limit": 3})
    rest = await catalog.client.get(
        "/api/v1/matters",
        params={"q": word, "limit": 3, "cursor": first.json()["next_cursor"]},
    )

    assert [*first.json()["items"], *rest.json()["items"]] == whole
    assert rest.json()["next_cursor"] is None


@pytest.mark.parametrize(
    ("typed", "cut"),
    [
        ("shebaoka", ("she", "bao", "ka")),
        ("xian", ("xian",)),
        ("xiangei", ("xiang", "ei")),
        ("passport", ()),
        ("", ()),
    ],
)
def test_pinyin_is_cut_into_syllables(typed: str, cut: tuple[str, ...]) -> None:
    assert split_syllables(typed) == cut


def test_a_synonym_is_looked_up_as_written_and_as_spoken() -> None:
    assert list(keys_of_word("开店")) == ["开店", "kaidian"]
    assert {"开店", "我想开店", "woxiangkaidian"} <= set(keys_of("我想开店"))
    assert "kaidian" in keys_of("woxiang kaidian")


def test_a_passed_over_word_is_not_asked_for() -> None:
    assert wanted("怎么开店", {"怎么": []}).loose == wanted("开店").loose
