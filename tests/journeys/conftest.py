"""Whole districts, started once a run, that know each other only by signed HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from support.hall import THROW_AWAY, District, running

IN_PLURAL = "case=2,case-work=2"
"""As operators run what has most to do: no story and no fault may tell one from two."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def districts(scratch: Path) -> AsyncIterator[tuple[District, District]]:
    """高新 and 曲江, each with its own databases and broker, introduced to each other."""
    folder = scratch / "journeys"
    async with (
        running("610171", folder / "hitech", processes=IN_PLURAL, **THROW_AWAY) as hitech,
        running("610172", folder / "qujiang", **THROW_AWAY) as qujiang,
    ):
        await hitech.meet(qujiang)
        await qujiang.meet(hitech)
        yield hitech, qujiang


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
    folder = scratch / "journeys" / "ankang"
    async with running("610971", folder, **THROW_AWAY) as district:
        await hitech.meet(district)
        await district.meet(hitech)
        yield district
