"""Who goes how fast, and the straight line with its detours (出行规则).

Pure. The default needs no map: the way is the straight line times a detour factor, gone at a
steady speed. 1.2 m/s is the pace signals in cities are timed for; people of sixty and more go at
0.8 m/s.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DETOURS",
    "Manner",
    "Mode",
    "Pace",
    "Places",
    "Seconds",
    "Travel",
    "chunks",
    "places",
    "reach_m",
    "straight_seconds",
    "unit_vectors",
]

EARTH_RADIUS_M = 6_371_000
CHUNK = 256

Places = NDArray[np.float64]
"""One row a place: latitude, longitude, WGS-84."""
Seconds = NDArray[np.float64]
"""One row an origin, one column a destination; infinite where it takes longer than asked for."""


class Mode(StrEnum):
    WALK = "walk"  # 步行
    DRIVE = "drive"  # 驾车


class Pace(StrEnum):
    STANDARD = "standard"  # 一般步速
    SLOW = "slow"  # 老年人步速


@dataclass(frozen=True, slots=True)
class Manner:
    """How somebody goes."""

    mode: Mode = Mode.WALK
    pace: Pace = Pace.STANDARD

    @property
    def walking_m_s(self) -> float:
        return 0.8 if self.pace is Pace.SLOW else 1.2

    @property
    def speed_m_s(self) -> float:
        """The steady speed where nothing is known of the roads: 25 km/h for a car in town."""
        return 25 / 3.6 if self.mode is Mode.DRIVE else self.walking_m_s

    @property
    def overhead_seconds(self) -> float:
        """What a way by car takes besides driving: to the car, and from where it is left."""
        if self.mode is Mode.WALK:
            return 0.0
        return 120 * 1.2 / self.walking_m_s


DETOURS = MappingProxyType({Mode.WALK: 1.3, Mode.DRIVE: 1.4})
FASTEST_M_S = MappingProxyType({Mode.WALK: 1.2, Mode.DRIVE: 120 / 3.6})


class Travel(Protocol):
    """Tells how long ways take."""

    @property
    def version(self) -> str:
        """Changes where answers may."""
        ...

    async def seconds(
        self, origins: Places, destinations: Places, manner: Manner, *, most: float
    ) -> Seconds:
        """Return the seconds of each way, infinite beyond `most`."""
        ...


def places(points: Any) -> Places:
    """Return points, pairs of latitude and longitude, as one array."""
    return np.asarray(points, dtype=np.float64).reshape(-1, 2)


def unit_vectors(of: Places) -> NDArray[np.float64]:
    """Return each place's point on the unit sphere."""
    latitudes, longitudes = np.radians(of[:, 0]), np.radians(of[:, 1])
    flat = np.cos(latitudes)
    return np.stack(
        [flat * np.cos(longitudes), flat * np.sin(longitudes), np.sin(latitudes)], axis=1
    )


def straight_metres(origins: Places, destinations: Places) -> NDArray[np.float64]:
    """Return the distances on the ground."""
    a, b = unit_vectors(origins), unit_vectors(destinations)
    squares = np.sum((a[:, None, :] - b[None, :, :]) ** 2, axis=2)
    metres: NDArray[np.float64] = np.arcsin(np.minimum(1.0, np.sqrt(squares) / 2))
    return 2 * EARTH_RADIUS_M * metres


def straight_seconds(
    origins: Places, destinations: Places, manner: Manner, *, most: float
) -> Seconds:
    """Return the seconds along straight lines with detours."""
    seconds = np.full((len(origins), len(destinations)), np.inf)
    for rows in chunks(len(origins)):
        metres = straight_metres(origins[rows], destinations) * DETOURS[manner.mode]
        seconds[rows] = metres / manner.speed_m_s + manner.overhead_seconds
    seconds[seconds > most] = np.inf
    return seconds


def reach_m(manner: Manner, *, most: float, is_straight: bool) -> float:
    """Return the straight-line metres beyond which nothing can be reached in `most` seconds."""
    moving = max(0.0, most - (manner.overhead_seconds if is_straight else 0.0))
    if is_straight:
        return moving * manner.speed_m_s / DETOURS[manner.mode]
    return moving * FASTEST_M_S[manner.mode]


def chunks(count: int, size: int = CHUNK) -> Iterator[slice]:
    """Yield slices that bound how much is held at once."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))
