"""The row under which a matter in force is listed, found and counted. Pure."""

from dataclasses import asdict
from typing import Any

from catalog_service.matters.content import MatterContent
from catalog_service.matters.search import findable

__all__ = ["published_row"]


def published_row(content: MatterContent, *, number: int, district: str) -> dict[str, Any]:
    """Return the list row of version `number` of a matter of ours."""
    found_by = findable(
        name=content.name,
        english_name=content.english_name,
        keywords=content.keywords,
        area=content.area,
    )
    before = content.baseline
    return {
        "code": content.code,
        "number": number,
        "owner_district": district,
        "name": content.name,
        "english_name": content.english_name,
        "matter_type": content.matter_type,
        "handling": content.handling,
        "area": content.area,
        "audiences": [*content.audiences],
        "channels": [*content.channels],
        "body_name": content.body.name,
        "body_kind": content.body.kind,
        "concentrated": content.concentrated,
        "handling_scope": content.handling_scope,
        "statutory_days": content.statutory_days,
        "statutory_unit": content.statutory_unit,
        "promised_days": content.promised_days,
        "required_materials": content.required_materials,
        "baseline_as_of": before and before.as_of,
        "baseline_materials": before and len(before.required_materials),
        **asdict(found_by),
    }
