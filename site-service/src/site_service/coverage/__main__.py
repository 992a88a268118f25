"""`python -m site_service.coverage <sites.json> <boundary.json> <population.json>`.

Writes an illustrative boundary and population around a district's sites.
"""

import json
from pathlib import Path

import typer

from site_service.coverage.illustrative import hull_of, made_up_cells


def write(sites: Path, boundary: Path, population: Path) -> None:
    """Make a boundary and population cells up, marked illustrative."""
    records = json.loads(sites.read_text())["sites"]
    geometry = hull_of(records)
    outline = {"geometry": geometry, "provenance": "illustrative"}
    boundary.write_text(json.dumps(outline, ensure_ascii=False, indent=1) + "\n")
    cells = made_up_cells(records, geometry)
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [cell.longitude, cell.latitude]},
            "properties": cell.model_dump(mode="json", exclude={"latitude", "longitude"}),
        }
        for cell in cells
    ]
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in features)
    population.write_text(f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n')
    residents = sum(cell.children + cell.adults + cell.elderly for cell in cells)
    typer.echo(f"{len(cells)} cells, {residents} residents")


if __name__ == "__main__":
    typer.run(write)
