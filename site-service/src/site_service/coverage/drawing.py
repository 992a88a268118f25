"""Draws the circles: sites, who is within reach, and the gaps (覆盖地图).

Slow: callers run it in a thread. Figures are made without pyplot, whose state threads would share.
"""

import io
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import pylopdf_fonts_zh_cn
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from site_service.coverage.rules import Question, World
from site_service.sites.places import rings_of
from site_service.travel.rules import Mode, Pace, reach_m

__all__ = ["draw"]

METRES_A_DEGREE = 111_195
WIDTH_INCHES, DPI = 9, 120
COVERED, GAP, SITE = "#2a9d8f", "#e76f51", "#1d3557"
MARKERS = {"hall": ("*", 220), "centre": ("s", 60), "station": ("^", 60), "point": ("o", 22)}
NAMES = {
    "hall": "政务服务大厅",
    "centre": "便民服务中心",
    "station": "政务服务站",
    "point": "服务点",
}


def draw(
    world: World,
    is_covered: np.ndarray[Any, np.dtype[np.bool_]],
    columns: np.ndarray[Any, np.dtype[np.int64]],
    question: Question,
    boundary: dict[str, Any] | None,
    *,
    title: str,
    form: Literal["svg", "png"],
) -> bytes:
    """Return the picture."""
    font = FontProperties(fname=str(pylopdf_fonts_zh_cn.sans_path()))
    small = font.copy()
    small.set_size(9)
    figure = Figure(figsize=(WIDTH_INCHES, WIDTH_INCHES), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    people = world.people.sum(axis=1)
    for colour, label, group in (
        (COVERED, "圈内居民 within reach", is_covered),
        (GAP, "圈外居民 out of reach", ~is_covered),
    ):
        axes.scatter(
            world.homes[group, 1],
            world.homes[group, 0],
            s=2 + np.sqrt(people[group]) / 2,
            color=colour,
            alpha=0.45,
            linewidths=0,
            label=label,
            # Thousands of dots are one picture within the SVG, else they are megabytes.
            rasterized=True,
        )
    # Circles as they are without roads: how far one gets by the straight line with detours.
    radius = reach_m(question.manner, most=question.minutes * 60.0, is_straight=True)
    latitude = float(world.stands[:, 0].mean()) if len(world.stands) else 34.2
    wide = np.cos(np.radians(latitude))
    turn = np.linspace(0, 2 * np.pi, 49)
    up = radius / METRES_A_DEGREE
    axes.add_collection(
        PolyCollection(
            [
                np.column_stack([place[1] + np.cos(turn) * up / wide, place[0] + np.sin(turn) * up])
                for place in world.stands[columns]
            ],
            facecolors="none",
            edgecolors=SITE,
            linewidths=0.5,
            alpha=0.6,
        )
    )
    for kind, (marker, size) in MARKERS.items():
        mine = [at for at in columns if world.site_kinds[at] == kind]
        if mine:
            axes.scatter(
                world.stands[mine, 1],
                world.stands[mine, 0],
                marker=marker,
                s=size,
                color=SITE,
                edgecolors="white",
                linewidths=0.6,
                label=NAMES[kind],
                zorder=3,
            )
    for ring in rings_of(boundary) if boundary else ():
        line = np.array(ring)
        axes.plot(line[:, 0], line[:, 1], color="#6c757d", linewidth=1.2, linestyle="--")
    axes.set_aspect(1 / wide)
    axes.set_title(title, fontproperties=font, fontsize=15, loc="left")
    axes.set_xlabel(_footnote(world, question), fontproperties=small, loc="left")
    axes.tick_params(labelsize=7)
    axes.legend(prop=small, loc="best", framealpha=0.9)
    return _written(figure, form)


def _footnote(world: World, question: Question) -> str:
    way = "步行" if question.manner.mode is Mode.WALK else "驾车"
    pace = "（老年人步速）" if question.manner.pace is Pace.SLOW else ""
    made_up = "；人口数据为示例 illustrative population" if world.is_illustrative else ""
    return f"{way}{pace} {question.minutes} 分钟，WGS-84{made_up}"


def _written(figure: Figure, form: Literal["svg", "png"]) -> bytes:
    out = io.BytesIO()
    # The same inputs make the same bytes: no date, and ids from one salt.
    with mpl.rc_context({"svg.hashsalt": "tongban", "svg.fonttype": "path"}):
        figure.savefig(out, format=form, metadata={"Date": None} if form == "svg" else None)
    return out.getvalue()
