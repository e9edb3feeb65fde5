"""SMPS files as a program: each scenario's stage matrices are the core's, with its changes applied; no Pyomo model is built."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from ..errors import InputError, ModelError
from ..instances.smps import Changes, SmpsProblem, SmpsScenario, What, read, row_bounds
from .matrices import Array, ScenarioData, Stage, StageData
from .program import Program


def from_smps(name: str | Path) -> Program:
    """Return the program of SMPS files, given by stem, folder or one of them.

    Raises
    ------
    InputError
        The files are missing, malformed, or hold what is not treated; the message names file, line, field and value.
    """
    problem = read(name)
    label = problem.files[2].name.removesuffix(problem.files[2].suffix)
    return Program(
        name=label,
        scenario_names=tuple(problem.scenarios.names),
        creator=_no_model,
        kwargs={},
        recipe={"smps": str(Path(name).resolve())},
        instance=label,
        instance_hash=problem.digest,
        arrays=Assembler(problem),
    )


def resample(program: Program, num_scenarios: int, seed: int) -> Program:
    """Return ``num_scenarios`` equally likely draws with replacement from a program of SMPS files; draw k depends on (seed, k) alone."""
    parent = program.arrays
    if not isinstance(parent, Assembler):
        raise InputError(f"{program.name}: is not a program of SMPS files")
    cumulative = np.cumsum(parent.problem.scenarios.probabilities)

    def draw(k: int) -> StageData:
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,)))
        drawn = int(np.searchsorted(cumulative, rng.uniform(0, cumulative[-1]), side="right"))
        data = parent(min(drawn, len(cumulative) - 1))
        return replace(data, scenarios=(replace(data.scenarios[0], name=f"scen{k}", probability=1 / num_scenarios),))

    return replace(program, scenario_names=tuple(f"scen{k}" for k in range(num_scenarios)), arrays=draw)


class Assembler:
    """Makes each scenario's :class:`StageData` from an SMPS problem; what a scenario does not change is shared with the others."""

    def __init__(self, problem: SmpsProblem):
        self.problem = problem
        core, second = problem.core, problem.periods.columns
        self._sign = -1.0 if core.maximize else 1.0
        self._rows, self._columns = np.flatnonzero(problem.periods.rows), np.flatnonzero(second)
        above, left = np.flatnonzero(~problem.periods.rows), np.flatnonzero(~second)
        self._row_at = _positions(len(core.row_names), self._rows)
        self._column_at = np.where(second, _positions(len(second), self._columns), _positions(len(second), left))
        below = core.matrix[self._rows]
        self._T, self._W = _Sparse(below[:, left]), _Sparse(below[:, self._columns])
        self._cost, self._cost_first = self._sign * core.cost[self._columns], self._sign * core.cost[left]
        self._stage, self._kinds = self._part(self._columns), core.kinds[self._rows]
        self._names = tuple(core.row_names[i] for i in self._rows)
        self._rhs, self._ranges = core.rhs[self._rows], core.ranges[self._rows]
        self._sides = row_bounds(self._kinds, self._rhs, self._ranges)
        self._shared = StageData(
            first=self._part(left),
            A=csr_array(core.matrix[above][:, left]),
            row_lower=core.row_lower[above],
            row_upper=core.row_upper[above],
            row_names=tuple(core.row_names[i] for i in above),
            scenarios=(),
            sign=self._sign,
        )

    def _part(self, columns: NDArray[np.int64]) -> Stage:
        core = self.problem.core
        names = tuple(core.column_names[j] for j in columns)
        return Stage(names, core.lower[columns], core.upper[columns], core.integer[columns])

    def __call__(self, k: int) -> StageData:
        """Return scenario ``k`` alone."""
        s = self.problem.scenarios[k]
        return replace(self._shared, scenarios=(self._scenario(s),))

    def _scenario(self, s: SmpsScenario) -> ScenarioData:
        core, is_second = self.problem.core, self.problem.periods.columns
        rows, columns, values = s.changes.of(What.MATRIX)
        here, at_row, at_column = is_second[columns], self._row_at[rows], self._column_at[columns]
        _, costed, costs = s.changes.of(What.COST)
        offsets = s.changes.of(What.OFFSET)[2]
        row_lower, row_upper = self._row_sides(s.changes)
        return ScenarioData(
            name=s.name,
            probability=s.probability,
            cost_first=self._cost_first,
            cost=_with(self._cost, self._column_at[costed], self._sign * costs),
            offset=self._sign * float(offsets[-1] if len(offsets) else core.offset),
            T=self._T.replaced(at_row[~here], at_column[~here], values[~here]),
            W=self._W.replaced(at_row[here], at_column[here], values[here]),
            row_lower=row_lower,
            row_upper=row_upper,
            row_names=self._names,
            stage=self._bounded(s),
        )

    def _row_sides(self, changes: Changes) -> tuple[Array, Array]:
        changed, _, rhs = changes.of(What.RHS)
        widened, _, ranges = changes.of(What.RANGE)
        if not len(changed) + len(widened):
            return self._sides
        return row_bounds(self._kinds, _with(self._rhs, self._row_at[changed], rhs), _with(self._ranges, self._row_at[widened], ranges))

    def _bounded(self, s: SmpsScenario) -> Stage:
        _, raised, low = s.changes.of(What.LOWER)
        _, lowered, high = s.changes.of(What.UPPER)
        if not len(raised) + len(lowered):
            return self._stage
        lower, upper = _with(self._stage.lower, self._column_at[raised], low), _with(self._stage.upper, self._column_at[lowered], high)
        crossed = np.flatnonzero(lower > upper)
        if len(crossed):
            j = int(crossed[0])
            raise InputError(
                f"{self.problem.files[2]}: scenario {s.name!r}: column {self._stage.names[j]!r} has lower bound {lower[j]:g} "
                f"above its upper bound {upper[j]:g}"
            )
        return replace(self._stage, lower=lower, upper=upper)


class _Sparse:
    """A matrix whose entries are replaced, scenario by scenario."""

    def __init__(self, matrix: csr_array):
        self.matrix = csr_array(matrix)
        self.matrix.sort_indices()
        in_row = np.repeat(np.arange(self.matrix.shape[0], dtype=np.int64), np.diff(self.matrix.indptr))
        self._keys = in_row * self.matrix.shape[1] + self.matrix.indices

    def replaced(self, rows: NDArray[np.int64], columns: NDArray[np.int64], values: Array) -> csr_array:
        """Return the matrix with ``values`` at (rows, columns); the matrix itself if there are none."""
        if not len(values):
            return self.matrix
        base, keys = self.matrix, rows * self.matrix.shape[1] + columns
        at = np.searchsorted(self._keys, keys)
        known = at < len(self._keys)
        known[known] = self._keys[at[known]] == keys[known]
        data = _with(base.data, at[known], values[known])
        changed = csr_array((data, base.indices.copy(), base.indptr.copy()), shape=base.shape)
        if not known.all():
            changed = csr_array(changed + coo_array((values[~known], (rows[~known], columns[~known])), shape=base.shape))
        if not changed.data.all():
            changed.eliminate_zeros()
        return changed


def _with(array: Array, positions: NDArray[np.int64], values: Array) -> Array:
    if not len(positions):
        return array
    changed = array.copy()
    changed[positions] = values
    return changed


def _positions(size: int, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each of ``range(size)`` stands in ``chosen`` (-1: nowhere)."""
    at = np.full(size, -1, dtype=np.int64)
    at[chosen] = np.arange(len(chosen))
    return at


def _no_model(name: str, **_: Any) -> NoReturn:
    raise ModelError(f"scenario {name!r} comes from SMPS files; there is no Pyomo model of it")
