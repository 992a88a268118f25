"""Which provider of travel times this district uses, by one setting (SITE_TRAVEL)."""

import asyncio
from pathlib import Path
from zipfile import BadZipFile

from site_service.travel.errors import TravelUnavailable
from site_service.travel.network import RoadNetwork
from site_service.travel.rules import Manner, Places, Seconds, Travel, straight_seconds
from site_service.travel.servers import Osrm, Valhalla
from tongban.context import Context

__all__ = ["Roads", "StraightLines", "is_straight", "of", "opened"]

RESOURCE = "travel"


class StraightLines:
    """Straight lines with detour factors: needs no map."""

    version = "straight-1"

    async def seconds(
        self, origins: Places, destinations: Places, manner: Manner, *, most: float
    ) -> Seconds:
        """Return the seconds of each way, infinite beyond `most`."""
        return await asyncio.to_thread(straight_seconds, origins, destinations, manner, most=most)


class Roads:
    """A road network, read from its file when first needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            stat = path.stat()
        except OSError as fault:
            raise self._unreadable() from fault
        self.version = f"roads:{path.name}:{stat.st_mtime_ns}:{stat.st_size}"
        self._network: RoadNetwork | None = None
        self._reading = asyncio.Lock()

    async def seconds(
        self, origins: Places, destinations: Places, manner: Manner, *, most: float
    ) -> Seconds:
        """Return the seconds of each way, infinite beyond `most`.

        Raises:
            TravelUnavailable: 503, the file is none that the import wrote.
        """
        async with self._reading:
            if self._network is None:
                try:
                    self._network = await asyncio.to_thread(RoadNetwork.load, self._path)
                except (OSError, ValueError, KeyError, BadZipFile) as fault:
                    raise self._unreadable() from fault
        return await asyncio.to_thread(
            self._network.seconds, origins, destinations, manner, most=most
        )

    def _unreadable(self) -> TravelUnavailable:
        return TravelUnavailable(server=f"roads:{self._path.name}")


def opened(setting: str) -> Travel:
    """Return the provider that `straight`, `roads:…`, `osrm:…` or `valhalla:…` names.

    Raises:
        TravelUnavailable: 503, the road network's file is not there.
    """
    kind, _, rest = setting.partition(":")
    match kind:
        case "roads":
            return Roads(Path(rest))
        case "osrm":
            return Osrm(rest)
        case "valhalla":
            return Valhalla(rest)
        case _:
            return StraightLines()


def of(context: Context) -> Travel:
    """Return this process's provider."""
    if RESOURCE not in context.resources:
        context.resources[RESOURCE] = opened(context.settings.travel)
    travel: Travel = context.resources[RESOURCE]
    return travel


def is_straight(travel: Travel) -> bool:
    """Whether ways are straight lines, so that the distance alone bounds them."""
    return isinstance(travel, StraightLines)
