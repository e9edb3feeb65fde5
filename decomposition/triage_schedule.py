r"""What a triage plan does day by day: buildings served by grade, waits in days, and the same with all grades known beforehand.

With the plan's x and each scenario's optimal recourse z, weights p_s of scenarios, and the numbers N_gl of scenario s,

    served_tl = sum_s p_s [ sum_g (N_gl / n_g) x_gt ]   (t <= D),        sum_s p_s sum_d z_dlt   (t > D)

buildings of grade l are served on day t on average. With weights w_l, W = sum_tl w_l served_tl, and buildings served in the middle of
their day as in (1) of :mod:`..models.triage`,

    mean wait        sum_tl (t - 1/2) w_l served_tl / W        days of a unit of damage: the objective over W
    severe wait      sum_t (t - 1/2) (served_t2 + served_t3) / sum_t (served_t2 + served_t3)
    coverage_t       sum_l w_l sum_{tau <= t} served_taul / W,  and the first days T50, T90 on which it is 0.5 and 0.9.

``known`` is the schedule with which no other can compete: grades known from day 1, served by descending weight, no rule of fairness, crews
that go anywhere. What lies between the two is what recognition and rules cost together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..errors import NoSolutionError
from ..instances.arrays import Array
from ..instances.scenario_labels import find_label
from ..instances.triage import GRADES
from ..instances.triage_source import TriageSource
from ..models.triage import random_data
from ..result import Result
from ..solvers import get
from .compiled import stage_data
from .evaluation import plan_vector
from .matrices import StageData
from .program import from_provenance
from .recourse import Recourse
from .severity_first import severity_first

SEVERE = 2
IDLE = 1e-6
"""A day's delay of any building costs this share of the largest weight more, so that of equally good recourses the one without idle crews
is told; it moves no building of another weight."""
REACHED = 1e-9
"""A share of W that is missed by less counts as reached."""


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """``served`` (T, 4), expected buildings by day and true grade, and the ``weights`` (4,) of a day's delay of one."""

    served: Array
    weights: Array

    @property
    def coverage(self) -> Array:
        """Share of the weight that is served by the end of day t = 0, ..., T, (T + 1,)."""
        daily = self.served @ self.weights
        covered: Array = np.concatenate([[0.0], np.cumsum(daily)]) / daily.sum()
        return covered

    def first_day(self, share: float) -> int:
        """Return the first day by whose end this share of the weight is served."""
        return int(np.argmax(self.coverage >= share - REACHED))

    @property
    def mean_wait(self) -> float:
        """Days that a unit of weight waits, on average."""
        return self._wait(self.served @ self.weights)

    @property
    def severe_wait(self) -> float | None:
        """Days that a severely damaged or collapsed building waits, on average; None where there are none."""
        severe = self.served[:, SEVERE:].sum(axis=1)
        return self._wait(severe) if severe.sum() > 0 else None

    def _wait(self, daily: Array) -> float:
        return float((np.arange(len(daily)) + 0.5) @ daily / daily.sum())


@dataclass(frozen=True, slots=True, eq=False)
class TriageSchedule:
    """A plan and its recourse: ``early`` (G, D) buildings of each class on the first days, ``done`` by day and grade, ``known`` likewise.

    ``classes`` and ``districts`` are names; ``district_day`` (I,) is the mean day of service of a district's buildings, m_d of (8), in one
    optimal recourse: where no rule binds, buildings of one grade may change places.
    """

    classes: tuple[str, ...]
    districts: tuple[str, ...]
    early: Array
    done: Served
    known: Served
    district_day: Array


def triage_schedule(result: Result, scenario: str | None = None) -> TriageSchedule:
    """Solve the recourse of ``result`` in each of its scenarios, or in the one of this name or label, and return its schedule.

    Raises
    ------
    InputError
        The result is of another model, its plan or instance is no longer the one solved, or an unknown scenario.
    NoSolutionError
        It holds no plan, or the plan has no recourse in some scenario.
    """
    program = from_provenance(result.provenance)
    source: TriageSource = program.kwargs["source"]
    instance = source.instance
    data = stage_data(program)
    x = plan_vector(result, data)
    model = program.build(0)
    place = {name: k for k, name in enumerate(data.first.names)}
    names = [c.name for c in instance.classes]
    districts = [d.name for d in instance.districts]
    days, first = instance.days, instance.first_days
    early = np.array([[x[place[model.early[g, t].name]] for t in range(1, first + 1)] for g in names])
    later = {var.name: (districts.index(d), k, t - 1) for (d, k, t), var in model.late.items()}

    block = source.block(0, source.num_scenarios)
    weight_of = data.probabilities
    if scenario is not None:
        weight_of = np.eye(len(block))[find_label(block.labels, scenario)]
    share = random_data(source, block)["share"]
    served = np.zeros((days, GRADES))
    by_day = np.zeros((len(districts), days))
    np.add.at(by_day, (np.array([districts.index(c.district) for c in instance.classes]),), np.pad(early, ((0, 0), (0, days - first))))
    recourse = Recourse(_without_idle_days(data, {n: IDLE * max(instance.weights) * t for n, (_, _, t) in later.items()}), get("highs"))
    for k in np.flatnonzero(weight_of).tolist():
        only, weight, solution = data.scenarios[k], weight_of[k], recourse.solve(k, x)
        if solution.x is None:
            raise NoSolutionError(f"the plan has no recourse in scenario {only.name!r} ({solution.termination})")
        served[:first] += weight * early.T @ share[k]
        for name, value in zip(only.stage.names, solution.x, strict=True):
            if name in later:
                d, grade, day = later[name]
                served[day, grade] += weight * value
                by_day[d, day] += weight * value
    weights = np.array(instance.weights)
    orders = severity_first(block.grades.sum(axis=1), weights, instance.per_day, days)
    size = by_day.sum(axis=1)
    return TriageSchedule(
        tuple(names),
        tuple(districts),
        early,
        Served(served, weights),
        Served(np.tensordot(weight_of, orders, 1), weights),
        np.divide(by_day @ np.arange(1, days + 1), size, out=np.full(len(size), np.nan), where=size > 0),
    )


def _without_idle_days(data: StageData, extra: dict[str, float]) -> StageData:
    """Return the same scenarios with ``extra`` costs of second-stage variables, by name."""
    return replace(data, scenarios=tuple(replace(s, cost=s.cost + [extra.get(n, 0.0) for n in s.stage.names]) for s in data.scenarios))
