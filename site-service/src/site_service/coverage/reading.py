"""Reads population cells from CSV or GeoJSON, each fault with its place (人口网格导入)."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from site_service.coverage.errors import PopulationRefused
from site_service.coverage.schemas import CellIn
from tongban.problems import FieldError, Text, Where, sentences_of

__all__ = ["from_csv", "from_geojson"]

MOST_CELLS = 200_000
FAULTS_LISTED = 20


def from_csv(content: bytes) -> list[CellIn]:
    """Read a table with a heading line, UTF-8.

    Raises:
        PopulationRefused: 422, each fault with its row and column.
    """
    rows = csv.DictReader(io.StringIO(_text(content)))
    numbered = ((number, dict(row)) for number, row in enumerate(rows, 2))
    return _checked(numbered, is_table=True)


def from_geojson(content: bytes) -> list[CellIn]:
    """Read a FeatureCollection of points whose properties say who lives there.

    Raises:
        PopulationRefused: 422, each fault with its pointer.
    """
    try:
        features = json.loads(_text(content))["features"]
        flat = [(at, _flat(feature)) for at, feature in enumerate(features)]
    except (ValueError, KeyError, TypeError, IndexError):
        said = {
            "zh-CN": "应为 GeoJSON FeatureCollection，每个 feature 为 Point",
            "en": "not a GeoJSON FeatureCollection of points",
        }
        raise PopulationRefused(errors=[Where.pointer("/features", said, "geojson")]) from None
    return _checked(iter(flat), is_table=False)


def _flat(feature: Any) -> dict[str, Any]:
    longitude, latitude = feature["geometry"]["coordinates"][:2]
    properties = dict(feature["properties"])
    properties.setdefault("id", feature.get("id"))
    return {**properties, "latitude": latitude, "longitude": longitude}


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        said = {"zh-CN": "文件应为 UTF-8 编码", "en": "the file is not UTF-8"}
        raise PopulationRefused(errors=[Where.pointer("", said, "encoding")]) from None


def _checked(rows: Iterator[tuple[int, dict[str, Any]]], *, is_table: bool) -> list[CellIn]:
    cells: list[CellIn] = []
    faults: list[FieldError] = []
    seen: set[str] = set()
    for at, row in rows:
        try:
            cell = CellIn.model_validate(row)
        except ValidationError as fault:
            faults += [
                _fault(
                    at,
                    str(one["loc"][0]) if one["loc"] else "",
                    sentences_of(dict(one)),
                    is_table=is_table,
                )
                for one in fault.errors()
            ]
        else:
            if cell.id in seen:
                faults.append(
                    _fault(
                        at,
                        "id",
                        _said(f"{cell.id} 重复", f"{cell.id} is there twice"),
                        is_table=is_table,
                    )
                )
            seen.add(cell.id)
            cells.append(cell)
        if len(faults) >= FAULTS_LISTED or len(cells) > MOST_CELLS:
            break
    if len(cells) > MOST_CELLS:
        faults = [
            _fault(
                MOST_CELLS,
                "id",
                _said(f"最多 {MOST_CELLS} 格", f"at most {MOST_CELLS} cells"),
                is_table=is_table,
            )
        ]
    if not cells and not faults:
        faults = [_fault(1, "id", _said("没有任何网格", "no cell"), is_table=is_table)]
    if faults:
        raise PopulationRefused(errors=faults[:FAULTS_LISTED])
    return cells


def _said(chinese: str, english: str) -> Text:
    return {"zh-CN": chinese, "en": english}


def _fault(at: int, field: str, message: Text, *, is_table: bool) -> FieldError:
    said = {"zh-CN": f"{field} 有误：{message['zh-CN']}", "en": f"{field}: {message['en']}"}
    if is_table:
        return Where.cell(None, at, field, said, "cell")
    inside = "geometry" if field in ("latitude", "longitude") else f"properties/{field}"
    return Where.pointer(f"/features/{at}/{inside}", said, "cell")
