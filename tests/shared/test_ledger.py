"""The tamper-evident log: each way of tampering is found and named."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OKPKey
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.checkpoints import BrokenCheckpoint, Checkpoint, Span, is_proven, link_of
from tongban.db import Sessions, Tables, engine, new_metadata, sessions_of
from tongban.ledger import (
    GENESIS,
    Entry,
    Fault,
    FaultKind,
    Head,
    LedgerEntryColumns,
    UnsealablePayload,
    entry_hash,
    entry_values,
    read_chain,
    seal_batch,
    verify,
)
from tongban.merkle import path_of, root_of
from tongban.run.ports import free_port
from tongban.run.postgres import EmbeddedPostgres

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
KEY, OTHER_KEY = OKPKey.generate_key("Ed25519"), OKPKey.generate_key("Ed25519")


class AuditRow(LedgerEntryColumns, Tables):
    __tablename__ = "audit_log"
    metadata = new_metadata()


def rehashed(entry: Entry, **changes: Any) -> Entry:
    """What an attacker writes who knows how the hash is made."""
    entry = replace(entry, **changes)
    content = {name: getattr(entry, name) for name in AuditRow.__table__.columns.keys()[:6]}
    return replace(entry, hash=entry_hash(entry.previous_hash, entry.seq, **content))


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    head = GENESIS
    for seq in range(1, length + 1):
        values = entry_values(
            at=AT, actor="clerk", action="accept", subject=f"case-{seq}", payload={"n": seq}
        )
        entry = rehashed(Entry(**values, seq=seq, previous_hash=head.hash, hash=b""))
        entries.append(entry)
        head = Head(seq, entry.hash)
    return entries


def head_of(entries: list[Entry]) -> Head:
    return Head(entries[-1].seq, entries[-1].hash)


def test_an_untouched_chain_is_right_as_a_whole_and_in_parts() -> None:
    entries = chain(5)

    whole = verify(entries, checkpoint=head_of(entries))
    first = verify(entries[:2])
    rest = verify(entries[2:], start=first.head)

    assert (whole.ok, whole.entries, whole.first_fault) == (True, 5, None)
    assert rest.ok
    assert rest.head == whole.head == head_of(entries)
    assert verify([]).ok


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "somebody"},
        {"action": "deny"},
        {"subject": "case-9"},
        {"payload": {"n": 99}},
        {"at": AT + timedelta(microseconds=1)},
        {"id": UUID(int=1)},
        {"hash": bytes(32)},
    ],
)
def test_an_altered_entry_is_named(change: dict[str, Any]) -> None:
    entries = chain(5)
    entries[2] = replace(entries[2], **change)

    assert verify(entries).first_fault == Fault(FaultKind.ALTERED, 3)


def test_an_altered_entry_with_a_new_hash_is_named_by_the_next() -> None:
    entries = chain(5)
    entries[2] = rehashed(entries[2], payload={"n": 99})

    assert verify(entries).first_fault == Fault(FaultKind.ALTERED, 3)


@given(st.integers(1, 8))
def test_a_removed_entry_is_named(seq: int) -> None:
    entries = chain(9)
    del entries[seq - 1]

    found = verify(entries)

    assert found.first_fault == Fault(FaultKind.REMOVED, seq)
    assert found.entries == seq - 1


def test_entries_in_another_order_are_named() -> None:
    entries = chain(5)
    swapped = [
        *entries[:2],
        replace(entries[3], seq=3),
        replace(entries[2], seq=4),
        entries[4],
    ]

    assert verify(swapped).first_fault == Fault(FaultKind.REORDERED, 3)
    assert verify([entries[0], entries[0]]).first_fault == Fault(FaultKind.REORDERED, 1)


def test_the_removal_of_the_end_is_found_by_the_checkpoint_alone() -> None:
    entries = chain(5)

    assert verify(entries[:3]).ok
    assert verify(entries[:3], checkpoint=head_of(entries)).first_fault == Fault(
        FaultKind.REMOVED, 4
    )


def test_a_chain_rewritten_to_its_end_contradicts_the_checkpoint() -> None:
    entries, rewritten = chain(3), chain(3)

    assert verify(rewritten).ok
    assert verify(rewritten, checkpoint=head_of(entries)).first_fault == Fault(FaultKind.ALTERED, 3)


def test_a_checkpoint_is_read_with_the_right_key_for_the_right_ledger() -> None:
    head = head_of(chain(3))
    checkpoint = Checkpoint.sign("case", head, Span(0, head.seq, bytes(32)), at=AT, key=KEY)

    read = Checkpoint.read(checkpoint.signature, ledger="case", key=KEY)

    assert read == checkpoint
    assert read.head == head
    for signature, ledger, key in (
        (checkpoint.signature, "case", OTHER_KEY),
        (checkpoint.signature, "site", KEY),
        (checkpoint.signature[:-4] + "AAAA", "case", KEY),
        ("eyJhbGciOiJub25lIn0.e30.", "case", KEY),
        ("nonsense", "case", KEY),
    ):
        with pytest.raises(BrokenCheckpoint):
            Checkpoint.read(signature, ledger=ledger, key=key)


def test_a_span_proves_each_entry_of_its_own_and_no_other() -> None:
    entries = chain(9)
    leaves = [entry.hash for entry in entries[4:]]
    span = Span(4, 9, root_of(leaves))
    paths = [path_of(leaves, place) for place in range(len(leaves))]

    assert all(is_proven(*one, span) for one in zip(entries[4:], paths, strict=True))
    assert not is_proven(replace(entries[5], actor="somebody"), paths[1], span)
    assert not is_proven(rehashed(entries[5], actor="somebody"), paths[1], span)
    assert not is_proven(entries[5], paths[2], span)
    assert not is_proven(entries[3], paths[0], span)


def test_a_link_depends_on_every_span_before_it() -> None:
    spans = [Span(0, 4, bytes(32)), Span(4, 9, bytes([1]) * 32)]

    link = link_of(spans[1], previous=link_of(spans[0]))

    assert link != link_of(spans[1])
    assert link != link_of(spans[1], previous=link_of(spans[0]._replace(root=bytes([2]) * 32)))


@pytest.mark.parametrize(
    "payload", [{"n": 2**53}, {"n": [{"m": 1e22}]}, {"n": float("nan")}, {"n": {1: 2}}]
)
def test_what_could_not_be_sealed_later_is_refused_at_once(payload: dict[str, Any]) -> None:
    with pytest.raises(UnsealablePayload):
        AuditRow(at=AT, actor="a", action="b", subject="c", payload=payload)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(
        tmp_path_factory.mktemp("ledger") / "postgres", free_port(), fsync=False
    )
    server.start()
    server.create_database("ledger", password="ledger")
    yield server
    server.stop()


@pytest.fixture
async def sessions(server: EmbeddedPostgres) -> AsyncIterator[Sessions]:
    made = engine(f"postgresql+asyncpg://ledger:ledger@127.0.0.1:{server.port}/ledger", pool=4)
    async with made.begin() as connection:
        await connection.run_sync(AuditRow.metadata.create_all)
    yield sessions_of(made)
    async with made.begin() as connection:
        await connection.run_sync(AuditRow.metadata.drop_all)
    await made.dispose()


def row(number: int, *, at: datetime = AT, payload: dict[str, Any] | None = None) -> AuditRow:
    return AuditRow(
        at=at, actor="clerk", action="accept", subject=f"case-{number}", payload=payload or {}
    )


async def write(sessions: Sessions, *rows: AuditRow) -> None:
    async with sessions.begin() as session:
        session.add_all(rows)


async def seal(sessions: Sessions, *, limit: int = 500) -> int:
    async with sessions.begin() as session:
        return await seal_batch(session, AuditRow, limit)


async def sealed(session: AsyncSession, after_seq: int = 0) -> list[Entry]:
    return [entry async for entry in read_chain(session, AuditRow, after_seq)]


async def test_entries_are_sealed_in_batches_into_one_chain(sessions: Sessions) -> None:
    await write(sessions, *(row(number) for number in range(7)))

    batches = [await seal(sessions, limit=3) for _ in range(4)]

    async with sessions() as session:
        entries = await sealed(session)
        assert await sealed(session, after_seq=5) == entries[5:]
    assert batches == [3, 3, 1, 0]
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5, 6, 7]
    assert verify(entries).ok


async def test_a_hot_path_inserts_the_same_entry_by_core(sessions: Sessions) -> None:
    values = entry_values(at=AT, actor="a", action="b", subject="c", payload={"names": ["黄先生"]})
    async with sessions.begin() as session:
        await session.execute(insert(AuditRow).values(**values))

    await seal(sessions)

    async with sessions() as session:
        [entry] = await sealed(session)
    assert (entry.id, entry.payload) == (values["id"], {"names": ["黄先生"]})
    assert verify([entry]).ok


async def test_what_commits_late_is_sealed_late(sessions: Sessions) -> None:
    await write(sessions, row(2, at=AT))
    await seal(sessions)
    await write(sessions, row(1, at=AT - timedelta(seconds=5)))
    await seal(sessions)

    async with sessions() as session:
        entries = await sealed(session)

    assert [entry.subject for entry in entries] == ["case-2", "case-1"]
    assert verify(entries).ok


async def test_of_two_sealers_one_works(sessions: Sessions) -> None:
    await write(sessions, *(row(number) for number in range(4)))

    async with sessions.begin() as first:
        assert await seal_batch(first, AuditRow, 2) == 2
        assert await seal(sessions) == 0
    assert await seal(sessions) == 2

    async with sessions() as session:
        assert verify(await sealed(session)).entries == 4


async def test_a_sealing_that_fails_leaves_the_entries_unsealed(sessions: Sessions) -> None:
    await write(sessions, row(1))

    async with sessions() as session:
        assert await seal_batch(session, AuditRow) == 1
        await session.rollback()

    assert await seal(sessions) == 1


@pytest.mark.parametrize(
    ("tampering", "fault"),
    [
        ("UPDATE audit_log SET actor = 'nobody' WHERE seq = 2", Fault(FaultKind.ALTERED, 2)),
        ("UPDATE audit_log SET payload = '{\"a\": 2}' WHERE seq = 3", Fault(FaultKind.ALTERED, 3)),
        ("DELETE FROM audit_log WHERE seq = 2", Fault(FaultKind.REMOVED, 2)),
        (
            "UPDATE audit_log SET seq = NULL, hash = NULL, previous_hash = NULL WHERE seq = 4",
            Fault(FaultKind.REMOVED, 4),
        ),
        ("UPDATE audit_log SET seq = seq + 10 WHERE seq = 1", Fault(FaultKind.REMOVED, 1)),
    ],
)
async def test_tampering_in_the_database_is_found(
    sessions: Sessions, tampering: str, fault: Fault
) -> None:
    await write(sessions, *(row(number, payload={"a": 1}) for number in range(4)))
    await seal(sessions)
    async with sessions() as session:
        before = head_of(await sealed(session))

    async with sessions.begin() as session:
        await session.execute(text(tampering))

    async with sessions() as session:
        assert verify(await sealed(session), checkpoint=before).first_fault == fault


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-(2**52), 2**52)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


async def test_any_payload_keeps_its_hash_on_the_way_through_the_database(
    sessions: Sessions,
) -> None:
    payloads: list[dict[str, Any]] = []

    @given(JSON)
    def collect_examples(value: Any) -> None:
        payloads.append({"value": value})

    collect_examples()
    rows = [row(number, payload=payload) for number, payload in enumerate(payloads)]
    await write(sessions, *rows)
    by_id = {made.id: payload for made, payload in zip(rows, payloads, strict=True)}
    await seal(sessions)

    async with sessions() as session:
        entries = await sealed(session)

    assert len(entries) == len(payloads)
    assert verify(entries).ok
    for entry in entries:
        original = replace(entry, payload=by_id[entry.id])
        assert verify([original], start=Head(entry.seq - 1, entry.previous_hash)).ok
