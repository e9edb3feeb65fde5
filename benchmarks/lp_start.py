"""The LP relaxation for progressive hedging's first W: the engine's LP phase beside the extensive form's LP, in one thread each.

``python benchmarks/lp_start.py 30 100 300 1000`` prints scenarios, both times in seconds, and the relative difference of the bounds.
"""

import sys
import time

from quakeops.decomposition.compiled import stage_data
from quakeops.decomposition.extensive_form import assemble
from quakeops.decomposition.program import from_model
from quakeops.decomposition.progressive_hedging.start import lp_start
from quakeops.solvers import get


def main(sizes: list[int]) -> None:
    """Measure each size once."""
    for size in sizes:
        data = stage_data(from_model("prepositioning", instance="prepositioning-random", num_scenarios=size, seed=1))
        begin = time.perf_counter()
        bound = lp_start(data, get("highs")).bound
        middle = time.perf_counter()
        optimum = get("highs").open(assemble(data, relax=True)).solve({"threads": 1}).objective
        end = time.perf_counter()
        print(
            f"{size:6d}  engine {middle - begin:8.2f}  extensive form {end - middle:8.2f}  difference {bound / optimum - 1:.1e}", flush=True
        )


if __name__ == "__main__":
    main([int(a) for a in sys.argv[1:]] or [30, 100, 300, 1000])
