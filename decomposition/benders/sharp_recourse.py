r"""A scenario's LP relaxation with facets of its knapsacks, added where its solutions violate them.

    R_s(x) = min q'y  s.t.  W y >= h_s - T_s x,   pi'(z(x) + z(y)) >= 1  for the facets found so far,   l <= y <= u          (1)

A facet holds for every binary plan with every binary recourse, so that R_s(x) <= Q_s(x) at binary x, and the dual of (1) gives a cut at any
x, as that of the plain relaxation does; only higher. The z of an item is the sum of its binaries of both stages.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from ...solvers import Backend, LinearProgram, Solution, SolverModel, Termination
from ..matrices import Array, Stage
from ..tightening import Knapsack, knapsacks, minimal_covers, minimal_sets, violated_facet
from .problem import Group
from .recourse_lps import row_bounds
from .vertices import bound_terms, sign_clipped

MOST_PASSES = 2
"""Most LPs at one plan, with inequalities added between them: others come at the next plan."""

FRACTIONAL, VIOLATED = 1e-6, 1e-4

NEAR = 0.02
"""A knapsack that missed no facet is looked at again once an item has moved by this."""


@dataclass(slots=True, eq=False)
class SharpRecourse:
    """(1) of one scenario, whose LP is kept open from plan to plan; ``_sharp`` is its group with the rows of the facets."""

    group: Group
    xi: Array
    first: Stage
    backend: Backend
    _T: csr_array = field(init=False)
    _rhs: Array = field(init=False)
    _sharp: Group = field(init=False)
    _knapsacks: list[Knapsack] = field(init=False)
    _of_first: csr_array = field(init=False)
    _of_second: csr_array = field(init=False)
    _start: NDArray[np.int64] = field(init=False)
    _covers: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    _sets: dict[int, tuple[NDArray[np.int64], NDArray[np.bool_]]] = field(default_factory=dict)
    _fine: dict[int, Array] = field(default_factory=dict)
    _model: SolverModel | None = None

    def __post_init__(self) -> None:
        group = self.group
        self._T = csr_array(group.scenario_matrix(self.xi))
        self._rhs = np.asarray(group.rhs_0 + group.rhs_xi @ self.xi)
        self._sharp = group
        lower, upper = row_bounds(group, self._rhs)
        self._knapsacks = knapsacks(self._T, group.W, lower, upper, self.first, group.second)
        items = [columns for one in self._knapsacks for columns in one.columns]
        self._start = np.cumsum([0, *(len(one.columns) for one in self._knapsacks)])
        n1 = len(self.first)
        which = np.repeat(np.arange(len(items)), [len(c) for c in items])
        at = np.concatenate(items) if items else np.zeros(0, dtype=np.int64)
        both = csr_array((np.ones(len(at)), (which, at)), shape=(len(items), n1 + len(group.second)))
        self._of_first, self._of_second = csr_array(both[:, :n1]), csr_array(both[:, n1:])

    @property
    def can_be_sharper(self) -> bool:
        """Whether there are knapsacks."""
        return bool(self._knapsacks)

    def solve(self, x: Array, *, separate: bool = True, finely: bool = True) -> tuple[float, Array] | None:
        """Return R_s(x) with the facets that its solution asks for, and its slope (n1,); ``None`` if there is no recourse.

        ``finely``: facets beyond minimal covers are looked for too, which takes longer.
        """
        passes = MOST_PASSES if separate else 1
        while True:
            found, passes = self._at(x), passes - 1
            y, dual, objective = found.x, found.row_dual, found.objective
            if found.termination is not Termination.OPTIMAL or y is None or dual is None or objective is None:
                return None
            rows = self._violated(x, y, finely) if passes else None
            if rows is None:
                break
            self._add(rows)
        pi = sign_clipped(self._sharp, dual[None, :])
        value = float(pi[0] @ (self._rhs - self._T @ x) + bound_terms(self._sharp, pi)[0])
        return value, -np.asarray(self._T.T @ pi[0])

    def _at(self, x: Array) -> Solution:
        group = self._sharp
        lower, upper = row_bounds(group, self._rhs - self._T @ x)
        if self._model is None:
            second, relaxed = group.second, np.zeros(len(group.second), dtype=bool)
            self._model = self.backend.open(LinearProgram(group.cost, group.W, lower, upper, second.lower, second.upper, relaxed))
        else:
            self._model.set_row_bounds(lower, upper)
        return self._model.solve({"threads": 1})

    def _violated(self, x: Array, y: Array, finely: bool) -> csr_array | None:
        """Return inequalities over the items (r, items), at most one a knapsack, that the solution violates.

        The most violated minimal cover; ``finely``, where there is none, the most violated facet.
        """
        z = np.minimum(self._of_first @ x + self._of_second @ y, 1.0)
        loose = (z > FRACTIONAL) & (z < 1 - FRACTIONAL)
        chosen: list[tuple[int, Array]] = []
        for k in np.flatnonzero(np.add.reduceat(loose, self._start[:-1]) > 0).tolist() if loose.any() else []:
            one, own = self._knapsacks[k], z[self._start[k] : self._start[k + 1]]
            if k not in self._covers:
                items, covers = minimal_covers(one.weights, one.side)
                self._covers[k] = np.zeros((len(covers), len(own)))
                self._covers[k][:, items] = covers
            values = self._covers[k] @ own
            if len(values) and values.min() < 1 - VIOLATED:
                chosen.append((k, self._covers[k][int(np.argmin(values))]))
            elif finely and (pi := self._facet(k, own)) is not None:
                chosen.append((k, pi))
        if not chosen:
            return None
        out = np.zeros((len(chosen), len(z)))
        for r, (k, pi) in enumerate(chosen):
            out[r, self._start[k] : self._start[k + 1]] = pi
        return csr_array(out)

    def _facet(self, k: int, z: Array) -> Array | None:
        """Return the facet of knapsack k that z misses most, if any, unless nearly the same z missed none before."""
        if k in self._fine and np.abs(self._fine[k] - z).max() < NEAR:
            return None
        if k not in self._sets:
            self._sets[k] = minimal_sets(self._knapsacks[k].weights, self._knapsacks[k].side)
        items, sets = self._sets[k]
        pi = violated_facet(sets, z[items], self.backend)
        if pi is None:
            self._fine[k] = z.copy()
            return None
        out = np.zeros(len(z))
        out[items] = pi
        return out

    def _add(self, rows: csr_array) -> None:
        assert self._model is not None
        count = rows.shape[0]
        of_first, of_second = csr_array(rows @ self._of_first), csr_array(rows @ self._of_second)
        self._model.add_rows(of_second, np.ones(count), np.full(count, np.inf))
        self._T = csr_array(vstack([self._T, of_first], format="csr"))
        self._rhs = np.append(self._rhs, np.ones(count))
        W = csr_array(vstack([self._sharp.W, of_second], format="csr"))
        self._sharp = replace(self._sharp, W=W, sense=np.append(self._sharp.sense, np.full(count, -1, dtype=np.int8)))
