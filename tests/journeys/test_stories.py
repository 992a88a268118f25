"""The stories that every release must pass, from counter to result, across whole districts."""

from journeys.stories import elderly, local_promise, mr_huang

from support.hall import District

HALF_AN_HOUR = 1800


def say_nothing(_district: str, _actor: str, _what: str) -> None:
    """The tests read the records instead."""


async def test_mr_huang_is_done_across_two_districts(hitech: District, qujiang: District) -> None:
    record = await mr_huang(hitech, qujiang, say_nothing)

    near, owner = record.cases["near"], record.cases["owner"]
    assert near["stage"] == owner["stage"] == "closed"
    assert near["outcome"] == owner["outcome"] == "granted"
    assert (near["owner_number"], owner["near_number"]) == (owner["number"], near["number"])
    assert near["exchange_id"] == owner["exchange_id"]
    assert near["outside_number"] == owner["outside_number"] == "陕税变字2026第0117号"
    assert record.facts["ticket"]["case_id"] == near["id"]
    assert record.facts["owner_ratings"]["average"] == 5
    assert record.seconds < HALF_AN_HOUR


async def test_an_old_lady_without_a_phone_is_done_at_one_stop(hitech: District) -> None:
    record = await elderly(hitech, say_nothing)

    assert record.cases["near"]["stage"] == "closed"
    assert record.facts["ticket"]["is_green"] is True
    assert record.facts["ticket"]["case_id"] == record.cases["near"]["id"]
    [assistance] = record.facts["assistance"]["items"]
    assert assistance["helper_name"] == "陈晨"


async def test_a_promised_matter_is_corrected_once_and_licensed(hitech: District) -> None:
    record = await local_promise(hitech, say_nothing)

    assert record.cases["near"]["stage"] == "closed"
    assert record.facts["verified"]["standing"] == "valid"
    assert record.facts["accepted"]["promised_due_on"]
