"""Ways told by a routing server: OSRM's table service, Valhalla's matrix (路径规划服务)."""

from typing import Any, cast

import httpx
import numpy as np

from site_service.travel.errors import TravelUnavailable
from site_service.travel.rules import Manner, Mode, Pace, Places, Seconds, chunks

__all__ = ["Osrm", "Valhalla"]

TIMEOUT_SECONDS = 20.0
AT_ONCE = 50
"""Origins, and destinations, in one question: both servers allow a hundred places by default."""


class _Server:
    """Asks in blocks that the server allows."""

    name: str

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        self._transport = transport

    @property
    def version(self) -> str:
        return f"{self.name}:{self._url}"

    async def seconds(
        self, origins: Places, destinations: Places, manner: Manner, *, most: float
    ) -> Seconds:
        """Return the seconds of each way, infinite beyond `most`.

        Raises:
            TravelUnavailable: 503, the server did not answer, or not in its own protocol.
        """
        found = np.full((len(origins), len(destinations)), np.inf)
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, transport=self._transport) as client:
            for rows in chunks(len(origins), AT_ONCE):
                for columns in chunks(len(destinations), AT_ONCE):
                    block = await self._asked(client, origins[rows], destinations[columns], manner)
                    found[rows, columns] = block + manner.overhead_seconds
        found[found > most] = np.inf
        return found

    async def _asked(
        self, client: httpx.AsyncClient, origins: Places, destinations: Places, manner: Manner
    ) -> Seconds:
        try:
            answer = await self._ask(client, origins, destinations, manner)
            answer.raise_for_status()
            block = self._read(answer.json(), manner)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as fault:
            raise TravelUnavailable(server=self.name) from fault
        if block.shape != (len(origins), len(destinations)):
            raise TravelUnavailable(server=self.name)
        return block

    async def _ask(
        self, client: httpx.AsyncClient, origins: Places, destinations: Places, manner: Manner
    ) -> httpx.Response:
        raise NotImplementedError

    def _read(self, answer: Any, manner: Manner) -> Seconds:
        raise NotImplementedError


def _numbers(table: list[list[float | None]]) -> Seconds:
    rows = [[np.inf if one is None else one for one in row] for row in table]
    return cast("Seconds", np.asarray(rows, dtype=np.float64))


class Osrm(_Server):
    """`/table/v1/{profile}/…`, as osrm-routed answers it."""

    name = "osrm"

    async def _ask(
        self, client: httpx.AsyncClient, origins: Places, destinations: Places, manner: Manner
    ) -> httpx.Response:
        profile = "foot" if manner.mode is Mode.WALK else "driving"
        every = [*origins, *destinations]
        line = ";".join(f"{longitude:.6f},{latitude:.6f}" for latitude, longitude in every)
        first, last = len(origins), len(every)
        query = {
            "annotations": "duration",
            "sources": ";".join(map(str, range(first))),
            "destinations": ";".join(map(str, range(first, last))),
        }
        return await client.get(f"{self._url}/table/v1/{profile}/{line}", params=query)

    def _read(self, answer: Any, manner: Manner) -> Seconds:
        block = _numbers(answer["durations"])
        # Its profile has one walking speed; whoever is slower takes longer in proportion.
        is_slow = manner.mode is Mode.WALK and manner.pace is Pace.SLOW
        return block * (Manner().walking_m_s / manner.walking_m_s) if is_slow else block


class Valhalla(_Server):
    """`/sources_to_targets`, as Valhalla answers it."""

    name = "valhalla"

    async def _ask(
        self, client: httpx.AsyncClient, origins: Places, destinations: Places, manner: Manner
    ) -> httpx.Response:
        costing = "pedestrian" if manner.mode is Mode.WALK else "auto"
        question: dict[str, Any] = {
            "sources": [{"lat": latitude, "lon": longitude} for latitude, longitude in origins],
            "targets": [
                {"lat": latitude, "lon": longitude} for latitude, longitude in destinations
            ],
            "costing": costing,
        }
        if manner.mode is Mode.WALK:
            speed = round(manner.walking_m_s * 3.6, 2)
            question["costing_options"] = {"pedestrian": {"walking_speed": speed}}
        return await client.post(f"{self._url}/sources_to_targets", json=question)

    def _read(self, answer: Any, manner: Manner) -> Seconds:
        table = answer["sources_to_targets"]
        return _numbers([[one["time"] for one in row] for row in table])
