"""Applicant, agent and form (申请人信息): sealed as one, opened to be handled, shown masked."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NotRequired, TypedDict
from uuid import UUID

from case_service.matters.rules import MatterContent
from tongban import gb
from tongban.vault import Vault

__all__ = [
    "Party",
    "identity_of",
    "masked",
    "masked_name",
    "name_sought",
    "opened",
    "phone_tail",
    "premises_sought",
    "sealed",
    "tail_of",
    "tail_sought",
]

MASKS: Mapping[str, Callable[[str], str]] = {
    "name": gb.mask_name,
    "legal_representative": gb.mask_name,
    "identity_number": gb.mask_identity_number,
    "phone": gb.mask_phone,
    "address": gb.mask_name,
}
FORM_MASKS: Mapping[str, Callable[[str], str]] = {
    "identity_number": gb.mask_identity_number,
    "phone": gb.mask_phone,
}


_PREMISES = (
    "premises",
    "business_address",
    "place_address",
    "production_address",
    "warehouse_address",
    "works_location",
    "land_location",
    "storage_location",
    "location",
    "address",
)
"""The fields, by their keys, that tell of the place that an application is about."""


class Party(TypedDict):
    """What is personal about a case."""

    applicant: dict[str, Any]
    agent: dict[str, Any] | None
    form: dict[str, Any]
    earlier_licence: NotRequired[dict[str, Any] | None]
    """The licence that it is about, where another system or none has it: its number may be a
    person's."""


def sealed(vault: Vault, party: Party, *, case_id: UUID) -> bytes:
    """Encrypt for the row of this case alone."""
    return vault.seal(json.dumps(party, ensure_ascii=False), context=_context(case_id))


def opened(vault: Vault, content: bytes, *, case_id: UUID) -> Party:
    party: Party = json.loads(vault.open(content, context=_context(case_id)))
    return party


def identity_of(applicant: Mapping[str, Any]) -> str:
    """Return the number that identifies the applicant: credit code or identity number."""
    number = applicant.get("credit_code") or applicant.get("identity_number")
    return str(number)


def name_sought(name: str) -> str:
    """Return what a name's blind index is made of: as typed, but for spaces and case."""
    return f"name:{''.join(name.split()).casefold()}"


def phone_tail(applicant: Mapping[str, Any]) -> str | None:
    """Return what a phone's blind index is made of: its last four digits, where there are four."""
    digits = "".join(letter for letter in applicant.get("phone") or "" if letter.isdigit())
    return tail_sought(digits[-4:]) if len(digits) >= 4 else None


def premises_sought(form: Mapping[str, Any]) -> str | None:
    """Return what a place's blind index is made of: as typed, but for spaces and case."""
    told = next((str(form[key]) for key in _PREMISES if form.get(key)), "")
    place = "".join(told.split()).casefold()
    return f"premises:{place}" if place else None


def tail_sought(digits: str) -> str:
    return f"phone:{digits}"


def tail_of(party: Party) -> str:
    """Return the last four characters of that number, by which progress is asked for."""
    return identity_of(party["applicant"])[-4:]


def masked_name(applicant: Mapping[str, Any]) -> str:
    """Return the name as lists show it; a firm's name is public."""
    if applicant["kind"] == "enterprise":
        return str(applicant["name"])
    return gb.mask_name(applicant["name"])


def masked(party: Party, content: MatterContent) -> Party:
    """Return what is shown unless the whole is asked for, which is on the record."""
    kinds = {field.key: field.kind for field in content.form_fields}
    agent, earlier = party["agent"], party.get("earlier_licence")
    return {
        "applicant": _masked_person(party["applicant"]),
        "agent": _masked_person(agent) if agent else None,
        "form": {
            key: FORM_MASKS[kinds[key]](str(value)) if kinds.get(key) in FORM_MASKS else value
            for key, value in party["form"].items()
        },
        "earlier_licence": _masked_number(earlier) if earlier else None,
    }


def _masked_number(licence: Mapping[str, Any]) -> dict[str, Any]:
    return {**licence, "number": gb.mask_identity_number(licence["number"])}


def _masked_person(person: Mapping[str, Any]) -> dict[str, Any]:
    is_firm = person.get("kind") == "enterprise"
    return {
        key: MASKS[key](value)
        if key in MASKS and value and not (is_firm and key in ("name", "address"))
        else value
        for key, value in person.items()
    }


def _context(case_id: UUID) -> str:
    return f"cases.party:{case_id}"
