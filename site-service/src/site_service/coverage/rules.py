"""Who is within reach of what: shares, gaps (覆盖规则).

Pure: arrays in, figures out. One row is a cell where people live, one column a site.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import h3  # type: ignore[import-untyped]  # ships neither stubs nor py.typed
import numpy as np
from numpy.typing import NDArray

from site_service.travel.rules import Manner, Places, Seconds

__all__ = ["AGES", "Question", "Share", "World", "gap_features", "nearest", "shares", "total"]

AGES = ("children", "adults", "elderly")
GAP_RESOLUTION = 8
"""H3's cells of about 0.7 km²: a neighbourhood."""
MOST_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Question:
    """Whom one asks about: what they need, how they go, how long it may take."""

    minutes: int = 15
    manner: Manner = field(default_factory=Manner)
    matter_code: str | None = None


@dataclass(frozen=True, eq=False)
class World:
    """Where people live and where the sites are, at one version of the inputs."""

    version: str
    homes: Places
    people: NDArray[np.int64]
    """One column an age, as in `AGES`."""
    streets: Sequence[tuple[str, str]]
    """Each cell's street: code, name."""
    is_illustrative: bool
    site_ids: Sequence[str]
    site_names: Sequence[str]
    site_kinds: Sequence[str]
    hours: Sequence[tuple[str, ...]]
    """Each site's ordinary hours, and extended ones."""
    stands: Places
    matters: Mapping[str, tuple[str, NDArray[np.int64]]]
    """Each matter's name, and the columns of the sites that handle it."""
    functions: Mapping[str, NDArray[np.int64]]
    """Each kiosk function, and the columns of the sites that have it."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many."""

    residents: int
    covered: int

    @property
    def share(self) -> float | None:
        """The part that is covered; None where nobody lives."""
        return round(self.covered / self.residents, 4) if self.residents else None


def nearest(seconds: Seconds, columns: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each cell's seconds to the nearest of these sites; infinite without one."""
    if not len(columns):
        return np.full(len(seconds), np.inf)
    found: NDArray[np.float64] = seconds[:, columns].min(axis=1)
    return found


def total(people: NDArray[np.int64], is_covered: NDArray[np.bool_]) -> Share:
    """Return the share of all residents."""
    return Share(int(people.sum()), int(people[is_covered].sum()))


def shares(
    world: World, is_covered: NDArray[np.bool_]
) -> tuple[dict[str, Share], dict[tuple[str, str], Share]]:
    """Return the shares by age and by street."""
    by_age = {
        age: Share(int(world.people[:, at].sum()), int(world.people[is_covered, at].sum()))
        for at, age in enumerate(AGES)
    }
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, street in enumerate(world.streets):
        rows[street].append(row)
    by_street = {
        street: total(world.people[mine], is_covered[mine]) for street, mine in sorted(rows.items())
    }
    return by_age, by_street


def gap_features(
    world: World, seconds: NDArray[np.float64], is_covered: NDArray[np.bool_]
) -> list[dict[str, Any]]:
    """Return the neighbourhoods of those who are not covered, as GeoJSON, most residents first."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row in np.flatnonzero(~is_covered & (world.people.sum(axis=1) > 0)):
        latitude, longitude = world.homes[row]
        rows[h3.latlng_to_cell(float(latitude), float(longitude), GAP_RESOLUTION)].append(int(row))
    features = [_gap(world, seconds, cell, mine) for cell, mine in rows.items()]
    return sorted(features, key=lambda one: (-one["properties"]["residents"], one["id"]))


def _gap(world: World, seconds: NDArray[np.float64], cell: str, rows: list[int]) -> dict[str, Any]:
    ring = [[longitude, latitude] for latitude, longitude in h3.cell_to_boundary(cell)]
    soonest = float(seconds[rows].min())
    people = world.people[rows].sum(axis=0)
    return {
        "type": "Feature",
        "id": cell,
        # GeoJSON's outer rings run against the clock, as H3's do.
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
        "properties": {
            "residents": int(people.sum()),
            **{age: int(count) for age, count in zip(AGES, people, strict=True)},
            "nearest_minutes": None if np.isinf(soonest) else round(soonest / 60, 1),
            "streets": sorted({world.streets[row][1] for row in rows}),
        },
    }
