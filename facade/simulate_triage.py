"""``quakeops.simulate_triage``: what dispatch rules do with recognised damage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from ..instances.damage_grades import GradedBuildings, read_grades, yushu_grades
from ..instances.grade_checks import checked_grades, checked_probabilities
from ..instances.recognised_buildings import RecognisedBuildings, read_recognised
from ..solvers.dispatch_rules import QUOTA, THRESHOLD, Prediction, Rule
from ..solvers.dispatch_study import TriageSimulation, make_rules, study

__all__ = ["TriageSimulation", "simulate_triage"]

PER_DAY = 50


def simulate_triage(
    grades: str | Path | ArrayLike | None = None,
    probabilities: str | Path | ArrayLike | None = None,
    *,
    policies: Sequence[str] | Mapping[str, Rule] = ("A", "B", "C"),
    per_day: int = PER_DAY,
    quota: float = QUOTA,
    threshold: float = THRESHOLD,
    seed: int = 0,
    draws: int = 100,
) -> TriageSimulation:
    """Serve damaged buildings day by day under dispatch rules, and measure how long damage stays uncovered.

    A building's weight is its true grade. Rules see the damage index and P(severe). With probabilities p these are the expected grade
    p1 + 2 p2 + 3 p3, and p2 + p3. Without, the ranking is perfect: the index is the true grade, and the grade divided by 3 stands for
    P(severe), so that the default threshold of policy C is passed by collapsed buildings alone.

    Parameters
    ----------
    grades
        True grades (n,), 0 to 3, or a CSV file with a column ``grade`` and perhaps ``district``, round which policy B goes.
        Default: the 3,501 of Yushu (SeisRank-Ord, Table 1).
    probabilities
        Probabilities (n, 4) of the grades, or a CSV file with columns ``p0`` to ``p3``, in the order of the grades
        (names in a column ``building`` of both files must agree; ``district`` counts where the grades have none).
    policies
        Of A (severity-first), B (egalitarian) and C (quota and threshold), or rules of your own by name:
        functions of ``(Prediction, per_day)`` that return an order.
    per_day
        Buildings served a day.
    quota, threshold
        Of policy C: the share of each day kept for buildings whose P(severe) is above the threshold.
    seed
        Of policy B's lots and of the random orders.
    draws
        Random orders that are simulated beside the closed form; 0 for none.

    Raises
    ------
    InputError
        A file, grade, probability (row named), policy, capacity or quota that is not what it should be; no damage at all.

    Examples
    --------
    >>> import quakeops
    >>> found = quakeops.simulate_triage()
    >>> [(s.auc, s.t50, s.t90) for s in (found.policies["A"], found.policies["C"])]
    [(119736.0, 19, 44), (183624.0, 27, 65)]
    >>> round(found.bounds.random_mean, 2), round(found.bounds.random_sd, 2)
    (198437.47, 1380.15)
    """
    if grades is None and probabilities is not None:
        raise InputError("--probabilities: expected --grades too, since what a rule is worth is measured by true grades")
    buildings = _grades(grades)
    rules = dict(policies) if isinstance(policies, Mapping) else make_rules(list(policies), quota=quota, threshold=threshold, seed=seed)
    return study(
        buildings.grades,
        _prediction(buildings, probabilities),
        rules,
        per_day,
        quota=quota,
        threshold=threshold,
        ranking="perfect" if probabilities is None else "predicted",
        draws=draws,
        seed=seed,
    )


def _grades(grades: str | Path | ArrayLike | None) -> GradedBuildings:
    if grades is None:
        return GradedBuildings(yushu_grades())
    return read_grades(grades) if isinstance(grades, str | Path) else GradedBuildings(checked_grades(grades))


def _prediction(buildings: GradedBuildings, probabilities: str | Path | ArrayLike | None) -> Prediction:
    if probabilities is None:
        index = buildings.grades.astype(float)
        return Prediction(index, index / 3, buildings.district)
    count = len(buildings.grades)
    if isinstance(probabilities, str | Path):
        found = read_recognised(probabilities, buildings.names, count)
    else:
        found = RecognisedBuildings(checked_probabilities(probabilities, count=count))
    p = found.probabilities
    district = found.district_numbers if buildings.district is None else buildings.district
    return Prediction(p @ np.arange(4.0), p[:, 2] + p[:, 3], district)
