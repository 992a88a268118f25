"""What two districts sign of an agreement: one text, whichever of them derives it. Pure."""

from collections.abc import Iterable
from typing import Any

from interop_service.partners.rules import Direction

__all__ = ["terms_of"]


def terms_of(
    *, own_district: str, partner: str, direction: Direction, offers: Iterable[Any], **said: Any
) -> dict[str, Any]:
    """Return an agreement's terms without a point of view: both sides derive the same.

    Directions are named by who is near and who is the owner; lists are sorted.
    """
    out = {"near": own_district, "owner": partner}
    back = {"near": partner, "owner": own_district}
    ways = {Direction.OUT: [out], Direction.IN: [back], Direction.BOTH: [out, back]}[direction]
    matters = [{"owner": offer.owner_district, "code": offer.matter_code} for offer in offers]
    return {
        **{
            name: sorted(value) if isinstance(value, list) else value
            for name, value in said.items()
        },
        "districts": sorted([own_district, partner]),
        "ways": sorted(ways, key=lambda way: way["near"]),
        "matters": sorted(matters, key=lambda matter: (matter["owner"], matter["code"])),
    }
