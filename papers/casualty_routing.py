"""The casualty routing paper (Gong & Hu): its two numbers as what they are, and the problem that it states in words, solved exactly.

python papers/casualty_routing.py [--seeds 20]

Printed are: the article's two lengths, recomputed, and what they are lengths of; where its points come from; what its equations leave
open; how often its genetic algorithm finds the optimum; and then `wuxi-14`, which adds the depot, windows and vehicle capacity that the
article speaks of and does not print (reconstructed: see its `provenance`), with the proof, the arrivals, and the price of each feature.
"""

import argparse
import math
import time
from collections.abc import Sequence

import numpy as np
import quakeops
from numpy.typing import NDArray
from quakeops.decomposition.routing import route_problem, routes_of
from quakeops.instances import FixedRouting, Routing, load
from quakeops.instances.metrics import Metric, distances
from quakeops.result import Result
from quakeops.solvers.genetic import Genetics, genetic_routes, genetic_tour
from quakeops.solvers.route_cost import Routes, evaluate_routes
from quakeops.solvers.route_problem import RouteProblem
from quakeops.solvers.route_split import split

Array = NDArray[np.float64]

SPEED_KMH = 40.0
BEST_TOUR = (3, 4, 5, 6, 12, 7, 13, 8, 11, 9, 10, 1, 2, 14)
RANDOM_TOUR = (5, 12, 7, 6, 1, 13, 4, 14, 2, 9, 10, 11, 3, 8)
PRINTED = {"optimal": (BEST_TOUR, "29.3405", "0.7335"), "random": (RANDOM_TOUR, "54.3449", "1.3586")}
"""Section 5.2: the tour, its km, its hours."""

OPEN = (
    "(1) sums over nodes k what has the indices f, g, and adds hours to a step that has no unit",
    "(2) gives every node the time of the whole length",
    "(3) has two values at T = ET and at T = LT, and pays 1 for being early: the sign rewards it",
    "(4) is what the medical point can treat; no vehicle has a capacity, though ten vehicles are counted",
    "(1)-(6) do not ask that a site is visited: no degree, flow or subtour constraint, nothing ties X to Y or T to either;",
    "        Y = 0 and T = ET satisfy all of them, at beta times -1 a node: -140 for the 14 sites",
    "section 3.2 lets a vehicle return after each site, and one vehicle travel through the city; figure 4 draws one tour",
    "windows ET, LT, the depot's place and a vehicle's capacity are not given",
)

FEATURES: dict[str, dict[str, object]] = {
    "as stated": {},
    "no penalties (beta = 0)": {"beta": 0.0},
    "beta = 1": {"beta": 1.0},
    "beta = 100": {"beta": 100.0},
    "hard windows": {"windows": "hard"},
    "back after each site (shuttle)": {"shuttle": True},
    "shuttle, beta = 0": {"shuttle": True, "beta": 0.0},
    "steps for penalties (eq. 3)": {"penalty": "step"},
}


def main() -> None:
    """Print all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=runs, default=range(20), help="runs of the genetic algorithm on each problem")
    seeds = parser.parse_args().seeds
    wuxi, burma = load("wuxi-14"), load("burma14")
    print_printed(plane(wuxi))
    print_burma(wuxi, burma)
    print("\nWhat equations 1 to 6 leave open")
    for line in OPEN:
        print(f"  {line}")
    print_genetic_tours(plane(wuxi), seeds)
    best = print_exact(wuxi)
    print_features(wuxi, best)
    print_genetic_routes(wuxi, best.objective or math.nan, seeds)


def runs(text: str) -> range:
    """Return the seeds of so many runs."""
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number above 0")
    return range(int(text))


def plane(instance: Routing, metric: Metric = "euclidean") -> Array:
    """Return the distances (14, 14) between the points of the article, or of burma14, whose first town is our depot."""
    places = instance.sites if len(instance.sites) == 14 else instance.places
    x, y = np.array([(p.x, p.y) for p in places]).T
    return distances(metric, x, y)


def length(distance: Array, tour: Sequence[int], *, closed: bool = True) -> float:
    """Return the length of a tour through points that are numbered from 1."""
    order = np.array(tour) - 1
    legs = distance[order, np.roll(order, -1)]
    return float(legs.sum() if closed else legs[:-1].sum())


def held_karp(distance: Array) -> float:
    """Return the length of the shortest closed tour through all points of an (n, n) matrix, by dynamic programming.

    V(S + j, j) = min over k in S of V(S, k) + d_kj: the shortest path from the last point through all of S to j (Held & Karp 1962,
    J. SIAM 10(1), 196-210). O(2^n n^2).
    """
    m = len(distance) - 1
    inner, bits = distance[:m, :m], 1 << np.arange(m)
    value = np.full((1 << m, m), np.inf)
    value[bits, np.arange(m)] = distance[m, :m]
    for visited in range(1, (1 << m) - 1):
        new = np.flatnonzero(~visited & bits)
        reached = (value[visited, :, None] + inner[:, new]).min(axis=0)
        value[visited | bits[new], new] = np.minimum(value[visited | bits[new], new], reached)
    return float((value[-1] + distance[:m, m]).min())


def shortest_path(distance: Array) -> float:
    """Return the length of the shortest path through all points: a tour over one more point that is everywhere."""
    return held_karp(np.pad(distance, (0, 1)))


def print_printed(distance: Array) -> None:
    """Print the article's numbers beside ours, and the proof of what they are."""
    print("Reproduced (printed in the article, computed here): closed tours of the 14 points, degrees taken for km, 40 km/h")
    for name, (tour, km, hours) in PRINTED.items():
        ours = length(distance, tour)
        for what, printed, value in (("length", km, ours), ("hours", hours, ours / SPEED_KMH)):
            computed = f"{value:.4f}"
            print(f"  {name + ' tour, ' + what:<22} {printed:>8} {computed:>8}  {'same' if printed == computed else 'DIFFERENT'}")
    print("  No depot, window, capacity, penalty or second vehicle is in them: the medical point is none of the 14 points.")
    print(f"  The way back to the first point is counted: without it the optimal tour has {length(distance, BEST_TOUR, closed=False):.4f}.")
    begun = time.perf_counter()
    shortest, path = held_karp(distance), shortest_path(distance)
    print(f"Held-Karp dynamic program, {time.perf_counter() - begun:.1f} s: the shortest closed tour has {shortest:.4f}, so that")
    print(f"  the article's is optimal (difference {abs(length(distance, BEST_TOUR) - shortest):.1e});", end=" ")
    print(f"the shortest path through all points, without a way back, {path:.4f}")


def print_burma(wuxi: Routing, burma: Routing) -> None:
    """Print where the points come from."""
    ours, theirs = ([(p.x, p.y) for p in places] for places in (wuxi.sites, burma.places))
    other = [i for i in range(14) if ours[i] != theirs[i]]
    print("\nThe points of Wuxi County, Chongqing, are those of TSPLIB's burma14 (towns in Burma)")
    print(f"  {14 - len(other)} of 14 are the same, in the same order")
    for i in other:
        print(f"  node {i + 1}: the article has {ours[i]}, TSPLIB {theirs[i]}: one digit differs")
    true, geo = held_karp(plane(burma)), held_karp(plane(burma, "GEO"))
    print(f"  burma14 itself: shortest tour {true:.4f} in the plane, {geo:.0f} km by TSPLIB's GEO (its published optimum: 3323)")
    there = plane(wuxi, "GEO")
    print(f"  by GEO the article's optimal tour is {length(there, BEST_TOUR):.0f} km long, the shortest {held_karp(there):.0f}")


def print_genetic_tours(distance: Array, seeds: range) -> None:
    """Print how often the article's algorithm finds the shortest tour."""
    s = Genetics()
    print("\nIts genetic algorithm on its tour problem (PMX, swap, reversal)")
    print(f"  population {s.population}, {s.generations} generations, crossover {s.crossover}, mutation {s.mutation}, gap {s.gap},")
    print(f"  printed; {s.reversals} reversals a child and linear ranking, not printed: ours")
    found = [genetic_tour(distance, seed=k).value for k in seeds]
    print_runs(found, held_karp(distance), 4)


def print_runs(found: Sequence[float], best: float, digits: int) -> None:
    """Print what several runs found against the optimum."""
    reached = sum(v <= best + 1e-7 for v in found)
    numbers = f"best {min(found):.{digits}f}, mean {np.mean(found):.{digits}f}, worst {max(found):.{digits}f}"
    print(f"  {len(found)} seeds: {reached} reach the optimum {best:.{digits}f}; {numbers}")
    print(f"  gap to it: mean {100 * (np.mean(found) / best - 1):.2f} %, worst {100 * (max(found) / best - 1):.2f} %")


def solve(**arguments: object) -> Result:
    """Return the proved optimum of ``wuxi-14`` with some arguments in place of the instance's."""
    return quakeops.solve("routing", instance="wuxi-14", method="pricing", rel_gap=1e-9, arguments=arguments)


def problem_of(instance: Routing) -> RouteProblem:
    """Return the deterministic problem of an instance."""
    return route_problem(FixedRouting.nominal(instance))


def print_exact(wuxi: Routing) -> Result:
    """Print the problem in words, its optimum with the proof, and the arrivals."""
    print("\nThe problem that the article states in words: wuxi-14")
    red = {s.latest for s in wuxi.sites if s.priority == "red"}
    print(f"  published: 14 sites with {sum(s.casualties for s in wuxi.sites):g} casualties, {wuxi.vehicles.count} vehicles,", end=" ")
    print(f"{wuxi.speed:g} km/h, beta {wuxi.beta:g}, {wuxi.treatment_capacity:g} can be treated")
    print(
        f"  reconstructed: depot at ({wuxi.depot.x:g}, {wuxi.depot.y:g}), {wuxi.vehicles.capacity:g} casualties a vehicle, service,",
        end=" ",
    )
    print(f"windows (red by {max(t for t in red if t is not None):g} h), proportional penalties")
    begun = time.perf_counter()
    found = solve()
    assert found.objective is not None and found.bound is not None
    tree = found.provenance["pricing"]
    print(f"Branch-and-price: {found.status}, {found.objective:.7f} h; bound {found.bound:.7f}, at the root {tree['root_bound']:.7f};")
    print(f"  {tree['nodes']} nodes, {tree['columns']} routes priced, {time.perf_counter() - begun:.1f} s with building and heuristic")
    told = evaluated(wuxi, found)
    print(f"  travel {told.cost:.4f} h, penalties {told.penalty:.4f} ({len(told.routes)} vehicles)")
    print(f"  {'vehicle':>7}  {'stop':<26} {'casualties':>10} {'window [h]':>12} {'arrival':>8} {'start':>7} {'late':>7} {'penalty':>8}")
    for v in told.visits:
        place = wuxi.places[v.node]
        window = f"{place.earliest or 0:g}-{place.latest:g}"
        load = "" if not v.node else f"{wuxi.sites[v.node - 1].casualties:g}"
        late = f"{v.lateness:.4f}" if v.lateness else "-"
        penalty = f"{v.penalty:.4f}" if v.penalty else "-"
        number = v.vehicle if v.stop == 1 else ""
        print(f"  {number!s:>7}  {v.name:<26} {load:>10} {window:>12} {v.arrival:8.4f} {v.start:7.4f} {late:>7} {penalty:>8}")
    return found


def evaluated(instance: Routing, found: Result) -> Routes:
    """Return a plan's routes, timed anew without a solver."""
    told = evaluate_routes(problem_of(instance), routes_of(instance, found.first_stage))
    assert told is not None
    return told


def print_features(wuxi: Routing, best: Result) -> None:
    """Print what each feature of the problem costs."""
    print("\nWhat each feature costs (hours; each row proved optimal; outside: hours outside windows, times the priority's weight)")
    print(f"  {'':<31} {'objective':>10} {'travel':>8} {'penalties':>10} {'vehicles':>8} {'outside':>8}")
    for name, arguments in FEATURES.items():
        found = best if not arguments else solve(**arguments)
        if found.objective is None:
            print(f"  {name:<31} {found.status}: {reachable(problem_of(wuxi))}")
            continue
        told = evaluated(wuxi.model_copy(update=arguments), found)
        unit = problem_of(wuxi.model_copy(update={"beta": 1.0}))
        outside = sum(v.earliness * unit.early[v.node] + v.lateness * unit.late[v.node] for v in told.visits)
        numbers = f"{found.objective:10.4f} {told.cost:8.4f} {told.penalty:10.4f} {len(told.routes):8d} {outside:8.4f}"
        print(f"  {name:<31} {numbers}")


def reachable(problem: RouteProblem) -> str:
    """Return which sites no vehicle reaches in time even when it drives there first."""
    late = [j for j in range(1, problem.num_sites + 1) if problem.time[0, j] > problem.latest[j]]
    return "; ".join(f"{problem.names[j]} is {problem.time[0, j]:.4f} h away, due by {problem.latest[j]:g}" for j in late)


def print_genetic_routes(wuxi: Routing, best: float, seeds: range) -> None:
    """Print what the article's tours and its algorithm give on the problem in words."""
    problem = problem_of(wuxi)
    print("\nOn the same problem, a tour divided best among the vehicles (our decoding)")
    for name, (tour, _, _) in PRINTED.items():
        value, routes = split(problem, np.array([tour]))
        above = f"{100 * (value[0] / best - 1):.1f} % above the optimum"
        print(f"  the article's {name + ' tour':<13} {value[0]:8.4f}, {len(routes[0])} vehicles, {above}")
    begun = time.perf_counter()
    found = [r.total for k in seeds if (r := genetic_routes(problem, seed=k)) is not None]
    print(f"Its genetic algorithm, {(time.perf_counter() - begun) / max(len(found), 1):.1f} s a run")
    print_runs(found, best, 7)


if __name__ == "__main__":
    main()
