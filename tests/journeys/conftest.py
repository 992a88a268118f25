"""Two whole districts, started once a run, that know each other only by signed HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from support.hall import District
from tongban.run.platform import Platform
from tongban.run.ports import Ports, free_base_port

DATA = Path(__file__).parents[2] / "deploy" / "districts"
# All of a run's requests come from one address and few people.
UNLIMITED = {
    f"GATEWAY_{kind}_RATE": "100000/second"
    for kind in ("REQUEST", "PROGRESS", "TICKET", "EXCHANGE")
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Share out in two: every operation, with a district of its own, takes as long as all else."""
    for item in items:
        is_alone = item.path.name == "test_operations.py"
        item.add_marker(pytest.mark.xdist_group("operations" if is_alone else "districts"))


@asynccontextmanager
async def district_of(folder: Path, code: str, data: str) -> AsyncIterator[Platform]:
    """Run a whole district, with the data of this name."""
    async with Platform(
        folder=folder,
        district=code,
        ports=Ports(free_base_port()),
        data=DATA / data,
        settings=UNLIMITED,
    ) as platform:
        yield platform


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def districts(scratch: Path) -> AsyncIterator[tuple[District, District]]:
    """高新 and 曲江, each with its own databases and broker, introduced to each other."""
    folder = scratch / "journeys"
    async with (
        district_of(folder / "hitech", "610171", "xian-hitech") as near,
        district_of(folder / "qujiang", "610172", "qujiang") as owner,
    ):
        hitech, qujiang = District.of(near, "西安高新区"), District.of(owner, "西安曲江新区")
        await hitech.meet(qujiang)
        await qujiang.meet(hitech)
        yield hitech, qujiang
        await hitech.client.aclose()
        await qujiang.client.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def hitech(districts: tuple[District, District]) -> District:
    """西安高新区: where Mr Huang lives."""
    return districts[0]


@pytest_asyncio.fixture(loop_scope="session")
async def qujiang(districts: tuple[District, District]) -> District:
    """西安曲江新区: where his firm is."""
    return districts[1]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def ankang(scratch: Path, districts: tuple[District, District]) -> AsyncIterator[District]:
    """安康高新区, the third: started for those stories alone that need it."""
    hitech, _ = districts
    async with district_of(scratch / "journeys" / "ankang", "610971", "ankang-hitech") as third:
        district = District.of(third, "安康高新区")
        await hitech.meet(district)
        await district.meet(hitech)
        yield district
        await district.client.aclose()
