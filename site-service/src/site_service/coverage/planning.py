"""Where the next points would add the most: maximal covering, solved by HiGHS (布点规划).

Pure, and slow: callers run it in a thread; the solver lets the others go on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix

__all__ = ["Chosen", "Layout", "best_layout"]

TIME_LIMIT_SECONDS = 20.0
GAP = 0.001


@dataclass(frozen=True, slots=True)
class Chosen:
    """A candidate that was chosen, and what to put there."""

    candidate: int
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The best points, and whether nothing better exists."""

    chosen: Sequence[Chosen]
    is_optimal: bool


def best_layout(
    reaches: NDArray[np.bool_],
    residents: Mapping[str, NDArray[np.int64]],
    *,
    points: int,
    needs_a_point: int,
) -> Layout:
    """Choose `points` candidates, and at most `needs_a_point` needs for each.

    `reaches` has a row for each candidate and a column for each cell; `residents` says for each
    need how many in each cell go without it now. Maximal covering (Church and ReVelle 1974), with
    the needs as layers: a cell counts for a need once, when a chosen point with it is in reach.
    """
    needs = list(residents)
    candidates = len(reaches)
    reached = {need: np.flatnonzero(reaches.any(axis=0) & (residents[need] > 0)) for need in needs}
    if not points or not candidates or not any(len(one) for one in reached.values()):
        return Layout((), is_optimal=True)
    # Dear to import, and few processes ever plan.
    from scipy.optimize import Bounds, LinearConstraint, milp

    # Columns: a point stands (x), a point has a need (z), a cell is served with a need (y).
    has = {need: candidates * (1 + nth) for nth, need in enumerate(needs)}
    size = candidates * (1 + len(needs))
    served = {}
    for need in needs:
        served[need] = size
        size += len(reached[need])
    gain = np.zeros(size)
    rows: list[NDArray[np.int64]] = []
    columns: list[NDArray[np.int64]] = []
    values: list[NDArray[np.float64]] = []
    upper: list[float] = []

    def constrain(at: NDArray[np.int64], weight: NDArray[np.float64], most: float) -> None:
        rows.append(np.full(len(at), len(upper)))
        columns.append(at)
        values.append(weight)
        upper.append(most)

    every = np.arange(candidates)
    constrain(every, np.ones(candidates), points)
    for candidate in every:
        installed = np.array([has[need] + candidate for need in needs])
        for one in installed:
            constrain(np.array([one, candidate]), np.array([1.0, -1.0]), 0)
        constrain(installed, np.ones(len(installed)), needs_a_point)
    for need in needs:
        cells_of_need = reached[need]
        gain[served[need] : served[need] + len(cells_of_need)] = residents[need][cells_of_need]
        for nth, cell in enumerate(cells_of_need):
            by = np.flatnonzero(reaches[:, cell]) + has[need]
            constrain(
                np.concatenate([[served[need] + nth], by]),
                np.concatenate([[1.0], -np.ones(len(by))]),
                0,
            )
    matrix = coo_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
        shape=(len(upper), size),
    ).tocsr()
    # Whether a cell is served follows from the points: it need not be whole.
    is_whole = np.zeros(size, dtype=np.uint8)
    is_whole[: candidates * (1 + len(needs))] = 1
    solved = milp(
        -gain,
        integrality=is_whole,
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, -np.inf, np.array(upper)),
        options={"time_limit": TIME_LIMIT_SECONDS, "mip_rel_gap": GAP},
    )
    if solved.x is None:
        return Layout((), is_optimal=False)
    picked = solved.x > 0.5  # whole numbers, as the solver rounds them
    chosen = [
        Chosen(int(one), tuple(need for need in needs if picked[has[need] + one]))
        for one in every
        if any(picked[has[need] + one] for need in needs)
    ]
    return Layout(chosen, is_optimal=solved.status == 0)
