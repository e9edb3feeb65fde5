"""Statistical bounds: multiple replications on prepositioning-random, time and bounds.

.venv/bin/python benchmarks/saa.py [--sample 100] [--replications 30] [--evaluation 10000] [--rel-gap 1e-3] [--seed 1]
"""

import argparse
import platform
import time

import quakeops


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sample", type=int, default=100)
    arguments.add_argument("--replications", type=int, default=30)
    arguments.add_argument("--evaluation", type=int, default=10_000)
    arguments.add_argument("--rel-gap", type=float, default=1e-3)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    print(f"prepositioning-random, {given.replications} replications of n = {given.sample}, {given.evaluation:,} scenarios out of sample")
    print(f"relative gap {given.rel_gap:g}, seed {given.seed}, {platform.processor() or platform.machine()}")
    start, steps = time.perf_counter(), []

    def told(what: str, done: int, total: int) -> None:
        steps.append((time.perf_counter() - start, what, done, total))
        if what == "replications" and done % 5 == 0:
            print(f"  {steps[-1][0]:7.1f} s  {done}/{total} replications", flush=True)

    found = quakeops.saa(
        "prepositioning",
        instance="prepositioning-random",
        sample=given.sample,
        replications=given.replications,
        evaluation=given.evaluation,
        rel_gap=given.rel_gap,
        seed=given.seed,
        progress=told,
    )
    ends = {what: seconds for seconds, what, done, total in steps if done == total}
    print(f"candidate {ends['candidate']:.1f} s, out of sample {ends['out of sample'] - ends['candidate']:.1f} s, ", end="")
    print(f"replications {ends['replications'] - ends['out of sample']:.1f} s")
    assert found.cost and found.bound and found.gap
    print(f"cost of the candidate  {found.cost.value:15,.0f} +- {found.cost.half_width:,.0f}, at most  {found.cost.limit:,.0f}")
    print(f"lower bound            {found.bound.value:15,.0f} +- {found.bound.half_width:,.0f}, at least {found.bound.limit:,.0f}")
    print(f"gap                    {found.gap.value:15,.0f}, at most {found.gap.limit:,.0f} ({found.relative_gap:.2%} of the cost)")
    apart = found.cost.limit - found.bound.limit
    print(f"without common random numbers: {apart:,.0f} ({apart / found.cost.value:.2%}), the distance of the two limits above")


if __name__ == "__main__":
    main()
