"""What a routing formulation's relaxation is worth: LP bounds of four forms beside the optimum.

.venv/bin/python benchmarks/routing_bounds.py

`big-M`: a start s_j for each site, s_j >= s_i + service_i + t_ij - H (1 - x_ij), penalties of s_j. `arrival` and `departure`: the model's
starts by arc with one half of (9) alone. `both`: the model. `routes`: set partitioning, the root of branch-and-price, for one scenario.
"""

from dataclasses import replace

import numpy as np
import pyomo.environ as pyo
import quakeops
from quakeops.decomposition.compiled import stage_data
from quakeops.decomposition.extensive_form import assemble
from quakeops.decomposition.matrices import compile_program
from quakeops.decomposition.pricing import branch_and_price
from quakeops.decomposition.program import from_model
from quakeops.decomposition.routing import route_problem
from quakeops.instances.routing_arrays import route_arrays
from quakeops.models.protocol import attach_first_stage, scenario_number
from quakeops.models.routing import build, random_data
from quakeops.solvers import get
from timed_run import told_header

CASES = [("routing-random", 20, {}), ("routing-r101-15", 5, {}), ("wuxi-14", None, {}), ("solomon-r101-25", None, {"windows": "soft"})]


def big_m(name, *, source):
    """A scenario with big-M starts in place of starts by arc."""
    scen = source.scenario(scenario_number(name))
    m, arrays = build(source, scen), route_arrays(source.instance)
    data = random_data(source, scen)
    for part in ("travel", "one_start", "not_before", "begun_next", "begun_from", "early_from", "late_from", "early_next", "late_next"):
        m.del_component(part)
    for part in ("pays_from", "pays_next", "returns", "late_return", "start_next", "start_from", "off_from", "off_next"):
        if m.find_component(part) is not None:
            m.del_component(part)
    depot, *sites = arrays.names
    place, horizon = {name: j for j, name in enumerate(arrays.names)}, float(data["horizon"])
    reach = dict(zip(sites, data["reach"].tolist(), strict=True))
    m.start = pyo.Var(m.sites, within=pyo.NonNegativeReals)
    m.first = pyo.Constraint(m.sites, rule=lambda m, j: m.start[j] >= reach[j])

    @m.Constraint(m.sites, m.sites)
    def after(m, i, j):
        lag = arrays.service[place[i]] + pyo.value(m.time[i, j]) if i != j else 0
        return pyo.Constraint.Skip if i == j else m.start[j] >= m.start[i] + lag - horizon * (1 - m.drive[i, j])

    def off(m, j, side):
        k = place[j]
        weight, sign, bound = (arrays.early[k], 1, arrays.earliest[k]) if side == "early" else (arrays.late[k], -1, arrays.latest[k])
        return m.penalty[j] >= weight * sign * (bound - m.start[j]) if weight > 0 else pyo.Constraint.Skip

    m.windows = pyo.Constraint(m.soft, ["early", "late"], rule=off)
    total = sum(m.penalty[j] for j in m.soft)
    if arrays.late[0] > 0:
        m.late_return = pyo.Var(m.sites, within=pyo.NonNegativeReals)

        @m.Constraint(m.sites)
        def back(m, j):
            lag = arrays.service[place[j]] + pyo.value(m.time[j, depot])
            return m.late_return[j] >= m.start[j] + lag - arrays.latest[0] - horizon * (1 - m.drive[j, depot])

        total += arrays.late[0] * sum(m.late_return[j] for j in m.sites)
    m.second_stage_cost.set_value(total)
    attach_first_stage(m, m.first_stage_cost, [m.drive, m.aboard], scen.probability)
    return m


def bound(data, without=None):
    """LP bound of the extensive form, without the rows whose names begin so."""
    whole = assemble(data, relax=True)
    if without is not None:
        names = [name for s in data.scenarios for name in s.row_names]
        keep = np.array([True] * data.A.shape[0] + [not name.startswith(without) for name in names])
        whole = replace(whole, matrix=whole.matrix[keep], row_lower=whole.row_lower[keep], row_upper=whole.row_upper[keep])
    return get("highs").open(whole).solve().objective


def main():
    told_header("LP bounds of routing formulations, as shares of the optimum")
    print(f"{'instance':18}{'S':>4}{'optimum':>11}{'big-M':>9}{'arrival':>9}{'departure':>10}{'both':>9}{'routes':>9}")
    for instance, scenarios, arguments in CASES:
        seed = None if scenarios is None else 1
        program = from_model("routing", instance=instance, num_scenarios=scenarios, seed=seed, arguments=arguments)
        source, data = program.kwargs["source"], stage_data(program)
        options = {"scenarios": scenarios, "seed": seed, "arguments": arguments, "rel_gap": 1e-5}
        best = quakeops.solve("routing", instance=instance, method="pricing" if scenarios is None else "benders", **options).objective
        loose = bound(compile_program(replace(program, creator=big_m, random_block=None)))
        bounds = [loose, bound(data, "pays_next"), bound(data, "pays_from"), bound(data)]
        root = branch_and_price(route_problem(source, source.scenario(0).time)).root_bound if scenarios is None else None
        told = [f"{b / best:.1%}" for b in bounds] + ["-" if root is None else f"{root / best:.1%}"]
        row = "".join(f"{t:>{w}}" for t, w in zip(told, (9, 9, 10, 9, 9), strict=True))
        print(f"{instance:18}{source.num_scenarios:4}{best:11.4f}{row}", flush=True)


if __name__ == "__main__":
    main()
