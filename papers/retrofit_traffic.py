"""Where the linear assumption of the retrofit/repair paper (ICOSSAR 2017, 1629-1638, section 5) gives plans that fail, and by how much.

python papers/retrofit_traffic.py [--data FOLDER] [--instance sioux-falls] [--scenarios 51] [--seed 0] [--out FOLDER] [--skip-traffic]

Eq. 2 takes a bridge to change the times of its own links alone. The plan that it makes, on the pairs' own paths or on shortest ones, is
recomputed: in each scenario what the plan restores is restored, all trips find their user equilibrium, and a pair is late if it takes
longer than its limit. Then the plan that is made with recomputed decisions (requirement=traffic; minutes) is compared: what it retrofits,
what it costs, and what the linear plans' retrofits cost with the cheapest repairs that traffic allows. FOLDER holds the TNTP files of Sioux
Falls (see docs/traffic.md; default: QUAKEOPS_TNTP); --instance grid-town needs none. Rates are a year.
"""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import quakeops
from quakeops.decomposition.compiled import stage_data
from quakeops.decomposition.lazy.search import search
from quakeops.decomposition.program import from_provenance
from quakeops.instances.tntp import find
from quakeops.models.retrofit_equilibrium import SLACK, EquilibriumTimes
from quakeops.plots.late_scenarios import Lateness, draw_lateness
from quakeops.plots.retrofit_decisions import retrofit_decisions
from quakeops.plots.traffic_map import draw_traffic
from quakeops.solvers import get

TITLES = {"path": "on the pairs' own paths", "shortest": "on shortest paths", "traffic": "with traffic"}


@dataclass(frozen=True, eq=False)
class Plan:
    """A plan, and of each scenario the damage that it restores, the cost of its repairs (S,), and recomputed times over limits (S, P)."""

    result: quakeops.Result
    retrofitted: list[str]
    restored: list[frozenset[str]]
    repairs: np.ndarray
    ratio: np.ndarray

    @property
    def late(self) -> np.ndarray:
        """Whether a pair is late in a scenario (S, P)."""
        return self.ratio > 1 + SLACK


def main() -> None:
    """Make the plans, recompute them, print what is late, draw the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the TNTP files; default: QUAKEOPS_TNTP")
    parser.add_argument("--instance", default="sioux-falls", choices=("sioux-falls", "grid-town"))
    parser.add_argument("--scenarios", type=int, default=51, help="the first is a year without earthquake")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="folder for the figures")
    parser.add_argument("--skip-traffic", action="store_true", help="only recompute the linear plans")
    given = parser.parse_args()
    if given.data is not None:
        os.environ[find.VARIABLE] = str(given.data)
    results = {requirement: solved(given, requirement) for requirement in ("path", "shortest")}
    times = EquilibriumTimes(from_provenance(results["path"].provenance).kwargs["source"])
    damaged = np.flatnonzero(times.source.states.any(axis=1))
    if not len(damaged):
        raise SystemExit(f"{given.instance}: no bridge is damaged in any of {given.scenarios} scenarios")
    rate = times.source.probabilities[damaged].sum()
    print(f"{given.instance}: {len(times.limits)} pairs; bridges are damaged in {len(damaged)} scenarios, {rate:.6f} times a year")
    print_literal(times, damaged)
    plans = {requirement: recomputed(result, times) for requirement, result in results.items()}
    for requirement, plan in plans.items():
        print_plan(requirement, plan, times, damaged)
        print_idle(plan, times)
    if not given.skip_traffic:
        plans["traffic"] = recomputed(solved(given, "traffic"), times)
        print_plan("traffic", plans["traffic"], times, damaged)
        if plans["traffic"].late.any():
            raise SystemExit("the plan made with recomputed decisions has pairs that are late when it is recomputed")
        print_exact(plans)
    if given.out is not None:
        given.out.mkdir(parents=True, exist_ok=True)
        draw(given.out, given.instance, plans, times, damaged)


def solved(given: argparse.Namespace, requirement: str) -> quakeops.Result:
    """Return the best plan, to 1e-6 of its cost."""
    what = {"instance": given.instance, "scenarios": given.scenarios, "seed": given.seed, "arguments": {"requirement": requirement}}
    return quakeops.solve("retrofit", **what, rel_gap=1e-6)


def recomputed(result: quakeops.Result, times: EquilibriumTimes) -> Plan:
    """Return the plan with the equilibrium of what it restores in every scenario."""
    decisions = retrofit_decisions(result, from_provenance(result.provenance))
    names = np.array([e.name for e in times.source.instance.elements])
    damage = (decisions.retrofitted | decisions.repaired) & (times.source.states > 0)
    restored = [frozenset(names[own].tolist()) for own in damage]
    repairs = decisions.repaired @ [e.repair_cost for e in times.source.instance.elements]
    ratio = np.array([times.times(k, z) / times.limits for k, z in enumerate(restored)])
    return Plan(result, names[decisions.retrofitted].tolist(), restored, repairs, ratio)


def print_literal(times: EquilibriumTimes, damaged: np.ndarray) -> None:
    """Print how often eq. 2 cannot hold if each link takes its own time at the damaged equilibrium, and only bridges can be restored."""
    inst, late = times.source.instance, np.zeros((2, len(damaged), len(times.limits)), dtype=bool)
    number = {link.name: i for i, link in enumerate(inst.links)}
    intact = np.array([link.time for link in inst.links])
    for i, k in enumerate(damaged):
        found = times.equilibrium(times.source.states[k]).time
        for j, restored in enumerate((set(times.damaged(k)), {e.name for e in inst.elements})):
            after = np.where([link.element in restored for link in inst.links], intact, found)
            late[j, i] = [after[[number[name] for name in p.path]].sum() for p in inst.pairs] > times.limits * (1 + SLACK)
    (some, all_), (some_in, all_in) = late.sum(axis=(1, 2)), late.any(axis=2).sum(axis=1)
    print(f"eq. 2 with every link's time under damage fails in {some} of {late[0].size} (pair, scenario), {some_in} scenarios, with all of")
    print(f"  the damage restored; in {all_}, {all_in} scenarios, with every bridge, damaged or not, at its intact time")


def print_plan(requirement: str, plan: Plan, times: EquilibriumTimes, damaged: np.ndarray) -> None:
    """Print a plan, and which pairs are late when it is recomputed."""
    source, rates, late, worst = times.source, times.source.probabilities, plan.late.any(axis=1), plan.ratio.max(axis=1)
    print(f"\nplan {TITLES[requirement]} (requirement={requirement}): cost {plan.result.objective:,.0f}")
    print(f"  retrofits {', '.join(plan.retrofitted) or 'nothing'}; expected cost of repairs {rates @ plan.repairs:,.0f}")
    if not late.any():
        print(f"  recomputed: no pair is late in any scenario; the latest takes {worst[damaged].max():.3f} of its limit")
        return
    print(f"  recomputed: late in {late.sum()} of {len(damaged)} scenarios, {rates @ late:.6f} times a year")
    print(f"  late (pair, scenario): {plan.late.sum()} of {plan.late[damaged].size}")
    k, p = (int(i) for i in np.unravel_index(np.argmax(plan.ratio), plan.ratio.shape))
    limit, where = times.limits[p], f"{source.instance.pairs[p].name} in scen{k} ({source.scenario(k).label}, rate {rates[k]:.6f})"
    print(f"  worst: {where}: {plan.ratio[k, p] * limit:.3f}, limit {limit:.3f}, excess {100 * (plan.ratio[k, p] - 1):.1f} %")
    excess = float(rates[late] @ (worst[late] - 1))
    print(f"  excess of the latest pair, by rate: {excess:.6f} a year, on average {100 * excess / (rates @ late):.1f} % where one is late")


def print_idle(plan: Plan, times: EquilibriumTimes) -> None:
    """Print what is repaired needlessly: repairs that are left out one by one, the dearest first, while no pair gets late."""
    cost = {e.name: e.repair_cost for e in times.source.instance.elements}
    saved = np.zeros(len(plan.restored))
    for k in np.flatnonzero(~plan.late.any(axis=1)):
        left = plan.restored[k]
        for e in sorted(left - set(plan.retrofitted), key=lambda e: -cost[e]):
            if not times.late(k, left - {e}):
                left, saved[k] = left - {e}, saved[k] + cost[e]
    worth = times.source.probabilities @ saved
    print(f"  needless: in {(saved > 0).sum()} scenarios without a late pair a repair can be left out; expected cost of these {worth:,.0f}")


def print_exact(plans: dict[str, Plan]) -> None:
    """Print what the linear plans' retrofits cost with the cheapest repairs that traffic allows."""
    best = plans["traffic"].result
    program = from_provenance(best.provenance)
    data = stage_data(program)
    for requirement in ("path", "shortest"):
        plan = plans[requirement]
        x = np.array([plan.result.first_stage[name] for name in data.first.names])
        costs = search(program.lazy, data, get("highs"), x, lambda: False).costs
        print(f"  retrofits of the plan {TITLES[requirement]} with repairs that traffic allows: ", end="")
        if costs is None:
            print("there are none in some scenario")
            continue
        cost, change = data.probabilities @ costs, plan.repairs - (costs - data.cost @ x)
        dear, cheap = (int((sign * change > 1e-6 * costs.max()).sum()) for sign in (1, -1))
        print(f"cost {cost:,.0f} ({100 * (cost / best.objective - 1):+.2f} %);")
        print(f"    the plan's own repairs are dearer in {dear} scenarios, cheaper in {cheap}")


def draw(folder: Path, name: str, plans: dict[str, Plan], times: EquilibriumTimes, damaged: np.ndarray) -> None:
    """Draw how late the latest pair is in each scenario, and the traffic of the worst scenario of a linear plan."""
    labels = [f"{times.source.scenario(k).label} ({len(times.damaged(k))})" for k in damaged.tolist()]
    shown = [Lateness(f"plan {TITLES[r]}", plan.ratio[damaged].max(axis=1)) for r, plan in plans.items()]
    late, worst = (folder / f"{name}-{what}.png" for what in ("late", "worst"))
    title = f"{name}: the latest pair when traffic is recomputed"
    draw_lateness(labels, shown, late, title=title, where="scenario (bridges damaged)", slack=SLACK)
    requirement = max(("path", "shortest"), key=lambda r: plans[r].ratio.max())
    plan = plans[requirement]
    k = int(np.argmax(plan.ratio.max(axis=1)))
    draw_traffic(times, k, plan.restored[k], worst, title=f"{name}: traffic in the worst scenario of the plan {TITLES[requirement]}")
    print(f"\nwritten to {late}\nwritten to {worst}")


if __name__ == "__main__":
    main()
