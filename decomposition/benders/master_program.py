r"""What the master is: first stage, one theta a cluster (and eta of the risk measure), and the cuts as rows.

    min  c'x + lambda eta + sum_c theta_c    s.t.  A x in its row bounds,  theta_c >= cuts,  0 >= feasibility cuts       (1)

A theta without a cut is left out of the objective, and the value of (1) is no bound yet. Infinite bounds of x and eta are boxed for as
long as cuts do not bound (1); while a box is active, its value is no bound either. :mod:`.master` keeps (1) in a solver.

Units. A solver drops matrix entries below 1e-9 and takes reduced costs of 1e-7 for 0, so (1) is handed to it with all numbers near 1:
money is counted in a ``unit`` near the size of the costs, and each continuous x_j (and y_j of retained scenarios) in a unit near the
largest values seen. Otherwise a slope of 1 a piece, beside costs of 1e9, would be lost on 1e5 pieces, and the value of (1) with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, vstack

from ...solvers import LinearProgram
from ..matrices import Array
from .cuts import Cut
from .problem import Problem
from .retained import Retained
from .risk import Risk

FIRST_BOX = 1e6
SMALLEST_THETA = 2.0**-12
"""No theta's entry is scaled below this: one that is dropped would take the cut's meaning with it."""

FAR, SMALL_ENTRY = 64.0, 2.0**-10
"""A unit becomes larger if a value is so many of it, or its column's largest entry so many times smaller than ``SMALL_ENTRY``."""

ROUNDING = 1e-13
"""An entry by which a variable's value is less than this share of a unit of money is a rounding error."""

FILTER = 1e-9
"""Cuts that raise the model at a point by less than this, relatively, are not worth a row there."""


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """A solution of the master: plan ``x``, ``eta``, model value ``theta`` (K,); ``bound`` is a lower bound, if it is one."""

    x: Array
    eta: float | None
    theta: Array
    value: float
    bound: float | None
    boxed: bool = False


@dataclass(slots=True, eq=False)
class MasterProgram:
    """(1) for ``problem`` with ``clusters`` thetas: its columns are x, eta, theta, then the retained scenarios' recourse variables.

    Its rows are those of A, those of the retained scenarios, then the cuts. Money is counted in ``unit``.
    """

    problem: Problem
    risk: Risk
    clusters: int
    cuts: list[Cut] = field(default_factory=list)
    box: float = FIRST_BOX
    unit: float = 1.0
    without_box: bool = False
    fixed: tuple[Array, Array] | None = None
    retained: Retained | None = None
    x_unit: Array | None = None
    y_unit: Array | None = None

    @property
    def num_x(self) -> int:
        """n1."""
        return len(self.problem.first)

    @property
    def _first_theta(self) -> int:
        return self.num_x + int(self.risk.has_eta)

    @property
    def _num_y(self) -> int:
        return 0 if self.retained is None else len(self.retained.cost)

    @property
    def _first_cut(self) -> int:
        """Row of the first cut, after A and the retained scenarios' rows."""
        return int(self.problem.A.shape[0]) + (0 if self.retained is None else len(self.retained.row_lower))

    @property
    def awake(self) -> NDArray[np.bool_]:
        """Which thetas have a cut (K,)."""
        out = np.zeros(self.clusters, dtype=bool)
        for cut in self.cuts:
            out[list(cut.clusters)] = True
        return out

    @property
    def _constant(self) -> float:
        return 0.0 if self.retained is None else self.retained.constant

    @property
    def left_units(self) -> Array:
        """Units of the columns x and eta."""
        x = np.ones(self.num_x) if self.x_unit is None else self.x_unit
        return np.append(x, self.unit) if self.risk.has_eta else x

    @property
    def column_units(self) -> Array:
        """Units of all columns; thetas are counted in money's unit by their costs, so that theirs is 1 here."""
        y = np.ones(self._num_y) if self.y_unit is None else self.y_unit
        return np.concatenate([self.left_units, np.ones(self.clusters), y])

    def fit_units(self, x: Array, y: Array | None = None) -> bool:
        """Enlarge units that are much too small; returns whether any was.

        A unit is too small if plan ``x`` has many of it, or if a variable's costs and slopes are so small in it that a solver may drop
        them; too large if they are more than 1 unit of money.
        """
        x_unit, y_unit = self.x_unit, self.y_unit
        most = np.abs(self.problem.cost) if self.retained is None else np.abs(self.problem.cost + self.retained.cost_first)
        most = np.maximum.reduce([most, *(np.abs(c.slope) for c in self.cuts if c.clusters)]) / self.unit
        x_unit = _fitted(x_unit, x, np.where(self.problem.first.integer, np.inf, most))
        if y is not None and self.retained is not None:
            y_unit = _fitted(y_unit, y, np.abs(self.retained.cost) / self.unit)
        changed = x_unit is not self.x_unit or y_unit is not self.y_unit
        self.x_unit, self.y_unit = x_unit, y_unit
        return changed

    def shrink_units(self, cuts: list[Cut]) -> bool:
        """Make units smaller in which these cuts' slopes would be many units of money; returns whether any was."""
        slopes = [np.abs(c.slope) for c in cuts if c.clusters]
        if self.x_unit is None or not slopes:
            return False
        most = np.maximum.reduce(slopes) / self.unit
        large = (self.x_unit > 1) & (most * self.x_unit > FAR)
        if large.any():
            self.x_unit = np.where(large, np.maximum(1.0, 2.0 ** np.floor(-np.log2(np.where(large, most, 1.0)))), self.x_unit)
        return bool(large.any())

    def in_units(self, cost: float) -> float:
        """Return a cost as the solver's problems count it."""
        return (cost - self._constant) / self.unit

    def _costs(self) -> Array:
        eta = [self.risk.eta_cost] if self.risk.has_eta else []
        whole = self.retained
        first = self.problem.cost if whole is None else self.problem.cost + whole.cost_first
        y = np.zeros(0) if whole is None else whole.cost / self.unit
        return np.concatenate([np.concatenate([first, eta]) / self.unit, self.awake.astype(float), y])

    def _bounds(self, boxed: bool) -> tuple[Array, Array]:
        first = self.problem.first
        eta = int(self.risk.has_eta)
        lower = np.concatenate([first.lower, np.full(eta, self.risk.eta_lower)])
        upper = np.concatenate([first.upper, np.full(eta, np.inf)])
        if self.fixed is not None:
            lower[: self.num_x], upper[: self.num_x] = self.fixed
        if boxed and not self.without_box:
            low, high = np.minimum(-self.box, upper), np.maximum(self.box, lower)
            lower, upper = np.where(np.isinf(lower), low, lower), np.where(np.isinf(upper), high, upper)
        thetas = np.full(self.clusters, np.inf)
        if self.retained is None:
            return np.concatenate([lower, -thetas]), np.concatenate([upper, thetas])
        return np.concatenate([lower, -thetas, self.retained.lower]), np.concatenate([upper, thetas, self.retained.upper])

    def _costs_in_units(self) -> Array:
        return self._costs() * self.column_units

    def _bounds_in_units(self, boxed: bool) -> tuple[Array, Array]:
        lower, upper = self._bounds(boxed)
        return lower / self.column_units, upper / self.column_units

    def _rows(self, cuts: list[Cut]) -> tuple[csr_array, Array]:
        """Return the cuts as rows >= their constants, each scaled by a power of two to a largest coefficient near 1."""
        n = self._first_theta + self.clusters + self._num_y
        if not cuts:
            return csr_array((0, n)), np.zeros(0)
        left, unit, scale = self._left(cuts, self.unit, self.left_units)
        index = [(i, k) for i, c in enumerate(cuts) for k in c.clusters]
        rows, columns = (np.array(v, dtype=np.int64) for v in zip(*index, strict=True)) if index else (np.zeros(0, np.int64),) * 2
        right = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(cuts), self.clusters + self._num_y))
        matrix = csr_array(hstack([csr_array(left), right], format="csr"))
        constants = np.array([c.constant for c in cuts]) / unit * scale
        return csr_array(matrix * scale[:, None]), constants

    def _left(self, cuts: list[Cut], money: float, units: Array) -> tuple[Array, Array, Array]:
        """Return the coefficients of x and eta in ``units``, each cut's unit (``money``; 1 for feasibility cuts), its row's scale."""
        left = np.array([-c.slope for c in cuts])
        if self.risk.has_eta:
            left = np.column_stack([left, [-c.eta_slope for c in cuts]])
        unit = np.array([money if c.clusters else 1.0 for c in cuts])
        left = left * units / unit[:, None]
        largest = np.maximum(np.abs(left).max(axis=1, initial=0.0), np.array([1.0 if c.clusters else 0.0 for c in cuts]))
        scale = 2.0 ** -np.floor(np.log2(np.where(largest > 0, largest, 1.0)))
        return left, unit, np.where([bool(c.clusters) for c in cuts], np.maximum(scale, SMALLEST_THETA), scale)

    def multipliers(self, cuts: list[Cut], row_dual: Array, money: float, units: Array) -> tuple[Array, Array, Array]:
        """Return the multipliers of the rows of A, of the retained scenarios' rows and of ``cuts`` as they stand in (1).

        ``row_dual`` are those of an LP that counted in ``money`` and, of x and eta, in ``units``.
        """
        rows, kept, own = np.split(row_dual, [self.problem.A.shape[0], self._first_cut])
        if not cuts:
            return rows * money, kept * money, np.zeros(0)
        _, unit, scale = self._left(cuts, money, units)
        return rows * money, kept * money, own * scale * (money / unit)

    def program(self, *, integer: bool, boxed: bool) -> LinearProgram:
        """Return (1), or its LP relaxation, with or without the box, in units."""
        rows, constants = self._rows(self.cuts)
        lower, upper = self._bounds_in_units(boxed)
        n, units = len(lower), self.column_units
        top = csr_array(hstack([self.problem.A, csr_array((self.problem.A.shape[0], n - self.num_x))], format="csr"))
        whole = np.zeros(n, dtype=bool)
        if integer:
            whole[: self.num_x] = self.problem.first.integer
        matrices, row_lower, row_upper = [top], [self.problem.row_lower], [self.problem.row_upper]
        if self.retained is not None:
            kept = self.retained
            between = csr_array((len(kept.row_lower), n - self.num_x - self._num_y))
            matrices.append(csr_array(hstack([kept.T, between, kept.W], format="csr")))
            row_lower.append(kept.row_lower)
            row_upper.append(kept.row_upper)
        return LinearProgram(
            cost=self._costs_in_units(),
            matrix=csr_array(vstack([csr_array(vstack(matrices, format="csr") * units), rows], format="csr")),
            row_lower=np.concatenate([*row_lower, constants]),
            row_upper=np.concatenate([*row_upper, np.full(len(constants), np.inf)]),
            lower=lower,
            upper=upper,
            integer=whole,
        )

    def as_point(self, full: Array) -> Point:
        """Return a vector of the solver's columns as a point without value or bound."""
        x, eta, theta, _ = self._parts(full)
        return Point(x, eta, theta, np.nan, None)

    def _parts(self, full: Array) -> tuple[Array, float | None, Array, Array]:
        """Return x, eta, theta and y of a vector of the solver's columns."""
        real = full * self.column_units
        eta = float(real[self.num_x]) if self.risk.has_eta else None
        theta = real[self._first_theta : self._first_theta + self.clusters] * self.unit
        return real[: self.num_x], eta, theta, real[self._first_theta + self.clusters :]

    def rows(self, cuts: list[Cut]) -> tuple[csr_array, Array, Array]:
        """Return cuts as rows of the solver's problem: matrix, lower and upper sides."""
        matrix, constants = self._rows(cuts)
        return matrix, constants, np.full(len(constants), np.inf)

    def model_value(self, x: Array, eta: float | None) -> Array:
        """Return the largest cut of each theta at (x, eta), (K,); -inf where there is none. Cuts over several thetas are left out."""
        out = np.full(self.clusters, -np.inf)
        single = [c for c in self.cuts if len(c.clusters) == 1]
        if single:
            values = np.array([c.slope for c in single]) @ x + np.array([c.constant for c in single])
            if eta is not None:
                values = values + eta * np.array([c.eta_slope for c in single])
            np.maximum.at(out, np.array([c.clusters[0] for c in single]), values)
        return out

    def raised_by(self, cuts: Sequence[Cut], x: Array, eta: float | None) -> list[bool]:
        """Whether each cut says more at (x, eta) than the cuts here; a feasibility cut is compared with those of its scenario."""
        model = self.model_value(x, eta)
        held: dict[int | None, float] = {}
        if any(not c.clusters for c in cuts):
            for c in self.cuts:
                if not c.clusters:
                    held[c.scenario] = max(held.get(c.scenario, 0.0), c.value(x, eta))
        known = [float(model[c.clusters[0]]) if c.clusters else held.get(c.scenario, 0.0) for c in cuts]
        values = [c.value(x, eta) for c in cuts]
        return [not np.isfinite(k) or v > k + FILTER * max(1.0, abs(k), abs(v)) for k, v in zip(known, values, strict=True)]

    def completed(self, x: Array, eta: float | None) -> Array | None:
        """Return a full master solution (x, eta, theta) for plan ``x``, to start a MIP from; ``None`` with retained scenarios."""
        if self.retained is not None:
            return None
        theta = self.model_value(x, eta)
        theta = np.where(np.isfinite(theta), theta, 0.0)
        for cut in self.cuts:
            if len(cut.clusters) > 1:
                theta[cut.clusters[0]] += max(0.0, cut.value(x, eta) - float(theta[list(cut.clusters)].sum()))
        return np.concatenate([x, [] if eta is None else [eta], theta / self.unit]) / self.column_units


def _fitted(units: Array | None, values: Array, entries: Array) -> Array | None:
    """Return units, powers of two, for variables with these values and largest entries; the same object if it serves."""
    held = np.ones(len(values)) if units is None else units
    seen = entries * np.maximum(1.0, np.abs(values)) > ROUNDING  # less is what is left of differences
    known = seen & np.isfinite(entries)
    largest = np.where(known, 1 / np.where(known, entries, 1.0), np.where(seen, 1.0, np.inf))
    wanted = np.minimum(np.maximum(np.abs(values), np.where(known, SMALL_ENTRY * largest, 1.0)), largest)
    grown = wanted > FAR * held
    return np.where(grown, 2.0 ** np.floor(np.log2(np.where(grown, wanted, 1.0))), held) if grown.any() else units
