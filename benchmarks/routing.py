"""Branch-and-price on Solomon's instances with hard windows, on soft versions of them, and on ``wuxi-14``.

``routing.py [--sizes 25 50] [--limit 300] [--soft] [--out FILE.json]``. Hard windows: against the best known values of the literature.
``--soft`` gives the first size's instances soft windows instead, penalties 10, 1 and 0.1 a unit of time. Each is solved with no routes
given. Compilation is done before, and its seconds printed.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from quakeops.decomposition.pricing import branch_and_price
from quakeops.instances import load
from quakeops.instances.routing_arrays import route_arrays
from quakeops.solvers.route_problem import RouteProblem
from timed_run import save, told_header

HERE = Path(__file__).parent
CLASSES = ("c101", "r101", "rc101", "c201", "r201", "rc201")
SOFT = (10.0, 1.0, 0.1)


def problem_of(name):
    """An instance's best known value and its problem."""
    instance = load(name)
    arrays = route_arrays(instance)
    known = instance.best_known and instance.best_known.objective
    return known, RouteProblem(**{field: getattr(arrays, field) for field in arrays.__dataclass_fields__})


def cases(sizes, soft):
    """Yield (name, best known value, problem, granularity)."""
    for size in sizes[:1] if soft else sizes:
        for kind in CLASSES:
            known, problem = problem_of(f"solomon-{kind}-{size}")
            if not soft:
                yield f"{kind}-{size}", known, problem, 0.1
            for beta in SOFT if soft else ():
                penalty = np.full(size + 1, beta)
                yield f"{kind}-{size} soft {beta:g}", None, replace(problem, early=penalty, late=penalty), 0.0
    if not soft:
        known, problem = problem_of("wuxi-14")
        yield "wuxi-14", known, problem, 0.0


def solved(problem, granularity, limit):
    """What a run gave, as plain data."""
    run = branch_and_price(problem, granularity=granularity, time_limit=limit)
    return {
        "status": run.status.value,
        "objective": run.objective,
        "bound": run.bound,
        "gap": run.gap,
        "root_bound": run.root_bound,
        "routes": len(run.routes or ()),
        "nodes": run.nodes,
        "columns": run.columns,
        "cuts": run.cuts,
        "wall_s": run.timing["total"],
        "pricing_s": run.timing["pricing"],
        "processor_s": run.timing["processor"],
    }


def number(value, how=".4f"):
    return "-" if value is None else f"{value:{how}}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=int, default=[25, 50], choices=[25, 50])
    parser.add_argument("--limit", type=float, default=300.0)
    parser.add_argument("--soft", action="store_true")
    parser.add_argument("--out", type=Path, default=HERE / "results/routing.json")
    asked = parser.parse_args()
    head = told_header("branch-and-price for vehicle routing with time windows")
    start = time.perf_counter()
    branch_and_price(problem_of("wuxi-14")[1])
    print(f"compiled (or read from disk) in {time.perf_counter() - start:.1f} s")
    print(f"{'instance':18}{'best known':>11}{'objective':>11}{'bound':>11}{'gap':>9}{'nodes':>6}{'columns':>8}{'cuts':>5}", end="")
    print(f"{'wall s':>8}{'CPU s':>8}")
    rows = []
    for name, known, problem, granularity in cases(asked.sizes, asked.soft):
        run = solved(problem, granularity, asked.limit)
        rows.append({"instance": name, "best_known": known, **run})
        print(f"{name:18}{number(known):>11}{number(run['objective']):>11}{number(run['bound']):>11}{number(run['gap'], '.1e'):>9}", end="")
        print(f"{run['nodes']:6}{run['columns']:8}{run['cuts']:5}{run['wall_s']:8.2f}{run['processor_s']:8.2f}", flush=True)
    save({"header": head, "runs": rows}, asked.out)


if __name__ == "__main__":
    main()
