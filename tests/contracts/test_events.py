"""Each publisher's example through each consumer's model: what is told is what is understood."""

from typing import Any

import pytest

from support.house import SERVICES, consumed_by, published_by
from tongban.inbox import Projection, Subscription
from tongban.messages import Event

TOLD = {event.SUBJECT: event for service in SERVICES for event in published_by(service)}
HEARD = [
    pytest.param(subscription, model, id=f"{service}-hears-{model.SUBJECT}-by-{model.__name__}")
    for service in SERVICES
    for subscription, model in consumed_by(service)
]


def _told(subject: str) -> dict[str, Any]:
    """Return what arrives of the publisher's example: its fields, and the envelope's sequence."""
    example: Event = TOLD[subject].example()  # type: ignore[attr-defined]  # a house law
    return {"sequence": 1, **example.model_dump(mode="json")}


@pytest.mark.parametrize(("subscription", "model"), HEARD)
def test_what_is_told_is_understood(subscription: Subscription, model: type[Event]) -> None:
    told = _told(model.SUBJECT)

    heard = model.model_validate(told)

    unread = set(model.model_fields) - set(told)
    assert not unread, f"{model.__name__} reads what nobody tells: {sorted(unread)}"
    if isinstance(subscription, Projection):
        columns = set(subscription.table.__table__.columns.keys())
        assert set(subscription.row(heard)) <= columns


@pytest.mark.parametrize(("subscription", "model"), HEARD)
def test_a_reader_does_not_mind_what_is_added(
    subscription: Subscription, model: type[Event]
) -> None:
    told = _told(model.SUBJECT)

    heard = model.model_validate({**told, "added_later": True})

    assert heard == model.model_validate(told)
