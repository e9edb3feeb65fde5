"""Good routes for Solomon's instances of 100 customers, beside the best known values: PyVRP, and the package's own search alone.

.venv/bin/python benchmarks/routing_heuristic.py FOLDER [--seconds 30] [--seed 0]

FOLDER holds C101_100.txt, R101_100.txt, ... in Solomon's format. Distances are cut to one decimal, windows hard, vehicles free up to 25.
"""

import argparse
import time
from dataclasses import fields
from pathlib import Path

from quakeops.instances.routing_arrays import RouteArrays, route_arrays
from quakeops.instances.solomon import read_solomon
from quakeops.solvers.route_heuristic import good_routes
from quakeops.solvers.route_problem import RouteProblem
from timed_run import told_header

BEST = {"C101": 827.3, "R101": 1637.7, "RC101": 1619.8, "C201": 589.1, "R201": 1143.2, "RC201": 1261.8}
"""Optima of the literature (CVRPLIB), number of vehicles free."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    told_header(f"good routes in {asked.seconds:g} s, seed {asked.seed}")
    print(f"{'instance':12}{'best known':>11}{'found':>9}{'gap':>8}{'s':>7}  by")
    for name, best in BEST.items():
        arrays = route_arrays(read_solomon(asked.folder / f"{name}_100.txt"))
        problem = RouteProblem(**{f.name: getattr(arrays, f.name) for f in fields(RouteArrays)})
        for pyvrp in (True, False):
            start = time.perf_counter()
            found = good_routes(problem, time_limit=asked.seconds, seed=asked.seed, use_pyvrp=pyvrp)
            seconds = time.perf_counter() - start
            cost = "-" if found is None else f"{found.total:.1f}"
            gap = "-" if found is None else f"{found.total / best - 1:.2%}"
            print(f"{name:12}{best:11.1f}{cost:>9}{gap:>8}{seconds:7.1f}  {'' if found is None else found.by}", flush=True)


if __name__ == "__main__":
    main()
