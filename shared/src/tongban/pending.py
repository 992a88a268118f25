"""Events that came before what they need: put aside with it named, and taken up again."""

from collections.abc import Iterable

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.kernel import PendingRow
from tongban.messages import Envelope

__all__ = ["take", "wait"]


async def wait(session: AsyncSession, envelope: Envelope, handler: str, waits_for: str) -> None:
    """Put an event aside until what it `waits_for` is there."""
    assert not session.new and not session.dirty, "NotYet comes before any write"  # noqa: S101, PT018  # a handler's fault, found by its first test
    await session.execute(
        insert(PendingRow)
        .values(
            event_id=envelope.id,
            handler=handler,
            waits_for=waits_for,
            envelope=envelope.model_dump(mode="json"),
        )
        .on_conflict_do_nothing()
    )


async def take(
    session: AsyncSession, keys: Iterable[str], *, handlers: Iterable[str] | None = None
) -> list[PendingRow]:
    """Take the events that wait for any of `keys` out of `pending`, oldest first."""
    statement = select(PendingRow).where(PendingRow.waits_for.in_(list(keys)))
    if handlers is not None:
        statement = statement.where(PendingRow.handler.in_(list(handlers)))
    rows = list(
        await session.scalars(
            statement.order_by(PendingRow.since, PendingRow.event_id).with_for_update(
                skip_locked=True
            )
        )
    )
    if rows:
        await session.execute(
            delete(PendingRow).where(
                tuple_(PendingRow.event_id, PendingRow.handler).in_(
                    [(row.event_id, row.handler) for row in rows]
                )
            ),
            execution_options={"synchronize_session": False},
        )
        for row in rows:
            session.expunge(row)
    return rows
