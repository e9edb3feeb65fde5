"""Retrofit before, repair after, on 1,743 bridges x 450 damage maps x 200 pairs: decomposition and extensive form.

.venv/bin/python benchmarks/retrofit.py [--scenarios 450] [--seed 1] [--rel-gap 1e-2] [--time-limit 600] [--extensive 600]

The family is `retrofit-random-large`. The extensive form is that of the reduced scenarios (variables that never help and rows that always
hold taken out), which favours it: as written it has sixteen times as many columns. Its LP relaxation gives the LP gap.
"""

import argparse
import os
import platform
import resource
import time
from dataclasses import replace

import numpy as np
import quakeops
from quakeops.decomposition.compiled import stage_data
from quakeops.decomposition.extensive_form import assemble, solve_extensive_form
from quakeops.decomposition.program import from_model
from quakeops.decomposition.run import Run
from quakeops.decomposition.tightening import without_idle
from quakeops.solvers import get

FAMILY = "retrofit-random-large"


def main() -> None:
    """Run both and print what they prove."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", type=int, default=450)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rel-gap", type=float, default=1e-2)
    parser.add_argument("--time-limit", type=float, default=600.0)
    parser.add_argument("--extensive", type=float, default=600.0, metavar="SECONDS", help="0: leave it out")
    given = parser.parse_args()
    program = from_model("retrofit", instance=FAMILY, num_scenarios=given.scenarios, seed=given.seed)
    instance = program.kwargs["source"].instance
    print(f"{FAMILY}, S = {given.scenarios}, seed {given.seed}: {len(instance.elements):,} bridges, {len(instance.pairs)} pairs")
    print(f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, {', '.join(f'{k} {v}' for k, v in versions().items())}")
    start = time.perf_counter()
    found = quakeops.solve(
        "retrofit",
        instance=FAMILY,
        scenarios=given.scenarios,
        seed=given.seed,
        method="benders",
        rel_gap=given.rel_gap,
        time_limit=given.time_limit,
        certificate=False,
    )
    seconds = time.perf_counter() - start
    print(f"decomposition: {found.status}, bound {found.bound:.3f}, incumbent {found.objective}, gap {found.gap:.3%}, {seconds:.0f} s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB", flush=True)
    data = without_idle(stage_data(program))
    whole = assemble(data)
    relaxed = get("highs").open(replace(whole, integer=np.zeros_like(whole.integer)))
    start = time.perf_counter()
    lp = relaxed.solve({"threads": 2, "time_limit": 1200.0})
    print(f"extensive form: {whole.matrix.shape[1]:,} columns, {whole.matrix.shape[0]:,} rows")
    if lp.objective is not None and found.objective is not None:
        gap = 1 - lp.objective / found.objective
        print(f"its LP relaxation: {lp.objective:.3f} after {time.perf_counter() - start:.0f} s, {gap:.1%} below the incumbent", flush=True)
    if given.extensive:
        run = Run(rel_gap=given.rel_gap, time_limit=given.extensive, method="ef", solver="highs")
        end = solve_extensive_form(data, get("highs"), run)
        gap = "none" if end.gap is None else f"{end.gap:.3%}"
        print(f"extensive form: {end.status}, bound {end.bound}, incumbent {end.objective}, gap {gap}, {run.elapsed():.0f} s")


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    import importlib.metadata

    return {name: importlib.metadata.version(name) for name in ("quakeops", "highspy", "pyomo")}


if __name__ == "__main__":
    main()
