r"""The extensive form of a risk measure: expectation replaced by a few columns and rows on the scenarios' costs.

With z_s >= Z_s(x, y_s), one row a scenario, the objective is

    mean-CVaR    (1 - lambda) sum_s p_s z_s + lambda eta + lambda / (1 - alpha) sum_s p_s e_s,     e_s >= z_s - eta, e >= 0     (1)
    worst case   eta,                                                                              eta >= z_s                   (2)
    wasserstein  r eta + sum_s p_s e_s,                                                            e_s >= z_t - d_st eta, eta >= 0     (3)

(formulas of :mod:`.benders.risk`). (3) has a row for each pair of scenarios. One problem, one solver, no decomposition: what the Benders
engine finds can be compared with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import block_diag, csr_array, eye_array, hstack, kron, vstack

from ..errors import InputError
from ..result import Result
from ..solvers import Backend, LinearProgram
from .benders.compiled import compile_problem
from .benders.problem import Problem
from .benders.risk import Risk
from .benders.team import Team
from .compiled import stage_data
from .extensive_form import assemble, solve_extensive_form
from .matrices import Array, StageData
from .program import Program
from .recourse import FEASIBILITY, Recourse
from .run import Run

MOST_SCENARIOS = 1000
"""More scenarios than this are refused where every pair of them has a row."""


@dataclass(slots=True)
class RiskRecourse(Recourse):
    """Evaluates a plan by the measure of its exact costs; ``num_given`` counts scenarios before repeated ones were joined."""

    risk: Risk = field(default_factory=Risk)
    num_given: int = 0

    @property
    def num_scenarios(self) -> int:
        """How many scenarios the program has."""
        return self.num_given

    def expected(self, x: Array) -> float | None:
        """Return the risk of the exact costs of ``x`` in minimisation form, or ``None`` if it is infeasible."""
        if self.first_stage_violation(x)[0] > FEASIBILITY:
            return None
        costs = self.costs(x)
        return None if costs is None else self.risk.of(costs, self.data.probabilities)


def solve_risk_form(program: Program, backend: Backend, run: Run, risk: Risk) -> Result:
    """Solve the extensive form of ``risk``.

    Raises
    ------
    InputError
        There are too many scenarios for (3), or no distance between them is defined.
    """
    with run.timed("build"):
        problem, compiled = compile_problem(program, Team())
        data = distinct(stage_data(program) if compiled is None else compiled, problem)
        measure = risk.on(problem, Team())
    run.sign = data.sign
    recourse = RiskRecourse(data, backend, risk=measure, num_given=problem.num_given)
    return solve_extensive_form(data, backend, run, form=lambda: risk_form(data, measure), recourse=recourse)


def distinct(data: StageData, problem: Problem) -> StageData:
    """Return the scenarios in the order of ``problem``, repeated ones joined and those of probability zero left out."""
    by_name = {s.name: s for s in data.scenarios}
    pairs = zip(problem.labels, problem.probabilities.tolist(), strict=True)
    return replace(data, scenarios=tuple(replace(by_name[label], probability=p) for label, p in pairs))


def risk_form(data: StageData, risk: Risk) -> LinearProgram:
    """Return (1), (2) or (3); columns are those of the extensive form, then z (S,), eta, and e (S,).

    Raises
    ------
    InputError
        (3) with more than ``MOST_SCENARIOS``.
    """
    p, lp = data.probabilities, assemble(data)
    n, count = len(lp.cost), len(p)
    zero, one = np.zeros(count), np.ones(count)
    of_first = vstack([csr_array(s.cost_first[None, :]) for s in data.scenarios])
    costs = hstack([of_first, block_diag([s.cost[None, :] for s in data.scenarios])])
    unit, eta = eye_array(count), csr_array(one[:, None])
    if risk.radius > 0:
        linking, objective = _pairs(risk, count), np.concatenate([zero, [risk.radius], p])
    elif risk.worst:
        possible = p > 0
        linking = hstack([-csr_array(unit)[possible], eta[possible], csr_array((int(possible.sum()), count))])
        objective = np.concatenate([zero, [1.0], zero])
    else:
        linking, objective = hstack([-unit, eta, unit]), np.concatenate([(1 - risk.weight) * p, [risk.weight], risk.tail * p])
    rows = vstack([hstack([-csr_array(costs), unit, csr_array((count, 1 + count))]), hstack([csr_array((linking.shape[0], n)), linking])])
    everything = vstack([hstack([lp.matrix, csr_array((lp.matrix.shape[0], 1 + 2 * count))]), rows], format="csr")
    above = np.concatenate([[s.offset for s in data.scenarios], np.zeros(linking.shape[0])])
    free, upper = np.full(count, -np.inf), np.full(1 + 2 * count, np.inf)
    return LinearProgram(
        cost=np.concatenate([np.zeros(n), objective]),
        matrix=csr_array(everything),
        row_lower=np.concatenate([lp.row_lower, above]),
        row_upper=np.concatenate([lp.row_upper, np.full(len(above), np.inf)]),
        lower=np.concatenate([lp.lower, free, [risk.eta_lower], free if risk.radius > 0 else zero]),
        upper=np.concatenate([lp.upper, upper]),
        integer=np.concatenate([lp.integer, np.zeros(1 + 2 * count, dtype=bool)]),
    )


def _pairs(risk: Risk, count: int) -> csr_array:
    """Return the rows -z_t + d_st eta + e_s >= 0 of (3)."""
    if count > MOST_SCENARIOS:
        raise InputError(
            f"--risk {risk}: the extensive form has a row for each pair of {count} scenarios (at most {MOST_SCENARIOS}); benders"
        )
    assert risk.ball is not None
    everyone, one = np.arange(count), csr_array(np.ones((count, 1)))
    distances = csr_array(risk.ball.metric.between(everyone, everyone).reshape(-1, 1))
    return csr_array(hstack([kron(one, -eye_array(count)), distances, kron(eye_array(count), one)]))
