"""The inbox: each event has its effect once, and in order where order matters.

Four kinds of subscription, declared as data in a service's `consumers` module:

* `Effect` – something is done once per event, in any order. A handler that misses what the event
  presupposes raises `NotYet` before it writes anything; the event then waits in `pending`.
* `Batch` – the same for many events at a time, where one statement can do for all of them.
* `Steps` – every event of an aggregate, strictly in the order of its sequence.
* `Projection` – a reference event's state kept in a table of ours, newest wins; can be rebuilt.

An event of a version that this release does not know yet, told by a newer one, waits in `pending`
too, and holds up the later steps of its aggregate: it is applied by the first worker that knows it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import structlog
from pydantic import ValidationError
from sqlalchemy import Table, Text, Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.context import Context
from tongban.db import Tables
from tongban.kernel import InboxRow, StepPosition
from tongban.messages import Envelope, Event, stream_of
from tongban.pending import take, wait

__all__ = [
    "Batch",
    "BatchHandler",
    "Effect",
    "Handler",
    "NotYet",
    "Projection",
    "Steps",
    "Subscription",
    "Unreadable",
    "note_positions",
]

E = TypeVar("E", bound=Event)
Handler = Callable[[AsyncSession, E, Context], Awaitable[None]]
BatchHandler = Callable[[AsyncSession, Sequence[E], Context], Awaitable[None]]
Concern = Callable[[Mapping[str, Any]], bool]

SOON_SECONDS = 0.05
"""What comes in meanwhile shares one transaction."""

log = structlog.get_logger(__name__)


def _always(_data: Mapping[str, Any]) -> bool:
    return True


class NotYet(Exception):
    """What this event presupposes is not here yet. Raised before the handler writes anything.

    `waits_for` names it as `<service>.<aggregate>.<key>`: the event is tried again as soon as an
    event of that aggregate was applied, and every few seconds besides.
    """

    def __init__(self, waits_for: str) -> None:
        super().__init__(waits_for)
        self.waits_for = waits_for


class Unreadable(Exception):
    """The message is not an event we can read; it becomes a dead letter."""


def _release(envelope: Envelope) -> str:
    """Name what an event of a newer version waits for."""
    return f"{envelope.event_type}@{envelope.version}"


def _read(model: type[E], envelope: Envelope) -> E:
    if envelope.version > model.VERSION:
        # Told by a newer release than this one: kept until a worker that knows it starts.
        raise NotYet(_release(envelope))
    try:
        # A model that declares `sequence` gets the envelope's: what keeps state needs its order.
        return model.model_validate({"sequence": envelope.sequence, **envelope.data})
    except ValidationError as fault:
        raise Unreadable(f"{model.__name__}: {fault}") from fault


@dataclass(frozen=True)
class _OfOneType(Generic[E]):
    """Hears one type of event, of every aggregate that tells it."""

    event: type[E]

    @property
    def stream(self) -> str:
        return stream_of(self.event.SUBJECT)

    @property
    def filter(self) -> str:
        return f"{self.event.SUBJECT}.*"

    def knows(self, _event_type: str, version: int) -> bool:
        """Whether this release reads events of its type in that version."""
        return version <= self.event.VERSION


@dataclass(frozen=True)
class Effect(_OfOneType[E]):
    """Do something once per event of this type."""

    linger: ClassVar[float] = SOON_SECONDS
    handle: Handler[E]
    concerns: Concern = _always
    """Whether an event, by its data, has an effect here; the others cost no statement."""

    @property
    def name(self) -> str:
        return self.handle.__name__

    def is_concerned(self, envelope: Envelope) -> bool:
        return self.concerns(envelope.data)

    async def apply(
        self, session: AsyncSession, envelopes: Sequence[Envelope], context: Context
    ) -> None:
        """Apply each event that was not applied before, then what waited for it."""
        fresh = await _unseen(session, envelopes, self.name)
        for envelope in fresh:
            await self._apply_one(session, envelope, context)

    async def _apply_one(self, session: AsyncSession, envelope: Envelope, context: Context) -> None:
        try:
            await self.handle(session, _read(self.event, envelope), context)
        except NotYet as missing:
            await wait(session, envelope, self.name, missing.waits_for)

    async def resume(self, session: AsyncSession, envelope: Envelope, context: Context) -> None:
        """Try an event again that waited."""
        await self._apply_one(session, envelope, context)


@dataclass(frozen=True)
class Batch(_OfOneType[E]):
    """Do something once per event of this type, for many events by one call.

    The handler gets what was fetched and not applied before, in the order of its coming, and
    applies it as a whole: where it fails, the consumer gives it the events one by one, so that
    one bad event stops no other. It can't wait: what raises `NotYet` is an `Effect`. Nobody waits
    for its effect either, so that some time is let pass for events to gather.
    """

    linger: ClassVar[float] = 0.25
    handle: BatchHandler[E]

    @property
    def name(self) -> str:
        return self.handle.__name__

    def is_concerned(self, _envelope: Envelope) -> bool:
        return True

    async def apply(
        self, session: AsyncSession, envelopes: Sequence[Envelope], context: Context
    ) -> None:
        """Apply the events that were not applied before, together."""
        # Read first: what can't be read costs no statement before the batch is taken apart.
        events = {
            envelope.id: _read(self.event, envelope)
            for envelope in envelopes
            if envelope.version <= self.event.VERSION
        }
        fresh = await _unseen(session, envelopes, self.name)
        for envelope in fresh:
            if envelope.id not in events:
                await wait(session, envelope, self.name, _release(envelope))
        if known := [events[envelope.id] for envelope in fresh if envelope.id in events]:
            await self.handle(session, known, context)

    async def resume(self, session: AsyncSession, envelope: Envelope, context: Context) -> None:
        """Apply an event of a version that was not known when it came."""
        await self.handle(session, [_read(self.event, envelope)], context)


@dataclass(frozen=True)
class Steps:
    """Follow an aggregate of another service step by step.

    Events of types without a handler only move the position on. A step whose predecessor does not
    come within `PATIENCE_MINUTES` (older than the stream's retention, say) is applied all the
    same, and said so on the log.

    Where only some aggregates matter here, and only from some step on, `concerns` tells of a step
    by its data whether it is followed, and `opened_by` is the step that comes first of those; what
    was before it is of no concern and costs no statement. All that come after it must concern us.
    """

    linger: ClassVar[float] = SOON_SECONDS
    aggregate: str
    handlers: Mapping[type[Event], Handler[Any]]
    name: str
    concerns: Concern = _always
    opened_by: type[Event] | None = None

    def is_concerned(self, envelope: Envelope) -> bool:
        return self.concerns(envelope.data)

    @property
    def stream(self) -> str:
        return stream_of(f"{self.aggregate}.step")

    @property
    def filter(self) -> str:
        return f"{self.aggregate}.*.*"

    def knows(self, event_type: str, version: int) -> bool:
        """Whether this release reads events of this type in that version."""
        known = {event.SUBJECT: event.VERSION for event in self.handlers}
        return version <= known.get(event_type, version)

    async def apply(
        self, session: AsyncSession, envelopes: Sequence[Envelope], context: Context
    ) -> None:
        """Apply each event whose predecessor was applied; the others wait for theirs."""
        await self._follow(session, await _unseen(session, envelopes, self.name), context)

    async def resume(self, session: AsyncSession, envelope: Envelope, context: Context) -> None:
        """Try a step again that waited."""
        await self._follow(session, [envelope], context)

    async def _follow(
        self, session: AsyncSession, envelopes: Sequence[Envelope], context: Context
    ) -> None:
        """Apply what is due, then in rounds what waited for it.

        Positions are read and written once a round, however many aggregates it touches.
        """
        while envelopes:
            reached = await self._reached(session, {one.aggregate for one in envelopes})
            moved: dict[str, int] = {}
            for envelope in sorted(envelopes, key=lambda one: one.sequence):
                position = reached.get(envelope.aggregate, self._before_first(envelope))
                if envelope.sequence > position + 1:
                    before = f"{envelope.aggregate}#{envelope.sequence - 1}"
                    await wait(session, envelope, self.name, before)
                elif envelope.sequence == position + 1 and await self._step(
                    session, envelope, context
                ):
                    reached[envelope.aggregate] = moved[envelope.aggregate] = envelope.sequence
            await note_positions(session, self.name, moved)
            keys = [f"{aggregate}#{sequence}" for aggregate, sequence in moved.items()]
            rows = await take(session, keys, handlers=[self.name]) if keys else []
            envelopes = [Envelope.model_validate(row.envelope) for row in rows]

    async def _step(self, session: AsyncSession, envelope: Envelope, context: Context) -> bool:
        """Apply one step; tell whether it was taken, or waits for something else."""
        event = next((one for one in self.handlers if envelope.event_type == one.SUBJECT), None)
        if event is None:
            return True
        try:
            await self.handlers[event](session, _read(event, envelope), context)
        except NotYet as missing:
            await wait(session, envelope, self.name, missing.waits_for)
            return False
        await session.flush()
        return True

    def _before_first(self, envelope: Envelope) -> int:
        """Return the position of an aggregate that was not followed until this step."""
        is_first = self.opened_by is not None and envelope.event_type == self.opened_by.SUBJECT
        return envelope.sequence - 1 if is_first else 0

    async def _reached(self, session: AsyncSession, aggregates: set[str]) -> dict[str, int]:
        found = await session.execute(
            select(StepPosition.aggregate, StepPosition.sequence).where(
                StepPosition.handler == self.name,
                StepPosition.aggregate == func.any(sorted(aggregates)),
            )
        )
        return {aggregate: sequence for aggregate, sequence in found}


@dataclass(frozen=True)
class Projection(_OfOneType[E]):
    """Keep the newest state of another service's aggregate as a row of ours.

    `table` has the aggregate's key as primary key and a `sequence`; `row` gives the other columns.
    """

    linger: ClassVar[float] = SOON_SECONDS
    table: type[Tables]
    row: Callable[[E], Mapping[str, Any]]

    @property
    def name(self) -> str:
        return f"keep_{self.table.__tablename__}"

    def is_concerned(self, _envelope: Envelope) -> bool:
        return True

    async def apply(
        self, session: AsyncSession, envelopes: Sequence[Envelope], context: Context
    ) -> None:
        """Keep what is newer than the stored rows. The sequence alone makes this safe to repeat."""
        known = [one for one in envelopes if one.version <= self.event.VERSION]
        for envelope in envelopes:
            if envelope.version > self.event.VERSION:
                await wait(session, envelope, self.name, _release(envelope))
        if known:
            await self.store(session, known, self.table.__table__)  # type: ignore[arg-type]  # a declarative class's table is a Table

    async def store(
        self, session: AsyncSession, envelopes: Sequence[Envelope], table: Table
    ) -> None:
        """Write the newest of `envelopes` to `table`: the live one, or a rebuild's shadow."""
        newest: dict[tuple[Any, ...], dict[str, Any]] = {}
        keys = [column.name for column in table.primary_key]
        for envelope in sorted(envelopes, key=lambda one: one.sequence):
            values = {**self.row(_read(self.event, envelope)), "sequence": envelope.sequence}
            newest[tuple(values[key] for key in keys)] = values
        # In one order everywhere: two workers' batches may hold the same rows.
        statement = insert(table).values([newest[key] for key in sorted(newest)])
        columns = next(iter(newest.values()))
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=keys,
                set_={name: statement.excluded[name] for name in columns if name not in keys},
                where=table.c.sequence < statement.excluded.sequence,
            )
        )

    async def resume(self, session: AsyncSession, envelope: Envelope, context: Context) -> None:
        """Keep the state of a version that was not known when it came, unless a newer is kept."""
        await self.apply(session, [envelope], context)


Subscription = Effect[Any] | Batch[Any] | Steps | Projection[Any]

_INBOX: Table = InboxRow.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
# One text whatever the number of events, so that it is compiled and prepared once.
_NOTE_EVENTS = (
    insert(_INBOX)
    .from_select(
        ["event_id", "handler"],
        select(
            func.unnest(bindparam("events", type_=ARRAY(Uuid))), bindparam("handler", type_=Text)
        ),
    )
    .on_conflict_do_nothing()
    .returning(_INBOX.c.event_id)
)


async def note_positions(session: AsyncSession, handler: str, moved: Mapping[str, int]) -> None:
    """Keep how far a handler came with each aggregate; never back."""
    if not moved:
        return
    statement = insert(StepPosition).values(
        [
            {"handler": handler, "aggregate": aggregate, "sequence": sequence}
            for aggregate, sequence in sorted(moved.items())
        ]
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["handler", "aggregate"],
            # Another worker may have gone further meanwhile.
            set_={"sequence": func.greatest(StepPosition.sequence, statement.excluded.sequence)},
        )
    )


async def _unseen(
    session: AsyncSession, envelopes: Sequence[Envelope], handler: str
) -> list[Envelope]:
    """Note the events in the inbox and return those that were not there, in their order."""
    # In one order everywhere: a redelivered event may be in two workers' hands.
    events = sorted({envelope.id for envelope in envelopes})
    noted = await session.scalars(_NOTE_EVENTS, {"events": events, "handler": handler})
    fresh = set(noted)
    unseen = []
    for envelope in envelopes:
        if envelope.id in fresh:
            fresh.discard(envelope.id)  # the same event twice in one batch
            unseen.append(envelope)
    return unseen
