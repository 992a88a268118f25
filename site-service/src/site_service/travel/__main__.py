"""`python -m site_service.travel import <extract.osm.pbf> <roads.npz> | grid <roads.npz> …`."""

from pathlib import Path
from typing import Annotated

import typer

from site_service.travel.grid import grid_network
from site_service.travel.network import RoadNetwork
from site_service.travel.osm import NoRoads, read_extract

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@cli.command(name="import")
def import_extract(extract: Path, roads: Path) -> None:
    """Read an OpenStreetMap extract into a road network for SITE_TRAVEL=roads:<file>."""
    try:
        network = read_extract(extract)
    except NoRoads:
        raise _refused(extract, "其中没有道路", "no road is in it") from None
    except (OSError, RuntimeError) as fault:
        # osmium's only kind of fault, for a file that is missing as for one that is broken.
        said = str(fault)
        raise _refused(extract, f"无法读取：{said}", f"cannot be read: {said}") from None
    _save(network, roads)


@cli.command()
def grid(
    roads: Path,
    south: Annotated[float, typer.Option()] = 34.00,
    west: Annotated[float, typer.Option()] = 108.62,
    north: Annotated[float, typer.Option()] = 34.26,
    east: Annotated[float, typer.Option()] = 108.92,
) -> None:
    """Make an illustrative network: Xi'an's Hi-tech Zone as a grid of streets."""
    _save(grid_network(south=south, west=west, north=north, east=east), roads)


def _save(network: RoadNetwork, roads: Path) -> None:
    try:
        network.save(roads)
    except OSError as fault:
        said = fault.strerror
        raise _refused(roads, f"无法写入：{said}", f"cannot be written: {said}") from None
    typer.echo(f"{len(network.nodes)} nodes, {len(network.starts)} edges")


def _refused(path: Path, zh: str, en: str) -> typer.Exit:
    typer.echo(f"{path}：{zh} · {path}: {en}", err=True)
    return typer.Exit(2)


if __name__ == "__main__":
    cli()
