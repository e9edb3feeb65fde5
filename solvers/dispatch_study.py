"""Several dispatch rules on the same buildings, beside the bounds of any order: what ``quakeops simulate triage`` shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .dispatch_bounds import AucBounds, auc_bounds, random_coverage
from .dispatch_rules import QUOTA, THRESHOLD, Prediction, Rule, egalitarian, num_days, quota_threshold, service_days, severity_first
from .dispatch_simulation import CLOSEST_GINI, Simulation, checked_weights, simulate

Array = NDArray[np.float64]

POLICIES = {"A": "severity-first", "B": "egalitarian", "C": "quota and threshold"}


@dataclass(frozen=True, slots=True, eq=False)
class TriageSimulation:
    """Dispatch rules on the same buildings.

    Attributes
    ----------
    buildings, per_day, num_days
        N, K and T = ceil(N / K).
    total_weight
        W, the sum of true grades.
    quota, threshold, flagged
        Of policy C, and how many buildings are above the threshold.
    ranking
        ``"perfect"`` or ``"predicted"``.
    policies
        What each rule did, by its name.
    bounds
        Of the AUC of any order.
    oracle, worst
        The whole simulation of the orders by descending and by ascending weight.
    random_coverage
        (T+1,) share of the damage that a random order has covered, on average.
    notes
        What was special, for a reader.
    """

    buildings: int
    per_day: int
    num_days: int
    total_weight: float
    quota: float
    threshold: float
    flagged: int
    ranking: str
    policies: Mapping[str, Simulation]
    bounds: AucBounds
    oracle: Simulation
    worst: Simulation
    random_coverage: Array
    notes: tuple[str, ...] = ()

    def to_dict(self, *, curves: bool = True) -> dict[str, Any]:
        """Return plain data for JSON; ``curves`` are the trajectories day by day."""
        facts = {
            name: getattr(self, name)
            for name in ("buildings", "per_day", "num_days", "total_weight", "quota", "threshold", "flagged", "ranking")
        }
        everything = {
            **facts,
            "policies": {name: _plain(s, curves) for name, s in self.policies.items()},
            "bounds": {
                "oracle": _plain(self.oracle, curves),
                "worst": _plain(self.worst, curves),
                "random": {k: v for k, v in asdict(self.bounds).items() if k not in ("oracle", "worst")},
            },
            "gini_closest_reconstruction": CLOSEST_GINI,
            "notes": list(self.notes),
        }
        if curves:
            everything["bounds"]["random"]["coverage"] = self.random_coverage.tolist()
        return everything


def study(
    weights: ArrayLike,
    prediction: Prediction,
    rules: Mapping[str, Rule],
    per_day: int,
    *,
    quota: float = QUOTA,
    threshold: float = THRESHOLD,
    ranking: str = "predicted",
    draws: int = 100,
    seed: int = 0,
) -> TriageSimulation:
    """Return what each rule does to buildings of ``weights`` (n,), ``per_day`` a day, beside the bounds.

    ``quota`` and ``threshold`` only say what policy C, if it is among the rules, was made with.

    Raises
    ------
    InputError
        As :func:`.dispatch_simulation.simulate`; a prediction of another number of buildings; a rule whose order is no permutation.
    """
    w = checked_weights(weights)
    last = num_days(len(w), per_day)
    if len(prediction.index) != len(w):
        raise InputError(f"prediction: {len(prediction.index)} buildings: expected {len(w)}, one for each weight")
    flagged = int((prediction.severe > threshold).sum())
    done = {name: _run(name, rule, prediction, w, per_day) for name, rule in rules.items()}
    return TriageSimulation(
        buildings=len(w),
        per_day=per_day,
        num_days=last,
        total_weight=float(w.sum()),
        quota=quota,
        threshold=threshold,
        flagged=flagged,
        ranking=ranking,
        policies=done,
        bounds=auc_bounds(w, per_day, draws=draws, seed=seed),
        oracle=simulate(service_days(np.argsort(-w, kind="stable"), per_day), w, per_day),
        worst=simulate(service_days(np.argsort(w, kind="stable"), per_day), w, per_day),
        random_coverage=random_coverage(w, per_day)[0],
        notes=_notes(flagged, len(w), threshold) if "C" in rules else (),
    )


def make_rules(names: list[str], *, quota: float = QUOTA, threshold: float = THRESHOLD, seed: int = 0) -> dict[str, Rule]:
    """Return the article's rules of these names, A, B or C; another name is an :class:`InputError`."""
    known: dict[str, Rule] = {"A": severity_first, "B": egalitarian(seed), "C": quota_threshold(quota, threshold)}
    for name in names:
        if name not in known:
            raise InputError(f"policy {name!r}: expected one of {', '.join(f'{k} ({what})' for k, what in POLICIES.items())}")
    return {name: known[name] for name in names}


def _run(name: str, rule: Rule, prediction: Prediction, w: Array, per_day: int) -> Simulation:
    try:
        days = service_days(rule(prediction, per_day), per_day)
        if len(days) != len(w):
            raise InputError(f"order: {len(days)} buildings: expected {len(w)}")
    except InputError as e:
        raise InputError(f"policy {name!r}: {e}") from None
    return simulate(days, w, per_day)


def _notes(flagged: int, n: int, threshold: float) -> tuple[str, ...]:
    if flagged in (0, n):
        which = "no building is" if flagged == 0 else "all buildings are"
        how = "ascending" if flagged == 0 else "descending"
        return (f"{which} above the threshold {threshold:g}: policy C serves all by {how} index",)
    return ()


def _plain(s: Simulation, curves: bool) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "auc": s.auc,
        "auc_left": s.auc_left,
        "auc_right": s.auc_right,
        "t50": s.t50,
        "t90": s.t90,
        "top_20_percent_median_day": s.top_median_day,
        "gini": dict(s.gini),
        "num_days": s.num_days,
    }
    if curves:
        figures |= {"uncovered": s.uncovered.tolist(), "coverage": s.coverage.tolist()}
    return figures
