"""A 55-point front of three objectives on generated scenarios: together, and some of its points each alone with nothing carried over.

.venv/bin/python benchmarks/pareto.py [--region town] [--scenarios 1000] [--seed 1] [--points 55] [--cold 5] [--rel-gap 1e-3]
    [--budget B] [--extensive SECONDS]

The scenarios are those of `quakeops generate REGION --scenarios S --seed K`. A cold point is a new solver: recourse LPs opened, first cuts
made, nothing known but the payoff table, which is given to it. The points solved cold are evenly spread over those of the lattice.
"""

import argparse
import os
import platform
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import quakeops
from quakeops.decomposition.pareto.benders import WeightedBenders
from quakeops.decomposition.pareto.driver import find_front
from quakeops.decomposition.pareto.extensive import ExtensiveForm
from quakeops.decomposition.pareto.objectives import compile_objectives
from quakeops.decomposition.pareto.plane import Plane, lattice
from quakeops.decomposition.program import from_model
from quakeops.decomposition.run import Run
from quakeops.solvers import get

NAMES = ("casualties", "loss", "response_time")
BUDGET_SHARE = 0.6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--region", default="town")
    parser.add_argument("--scenarios", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--points", type=int, default=55)
    parser.add_argument("--cold", type=int, default=5)
    parser.add_argument("--rel-gap", type=float, default=1e-3)
    parser.add_argument("--budget", type=float)
    parser.add_argument("--extensive", type=float, metavar="SECONDS", help="also solve the cold points by the extensive form")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "set.nc"
        quakeops.generate(given.region, scenarios=given.scenarios, seed=given.seed, out=path)
        run(given, str(path))


def run(given: argparse.Namespace, path: str) -> None:
    backend = get("highs")
    budget = given.budget
    if budget is None:
        plan = quakeops.solve("prepositioning", scenario_file=path, method="benders", rel_gap=1e-2, certificate=False)
    start = time.perf_counter()
    program = from_model("prepositioning", scenario_file=path, arguments={"impact": True})
    objectives = compile_objectives(program, NAMES, "first_stage_cost")
    if budget is None:
        x = np.array([plan.first_stage[n] for n in objectives.data.first.names])
        budget = BUDGET_SHARE * (float(objectives.budget_cost @ x) + objectives.budget_offset)
    bounded = objectives.with_budget(budget)
    compiled = time.perf_counter() - start
    s = bounded.data.scenarios[0]
    whole = int(bounded.data.first.integer.sum())
    print(f"{given.region}, S = {given.scenarios:,}, seed {given.seed}; {platform.machine()}, {len(os.sched_getaffinity(0))} cores")
    print(f"first stage {len(bounded.data.first)} variables, {whole} binary; recourse {len(s.stage)} x {len(s.row_names)} a scenario")
    print(f"budget {budget:,.0f}, relative gap {given.rel_gap:g} of the ranges; compiled in {compiled:.1f} s")
    inner = WeightedBenders(bounded, backend)
    raw = find_front(inner, NAMES, given.points, given.rel_gap)
    gaps = [raw.found[i].gap for i in raw.kept]
    front = raw.timing["total"]
    print(f"front: {front:.1f} s ({', '.join(f'{k} {v:.1f}' for k, v in raw.timing.items())}), {inner.work()}")
    print(f"{len(raw.kept)} nondominated of {len(raw.found)} solved, largest gap {max(gaps):.1e}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB", flush=True)
    rows = [t for t in lattice(3, given.points) if t.max() < 1]
    seconds = []
    plane = Plane(raw.anchors.payoff)
    for t in (rows[i] for i in np.linspace(0, len(rows) - 1, given.cold + 2).astype(int)[1:-1]):
        clock = Run()
        alone = WeightedBenders(bounded, backend)
        alone.rescale(plane.ranges)
        found = alone.solve(plane.problem(t, given.rel_gap))
        seconds.append(clock.elapsed())
        warm = next(one for one in raw.found if one.t is not None and np.array_equal(one.t, t))
        apart = abs(found.value - warm.outcome.value)
        print(
            f"cold {np.round(t, 2)}: {seconds[-1]:.1f} s, {alone.work()['evaluations']} evaluations, value differs by {apart:.1e}",
            flush=True,
        )
        if given.extensive:
            clock = Run()
            whole = ExtensiveForm(bounded, backend)
            whole.rescale(plane.ranges)
            end = whole.solve(plane.problem(t, given.rel_gap), given.extensive)
            gap = None if end.value is None or end.bound is None else f"{end.value - end.bound:.1e}"
            print(f"    extensive form: {end.termination.value} after {clock.elapsed():.1f} s, gap {gap}", flush=True)
    cold = given.points * float(np.mean(seconds))
    share = front / cold
    print(f"{given.points} cold solves, {given.cold} measured: {cold:,.0f} s; the front, anchors included, took {share:.1%} of that")


if __name__ == "__main__":
    main()
