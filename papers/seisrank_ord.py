"""SeisRank-Ord (Zhang, Wang & Chen), Tables 5 and 6: what the reconstructed simulation gives, cell by cell, and what cannot be.

python papers/seisrank_ord.py [--seeds 20]

The article does not print weights, pool, AUC or Gini definitions. The closest reconstruction (`quakeops.solvers.dispatch_simulation`): all
3,501 buildings of Yushu, 50 a day, 71 days, weight = true grade, AUC = trapezoid of the uncovered weight, T50 and T90 = first day with so
much of the weight served, Gini of weight / service day. Each cell is

- reproduced: what a perfect ranking gives (policy B: what an order drawn at random typically gives), to the printed digits;
- in level: not outside the range from a perfect ranking to one of the printed accuracy, widened by 15 % (B: within 4 standard deviations);
- impossible: beyond what any order can give, or (B) 4 or more standard deviations from a random order; else
- off.
"""

import argparse
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from quakeops.instances.damage_grades import YUSHU, yushu_grades
from quakeops.solvers.dispatch_bounds import auc_bounds, random_coverage
from quakeops.solvers.dispatch_rules import Prediction, Rule, egalitarian, quota_threshold, service_days, severity_first
from quakeops.solvers.dispatch_simulation import CLOSEST_GINI, Simulation, simulate
from scipy.optimize import brentq

Array = NDArray[np.float64]

PER_DAY = 50
WEIGHT = yushu_grades().astype(float)
N, W = len(WEIGHT), float(WEIGHT.sum())
WIDER, MOST_SD, DRAWS = 0.15, 4.0, 400

COLUMNS = ("AUC", "T50", "T90", "Gini", "top-20% day")
PRINTED = {
    ("A", "CE"): (130801, 22, 51, 0.760, 9),
    ("A", "SeisRank-Ord"): (122360, 19, 47, 0.754, 8),
    ("B", "CE"): (205901, 38, 67, 0.700, 39),
    ("B", "SeisRank-Ord"): (198156, 36, 65, 0.685, 36),
    ("C", "CE"): (188901, 29, 69, 0.760, 14),
    ("C", "SeisRank-Ord"): (182397, 27, 66, 0.752, 11),
}
"""Tables 5 and 6."""
TEXT_AUC = (130800.0, 122359.7, 205900.0, 198156.0, 188900.0, 182396.6)
"""Section 5.1, in the order of the rows."""
ACCURACY = {"CE": 0.64801, "SeisRank-Ord": 0.65598}
"""Table 2, Set 3 (four grades), ResNet-50."""
LUDIAN, LUDIAN_TOTAL = (2038, 3843, 2107, 2436), 10434
"""Table 1."""


@dataclass(frozen=True)
class Cell:
    """A printed number, the same from a perfect ranking and from one of the printed accuracy (B: mean and sd), and what follows."""

    policy: str
    model: str
    column: str
    printed: float
    perfect: float
    other: float
    verdict: str
    why: str


def main() -> None:
    """Print all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, help="noisy rankings that are averaged")
    seeds = parser.parse_args().seeds
    if seeds < 1:
        parser.error(f"--seeds {seeds}: expected at least 1")
    print_anchors()
    found = cells(seeds)
    print_cells(found)
    print_contradictions()
    print_accuracy(seeds)


def run(index: Array, flagged: Array, rule: Rule) -> Simulation:
    """Return what a rule does that sees this index and this score."""
    return simulate(service_days(rule(Prediction(index, flagged), PER_DAY), PER_DAY), WEIGHT, PER_DAY)


def figures(done: Simulation) -> Array:
    """Return the five numbers of a row, as in ``COLUMNS``."""
    return np.array([done.auc, done.t50, done.t90, done.gini[CLOSEST_GINI], done.top_median_day])


def perfect(policy: str) -> Array:
    """Return A's or C's row where the index is the true grade and L3 is above the threshold."""
    return figures(run(WEIGHT, WEIGHT / 3, severity_first if policy == "A" else quota_threshold()))


def noisy_grades(sd: float, seed: int) -> tuple[Array, NDArray[np.int64]]:
    """Return true grade + noise, and the grades that it is cut into, as many of each as there are."""
    score = WEIGHT + sd * np.random.default_rng(seed).normal(size=N)
    cut = np.empty(N, dtype=np.int64)
    cut[np.argsort(score, kind="stable")] = yushu_grades()
    return score, cut


def accuracy(sd: float, seeds: int) -> float:
    """Return the mean share of right grades."""
    return float(np.mean([(noisy_grades(sd, k)[1] == WEIGHT).mean() for k in range(seeds)]))


def noise_for(target: float, seeds: int) -> float:
    """Return the standard deviation of the noise at which the accuracy is ``target``."""
    return float(brentq(lambda sd: accuracy(sd, seeds) - target, 0.1, 2.0, xtol=1e-4))


def noisy(policy: str, sd: float, seeds: int) -> Array:
    """Return A's or C's row, averaged over rankings by true grade + noise; C's quota is for what is cut to L3."""
    rows = []
    for seed in range(seeds):
        score, cut = noisy_grades(sd, seed)
        rows.append(figures(run(score, cut / 3, severity_first if policy == "A" else quota_threshold())))
    return np.array(rows).mean(axis=0)


def any_order() -> tuple[Array, Array]:
    """Return least and largest AUC, T50 and T90 of all orders: descending and ascending grades cover most and least on every day."""
    best, worst = (figures(run(sign * WEIGHT, WEIGHT, severity_first)) for sign in (1, -1))
    return best[:3], worst[:3]


def random_rows() -> Array:
    """Return the rows (400, 5) of orders drawn at random."""
    return np.array([figures(run(WEIGHT, WEIGHT, egalitarian(seed))) for seed in range(DRAWS)])


def days_off(day: int, share: float) -> float:
    """Return by how many standard deviations a random order must stray for this share of W to be reached first on ``day``."""
    mean, sd = random_coverage(WEIGHT, PER_DAY)
    return max((mean[day - 1] - share) / sd[day - 1], (share - mean[day]) / sd[day], 0.0)


def cells(seeds: int) -> list[Cell]:
    """Return all cells of Tables 5 and 6 with their verdicts."""
    low, high = any_order()
    drawn = random_rows()
    mean, sd = drawn.mean(axis=0), drawn.std(axis=0, ddof=1)
    bounds = auc_bounds(WEIGHT, PER_DAY)
    mean[0], sd[0] = bounds.random_mean, bounds.random_sd
    out = []
    for (policy, model), row in PRINTED.items():
        if policy == "B":
            out += [_cell_b(model, j, value, mean[j], sd[j]) for j, value in enumerate(row)]
            continue
        exact, rough = perfect(policy), noisy(policy, noise_for(ACCURACY[model], seeds), seeds)
        for j, value in enumerate(row):
            verdict, why = _judge(j, value, exact[j], rough[j], low, high)
            out.append(Cell(policy, model, COLUMNS[j], value, exact[j], rough[j], verdict, why))
    return out


def as_printed(column: int, value: float) -> float:
    """Return a number to the digits of the tables, halves upwards."""
    return math.floor(value * 1000 + 0.5) / 1000 if column == 3 else math.floor(value + 0.5)


def _judge(column: int, value: float, exact: float, rough: float, low: Array, high: Array) -> tuple[str, str]:
    if column < 3 and not low[column] <= value <= high[column]:
        return "impossible", f"any order has {low[column]:,.0f} to {high[column]:,.0f}"
    if value == as_printed(column, exact):
        return "reproduced", "perfect ranking"
    least, most = min(exact, rough) * (1 - WIDER), max(exact, rough) * (1 + WIDER)
    how = f"{100 * (value / exact - 1):+.1f} % of perfect"
    return ("in level", how) if least <= value <= most else ("off", f"{how}: outside {least:,.3g} to {most:,.3g}")


def _cell_b(model: str, column: int, value: float, mean: float, sd: float) -> Cell:
    by_day = column in (1, 2)
    off = days_off(int(value), (0.5, 0.9)[column - 1]) if by_day else abs(value - mean) / sd
    typical = off == 0 if by_day else value == as_printed(column, mean)
    verdict = "reproduced" if typical else "in level" if off < MOST_SD else "impossible"
    return Cell("B", model, COLUMNS[column], value, mean, sd, verdict, f"{off:.1f} sd from random")


def print_anchors() -> None:
    """Print the exact numbers of the reconstruction."""
    bounds = auc_bounds(WEIGHT, PER_DAY)
    print(f"Yushu, {' + '.join(f'{n:,}' for n in YUSHU)} = {N:,} buildings, {PER_DAY} a day, {math.ceil(N / PER_DAY)} days, W = {W:,.0f}")
    for policy in "AC":
        auc, t50, t90, gini, top = perfect(policy)
        print(f"  {policy}, perfect ranking   AUC {auc:,.0f}  T50 {t50:.0f}  T90 {t90:.0f}  Gini {gini:.4f}  top-20% median day {top:.1f}")
    print(f"  any order            AUC {bounds.oracle:,.0f} to {bounds.worst:,.0f}")
    print(f"  random order         AUC {bounds.random_mean:,.2f}, standard deviation {bounds.random_sd:,.2f} (closed form)")


def print_cells(found: list[Cell]) -> None:
    """Print the tables with verdicts."""
    print("\nTables 5 and 6, cell by cell (B: mean and standard deviation of random orders in place of the two rankings)")
    print(f"{'':<2} {'model':<13} {'':<12} {'printed':>9} {'perfect':>10} {'noisy':>10}  verdict")
    for c in found:
        digits = 3 if c.column == "Gini" else 0 if c.column == "AUC" else 1
        printed = f"{c.printed:.3f}" if c.column == "Gini" else f"{c.printed:,}"
        ours = f"{c.perfect:>10,.{digits}f} {c.other:>10,.{digits}f}"
        print(f"{c.policy:<2} {c.model:<13} {c.column:<12} {printed:>9} {ours}  {c.verdict} ({c.why})")
    for policy, model in PRINTED:
        verdicts = [c.verdict for c in found if (c.policy, c.model) == (policy, model)]
        counted = ", ".join(f"{verdicts.count(v)} {v}" for v in ("reproduced", "in level", "off", "impossible") if v in verdicts)
        print(f"row {policy} {model}: {counted}")


def print_contradictions() -> None:
    """Print what does not agree with itself."""
    bounds = auc_bounds(WEIGHT, PER_DAY)
    ours, theirs = PRINTED["B", "SeisRank-Ord"][0], PRINTED["B", "CE"][0]
    shares = {day: 3 * (N - PER_DAY * day) / W for day in (66, 67)}
    print("\nWhat the tables contradict")
    print("  B ignores the prediction, so its two rows must be one row. If each had an order of its own drawn at random,")
    print(f"    they would be {(theirs - ours) / (bounds.random_sd * math.sqrt(2)):.1f} standard deviations apart;")
    print(f"    the first alone is {(theirs - bounds.random_mean) / bounds.random_sd:.1f} from random.")
    print(f"  T90 = 69 (C, CE): after day 67 {N - 67 * PER_DAY} buildings are left, of weight 3 at most: {100 * shares[67]:.1f} % of W.")
    print(f"    So 90 % is served by then in any order; after day 66 up to {100 * shares[66]:.1f} % may be left.")
    print("  Weights that are whole grades with an even sum W give a whole AUC (trapezoid, left or right sum);")
    off = [f"{text:,.1f}" for text in TEXT_AUC if text != round(text)]
    print(f"    the text has {' and '.join(off)}: not one run with such weights.")
    pairs = [f"{row[0]:,} / {text:,.1f}" for row, text in zip(PRINTED.values(), TEXT_AUC, strict=True) if abs(row[0] - text) >= 1]
    print(f"  Table 5 and text differ by 1: {', '.join(pairs)}")
    print(f"  T90 = 69 asks for more than 68 days of {PER_DAY}: N above {68 * PER_DAY:,}. The test split, 20 %, has {N // 5}: 14 days;")
    print("    so the pool holds the images that the model was trained on.")
    print(f"  K = {PER_DAY} is {100 * PER_DAY / N:.2f} % of {N:,}, not 10 %: that would be {N // 10} a day, 11 days.")
    print(f"  Table 1, Ludian: {' + '.join(map(str, LUDIAN))} = {sum(LUDIAN):,}; printed {LUDIAN_TOTAL:,}")


def print_accuracy(seeds: int) -> None:
    """Print what rankings of an accuracy do."""
    print(f"\nRankings by true grade + normal noise, cut into the true numbers of grades (means of {seeds} seeds)")
    print(f"{'accuracy':>9} {'noise sd':>9} {'A: AUC':>9} {'T50':>5} {'T90':>5} {'C: AUC':>9} {'T50':>5} {'T90':>5}")
    auc = []
    for name, target in (*ACCURACY.items(), ("", 0.75), ("", 0.85)):
        sd = noise_for(target, seeds)
        a, c = noisy("A", sd, seeds), noisy("C", sd, seeds)
        auc.append(a[0])
        print(
            f"{100 * target:>7.1f} % {sd:>9.3f} {a[0]:>9,.0f} {a[1]:>5.1f} {a[2]:>5.1f} {c[0]:>9,.0f} {c[1]:>5.1f} {c[2]:>5.1f}"
            + (f"  as {name}, Table 2" if name else "")
        )
    print(f"  Table 2's gain in accuracy is worth {auc[0] - auc[1]:,.0f} of A's AUC here; between its rows Table 5 has", end=" ")
    print(f"{PRINTED['A', 'CE'][0] - PRINTED['A', 'SeisRank-Ord'][0]:,}.")


if __name__ == "__main__":
    main()
