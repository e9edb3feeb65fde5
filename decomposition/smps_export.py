"""Compiled scenarios as an SMPS problem: the first scenario is the core, the others are what they change of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_array, csr_array

from ..errors import ModelError
from ..instances.smps import Changes, Core, ListedScenarios, Periods, SmpsProblem, SmpsScenario, What
from ..instances.smps.names import mps_names
from .matrices import Array, ScenarioData, StageData


def to_smps(data: StageData, name: str) -> SmpsProblem:
    """Return compiled data as an SMPS problem in the model's own sense, names made fit for free MPS.

    First-stage costs are the expected ones, which is the same objective. A row with two sides is one row with a range; its kind is one that
    fits all scenarios.

    Raises
    ------
    ModelError
        A scenario's second stage has other variables, integrality or rows than the first one's, or a row has one finite side in a scenario
        and the other one in another; the message names scenario and row or variable.
    """
    base = data.scenarios[0]
    for s in data.scenarios[1:]:
        _check_shape(base, s)
    above, left = len(data.row_names), len(data.first)
    objective, *rows = mps_names(["OBJECTIVE", *data.row_names, *base.row_names])
    first = _Rows.of([(data.row_lower, data.row_upper)], data.row_names)
    second = _Rows.of([(s.row_lower, s.row_upper) for s in data.scenarios], base.row_names)
    head, tail = first.written(data.row_lower, data.row_upper), second.written(base.row_lower, base.row_upper)
    core = Core(
        name=mps_names([name])[0],
        objective=objective,
        maximize=data.sign < 0,
        all_rows=(objective, *rows),
        row_names=tuple(rows),
        column_names=tuple(mps_names([*data.first.names, *base.stage.names])),
        cost=data.sign * np.concatenate([data.cost, base.cost]),
        offset=data.sign * base.offset,
        matrix=csr_array(block_array([[data.A, csr_array((above, len(base.stage)))], [base.T, base.W]], format="csr")),
        kinds=np.concatenate([first.kinds, second.kinds]),
        rhs=np.concatenate([head[0], tail[0]]),
        ranges=np.concatenate([head[1], tail[1]]),
        lower=np.concatenate([data.first.lower, base.stage.lower]),
        upper=np.concatenate([data.first.upper, base.stage.upper]),
        integer=np.concatenate([data.first.integer, base.stage.integer]),
    )
    late = (np.arange(left + len(base.stage)) >= left, np.arange(len(rows)) >= above)
    names = mps_names([s.name for s in data.scenarios])
    scenarios = [
        SmpsScenario(label, s.probability, _changes(data.sign, base, s, second, above, left))
        for label, s in zip(names, data.scenarios, strict=True)
    ]
    return SmpsProblem(core, Periods(("PERIOD1", "PERIOD2"), *late), ListedScenarios(scenarios))


class _Rows:
    """How rows are written whatever the scenario: E, or L or G with a range where both sides are finite somewhere."""

    def __init__(self, kinds: NDArray[np.str_], ranged: NDArray[np.bool_]):
        self.kinds, self.ranged = kinds, ranged

    @classmethod
    def of(cls, sides: Sequence[tuple[Array, Array]], names: Sequence[str]) -> _Rows:
        lows, highs = (np.isfinite(np.array([side[i] for side in sides])) for i in (0, 1))
        equal = np.all([low == high for low, high in sides], axis=0)
        one_sided = ~lows.any(axis=0) | ~highs.any(axis=0)
        torn = np.flatnonzero(~equal & ~one_sided & ~lows.all(axis=0) & ~highs.all(axis=0))
        if len(torn):
            raise ModelError(
                f"row {names[torn[0]]!r} has only its lower side in one scenario and only its upper side in another; SMPS has no such row"
            )
        exact = np.all([_reads_back(low, high) for low, high in sides], axis=0)  # G gives back the upper side to the last digit
        use_g = np.where(one_sided, lows.any(axis=0), lows.all(axis=0) & (exact | ~highs.all(axis=0)))
        return cls(np.where(equal, "E", np.where(use_g, "G", "L")), ~equal & ~one_sided)

    def written(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Return right-hand sides and ranges (NaN: none)."""
        with np.errstate(invalid="ignore"):
            return np.where(self.kinds == "L", high, low), np.where(self.ranged, high - low, np.nan)


def _reads_back(low: Array, high: Array) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return np.asarray(low + (high - low) == high)


def _changes(sign: float, base: ScenarioData, s: ScenarioData, rows: _Rows, above: int, left: int) -> Changes:
    parts: list[tuple[What, Array | NDArray[np.int64], Array | NDArray[np.int64], Array]] = []

    def differing(what: What, here: Array, there: Array, *, row: int | None = None, column: int | None = None) -> None:
        at = np.flatnonzero(~((here == there) | (np.isnan(here) & np.isnan(there))))
        none = np.full(len(at), -1)
        parts.append((what, none if row is None else at + row, none if column is None else at + column, here[at]))

    for here, there, shift in ((s.T, base.T, 0), (s.W, base.W, left)):
        if here is not there:
            i, j = (here != there).nonzero()
            parts.append((What.MATRIX, i + above, j + shift, _entries(here, i, j)))
    differing(What.COST, sign * s.cost, sign * base.cost, column=left)
    differing(What.OFFSET, sign * np.array([s.offset]), sign * np.array([base.offset]))
    for what, here, there in zip(
        (What.RHS, What.RANGE), rows.written(s.row_lower, s.row_upper), rows.written(base.row_lower, base.row_upper), strict=True
    ):
        differing(what, here, there, row=above)
    differing(What.LOWER, s.stage.lower, base.stage.lower, column=left)
    differing(What.UPPER, s.stage.upper, base.stage.upper, column=left)
    kinds = np.concatenate([np.full(len(value), what, dtype=np.int8) for what, _, _, value in parts])
    row, column, value = (np.concatenate([part[k] for part in parts]) for k in (1, 2, 3))
    return Changes(kinds, row.astype(np.int64), column.astype(np.int64), value.astype(float))


def _entries(matrix: csr_array, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Array:
    """Return ``matrix[rows, columns]`` as a dense vector."""
    found = matrix.tocoo()
    width = matrix.shape[1]
    keys = found.row.astype(np.int64) * width + found.col
    order = np.argsort(keys)
    wanted = rows.astype(np.int64) * width + columns
    at = np.minimum(np.searchsorted(keys, wanted, sorter=order), max(len(keys) - 1, 0))
    return np.where(keys[order[at]] == wanted, found.data[order[at]], 0.0) if len(keys) else np.zeros(len(wanted))


def _check_shape(base: ScenarioData, s: ScenarioData) -> None:
    where = f"scenario {s.name!r} differs from {base.name!r} in the shape of its second stage"
    for what, here, there in (("variable", s.stage.names, base.stage.names), ("row", s.row_names, base.row_names)):
        if here != there:
            odd = sorted(set(here) ^ set(there))
            raise ModelError(f"{where}: {f'{what} {odd[0]!r} is in one of them only' if odd else f'its {what}s have another order'}")
    if not np.array_equal(s.stage.integer, base.stage.integer):
        j = int(np.flatnonzero(s.stage.integer != base.stage.integer)[0])
        raise ModelError(f"{where}: variable {base.stage.names[j]!r} is integer in one of them only")
