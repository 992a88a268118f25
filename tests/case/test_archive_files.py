"""What ended is filed in time, handed over in a package that proves itself, destroyed by law."""

import asyncio
import hashlib
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from bagit_utils import Bag
from sqlalchemy import select

from case_service.app import SERVICE, create_app
from case_service.archive.service import note_ended
from case_service.archive.tables import ArchiveFile
from case_service.archive.verify import faults_of, read_keys
from case_service.materials.collecting import collect_unreferenced
from case_service.materials.tables import StoredContent
from support.case_world import PDF, know_site, person
from support.time_passing import TimePassing
from tongban import audit
from tongban.messages import Envelope
from tongban.testing.fixtures import RunningService

NAME = "欧阳归档"
FORGET: dict[str, Any] = {"comment": "欧阳归档要求尽快", "reason": "欧阳归档不办了"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own(run_service: Any) -> RunningService:
    """A case service with a database of its own: all that ended in it is filed."""
    running: RunningService = await run_service(SERVICE, create_app, archive_days=30)
    return running


@pytest_asyncio.fixture
async def world(own: RunningService) -> TimePassing:
    await know_site(own)
    return TimePassing(own)


async def ended(world: TimePassing, **body: Any) -> str:
    """Return the id of a public service's case, closed and rated today: a class of ten years."""
    code = await world.matter(
        matter_type="public_service", results=[{"kind": "notice", "name": "结果通知书"}]
    )
    who = person(name=NAME, phone="13800001234")
    case_id = await world.counter.accepted(code, applicant=who, **body)
    await world.counter.took(case_id, "review", "reviewer", comment=FORGET["comment"])
    await world.counter.took(case_id, "decide", "approver", outcome="granted")
    await world.counter.took(case_id, "deliver", way="counter")
    if (await world.case(case_id)).closed_at is None:
        await world.counter.took(case_id, "close")
    number, tail = (await world.case(case_id)).number, who["identity_number"][-4:]
    rated = await world.running.client.post(
        "/api/v1/ratings", json={"number": number, "id_tail": tail, "score": 5}
    )
    assert rated.status_code == 201, rated.text
    return case_id


async def noted(world: TimePassing) -> None:
    async with world.running.context.sessions.begin() as session:
        await note_ended(session, world.running.context)


async def file_of(world: TimePassing, case_id: str) -> ArchiveFile:
    async with world.running.context.sessions() as session:
        found = select(ArchiveFile).where(ArchiveFile.case_id == case_id)
        return (await session.scalars(found)).one()


async def filed(world: TimePassing, **body: Any) -> ArchiveFile:
    """Return the file of a fresh case, filed thirty days after its end."""
    case_id = await ended(world, **body)
    await noted(world)
    await world.pass_to(world.at + timedelta(days=30, minutes=1))
    return await file_of(world, case_id)


async def ask(
    world: TimePassing, path: str, role: str = "admin", subject: str = "keeper-1", **body: Any
) -> httpx.Response:
    return await world.running.client.post(
        f"/api/v1/archive/{path}", json=body, headers=world.counter.headers(role, subject=subject)
    )


async def look(world: TimePassing, path: str, role: str = "supervisor") -> httpx.Response:
    return await world.running.client.get(
        f"/api/v1/archive/{path}", headers=world.counter.headers(role)
    )


async def told_of(world: TimePassing, file: ArchiveFile) -> list[Envelope]:
    """Return the events of a file: its id is its case's."""
    told = await world.running.outbox.envelopes(str(file.id))
    return [one for one in told if one.event_type.startswith("case.archive.")]


async def sealed_ledger(world: TimePassing) -> None:
    """Chain the ledger and sign how far it reaches, as the worker does each minute."""
    context = world.running.context
    async with context.sessions.begin() as session:
        await audit.seal(session, context)
    async with context.sessions.begin() as session:
        await audit.sign_checkpoint(session, context)


async def test_a_case_is_filed_when_its_days_after_closing_are_over(world: TimePassing) -> None:
    case_id = await ended(world)
    await asyncio.gather(noted(world), noted(world))

    await world.pass_to(world.at + timedelta(days=29))
    before = await file_of(world, case_id)
    await world.pass_to(world.at + timedelta(days=1, minutes=1))
    file = await file_of(world, case_id)

    assert (before.state, before.number) == ("waiting", None)
    assert (file.state, file.retention, file.edition) == ("filed", "years_10", 1)
    assert file.number is not None
    assert file.number.startswith("610171-ZW·2026-D10-")
    assert str(file.retention_ends_on) == "2037-01-01"
    paths = [one["path"] for one in file.contents]
    assert paths[:2] == ["case.json", "timeline.json"]
    assert sum(path.startswith("materials/") for path in paths) == 1
    assert sum(path.startswith("documents/") for path in paths) >= 2
    assert NAME not in json.dumps(file.contents, ensure_ascii=False)
    [told] = await told_of(world, file)
    assert (told.event_type, told.data["retention"]) == ("case.archive.filed", "years_10")


async def test_what_was_withdrawn_before_receipt_is_not_filed_and_a_reopened_case_is_filed_anew(
    world: TimePassing,
) -> None:
    code = await world.matter()
    early = await world.counter.submitted(code)
    await world.counter.took(early, "withdraw", reason="不办了")
    first = await filed(world)
    case_id = str(first.case_id)
    await world.counter.took(
        case_id, "reopen", "supervisor", reason="重新办理", order_number="高督2026-12"
    )
    await noted(world)
    meanwhile = await world.case(case_id)
    await world.counter.took(case_id, "review", "reviewer")
    await world.counter.took(case_id, "decide", "approver", outcome="granted")
    await world.counter.took(case_id, "deliver", way="counter")
    if (await world.case(case_id)).closed_at is None:
        await world.counter.took(case_id, "close")
    await noted(world)
    await world.pass_to(world.at + timedelta(days=31))

    again = await file_of(world, case_id)
    assert meanwhile.archive_file_id is None
    assert (again.id, again.number, again.edition) == (first.id, first.number, 2)
    assert len(again.contents) > len(first.contents)
    assert (await world.case(early)).archive_file_id is None


async def package_of(world: TimePassing, *files: ArchiveFile) -> tuple[dict[str, Any], bytes]:
    await sealed_ledger(world)
    asked = await ask(
        world, "transfers", files=[str(one.id) for one in files], recipient="高新区档案馆"
    )
    assert asked.status_code == 202, asked.text
    await world.pass_to(world.at)
    told = (await look(world, f"transfers/{asked.json()['id']}")).json()
    content = await look(world, f"transfers/{told['id']}/package")
    assert content.status_code == 200, (told, content.text)
    return told, content.content


async def test_a_package_proves_itself_to_who_has_nothing_but_the_public_keys(
    world: TimePassing, tmp_path: Path
) -> None:
    file, other = await filed(world), await filed(world)
    told, content = await package_of(world, file, other)
    path = tmp_path / "package.zip"
    path.write_bytes(content)
    keys = read_keys((await look(world, "keys")).text)

    assert (told["state"], told["sha256"]) == ("ready", hashlib.sha256(content).hexdigest())
    assert faults_of(path, keys) == []
    with zipfile.ZipFile(path) as package:
        package.extractall(tmp_path / "bag")
    # Another implementation of RFC 8493 holds the bag valid too.
    assert Bag(tmp_path / "bag").validate().valid
    folder = tmp_path / "bag/data" / str(file.number)
    assert json.loads((folder / "case.json").read_text())["applicant"]["name"] == NAME
    assert [one.read_bytes() for one in (folder / "materials").iterdir()] == [PDF]
    papers = sorted(one.suffix for one in (folder / "documents").iterdir())
    assert papers == [".json"] * (len(papers) // 2) + [".pdf"] * (len(papers) // 2)
    steps = [one["action"] for one in json.loads((folder / "timeline.json").read_text())]
    entries = json.loads((folder / "ledger.json").read_text())["entries"]
    proven = [one["action"] for one in entries if one["action"].startswith("case.")]
    assert proven == [f"case.{step}" for step in steps]

    asked = await ask(
        world,
        f"transfers/{told['id']}/acknowledge",
        receipt_number="档收2026-7",
        sha256="0" * 64,
    )
    taken = await ask(
        world,
        f"transfers/{told['id']}/acknowledge",
        receipt_number="档收2026-7",
        sha256=told["sha256"],
    )
    gone = await look(world, f"transfers/{told['id']}/package")
    twice = await ask(world, "transfers", files=[str(file.id)], recipient="高新区档案馆")

    assert (asked.status_code, asked.json()["type"]) == (
        422,
        "urn:tongban:problem:receipt-belied",
    )
    assert (taken.status_code, taken.json()["state"]) == (200, "acknowledged")
    assert (gone.status_code, twice.status_code) == (409, 409)
    assert (await file_of(world, str(file.case_id))).state == "transferred"
    assert (await told_of(world, file))[-1].event_type == "case.archive.transferred"


def rewritten(content: Path, target: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """Copy a package; `change` returns what becomes of each entry, None where it is left out."""
    with zipfile.ZipFile(content) as before, zipfile.ZipFile(target, "w") as after:
        for name in before.namelist():
            changed = change(name, before.read(name))
            if changed is not None:
                after.writestr(name, changed)
    return target


def honest_manifests(path: Path, target: Path) -> Path:
    """Reckon the manifests of a tampered package anew, as whoever tampers with it would."""
    with zipfile.ZipFile(path) as package:
        things = {name: package.read(name) for name in package.namelist()}
    payload = [name for name in things if name.startswith("data/")]
    manifest = "".join(f"{hashlib.sha256(things[n]).hexdigest()}  {n}\n" for n in payload)
    things["manifest-sha256.txt"] = manifest.encode()
    tags = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "signature.jws")
    told = "".join(f"{hashlib.sha256(things[n]).hexdigest()}  {n}\n" for n in tags)
    things["tagmanifest-sha256.txt"] = told.encode()
    with zipfile.ZipFile(target, "w") as package:
        for name, content in things.items():
            package.writestr(name, content)
    return target


async def test_whatever_is_done_to_a_package_the_verifier_names_it(
    world: TimePassing, tmp_path: Path
) -> None:
    _, content = await package_of(world, await filed(world))
    path = tmp_path / "package.zip"
    path.write_bytes(content)
    keys = read_keys((await look(world, "keys")).text)

    def altered(ending: str, old: bytes, new: bytes) -> Callable[[str, bytes], bytes]:
        return lambda name, bytes_: bytes_.replace(old, new) if name.endswith(ending) else bytes_

    tampering: dict[str, tuple[Callable[[str, bytes], bytes | None], str]] = {
        "material": (lambda n, b: b + b"x" if "/materials/" in n else b, "not what was filed"),
        "case": (altered("case.json", NAME.encode(), "王五".encode()), "not what was filed"),
        "removed": (lambda n, b: None if n.endswith(".pdf") else b, ""),
        "timeline": (altered("timeline.json", b"approver", b"reviewer"), "not what was filed"),
        "ledger": (altered("ledger.json", b"case.decide", b"case.review"), "is altered"),
        "document": (altered(".json", b"zh-CN", b"zh-TW"), "its seal does not hold"),
    }
    for case, (change, complaint) in tampering.items():
        broken = rewritten(path, tmp_path / f"{case}.zip", change)
        found = faults_of(broken, keys)
        assert found, case
        cunning = honest_manifests(broken, tmp_path / f"{case}-cunning.zip")
        told = "\n".join(faults_of(cunning, keys))
        assert "signs another package" in told
        assert complaint in told

    assert faults_of(path, read_keys(_strangers_key())) != []
    (tmp_path / "cut.zip").write_bytes(content[: len(content) // 2])
    assert faults_of(tmp_path / "cut.zip", keys)[0].startswith("not a readable ZIP")


def _strangers_key() -> str:
    from joserfc.jwk import OKPKey

    return json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=False))


async def test_a_package_waits_for_the_checkpoint_that_proves_it(world: TimePassing) -> None:
    file = await filed(world)

    asked = await ask(world, "transfers", files=[str(file.id)], recipient="高新区档案馆")
    await world.pass_to(world.at)
    waiting = (await look(world, f"transfers/{asked.json()['id']}")).json()
    await sealed_ledger(world)
    await world.pass_to(world.at + timedelta(minutes=1))
    ready = (await look(world, f"transfers/{asked.json()['id']}")).json()

    assert (waiting["state"], ready["state"]) == ("preparing", "ready")


async def test_a_file_that_is_not_what_was_filed_is_not_handed_over(world: TimePassing) -> None:
    file = await filed(world)
    await world.running.execute("DELETE FROM materials WHERE case_id = :id", id=file.case_id)
    await sealed_ledger(world)
    asked = await ask(world, "transfers", files=[str(file.id)], recipient="高新区档案馆")
    await world.pass_to(world.at)

    told = (await look(world, f"transfers/{asked.json()['id']}")).json()

    assert told["state"] == "broken"
    assert f"{file.number}/materials/" in told["fault"]
    assert (await file_of(world, str(file.case_id))).transfer_id is None


async def over(world: TimePassing, **body: Any) -> ArchiveFile:
    """Return a filed case whose ten years are over."""
    file = await filed(world, **body)
    await world.running.execute(
        "UPDATE archive_files SET retention_ends_on = '2026-01-01' WHERE id = :id", id=file.id
    )
    return await file_of(world, str(file.case_id))


async def test_what_is_destroyed_is_gone_and_the_register_names_nobody(world: TimePassing) -> None:
    file = await over(world, applicant_subject="citizen-archive", site_id=world.counter.site)
    case_id = str(file.case_id)
    context = world.running.context
    async with context.sessions() as session:
        material = await world.running.execute(
            "SELECT content_id FROM materials WHERE case_id = :id", id=case_id
        )
        content = await session.get_one(StoredContent, material.scalar_one())
    await world.running.execute(
        "DELETE FROM materials WHERE content_id = :id AND case_id <> :case",
        id=content.id,
        case=case_id,
    )
    proposed = await ask(world, "destructions", files=[str(file.id)], appraisal="期满，无保存价值")
    path = f"destructions/{proposed.json()['id']}/approve"

    own = await ask(world, path)
    approved = await ask(world, path, "approver", "head-1")
    await world.pass_to(world.at)
    again = await ask(world, path, "approver", "head-1")
    for _ in range(2):
        world.at += timedelta(days=2)
        async with context.sessions.begin() as session:
            await collect_unreferenced(session, context)

    assert (proposed.status_code, own.status_code, approved.status_code) == (201, 403, 200)
    assert own.json()["type"] == "urn:tongban:problem:approver-proposed"
    assert again.status_code == 409
    gone = await file_of(world, case_id)
    assert (gone.state, gone.sealed_record, gone.contents) == ("destroyed", None, [])
    [entry] = (await look(world, f"register?destruction_id={proposed.json()['id']}")).json()[
        "items"
    ]
    assert (entry["number"], entry["retention"]) == (file.number, "years_10")
    assert (entry["proposed_by"], entry["approved_by"]) == ("keeper-1", "head-1")
    assert NAME not in json.dumps(entry, ensure_ascii=False)
    with pytest.raises(LookupError):
        await context.objects.within("case-materials").get(content.object_key)
    shown = await world.counter.read(case_id, world.counter.headers("supervisor"))
    assert shown["applicant"]["name"] == "（****"  # 已删除, masked as any name is
    left = await world.running.execute(
        "SELECT string_agg(t::text, '') FROM (SELECT cases::text AS t FROM cases WHERE id = :id"
        " UNION ALL SELECT timeline_entries::text FROM timeline_entries WHERE case_id = :id"
        " UNION ALL SELECT notices::text FROM notices WHERE case_id = :id) AS all_of_it",
        id=case_id,
    )
    text = left.scalar_one()
    assert "欧阳" not in text
    assert "citizen-archive" not in text
    documents = await world.running.execute(
        "SELECT count(*) FROM documents WHERE case_id = :id AND sealed_body <> ''", id=case_id
    )
    assert documents.scalar_one() == 0
    reopened = await world.counter.act(
        case_id, "reopen", "supervisor", reason="重新办理", order_number="高督2037-1"
    )
    assert reopened.json()["type"] == "urn:tongban:problem:case-destroyed"
    types = [one.event_type for one in await told_of(world, file)]
    assert types == ["case.archive.filed", "case.archive.destroyed"]


async def test_terms_holds_and_suits_keep_a_file_and_a_late_hold_stops_the_approved(
    world: TimePassing,
) -> None:
    running, held, sued, late = await filed(world), *[await over(world) for _ in range(3)]
    placed = await ask(
        world, f"files/{held.id}/holds", "supervisor", ground="inspection", reference="纪监2026-3"
    )
    suit = {"kind": "suit", "number": "(2026)陕01行初8号", "body": "西安中院"}
    noted_suit = await world.counter.act(
        str(sued.case_id), "note_review", "supervisor", challenge=suit
    )
    assert noted_suit.status_code == 200, noted_suit.text

    for file, reason in ((running, "term_running"), (held, "held"), (sued, "challenged")):
        refused = await ask(world, "destructions", files=[str(file.id)], appraisal="期满")
        assert (refused.status_code, refused.json()["type"]) == (
            409,
            "urn:tongban:problem:not-destroyable",
        )
        assert f"{file.number}（{reason}）" in refused.json()["detail"]

    proposed = await ask(
        world, "destructions", files=[str(late.id)], appraisal="期满", subject="keeper-2"
    )
    twice = await ask(world, "destructions", files=[str(late.id)], appraisal="期满")
    approved = await ask(
        world, f"destructions/{proposed.json()['id']}/approve", "approver", "head-1"
    )
    stopped = await ask(
        world, f"files/{late.id}/holds", "supervisor", ground="suit", reference="诉讼来函"
    )
    await world.pass_to(world.at)
    kept = await file_of(world, str(late.case_id))
    lifted = await ask(world, f"files/{late.id}/holds/{stopped.json()['id']}/lift", "supervisor")
    await world.pass_to(world.at + timedelta(days=1, minutes=1))

    assert "proposed_already" in twice.json()["detail"]
    assert (approved.status_code, kept.state) == (200, "filed")
    assert lifted.status_code == 200
    assert (await file_of(world, str(late.case_id))).state == "destroyed"
    detail = (await look(world, f"files/{held.id}")).json()
    assert [one["id"] for one in detail["holds"]] == [placed.json()["id"]]


async def test_a_rejected_proposal_leaves_the_file_to_be_proposed_again(
    world: TimePassing,
) -> None:
    file = await over(world)
    proposed = await ask(world, "destructions", files=[str(file.id)], appraisal="期满")
    path = f"destructions/{proposed.json()['id']}"

    answers = await asyncio.gather(
        ask(world, f"{path}/reject", "approver", "head-1", reason="有史料价值"),
        ask(world, f"{path}/approve", "approver", "head-2"),
    )

    assert sorted(one.status_code for one in answers) == [200, 409]
    listed = (await look(world, f"files?ended_by={world.at.date()}&limit=100")).json()["items"]
    state = (await look(world, "destructions")).json()["items"][0]["state"]
    assert state in ("rejected", "approved")
    if state == "rejected":
        assert str(file.id) in [one["id"] for one in listed]
        again = await ask(world, "destructions", files=[str(file.id)], appraisal="再次鉴定")
        assert again.status_code == 201


async def test_the_schedule_is_data_and_what_is_filed_keeps_its_class(world: TimePassing) -> None:
    before = await filed(world)
    code = before.matter_code
    line: dict[str, Any] = {
        "matter_code": code,
        "matter_version": 1,
        "retention": "permanent",
        "basis": "保管期限表2026-9",
    }

    added = await ask(world, "retention-rules", **line)
    again = await ask(world, "retention-rules", **line)
    clerk = await ask(world, "retention-rules", "supervisor", **line)
    no_matter = await ask(
        world, "retention-rules", matter_version=1, retention="permanent", basis="x"
    )
    rule = f"/api/v1/archive/retention-rules/{added.json()['id']}"
    headers = world.counter.headers("admin")
    stale = await world.running.client.put(
        rule,
        json={"retention": "years_30", "basis": "新表"},
        headers={**headers, "If-Match": '"9"'},
    )
    changed = await world.running.client.put(
        rule,
        json={"retention": "years_30", "basis": "新表"},
        headers={**headers, "If-Match": '"1"'},
    )

    assert [added.status_code, again.status_code, clerk.status_code] == [201, 409, 403]
    assert (no_matter.status_code, stale.status_code, changed.status_code) == (422, 412, 200)
    assert (await file_of(world, str(before.case_id))).retention == "years_10"
    listed = (await look(world, "retention-rules")).json()
    assert [one["retention"] for one in listed if one["matter_code"] == code] == ["years_30"]


async def test_the_archive_is_not_for_clerks_nor_citizens(world: TimePassing) -> None:
    paths = ("files", "transfers", "destructions", "register", "retention-rules", "keys")
    refused = [
        (await look(world, path, role)).status_code
        for path in paths
        for role in ("clerk", "citizen")
    ]

    assert set(refused) == {403}
    assert (
        await ask(world, "destructions", "approver", files=[], appraisal="x")
    ).status_code == 403
