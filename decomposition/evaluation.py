r"""What a plan is worth: expected cost, CVaR, worst case, demand met, EVPI and VSS, with confidence intervals.

With costs Z_s of the plan x in minimisation form, probabilities p_s and level a (Rockafellar & Uryasev 2000; Birge & Louveaux 2011, ch. 4):

    CVaR_a = min_t t + sum_s p_s max(Z_s - t, 0) / (1 - a)                                             (1)
    EVPI   = sum_s p_s (Z_s - WS_s),       WS_s the optimum of scenario s alone (wait and see)         (2)
    VSS    = sum_s p_s (Z_s(x_EV) - Z_s),  x_EV optimal for the scenario with the mean data            (3)

(2) and (3) are those of the textbook when x is optimal; for any other plan (2) is its expected regret. On sampled scenarios each mean has
a 95 % Student interval, from paired differences in (2) and (3) and from the summands at the estimated t in (1) (asymptotic; given only when
at least 10 draws lie in the tail). Scenarios
that are the whole distribution leave nothing to estimate: no interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.stats import t as student

from ..errors import InputError, NoSolutionError
from ..result import Result
from ..solvers import Backend
from .ambiguity import Ambiguity
from .extensive_form import scenario_problem
from .matrices import Array, ScenarioData, StageData
from .recourse import FEASIBILITY, Recourse
from .saa.intervals import Probability

MIP_GAP = 1e-6
"""Relative gap to which wait-and-see and mean-value problems are solved."""

SEEN_TAIL = 10
"""CVaR gets an interval only if at least so many sampled scenarios cost more than its threshold."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, with a 95 % confidence interval when it is an estimate and ``None`` when it is exact."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Figures of one plan on one scenario set, in the model's own sense and units.

    ``violations`` tells how often each chance constraint is missed, where the model has some.
    ``sampled`` tells whether the scenarios are draws (then estimates carry intervals). ``demand_met`` is a fraction by commodity, empty
    for a model that defines none; ``evpi``, ``vss`` and ``ambiguity`` are ``None`` when not asked for, ``vss`` also when ``vss_note`` says
    why.
    """

    model: str
    instance: str
    num_scenarios: int
    sampled: bool
    expected_cost: Estimate
    cvar_level: float
    cvar: Estimate
    worst_cost: float
    worst_scenario: str
    demand_met: dict[str, float]
    evpi: Estimate | None = None
    vss: Estimate | None = None
    vss_note: str = ""
    ambiguity: Ambiguity | None = None
    violations: dict[str, Probability] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def plan_vector(result: Result, data: StageData) -> Array:
    """Return the plan of ``result`` in the order of ``data.first``; names that do not match are an :class:`InputError`."""
    result.raise_for_status()
    plan = dict(result.first_stage)
    missing = [n for n in data.first.names if n not in plan]
    unknown = sorted(set(plan) - set(data.first.names))
    if missing or unknown:
        which = f"{missing[0]!r} is missing" if missing else f"{unknown[0]!r} is not a first-stage variable of the model"
        raise InputError(f"result: field 'first_stage': {which}")
    return np.array([plan[n] for n in data.first.names], dtype=float)


def evaluate_plan(
    result: Result,
    data: StageData,
    backend: Backend,
    *,
    sampled: bool,
    cvar_level: float = 0.95,
    evpi: bool = True,
    vss: bool = True,
    service: Callable[[int, dict[str, float]], dict[str, tuple[float, float]]] | None = None,
    mean: ScenarioData | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Evaluation:
    """Evaluate the plan of ``result`` on every scenario of ``data`` (module docstring).

    ``service(k, values)`` returns ``{commodity: (met, demanded)}`` of scenario k from its second-stage values. ``mean`` is the scenario of
    the mean data in (3), where means of matrices are not matrices of means.

    Raises
    ------
    NoSolutionError
        The plan violates the first stage, or has no recourse in some scenario (which is named).
    """
    if not 0 < cvar_level < 1:
        raise InputError(f"--cvar-level {cvar_level}: must lie strictly between 0 and 1")
    x = plan_vector(result, data)
    recourse = Recourse(data, backend)
    violation, name = recourse.first_stage_violation(x)
    if violation > FEASIBILITY:
        raise NoSolutionError(f"the plan violates {name} by a relative {violation:.3g}")
    p = data.probabilities
    costs = np.empty(len(p))
    met: dict[str, float] = {}
    demanded: dict[str, float] = {}
    for k, s in enumerate(data.scenarios):
        solution = recourse.solve(k, x)
        if solution.objective is None or solution.x is None:
            raise NoSolutionError(f"the plan has no feasible recourse in scenario {s.name!r} ({solution.termination})")
        costs[k] = s.cost_first @ x + s.offset + solution.objective
        if service is not None:
            values = dict(zip(s.stage.names, solution.x.tolist(), strict=True))
            for what, (got, wanted) in service(k, values).items():
                met[what] = met.get(what, 0.0) + p[k] * got
                demanded[what] = demanded.get(what, 0.0) + p[k] * wanted
        if progress is not None:
            progress("plan", k + 1, len(p))
    worst = int(np.argmax(costs))
    threshold = _quantile(costs, p, cvar_level)
    tail_is_seen = int((costs > threshold).sum()) >= SEEN_TAIL
    tail = threshold + np.maximum(costs - threshold, 0) / (1 - cvar_level)
    value_of_information = _wait_and_see(data, backend, progress) if evpi else None
    mean_value, note = _mean_value_costs(data, backend, recourse, mean) if vss else (None, "")
    sign = data.sign
    return Evaluation(
        model=result.model,
        instance=result.instance,
        num_scenarios=len(p),
        sampled=sampled,
        expected_cost=_estimate(costs, p, sampled, sign),
        cvar_level=cvar_level,
        cvar=_estimate(tail, p, sampled and tail_is_seen, sign),
        worst_cost=float(costs[worst]) * sign,
        worst_scenario=data.scenarios[worst].name,
        demand_met={k: float(met[k] / demanded[k]) if demanded[k] > 0 else 1.0 for k in met},
        evpi=None if value_of_information is None else _estimate(costs - value_of_information, p, sampled),
        vss=None if mean_value is None else _estimate(mean_value - costs, p, sampled),
        vss_note=note,
    )


def _estimate(values: Array, p: Array, sampled: bool, sign: float = 1.0) -> Estimate:
    mean, n = float(p @ values), len(values)
    if not sampled or n < 2:
        return Estimate(sign * mean)
    half = float(student.ppf(0.975, n - 1)) * math.sqrt(float(np.var(values, ddof=1)) / n)
    return Estimate(sign * mean, sign * mean - half, sign * mean + half)


def _quantile(costs: Array, p: Array, level: float) -> float:
    """Return the smallest cost c with P(Z <= c) >= level."""
    order = np.argsort(costs, kind="stable")
    reached = np.cumsum(p[order])
    return float(costs[order[min(int(np.searchsorted(reached, level - 1e-12)), len(p) - 1)]])


def _wait_and_see(data: StageData, backend: Backend, progress: Callable[[str, int, int], None] | None) -> Array:
    """Return WS_s (S,): each scenario's own optimum."""
    out = np.empty(len(data.scenarios))
    for k, s in enumerate(data.scenarios):
        problem = scenario_problem(data, s)
        solution = backend.open(problem).solve({"rel_gap": MIP_GAP} if problem.is_mip else None)
        if solution.objective is None:
            raise NoSolutionError(f"scenario {s.name!r} alone has no optimum ({solution.termination}); EVPI is not defined")
        out[k] = solution.objective
        if progress is not None:
            progress("wait-and-see", k + 1, len(out))
    return out


def _mean_value_costs(data: StageData, backend: Backend, recourse: Recourse, mean: ScenarioData | None) -> tuple[Array | None, str]:
    """Return Z_s(x_EV) (S,), or ``None`` and the reason."""
    mean = mean_scenario(data) if mean is None else mean
    if mean is None:
        return None, "scenarios differ in structure, so there is no mean-value problem"
    problem = scenario_problem(data, mean)
    solution = backend.open(problem).solve({"rel_gap": MIP_GAP} if problem.is_mip else None)
    if solution.x is None:
        return None, f"the mean-value problem has no optimum ({solution.termination})"
    costs = recourse.costs(recourse.clean(solution.x[: len(data.first)]))
    return (costs, "") if costs is not None else (None, "the mean-value plan has no recourse in some scenario: VSS is infinite")


def mean_scenario(data: StageData) -> ScenarioData | None:
    """Return the scenario with the probability-weighted mean of q, W, T, h (exact for data that enter affinely), if all share one shape."""
    base = data.scenarios[0]
    finite = [
        np.isfinite(base.row_lower),
        np.isfinite(base.row_upper),
        np.isfinite(base.stage.lower),
        np.isfinite(base.stage.upper),
    ]
    for s in data.scenarios:
        if s.stage.names != base.stage.names or s.row_names != base.row_names or s.W.shape != base.W.shape:
            return None
        sides = [np.isfinite(s.row_lower), np.isfinite(s.row_upper), np.isfinite(s.stage.lower), np.isfinite(s.stage.upper)]
        if any(not np.array_equal(a, b) for a, b in zip(finite, sides, strict=True)):
            return None
    p = data.probabilities

    def mean(values: list[Array]) -> Array:
        with np.errstate(invalid="ignore"):
            return np.where(np.isfinite(values[0]), np.sum([w * v for w, v in zip(p, values, strict=True)], axis=0), values[0])

    stage = type(base.stage)(
        base.stage.names,
        mean([s.stage.lower for s in data.scenarios]),
        mean([s.stage.upper for s in data.scenarios]),
        base.stage.integer,
    )
    return ScenarioData(
        name="mean",
        probability=1.0,
        cost_first=mean([s.cost_first for s in data.scenarios]),
        cost=mean([s.cost for s in data.scenarios]),
        offset=float(p @ [s.offset for s in data.scenarios]),
        T=csr_array(sum(w * s.T for w, s in zip(p, data.scenarios, strict=True))),
        W=csr_array(sum(w * s.W for w, s in zip(p, data.scenarios, strict=True))),
        row_lower=mean([s.row_lower for s in data.scenarios]),
        row_upper=mean([s.row_upper for s in data.scenarios]),
        row_names=base.row_names,
        stage=stage,
    )
