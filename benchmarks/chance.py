"""Chance-constrained deployment: the quantile form at 10,000 scenarios, and the joint form by decomposition and as extensive form.

    python benchmarks/chance.py quantile [--scenarios 10000]
    python benchmarks/chance.py joint [--scenarios 1000] [--seed 0] [--rel-gap 1e-2] [--time-limit 600] [--skip-extensive-form]

Instances are draws of ``deployment-random-large``: 50 zones, 10 depots, epsilon 0.05, scenario recourse. The LP gap is that of the
extensive form's relaxation against the best plan found; each method runs in a process of its own, so that memory and solver state are its
own.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path


def run(method: str, scenarios: int, seed: int, arguments: dict, rel_gap: float, time_limit: float) -> dict:
    """Solve once in this process and return what happened."""
    import quakeops

    begin = time.perf_counter()
    result = quakeops.solve(
        "deployment",
        instance="deployment-random-large",
        scenarios=scenarios,
        seed=seed,
        arguments=arguments,
        method=method,
        rel_gap=rel_gap,
        time_limit=time_limit,
        certificate=False,
    )
    return {
        "method": method,
        "status": result.status.value,
        "objective": result.objective,
        "bound": result.bound,
        "gap": result.gap,
        "seconds": time.perf_counter() - begin,
        "GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "timing": dict(result.timing),
        "work": result.provenance.get("chance"),
    }


def relaxation(scenarios: int, seed: int, arguments: dict) -> dict:
    """Solve the extensive form's LP relaxation."""
    from quakeops.decomposition.compiled import stage_data
    from quakeops.decomposition.extensive_form import assemble
    from quakeops.decomposition.program import from_model
    from quakeops.solvers import get

    begin = time.perf_counter()
    program = from_model("deployment", instance="deployment-random-large", num_scenarios=scenarios, seed=seed, arguments=arguments)
    problem = assemble(stage_data(program), relax=True)
    found = get("highs").open(problem).solve({})
    shape = problem.matrix.shape
    return {"method": "LP relaxation", "objective": found.objective, "seconds": time.perf_counter() - begin, "rows, columns": shape}


def child(what: str, **options) -> dict:
    """Run one of the functions above in a new process."""
    command = [sys.executable, str(Path(__file__).resolve()), "--child", json.dumps({"what": what, **options})]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"method": options.get("method", what), "status": f"failed: {done.stderr.strip().splitlines()[-1]}"}
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("quantile", "joint"), default="joint")
    parser.add_argument("--scenarios", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rel-gap", type=float, default=1e-2)
    parser.add_argument("--time-limit", type=float, default=600)
    parser.add_argument("--skip-extensive-form", action="store_true")
    parser.add_argument("--child")
    given = parser.parse_args()
    if given.child:
        options = json.loads(given.child)
        print(json.dumps({"run": run, "relaxation": relaxation}[options.pop("what")](**options)))
        return
    common = {"seed": given.seed, "rel_gap": given.rel_gap, "time_limit": given.time_limit}
    if given.what == "quantile":
        form = {"send": "now", "joint": "false"}
        for method in ("ef", "benders"):
            print(json.dumps(child("run", method=method, scenarios=given.scenarios or 10_000, arguments=form, **common)), flush=True)
        return
    scenarios = given.scenarios or 1000
    ours = child("run", method="benders", scenarios=scenarios, arguments={}, **common)
    print(json.dumps(ours), flush=True)
    relaxed = child("relaxation", scenarios=scenarios, seed=given.seed, arguments={})
    print(json.dumps(relaxed), flush=True)
    if relaxed.get("objective") and ours.get("objective"):
        print(f"LP gap {1 - relaxed['objective'] / ours['objective']:.1%}", flush=True)
    if not given.skip_extensive_form:
        theirs = child("run", method="ef", scenarios=scenarios, arguments={}, **common)
        print(json.dumps(theirs), flush=True)
        if "seconds" in theirs:
            print(f"extensive form {theirs['seconds']:.1f} s ({theirs['status']}), decomposition {ours['seconds']:.1f} s", flush=True)


if __name__ == "__main__":
    main()
