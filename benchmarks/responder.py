"""The responder SMDP: its solvers at the paper's size and at 4,096 states, and one policy for many futures.

.venv/bin/python benchmarks/responder.py [paper] [large] [multi] [--scenarios 1000 10000] [--extensive 600] [--time-limit 600]

`paper`: 4 incidents, case 1: policy iteration, value iteration, linear program. `large`: the same with 12 incidents, 4 agencies: the chain
of `responder-random-large`, its dominoes as a chain of decisions, and 4,096 states with 8 random successors a pair, where factors fill in.
`multi`: 8 decision states, 2 agencies, S scenarios to 1e-4 by Benders, and by the extensive form at the smallest S. Each run is a process
of its own; its peak memory includes Python and the imports.
"""

import argparse
import multiprocessing
import os
import resource
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import quakeops
from quakeops.decomposition.average_cost import solve_average_cost
from quakeops.decomposition.responder_chain import smdp_of
from quakeops.scenario_gen.responder_random import family
from quakeops.scenario_gen.sources import open_responders
from quakeops.solvers import get
from quakeops.solvers.policy_iteration import policy_iteration
from quakeops.solvers.smdp import SMDP
from quakeops.solvers.value_iteration import value_iteration
from scipy.sparse import csr_array, hstack, vstack
from timed_run import told_header

SOLVERS = {
    "policy iteration": policy_iteration,
    "value iteration": value_iteration,
    "linear program": lambda smdp: solve_average_cost(smdp, get("highs")),
}
MODELS = {
    "paper": lambda: smdp_of(open_responders("responder-case-1").scenario(0)),
    "responder-random-large": lambda: smdp_of(open_responders("responder-random-large", num_scenarios=1, seed=1).scenario(0)),
    "dominoes": lambda: dominoes(),
    "random graph": lambda: random_graph(),
}
REL_GAP = 1e-4


def main() -> None:
    """Run the parts asked for and print a table of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=["paper", "large", "multi", []], default=[], help="all, if none is named")
    parser.add_argument("--scenarios", type=int, nargs="+", default=[1000, 10_000], metavar="S")
    parser.add_argument("--extensive", type=float, default=600.0, metavar="SECONDS", help="time limit of the peer, 0: leave it out")
    parser.add_argument("--time-limit", type=float, default=600.0, metavar="SECONDS")
    given = parser.parse_args()
    parts = given.parts or ["paper", "large", "multi"]
    told_header("responder SMDP")
    print(f"{len(os.sched_getaffinity(0))} cores for this process", flush=True)
    if "paper" in parts:
        table("4 incidents", ["paper"], 50)
    if "large" in parts:
        table("12 incidents, 4 agencies", ["responder-random-large", "dominoes", "random graph"], 1)
    if "multi" in parts:
        print("\n| S | method | status | objective | bound | gap | s | peak GB |\n|---|---|---|---|---|---|---|---|")
        for s in sorted(given.scenarios):
            tell_many(s, "benders", given.time_limit)
        if given.extensive:
            tell_many(min(given.scenarios), "ef", given.extensive)


def table(what: str, models: list[str], repeats: int) -> None:
    """Print one line for each model and solver: the rate, the mean time and the peak memory."""
    print(f"\n{what}\n\n| model | states | pairs | solver | rate | ms | peak GB |\n|---|---|---|---|---|---|---|")
    for model in models:
        for solver in SOLVERS:
            states, pairs, rho, seconds, peak = alone(single, model, solver, repeats)
            print(f"| {model} | {states:,} | {pairs:,} | {solver} | {rho:.12g} | {1e3 * seconds:,.1f} | {peak:.2f} |", flush=True)


def tell_many(scenarios: int, method: str, limit: float) -> None:
    """Print one line for a multi-model run."""
    status, objective, bound, gap, seconds, peak = alone(many, scenarios, method, limit)
    print(f"| {scenarios:,} | {method} | {status} | {objective} | {bound} | {gap} | {seconds:.1f} | {peak:.2f} |", flush=True)


def alone(function, *arguments):
    """Return what a function returns in a fresh process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def single(model: str, solver: str, repeats: int) -> tuple[int, int, float, float, float]:
    """Solve one model: states, pairs, rate, mean seconds, peak memory in GB. A first run on the paper's model pays for imports."""
    SOLVERS[solver](MODELS["paper"]())
    smdp = MODELS[model]()
    start = time.perf_counter()
    for _ in range(repeats):
        rho = SOLVERS[solver](smdp).rho
    return smdp.num_states, smdp.num_pairs, rho, (time.perf_counter() - start) / repeats, peak()


def many(scenarios: int, method: str, limit: float) -> tuple:
    """Solve S futures of the default instance by one policy."""
    start = time.perf_counter()
    options = {"method": method, "rel_gap": REL_GAP, "time_limit": limit}
    found = quakeops.solve("responder-smdp", scenarios=scenarios, certificate=False, **options)
    gap = None if found.gap is None else f"{found.gap:.1e}"
    return str(found.status), found.objective, found.bound, gap, time.perf_counter() - start, peak()


def peak() -> float:
    """Return this process' peak memory in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def random_graph(n: int = 4096, actions: int = 4, successors: int = 8, seed: int = 0) -> SMDP:
    """Pairs with random successors: times are uniform in 0.1 to 3, costs in -1 to 5."""
    rng = np.random.default_rng(seed)
    m = n * actions
    rows, columns = np.repeat(np.arange(m), successors), rng.integers(0, n, m * successors)
    transition = csr_array((rng.dirichlet(np.ones(successors), m).ravel(), (rows, columns)), shape=(m, n))
    return with_actions(rng.uniform(0.1, 3, m), rng.uniform(-1, 5, m), transition, np.repeat(np.arange(n), actions))


def dominoes(incidents: int = 12, agencies: int = 4, seed: int = 0) -> SMDP:
    """The stable state, then decisions that are followed by another one where a domino falls, else by the stable state."""
    rng = np.random.default_rng(seed)
    layout, (start, _, _, domino) = family(incidents, agencies)
    n, m = layout.num_states, layout.num_states * agencies
    falls = layout.to != layout.row // agencies
    following = csr_array((domino[falls], (layout.row[falls], layout.to[falls])), shape=(m, n))
    home = csr_array((1 - following.sum(axis=1))[:, None])
    transition = csr_array(vstack([csr_array(np.append(0.0, start)[None, :]), hstack([home, following])]))
    state = np.append(0, np.repeat(np.arange(1, n + 1), agencies))
    return with_actions(np.append(5.0, rng.uniform(0.3, 4, m)), np.append(0.0, rng.uniform(1, 9, m)), transition, state)


def with_actions(sojourn: np.ndarray, cost: np.ndarray, transition: csr_array, state: np.ndarray) -> SMDP:
    """Return the SMDP with states and actions named by number."""
    names = tuple(f"a{k}" for k in np.arange(len(state)) - np.searchsorted(state, state))
    return SMDP(tuple(map(str, range(transition.shape[1]))), state, names, sojourn, cost, transition)


if __name__ == "__main__":
    main()
