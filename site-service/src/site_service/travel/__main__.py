"""`python -m site_service.travel import <extract.osm.pbf> <roads.npz> | grid <roads.npz> …`."""

from pathlib import Path
from typing import Annotated

import typer

from site_service.travel.grid import grid_network
from site_service.travel.osm import read_extract

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@cli.command(name="import")
def import_extract(extract: Path, roads: Path) -> None:
    """Read an OpenStreetMap extract into a road network for SITE_TRAVEL=roads:<file>."""
    network = read_extract(extract)
    network.save(roads)
    typer.echo(f"{len(network.nodes)} nodes, {len(network.starts)} edges")


@cli.command()
def grid(
    roads: Path,
    south: Annotated[float, typer.Option()] = 34.00,
    west: Annotated[float, typer.Option()] = 108.62,
    north: Annotated[float, typer.Option()] = 34.26,
    east: Annotated[float, typer.Option()] = 108.92,
) -> None:
    """Make an illustrative network: Xi'an's Hi-tech Zone as a grid of streets."""
    network = grid_network(south=south, west=west, north=north, east=east)
    network.save(roads)
    typer.echo(f"{len(network.nodes)} nodes, {len(network.starts)} edges")


if __name__ == "__main__":
    cli()
