"""Made-up population cells for a district without figures: illustrative (示例人口)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import h3  # type: ignore[import-untyped]  # ships neither stubs nor py.typed

from site_service.coverage.schemas import CellIn
from site_service.sites.places import EARTH_RADIUS_M, is_within
from site_service.sites.rules import Point, Provenance

__all__ = ["hull_of", "made_up_cells"]

RESOLUTION = 9
"""H3's cells of about 0.1 km²."""
FEWEST = 25
"""Where fewer would live nobody does."""
PEAK = {"hall": 2200.0, "centre": 1100.0, "station": 900.0, "point": 700.0}
"""Residents of the cell at a site; the town thins out from there."""
WIDTH_M = {"hall": 2600.0, "centre": 1300.0, "station": 1200.0, "point": 800.0}
ROOM_M = 1_500
"""How far the boundary lies beyond the outermost sites."""


def hull_of(sites: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a boundary around the sites: their convex hull, with room."""
    up = math.degrees(ROOM_M / EARTH_RADIUS_M)
    wide = up / math.cos(math.radians(sites[0]["latitude"]))
    corners = sorted(
        {
            (site["longitude"] + east * wide, site["latitude"] + north * up)
            for site in sites
            for east, north in ((1, 0), (-1, 0), (0, 1), (0, -1), (0.7, 0.7), (-0.7, -0.7))
        }
    )
    ring = [*_half(corners), *_half(corners[::-1])]
    rounded = [[round(longitude, 5), round(latitude, 5)] for longitude, latitude in ring]
    return {"type": "Polygon", "coordinates": [[*rounded, rounded[0]]]}


def _half(corners: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Half of a convex hull, by Andrew's chain."""
    chain: list[tuple[float, float]] = []
    for x, y in corners:
        while len(chain) > 1:
            (ax, ay), (bx, by) = chain[-2:]
            if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                break
            chain.pop()
        chain.append((x, y))
    return chain[:-1]


def made_up_cells(sites: Sequence[Mapping[str, Any]], boundary: Mapping[str, Any]) -> list[CellIn]:
    """Return cells that thin out from the sites' neighbourhoods; the same for the same sites."""
    shape = h3.geo_to_h3shape(boundary)
    cells = (
        _cell(one, sites, dict(boundary)) for one in sorted(h3.h3shape_to_cells(shape, RESOLUTION))
    )
    return [cell for cell in cells if cell is not None]


def _cell(
    h3_cell: str, sites: Sequence[Mapping[str, Any]], boundary: dict[str, Any]
) -> CellIn | None:
    latitude, longitude = h3.cell_to_latlng(h3_cell)
    if not is_within(Point(latitude, longitude), boundary):
        return None
    ways = [
        (
            h3.great_circle_distance(
                (latitude, longitude), (one["latitude"], one["longitude"]), "m"
            ),
            at,
        )
        for at, one in enumerate(sites)
    ]
    density = max(
        PEAK[sites[at]["kind"]] * math.exp(-((metres / WIDTH_M[sites[at]["kind"]]) ** 2))
        for metres, at in ways
    )
    # Villages between the towns: one cell in twelve, by its own number.
    village = 160 if int(h3_cell, 16) // 16**6 % 12 == 0 else 0
    residents = round(max(density, village) * (0.75 + int(h3_cell, 16) // 16**6 % 7 / 12))
    if residents < FEWEST:
        return None
    nearest = sites[min(ways)[1]]
    # The young live in the towns, the old remain in the villages.
    elderly = round(residents * (0.24 if density < village else 0.14))
    children = round(residents * (0.13 if density < village else 0.19))
    return CellIn(
        id=h3_cell,
        latitude=round(latitude, 6),
        longitude=round(longitude, 6),
        street_code=nearest["street_code"],
        street=nearest["street"],
        children=children,
        adults=residents - children - elderly,
        elderly=elderly,
        provenance=Provenance.ILLUSTRATIVE,
    )
