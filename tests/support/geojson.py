"""Holds a GeoJSON document to RFC 7946's structure."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

__all__ = ["geojson_faults"]

GEOMETRIES = {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}


def geojson_faults(document: Any) -> list[str]:
    """Return where a FeatureCollection departs from the RFC, with the section that it breaks."""
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        return ["3.3: not a FeatureCollection"]
    faults = [
        f"7.1: {name}" for name in ("coordinates", "geometry", "properties") if name in document
    ]
    faults += ["4: crs was removed from GeoJSON"] if "crs" in document else []
    features = document.get("features")
    if not isinstance(features, list):
        return [*faults, "3.3: features is no array"]
    for nth, one in enumerate(features):
        faults += [f"features/{nth}: {fault}" for fault in _feature(one)]
    return faults


def _feature(one: Any) -> Iterator[str]:
    if not isinstance(one, dict) or one.get("type") != "Feature":
        yield "3.2: not a Feature"
        return
    if not isinstance(one.get("properties", 0), dict | None):
        yield "3.2: properties is no object and not null"
    if not isinstance(one.get("id", ""), str | int | float):
        yield "3.2: id is neither a string nor a number"
    if {"coordinates", "geometries", "features"} & one.keys():
        yield "7.1: has another object's members"
    geometry = one.get("geometry", 0)
    if geometry is None:
        return
    if not isinstance(geometry, dict) or geometry.get("type") not in GEOMETRIES:
        yield "3.1: no geometry"
    elif geometry["type"] == "Point":
        yield from _position(geometry["coordinates"])
    elif geometry["type"] == "Polygon":
        yield from _polygon(geometry["coordinates"])
    elif geometry["type"] == "MultiPolygon":
        for polygon in geometry["coordinates"]:
            yield from _polygon(polygon)
    else:
        yield f"{geometry['type']} is not looked at here"


def _position(told: Any) -> Iterator[str]:
    if not isinstance(told, list) or not 2 <= len(told) <= 3:
        yield "3.1.1: a position has two or three numbers"
    elif not abs(told[0]) <= 180 or not abs(told[1]) <= 90:
        yield f"4: {told} is not [longitude, latitude]"


def _polygon(rings: Sequence[Any]) -> Iterator[str]:
    for nth, ring in enumerate(rings):
        for position in ring:
            yield from _position(position)
        if len(ring) < 4 or ring[0] != ring[-1]:
            yield "3.1.6: a ring is closed, of four positions or more"
        # Twice the area; positive where the ring runs against the clock.
        turn = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))
        if (turn > 0) != (nth == 0):
            yield "3.1.6: outer rings run against the clock, inner ones with it"
