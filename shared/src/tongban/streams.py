"""JetStream streams, as data: two a service, made from the events it publishes.

`<SERVICE>_REFERENCE` keeps the last message of each subject without an age limit;
`<SERVICE>_EVENTS` keeps every message for 30 days. Their subjects are disjoint.
"""

import asyncio
from collections.abc import Iterable

import nats
import nats.errors
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import BadRequestError, NotFoundError

from tongban.messages import Event, is_reference, stream_of

__all__ = ["EVENTS_DAYS", "connect", "ensure_streams", "stream_configs"]

EVENTS_DAYS = 30
DUPLICATE_WINDOW_SECONDS = 120.0

log = structlog.get_logger(__name__)


async def connect(url: str, *, name: str) -> Client:
    """Connect to the broker, waiting for it as long as it takes, and stay connected."""

    async def note_fault(fault: Exception) -> None:
        log.warning("nats.fault", fault=repr(fault))

    while True:
        try:
            return await nats.connect(
                url,
                name=name,
                max_reconnect_attempts=-1,
                reconnect_time_wait=0.25,
                connect_timeout=2,
                error_cb=note_fault,
            )
        except (OSError, nats.errors.Error, TimeoutError) as fault:
            log.warning("nats.unreachable", url=url, fault=repr(fault))
            await asyncio.sleep(0.5)


def stream_configs(published: Iterable[type[Event]]) -> list[StreamConfig]:
    """Return the streams that hold `published`."""
    subjects: dict[str, list[str]] = {}
    for event in published:
        subjects.setdefault(stream_of(event.SUBJECT), []).append(f"{event.SUBJECT}.*")
    return [
        StreamConfig(
            name=name,
            subjects=sorted(filters),
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            discard=DiscardPolicy.OLD,
            duplicate_window=DUPLICATE_WINDOW_SECONDS,
            max_msgs_per_subject=1 if is_reference(filters[0]) else -1,
            max_age=0 if is_reference(filters[0]) else EVENTS_DAYS * 86_400,
        )
        for name, filters in subjects.items()
    ]


async def ensure_streams(js: JetStreamContext, published: Iterable[type[Event]]) -> None:
    """Create the service's streams, or bring them up to date."""
    for config in stream_configs(published):
        assert config.name is not None  # noqa: S101  # set two lines above
        try:
            await js.stream_info(config.name)
            await js.update_stream(config)
        except NotFoundError:
            try:
                await js.add_stream(config)
            except BadRequestError:  # another worker was first
                await js.update_stream(config)
