"""An LP in HiGHS that is solved again and again for other right-hand sides *and* other costs.

After a change of right-hand sides the last basis is dual feasible, after one of costs primal feasible; after both it is neither, and dual
simplex takes three times as long (measured). So the two changes are made one after the other, each followed by the simplex method that the
basis is feasible for, which HiGHS finds by itself with ``simplex_strategy`` 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import SolverError
from .highs import HighsModel
from .linear import Array, LinearProgram, Solution, Termination


class HighsCosts(HighsModel):
    """A :class:`~quakeops.solvers.linear.SolverModel` of an LP, one thread, for changes of both kinds (:meth:`change`)."""

    def __init__(self, problem: LinearProgram):
        super().__init__(problem)
        self._set("simplex_strategy", 0)
        self._set("parallel", "off")  # not "threads": HiGHS keeps one scheduler a process and refuses another number
        self._solved = False

    def change(self, sides: tuple[Array, Array] | None, cost: Array | None) -> Solution:
        """Solve for these row bounds and costs, ``None`` where they stay, from the last basis; from scratch if that finds no optimum."""
        if sides is not None:
            self.set_row_bounds(*sides)
            if self._solved and cost is not None:
                self._highs.run()
        if cost is not None:
            self.set_cost(cost)
        found = self._run()
        if not self._solved:
            self._highs.clearSolver()
            found = self._run()
        return found

    def basis(self) -> Any:
        """Return the last basis, for :meth:`start_from`."""
        return self._highs.getBasis()

    def start_from(self, basis: Any) -> None:
        """Begin with the basis of another model of the same shape."""
        self._check(self._highs.setBasis(basis), "setBasis")

    def _run(self) -> Solution:
        self._highs.run()
        found: Any = self._highs.getModelStatus()
        done = (self._highspy.HighsModelStatus.kOptimal, self._highspy.HighsModelStatus.kModelEmpty)
        self._solved = found in done and not self._doubtful()
        if not self._solved:
            if found == self._highspy.HighsModelStatus.kNotset:
                raise SolverError("HiGHS failed to run: model status 'Not Set'")
            return self._solution(found)
        solution = self._highs.getSolution()
        x, dual = np.array(solution.col_value, dtype=float), np.array(solution.row_dual, dtype=float)
        return Solution(Termination.OPTIMAL, float(self._highs.getInfo().objective_function_value), x=x, row_dual=dual)
