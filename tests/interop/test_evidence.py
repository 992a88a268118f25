"""What proves an exchange: off line, by public keys alone, and against the other side's file."""

import io
import json
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from interop.messages import Letter, kind_of, package_letter, signing_key
from interop.two_districts import KEYS_PATH, NEAR, OWNER, Districts, case_step, sealed_notice

from interop_service import suites
from interop_service.evidence import anchors, service, store, verification
from interop_service.evidence.command import main
from interop_service.evidence.schemas import EvidenceFile
from interop_service.exchanges import posting, reconciling
from interop_service.exchanges.checkpoints import CHECKPOINTS
from interop_service.keys import PartnerKeys
from interop_service.partners import service as partners
from tongban import audit
from tongban.testing.fixtures import RunningService

File = dict[str, Any]


async def sealed(districts: Districts) -> None:
    """Let both workers seal and sign, and both processes read their newest checkpoint."""
    for side in (districts.near, districts.owner):
        async with side.context.sessions.begin() as session:
            await audit.seal(session, side.context)
            await audit.sign_checkpoint(session, side.context)
        side.context.resources.pop(CHECKPOINTS, None)


async def whole_exchange(districts: Districts) -> UUID:
    exchange_id = await districts.exchange()
    await districts.settle()
    await sealed(districts)
    notice = sealed_notice(districts.owner.district)
    closed = await districts.owner_closes(exchange_id, notice)
    await districts.owner.hear(
        case_step("accepted", exchange_id), closed.model_copy(update={"sequence": 2})
    )
    await districts.settle()
    await sealed(districts)
    return exchange_id


async def told_by(side: RunningService, exchange_id: UUID, **query: Any) -> File:
    answer = await side.client.get(
        f"/api/v1/exchanges/{exchange_id}/evidence",
        params=query,
        headers=side.district.headers("supervisor"),
    )
    assert answer.status_code == 200, answer.text
    told: File = answer.json()
    return told


def keys_of(file: File) -> verification.Keys:
    return {name: verification.signing_keys(jwks) for name, jwks in file["keys"].items()}


def faults(file: File, keys: verification.Keys | None = None) -> set[str]:
    report = verification.verify(EvidenceFile.model_validate(file), keys or keys_of(file))
    return {one.place for one in report.findings}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def told(both: Districts) -> tuple[File, File]:
    exchange_id = await whole_exchange(both)
    near = await told_by(both.near, exchange_id, bodies="true")
    return near, await told_by(both.owner, exchange_id)


@pytest.fixture
def both_files(told: tuple[File, File]) -> tuple[File, File]:
    """Both sides' files of one exchange, to be altered at will."""
    return deepcopy(told)


async def test_both_sides_prove_every_message_and_agree(both_files: tuple[File, File]) -> None:
    near, owner = both_files

    kinds = [one["entry"]["payload"]["kind"] for one in near["messages"]]
    assert sorted(kinds) == ["accepted", "package", "result"]
    assert faults(near) == faults(owner) == set()
    assert near["anchors"]
    assert owner["anchors"]
    files = (EvidenceFile.model_validate(near), EvidenceFile.model_validate(owner))
    assert verification.compare(*files, keys_of(near)).is_good
    assert all(one["body"] for one in near["messages"])
    assert not any(one["body"] for one in owner["messages"])


def change_entry(file: File) -> None:
    file["messages"][0]["entry"]["payload"]["kind"] = "result"


def change_body(file: File) -> None:
    file["messages"][0]["body"] = file["messages"][1]["body"]


def change_path(file: File) -> None:
    path = file["messages"][0]["path"]
    path.append("00" * 32)


def drop_span(file: File) -> None:
    file["spans"].pop()


def change_root(file: File) -> None:
    file["spans"][0]["root"] = "00" * 32


def change_checkpoint(file: File) -> None:
    file["checkpoint"] = file["anchors"][0]


def change_place(file: File) -> None:
    file["messages"][0]["entry"]["seq"] += 1


@pytest.mark.parametrize(
    "change",
    [
        change_entry,
        change_body,
        change_path,
        drop_span,
        change_root,
        change_checkpoint,
        change_place,
    ],
)
async def test_whatever_is_altered_is_found(
    both_files: tuple[File, File], change: Callable[[File], None]
) -> None:
    near, _ = both_files

    change(near)

    assert faults(near)


async def test_strangers_keys_prove_nothing(both_files: tuple[File, File]) -> None:
    near, _ = both_files
    known = keys_of(near)

    assert faults(near, {NEAR: known[NEAR], OWNER: known[NEAR]})
    assert faults(near, {NEAR: known[OWNER], OWNER: known[OWNER]})


async def test_a_message_that_one_side_hides_is_found(both_files: tuple[File, File]) -> None:
    near, owner = both_files
    hidden = near["messages"].pop()["entry"]["payload"]["message_id"]

    assert not faults(near)  # nothing in the file itself tells that one is missing
    files = (EvidenceFile.model_validate(near), EvidenceFile.model_validate(owner))
    assert hidden in {one.place for one in verification.compare(*files, keys_of(near)).findings}


async def test_reconciling_anchors_what_no_message_followed(districts: Districts) -> None:
    near, owner = districts.near, districts.owner
    await districts.settle()
    await districts.exchange()
    await districts.settle()
    for side in (near, owner):
        await side.execute("DELETE FROM partner_anchors")
        side.context.resources.pop(anchors.KEPT, None)
    await sealed(districts)

    async with near.context.sessions.begin() as session:
        await reconciling.request(session, near.context, owner.district.code)
    async with posting.client_of(near.context) as client:
        await reconciling.reconcile_due(client, near.context)

    for side, partner in ((near, owner), (owner, near)):
        path = f"/api/v1/partners/{partner.district.code}/anchors"
        told = await side.client.get(path, headers=side.district.headers("supervisor"))
        newest = (await partner.execute("SELECT max(seq) FROM ledger_checkpoints")).scalar_one()
        assert [one["seq"] for one in told.json()["items"]] == [newest]


async def test_two_checkpoints_of_one_place_are_told_as_a_contradiction(
    districts: Districts,
) -> None:
    exchange_id = await whole_exchange(districts)
    held = await told_by(districts.near, exchange_id)
    claims = json.loads(suites.open_jws(held["anchors"][-1], keys_of(held)[OWNER])[0])
    other = suites.sign_jws(claims | {"link": "00" * 32}, signing_key(districts.owner))
    async with districts.near.context.sessions.begin() as session:
        await anchors.keep_partners(
            session,
            districts.near.context,
            other,
            partner=OWNER,
            keys=await _partner_keys(districts.near),
            at=districts.near.context.clock(),
        )

    after = await told_by(districts.near, exchange_id)
    page = await districts.near.client.get(
        f"/api/v1/partners/{OWNER}/anchors?limit=5",
        headers=districts.near.district.headers("supervisor"),
    )

    assert after["contradictions"] == [other]
    assert "contradictions/0" in faults(after)
    assert other in {one["contradicted_by"] for one in page.json()["items"]}


async def _partner_keys(side: RunningService) -> PartnerKeys:
    async with side.context.sessions() as session:
        return partners.keys_of(await partners.partner(session, OWNER))


async def test_what_is_not_sealed_in_time_stops_the_exchange_until_it_is(
    districts: Districts,
) -> None:
    await sealed(districts)
    letter = await package_letter(districts)
    owner = districts.owner
    async with owner.context.sessions.begin() as session:
        audit.note(session, actor="test", action="test", subject="lag", payload={})
    await owner.execute("UPDATE ledger SET at = at - interval '1 hour' WHERE subject = 'lag'")

    refused = await letter.post(districts.near, owner)
    async with owner.context.sessions() as session:
        await service.watch_sealing(session, owner.context)
        assert not await service.is_sealing(session, owner.context, at=owner.context.clock())
    lag = service.SEALING_LAG._value.get()
    await sealed(districts)
    again = Letter(letter.path, letter.body, message_id=letter.message_id)
    taken = await again.post(districts.near, owner)

    assert (refused.status_code, kind_of(refused)) == (503, "evidence-backlog")
    assert (refused.json()["fault"], refused.json()["retry"]) == ("ours", True)
    assert refused.headers["retry-after"] == "60"
    assert lag > 3000
    assert taken.status_code == 202


async def test_bodies_go_after_their_time_and_the_proof_stays(districts: Districts) -> None:
    exchange_id = await whole_exchange(districts)
    near = districts.near
    late = near.context.clock() + timedelta(days=near.settings.bodies_kept_days, minutes=1)
    async with near.context.sessions.begin() as session:
        await store.drop_bodies(session, before=late)

    told = await told_by(near, exchange_id, bodies="true")

    assert {one["body"] for one in told["messages"]} == {None}
    assert not faults(told)


async def test_evidence_is_for_auditors_and_of_what_there_is(districts: Districts) -> None:
    side = districts.near
    path = "/api/v1/exchanges/01a1f0d2-0000-7000-8000-000000000000/evidence"

    clerk = await side.client.get(path, headers=side.district.headers("clerk"))
    nobody = await side.client.get(path)
    nothing = await side.client.get(path, headers=side.district.headers("supervisor"))

    assert [one.status_code for one in (clerk, nobody, nothing)] == [403, 401, 404]


async def test_the_command_says_what_it_found(
    both_files: tuple[File, File], districts: Districts, tmp_path: Path
) -> None:
    near, owner = both_files
    paths = {name: tmp_path / f"{name}.json" for name in ("near", "owner", "bad", "keys")}
    paths["near"].write_text(json.dumps(near))
    paths["owner"].write_text(json.dumps(owner))
    paths["keys"].write_bytes((await districts.owner.client.get(KEYS_PATH)).content)
    change_entry(near)
    paths["bad"].write_text(json.dumps(near))

    def run(*arguments: str) -> tuple[int, str]:
        out = io.StringIO()
        return main(arguments, out=out), out.getvalue()

    good = run(str(paths["near"]), "--against", str(paths["owner"]))
    trusted = run(str(paths["near"]), "--keys", f"{OWNER}={paths['keys']}")
    bad = run(str(paths["bad"]))
    unreadable = run(str(paths["keys"]))

    assert (good[0], "全部可信 all proven" in good[1]) == (0, True)
    assert f"the keys of {OWNER} are the file's own" in good[1]
    assert f"the keys of {OWNER} are the file's own" not in trusted[1]
    assert (bad[0], "✗ messages/0" in bad[1]) == (1, True)
    assert unreadable[0] == 2


async def test_a_district_that_rewrites_its_log_contradicts_what_its_partner_holds(
    districts: Districts,
) -> None:
    """The last one here: the owner's log is another after it."""
    exchange_id, owner = await whole_exchange(districts), districts.owner
    near_file = EvidenceFile.model_validate(await told_by(districts.near, exchange_id))
    await owner.execute(
        "UPDATE ledger SET seq = NULL, previous_hash = NULL, hash = NULL,"
        " payload = CASE WHEN subject = :exchange AND payload ->> 'kind' = 'package'"
        ' THEN payload || \'{"kind": "rated"}\' ELSE payload END',
        exchange=str(exchange_id),
    )
    await owner.execute("DELETE FROM ledger_checkpoints")
    await sealed(districts)

    rewritten = await told_by(owner, exchange_id)
    compared = verification.compare(
        near_file, EvidenceFile.model_validate(rewritten), keys_of(rewritten)
    )

    assert not faults(rewritten)  # it is whole in itself
    places = {one.place.partition("/")[0] for one in compared.findings}
    assert NEAR in places
    message_ids = {one.entry.payload["message_id"] for one in near_file.messages}
    assert places & message_ids
