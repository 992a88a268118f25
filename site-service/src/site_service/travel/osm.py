"""Reads an OpenStreetMap extract into a road network, off line (导入路网)."""

import hashlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import osmium

from site_service.travel.network import RoadNetwork
from site_service.travel.rules import EARTH_RADIUS_M, places, unit_vectors

__all__ = ["read_extract"]

DRIVE_KM_H = {
    "motorway": 80,
    "motorway_link": 50,
    "trunk": 60,
    "trunk_link": 40,
    "primary": 40,
    "primary_link": 30,
    "secondary": 35,
    "secondary_link": 30,
    "tertiary": 30,
    "tertiary_link": 25,
    "unclassified": 25,
    "residential": 20,
    "living_street": 10,
    "service": 15,
}
"""What traffic in a town lets a car do, on the whole."""
NOT_WALKED = frozenset(
    {"motorway", "motorway_link", "construction", "proposed", "raceway", "abandoned", "razed"}
)
CLOSED = frozenset({"no", "private"})


class NoRoads(ValueError):
    """The extract holds no road."""


def read_extract(path: Path) -> RoadNetwork:
    """Read an `.osm.pbf` or `.osm` file.

    Raises:
        NoRoads: nothing in it is a road.
    """
    at: dict[int, int] = {}
    where: list[tuple[float, float]] = []
    edges: list[tuple[int, int, bool, float]] = []
    ways = (
        osmium.FileProcessor(path).with_locations().with_filter(osmium.filter.KeyFilter("highway"))
    )
    for way in ways:
        if not isinstance(way, osmium.osm.Way):
            continue
        walked, speed, forward, backward = _use_of(dict(way.tags))
        if not walked and not speed:
            continue
        line = []
        for node in way.nodes:
            if not node.location.valid():
                continue
            if node.ref not in at:
                at[node.ref] = len(where)
                where.append((node.lat, node.lon))
            line.append(at[node.ref])
        for start, end in pairwise(line):
            edges.append((start, end, walked, speed if forward else 0.0))
            edges.append((end, start, walked, speed if backward else 0.0))
    if not edges:
        raise NoRoads(path)
    return _network(path, where, edges)


def _use_of(tags: dict[str, str]) -> tuple[bool, float, bool, bool]:
    """Return whether it is walked, the car's metres a second, and its directions."""
    kind = tags["highway"]
    walked = kind not in NOT_WALKED and tags.get("foot", tags.get("access", "yes")) not in CLOSED
    barred = tags.get("motor_vehicle", tags.get("access", "yes")) in CLOSED
    speed = 0.0 if barred else DRIVE_KM_H.get(kind, 0) / 3.6
    oneway = tags.get("oneway", "yes" if tags.get("junction") == "roundabout" else "no")
    return walked, speed, oneway != "-1", oneway not in ("yes", "true", "1")


def _network(
    path: Path, where: list[tuple[float, float]], edges: list[tuple[int, int, bool, float]]
) -> RoadNetwork:
    nodes = places(where)
    starts, ends = (np.array([edge[side] for edge in edges], dtype=np.int64) for side in (0, 1))
    vectors = unit_vectors(nodes)
    return RoadNetwork(
        version=hashlib.sha256(path.read_bytes()).hexdigest()[:16],
        nodes=nodes,
        starts=starts,
        ends=ends,
        metres=np.linalg.norm(vectors[starts] - vectors[ends], axis=1) * EARTH_RADIUS_M,
        is_walked=np.array([edge[2] for edge in edges]),
        drive_m_s=np.array([edge[3] for edge in edges], dtype=np.float64),
        provenance="sourced",
    )
