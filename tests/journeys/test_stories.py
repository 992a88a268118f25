"""The stories that every release must pass, from counter to result, across whole districts."""

from journeys.cross_stories import company_moves, insured_online
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
    assert near["handed_over_at"] is not None
    hops = record.facts["exchange"]["hops"]
    assert [hop["holder"] for hop in hops[:2]] == [hitech.code, hitech.code]
    assert hops[0]["clock"] == "forward"
    taken = {file["sha256"] for one in owner["materials"] for file in one["files"]}
    assert record.facts["scanned"] in taken
    sent = record.facts["files"]["items"][0]
    assert (sent["direction"], sent["reached"]) == ("out", sent["size"])
    assert sent["whole_at"] is not None


async def test_a_certificate_is_made_out_online_and_told_by_its_owner(
    hitech: District, ankang: District
) -> None:
    record = await insured_online(hitech, ankang, say_nothing)

    near, owner = record.cases["near"], record.cases["owner"]
    assert near["stage"] == owner["stage"] == "closed"
    assert record.facts["told_here"]["items"] == []
    assert record.facts["told_there"]["items"]
    assert record.facts["exchange"]["mode"] == "online"
    assert record.facts["exchange"]["holder"] == ankang.code


async def test_a_company_moves_by_the_concert_of_three_districts(
    hitech: District, qujiang: District, ankang: District
) -> None:
    record = await company_moves(hitech, qujiang, ankang, say_nothing)

    near = record.cases["near"]
    assert near["stage"] == "closed"
    assert {record.cases[name]["stage"] for name in ("leaving", "arriving")} == {"closed"}
    assert near["outcome"] == "granted"
    assert ankang.code in record.facts["blocked"]["blocking"]
    assert record.facts["concluded"]["blocking"] == []
    told = [one["kind"] for one in record.facts["told"]["items"]]
    assert sorted(told) == ["accepted", "correction", "decided"]
    assert {one["district"] for one in near["owners"]} == {qujiang.code, ankang.code}
    assert all(one["notice"]["seal"] for one in near["owners"])
    revoked = record.facts["revoked"]
    [affected] = revoked["affected"]
    assert affected["case_number"] == revoked["case"]["number"]
    assert (affected["state"], affected["change"]) == ("ended", "revoked")
    assert affected["document_number"] == revoked["licence"]["number"]
    assert revoked["timeline"][-1]["action"] == "reliance_ended"
    [there] = revoked["at_issuer"]["items"]
    assert (there["party"], there["partner"], there["state"]) == ("issuer", hitech.code, "ended")
    assert there["case_number"] == affected["case_number"]
    assert revoked["verification"]["answer"]


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
