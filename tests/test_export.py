"""Files written and read again give the same problem: SMPS by our reader, LP and MPS by HiGHS."""

import json
import math
from dataclasses import replace
from pathlib import Path

import highspy
import numpy as np
import pytest
import quakeops
from hypothesis import given
from hypothesis import strategies as st
from quakeops import InputError, solve
from quakeops.decomposition.export import export_program
from quakeops.decomposition.extensive_form import assemble
from quakeops.decomposition.matrices import ScenarioData, Stage, StageData, compile_program
from quakeops.decomposition.program import from_model, from_module
from quakeops.decomposition.recourse import Recourse
from quakeops.decomposition.smps import from_smps
from quakeops.errors import ModelError
from quakeops.instances.smps.names import lp_names, mps_names
from quakeops.solvers import HIGHS, Termination
from scipy.sparse import csr_array

SIPLIB = Path(__file__).parents[2] / "shared/data/siplib"


def written(data, folder, kind="smps", name="sample"):
    """Write, and return what reads back: compiled data for SMPS, else the value HiGHS finds in the file."""
    paths = export_program(data, name, kind, folder / "file")
    if kind == "smps":
        return compile_program(from_smps(folder / "file"))
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.setOptionValue("presolve", "off")  # HiGHS 1.15.1's calls some feasible MIPs infeasible, and crashed on random_data(10006444)
    assert highs.readModel(str(paths[0])) != highspy.HighsStatus.kError
    highs.run()
    return highs.getModelStatus(), highs.getInfo().objective_function_value


def assert_same_data(here, there, rtol=0.0):
    """Equal in every number; names may have been made fit for the format."""

    def same(a, b):  # b - (b - a) may miss a by its last digit
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)

    def same_stage(a, b):
        same(a.lower, b.lower)
        same(a.upper, b.upper)
        np.testing.assert_array_equal(a.integer, b.integer)
        assert list(mps_names(a.names)) == list(b.names)

    assert here.sign == there.sign
    same_stage(here.first, there.first)
    same(here.A.toarray(), there.A.toarray())
    same(here.row_lower, there.row_lower)
    same(here.row_upper, there.row_upper)
    for s, t in zip(here.scenarios, there.scenarios, strict=True):
        assert s.probability == t.probability
        same_stage(s.stage, t.stage)
        for what in ("cost", "offset", "row_lower", "row_upper"):
            same(getattr(s, what), getattr(t, what))
        same(s.T.toarray(), t.T.toarray())
        same(s.W.toarray(), t.W.toarray())
        same(here.cost, t.cost_first)  # first-stage costs come back expected


def value(data):
    """Termination and value of the extensive form, in the model's own sense."""
    solution = HIGHS.open(assemble(data)).solve({"rel_gap": 0.0})
    return solution.termination, None if solution.objective is None else data.sign * solution.objective


PROGRAMS = {
    "islands-3": (lambda: from_model("prepositioning", instance="islands-3"), 706319.07367),
    "newsvendor": (lambda: from_model("prepositioning", instance="newsvendor"), 19814),
    "farmer": (lambda: from_module("farmer"), -108390),
    "farmer, maximised": (lambda: from_module("farmer", arguments={"maximize": "true"}), 108390),
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("kind", ["smps", "lp", "mps"])
def test_written_and_read_is_the_same_problem(name, kind, foreign, tmp_path):
    make, known = PROGRAMS[name]
    data = compile_program(make())
    status, optimum = value(data)
    assert status is Termination.OPTIMAL and optimum == pytest.approx(known, rel=1e-8)
    again = written(data, tmp_path, kind)
    if kind == "smps":
        assert_same_data(data, again)
        assert value(again)[1] == pytest.approx(optimum, rel=1e-9)
    else:
        assert again[1] == pytest.approx(optimum, rel=1e-9)


@pytest.mark.skipif(not SIPLIB.is_dir(), reason=f"{SIPLIB} (SIPLIB instances) is not there")
@pytest.mark.parametrize("name", ["lands", "sslp_5_25_50", "sslp_15_45_5"])
def test_siplib_written_and_read_is_the_same_problem(name, tmp_path):
    data = compile_program(from_smps(SIPLIB / name))
    assert_same_data(data, written(data, tmp_path))


@pytest.mark.skipif(not SIPLIB.is_dir(), reason=f"{SIPLIB} (SIPLIB instances) is not there")
def test_sslp_5_25_50_written_and_read_holds_the_published_optimum(tmp_path):
    """-121.6 (Ntaimo and Sen), by the plan of servers 1 and 3; to prove it, the extensive form takes 12 s and more."""
    quakeops.export(smps=SIPLIB / "sslp_5_25_50", out=tmp_path / "sslp")
    data = compile_program(from_smps(tmp_path / "sslp"))
    assert Recourse(data, HIGHS, 1).expected(np.array([1.0, 0, 1, 0, 0])) == pytest.approx(-121.6, abs=1e-6)


def random_data(seed):
    """A feasible, bounded two-stage program with every kind of row, variable and difference between scenarios."""
    rng = np.random.default_rng(seed)
    n1, n2, m1, m2, scenarios = (int(rng.integers(low, high)) for low, high in ((1, 4), (1, 5), (0, 3), (1, 5), (1, 4)))

    def stage(n, like=None):
        integer = rng.random(n) < 0.4 if like is None else like.integer
        kind = rng.integers(0, 6, n)
        low = rng.integers(-4, 3, n).astype(float)
        lower = np.choose(kind, [np.zeros(n), np.zeros(n), np.full(n, -math.inf), low, np.full(n, -math.inf), low])
        upper = np.choose(kind, [np.full(n, math.inf), np.ones(n), np.full(n, math.inf), low + 3, low - 2, low])
        return Stage(tuple(f"{'xy'[like is not None]}[{j}, a b]" for j in range(n)), lower, upper, integer)

    def sides(activity, kind):
        """The sides of rows of fixed ``kind`` around an activity that is feasible: E, L, G, two-sided, two-sided in some scenarios."""
        slack, spread = rng.integers(0, 4, len(kind)) / 3, rng.random(len(kind)) < 0.5
        low = np.choose(
            kind,
            [activity, np.full(len(kind), -math.inf), activity - slack, activity - slack, np.where(spread, activity - slack, -math.inf)],
        )
        return low, np.choose(kind, [activity, activity + slack, np.full(len(kind), math.inf), activity + 1 / 3, activity + slack])

    def matrix(m, n):
        return csr_array(np.where(rng.random((m, n)) < 0.6, rng.integers(-9, 10, (m, n)) / rng.choice([1, 3, 7], (m, n)), 0.0))

    def point(s):
        return np.clip(rng.integers(-3, 4, len(s)).astype(float), s.lower, s.upper)

    def cost(s):
        """Such that no variable gains by running away."""
        pull = np.where(
            np.isinf(s.lower) & np.isinf(s.upper),
            0,
            np.where(np.isinf(s.upper), 1, np.where(np.isinf(s.lower), -1, rng.choice([-1, 1], len(s)))),
        )
        return pull * rng.integers(1, 9, len(s)) / 7

    first = stage(n1)
    x, A = point(first), matrix(m1, n1)
    low, high = sides(A @ x, rng.integers(0, 4, m1))
    kinds, template = rng.integers(0, 5, m2), stage(n2, first if n1 == n2 else Stage((), np.zeros(n2), np.zeros(n2), rng.random(n2) < 0.4))
    shares = rng.integers(1, 4, scenarios)
    parts = []
    for k in range(scenarios):
        own = template if k == 0 or rng.random() < 0.5 else replace(stage(n2, template), names=template.names)
        T, W, y = matrix(m2, n1), matrix(m2, n2), point(own)
        row_low, row_high = sides(T @ x + W @ y, kinds)
        parts.append(
            ScenarioData(f"scen {k}", float(shares[k] / shares.sum()), cost(first), cost(own), float(rng.integers(-3, 3)) / 3, T, W, row_low, row_high, tuple(f"row {i}" for i in range(m2)), own)
        )  # fmt: skip
    return StageData(first, A, low, high, tuple(f"A{i}" for i in range(m1)), tuple(parts), float(rng.choice([-1, 1])))


@given(seed=st.integers(0, 10**6))
def test_random_programs_written_and_read(tmp_path_factory, seed):
    folder = tmp_path_factory.getbasetemp()
    data = random_data(seed)
    again = written(data, folder)
    assert_same_data(data, again, rtol=1e-13)
    status, optimum = value(data)
    assert status is Termination.OPTIMAL
    assert value(again)[1] == pytest.approx(optimum, rel=1e-6, abs=1e-5)
    for kind in ("lp", "mps"):
        assert written(data, folder, kind)[1] == pytest.approx(optimum, rel=1e-6, abs=1e-5), kind


def test_scenarios_hold_only_what_differs(tmp_path):
    quakeops.export("prepositioning", instance="newsvendor", out=tmp_path / "news")
    lines = (tmp_path / "news.sto").read_text(encoding="utf-8").splitlines()
    assert lines[2].startswith(" SC scen0 ") and lines[3].startswith(" SC scen1 ")  # the first is the core
    assert all(line.split()[:2] == ["RHS", "balance[town,tents]"] for line in lines[2:-1] if not line.startswith(" SC"))


def test_first_stage_costs_that_differ_are_written_expected(tmp_path):
    data = random_data(7)
    costs = [np.full(len(data.first), float(k)) for k in range(len(data.scenarios))]
    data = replace(data, scenarios=tuple(replace(s, cost_first=c) for s, c in zip(data.scenarios, costs, strict=True)))
    assert len(costs) > 1
    assert_same_data(data, written(data, tmp_path), rtol=1e-13)
    assert "* first-stage costs are expected ones" in (tmp_path / "file.cor").read_text(encoding="utf-8")


def shapes(change):
    data = compile_program(from_model("prepositioning", instance="newsvendor"))
    a, b, *rest = data.scenarios
    return replace(data, scenarios=(a, change(b), *rest))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: replace(s, stage=replace(s.stage, names=("other", *s.stage.names[1:]))), "'scen1' differs from 'scen0' in the shape of its second stage: variable"),
        (lambda s: replace(s, stage=replace(s.stage, names=s.stage.names[::-1])), "its variables have another order"),
        (lambda s: replace(s, row_names=("other", *s.row_names[1:])), "row 'balance.*' is in one of them only"),
        (lambda s: replace(s, stage=replace(s.stage, integer=~s.stage.integer)), "is integer in one of them only"),
    ],
)  # fmt: skip
def test_second_stages_of_different_shape_are_refused(change, message, tmp_path):
    with pytest.raises(ModelError, match=message):
        export_program(shapes(change), "news", "smps", tmp_path / "news")
    assert not list(tmp_path.iterdir())


def test_a_row_that_turns_round_is_refused(tmp_path):
    data = shapes(lambda s: replace(s, row_lower=np.full_like(s.row_lower, -math.inf)))
    a = replace(data.scenarios[0], row_upper=np.full_like(data.scenarios[0].row_upper, math.inf))
    with pytest.raises(ModelError, match="has only its lower side in one scenario and only its upper side in another"):
        export_program(replace(data, scenarios=(a, *data.scenarios[1:])), "news", "smps", tmp_path / "news")


@pytest.mark.parametrize("clean", [mps_names, lp_names])
@given(names=st.lists(st.text(alphabet="aeE.[]* $'1 ,-\t", max_size=5), max_size=8))
def test_names_are_fit_for_the_format(clean, names):
    out = clean([*names, "RHS", "up", "free", "e12", "2nd"])
    assert len(out) == len(set(out)) == len(names) + 5
    assert all(n and len(n.split()) == 1 and n == n.strip() and n[0] not in "*$" for n in out)
    if clean is lp_names:
        assert all(n.replace("_", "a").replace(".", "a").isalnum() and n[0] not in ".0123456789" and n.lower() != "free" for n in out)
    else:
        assert not {"RHS", "up"} & set(out)


def test_no_temporary_is_left(tmp_path):
    written_to = quakeops.export("prepositioning", instance="newsvendor", out=tmp_path / "a.b", file_format="mps")
    assert written_to == (tmp_path / "a.b.mps",)
    assert quakeops.export("prepositioning", instance="newsvendor", out=tmp_path / "c.lp", file_format="lp") == (tmp_path / "c.lp",)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.b.mps", "c.lp"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"file_format": "gms"}, "unknown format 'gms'; known: smps, lp, mps"),
        ({"out": "nowhere/x"}, "the folder nowhere does not exist"),
        ({"module": "farmer"}, "and only one of them"),
    ],
)
def test_bad_options(given, message, tmp_path):
    with pytest.raises(InputError, match=message):
        quakeops.export("prepositioning", **{"out": tmp_path / "x", "instance": "newsvendor"} | given)


def test_command_line(subprocess_run, tmp_path):
    done = subprocess_run("-m", "quakeops", "export", "--module", "farmer", "--module-arg", "maximize=true", "--out", "farm", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"files": ["farm.cor", "farm.tim", "farm.sto"]}
    result = solve(smps=tmp_path / "farm", rel_gap=1e-9)
    assert result.sense == "maximize" and result.objective == pytest.approx(108390)
    assert dict(result.first_stage) == pytest.approx({"acres[wheat]": 170, "acres[corn]": 80, "acres[beets]": 250})
