"""A licence that an exchange brought is relied on: its end reaches the district that took it."""

from typing import Any

import pytest
from interop.reliance_world import RELIANCES, Licence, World, read
from interop.two_districts import Districts, case_step, sealed_notice


def is_the_licence(licence: Licence) -> dict[str, Any]:
    return {"number": licence.number, "kind": "licence"}


def names_the_licence(licence: Licence) -> dict[str, Any]:
    """As our own case-service writes its result notice."""
    return {"facts": {"outcome": "granted", "licence_number": licence.number}}


@pytest.mark.parametrize("result", [is_the_licence, names_the_licence])
async def test_the_end_of_a_licence_that_came_as_a_result_reaches_its_case(
    world: World, districts: Districts, result: Any
) -> None:
    await districts.near.execute(
        'UPDATE agreements SET recognised_results = \'["notice", "licence"]\'::jsonb'
    )
    licence = await world.licence()
    exchange_id = await decided(districts, result(licence))
    await world.settle()
    path = f"{RELIANCES}?document_number={licence.number}"
    (here,) = (await read(world.near, path))["items"]
    (there,) = (await read(world.owner, path))["items"]
    assert (here["party"], here["proof_id"], here["state"]) == (
        "relying",
        str(exchange_id),
        "standing",
    )
    assert (there["id"], there["party"], there["case_number"]) == (
        here["id"],
        "issuer",
        here["case_number"],
    )

    await world.ends(licence)
    await world.settle()

    (after,) = (await read(world.near, path))["items"]
    assert (after["state"], after["change"]) == ("ended", "revoked")
    (told,) = await world.near.outbox.envelopes(here["id"])
    assert told.event_type == "interop.reliance.ended"
    assert told.data["case_id"] == str(exchange_id)


async def test_a_result_without_a_licence_or_not_recognised_is_not_relied_on(
    world: World, districts: Districts
) -> None:
    licence = await world.licence()
    await decided(districts, {})
    forged = sealed_notice(districts.near.district, **is_the_licence(licence))
    await decided(districts, {}, notice=forged)
    await world.settle()

    assert (await read(world.near, f"{RELIANCES}?document_number={licence.number}"))["items"] == []


async def decided(districts: Districts, changes: dict[str, Any], *, notice: Any = None) -> Any:
    """Let a case of the near side's be decided at the owner, with this result."""
    exchange_id = await districts.exchange()
    await districts.send(districts.near)
    await districts.owner.hear(case_step("accepted", exchange_id))
    sealed = notice or sealed_notice(districts.owner.district, **changes)
    closed = await districts.owner_closes(exchange_id, sealed)
    await districts.owner.hear(closed.model_copy(update={"sequence": 2}))
    await districts.settle()
    assert (await districts.view(districts.near, exchange_id))["state"] == "concluded"
    return exchange_id
