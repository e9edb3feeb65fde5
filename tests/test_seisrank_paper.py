"""The script on SeisRank-Ord's Tables 5 and 6: its verdicts and every number that they rest on, computed another way."""

import math
import re
import runpy
import statistics
import sys
from pathlib import Path

import numpy as np
import pytest

PAPER = Path(__file__).parents[1] / "papers" / "seisrank_ord.py"
SEEDS = 3
GRADES = np.repeat([0, 1, 2, 3], [778, 918, 665, 1140])
DAYS = np.arange(3501) // 50 + 1


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(PAPER))


@pytest.fixture(scope="module")
def found(script):
    return {(c.policy, c.model, c.column): c for c in script["cells"](SEEDS)}


@pytest.fixture(scope="module")
def printed(script):
    """Return what the script prints."""
    with pytest.MonkeyPatch.context() as patch:
        lines = []
        patch.setattr(sys, "argv", [str(PAPER), "--seeds", str(SEEDS)])
        patch.setitem(script["main"].__globals__, "print", lambda *what, end="\n": lines.append(" ".join(map(str, what)) + end))
        script["main"]()
    return "".join(lines)


def covered(weights):
    """Return the share served by the end of each day, if in this order."""
    return np.cumsum(np.bincount(DAYS, weights=weights)) / weights.sum()


def test_verdicts(found):
    """Row by row; CE alone is impossible in a T90 beyond any order, B in what lots do not give."""
    by = {}
    for (policy, model, column), cell in found.items():
        by.setdefault(cell.verdict, set()).add((policy, model, column))
    assert by["reproduced"] == {
        ("A", "SeisRank-Ord", "T50"),
        ("A", "SeisRank-Ord", "top-20% day"),
        ("B", "SeisRank-Ord", "T50"),
        ("C", "SeisRank-Ord", "T50"),
        ("C", "SeisRank-Ord", "top-20% day"),
    }
    assert by["impossible"] == {
        ("B", "CE", "AUC"),
        ("B", "CE", "T50"),
        ("B", "CE", "T90"),
        ("B", "SeisRank-Ord", "T90"),
        ("B", "SeisRank-Ord", "Gini"),
        ("C", "CE", "T90"),
    }
    assert len(by["in level"]) == 19 and len(found) == 30 and set(by) == {"reproduced", "in level", "impossible"}


def test_every_printed_number_is_there_as_in_the_article(found):
    row = [found["C", "CE", name].printed for name in ("AUC", "T50", "T90", "Gini", "top-20% day")]
    assert row == [188901, 29, 69, 0.76, 14]
    assert [found["B", m, "AUC"].printed for m in ("CE", "SeisRank-Ord")] == [205901, 198156]


def test_no_order_has_a_t90_of_69():
    """Ascending grades cover least on every day."""
    least = covered(GRADES)
    assert next(t for t in range(72) if least[t] >= 0.9) == 67
    assert round(100 * 3 * 151 / GRADES.sum(), 1) == 8.0


def test_what_random_orders_do(script, found):
    rng = np.random.default_rng(9)
    auc, t50, t90 = [], [], []
    for _ in range(2000):
        w = rng.permutation(GRADES)
        share = covered(w)
        auc.append(w @ (DAYS - 0.5))
        t50.append(int(np.argmax(share >= 0.5)))
        t90.append(int(np.argmax(share >= 0.9)))
    cell = found["B", "CE", "AUC"]
    assert statistics.mean(auc) == pytest.approx(cell.perfect, abs=4 * cell.other / math.sqrt(2000))
    assert statistics.stdev(auc) == pytest.approx(cell.other, rel=0.07)
    assert max(auc) < 205901 and max(t50) < 38 and max(t90) < 67
    assert statistics.mean(t90) == pytest.approx(found["B", "CE", "T90"].perfect, abs=0.15)
    normal = statistics.NormalDist()
    for day, days, share in ((37, t50, 0.5), (64, t90, 0.9), (36, t50, 0.5)):
        off = script["days_off"](day, share)
        late = sum(d >= day for d in days) / 2000
        assert late == pytest.approx(1 - normal.cdf(off), abs=0.03) if off > 0 else late > 0.4


def test_noise_of_an_accuracy(script):
    sd = script["noise_for"](0.65598, SEEDS)
    right = []
    for seed in range(SEEDS):
        score, cut = script["noisy_grades"](sd, seed)
        assert np.bincount(cut).tolist() == [778, 918, 665, 1140]
        assert np.array_equal(np.sort(cut[np.argsort(score)]), cut[np.argsort(score)])
        right.append((cut == GRADES).mean())
    assert statistics.mean(right) == pytest.approx(0.65598, abs=2e-3)


def test_noisy_rows(script, found):
    """A's AUC at the accuracy of Table 2, by sorting alone."""
    sd = script["noise_for"](0.64801, SEEDS)
    auc = [GRADES[np.argsort(-script["noisy_grades"](sd, k)[0])] @ (DAYS - 0.5) for k in range(SEEDS)]
    assert found["A", "CE", "AUC"].other == pytest.approx(statistics.mean(auc), rel=1e-12)
    assert 125_000 < statistics.mean(auc) < 131_000


def test_halves_go_upwards(script):
    assert [script["as_printed"](4, x) for x in (7.5, 10.5, 8.49)] == [8, 11, 8] and script["as_printed"](3, 0.75499) == 0.755


def test_what_is_printed(printed, found):
    for part in (
        "A, perfect ranking   AUC 119,736  T50 19  T90 44  Gini 0.7550  top-20% median day 7.5",
        "C, perfect ranking   AUC 183,624  T50 27  T90 65  Gini 0.7731  top-20% median day 10.5",
        "any order            AUC 119,736 to 277,139",
        "AUC 198,437.47, standard deviation 1,380.15 (closed form)",
        "the text has 122,359.7 and 182,396.6",
        "130,801 / 130,800.0, 205,901 / 205,900.0, 188,901 / 188,900.0",
        f"{(205901 - 198156) / (1380.1512 * math.sqrt(2)):.1f} standard deviations apart",
        "151 buildings are left, of weight 3 at most: 8.0 % of W",
        f"after day 66 up to {100 * 3 * (3501 - 3300) / 5668:.1f} % may be left",
        "N above 3,400. The test split, 20 %, has 700: 14 days",
        "K = 50 is 1.43 % of 3,501, not 10 %: that would be 350 a day, 11 days",
        f"2038 + 3843 + 2107 + 2436 = {2038 + 3843 + 2107 + 2436:,}; printed 10,434",
    ):
        assert part in printed, part
    rows = re.findall(r"^[ABC]  (?:CE|SeisRank-Ord) .*\((.*)\)$", printed, re.MULTILINE)
    assert rows == [c.why for c in found.values()]
    assert re.search(r"^row B CE: 2 in level, 3 impossible$", printed, re.MULTILINE)
    assert re.search(r"worth -?\d+ of A's AUC here; between its rows Table 5 has 8,441\.$", printed, re.MULTILINE)
