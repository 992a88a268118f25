"""The SQL of an import and of a bulk publication: as many statements for many matters as for one.

Whoever changes several matters locks them in the order of their codes, new ones before those that
are there, and changes nothing of a matter that it did not lock: so two of them wait for each other
and never deadlock.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    Integer,
    RowMapping,
    TableValuedAlias,
    Text,
    any_,
    bindparam,
    column,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.events import MatterChanged
from catalog_service.matters.rules import Known, State, Written
from catalog_service.matters.tables import Matter, MatterVersion
from tongban.kernel import OutboxRow
from tongban.messages import outbox_values

__all__ = [
    "add_missing",
    "add_versions",
    "keep_plans",
    "known",
    "lock",
    "move_on",
    "publishable",
    "put_in_force",
    "rewrite_drafts",
    "submitted_codes",
    "supersede",
    "tell",
]

Rows = Sequence[Mapping[str, Any]]


async def add_missing(session: AsyncSession, codes: Sequence[str], *, district: str) -> None:
    """Store the matters that are not there, without a version yet, and lock all of them."""
    rows = [
        {"code": code, "owner_district": district, "last_version": 0, "version": 1}
        for code in sorted(codes)
    ]
    connection = await session.connection()
    await connection.execute(postgresql.insert(Matter).on_conflict_do_nothing(), rows)
    await lock(session, codes)


async def lock(session: AsyncSession, codes: Sequence[str]) -> None:
    """Keep others from changing these matters, or their versions, until the caller is done."""
    connection = await session.connection()
    await connection.execute(
        select(Matter.code)
        .where(Matter.code == any_(literal([*codes], postgresql.ARRAY(Text))))
        .order_by(Matter.code)
        .with_for_update()
    )


async def submitted_codes(session: AsyncSession) -> Sequence[str]:
    """Return the matters with a version that waits to be published."""
    found = await session.scalars(
        select(MatterVersion.code)
        .where(MatterVersion.state == State.SUBMITTED)
        .order_by(MatterVersion.code)
    )
    return found.all()


async def publishable(
    session: AsyncSession, codes: Sequence[str]
) -> Sequence[tuple[Matter, MatterVersion | None]]:
    """Return these matters, each with every version that a publication must look at.

    They are read, not tracked: what is changed of them is written by `keep_plans`.
    """
    found = await session.execute(
        select(Matter, MatterVersion)
        .outerjoin(
            MatterVersion,
            (MatterVersion.code == Matter.code)
            & MatterVersion.state.in_([State.SUBMITTED, State.PLANNED, State.PUBLISHED]),
        )
        .where(Matter.code == any_(literal([*codes], postgresql.ARRAY(Text))))
        .order_by(Matter.code, MatterVersion.number)
    )
    rows = [(matter, version) for matter, version in found]
    for one in {one for row in rows for one in row if one is not None}:
        session.expunge(one)
    return rows


async def keep_plans(session: AsyncSession, versions: Sequence[MatterVersion]) -> None:
    """Write when each version is in force, who published it, and how often it was told."""
    kept = ("state", "publisher", "effective_from", "retired_on", "superseded_by", "sequence")
    statement = (
        update(MatterVersion)
        .where(MatterVersion.id == bindparam("the_id"))
        .values({name: bindparam(name) for name in kept} | {"version": MatterVersion.version + 1})
    )
    connection = await session.connection()
    await connection.execute(
        statement,
        [{"the_id": one.id} | {name: getattr(one, name) for name in kept} for one in versions],
    )


async def known(session: AsyncSession, codes: Sequence[str]) -> dict[str, Known]:
    """Return what is stored of these matters: numbers and digests, not the contents."""
    rows = await session.execute(
        select(
            Matter.code,
            Matter.last_version,
            Matter.retired_on.is_not(None),
            MatterVersion.number,
            MatterVersion.state,
            MatterVersion.digest,
        )
        .outerjoin(
            MatterVersion,
            (MatterVersion.code == Matter.code) & (MatterVersion.state != State.RETIRED),
        )
        .where(Matter.code.in_(codes))
    )
    found: dict[str, dict[str, Any]] = {}
    for code, last_version, is_retired, number, state, digest in rows:
        facts = found.setdefault(code, {"last_version": last_version, "is_retired": is_retired})
        if state is not None:
            facts[state.value] = Written(number, digest)
    return {code: Known(**facts) for code, facts in found.items()}


async def supersede(
    session: AsyncSession, numbers: Mapping[str, int], *, on: date
) -> Sequence[RowMapping]:
    """Retire what is in force of these matters; `numbers` says which version follows it."""
    following = _following(numbers)
    retired = await session.execute(
        update(MatterVersion)
        .where(MatterVersion.code == following.c.code, MatterVersion.state == State.PUBLISHED)
        .values(
            state=State.RETIRED,
            retired_on=on,
            superseded_by=following.c.number,
            sequence=MatterVersion.sequence + 1,
            version=MatterVersion.version + 1,
        )
        .returning(
            MatterVersion.code,
            MatterVersion.number,
            MatterVersion.state,
            MatterVersion.effective_from,
            MatterVersion.retired_on,
            MatterVersion.content,
            MatterVersion.sequence,
        ),
        execution_options={"synchronize_session": False},
    )
    return retired.mappings().all()


async def add_versions(session: AsyncSession, rows: Rows) -> None:
    connection = await session.connection()
    await connection.execute(insert(MatterVersion), [{"version": 1, **row} for row in rows])


async def rewrite_drafts(session: AsyncSession, rows: Rows) -> None:
    """Write over the drafts named by code and number."""
    named = ("code", "number")
    statement = (
        update(MatterVersion)
        .where(MatterVersion.code == bindparam("b_code"))
        .where(MatterVersion.number == bindparam("b_number"))
        .values(
            {name: bindparam(name) for name in rows[0] if name not in ("id", *named)}
            | {"version": MatterVersion.version + 1}
        )
    )
    connection = await session.connection()
    await connection.execute(
        statement,
        [
            {f"b_{name}" if name in named else name: row[name] for name in row if name != "id"}
            for row in rows
        ],
    )


async def move_on(session: AsyncSession, numbers: Mapping[str, int]) -> None:
    """Note the newest version of each matter."""
    following = _following(numbers)
    await session.execute(
        update(Matter)
        .where(Matter.code == following.c.code)
        .values(last_version=func.greatest(Matter.last_version, following.c.number)),
        execution_options={"synchronize_session": False},
    )


async def put_in_force(session: AsyncSession, numbers: Mapping[str, int]) -> None:
    """Note the version of each matter that is in force now."""
    following = _following(numbers)
    await session.execute(
        update(Matter)
        .where(Matter.code == following.c.code)
        .values(current_version=following.c.number, version=Matter.version + 1),
        execution_options={"synchronize_session": False},
    )


async def tell(session: AsyncSession, told: Iterable[tuple[MatterChanged, int]]) -> None:
    """Store each event with its sequence, in this order."""
    rows = [outbox_values(event, sequence=sequence) for event, sequence in told]
    connection = await session.connection()
    await connection.execute(insert(OutboxRow), rows)


def _following(numbers: Mapping[str, int]) -> TableValuedAlias:
    return (
        func.unnest(
            literal([*numbers], postgresql.ARRAY(Text)),
            literal([*numbers.values()], postgresql.ARRAY(Integer)),
        )
        .table_valued(column("code", Text), column("number", Integer))
        .render_derived("following")
    )
