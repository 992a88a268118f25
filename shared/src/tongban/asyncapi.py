"""The service's AsyncAPI document: every event it tells, and what it hears of others.

Written from the service's parts, as its OpenAPI document is: what is published cannot be missing.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from tongban.inbox import Steps, Subscription
from tongban.messages import Envelope, Event, stream_of
from tongban.service import Service
from tongban.streams import stream_configs

__all__ = ["asyncapi_of"]

VERSION = "3.0.0"
EXAMPLE_ID = "01920000-0000-7000-8000-000000000000"
EXAMPLE_TIME = "2026-03-02T01:30:00Z"
DAY_SECONDS = 86_400
DESCRIPTION = (
    "事件经 NATS JetStream 传送，采用 CloudEvents 1.0 的 JSON 格式；至少送达一次，以 id 去重，"
    "以 sequence 定序。\n\n"
    "Events travel on NATS JetStream as CloudEvents 1.0 in JSON; each arrives at least once: know "
    "it by its id, order it by its sequence."
)

Schema = dict[str, Any]


def asyncapi_of(service: Service) -> Schema:
    """Return the document; its names begin with the service's, so that documents can be merged."""
    _, told = models_json_schema(
        [(event, "serialization") for event in service.publishes],
        ref_template=f"#/components/schemas/{service.name}.{{model}}",
    )
    schemas = {f"{service.name}.{name}": schema for name, schema in told.get("$defs", {}).items()}
    streams = _streams(service.publishes)
    return {
        "asyncapi": VERSION,
        "info": {
            "title": f"Tongban · {service.title['zh-CN']} {service.title['en']}",
            "version": "1",
            "description": DESCRIPTION,
        },
        "defaultContentType": "application/json",
        "channels": {event.SUBJECT: _channel(event, streams) for event in service.publishes},
        "operations": {f"tell.{event.SUBJECT}": _operation(event) for event in service.publishes},
        "components": {
            "schemas": {"Envelope": Envelope.model_json_schema(mode="serialization"), **schemas},
            "messages": {_type(event): _message(event, service) for event in service.publishes},
        },
        "x-hears": [
            heard for subscription in service.consumes for heard in _heard(subscription, service)
        ],
    }


def _type(event: type[Event]) -> str:
    return f"{event.SUBJECT}.v{event.VERSION}"


def _streams(published: Iterable[type[Event]]) -> Mapping[str, Schema]:
    """Return of each stream what it keeps, and for how long."""
    return {
        str(config.name): {
            "name": config.name,
            "keeps": "last of each subject" if config.max_msgs_per_subject == 1 else "all",
            "days": int(config.max_age // DAY_SECONDS) if config.max_age else None,
        }
        for config in stream_configs(published)
    }


def _channel(event: type[Event], streams: Mapping[str, Schema]) -> Schema:
    return {
        "address": f"{event.SUBJECT}.{{key}}",
        "description": _words(event),
        "parameters": {
            "key": {"description": "聚合的键 · the aggregate's key, `subject` of the event"}
        },
        "messages": {_type(event): {"$ref": f"#/components/messages/{_type(event)}"}},
        "x-stream": streams[stream_of(event.SUBJECT)],
    }


def _operation(event: type[Event]) -> Schema:
    channel = f"#/channels/{event.SUBJECT}"
    return {
        "action": "send",
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{_type(event)}"}],
    }


def _message(event: type[Event], service: Service) -> Schema:
    """Return the envelope that carries this event, with an example of it."""
    data = {"$ref": f"#/components/schemas/{service.name}.{event.__name__}"}
    its_own = {"type": {"const": _type(event)}, "data": data}
    return {
        "name": _type(event),
        "title": event.__name__,
        "summary": _words(event),
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "properties": {
                "Nats-Msg-Id": {"type": "string", "format": "uuid", "description": "the event's id"}
            },
        },
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/Envelope"},
                {"type": "object", "required": ["data"], "properties": its_own},
            ]
        },
        "examples": [{"name": event.SUBJECT.replace(".", "-"), "payload": _example(event)}],
    }


def _example(event: type[Event]) -> Schema:
    """Return the event's own example in its envelope, as the relay would send it."""
    example: Event = event.example()  # type: ignore[attr-defined]  # a house law
    envelope = Envelope.model_validate(
        {
            "id": EXAMPLE_ID,
            "source": f"/districts/610171/{event.SUBJECT.split('.')[0]}",
            "type": _type(event),
            "subject": example.key(),
            "time": EXAMPLE_TIME,
            "sequence": 1,
            "data": example.model_dump(mode="json"),
        }
    )
    return envelope.model_dump(mode="json", exclude_none=True)


def _words(event: type[Event]) -> str:
    return " ".join((event.__doc__ or "").split())


def _heard(subscription: Subscription, service: Service) -> list[Schema]:
    """Return each subject that a subscription listens to, and what becomes of it."""
    models = (
        list(subscription.handlers) if isinstance(subscription, Steps) else [subscription.event]
    )
    return [
        {
            "service": service.name,
            "subject": model.SUBJECT,
            "stream": stream_of(model.SUBJECT),
            "kind": type(subscription).__name__.lower(),
            "by": subscription.name,
        }
        for model in models
    ]
