"""Casualty routing on 100 scenarios of damaged roads: Benders beside the extensive form at the same gap.

.venv/bin/python benchmarks/routing_scenarios.py [--scenarios 100] [--seed 0] [--rel-gap 1e-3] [--extensive 600]

The first 15 customers of Solomon's R101 with soft windows (`routing-r101-15`). Both methods begin with the same heuristic plan.
"""

import argparse
import time
from pathlib import Path

import quakeops
from timed_run import save, told_header

HERE = Path(__file__).parent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rel-gap", type=float, default=1e-3)
    parser.add_argument("--extensive", type=float, default=600.0, metavar="SECONDS", help="time limit of the peer, 0: leave it out")
    parser.add_argument("--out", type=Path, default=HERE / "results/routing_scenarios.json")
    asked = parser.parse_args()
    head = told_header(f"routing-r101-15, {asked.scenarios} scenarios, seed {asked.seed}, to a gap of {asked.rel_gap:g}")
    print(f"{'method':9}{'status':>10}{'objective':>12}{'bound':>12}{'gap':>10}{'s':>8}")
    rows = []
    for method, limit in (("benders", None), ("ef", asked.extensive)):
        if limit == 0:
            continue
        given = {"scenarios": asked.scenarios, "seed": asked.seed, "rel_gap": asked.rel_gap, "time_limit": limit}
        start = time.perf_counter()
        found = quakeops.solve("routing", instance="routing-r101-15", method=method, certificate=False, **given)
        seconds = time.perf_counter() - start
        rows.append({"method": method, "status": str(found.status), "objective": found.objective, "bound": found.bound, "seconds": seconds})
        told = [f"{v:>12.4f}" if v is not None else f"{'-':>12}" for v in (found.objective, found.bound)]
        gap = "-" if found.gap is None else f"{found.gap:.2%}"
        print(f"{method:9}{rows[-1]['status']:>10}{told[0]}{told[1]}{gap:>10}{seconds:8.1f}", flush=True)
    save({"header": head, "runs": rows}, asked.out)


if __name__ == "__main__":
    main()
