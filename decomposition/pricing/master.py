r"""The master: the linear program of set partitioning over the routes made so far.

    min  sum_r c_r x_r
    sum_r (visits of i by r) x_r = 1      for every site i         dual pi_i
    fewest <= sum_r x_r <= most                                    dual mu
    subset-row cuts <= 1                                           dual -toll <= 0

Phase 1 minimises artificial columns instead: above 0 at its end, no routes serve all sites.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import SolverError
from ...solvers.highs_object import new_highs
from ...solvers.route_problem import Array
from .columns import Columns
from .subset_rows import Cut


class Duals(NamedTuple):
    """Duals of the sites (n+1,), 0 at the depot; of the number of routes; and what each cut costs, (cuts,) >= 0."""

    site: Array
    fleet: float
    toll: Array


class Master:
    """One HiGHS object, warm-started by dual or primal simplex from the last basis."""

    def __init__(self, columns: Columns, vehicles: int):
        self.columns = columns
        self.sites = len(columns.network.demand) - 1
        self.cuts: list[Cut] = []
        self.phase = 1
        self.limits = (0, vehicles)
        self._barred: NDArray[np.bool_] = np.zeros(0, dtype=bool)
        self._loaded = 0
        self._highs = new_highs()
        for name, value in (("threads", 1), ("presolve", "off"), ("solver", "simplex")):
            self._highs.setOptionValue(name, value)
        n = self.sites
        empty, none = np.zeros(n + 1, dtype=np.int32), np.zeros(0, dtype=np.int32)
        self._highs.addRows(n + 1, np.append(np.ones(n), 0.0), np.append(np.ones(n), float(vehicles)), 0, empty, none, np.zeros(0))
        rows = np.arange(n + 1, dtype=np.int32)
        self._highs.addCols(n + 1, np.ones(n + 1), np.zeros(n + 1), np.full(n + 1, np.inf), n + 1, rows, rows, np.ones(n + 1))

    def load(self) -> None:
        """Take over the columns made since the last call."""
        numbers = range(self._loaded, len(self.columns))
        if not numbers:
            return
        starts: list[int] = []
        rows: list[int] = []
        values: list[float] = []
        for number in numbers:
            route = self.columns.routes[number]
            starts.append(len(rows))
            sites, counts = np.unique(route, return_counts=True)
            rows += [*(sites - 1).tolist(), self.sites]
            values += [*counts.tolist(), 1.0]
            for k, cut in enumerate(self.cuts):
                if coefficient := cut.coefficient(route):
                    rows.append(self.sites + 1 + k)
                    values.append(coefficient)
        cost = np.array([self.columns.costs[k] for k in numbers]) * (self.phase == 2)
        self._highs.addCols(
            len(numbers), cost, np.zeros(len(numbers)), np.full(len(numbers), np.inf), len(rows),
            np.array(starts, dtype=np.int32), np.array(rows, dtype=np.int32), np.array(values, dtype=float),
        )  # fmt: skip
        self._loaded = len(self.columns)
        self._barred = np.append(self._barred, np.zeros(len(numbers), dtype=bool))

    def add_cuts(self, cuts: Sequence[Cut]) -> None:
        """Append subset-row cuts."""
        for cut in cuts:
            values = np.array([cut.coefficient(route) for route in self.columns.routes[: self._loaded]])
            entries = np.flatnonzero(values)
            where = (entries + self.sites + 1).astype(np.int32)
            self._highs.addRow(-np.inf, 1.0, len(where), where, values[entries])
            self.cuts.append(cut)

    def drop_cuts(self, numbers: Sequence[int]) -> None:
        """Delete cuts by number."""
        if len(numbers):
            self._highs.deleteRows(len(numbers), np.array(sorted(numbers), dtype=np.int32) + self.sites + 1)
            gone = set(numbers)
            self.cuts = [cut for k, cut in enumerate(self.cuts) if k not in gone]

    def restrict(self, barred: NDArray[np.bool_], fewest: int, most: int) -> None:
        """Allow only the columns that are not barred, and so many routes."""
        self.load()
        for number in np.flatnonzero(barred != self._barred).tolist():
            self._highs.changeColBounds(number + self.sites + 1, 0.0, 0.0 if barred[number] else np.inf)
        self._barred = barred.copy()
        self._highs.changeRowBounds(self.sites, float(fewest), float(most))
        self.limits = (fewest, most)

    def set_phase(self, phase: int) -> None:
        """Minimise artificial columns (1), or cost with none of them (2)."""
        self.load()
        artificial = self.sites + 1
        cost = np.concatenate([np.full(artificial, 2.0 - phase), np.array(self.columns.costs) * (phase - 1.0)])
        index = np.arange(len(cost), dtype=np.int32)
        self._highs.changeColsCost(len(cost), index, cost)
        upper = np.full(artificial, np.inf if phase == 1 else 0.0)
        self._highs.changeColsBounds(artificial, index[:artificial], np.zeros(artificial), upper)
        self.phase = phase

    def solve(self) -> tuple[float, Array, Duals] | None:
        """Return the optimum, the routes' values and the duals; None where the columns cannot serve all sites."""
        self.load()
        self._highs.run()
        status = self._highs.getModelStatus().name
        if status == "kInfeasible":
            return None
        if status != "kOptimal":
            raise SolverError(f"HiGHS stopped on the master of the routes with status {status}")
        solution = self._highs.getSolution()
        dual = np.array(solution.row_dual)
        n = self.sites
        fleet = float(dual[n]) if self.limits[0] > 0 else min(0.0, float(dual[n]))
        duals = Duals(np.append(0.0, dual[:n]), fleet, np.maximum(0.0, -dual[n + 1 :]))
        return float(self._highs.getInfo().objective_function_value), np.array(solution.col_value)[n + 1 :], duals
