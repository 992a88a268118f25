"""Every event told has an example and tells nothing personal; every event heard is told."""

from collections.abc import Iterator
from typing import Any

import pytest

from support.house import SERVICES, consumed_by, published_by
from tongban.messages import Event

PERSONAL = {
    "address",
    "agent_name",
    "applicant",
    "applicant_name",
    "email",
    "identity_number",
    "legal_representative",
    "mobile",
    "phone",
}
PUBLISHED = [(service, event) for service in SERVICES for event in published_by(service)]
NAMES = [event.SUBJECT for _, event in PUBLISHED]


@pytest.mark.parametrize(("service", "event"), PUBLISHED, ids=NAMES)
def test_an_events_subject_names_its_service_aggregate_and_fact(
    service: str, event: type[Event]
) -> None:
    owner, *rest = event.SUBJECT.split(".")

    assert owner == service
    assert len(rest) == 2
    assert NAMES.count(event.SUBJECT) == 1


@pytest.mark.parametrize(("service", "event"), PUBLISHED, ids=NAMES)
def test_every_event_has_an_example_with_a_key_fit_for_a_subject(
    service: str, event: type[Event]
) -> None:
    example: Event = event.example()  # type: ignore[attr-defined]  # that it is there is the law

    assert event.model_validate(example.model_dump(mode="json")) == example
    assert example.key()
    assert set(example.key()).isdisjoint(".*> \t")


def _names_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for inner in schema.values():
            yield from _names_in(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _names_in(inner)


@pytest.mark.parametrize(("service", "event"), PUBLISHED, ids=NAMES)
def test_no_event_has_a_place_for_personal_data(service: str, event: type[Event]) -> None:
    assert PERSONAL.isdisjoint(_names_in(event.model_json_schema()))


@pytest.mark.parametrize("service", SERVICES)
def test_whatever_a_service_hears_another_tells(service: str) -> None:
    heard = {model.SUBJECT for _, model in consumed_by(service)}
    told_by_others = {event.SUBJECT for owner, event in PUBLISHED if owner != service}

    assert heard
    assert heard <= told_by_others, f"told by nobody: {sorted(heard - told_by_others)}"
