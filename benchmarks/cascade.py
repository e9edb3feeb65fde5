"""The cascade over 12,680 nodes and 31,000 edges in 10,000 scenarios, beside networkx and a plain loop over nodes.

``cascade.py [--scenarios 10000] [--out FILE.json]``. The graph is random and seeded: twelve layers, the upper ones smaller, feeders drawn
from all layers above with a few hubs among them. The two peers run on a few scenarios (the number is printed) and are extrapolated in
proportion; they draw their edges from one generator, so their shares of lost nodes agree but not the states.
"""

import argparse
import resource
import time
from pathlib import Path

import networkx as nx
import numpy as np
from quakeops.scenario_gen.cascade import DependencyGraph, cascade_report, noisy_or_marginals, sample_function
from timed_run import save, told_header

HERE = Path(__file__).parent
NODES, EDGES, LAYERS = 12_680, 31_000, 12


def layered_graph(seed=1):
    """Edges (u, v) with u in a layer above v's; u near the top of those above far more often than at the bottom."""
    rng = np.random.default_rng(seed)
    layer = np.sort(np.floor(LAYERS * np.sqrt(rng.random(NODES))).astype(int))
    above = np.searchsorted(layer, layer)  # nodes in layers above
    target = rng.choice(np.flatnonzero(above), 2 * EDGES)
    source = np.floor(above[target] * rng.random(2 * EDGES) ** 3).astype(int)
    pairs = np.unique(source * NODES + target)
    chosen = np.sort(rng.choice(pairs, EDGES, replace=False))
    weight = rng.uniform(0.02, 0.1, EDGES)
    return DependencyGraph.from_arrays([f"n{i}" for i in range(NODES)], chosen // NODES, chosen % NODES, weight)


def timed(call, repeat=1):
    """Return what a call gives and the least wall-clock and processor seconds of some repetitions."""
    least = [np.inf, np.inf]
    for _ in range(repeat):
        wall, cpu = time.perf_counter(), time.process_time()
        result = call()
        least = [min(least[0], time.perf_counter() - wall), min(least[1], time.process_time() - cpu)]
    return result, *least


def by_networkx(graph, failed):
    """Descendants of the failed nodes in the graph of the transmitting edges."""
    rng, lost = np.random.default_rng(0), failed.copy()
    edges = list(zip(graph.source.tolist(), graph.target.tolist(), strict=True))
    for row, out in zip(failed, lost, strict=True):
        spread = nx.DiGraph()
        spread.add_nodes_from(range(NODES))
        spread.add_edges_from(edges[e] for e in np.flatnonzero(rng.random(EDGES) < graph.weight).tolist())
        spread.add_edges_from((-1, u) for u in np.flatnonzero(row).tolist())
        out[[v for v in nx.descendants(spread, -1) if v >= 0]] = True
    return lost


def by_loop(graph, failed):
    """Nodes in topological order, the feeders of each one by one."""
    rng, lost = np.random.default_rng(0), failed.copy()
    feeders = [[] for _ in range(NODES)]
    for e, (u, v) in enumerate(zip(graph.source.tolist(), graph.target.tolist(), strict=True)):
        feeders[v].append((e, u))
    order = list(nx.topological_sort(graph.to_networkx()))
    order = [int(name[1:]) for name in order]
    for row, out in zip(failed, lost, strict=True):
        transmits, without = (rng.random(EDGES) < graph.weight).tolist(), row.tolist()
        for v in order:
            without[v] = without[v] or any(transmits[e] and without[u] for e, u in feeders[v])
        out[:] = without
    return lost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", type=int, default=10_000)
    parser.add_argument("--peer-scenarios", type=int, default=50)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "cascade.json")
    asked = parser.parse_args()
    count = asked.scenarios
    head = told_header(f"cascade: {NODES:,} nodes, {EDGES:,} edges, {count:,} scenarios")
    graph, setup, _ = timed(layered_graph)
    _, order, _ = timed(lambda: graph.steps)
    fed = np.bincount(graph.source, minlength=NODES)
    print(
        f"graph {setup:.2f} s, order of layers {order:.2f} s; the largest hub feeds {fed.max():,} nodes, the median node that feeds any ",
        end="",
    )
    print(f"{np.median(fed[fed > 0]):.0f}")
    failed = np.random.default_rng(2).integers(0, 256, (count, NODES), dtype=np.uint8) < 8
    print(f"{'method':24s}{'run on':>9s}{'wall s':>9s}{'cpu s':>9s}{'for all s':>11s}{'times ours':>12s}{'lost %':>9s}")
    rows = []

    def told(method, run_on, call, repeat):
        lost, wall, cpu = timed(call, repeat)
        whole = wall * count / run_on
        rows.append({"method": method, "run_on": run_on, "wall": wall, "cpu": cpu, "for_all": whole, "lost": float(lost.mean())})
        times = whole / rows[0]["for_all"]
        print(f"{method:24s}{run_on:9,d}{wall:9.2f}{cpu:9.2f}{whole:11.2f}{times:12.1f}{100 * lost.mean():9.3f}", flush=True)
        return lost

    lost = told("quakeops, 2 threads", count, lambda: sample_function(graph, failed, seed=1, threads=2), 3)
    told("quakeops, 1 thread", count, lambda: sample_function(graph, failed, seed=1, threads=1), 3)
    raised = cascade_report(graph, failed, lost).raised_by
    _, noisy, _ = timed(lambda: noisy_or_marginals(graph, np.full((100, NODES), 8 / 256)))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    few = failed[: asked.peer_scenarios]
    told("networkx descendants", len(few), lambda: by_networkx(graph, few), 1)
    told("loop over nodes", len(few), lambda: by_loop(graph, few), 1)
    print(
        f"the cascade raises the number of nodes without function by {100 * raised:.1f} %; peak memory before the peers {memory:.0f} MB; ",
        end="",
    )
    print(f"noisy-OR {10 * noisy:.2f} ms a row")
    save(head | {"rows": rows, "raised_by": raised, "peak_mb": memory, "noisy_or_ms": 10 * noisy}, asked.out)


if __name__ == "__main__":
    main()
