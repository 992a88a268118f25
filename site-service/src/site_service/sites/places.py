"""Where things are: datums, the district's boundary, distances on the globe (坐标与边界).

Pure. WGS-84 throughout; GCJ-02, which maps in China show, and BD-09, which Baidu shows, are
converted as they come in and go out.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, cast

import prcoords  # type: ignore[import-untyped]  # one plain module, without types

from site_service.sites.rules import Point
from site_service.sites.vocabulary import Datum

__all__ = ["chord_of", "datum_that_fits", "from_wgs84", "is_within", "rings_of", "to_wgs84"]

EARTH_RADIUS_M = 6_371_000
CHINA = (1.8293, 54.8271, 73.004, 136.8347)
"""South, north, west, east."""


def to_wgs84(point: Point, datum: Datum) -> Point:
    """Return the point in WGS-84, exact to a hand's breadth."""
    if datum is Datum.WGS84 or not _is_shifted(point):
        return point
    convert = prcoords.gcj_wgs_bored if datum is Datum.GCJ02 else prcoords.bd_wgs_bored
    return _converted(convert(prcoords.Coords(point.latitude, point.longitude)))


def from_wgs84(point: Point, datum: Datum) -> Point:
    """Return the WGS-84 point as a map in `datum` shows it."""
    if datum is Datum.WGS84 or not _is_shifted(point):
        return point
    convert = prcoords.wgs_gcj if datum is Datum.GCJ02 else prcoords.wgs_bd
    return _converted(convert(prcoords.Coords(point.latitude, point.longitude)))


def _is_shifted(point: Point) -> bool:
    """Whether maps of China shift the place; well within the library's edge."""
    south, north, west, east = CHINA
    return south <= point.latitude <= north and west <= point.longitude <= east


def _converted(coordinates: Any) -> Point:
    # Seven places are a centimetre; what lies behind them is noise of the conversion.
    return Point(round(float(coordinates.lat), 7), round(float(coordinates.lon), 7))


Ring = Sequence[Sequence[float]]


def rings_of(geometry: dict[str, Any]) -> Iterator[Ring]:
    """Yield every ring, holes included, of a GeoJSON Polygon or MultiPolygon."""
    if geometry["type"] == "Polygon":
        yield from cast("list[Ring]", geometry["coordinates"])
    else:
        for polygon in geometry["coordinates"]:
            yield from cast("list[Ring]", polygon)


def is_within(point: Point, geometry: dict[str, Any]) -> bool:
    """Tell whether the point lies inside, by the even-odd rule: holes are outside."""
    crossings = sum(
        _crosses(point, start, end)
        for ring in rings_of(geometry)
        for start, end in zip(ring, [*ring[1:], ring[0]], strict=True)
    )
    return crossings % 2 == 1


def _crosses(point: Point, start: Sequence[float], end: Sequence[float]) -> bool:
    """Whether the ray from the point to the east crosses the edge."""
    if (start[1] > point.latitude) == (end[1] > point.latitude):
        return False
    share = (point.latitude - start[1]) / (end[1] - start[1])
    return point.longitude < start[0] + share * (end[0] - start[0])


def datum_that_fits(point: Point, geometry: dict[str, Any]) -> Datum | None:
    """Return the datum in which a point that lies outside would lie inside, if there is one."""
    for datum in (Datum.GCJ02, Datum.BD09):
        if is_within(to_wgs84(point, datum), geometry):
            return datum
    return None


def chord_of(metres: float) -> float:
    """Return the straight way through the unit sphere that belongs to a way on the ground."""
    return 2 * math.sin(min(metres / EARTH_RADIUS_M, math.pi) / 2)
