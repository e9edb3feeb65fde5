"""Paired comparison of objectives over seeds: 95 % t-intervals, exact two-sided Wilcoxon signed-rank p, tables.

``recognition.py`` and ``vision.py`` use it. A run is what one seed gave: metrics by variant. All variants of a seed
share their data, so differences are taken within a seed. The p-values are not corrected for their number; with 10 seeds the smallest
possible is 0.002.
"""

import numpy as np
import quakeops
from quakeops.scenario_gen.recognition.metrics import metrics_of
from quakeops.scenario_gen.recognition.parameters import TERMS, RiskParameters
from scipy.stats import t as student
from scipy.stats import wilcoxon

BASELINE, WHOLE = "cross-entropy", "full"
FULL = RiskParameters()
ABLATION = {
    BASELINE: dict(cross_entropy=1.0),
    WHOLE: dict(risk=FULL),
    **{f"without {term}": dict(risk=FULL.without(term)) for term in TERMS},
}
"""Objectives that every comparison holds, as options of a fit."""


DAYS = 71
"""Days in which all buildings of a test are served, as Yushu's 3,501 at 50 a day."""


def shown(probabilities, grades):
    """Return the metrics that are compared, by name.

    ``days lost``: how much longer a unit of damage waits, on average, if buildings are served by descending expected grade (policy A of
    ``quakeops simulate triage``) than if by true grade.
    """
    found = metrics_of(probabilities, grades)
    per_day = -(-len(grades) // DAYS)
    served = quakeops.simulate_triage(grades, probabilities, policies="A", per_day=per_day, draws=0)
    four = found.sets[3]
    return {
        "accuracy": four.accuracy,
        "kappa": four.kappa,
        "quadratic kappa": four.quadratic_kappa,
        "MSE": four.mse,
        "kappa Set 1": found.sets[1].kappa,
        "kappa Set 2": found.sets[2].kappa,
        "underestimated": found.underestimation_rate,
        "missed severe": found.missed_severe_rate,
        "Brier": found.brier,
        "ECE": found.ece,
        "ECE severe": found.severe_ece,
        "days lost": (served.policies["A"].auc - served.oracle.auc) / served.total_weight,
    }


def interval(values):
    """Return mean and half-width of the 95 % t-interval."""
    n = len(values)
    return float(np.mean(values)), float(student.ppf(0.975, n - 1) * np.std(values, ddof=1) / np.sqrt(n))


def compared(runs, name, other):
    """Return per metric the mean paired difference, its half-width, and the Wilcoxon p (1 where all differences are 0)."""
    out = {}
    for metric in runs[0][name]:
        gaps = np.array([run[name][metric] - run[other][metric] for run in runs])
        out[metric] = (*interval(gaps), float(wilcoxon(gaps, method="exact").pvalue) if gaps.any() else 1.0)
    return out


def comparison(runs):
    """Return ``means`` by variant and metric, and ``against`` the baseline and the whole functional by variant and metric."""
    names, metrics = list(runs[0]), list(runs[0][WHOLE])
    means = {name: {m: interval([run[name][m] for run in runs]) for m in metrics} for name in names}
    against = {other: {name: compared(runs, name, other) for name in names if name != other} for other in (BASELINE, WHOLE)}
    return {"means": means, "against": against}


def print_tables(found):
    """Print one table a metric."""
    means, against = found["means"], found["against"]
    for m in means[WHOLE]:
        print(f"\n{m:27}{'mean':>8}{'+-':>7}{'against cross-entropy':>24}{'p':>7}{'against full':>24}{'p':>7}")
        for name, row in means.items():
            cells = [f"{d[0]:+17.4f} +-{d[1]:.4f}{d[2]:7.3f}" if (d := against[o].get(name, {}).get(m)) else f"{'':33}" for o in against]
            print(f"{name:27}{row[m][0]:8.4f}{row[m][1]:7.4f}{cells[0]}{cells[1]}")
