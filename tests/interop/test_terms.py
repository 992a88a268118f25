"""What a process holds of the terms is never old when it decides, and makes a message cheap.

The changes here are made past the owner's API, by SQL, as another process would: the API has the
partner, its keys, the agreement and the offer in memory, and none of its own code runs.
"""

import asyncio
import json
import re
from typing import Any

import pytest
from interop.counting import counting
from interop.messages import Letter, kind_of, package_letter
from interop.two_districts import AGREEMENT, MATTER_CODE, NEAR, Districts
from sqlalchemy import select

from interop_service.exchanges.deliveries import deliver_due
from interop_service.partners import service, store, terms
from interop_service.partners.tables import Agreement
from tongban.testing.fixtures import RunningService

MOST_STATEMENTS = 8

CHANGES = {
    "key revoked": (
        "UPDATE partners SET revoked_keys = jsonb_build_array(CAST(:key AS text))"
        " WHERE district = :near",
        "UPDATE partners SET revoked_keys = '[]' WHERE district = :near",
        "key-revoked",
    ),
    "key replaced": (
        "UPDATE partners SET keys = CAST(replace(CAST(keys AS text), :key, 'another') AS jsonb)"
        " WHERE district = :near",
        "UPDATE partners SET keys = CAST(:keys AS jsonb) WHERE district = :near",
        "signature-invalid",
    ),
    "partner suspended": (
        "UPDATE partners SET state = 'suspended' WHERE district = :near",
        "UPDATE partners SET state = 'active' WHERE district = :near",
        "unknown-partner",
    ),
    "room taken away": (
        "UPDATE partners SET messages_at_once = 0 WHERE district = :near",
        "UPDATE partners SET messages_at_once = 8 WHERE district = :near",
        "too-many-messages",
    ),
    "agreement ended": (
        "UPDATE agreements SET state = 'ended' WHERE code = :agreement",
        "UPDATE agreements SET state = 'in_force' WHERE code = :agreement",
        "agreement-denies",
    ),
    "another suite agreed": (
        "UPDATE agreements SET suite = 'sm2_sm3' WHERE code = :agreement",
        "UPDATE agreements SET suite = 'ed25519_sha256' WHERE code = :agreement",
        "suite-not-agreed",
    ),
    "matter withdrawn": (
        "UPDATE matter_offers SET state = 'withdrawn' WHERE matter_code = :matter",
        "UPDATE matter_offers SET state = 'offered' WHERE matter_code = :matter",
        "agreement-denies",
    ),
    "maintenance begun": (
        "INSERT INTO maintenance (id, begins_at, ends_at, reason, entered_by) VALUES"
        " (gen_random_uuid(), now() - interval '1 minute', now() + interval '1 hour', 'now', 'x')",
        "DELETE FROM maintenance WHERE reason = 'now'",
        "maintenance",
    ),
}


async def run(side: RunningService, statement: str, **more: str) -> Any:
    """Run a statement as another process would, with what it names."""
    key = f"{NEAR}-signing"
    known = {"near": NEAR, "agreement": AGREEMENT, "matter": MATTER_CODE, "key": key, **more}
    values = {name: value for name, value in known.items() if re.search(rf":{name}\b", statement)}
    return await side.execute(statement, **values)


async def send(districts: Districts) -> tuple[Letter, str]:
    """Send a new package; return it and what was answered, `taken` or the kind of refusal."""
    letter = await package_letter(districts)
    answer = await letter.post(districts.near, districts.owner)
    return letter, "taken" if answer.status_code == 202 else kind_of(answer)


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_by_another_process_counts_with_the_next_message(
    districts: Districts, name: str
) -> None:
    change, undo, refusal = CHANGES[name]
    owner = districts.owner
    keys = (await run(owner, "SELECT keys FROM partners WHERE district = :near")).scalar_one()
    _, before = await send(districts)

    await run(owner, change)
    letter, meanwhile = await send(districts)
    await run(owner, undo, keys=json.dumps(keys))
    _, after = await send(districts)

    assert (before, meanwhile, after) == ("taken", refusal, "taken")
    assert not await owner.outbox.types(str(letter.body["exchange_id"]))


async def test_a_partner_that_is_new_is_heard_at_once(districts: Districts) -> None:
    """That somebody is unknown is not remembered."""
    owner = districts.owner
    await run(owner, "UPDATE partners SET district = '000000' WHERE district = :near")
    _, unknown = await send(districts)

    await run(owner, "UPDATE partners SET district = :near WHERE district = '000000'")
    _, known = await send(districts)

    assert (unknown, known) == ("unknown-partner", "taken")


async def test_how_a_line_does_revises_nothing(districts: Districts) -> None:
    owner = districts.owner

    async def revision() -> object:
        return (await run(owner, "SELECT revision FROM terms_revisions")).scalar_one()

    first = await revision()
    async with owner.context.sessions.begin() as session:
        await service.all_partners(session)
    await run(owner, "UPDATE partners SET failures = failures + 1 WHERE district = :near")
    await run(owner, "UPDATE partners SET failures = 0, paused_until = NULL WHERE district = :near")

    assert await revision() == first


async def test_a_slow_reader_leaves_nothing_old_behind(districts: Districts) -> None:
    """It read the agreement before the change, and is done when others know of it already."""
    context = districts.owner.context
    has_read, may_go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> object:
        async with context.sessions() as session:
            await terms.use(session, context)

            async def read() -> object:
                named = Agreement.code == AGREEMENT
                found = await session.scalar(select(Agreement.postage_borne_by).where(named))
                has_read.set()
                await may_go_on.wait()
                return found

            return await terms.remembered(session, "slowly read", read)

    reader = asyncio.create_task(slow())
    await has_read.wait()
    await run(
        districts.owner, "UPDATE agreements SET postage_borne_by = 'near' WHERE code = :agreement"
    )
    async with context.sessions() as session:
        await terms.use(session, context)
        may_go_on.set()
        await reader

        async def anew() -> str:
            return "read anew"

        told = await terms.remembered(session, "slowly read", anew)
        agreed = await store.agreement(session, AGREEMENT)
    await run(
        districts.owner, "UPDATE agreements SET postage_borne_by = 'owner' WHERE code = :agreement"
    )

    assert told == "read anew"
    assert agreed is not None
    assert agreed.postage_borne_by == "near"


async def test_who_changes_the_terms_reads_them_from_the_database(districts: Districts) -> None:
    context = districts.owner.context
    async with context.sessions() as session:
        await terms.use(session, context)
        held = await store.partner(session, NEAR)
        locked = await service.locked(session, NEAR)
        locked.name = "改名"
        again = await store.partner(session, NEAR)
        await session.rollback()

    assert again is locked
    assert held is not None
    assert held.name != "改名"


async def test_a_message_costs_few_statements_at_either_side(districts: Districts) -> None:
    await send(districts)
    ids = [await districts.exchange() for _ in range(8)]

    with counting(districts.near) as near, counting(districts.owner) as owner:
        tried = await deliver_due(districts.near.context)

    assert tried == len(ids)
    for exchange_id in ids:
        assert (await districts.view(districts.near, exchange_id))["state"] == "received"
    assert len(near) / tried <= MOST_STATEMENTS, near
    assert len(owner) / tried <= MOST_STATEMENTS, owner
