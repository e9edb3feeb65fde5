"""The retrofit/repair paper (ICOSSAR 2017, 1629-1638) on the public San Francisco set: Figures 2 and 3, with exact breakpoints.

python papers/retrofit_repair.py --data FOLDER [--ratios 60] [--maps 445 3000 10000] [--out FOLDER]

FOLDER holds the public files (see docs/instances.md; default: QUAKEOPS_SFBAY). Whatever is damaged is restored; a retrofit costs 1, a
repair the ratio. Then the model separates by bridge: with annual rate r_e of damage it costs min(1, ratio r_e), and e is retrofitted from
ratio 1 / r_e on. The sweep (Figure 2) solves the model at every ratio by extensive form, and both roads are compared. The maps (Figure 3)
show, at the ratios of ``--maps``, what is retrofitted and how often a year the rest is repaired.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from quakeops.decomposition.compiled import stage_data
from quakeops.decomposition.extensive_form import solve_extensive_form
from quakeops.decomposition.matrices import StageData
from quakeops.decomposition.program import Program
from quakeops.decomposition.run import Run
from quakeops.instances import FixedRoads
from quakeops.instances.repair_if_damaged import sf_bridges_roads
from quakeops.models import retrofit
from quakeops.plots.decision_maps import Decisions, draw_decisions
from quakeops.solvers import get

PAPER = {"repair only up to": 43, "retrofit only from": 7143, "costs meet near": 100}
"""Printed for the paper's own part of the network, which is not published."""


def main() -> None:
    """Print breakpoints and sweep, compare them, draw the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the public files; default: QUAKEOPS_SFBAY")
    parser.add_argument("--ratios", type=int, default=60)
    parser.add_argument("--maps", type=positive, nargs="*", default=[445.0, 3000.0, 10_000.0], help="ratios of which maps are drawn")
    parser.add_argument("--out", type=Path, help="folder for the figures")
    given = parser.parse_args()
    source = sf_bridges_roads(given.data)
    names = [e.name for e in source.instance.elements]
    rates = damage_rates(source)
    print(f"{len(names)} bridges, {source.num_scenarios - 1} damage maps, {1 - source.probabilities[0]:.9f} earthquakes a year")
    order = np.argsort(-rates, kind="stable")
    first, last = order[0], order[-1]
    print(f"repair only up to ratio {1 / rates[first]:,.1f} ({names[first]}); the paper's subset: {PAPER['repair only up to']}")
    print(f"retrofit only from ratio {1 / rates[last]:,.1f} ({names[last]}); the paper's subset: {PAPER['retrofit only from']}")
    meet = meeting_ratio(rates)
    print(f"retrofit and repair costs meet at ratio {meet:,.1f}; the paper's subset: near {PAPER['costs meet near']}")
    start = time.perf_counter()
    program = Program(
        "retrofit",
        tuple(f"scen{k}" for k in range(source.num_scenarios)),
        retrofit.scenario_creator,
        {"source": source, "requirement": "path", "ratio": 1.0},
        random_block=retrofit.random_block,
    )
    data = stage_data(program)
    print(f"compiled in {time.perf_counter() - start:.1f} s")
    start = time.perf_counter()
    ratios = np.geomspace(10, 30_000, given.ratios)
    by_name = dict(zip(names, rates.tolist(), strict=True))
    rows = [solved(data, float(ratio), by_name) for ratio in ratios]
    print(f"{given.ratios} ratios in {time.perf_counter() - start:.1f} s\n")
    print(f"{'ratio':>10} {'retrofits':>9} {'cost':>8} {'repairs a year':>14} {'cost':>8} {'total':>9}")
    for ratio, (chosen, repairs) in zip(ratios, rows, strict=True):
        retrofits = int(chosen.sum())
        print(f"{ratio:10,.1f} {retrofits:9d} {retrofits:8.1f} {repairs:14.6f} {ratio * repairs:8.3f} {retrofits + ratio * repairs:9.4f}")
    if given.out is not None:
        given.out.mkdir(parents=True, exist_ok=True)
        draw(given.out / "retrofit-sweep.png", ratios, rows, rates)
        print(f"\nwritten to {given.out / 'retrofit-sweep.png'}")
        if given.maps:
            plans = [solved(data, ratio, by_name)[0] for ratio in given.maps]
            draw_maps(given.out / "retrofit-maps.png", source, given.maps, plans, rates)
            print(f"written to {given.out / 'retrofit-maps.png'}")


def positive(text: str) -> float:
    """Return a ratio from the command line."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number above 0")
    return value


def damage_rates(source: FixedRoads) -> np.ndarray:
    """Return how often a year each bridge is damaged."""
    block = source.block(0, source.num_scenarios)
    return np.asarray(block.probability @ (block.times > 1.0))


def meeting_ratio(rates: np.ndarray) -> float:
    """Return the ratio at which the retrofits cost as much as the repairs expected, by bisection on exact costs.

    Retrofits jump where a bridge changes sides, so that this is the place where one overtakes the other.
    """
    low, high = 1.0, float(1 / rates.min())
    while high / low > 1 + 1e-12:
        middle = (low * high) ** 0.5
        chosen = middle * rates >= 1
        low, high = (low, middle) if chosen.sum() >= middle * rates[~chosen].sum() else (middle, high)
    return high


def solved(data: StageData, ratio: float, rates: dict[str, float]) -> tuple[np.ndarray, float]:
    """Return which bridges are retrofitted, and the repairs expected a year, at a ratio; extensive form and closed form must agree."""
    scaled = replace(data, scenarios=tuple(replace(s, cost=ratio * s.cost) for s in data.scenarios))
    found = solve_extensive_form(scaled, get("highs"), Run(rel_gap=1e-9, time_limit=None, method="ef", solver="highs"))
    each = np.array(list(rates.values()))
    exact = float(np.minimum(1.0, ratio * each).sum())
    if found.objective is None or abs(found.objective - exact) > 1e-7 * exact:
        raise SystemExit(f"ratio {ratio}: extensive form {found.objective}, closed form {exact}")
    chosen = np.array([found.first_stage[f"retrofit[{name}]"] > 0.5 for name in rates])
    repairs, damage = (found.objective - float(chosen.sum())) / ratio, float(each[~chosen].sum())
    if abs(repairs - damage) > 1e-7 * exact:
        raise SystemExit(f"ratio {ratio}: {repairs} repairs a year, but bridges without retrofit are damaged {damage} times")
    return chosen, repairs


def draw_maps(target: Path, source: FixedRoads, ratios: Sequence[float], chosen: Sequence[np.ndarray], rates: np.ndarray) -> None:
    """Draw what is retrofitted at each ratio, and how often a year the rest, repaired whenever it is damaged, is repaired."""
    elements = source.instance.elements
    latitude, longitude = (np.array([getattr(e, name) for e in elements], dtype=float) for name in ("latitude", "longitude"))
    plans = [Decisions(f"ratio {ratio:,g}", own, np.where(own, 0.0, rates)) for ratio, own in zip(ratios, chosen, strict=True)]
    draw_decisions(latitude, longitude, plans, target, title=f"Retrofits and repairs of {len(elements)} bridges of San Francisco")


def draw(target: Path, ratios: np.ndarray, rows: Sequence[tuple[np.ndarray, float]], rates: np.ndarray) -> None:
    """Draw costs and numbers against the ratio."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    retrofits, repairs = np.array([r[0].sum() for r in rows]), np.array([r[1] for r in rows])
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(8, 7), sharex=True, layout="constrained")
    upper.plot(ratios, retrofits, "o-", ms=3, label="retrofits")
    upper.plot(ratios, ratios * repairs, "s-", ms=3, label="repairs expected")
    upper.plot(ratios, retrofits + ratios * repairs, "k-", lw=1, label="total")
    upper.set_ylabel("cost (a retrofit is 1)")
    lower.plot(ratios, retrofits, "o-", ms=3, label="bridges retrofitted")
    lower.set_ylabel("bridges retrofitted")
    twin = lower.twinx()
    twin.plot(ratios, repairs, "s-", ms=3, color="C1", label="repairs expected a year")
    twin.set_ylabel("repairs expected a year")
    lower.set_xscale("log")
    lower.set_xlabel("repair cost / retrofit cost")
    for axes in (upper, lower):
        for edge in (1 / rates.max(), 1 / rates.min()):
            axes.axvline(edge, color="0.6", lw=0.8, ls="--")
    upper.legend(frameon=False)
    lower.legend([lower.lines[0], twin.lines[0]], ["bridges retrofitted", "repairs expected a year"], frameon=False, loc="center right")
    figure.savefig(target, dpi=130)


if __name__ == "__main__":
    main()
