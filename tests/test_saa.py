"""Statistical bounds: closed forms, formulas by hand, and coverage on newsvendors whose optimum is known."""

import json
import math
import os
import shutil
import subprocess
import sys
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest
import quakeops
from hypothesis import given
from hypothesis import strategies as st
from quakeops.decomposition.program import from_model, from_module
from quakeops.decomposition.saa import checked, statistical_bounds
from quakeops.decomposition.saa.intervals import about_mean, exact_binomial
from quakeops.decomposition.saa.procedures import averaged_two_replications, bounds, multiple_replications
from quakeops.decomposition.saa.replication import Replication, replicate
from quakeops.decomposition.saa.sample import Solved, StoppedError, deviation
from quakeops.decomposition.saa.sequential import confidence_of_look, sequential
from quakeops.decomposition.sampling import Population
from quakeops.errors import InputError, ModelError, NoSolutionError
from quakeops.instances import FixedSource, load
from quakeops.solvers import get
from scipy.stats import binom
from scipy.stats import t as student

HERE = Path(__file__).parent
MPIEXEC = shutil.which("mpiexec") or str(Path(sys.executable).with_name("mpiexec"))
PRICE, SALVAGE, PENALTY = 100.0, 40.0, 300.0
FRACTILE = (PENALTY - PRICE) / (PENALTY - SALVAGE)
SCENARIOS = FixedSource(load("newsvendor"))
DEMAND = np.array([SCENARIOS.scenario(k).demand[0, 0] for k in range(10)])
P = np.array([SCENARIOS.scenario(k).probability for k in range(10)])


def cost(stock, demand):
    return PRICE * stock - SALVAGE * np.maximum(stock - demand, 0) + PENALTY * np.maximum(demand - stock, 0)


class Uniform:
    """Demand U(60, 300): E f(x) = 100 x - 40 (x-60)^2/480 + 300 (300-x)^2/480, and the optimum is the fractile."""

    best = 60 + FRACTILE * 240
    draw = staticmethod(lambda rng, n: rng.uniform(60, 300, n))

    @staticmethod
    def expected(stock):
        return PRICE * stock - SALVAGE * (stock - 60) ** 2 / 480 + PENALTY * (300 - stock) ** 2 / 480


class Discrete:
    """The packaged newsvendor: ten demands, optimum 180."""

    best = 180.0
    draw = staticmethod(lambda rng, n: rng.choice(DEMAND, n, p=P))
    expected = staticmethod(lambda stock: float(P @ cost(stock, DEMAND)))


class Draws:
    """A sample of demands; its problem is solved by the order statistic of the fractile."""

    def __init__(self, demand, open_gap=0.0):
        self.demand, self.size, self.open_gap = demand, len(demand), open_gap

    def solve(self):
        rank = math.ceil(FRACTILE * self.size - 1e-9) - 1
        stock = np.partition(self.demand, rank)[rank]
        value = cost(stock, self.demand).mean()
        return Solved(np.array([stock]), value - self.open_gap * abs(value))

    def costs(self, plan):
        return cost(plan[0], self.demand), np.full(self.size, 1 / self.size)


def replications(law, stock, n, m, rng):
    return [replicate(Draws(law.draw(rng, n)), np.array([stock])) for _ in range(m)]


# -- the formulas


def test_multiple_replications_by_hand():
    """G = 1, 2, 6 and v = 10, 12, 11: means 3 and 11, deviations sqrt(7) and 1, t at 2 degrees."""
    rows = [_row(gap=g, bound=v, candidate=v + g) for g, v in ((1, 10), (2, 12), (6, 11))]
    found, t = multiple_replications(rows, 0.95), 2.919985580355516
    assert found.gap.value == 3 and found.gap.limit == pytest.approx(3 + t * math.sqrt(7 / 3))
    assert found.bound.value == 11 and found.bound.limit == pytest.approx(11 - t / math.sqrt(3))
    assert found.bound.half_width == pytest.approx(4.302652729696142 / math.sqrt(3))
    assert found.cost.value == 14 and found.cost.limit > 14


def test_averaged_two_replications_by_hand():
    """G = 4, 2 and s = 3, 5 at n = 10: G = 3, s^2 = 17, error sqrt(17/20), 18 degrees of freedom."""
    rows = [_row(gap=4, gap_deviation=3, bound=7, bound_deviation=1), _row(gap=2, gap_deviation=5, bound=8, bound_deviation=7)]
    found = averaged_two_replications(rows, 0.9)
    assert found.gap.value == 3 and found.gap.standard_error == pytest.approx(math.sqrt(17 / 20))
    assert found.gap.limit == pytest.approx(3 + 1.3303909435699084 * math.sqrt(17 / 20))
    assert found.bound.value == 7.5 and found.bound.limit == pytest.approx(7.5 - 1.3303909435699084 * math.sqrt(25 / 20))


def _row(**values):
    blank = dict.fromkeys(("candidate", "bound", "own", "gap", "gap_deviation", "candidate_deviation", "bound_deviation"), 0.0)
    return Replication(**{"number": 0, "size": 10, **blank, **values})


def test_student_becomes_normal():
    many, none = about_mean(5, 2, 1e7, 0.95, side=1), about_mean(5, 2, math.inf, 0.95, side=1)
    assert many.limit == pytest.approx(none.limit) == pytest.approx(5 + 2 * 1.6448536269514722)
    assert about_mean(5, 2, math.inf, 0.95, side=-1).limit == pytest.approx(5 - 2 * 1.6448536269514722)
    assert none.half_width == pytest.approx(2 * 1.959963984540054)


@pytest.mark.parametrize("n", [1, 7, 250])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_clopper_pearson_at_its_ends(n, level):
    """No hit: [0, 1 - (a/2)^(1/n)], limit 1 - a^(1/n); all hits: [(a/2)^(1/n), 1]."""
    a = 1 - level
    none, every = exact_binomial(0, n, level), exact_binomial(n, n, level)
    assert (none.low, none.high) == (0, pytest.approx(1 - (a / 2) ** (1 / n))) and none.limit == pytest.approx(1 - a ** (1 / n))
    assert (every.low, every.high) == (pytest.approx((a / 2) ** (1 / n)), 1) and every.limit == 1


def test_clopper_pearson_covers_every_probability():
    """Exactly: the probability of the counts whose interval (or limit) covers p is at least the level, for p on a grid."""
    n, level = 23, 0.9
    found = [exact_binomial(k, n, level) for k in range(n + 1)]
    for p in np.linspace(0, 1, 201):
        mass = binom.pmf(np.arange(n + 1), n, p)
        assert mass[[f.low <= p <= f.high for f in found]].sum() >= level - 1e-9
        assert mass[[p <= f.limit for f in found]].sum() >= level - 1e-9


def test_the_limit_is_the_binomial_tail():
    found = exact_binomial(3, 40, 0.95, allowed=0.1)
    assert binom.cdf(3, 40, found.limit) == pytest.approx(0.05) and binom.sf(2, 40, found.low) == pytest.approx(0.025)
    assert found.estimate == 3 / 40 and found.allowed == 0.1


@given(st.lists(st.floats(60, 300), min_size=2, max_size=30), st.floats(0, 400))
def test_the_gap_is_never_negative(demand, stock):
    sample = Draws(np.array(demand))
    found = replicate(sample, np.array([stock]))
    assert found.gap >= 0 and found.bound <= found.own + 1e-9 and found.bound <= found.candidate
    assert found.gap == pytest.approx(found.candidate - found.own, abs=1e-6)


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.integers(1, 5)), min_size=2, max_size=12))
def test_weights_stand_for_repeated_scenarios(pairs):
    values, counts = np.array([v for v, _ in pairs]), np.array([c for _, c in pairs])
    n = int(counts.sum())
    assert deviation(values, counts / n, n) == pytest.approx(np.std(np.repeat(values, counts), ddof=1), abs=1e-6)


def test_the_dual_bound_counts_not_the_incumbent():
    """What a solver leaves open is added to the gap; the variance is that of the plans' differences."""
    demand = np.random.default_rng(1).uniform(60, 300, 50)
    exact, loose = (replicate(Draws(demand, gap), np.array([200.0])) for gap in (0.0, 0.01))
    assert loose.gap == pytest.approx(exact.gap + 0.01 * exact.own) and loose.gap_deviation == exact.gap_deviation
    assert loose.bound == pytest.approx(0.99 * exact.own) and loose.own == exact.own


# -- what they promise, on newsvendors


def enough(hits, trials, level=0.95):
    """Whether so many hits are credible at the level (a binomial tail of one in a thousand)."""
    return hits >= binom.ppf(0.001, trials, level)


@pytest.mark.parametrize(("law", "stock"), [(Uniform, 225.0), (Uniform, Uniform.best), (Discrete, 140.0), (Discrete, 210.0)])
@pytest.mark.parametrize(("procedure", "n", "m", "trials"), [("mrp", 50, 10, 300), ("a2rp", 400, 2, 800)])
def test_coverage(law, stock, procedure, n, m, trials):
    """The 95 % limits cover the true gap and the optimal value at their rate, or more often: v_n is biased to the safe side."""
    rng = np.random.default_rng(7)
    found = [bounds(procedure, replications(law, stock, n, m, rng), 0.95) for _ in range(trials)]
    gap, best = law.expected(stock) - law.expected(law.best), law.expected(law.best)
    assert enough(sum(f.gap.limit >= gap - 1e-9 for f in found), trials)
    assert enough(sum(f.bound.limit <= best + 1e-9 for f in found), trials)
    assert enough(sum(f.cost.limit >= law.expected(stock) for f in found), trials, 0.935)  # the mean of skewed costs
    if gap > 1000:  # the bias is small against the deviation, and the rate is the nominal one
        assert sum(f.gap.limit >= gap for f in found) <= binom.ppf(0.999, trials, 0.97)


def test_the_lower_bound_is_biased_downward_less_and_less():
    """E v_n <= E v_(n+1) <= z* (Mak, Morton & Wood, theorem 2); here n E(z* - v_n) is about constant."""
    rng, best = np.random.default_rng(3), Uniform.expected(Uniform.best)
    bias, errors = [], []
    for n in (5, 20, 80):
        values = np.array([Draws(Uniform.draw(rng, n)).solve().bound for _ in range(6000)])
        bias.append(best - values.mean())
        errors.append(values.std() / math.sqrt(len(values)))
    assert bias[0] > bias[1] + 3 * errors[0] and bias[1] > bias[2] and bias[2] > -3 * errors[2]


def test_common_random_numbers_reduce_the_variance():
    rng, stock = np.random.default_rng(5), 225.0
    rows = replications(Uniform, stock, 60, 400, rng)
    paired = np.var([r.gap for r in rows])
    independent = np.var([a.candidate - b.own for a, b in zip(rows, rows[1:] + rows[:1], strict=True)])
    assert paired < independent / 10


def look_until(law, until_gap, rng, *, procedure="a2rp", first=30, most=10, stock=None):
    """Sequential sampling on a newsvendor: whether it certified, and its looks."""
    seen = []
    m = 2 if procedure == "a2rp" else 8
    done = sequential(
        lambda k, n: np.array([stock]) if stock else Draws(law.draw(rng, n)).solve().plan,
        lambda k, n, plan: [replicate(Draws(law.draw(rng, n)), plan) for _ in range(m)],
        procedure=procedure,
        first_size=first,
        until_gap=until_gap,
        confidence=0.95,
        most=most,
        record=seen.append,
    )
    return done, seen


@pytest.mark.parametrize("law", [Uniform, Discrete])
@pytest.mark.parametrize("first", [10, 40])
def test_sequential_sampling_stops_and_its_last_statement_covers(law, first):
    rng, trials, hits = np.random.default_rng(11), 250, 0
    for _ in range(trials):
        done, seen = look_until(law, 0.02, rng, first=first)
        last = seen[-1]
        assert done and last.look.bounds.gap.limit <= 0.02 * abs(last.look.bounds.cost.value) == last.look.target
        hits += law.expected(last.candidate[0]) - law.expected(law.best) <= last.look.bounds.gap.limit + 1e-9
    assert enough(hits, trials)


def test_a_bad_candidate_is_never_certified():
    done, seen = look_until(Uniform, 0.001, np.random.default_rng(2), stock=150.0, most=5)
    assert not done and [o.look.size for o in seen] == [30, 60, 120, 240, 480] and not any(o.look.within for o in seen)


def test_the_looks_share_out_the_error():
    errors = [1 - confidence_of_look(k, 0.95) for k in range(1, 2000)]
    assert errors[0] == pytest.approx(0.025) and sum(errors) == pytest.approx(0.05, rel=1e-3) and sum(errors) < 0.05


def test_a_look_that_saw_no_difference_is_looked_at_again():
    """Demand 100, always: all plans agree at once, and the first look has no width; the second one confirms it, with the same plan."""
    asked, seen = [], []
    certified = sequential(
        lambda k, n: asked.append(k) or np.array([100.0]),
        lambda k, n, plan: [replicate(Draws(np.full(n, 100.0)), plan)] * 2,
        procedure="a2rp",
        first_size=5,
        until_gap=0.01,
        confidence=0.95,
        most=9,
        record=seen.append,
    )
    assert certified and len(seen) == 2 and asked == [1] and seen[0].look.blind and seen[0].look.within


# -- samples of programs


def drawn_demand(program):
    source = program.kwargs["source"]
    return source.block(0, source.num_scenarios).demand[:, 0, 0]


@pytest.mark.parametrize("method", ["ef", "benders"])
def test_newsvendor_by_two_roads(method):
    """The same samples, solved by the method and by order statistics."""
    plan = quakeops.solve("prepositioning", instance="newsvendor", rel_gap=1e-9)
    bad = replace(plan, first_stage=plan.first_stage | {"stock[town,tents]": 210.0})
    found = quakeops.saa(candidate=bad, sample=40, replications=4, evaluation=60, method=method, seed=9, rel_gap=1e-9)
    population = Population(from_model("prepositioning", instance="newsvendor"))
    rows = [replicate(Draws(drawn_demand(population.draw(40, 9, 2 + r))), np.array([210.0])) for r in range(4)]
    for row, own in zip(found.replications, rows, strict=True):
        assert (row.candidate, row.bound, row.gap) == pytest.approx((own.candidate, own.bound, own.gap), rel=1e-6, abs=0.05)
    assert found.gap.limit == pytest.approx(multiple_replications(rows, 0.95).gap.limit, rel=1e-6, abs=0.05)
    costs = cost(210.0, drawn_demand(population.draw(60, 9, 1)))
    assert found.cost.value == pytest.approx(costs.mean())
    assert found.cost.limit == pytest.approx(costs.mean() + student.ppf(0.95, 59) * costs.std(ddof=1) / math.sqrt(60))
    assert found.evaluation_size == 60 and found.candidate["stock[town,tents]"] == 210 and found.exit_code == 0


def test_samples_share_no_scenario():
    """Draws of the candidate's seed, its sample, the evaluation and the replications are all different ones."""
    population = Population(from_model("prepositioning", instance="prepositioning-random", num_scenarios=20, seed=4))
    demand = [drawn_demand(population.draw(20, 4, use)) for use in range(5)] + [drawn_demand(population.program)]
    assert len(np.unique(np.concatenate(demand))) == 120
    assert (drawn_demand(population.draw(30, 4, 2))[:20] == demand[2]).all(), "scenario k depends on the seed and k alone"
    assert (drawn_demand(population.draw(20, 5, 2)) != demand[2]).all()


def test_real_runs_cover():
    """Whole runs on the packaged newsvendor, candidate from a sample: 95 % limits cover in nearly all of 12."""
    program, options = from_model("prepositioning", instance="newsvendor"), _options(sample=25, replications=6, evaluation=25)
    hits = 0
    for seed in range(12):
        found = statistical_bounds(program, get("highs"), options, method="ef", solver="highs", seed=seed)
        stock = found.candidate["stock[town,tents]"]
        hits += Discrete.expected(stock) - 19_814 <= found.gap.limit + 1e-6 and found.bound.limit <= 19_814
    assert enough(hits, 12, 0.9)


def _options(**changes):
    blank = dict.fromkeys(("procedure", "replications", "evaluation", "until_gap", "iterations"))
    return checked(**{**blank, "sample": 10, "confidence": 0.95, "rel_gap": 1e-9, "method": "ef", **changes})


def test_module_that_declares_a_seed(foreign):
    from drawn import PENALTY as SHORT
    from drawn import PRICE as BUY
    from drawn import demand

    found = quakeops.saa(module="drawn", sample=30, replications=3, evaluation=50, method="ef", rel_gap=1e-9, seed=2)
    population = Population(from_module("drawn", num_scenarios=30))
    for r, row in enumerate(found.replications):
        seed = population.draw(30, 2, 2 + r).recipe["arguments"]["seed"]
        drawn = np.array([demand(seed, k) for k in range(30)])
        values = [np.mean(BUY * x + SHORT * np.maximum(drawn - x, 0)) for x in drawn]
        assert row.bound == pytest.approx(min(values)) and 0 <= seed < 2**31


def test_module_without_a_seed_is_drawn_from_and_maximised(foreign):
    """The farmer's three seasons, resampled; profit is maximised, so that the bound lies above."""
    options = {"sample": 20, "replications": 4, "evaluation": 40, "method": "ef", "seed": 1, "rel_gap": 1e-9}
    profit = quakeops.saa(module="farmer", arguments={"maximize": "true"}, **options)
    loss = quakeops.saa(module="farmer", **options)
    assert profit.sense == "maximize" and profit.bound.limit > profit.bound.value > profit.cost.limit
    assert profit.bound.value == pytest.approx(-loss.bound.value) and profit.bound.limit == pytest.approx(-loss.bound.limit)
    assert profit.cost.limit == pytest.approx(-loss.cost.limit) and profit.gap.limit == pytest.approx(loss.gap.limit)
    assert profit.bound.limit >= 108_390 >= profit.cost.limit - 2 * profit.cost.half_width
    with pytest.raises(InputError, match="needs the number of scenarios"):
        quakeops.saa(module="packing")
    assert quakeops.saa(module="farmer", scenarios=3, **options).gap == loss.gap


def test_smps_files(tmp_path):
    quakeops.export("prepositioning", instance="newsvendor", out=tmp_path / "news")
    found = quakeops.saa(smps=tmp_path / "news", sample=30, replications=3, evaluation=30, seed=5, rel_gap=1e-9)
    same = quakeops.saa("prepositioning", instance="newsvendor", sample=30, replications=3, evaluation=30, seed=5, rel_gap=1e-9)
    assert astuple(found.bound) == pytest.approx(astuple(same.bound)) and astuple(found.cost) == pytest.approx(astuple(same.cost))


def test_mixed_integer_samples_by_both_methods():
    """Solved to 2 %: bounds of one method are below plans of the other, and what is left open counts as gap."""
    options = {"instance": "islands-3", "sample": 12, "replications": 3, "evaluation": 12, "rel_gap": 0.02, "seed": 3}
    a, b = (quakeops.saa("prepositioning", method=method, **options) for method in ("ef", "benders"))
    exact = quakeops.saa("prepositioning", method="ef", **options | {"rel_gap": 1e-9})
    for one, other, best in zip(a.replications, b.replications, exact.replications, strict=True):
        assert 0.979 * best.bound <= min(one.bound, other.bound) <= max(one.bound, other.bound) <= best.bound * (1 + 1e-7)


def test_mpi_sppys_own_procedure_finds_the_same_gaps(foreign, tmp_path, monkeypatch):
    """mpi-sppy's MMW on the scenarios 100 ... 179 of a module; its interval takes the deviation by m, not m - 1."""
    monkeypatch.chdir(tmp_path)  # its import leaves a log
    import drawn
    from mpisppy.confidence_intervals import mmw_ci
    from mpisppy.utils import config

    monkeypatch.setattr(drawn, "scenario_denouement", lambda *_: None, raising=False)
    cfg = config.Config()
    drawn.inparser_adder(cfg)
    cfg.seed, cfg.num_scens = 3, 20
    for name, kind, value in (("EF_2stage", bool, True), ("EF_solver_name", str, "appsi_highs"), ("EF_solver_options", dict, {})):
        cfg.quick_assign(name, kind, value)
    theirs = mmw_ci.MMWConfidenceIntervals("drawn", cfg, {"ROOT": np.array([18.0])}, 4, batch_size=20, start=100, verbose=False).run(0.95)
    rows = []
    for start in range(100, 180, 20):
        demand = np.array([drawn.demand(3, k) for k in range(start, start + 20)])
        rows.append(replicate(_OfModule(demand, drawn), np.array([18.0])))
    assert [r.gap for r in rows] == pytest.approx(list(theirs["Glist"]), abs=1e-6)
    ours = multiple_replications(rows, 0.95).gap
    assert ours.value == pytest.approx(theirs["Gbar"])
    assert ours.limit - ours.value == pytest.approx((theirs["gap_inner_bound"] - theirs["Gbar"]) * math.sqrt(4 / 3))


class _OfModule(Draws):
    def __init__(self, demand, module):
        super().__init__(demand)
        self.at = lambda x: module.PRICE * x + module.PENALTY * np.maximum(demand - x, 0)

    def solve(self):
        best = min(self.demand, key=lambda x: self.at(x).mean())
        return Solved(np.array([best]), self.at(best).mean())

    def costs(self, plan):
        return self.at(plan[0]), np.full(self.size, 1 / self.size)


# -- chance constraints


@pytest.fixture
def chance():
    """The newsvendor with a hook: the plan misses "stock" where demand exceeds it, "never" never, "always" always."""

    def violations(source, plan, start, stop, impact):
        demand = source.block(start, stop).demand[:, 0, 0]
        zero = np.zeros(stop - start, dtype=bool)
        return {"stock": demand > plan["stock[town,tents]"], "never": zero, "always": ~zero}

    program = from_model("prepositioning", instance="newsvendor")
    return replace(program, violations=violations, allowed=lambda source, impact: {"stock": 0.25})


def test_violation_probabilities(chance, monkeypatch):
    from quakeops.decomposition.saa import violations as module

    monkeypatch.setattr(module, "BLOCK", 64)
    plan = {"stock[town,tents]": 180.0, "open[town,yard]": 1.0}
    found = statistical_bounds(chance, get("highs"), _options(evaluation=1000), method="ef", solver="highs", seed=3, candidate=plan)
    demand = drawn_demand(Population(chance).draw(1000, 3, 1))
    stock, true = found.violations["stock"], P[DEMAND > 180].sum()
    assert stock == exact_binomial(int((demand > 180).sum()), 1000, 0.95, 0.25) and stock.low <= true <= stock.high
    assert found.violations["never"].limit == pytest.approx(1 - 0.05 ** (1 / 1000)) and found.violations["never"].allowed is None
    assert found.violations["always"].high == 1 and found.gap is None and found.evaluation_size == 1000
    assert quakeops.SaaResult.from_dict(json.loads(found.to_json())) == found


def test_chance_constraints_have_no_mean_value_bound(chance):
    with pytest.raises(InputError, match="no lower bound in expectation; give a plan by --candidate"):
        statistical_bounds(chance, get("highs"), _options(), method="ef", solver="highs", seed=3)
    with pytest.raises(InputError, match="nor does the model say which scenarios violate them"):
        statistical_bounds(replace(chance, violations=None, owned=("z",)), get("highs"), _options(), method="ef", solver="highs", seed=3)
    wrong = replace(chance, violations=lambda start, stop, **_: {"stock": np.zeros(3, dtype=bool)})
    with pytest.raises(InputError, match=r"does not fit the model: 'stock\[town,tents\]'"):
        statistical_bounds(chance, get("highs"), _options(), method="ef", solver="highs", seed=3, candidate={"x": 1.0})
    with pytest.raises(ModelError, match=r"shape \(3,\), expected \(100,\)"):
        statistical_bounds(wrong, get("highs"), _options(), method="ef", solver="highs", seed=3, candidate={"x": 1.0})


# -- limits, files, errors


def test_a_time_limit_reports_what_was_done(monkeypatch):
    """After the third replication the clock says that the time is over."""
    from quakeops.decomposition.saa import run as module

    usual, calls = module.replicate, []

    def late(*arguments):
        if len(calls) == 3:
            raise StoppedError("time limit")
        calls.append(1)
        return usual(*arguments)

    monkeypatch.setattr(module, "replicate", late)
    found = quakeops.saa("prepositioning", instance="newsvendor", sample=20, replications=9, method="ef")
    assert found.stop_reason == "time limit" and len(found.replications) == 3 and found.gap is not None and found.exit_code == 1
    assert found.bound.value == pytest.approx(np.mean([r.bound for r in found.replications]))


@pytest.mark.parametrize("until_gap", [None, 1e-3])
def test_an_interrupted_run_reports_what_was_done(monkeypatch, until_gap):
    from quakeops.decomposition.saa import run as module

    usual, calls = module.replicate, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return usual(*arguments)

    monkeypatch.setattr(module, "replicate", interrupted)
    plan = quakeops.solve("prepositioning", instance="newsvendor", rel_gap=1e-9)
    worse = replace(plan, first_stage=plan.first_stage | {"stock[town,tents]": 100.0})
    found = quakeops.saa(candidate=worse, sample=20, until_gap=until_gap, method="ef")
    assert found.stop_reason == "interrupted" and found.exit_code == 1 and found.gap is not None
    assert len(found.looks) == (1 if until_gap else 0) and len(found.replications) == (2 if until_gap else 3)
    assert found.certified is (False if until_gap else None)


def test_nothing_done_in_time():
    found = quakeops.saa("prepositioning", instance="newsvendor", time_limit=1e-9)
    assert found.stop_reason == "time limit" and found.candidate == {} and found.cost is found.gap is None and found.exit_code == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sample": 1}, "--sample 1: must be at least 2"),
        ({"evaluation": 1}, "--evaluation 1: must be at least 2"),
        ({"replications": 1}, "--replications 1: must be at least 2"),
        ({"replications": 3, "procedure": "a2rp"}, "--replications 3: --procedure a2rp has 2"),
        ({"procedure": "srp"}, "--procedure 'srp': expected mrp or a2rp"),
        ({"confidence": 1.0}, "--confidence 1.0: must lie strictly between 0 and 1"),
        ({"confidence": 0.0}, "--confidence 0.0"),
        ({"confidence": math.nan}, "--confidence nan"),
        ({"until_gap": 0.0}, "--until-gap 0.0: must be positive"),
        ({"until_gap": 0.01, "rel_gap": 0.01}, "--rel-gap 0.01: must be below --until-gap 0.01"),
        ({"iterations": 3}, "--iterations goes with --until-gap"),
        ({"iterations": 0, "until_gap": 0.1}, "--iterations 0"),
        ({"rel_gap": -1.0}, "--rel-gap -1.0"),
        ({"method": "ph"}, "--method 'ph': expected benders or ef"),
        ({"seed": -1}, "--seed -1"),
        ({"time_limit": 0.0}, "--time-limit 0.0"),
        ({"threads": 0}, "--threads 0"),
        ({"scenarios": 10}, "--scenarios 10: is for modules without a seed"),
        ({"solver": "cplex"}, "unknown solver"),
        ({"module": "farmer"}, "only one of them"),
    ],
)
def test_wrong_options(options, said):
    with pytest.raises(InputError, match=said.replace("(", r"\(")):
        quakeops.saa("prepositioning", instance="newsvendor", **options)


def test_wrong_options_of_modules(foreign):
    with pytest.raises(InputError, match="draws its samples; their size is --sample"):
        quakeops.saa(module="drawn", scenarios=10)
    with pytest.raises(InputError, match="give --seed"):
        quakeops.saa(module="drawn", arguments={"seed": "3"})


def test_one_scenario_cannot_be_sampled(small, write, foreign):
    small["scenarios"] = [dict(small["scenarios"][0], probability=1)]
    path = write("certain.json", small)
    with pytest.raises(InputError, match="has one scenario, so there is nothing to sample"):
        quakeops.saa("prepositioning", instance=str(path))
    with pytest.raises(InputError, match="declares an argument 'seed'"):
        quakeops.saa(module="packing", scenarios=1)


def test_candidates_that_do_not_fit():
    plan = quakeops.solve("prepositioning", instance="newsvendor", rel_gap=1e-9)
    options = {"sample": 5, "replications": 2, "evaluation": 5, "method": "ef"}
    with pytest.raises(InputError, match=r"does not fit the model: 'open\["):
        quakeops.saa("prepositioning", instance="islands-3", candidate=plan, **options)
    broken = replace(plan, first_stage=plan.first_stage | {"open[town,yard]": 0.0})
    with pytest.raises(NoSolutionError, match="violates storage_capacity"):
        quakeops.saa(candidate=broken, **options)
    assert quakeops.saa("prepositioning", instance="newsvendor", candidate=plan, **options).gap.value >= 0


def test_no_recourse_in_a_drawn_scenario(foreign):
    result = quakeops.solve(module="impossible", scenarios=4, arguments={"what": "fine"})
    bad = replace(result, provenance=result.provenance | {"recipe": result.provenance["recipe"] | {"arguments": {"what": "scenario"}}})
    for method in ("ef", "benders"):
        with pytest.raises(NoSolutionError, match=r"no feasible recourse in scenario|infeasible"):
            quakeops.saa(candidate=bad, sample=10, replications=2, method=method)


def test_json_round_trip_and_malformed_files(tmp_path):
    found = quakeops.saa("prepositioning", instance="newsvendor", sample=20, until_gap=0.05, method="ef", seed=1)
    found.save(tmp_path / "bounds.json")
    assert quakeops.SaaResult.load(tmp_path / "bounds.json") == found and found.certified and len(found.looks) >= 1
    data = json.loads(found.to_json())
    assert data["relative_gap"] == pytest.approx(found.gap.limit / found.cost.value)
    for change, said in (
        ({"format": "quakeops/result/1"}, "field 'format'"),
        ({"gap": {"value": 1}}, "field 'gap'"),
        ({"gap": {"value": 1, "size": 2}}, "unknown field 'size'"),
        ({"colour": "red"}, "unknown field 'colour'"),
        ({"looks": 3}, "field 'looks' must hold a list"),
        ({"replications": [3]}, "'replications.0' must hold an object"),
    ):
        with pytest.raises(InputError, match=said):
            quakeops.SaaResult.from_dict(data | change)
    del data["model"]
    with pytest.raises(InputError, match="model"):
        quakeops.SaaResult.from_dict(data)


# -- the command line


NEWS = ("saa", "prepositioning", "--instance", "newsvendor", "--method", "ef")


def test_command(run):
    run("solve", "prepositioning", "--instance", "newsvendor", "--rel-gap", "1e-9", "--out", "plan.json")
    done = run(
        "saa", "--candidate", "plan.json", "--sample", "20", "--replications", "3", "--method", "ef", "--out", "bounds.json", "--json"
    )
    assert done.code == 0 and done.json == json.loads(Path("bounds.json").read_text())
    assert done.json["gap"]["value"] >= 0 and done.json["candidate"]["stock[town,tents]"] == 180
    text = run(*NEWS, "--sample", "20", "--replications", "3")
    assert text.code == 0 and all(
        w in text.out for w in ("cost of the candidate", "lower bound on the optimum", "95 % limit", "3 samples of 20")
    )


def test_command_until_a_gap(run):
    done = run(*NEWS, "--sample", "30", "--until-gap", "0.05")
    assert done.code == 0 and "a gap of 5.00% is certified" in done.out and "asked for" in done.out
    never = run(*NEWS, "--sample", "5", "--until-gap", "1e-6", "--iterations", "1")
    assert never.code == 1 and "NOT certified" in never.out and "limit of 1 looks" in never.out
    run(*NEWS, "--confidence", "1").failed(2, "--confidence 1.0")


def test_pictures(run):
    run(*NEWS, "--sample", "20", "--replications", "3", "--out", "fixed.json")
    run(*NEWS, "--sample", "20", "--until-gap", "0.02", "--out", "looks.json")
    for name in ("fixed", "looks"):
        assert run("plot", f"{name}.json").code == 0 and Path(f"{name}-bounds.png").stat().st_size > 10_000
    run("plot", "fixed.json", "--kind", "plan").failed(2, "--kind plan", "known for them: bounds")
    run("plot", "fixed.json", "--scenario", "1").failed(2, "--scenario 1")
    run(*NEWS, "--time-limit", "1e-9", "--out", "none.json")
    run("plot", "none.json").failed(2, "no bounds to draw")


SCRIPT = """\
import json
import quakeops
from quakeops import parallel

news = {"model": "prepositioning", "instance": "newsvendor", "method": "ef"}
cases = [
    {"model": "prepositioning", "instance": "islands-3", "sample": 12, "replications": 3, "evaluation": 40, "rel_gap": 0.01},
    news | {"until_gap": 0.03},
    {"module": "drawn", "sample": 12, "procedure": "a2rp", "evaluation": 70},
    news | {"time_limit": 1e-9},
    {"module": "impossible", "scenarios": 4, "arguments": {"what": "scenario"}, "sample": 10},
    {"module": "impossible", "scenarios": 40, "arguments": {"what": "fine"}, "sample": 1},
]
for case in cases:
    try:
        found = quakeops.saa(case.pop("model", None), **case).to_dict()
        own = {k: v for k, v in found.items() if k not in ("timing", "provenance")}
    except quakeops.QuakeopsError as e:
        own = f"{type(e).__name__}: {e}"
    comm = parallel.world()
    everyone = [own] if comm is None else comm.allgather(own)
    if parallel.rank(comm) == 0:
        print(json.dumps([everyone.count(own) == len(everyone), own]))
"""


@pytest.mark.skipif(not Path(MPIEXEC).exists(), reason="no mpiexec (pip install 'quakeops[mpi,mpich]')")
def test_the_same_digits_on_two_ranks(tmp_path):
    """Results and errors are the same on one rank and on two, and the same on both of these."""
    (tmp_path / "cases.py").write_text(SCRIPT)

    def printed(ranks):
        paths = [str(HERE / "modules"), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
        command = [MPIEXEC, "-n", str(ranks), sys.executable, "cases.py"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[true") or line.startswith("[false")]

    one, two = printed(1), printed(2)
    assert one == two and len(one) == 6 and all(same for same, _ in one)
    assert one[1][1]["certified"] and one[3][1]["stop_reason"] == "time limit" and "infeasible" in one[4][1] and "--sample 1" in one[5][1]
