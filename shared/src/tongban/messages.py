"""Events: what they look like, and how one is stored with the change it tells of.

A state change and its event are one transaction. Nothing is sent from here: the relay reads the
outbox.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.sql.selectable import CTE

from tongban.clock import utc_now
from tongban.db import Sequenced
from tongban.ids import new_id
from tongban.kernel import OutboxRow

__all__ = [
    "Envelope",
    "Event",
    "aggregate_of",
    "is_reference",
    "outbox_cte",
    "outbox_values",
    "publish",
    "publish_state",
    "stream_of",
]


class Event(BaseModel):
    """A fact, in the past tense. Facts and ids only: never personal data.

    `SUBJECT` is `<service>.<aggregate>.<fact>`; a fact called `changed` is a reference event that
    carries the aggregate's full state.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    SUBJECT: ClassVar[str]
    VERSION: ClassVar[int] = 1

    def key(self) -> str:
        """Return the aggregate's key; without dots or wildcards, as NATS subjects need."""
        raise TypeError(f"{type(self).__name__} is read here, not published: it has no key")


class Envelope(BaseModel):
    """An event on the wire: CloudEvents 1.0, JSON format, with `sequence` as an extension."""

    model_config = ConfigDict(extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    sequence: int
    traceparent: str | None = None
    data: dict[str, Any] = Field(default_factory=dict)

    @property
    def aggregate(self) -> str:
        """`<service>.<aggregate>.<key>`."""
        service, aggregate, *_ = self.type.split(".")
        return f"{service}.{aggregate}.{self.subject}"

    @property
    def event_type(self) -> str:
        """The type without its version: the event's `SUBJECT`."""
        return self.type.rpartition(".v")[0]

    @property
    def version(self) -> int:
        """The version of its type; a higher one is read by no model of a lower."""
        told = self.type.rpartition(".v")[2]
        return int(told) if told.isdecimal() else 1


def aggregate_of(subject: str, key: str) -> str:
    """Return `<service>.<aggregate>.<key>` for an event's SUBJECT and key."""
    service, aggregate, _ = subject.split(".")
    return f"{service}.{aggregate}.{key}"


def is_reference(subject: str) -> bool:
    """Tell whether events of this SUBJECT carry full state (`<service>.<aggregate>.changed`)."""
    return subject.split(".")[2] == "changed"


def stream_of(subject: str) -> str:
    """Return the JetStream stream that holds this SUBJECT."""
    service = subject.split(".")[0].upper()
    return f"{service}_REFERENCE" if is_reference(subject) else f"{service}_EVENTS"


def outbox_values(event: Event, *, sequence: int, at: datetime | None = None) -> Mapping[str, Any]:
    """Return the outbox row for `event`: the one place that makes it."""
    key = event.key()
    return {
        "id": new_id(),
        "aggregate": aggregate_of(event.SUBJECT, key),
        "sequence": sequence,
        "type": f"{event.SUBJECT}.v{event.VERSION}",
        "subject": f"{event.SUBJECT}.{key}",
        "payload": event.model_dump(mode="json"),
        "trace": structlog.contextvars.get_contextvars().get("traceparent"),
        "at": at or utc_now(),
    }


def publish(session: AsyncSession, event: Event, *, of: Sequenced) -> None:
    """Store `event` with the caller's change; the relay sends it once that commits.

    `of` is the aggregate that tells it, locked by the caller: its `sequence` moves on by one.
    """
    of.sequence = (of.sequence or 0) + 1
    session.add(OutboxRow(**outbox_values(event, sequence=of.sequence)))


def publish_state(session: AsyncSession, event: Event, *, sequence: int) -> None:
    """Store a reference event again as a new one, its state and sequence unchanged.

    For `republish`: consumers that have the state ignore it, those that lost it take it.
    """
    session.add(OutboxRow(**outbox_values(event, sequence=sequence)))


def outbox_cte(event: Event, *, sequence: int, name: str = "told") -> CTE:
    """Return the insert of `event` as a CTE, to ride in one statement with a hot insert."""
    statement: ReturningInsert[Any] = (
        insert(OutboxRow)
        .values(**outbox_values(event, sequence=sequence))
        .returning(OutboxRow.position)
    )
    return statement.cte(name)
