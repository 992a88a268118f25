"""What this service tells: every event has an example that its own model reads again."""

import pytest

from interop_service.events import PUBLISHED
from tongban.messages import Event, is_reference


@pytest.mark.parametrize("event", PUBLISHED)
def test_every_event_has_an_example_and_a_key(event: type[Event]) -> None:
    example = event.example()  # type: ignore[attr-defined]  # every published event has one

    assert event.model_validate(example.model_dump(mode="json")) == example
    assert not set(example.key()) & set(".*> ")


def test_only_states_are_reference_events() -> None:
    told = {event.SUBJECT for event in PUBLISHED if is_reference(event.SUBJECT)}

    assert told == {
        "interop.partner.changed",
        "interop.agreement.changed",
        "interop.matter_offer.changed",
        "interop.recognition.changed",
        "interop.proof.changed",
    }
