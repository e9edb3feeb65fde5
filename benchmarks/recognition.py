"""The governance risk functional against cross-entropy, and its terms removed one at a time, on synthetic features: 10 seeds, paired.

.venv/bin/python benchmarks/recognition.py [--seeds 10] [--buildings 3501] [--noise 1.0] [--out FILE.json]

A seed draws the buildings and the split (70/10/20, stratified). Each variant is a linear model; its L2 penalty is the best of three by
kappa on the validation part; metrics are of the test part. Printed: means with 95 % t-intervals, then differences from cross-entropy and
from the full functional, with t-intervals and the exact two-sided Wilcoxon signed-rank p of the pairs. The p-values are not corrected for
their number; with 10 seeds the smallest possible is 0.002. It also times the functional at n = 100,000.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from paired import ABLATION, FULL, comparison, print_tables, shown
from quakeops.scenario_gen.recognition.fit import fit_grades
from quakeops.scenario_gen.recognition.metrics import metrics_of
from quakeops.scenario_gen.recognition.risk import risk_of_logits, risk_of_probabilities
from quakeops.scenario_gen.recognition.synthetic import stratified_split, synthetic_features
from scipy.special import softmax
from timed_run import save, told_header

VARIANTS = {
    **ABLATION,
    "symmetric (alpha 1)": dict(risk=replace(FULL, alpha=1.0)),
    "cross-entropy for ordinal": dict(risk=FULL.without("ordinal"), cross_entropy=1.0),
    "cross-entropy + full": dict(risk=FULL, cross_entropy=1.0),
    "ordinal only": dict(risk=FULL.only("ordinal")),
    "sigmoids": dict(risk=FULL, kind="sigmoid"),
    "sigmoids, lambda_mono 0": dict(risk=replace(FULL, lambda_mono=0.0), kind="sigmoid"),
    "coral": dict(risk=FULL, kind="coral"),
}
PENALTIES = (1e-4, 1e-3, 1e-2)


def one_seed(seed, buildings, noise):
    """Return metrics by variant, and how many fits L-BFGS did not call converged."""
    x, y = synthetic_features(buildings, seed, noise=noise)
    train, validate, test = stratified_split(y, [0.7, 0.1, 0.2], seed)
    out, stopped = {}, 0
    for name, options in VARIANTS.items():
        models = [fit_grades(x[train], y[train], l2=l2, **options) for l2 in PENALTIES]
        stopped += sum(not model.converged for model in models)
        kappas = [metrics_of(model.predict_proba(x[validate]), y[validate]).sets[3].kappa for model in models]
        best = models[int(np.argmax([-1 if k is None else k for k in kappas]))]
        out[name] = shown(best.predict_proba(x[test]), y[test])
    return out, stopped


def functional_seconds(n=100_000, repeats=7):
    """Return the median seconds of value and gradient, by what is given."""
    rng = np.random.default_rng(0)
    z, y = 2 * rng.standard_normal((n, 4)), rng.integers(0, 4, n)
    p = softmax(z, axis=1)
    calls = {
        "probabilities": lambda: risk_of_probabilities(p, y),
        "softmax logits": lambda: risk_of_logits(z, y),
        "sigmoid logits": lambda: risk_of_logits(z[:, :3], y, head="sigmoid"),
    }
    out = {}
    for name, call in calls.items():
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        out[name] = float(np.median(times))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--buildings", type=int, default=3501)
    parser.add_argument("--noise", type=float, default=1.0)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    head = told_header(f"recognition: {asked.seeds} seeds x {asked.buildings} buildings, noise {asked.noise:g}")
    seconds = functional_seconds()
    print("value and gradient, n = 100,000:", ", ".join(f"{name} {s:.3f} s" for name, s in seconds.items()))
    start, runs, stopped = time.perf_counter(), [], 0
    for seed in range(asked.seeds):
        run, more = one_seed(seed, asked.buildings, asked.noise)
        runs.append(run)
        stopped += more
    fits = asked.seeds * len(VARIANTS) * len(PENALTIES)
    print(f"{fits} fits in {time.perf_counter() - start:.0f} s, {stopped} stopped before the tolerance")
    found = comparison(runs)
    print_tables(found)
    if asked.out:
        asked_for = {"seeds": asked.seeds, "buildings": asked.buildings, "noise": asked.noise, "stopped": stopped}
        save(head | asked_for | {"seconds": seconds} | found, asked.out)


if __name__ == "__main__":
    main()
