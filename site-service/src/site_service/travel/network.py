"""Ways along roads: a network of nodes and edges, and the shortest ways in it (路网).

The search is scipy's Dijkstra; it holds the interpreter, so callers run it off the event loop.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from site_service.travel.rules import (
    EARTH_RADIUS_M,
    Manner,
    Mode,
    Places,
    Seconds,
    chunks,
    unit_vectors,
)

__all__ = ["RoadNetwork"]

FARTHEST_FROM_ROAD_M = 1_500
"""A place farther than this from every road is not reached."""
ORIGINS_AT_ONCE = 8
"""Between two searches the interpreter is free for others."""


@dataclass(frozen=True, eq=False)
class RoadNetwork:
    """Nodes, and edges in one direction each."""

    version: str
    nodes: Places
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    metres: NDArray[np.float64]
    is_walked: NDArray[np.bool_]
    drive_m_s: NDArray[np.float64]
    """0 where no car may go."""
    provenance: str

    def save(self, path: Path) -> None:
        """Write the network to one file."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        with path.open("wb") as file:
            np.savez_compressed(file, **fields)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a network that `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            fields: dict[str, Any] = {name: stored[name] for name in cls.__dataclass_fields__}
        texts = {name: str(fields[name]) for name in ("version", "provenance")}
        return cls(**{**fields, **texts})

    def seconds(
        self, origins: Places, destinations: Places, manner: Manner, *, most: float
    ) -> Seconds:
        """Return the seconds of each way, infinite beyond `most` or where no road leads."""
        roads = self._walking if manner.mode is Mode.WALK else self._driving
        found = np.full((len(origins), len(destinations)), np.inf)
        if roads is None or not len(origins) or not len(destinations):
            return found
        if len(origins) > len(destinations):
            return roads.turned.search(destinations, origins, manner, most=most).T
        return roads.search(origins, destinations, manner, most=most)

    @cached_property
    def _walking(self) -> "_Roads | None":
        return _Roads.of(self, self.metres, self.is_walked)

    @cached_property
    def _driving(self) -> "_Roads | None":
        may_go = self.drive_m_s > 0
        return _Roads.of(self, self.metres / np.where(may_go, self.drive_m_s, 1), may_go)


@dataclass(frozen=True, eq=False)
class _Roads:
    """The roads of one mode, their largest connected part: nobody starts on an island."""

    graph: Any
    nodes: Places

    @classmethod
    def of(
        cls, network: RoadNetwork, weights: NDArray[np.float64], used: NDArray[np.bool_]
    ) -> "Self | None":
        if not used.any():
            return None
        starts, ends = network.starts[used], network.ends[used]
        weights = np.maximum(weights[used], 0.01)
        # Of parallel edges the shortest counts; a sparse matrix would add them up.
        order = np.lexsort((weights, ends, starts))
        starts, ends, weights = starts[order], ends[order], weights[order]
        first = np.ones(len(starts), dtype=bool)
        first[1:] = (np.diff(starts) != 0) | (np.diff(ends) != 0)
        size = len(network.nodes)
        graph = csr_matrix((weights[first], (starts[first], ends[first])), shape=(size, size))
        _, parts = connected_components(graph, directed=True, connection="strong")
        kept = np.flatnonzero(parts == np.bincount(parts).argmax())
        return cls(graph[kept][:, kept].tocsr(), network.nodes[kept])

    @cached_property
    def turned(self) -> "_Roads":
        """The same roads, gone against their direction."""
        return _Roads(self.graph.T.tocsr(), self.nodes)

    @cached_property
    def _tree(self) -> Any:
        from scipy.spatial import KDTree  # dear to import: only where there is a road network

        return KDTree(unit_vectors(self.nodes))

    def _entries(self, of: Places) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return each place's nearest node and the metres to it."""
        chords, at = self._tree.query(unit_vectors(of))
        metres = np.asarray(chords) * EARTH_RADIUS_M
        metres[metres > FARTHEST_FROM_ROAD_M] = np.inf
        return np.asarray(at), metres

    def search(
        self, origins: Places, destinations: Places, manner: Manner, *, most: float
    ) -> Seconds:
        pace = 1 / manner.walking_m_s if manner.mode is Mode.WALK else 1.0
        starts, to_start = self._entries(origins)
        ends, to_end = self._entries(destinations)
        found = np.full((len(origins), len(destinations)), np.inf)
        for rows in chunks(len(origins), ORIGINS_AT_ONCE):
            on_road = dijkstra(self.graph, indices=starts[rows], limit=most / pace)[:, ends] * pace
            on_foot = (to_start[rows, None] + to_end[None, :]) / manner.walking_m_s
            found[rows] = on_road + on_foot + manner.overhead_seconds
        found[found > most] = np.inf
        return found
