"""What the search reads is made anew where what makes it has changed; slips are sought by line."""

import hashlib
from typing import Any
from uuid import uuid4

from catalog.factories import matter_content
from catalog.test_search import codes, find, offer_here, publish
from hypothesis import given
from hypothesis import strategies as st

from catalog_service.matters.reindexing import AT_ONCE, make_findable_anew
from catalog_service.matters.search import ANALYSER, LONGEST_LEXEME, findable, lines_of
from tongban.testing.fixtures import RunningService

SAMPLE: dict[str, Any] = {
    "name": "食品经营许可（新办）",
    "english_name": "Food business licence (new)",
    "keywords": ["开饭店", "卖吃的", "食品许可证", "e-licence"],
    "area": "business_registration",
}
MADE_BY = {2: "4095bbe770265976"}


async def forget(catalog: RunningService, table: str, code: str) -> None:
    """Leave the row as an older analyser would have: with nothing that is read today."""
    await catalog.execute(
        f"UPDATE {table} SET analyser = 1, lexemes = '', search_text = '', initials = ''"  # noqa: S608  # a table's name
        " WHERE code = :code",
        code=code,
    )


async def work_through(catalog: RunningService) -> int:
    """Do what the timer does until nothing is left."""
    done = 0
    while True:
        async with catalog.context.sessions.begin() as session:
            made = await make_findable_anew(session, catalog.context)
        done += made
        if not made:
            return done


def test_another_analysis_has_another_number() -> None:
    made = repr(findable(**SAMPLE))

    digest = hashlib.sha256(made.encode()).hexdigest()[:16]
    assert {ANALYSER: digest} == MADE_BY, "count ANALYSER on, so that what is stored is made anew"


async def test_what_an_older_analyser_made_is_made_anew(catalog: RunningService) -> None:
    word = f"射箭{uuid4().hex[:6]}"
    ours, theirs = (matter_content(name=f"{word}{at}", keywords=["弓"]) for at in "甲乙")
    await publish(catalog, ours)
    await offer_here(catalog, theirs)
    before = await find(catalog, q=word)
    await forget(catalog, "published_matters", ours["code"])
    await forget(catalog, "partner_matters", theirs["code"])
    lost = await find(catalog, q=word)

    done = await work_through(catalog)

    assert lost == []
    assert await find(catalog, q=word) == before
    assert {one["code"] for one in before} == {ours["code"], theirs["code"]}
    assert done == 2, "and nothing else was touched"


async def test_it_is_made_anew_a_few_at_a_time(catalog: RunningService, statements: Any) -> None:
    made = [matter_content(name=f"蹴鞠{at}") for at in range(AT_ONCE + 1)]
    await publish(catalog, *made)
    for one in made:
        await forget(catalog, "published_matters", one["code"])

    with statements() as sent:
        async with catalog.context.sessions.begin() as session:
            first = await make_findable_anew(session, catalog.context)
    rest = await work_through(catalog)

    assert (first, rest) == (AT_ONCE, 1)
    assert len(sent) == 4, "two reads, one write of many, one of lines"


async def test_what_somebody_publishes_now_is_left_to_him(catalog: RunningService) -> None:
    matter = matter_content(name="马球许可")
    await publish(catalog, matter)
    await forget(catalog, "published_matters", matter["code"])

    async with catalog.context.sessions.begin() as publisher:
        connection = await publisher.connection()
        await connection.exec_driver_sql(
            "SELECT 1 FROM published_matters WHERE code = $1 FOR UPDATE", (matter["code"],)
        )
        meanwhile = await work_through(catalog)

    assert meanwhile == 0
    assert await work_through(catalog) == 1


async def test_a_line_is_kept_once_however_many_have_it(catalog: RunningService) -> None:
    name = f"龙灯{uuid4().hex[:6]}会"
    made = [matter_content(name=name, keywords=[]) for _ in range(3)]

    await publish(catalog, *made[:2])
    await publish(catalog, made[2])

    kept = await catalog.execute("SELECT count(*) FROM search_lines WHERE line = :n", n=name)
    assert kept.scalar() == 1
    slip = name.replace("灯", "登")
    assert set(await codes(catalog, q=slip)) >= {one["code"] for one in made}


@given(st.text(max_size=300), st.lists(st.text(max_size=50), max_size=4))
def test_every_line_leads_to_its_matter(name: str, keywords: list[str]) -> None:
    made = findable(name=name, english_name="", keywords=keywords)

    for line in filter(None, lines_of(made.search_text)):
        assert line.isalnum(), "it is quoted nowhere"
        assert len(line) < LONGEST_LEXEME
        assert f"'~{line}':1D" in made.lexemes.split(" ")
