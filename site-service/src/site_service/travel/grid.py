"""A made-up network of streets for a district without an extract: illustrative (示例路网)."""

import numpy as np

from site_service.travel.network import RoadNetwork
from site_service.travel.rules import EARTH_RADIUS_M, places, unit_vectors

__all__ = ["grid_network"]

MAIN_EVERY = 4
"""Each fourth street is a main one."""
MAIN_KM_H, SIDE_KM_H = 40, 20


def grid_network(
    *, south: float, west: float, north: float, east: float, spacing_m: float = 250
) -> RoadNetwork:
    """Return streets from south to north and from west to east, `spacing_m` apart.

    Xi'an's streets run like that since the Tang.
    """
    step = np.degrees(spacing_m / EARTH_RADIUS_M)
    latitudes = np.arange(south, north + step, step)
    wide = step / np.cos(np.radians((south + north) / 2))
    longitudes = np.arange(west, east + wide, wide)
    rows, columns = len(latitudes), len(longitudes)
    nodes = places([(latitude, longitude) for latitude in latitudes for longitude in longitudes])
    at = np.arange(rows * columns).reshape(rows, columns)
    row, column = np.divmod(np.arange(rows * columns), columns)
    pairs = [
        (at[:, :-1].ravel(), at[:, 1:].ravel(), row % MAIN_EVERY == 0),
        (at[:-1].ravel(), at[1:].ravel(), column % MAIN_EVERY == 0),
    ]
    starts = np.concatenate([one for start, end, _ in pairs for one in (start, end)])
    ends = np.concatenate([one for start, end, _ in pairs for one in (end, start)])
    is_main = np.concatenate([main[start] for start, _, main in pairs for _ in range(2)])
    vectors = unit_vectors(nodes)
    return RoadNetwork(
        version=f"grid-{south}-{west}-{north}-{east}-{spacing_m}",
        nodes=nodes,
        starts=starts.astype(np.int64),
        ends=ends.astype(np.int64),
        metres=np.linalg.norm(vectors[starts] - vectors[ends], axis=1) * EARTH_RADIUS_M,
        is_walked=np.ones(len(starts), dtype=bool),
        drive_m_s=np.where(is_main, MAIN_KM_H, SIDE_KM_H) / 3.6,
        provenance="illustrative",
    )
