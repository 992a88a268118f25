"""Two whole districts, started once a run, that know each other only by signed HTTP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def districts(scratch: Path) -> AsyncIterator[tuple[District, District]]:
    """高新 and 曲江, each with its own databases and broker, introduced to each other."""
    near = Platform(
        folder=scratch / "journeys" / "hitech",
        district="610171",
        ports=Ports(free_base_port()),
        data=DATA / "xian-hitech",
        settings=UNLIMITED,
    )
    await near.start()
    owner = Platform(
        folder=scratch / "journeys" / "qujiang",
        district="610172",
        ports=Ports(free_base_port()),
        data=DATA / "qujiang",
        settings=UNLIMITED,
    )
    try:
        await owner.start()
        hitech, qujiang = District.of(near, "西安高新区"), District.of(owner, "西安曲江新区")
        await hitech.meet(qujiang)
        await qujiang.meet(hitech)
        yield hitech, qujiang
        await hitech.client.aclose()
        await qujiang.client.aclose()
    finally:
        await asyncio.gather(near.stop(), owner.stop())


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
    async with Platform(
        folder=scratch / "journeys" / "ankang",
        district="610971",
        ports=Ports(free_base_port()),
        data=DATA / "ankang-hitech",
        settings=UNLIMITED,
    ) as third:
        district = District.of(third, "安康高新区")
        await hitech.meet(district)
        await district.meet(hitech)
        yield district
        await district.client.aclose()
