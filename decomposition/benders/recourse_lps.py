"""The recourse LPs of one thread: each group's problem held in a solver, and an elastic copy that proves infeasibility."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from ...errors import SolverError
from ...solvers import Backend, LinearProgram, RecourseModel, Termination
from ..matrices import Array
from .problem import Group

MOST_OPEN = 128
"""Problems held open at a time, for programs whose W or q differs in every scenario."""

INFEASIBLE = 1e-8
"""Sum of row violations, relative to the largest right-hand side, that decides where a solver cannot tell infeasible from unbounded."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One scenario's recourse: its optimum with a dual (m,), or ``cost`` ``None`` with the dual of the least violation (a Farkas ray)."""

    dual: Array
    cost: float | None
    basis: Any = None
    violation: float = 0.0


class UnboundedRecourseError(SolverError):
    """A feasible recourse problem without a finite optimum; ``group`` is its group's number."""

    def __init__(self, group: int):
        super().__init__(group)
        self.group = group


class RecourseLPs:
    """Solve recourse LPs of any group; one object a thread."""

    def __init__(self, groups: tuple[Group, ...], backend: Backend, *, will_pack: bool = False):
        self._groups, self._backend, self._will_pack = groups, backend, will_pack
        self._open: OrderedDict[tuple[int, bool], RecourseModel] = OrderedDict()

    def solve(self, g: int, rhs: Array, start: Any) -> Outcome:
        """Solve group ``g``'s recourse for right-hand sides (m,) from basis ``start``."""
        group = self._groups[g]
        lower, upper = row_bounds(group, rhs)
        found = self._model(g, False).solve(lower, upper, start)
        if found.termination is Termination.OPTIMAL:
            assert found.dual is not None
            return Outcome(found.dual, found.objective, found.basis)
        elastic = self._model(g, True).solve(lower, upper)
        if elastic.objective is None or elastic.dual is None:
            raise SolverError(f"the solver failed on a recourse problem ({found.termination}, then {elastic.termination}): {found.detail}")
        limit = 0.0 if found.termination is Termination.INFEASIBLE else INFEASIBLE * max(1.0, float(np.abs(rhs).max(initial=0.0)))
        if elastic.objective > limit:
            return Outcome(elastic.dual, None, violation=elastic.objective)
        if found.termination is Termination.INFEASIBLE:
            raise SolverError("the solver calls a recourse problem infeasible whose rows can all be met: numerical trouble")
        raise UnboundedRecourseError(g)

    def pack(self, g: int, basis: Any) -> NDArray[np.int8]:
        """Return a basis of group ``g`` as a plain array."""
        return self._model(g, False).pack(basis)

    def unpack(self, g: int, packed: NDArray[np.int8]) -> Any:
        """Inverse of :meth:`pack`."""
        return self._model(g, False).unpack(packed)

    def _model(self, g: int, elastic: bool) -> RecourseModel:
        key = (g, elastic)
        if key in self._open:
            self._open.move_to_end(key)
        else:
            group = self._groups[g]
            self._open[key] = self._backend.open_recourse(elastic_problem(group) if elastic else recourse_problem(group))
            self._open[key].will_pack = self._will_pack and not elastic
            if len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)
        return self._open[key]


def row_bounds(group: Group, rhs: Array) -> tuple[Array, Array]:
    """Return the two sides of W y for right-hand sides ``rhs``, by the rows' senses."""
    return np.where(group.sense <= 0, rhs, -np.inf), np.where(group.sense >= 0, rhs, np.inf)


def recourse_problem(group: Group) -> LinearProgram:
    """Return (1) of ``problem`` with right-hand side h_0; the LP relaxation where the recourse is integer."""
    lower, upper = row_bounds(group, group.rhs_0)
    relaxed = np.zeros(len(group.second), dtype=bool)
    return LinearProgram(group.cost, group.W, lower, upper, group.second.lower, group.second.upper, relaxed)


def elastic_problem(group: Group) -> LinearProgram:
    """Return min sum of violations of the rows: feasible for every right-hand side, its duals in [-1, 1]."""
    m = len(group.sense)
    short, over = (np.flatnonzero(chosen) for chosen in (group.sense <= 0, group.sense >= 0))
    extra = len(short) + len(over)
    rows = np.concatenate([short, over])
    signs = np.concatenate([np.ones(len(short)), -np.ones(len(over))])
    slack = csr_array((signs, (rows, np.arange(extra))), shape=(m, extra))
    lower, upper = row_bounds(group, group.rhs_0)
    return LinearProgram(
        cost=np.concatenate([np.zeros(len(group.second)), np.ones(extra)]),
        matrix=csr_array(hstack([group.W, slack], format="csr")),
        row_lower=lower,
        row_upper=upper,
        lower=np.concatenate([group.second.lower, np.zeros(extra)]),
        upper=np.concatenate([group.second.upper, np.full(extra, np.inf)]),
        integer=np.zeros(len(group.second) + extra, dtype=bool),
    )
