"""The deployment model: order statistics, closed forms, copies against owned variables, its forms against each other, other scenarios."""

import contextlib
import io
import itertools
from fractions import Fraction

import numpy as np
import pytest
import quakeops
from hypothesis import given
from hypothesis import strategies as st
from quakeops.decomposition.compiled import stage_data
from quakeops.decomposition.matrices import compile_program
from quakeops.decomposition.program import Program, from_model
from quakeops.errors import InputError
from quakeops.instances import FixedDemand, load_as
from quakeops.instances.deployment import Deployment, DeploymentRecord, Route
from quakeops.models import deployment
from quakeops.models.order_statistics import allowed_count, cvar, quantile, smallest_epsilon
from quakeops.scenario_gen.deployment_random import RandomDemand
from scipy.optimize import linprog
from scipy.stats import norm

FORMS = [
    dict(zip(("send", "rule", "joint"), f, strict=True)) for f in itertools.product(("recourse", "now"), ("chance", "cvar"), (True, False))
]


def instance(zones=1, depots=1, *, stock=1000.0, vehicles=100, hours=1.0, epsilon=0.1, **changes):
    """Depots that all reach all zones."""
    data = {
        "format": "quakeops/deployment/1",
        "name": "tests",
        "title": "for the tests",
        "source": {"citation": "invented for the tests", "licence": "Apache-2.0"},
        "provenance": {"depots": "synthetic"},
        "depots": [
            {
                "name": f"d{j}",
                "latitude": 0,
                "longitude": j,
                "stock": stock,
                "vehicles": vehicles,
                "opening_cost": 50 + j,
                "ready_cost": 2 + j,
            }
            for j in range(depots)
        ],
        "zones": [{"name": f"z{i}", "latitude": 1, "longitude": i} for i in range(zones)],
        "routes": [
            {"depot": f"d{j}", "zone": f"z{i}", "hours": hours, "cost": 0.5 + 0.1 * abs(i - j)} for j in range(depots) for i in range(zones)
        ],
        "fleet": {"capacity": 10, "hours": 8, "cost": 30},
        "time_limit_h": 2,
        "epsilon": epsilon,
    }
    return Deployment.model_validate(data | changes)


def source(inst, demand, p=None):
    demand = np.atleast_2d(np.asarray(demand, dtype=float))
    records = [
        DeploymentRecord(
            name=f"s{k}",
            probability=1 / len(demand) if p is None else p[k],
            demand={z.name: d for z, d in zip(inst.zones, row, strict=True)},
        )
        for k, row in enumerate(demand.tolist())
    ]
    return FixedDemand.of_records(inst, records)


def program(src, **form):
    return Program(
        "deployment",
        tuple(f"scen{k}" for k in range(src.num_scenarios)),
        deployment.scenario_creator,
        {"source": src, **form},
        random_block=deployment.random_block,
        owned=() if form.get("copies") else deployment.owned(**form),
    )


def solved(src, method="ef", rel_gap=1e-8, **form):
    from quakeops.decomposition.chance import solve_chance
    from quakeops.decomposition.extensive_form import solve_extensive_form
    from quakeops.decomposition.run import Run
    from quakeops.solvers import get

    prog = program(src, **form)
    run = Run(rel_gap=rel_gap, time_limit=60, method=method, solver="highs")
    if method == "benders":
        return solve_chance(prog, get("highs"), run)
    return solve_extensive_form(stage_data(prog), get("highs"), run)


# -- order statistics


@pytest.mark.parametrize(("epsilon", "S", "allowed"), [(0.18, 1000, 180), (0.05, 20, 1), (0.29, 100, 29), (0.07, 100, 7), (0.1, 9, 0)])
def test_how_many_may_be_missed_is_exact(epsilon, S, allowed):
    p = np.full(S, 1 / S)
    assert allowed_count(p, epsilon) == allowed
    values = np.random.default_rng(0).permutation(S).astype(float)
    assert quantile(values, p, epsilon) == S - allowed - 1  # values are 0, ..., S - 1


def test_floating_point_alone_would_be_wrong():
    """What the module is for: 0.82 * 1000 is not 820 in floating point, and the index it rounds up to is one too many."""
    assert int(np.ceil((1 - 0.18) * 1000)) == 821
    assert quantile(np.arange(1000.0), np.full(1000, 1e-3), 0.18) == 819


@given(st.lists(st.integers(0, 20), min_size=1, max_size=12), st.integers(1, 99), st.randoms())
def test_quantile_by_definition(values, percent, random):
    values = np.array(values, dtype=float)
    weights = [Fraction(random.randint(1, 9)) for _ in values]
    p = np.array([float(w / sum(weights)) for w in weights])
    p = np.round(p, 3)
    epsilon = percent / 100
    if not p.all():
        return
    exact = [Fraction(1, len(p))] * len(p) if (p == p[0]).all() else [Fraction(str(v)) for v in p.tolist()]
    ok = [
        d
        for d in sorted(set(values.tolist()))
        if sum((w for w, v in zip(exact, values, strict=True) if v > d), Fraction(0)) <= Fraction(str(epsilon))
    ]
    assert quantile(values, p, epsilon) == ok[0]
    assert cvar(values, p / p.sum(), epsilon) >= ok[0] - 1e-9 or not np.isclose(p.sum(), 1, atol=0.02)
    assert smallest_epsilon(values, p, ok[0]) <= epsilon + 1e-12


# -- closed forms


@pytest.mark.parametrize("epsilon", [0.05, 0.1, 0.18, 0.5])
def test_one_depot_one_zone_is_the_order_statistic(epsilon):
    """Cost F + (r + c) q + v ceil(2 h q / (k H)) with q the order statistic, sent now; the same quantity is made ready with recourse."""
    demand = np.random.default_rng(1).uniform(10, 300, (50, 1))
    inst = instance(epsilon=epsilon)
    q = np.sort(demand[:, 0])[50 - int(Fraction(str(epsilon)) * 50) - 1]
    vehicles = np.ceil(2 * q / 10 / 8)
    now = solved(source(inst, demand), send="now", joint=False)
    assert now.objective == pytest.approx(50 + 2.5 * q + 30 * vehicles, rel=1e-9)
    assert solved(source(inst, demand), send="now").objective == pytest.approx(now.objective, rel=1e-9)  # one zone: joint is the same
    served = demand[demand[:, 0] <= q, 0]
    later = solved(source(inst, demand))
    assert later.objective == pytest.approx(50 + 2 * q + 30 * vehicles + 0.5 * served.sum() / 50, rel=1e-8)


def test_gaussian_demand_against_the_analytic_quantile():
    mean, deviation, S = 200.0, 30.0, 20_000
    demand = np.random.default_rng(4).normal(mean, deviation, (S, 1))
    inst = instance(epsilon=0.05, fleet={"capacity": 1e6, "hours": 1e6, "cost": 0.0})
    found = deployment.requirement(source(inst, demand), "chance", False, {"z0": 0.05})["z0"]
    q = norm.ppf(0.95, mean, deviation)
    error = np.sqrt(0.05 * 0.95 / S) / norm.pdf(q, mean, deviation)  # of a sample quantile
    assert abs(found - q) < 4 * error
    tail = deployment.requirement(source(inst, demand), "cvar", False, {"z0": 0.05})["z0"]
    assert tail == pytest.approx(mean + deviation * norm.pdf(norm.ppf(0.95)) / 0.05, rel=5e-3)


def test_time_limits_and_vehicles_bind():
    far = instance(depots=2, hours=1.5)
    routes = [r.model_copy(update={"hours": 3.0}) if r.depot == "d0" else r for r in far.routes]
    late = instance(depots=2, routes=[r.model_dump() for r in routes])
    plan = solved(source(late, [[40.0]] * 5), send="now", joint=False)
    assert {n for n in plan.first_stage if n.startswith("send")} == {"send[d1,z0]"}
    assert plan.first_stage["vehicles[d1]"] == np.ceil(2 * 1.5 * 40 / 10 / 8)
    assert plan.first_stage["open[d0]"] == 0


# -- brute force


def test_joint_recourse_by_brute_force():
    """All sets of two of eight scenarios given up, each an LP by scipy (vehicles cost nothing and never bind)."""
    r = np.random.default_rng(5)
    demand = r.uniform(5, 60, (8, 3))
    inst = instance(zones=3, depots=2, epsilon=0.25, stock=120.0, fleet={"capacity": 1e4, "hours": 1e4, "cost": 0.0})
    src = source(inst, demand)
    best = np.inf
    cost = {(rt.depot, rt.zone): rt.cost for rt in inst.usable_routes}
    for chosen in itertools.combinations(range(8), 2):
        kept = [k for k in range(8) if k not in chosen]
        for opened in ((1, 0), (0, 1), (1, 1)):
            n = 2 + 6 * len(kept)  # ready, then y[k, j, i]
            c = np.concatenate([[2, 3], np.tile([cost[f"d{j}", f"z{i}"] / 8 for j in range(2) for i in range(3)], len(kept))])
            rows, rhs = [], []
            for a, k in enumerate(kept):
                for i in range(3):
                    row = np.zeros(n)
                    row[[2 + 6 * a + 3 * j + i for j in range(2)]] = -1
                    rows.append(row)
                    rhs.append(-demand[k, i])
                for j in range(2):
                    row = np.zeros(n)
                    row[2 + 6 * a + 3 * j : 5 + 6 * a + 3 * j], row[j] = 1, -1
                    rows.append(row)
                    rhs.append(0)
            found = linprog(c, A_ub=rows, b_ub=rhs, bounds=[*((0, 120 * o) for o in opened), *[(0, None)] * (n - 2)])
            if found.status == 0:
                best = min(best, found.fun + 50 * opened[0] + 51 * opened[1])
    assert solved(src).objective == pytest.approx(best, rel=1e-8)
    assert solved(src, "benders").objective == pytest.approx(best, rel=1e-8)


# -- copies and owned variables


@pytest.mark.parametrize("form", FORMS, ids=lambda f: "-".join(str(v) for v in f.values()))
@pytest.mark.parametrize("equal", [True, False], ids=["equal", "weighted"])
def test_copies_are_the_owned_variables_spread(form, equal):
    """What any mpi-sppy driver sees (a copy of every indicator in every scenario's Pyomo model) and what quakeops' methods see."""
    inst = instance(zones=2, depots=2, shortage_cost=1.5, stock=500.0)
    p = None if equal else [0.1, 0.25, 0.3, 0.15, 0.2]
    src = source(inst, np.random.default_rng(2).uniform(5, 90, (5, 2)), p)
    spread, copies = stage_data(program(src, **form)), compile_program(program(src, copies=True, **form))
    assert spread.first.names == copies.first.names
    for name in ("lower", "upper", "integer"):
        assert np.array_equal(getattr(spread.first, name), getattr(copies.first, name))
    assert set(spread.row_names) == set(copies.row_names)
    to = [copies.row_names.index(n) for n in spread.row_names]
    assert abs(spread.A - copies.A[to]).max() < 1e-12 if spread.A.shape[0] else True
    assert np.allclose(spread.row_upper, copies.row_upper[to], atol=1e-12)
    for a, b in zip(spread.scenarios, copies.scenarios, strict=True):
        columns = [b.stage.names.index(n) for n in a.stage.names if n in b.stage.names]
        kept = [j for j, n in enumerate(a.stage.names) if n in b.stage.names]
        rows = [b.row_names.index(n) for n in a.row_names if n in b.row_names]
        mine = [i for i, n in enumerate(a.row_names) if n in b.row_names]
        assert abs(a.T[mine] - b.T[rows]).max() < 1e-12 if rows else True
        assert abs(a.W[mine][:, kept] - b.W[rows][:, columns]).max() < 1e-12 if rows else True
        assert np.allclose(a.cost_first, b.cost_first)


def test_the_module_follows_the_protocol_of_mpi_sppy():
    with contextlib.redirect_stdout(io.StringIO()):
        import mpisppy.opt.ef as ef

        names = deployment.scenario_names_creator(6)
        kwargs = {"source": RandomDemand("deployment-random", 20, 5, 6, 0), "copies": True}
        both = ef.ExtensiveForm({"solver": "appsi_highs"}, names, deployment.scenario_creator, scenario_creator_kwargs=kwargs)
        both.solve_extensive_form(solver_options={"mip_rel_gap": 1e-7})
        value = both.get_objective_value()
    assert value == pytest.approx(quakeops.solve("deployment", scenarios=6, method="benders", rel_gap=1e-7).objective, rel=1e-6)


# -- forms against each other


@pytest.mark.parametrize("seed", range(3))
def test_forms_in_their_order(seed):
    """Quantile <= CVaR, individual <= joint, recourse <= here and now; a CVaR plan always satisfies the chance constraint."""
    inst = instance(zones=3, depots=2, epsilon=0.2, stock=400.0)
    demand = np.random.default_rng(seed).uniform(5, 90, (15, 3))
    src = source(inst, demand)
    value = {}
    for form in FORMS:
        result = solved(src, **form)
        assert result.status.value == "optimal"
        value[tuple(form.values())] = result.objective
        missed = deployment.violations(src, dict(result.first_stage), 0, 15, **form)
        allowed = deployment.allowed(src, **form)
        if form["send"] == "recourse" and not form["joint"]:  # whom to miss is a policy; no more in all than the plan allows itself
            assert sum(hits.mean() for hits in missed.values()) <= sum(allowed.values()) + 1e-12
            continue
        for name, hits in missed.items():
            assert hits.mean() <= allowed[name] + 1e-12, (form, name)
    for send, joint in itertools.product(("recourse", "now"), (True, False)):
        assert value[send, "chance", joint] <= value[send, "cvar", joint] * (1 + 1e-7)
    for send, rule in itertools.product(("recourse", "now"), ("chance", "cvar")):
        assert value[send, rule, False] <= value[send, rule, True] * (1 + 1e-7)
    for rule, joint in itertools.product(("chance", "cvar"), (True, False)):
        assert value["recourse", rule, joint] <= value["now", rule, joint] * (1 + 1e-7)


@pytest.mark.parametrize("form", FORMS, ids=lambda f: "-".join(str(v) for v in f.values()))
def test_decomposed_is_the_extensive_form(form):
    inst = instance(zones=3, depots=2, epsilon=0.2, stock=400.0, shortage_cost=0.7)
    src = source(inst, np.random.default_rng(11).uniform(5, 90, (12, 3)), np.random.default_rng(1).dirichlet(np.full(12, 4.0)).round(6))
    if not deployment.owned(**form):
        return
    assert solved(src, "benders", **form).objective == pytest.approx(solved(src, **form).objective, rel=1e-6)


def test_zones_may_have_their_own_epsilon():
    zones = [{"name": "z0", "latitude": 0, "longitude": 0, "epsilon": 0.5}, {"name": "z1", "latitude": 0, "longitude": 1}]
    inst = Deployment.model_validate(instance(zones=2).model_dump() | {"zones": zones})
    demand = np.column_stack([np.arange(10.0), np.arange(10.0)])
    plan = solved(source(inst, demand), send="now", joint=False).first_stage
    assert (plan["send[d0,z0]"], plan["send[d0,z1]"]) == (pytest.approx(4), pytest.approx(8))
    assert deployment.allowed(source(inst, demand), joint=False) == {"z0": 0.5, "z1": 0.1}
    assert deployment.allowed(source(inst, demand), joint=False, epsilon=0.3) == {"z0": 0.3, "z1": 0.3}


# -- other scenarios


def test_violations_by_hand():
    inst = instance(zones=2, stock=100.0, vehicles=5)
    src = source(inst, [[10, 10], [60, 30], [60, 60], [5, 96], [81, 0]])
    plan = {"open[d0]": 1.0, "ready[d0]": 95.0, "vehicles[d0]": 2.0}  # 2 vehicles carry 80
    assert deployment.violations(src, plan, 0, 5)["all"].tolist() == [False, True, True, True, True]
    alone = deployment.violations(src, plan, 0, 5, joint=False)
    assert (alone["z0"] | alone["z1"]).tolist() == [False, True, True, True, True]
    assert not (alone["z0"] & alone["z1"])[:4].any()  # one of the two can be served, or both
    now = deployment.violations(src, plan | {"send[d0,z0]": 60.0, "send[d0,z1]": 20.0}, 0, 5, send="now", joint=False)
    assert now["z0"].tolist() == [False, False, False, False, True] and now["z1"].tolist() == [False, True, True, True, False]


def test_a_plan_on_its_own_scenarios_and_on_others():
    plan = quakeops.solve("deployment", scenarios=60, method="benders", rel_gap=1e-4)
    own = quakeops.evaluate(plan)
    assert own.expected_cost.value == pytest.approx(plan.objective, rel=1e-9)
    met = own.violations["all"]
    assert met.count == 3 and met.allowed == 0.05
    assert met.low == met.high == met.estimate == pytest.approx(0.05)  # no interval from the scenarios that it was made for
    assert own.evpi is None and own.vss is None and "not defined" in own.vss_note
    other = quakeops.evaluate(plan, scenarios=100, seed=9)
    assert other.violations["all"].low <= other.violations["all"].estimate <= other.violations["all"].high
    missed = deployment.violations(RandomDemand("deployment-random", 20, 5, 100, 9), dict(plan.first_stage), 0, 100)["all"]
    assert other.violations["all"].count == missed.sum()


def test_statistical_bounds_need_a_candidate():
    with pytest.raises(InputError, match="candidate"):
        quakeops.saa("deployment", sample=10)
    plan = quakeops.solve("deployment", scenarios=30, method="benders", rel_gap=1e-2)
    found = quakeops.saa("deployment", candidate=plan, evaluation=200)
    assert found.violations["all"].trials == 200


# -- progressive hedging


def test_progressive_hedging_gives_valid_bounds():
    best = quakeops.solve("deployment", scenarios=10, method="benders", rel_gap=1e-6, arguments={"epsilon": 0.2})
    ph = quakeops.solve("deployment", scenarios=10, method="ph", iterations=3, time_limit=60, arguments={"epsilon": 0.2})
    assert ph.bound <= best.objective * (1 + 1e-6)
    assert ph.objective is None or ph.objective >= best.objective * (1 - 1e-6)


def test_progressive_hedging_refuses_too_many_copies():
    with pytest.raises(InputError, match=r"(?s)does not separate.*1000 variables give_up"):
        quakeops.solve("deployment", instance="deployment-random-large", method="ph")


# -- bad input


@pytest.mark.parametrize("epsilon", [0, 1, -0.1, 1.5])
def test_epsilon_outside_its_range(epsilon):
    with pytest.raises(InputError, match=r"epsilon .*strictly between 0 and 1"):
        from_model("deployment", num_scenarios=5, arguments={"epsilon": epsilon})


@pytest.mark.parametrize(("name", "value"), [("send", "later"), ("rule", "maybe"), ("joint", "perhaps"), ("colour", "red"), ("seed", "3")])
def test_unknown_forms(name, value):
    with pytest.raises(InputError, match=f"(?s){name}|{value}"):
        from_model("deployment", num_scenarios=5, arguments={name: value})


@pytest.mark.parametrize("rule", ["chance", "cvar"])
def test_a_zone_beyond_reach_is_named_with_the_smallest_epsilon(rule, write):
    """The message's epsilon is feasible, and a little less is not."""
    inst = instance(stock=50.0, epsilon=0.05)
    records = [{"name": f"s{k}", "probability": 0.05, "demand": {"z0": 4.0 * k}} for k in range(20)]
    file = write("far.json", inst.model_dump() | {"scenarios": records})
    with pytest.raises(InputError, match=r"zone 'z0'.*at most 50 can be sent.*smallest feasible epsilon") as caught:
        quakeops.solve("deployment", instance=str(file), arguments={"rule": rule})
    smallest = float(str(caught.value).rsplit(" ", 1)[1])
    assert rule == "cvar" or smallest == pytest.approx(0.35)  # 52, 56, ..., 76: seven of twenty
    for epsilon, feasible in ((smallest * (1 + 1e-4), True), (smallest * 0.99, False)):
        form = {"rule": rule, "epsilon": epsilon}
        if feasible:
            assert quakeops.solve("deployment", instance=str(file), arguments=form).status.value == "optimal"
        else:
            with pytest.raises(InputError):
                quakeops.solve("deployment", instance=str(file), arguments=form)


@pytest.mark.parametrize("joint", [True, False])
def test_zones_that_cannot_all_be_served_at_once(joint):
    """Each zone of three-valleys can get its quantile alone; epsilon 0.0001 asks for all largest demands at once."""
    arguments = {"send": "now", "joint": joint}
    with pytest.raises(InputError, match=r"at once: pallets too few at 'Orvana' [0-9.]+; .* 0\.0100001") as refused:
        quakeops.solve("deployment", instance="three-valleys", arguments=arguments | {"epsilon": 0.0001})
    assert ("smallest feasible" in str(refused.value)) != joint, "jointly the quantiles are necessary, not sufficient"
    if not joint:
        found = quakeops.solve("deployment", instance="three-valleys", arguments=arguments | {"epsilon": 0.0100001})
        assert found.status == "optimal"


def test_shortfalls_by_hand():
    """One vehicle makes two trips of 10 units in 4 hours over a route of one hour each way; the depot holds 30."""
    from quakeops.models.deployment_together import shortfalls

    base = load_as(Deployment, "three-valleys")
    depot = base.depots[0].model_copy(update={"stock": 30.0, "vehicles": 1})
    zones = [z.model_copy(update={"time_limit_h": 9.0}) for z in base.zones[:2]]
    routes = [Route(depot=depot.name, zone=z.name, hours=1.0) for z in zones]
    fleet = base.fleet.model_copy(update={"capacity": 10.0, "hours": 4.0})
    inst = base.model_copy(update={"depots": [depot], "zones": zones, "routes": routes, "fleet": fleet, "scenarios": []})
    needed = {zones[0].name: 15.0, zones[1].name: 12.0}
    assert sum(shortfalls(inst, needed).values()) == pytest.approx(7.0), "20 units of 27"
    many = inst.model_copy(update={"depots": [depot.model_copy(update={"vehicles": 9, "stock": 24.0})]})
    assert sum(shortfalls(many, needed).values()) == pytest.approx(3.0), "the stock binds"
    assert sum(shortfalls(inst, dict.fromkeys(needed, 10.0)).values()) == pytest.approx(0.0, abs=1e-9)
