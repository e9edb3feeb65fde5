"""10,000 scenarios of prepositioning-random as arrays: one symbolic model and xi, against one Pyomo model per scenario (a sample of 50)."""

import os
import platform
import sys
import time

import numpy as np
from quakeops.decomposition.affine import scenario_probabilities, xi_block
from quakeops.decomposition.matrices import compile_program
from quakeops.decomposition.program import from_model
from quakeops.decomposition.symbolic import compile_affine

SCENARIOS, SAMPLE = 10_000, 50


def seconds(call, *arguments, **options):
    """Return what a call gives, and its seconds."""
    start = time.perf_counter()
    result = call(*arguments, **options)
    return result, time.perf_counter() - start


def main() -> None:
    program = from_model("prepositioning", instance="prepositioning-random", num_scenarios=SCENARIOS, seed=1)
    program.build(0)  # imports
    affine, once = seconds(compile_affine, program)
    xi, drawn = seconds(xi_block, program, 0, SCENARIOS)
    chosen = np.linspace(0, SCENARIOS - 1, SAMPLE).astype(int).tolist()
    data, sample = seconds(compile_program, program, scenarios=chosen)
    probability = scenario_probabilities(program)
    worst = 0.0
    for k, theirs in zip(chosen, data.scenarios, strict=True):
        ours = affine.scenario(theirs.name, float(probability[k]), xi[k])
        pairs = [(ours.T.toarray(), theirs.T.toarray()), (ours.W.toarray(), theirs.W.toarray())]
        pairs += [(getattr(ours, f), getattr(theirs, f)) for f in ("cost_first", "cost")]
        pairs += [(np.nan_to_num(getattr(ours, f)), np.nan_to_num(getattr(theirs, f))) for f in ("row_lower", "row_upper")]
        worst = max(worst, *(float(np.max(np.abs(a - b) / (1 + np.abs(b)))) for a, b in pairs))
    each = sample / SAMPLE
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    print(f"compile once        {once:8.2f} s   (two symbolic models, which must agree)")
    print(f"xi of {SCENARIOS:,}        {drawn:8.2f} s   ({1e6 * drawn / SCENARIOS:.0f} microseconds a scenario, {xi.nbytes / 1e6:.0f} MB)")
    print(f"one by one          {each * SCENARIOS:8.0f} s   ({1e3 * each:.0f} ms a scenario, extrapolated from {SAMPLE})")
    print(f"ratio               {each * SCENARIOS / (once + drawn):8.0f}     largest relative difference {worst:.1e}")
    sys.exit(worst > 1e-12)


if __name__ == "__main__":
    main()
