"""A process killed at any point of any hop: the exchange goes on by itself and completes once.

The table: four points at which the sender's worker or the receiver's API dies, times every message
of a case that is corrected once and withdrawn in vain.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from interop.test_reconciling import hear, walk
from interop.two_districts import Districts

from interop_service.evidence import service as evidence
from interop_service.exchanges import recording, transferring
from tongban.testing.fixtures import RunningService

MESSAGES = [
    "package",
    "corrections_requested",
    "corrected",
    "accepted",
    "withdrawal_requested",
    "decided",
    "result",
    "handed_over",
    "rated",
]

Kill = Callable[[Districts, pytest.MonkeyPatch], None]


class Killed(BaseException):
    """What ends a process ends it whatever it catches."""


def before_it_leaves(_: Districts, patch: pytest.MonkeyPatch) -> None:
    async def dies(*_arguments: Any) -> None:
        raise Killed

    patch.setattr(transferring, "bring", dies)


def before_it_is_kept(_: Districts, patch: pytest.MonkeyPatch) -> None:
    """The receiver has proven and applied it, and dies before it commits."""

    def dies(*_arguments: Any, **_values: Any) -> None:
        raise Killed

    patch.setattr(evidence, "log_message", dies)


def before_its_answer_is_there(districts: Districts, patch: pytest.MonkeyPatch) -> None:
    """The receiver has committed, and its answer is lost with its process."""
    whole = type(districts.network).handle_async_request

    async def loses(network: Any, request: httpx.Request) -> httpx.Response:
        await whole(network, request)
        raise httpx.ReadError("killed", request=request)

    patch.setattr(type(districts.network), "handle_async_request", loses)


def before_it_is_noted(_: Districts, patch: pytest.MonkeyPatch) -> None:
    """The answer is there, and the sender dies before it has noted it."""

    async def dies(*_arguments: Any, **_values: Any) -> None:
        raise Killed

    patch.setattr(recording, "record", dies)


async def killed_once(districts: Districts, sender: RunningService, kill: Kill) -> None:
    """Let what waits be sent while a process dies at that point; then its lease is over."""
    waiting = await sender.execute("SELECT count(*) FROM deliveries WHERE state = 'due'")
    assert waiting.scalar_one() == 1, "nothing is on its way that could be cut off"
    with pytest.MonkeyPatch.context() as patch:
        kill(districts, patch)
        try:
            await districts.send(sender)
        except* Killed:
            pass  # as the operating system would: nothing is tidied up


async def effects(side: RunningService, exchange_id: UUID) -> dict[str, Any]:
    """What an exchange has done to a side, each thing with how often."""
    receipts = await side.execute(
        "SELECT message_kind, sender, count(*) FROM receipts WHERE exchange_id = :id"
        " GROUP BY message_kind, sender",
        id=exchange_id,
    )
    logged = await side.execute(
        "SELECT count(*), count(DISTINCT message_id) FROM logged_messages WHERE exchange_id = :id",
        id=exchange_id,
    )
    return {
        "receipts": {(kind, sender): count for kind, sender, count in receipts},
        "logged": tuple(logged.one()),
        "told": Counter(await side.outbox.types(str(exchange_id))),
    }


@pytest.mark.parametrize(
    "kill", [before_it_leaves, before_it_is_kept, before_its_answer_is_there, before_it_is_noted]
)
async def test_an_exchange_completes_once_whoever_dies_at_every_step(
    districts: Districts, kill: Kill
) -> None:
    near, owner = districts.near, districts.owner
    await districts.settle()
    undisturbed = await districts.exchange()
    await districts.settle()
    for side, step in await walk(districts, undisturbed):
        await hear(side, undisturbed, step)
        await districts.settle()
    exchange_id = await districts.exchange()
    steps = await walk(districts, exchange_id)

    await killed_once(districts, near, kill)
    await districts.settle()
    for side, step in steps:
        await hear(side, exchange_id, step)
        await killed_once(districts, side, kill)
        await districts.settle()

    for side in (near, owner):
        seen = await districts.view(side, exchange_id)
        assert seen["state"] == "handed_over"
        assert [one["kind"] for one in seen["deliveries"] if one["state"] != "delivered"] == []
        expected, found = await effects(side, undisturbed), await effects(side, exchange_id)
        assert found == expected
        assert set(found["receipts"].values()) == {1}
    assert sorted(kind for kind, _ in found["receipts"]) == sorted(MESSAGES)
