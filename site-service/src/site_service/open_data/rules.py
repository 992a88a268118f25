"""Sites and matters as HSDS 3.0 tells of them (开放数据规则).

Pure. A matter is a `service`, a site a `location`, a matter at a site a `service_at_location`, and
the district, or the partner whose matter it is, an `organization`. Names are in Chinese, the
English one stands under `alternate_name` where there is one. What HSDS has no field for, public
holidays and make-up days above all, is said in words; what it requires and nobody knows, such as a
postal code, is an empty text, never a guess.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from site_service.open_data.taxonomy import (
    ACCESSIBILITY_NAMES,
    AREA,
    DEPTH,
    Document,
    attribute,
    crossed,
    id_of,
)
from site_service.sites.rules import times_on, weekly_hours
from site_service.sites.vocabulary import ACCESSIBILITY, ContactKind

PROFILE = "https://docs.openreferral.org/en/v3.0.0/hsds/"
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
HOURS_EAST = 8
"""Asia/Shanghai, without summer time."""

_PHONES: Mapping[str, str] = MappingProxyType({ContactKind.PHONE: "voice", ContactKind.FAX: "fax"})


@dataclass(frozen=True, slots=True)
class Handled:
    """A matter that is handled in the district."""

    code: str
    name: str
    area: str
    owner_district: str


@dataclass(frozen=True, slots=True)
class Place:
    """A site, as far as others are told of it."""

    id: str
    name: str
    english_name: str
    address: str
    street: str
    latitude: float
    longitude: float
    phone: str | None
    contacts: Sequence[Mapping[str, Any]]
    opening_hours: str
    extended_hours: str | None
    appointment_hours: str | None
    special_days: Sequence[tuple[date, str, str | None]]
    facilities: Sequence[str]
    transit: Sequence[Mapping[str, Any]]
    is_open: bool
    closed_reason: str | None


@dataclass(frozen=True, slots=True)
class Body:
    """A district as an organization: its code, name, and where it lies."""

    code: str
    name: str
    city: str
    province: str


def service_id(district: str, code: str) -> str:
    """Return the id: the district's part can be taken off, so that what is left is looked up."""
    return crossed(id_of(district), id_of("service", code))


def location_id(district: str, site_id: str) -> str:
    return id_of(district, "location", site_id)


def service_at_location_id(district: str, code: str, site_id: str) -> str:
    """Return the id; as a service's, it can be looked up without the district's part."""
    return crossed(id_of(district), id_of("service_at_location", code, site_id))


def id_without(district: str, key: str) -> str:
    """Return what a service's id, or one's at a location, is made from besides the district."""
    return crossed(id_of(district), key)


def organization_id(district: str) -> str:
    return id_of(district, "organization")


def organization(body: Body) -> Document:
    """Return the district as the organization whose services they are."""
    return {
        "id": organization_id(body.code),
        "name": f"{body.name}政务服务",
        "description": f"{body.province}{body.city}{body.name}的政务服务，区划代码 {body.code}。",
        "legal_status": "government",
        "organization_identifiers": [
            {
                "id": id_of(body.code, "organization_identifier"),
                "organization_id": organization_id(body.code),
                "identifier_scheme": "GB/T 2260",
                "identifier_type": "行政区划代码",
                "identifier": body.code,
            }
        ],
    }


def listed_organization(body: Body) -> Document:
    """Return the organization as a list or another's part tells of it."""
    whole = organization(body)
    return {name: whole[name] for name in ("id", "name", "description", "legal_status")}


def service(district: str, handled: Handled, owner: Body) -> Document:
    """Return the matter as a service, without its places."""
    key = service_id(district, handled.code)
    return {
        "id": key,
        "organization_id": organization_id(owner.code),
        "name": handled.name,
        "description": f"政务服务事项，编码 {handled.code}。",
        "status": "active",
        "organization": listed_organization(owner),
    }


def whole_service(district: str, handled: Handled, owner: Body) -> Document:
    """Return the service with what a list leaves out, but for its places."""
    key = service_id(district, handled.code)
    return {
        **service(district, handled, owner),
        "organization": organization(owner),
        "languages": _languages("service_id", key),
        "service_areas": [
            {
                "id": id_of(district, "service_area", handled.code),
                "service_id": key,
                "name": owner.name,
                "extent": owner.code,
                "extent_type": "GB/T 2260",
            }
        ],
        "attributes": [attribute(key, "service", AREA, handled.area)],
    }


def listed_location(district: str, place: Place) -> Document:
    """Return the site as a list tells of it."""
    return {
        "id": location_id(district, place.id),
        "location_type": "physical",
        "organization_id": organization_id(district),
        "name": place.name,
        "alternate_name": place.english_name,
        "description": _state(place),
        "transportation": _transportation(place),
        "latitude": place.latitude,
        "longitude": place.longitude,
        "external_identifier": place.id,
        "external_identifier_type": "tongban site",
    }


def location(district: str, place: Place, body: Body) -> Document:
    """Return the site whole: address, access, hours, contacts."""
    key = location_id(district, place.id)
    phones, contacts = _reached(key, place)
    return {
        **listed_location(district, place),
        "languages": _languages("location_id", key),
        "addresses": [
            {
                "id": id_of(key, "address"),
                "location_id": key,
                "address_1": place.address,
                "address_2": place.street,
                "city": body.city,
                "region": body.name,
                "state_province": body.province,
                "postal_code": "",
                "country": "CN",
                "address_type": "physical",
            }
        ],
        "phones": phones,
        "contacts": contacts,
        "accessibility": [
            {
                "id": id_of(key, "accessibility", facility),
                "location_id": key,
                "description": ACCESSIBILITY_NAMES[facility],
                "details": facility,
            }
            for facility in place.facilities
            if facility in ACCESSIBILITY
        ],
        "schedules": schedules("location_id", key, place),
    }


def service_at_location(
    district: str, handled: Handled, place: Place, depth: Sequence[str]
) -> Document:
    """Return the matter at the site, without either."""
    key = service_at_location_id(district, handled.code, place.id)
    return {
        "id": key,
        "service_id": service_id(district, handled.code),
        "location_id": location_id(district, place.id),
        "description": _state(place),
        "attributes": [attribute(key, "service_at_location", DEPTH, one) for one in depth],
    }


def listed_service_at_location(
    district: str, handled: Handled, owner: Body, place: Place
) -> Document:
    """Return the matter at the site as a list tells of it."""
    there = service_at_location(district, handled, place, ())
    del there["attributes"]
    return {
        **there,
        "service": service(district, handled, owner),
        "location": listed_location(district, place),
    }


def whole_service_at_location(
    district: str, handled: Handled, owner: Body, place: Place, body: Body, depth: Sequence[str]
) -> Document:
    """Return the matter at the site with the service and the location, each whole."""
    return {
        **service_at_location(district, handled, place, depth),
        "schedules": schedules(
            "service_at_location_id",
            service_at_location_id(district, handled.code, place.id),
            place,
        ),
        "service": whole_service(district, handled, owner),
        "location": location(district, place, body),
    }


def schedules(link: str, key: str, place: Place) -> list[Document]:
    """Return the site's hours as weekly rules (RFC 5545 BYDAY), and its special days."""
    found: list[Document] = []
    for kind, attending, hours in (
        ("开放时间", None, place.opening_hours),
        ("延时服务", None, place.extended_hours),
        ("预约服务", "需预约 / by appointment", place.appointment_hours),
    ):
        if hours is None:
            continue
        for nth, rule in enumerate(_weekly(hours)):
            told = {
                "id": id_of(key, "schedule", kind, str(nth)),
                link: key,
                "timezone": HOURS_EAST,
                "description": f"{kind}（OSM opening_hours：{hours}）",
                "notes": "法定节假日、调休上班日以网点公告为准"
                " / public holidays and make-up days differ",
                **rule,
            }
            found.append(told if attending is None else {**told, "attending_type": attending})
    for day, hours, note in place.special_days:
        found.extend(_special(link, key, day, hours, note))
    return found


def _weekly(hours: str) -> list[Document]:
    week = weekly_hours(hours)
    if week is None:
        # By month or by date: no weekly rule says it, the words do.
        return [{}]
    by_times: dict[tuple[str, str], list[str]] = {}
    for weekday, times in enumerate(week):
        for pair in times:
            by_times.setdefault(pair, []).append(WEEKDAYS[weekday])
    return [
        {
            "freq": "WEEKLY",
            "interval": 1,
            "wkst": "MO",
            "byday": ",".join(days),
            "opens_at": opens,
            "closes_at": closes,
        }
        for (opens, closes), days in by_times.items()
    ]


def _special(link: str, key: str, day: date, hours: str, note: str | None) -> Iterator[Document]:
    times: Sequence[tuple[str, str] | None] = times_on(hours, day) or (None,)
    for nth, pair in enumerate(times):
        told: Document = {
            "id": id_of(key, "special", day.isoformat(), str(nth)),
            link: key,
            "timezone": HOURS_EAST,
            "valid_from": day.isoformat(),
            "valid_to": day.isoformat(),
            "dtstart": day.isoformat(),
            "count": 1,
            "description": f"特殊日期：{hours}" + (f"，{note}" if note else ""),
        }
        yield told if pair is None else {**told, "opens_at": pair[0], "closes_at": pair[1]}


def _reached(key: str, place: Place) -> tuple[list[Document], list[Document]]:
    """Return phones, and contacts of other kinds; a number is told once."""
    told = [{"kind": ContactKind.PHONE, "value": place.phone}] if place.phone else []
    phones: dict[str, Document] = {}
    contacts: list[Document] = []
    for one in [*told, *place.contacts]:
        kind, value = one["kind"], one["value"]
        if kind in _PHONES:
            phones.setdefault(
                value,
                {
                    "id": id_of(key, "phone", value),
                    "location_id": key,
                    "number": value,
                    "type": _PHONES[kind],
                },
            )
            continue
        contact = {"id": id_of(key, "contact", kind, value), "location_id": key}
        note = one.get("note")
        if kind == ContactKind.EMAIL:
            contact |= {"email": value, "name": note or place.name}
        else:
            contact |= {"name": value, "title": note or "微信"}
        contacts.append(contact)
    return list(phones.values()), contacts


def _languages(link: str, key: str) -> list[Document]:
    return [{"id": id_of(key, "language", "zh"), link: key, "name": "中文", "code": "zh"}]


def _state(place: Place) -> str:
    return place.name if place.is_open else f"{place.name}：暂停服务，{place.closed_reason}"


def _transportation(place: Place) -> str:
    return "；".join(
        f"{one['line']}{one['stop']}步行{one['walk_minutes']}分钟" for one in place.transit
    )
