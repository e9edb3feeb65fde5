"""Draw the pictures of the documentation: `.venv/bin/python docs/make_pictures.py` (extra `plot`; about nine minutes).

The maps are what the command beside them on their page draws; pictures are reduced to 1400 pixels and 256 colours. With file
names as arguments these pictures are reduced in place and nothing is drawn (for README's, which are drawn elsewhere).
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import quakeops
from matplotlib import pyplot as plt
from PIL import Image  # comes with matplotlib
from quakeops import plots
from quakeops.plots.road_map import draw_road_map
from quakeops.scenario_gen import scenario_set
from quakeops.scenario_gen.aftershock_regimes import REGIMES
from quakeops.scenario_gen.aftershocks import aftershock_sequence
from quakeops.scenario_gen.grid_town import grid_town
from quakeops.scenario_gen.omori import expected_number
from quakeops.scenario_gen.random_field import Correlation, FieldSampler
from quakeops.scenario_gen.recognition.chips import draw_chip, synthetic_chips

PICTURES = Path(__file__).parent / "pictures"
PAPERS = Path(__file__).parents[1] / "papers"
WIDTH = 1400
PLAN_SCENARIO = "scen401"
TOWN_SCENARIO = 25


def shrink(source: Path, target: Path) -> None:
    """Write ``source`` as a small PNG."""
    image = Image.open(source).convert("RGB")
    size = (WIDTH, round(image.height * WIDTH / image.width))
    small = image.resize(size, Image.Resampling.LANCZOS)
    small.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=2).save(target, optimize=True)


def plans_and_convergence() -> None:
    """Draw the pictures of results."""
    plan = quakeops.solve("prepositioning", instance="islands-3", rel_gap=1e-6)
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "picture.png"
        for name, scenario in (("islands-3-plan", "M6.5 Melaki, quay lost"), ("islands-3-largest", None)):
            plots.draw(plan, "plan", drawn, scenario=scenario)
            shrink(drawn, PICTURES / f"{name}.png")
        deployed = quakeops.solve("deployment", instance="three-valleys", rel_gap=1e-9)
        for kind in ("plan", "demand"):
            plots.draw(deployed, kind, drawn)
            shrink(drawn, PICTURES / f"three-valleys-{kind}.png")
        plots.draw(quakeops.solve("retrofit", rel_gap=1e-6), "plan", drawn)
        shrink(drawn, PICTURES / "grid-town-plan.png")
        policy = quakeops.solve("responder-smdp", scenarios=1, rel_gap=1e-6)
        for kind in ("plan", "restoration"):
            plots.draw(policy, kind, drawn)
            shrink(drawn, PICTURES / f"responder-case-1-{kind}.png")
        routes = quakeops.solve("routing", instance="wuxi-14", method="pricing", rel_gap=1e-6)
        for kind in ("plan", "timeline"):
            plots.draw(routes, kind, drawn)
            shrink(drawn, PICTURES / f"wuxi-14-{kind}.png")
        runs = [
            quakeops.solve("prepositioning", instance="prepositioning-random", scenarios=50, seed=1, method=method, time_limit=120)
            for method in ("ef", "ph")
        ]
        plots.compare(runs, drawn)
        shrink(drawn, PICTURES / "convergence.png")


def statistical_bounds() -> None:
    """Draw the bounds of a drawn family by sample size."""
    found = quakeops.saa("prepositioning", instance="prepositioning-random", sample=50, until_gap=0.03, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "picture.png"
        plots.draw_bounds(found, drawn)
        shrink(drawn, PICTURES / "statistical-bounds.png")


def front(target: Path) -> None:
    """Draw the front of three objectives on town-50; about two minutes."""
    plots.draw_front(quakeops.pareto("prepositioning", points=55), target)


def radii(target: Path) -> None:
    """Draw the worst expected cost against the radius: the best plan of each radius, and three plans at all of them."""
    grid = np.linspace(0, 1.5, 31)
    solve = {"model": "prepositioning", "instance": "islands-3", "rel_gap": 1e-6}
    best = [quakeops.solve(**solve, risk=f"wasserstein:{r:g}").objective for r in grid]
    fixed = {"best on average": "mean", "best at 0.3": "wasserstein:0.3", "best in the worst scenario": "worst"}
    figure, axes = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
    for (name, risk), colour, style in zip(fixed.items(), ("#E69F00", "#009E73", "#CC79A7"), ("-", "--", "-."), strict=True):
        plan = quakeops.solve(**solve, risk=risk)
        values = [quakeops.evaluate(plan, radius=float(r), evpi=False, vss=False).ambiguity.worst_expectation for r in grid]
        axes.plot(grid, np.array(values) / 1e6, style, color=colour, label=f"plan {name}")
    axes.plot(grid, np.array(best) / 1e6, color="#0072B2", lw=2.5, alpha=0.6, zorder=1, label="optimum at each radius")
    axes.set(xlabel="radius (1 = mean distance between two scenarios)", ylabel="worst expected cost, millions", xlim=(0, 1.5))
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(target, dpi=200)
    plt.close(figure)


def scenario_sets() -> None:
    """Draw the pictures of scenario sets: Istanbul, and the cascade of a town, small enough for single dependencies to be seen."""
    istanbul = quakeops.generate("istanbul", scenarios=1000, seed=1)
    town = quakeops.generate("town", scenarios=40, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "picture.png"
        for kind in plots.SET_KINDS:
            plots.draw_set(istanbul, kind, drawn)
            shrink(drawn, PICTURES / f"istanbul-{kind}.png")
        made = Path(folder) / "istanbul.nc"
        scenario_set.save(istanbul, made)
        plan = quakeops.solve("prepositioning", scenario_file=str(made), method="benders", rel_gap=1e-3)
        plots.draw(plan, "plan", drawn, scenario=PLAN_SCENARIO)
        shrink(drawn, PICTURES / "istanbul-plan.png")
        plots.draw_set(town, "cascade", drawn, scenario=TOWN_SCENARIO)
        shrink(drawn, PICTURES / "town-cascade.png")


def fields(target: Path) -> None:
    """Draw one scenario's residual field with three correlations, on a square of 60 km."""
    side = np.linspace(0, 60, 100)
    x, y = (v.ravel() for v in np.meshgrid(side, side))
    shown = (
        ("h = 2.8 km (PGA, soils not clustered)", Correlation(8.5 / 3, 8.5 / 3)),
        ("h = 13.6 km (PGA, clustered soils)", Correlation(40.7 / 3, 40.7 / 3)),
        ("h = 20 km along N 60° E, 5 km across", Correlation(5, 20, azimuth_deg=60)),
    )
    figure, axes = plt.subplots(1, 3, figsize=(12.5, 4.4), layout="constrained")
    for ax, (title, correlation) in zip(axes, shown, strict=True):
        field = FieldSampler(correlation, x, y, seed=3, accuracy=0.02).field(0).reshape(len(side), -1)
        image = ax.imshow(
            field, origin="lower", extent=(0, 60, 0, 60), cmap=plt.get_cmap("RdBu_r", 12), vmin=-3, vmax=3, interpolation="nearest"
        )
        ax.set_title(title, fontsize=10)
        ax.set(xlabel="east (km)", ylabel="north (km)")
    figure.colorbar(image, ax=axes, label="residual (standard deviations)", shrink=0.85)
    figure.savefig(target, dpi=WIDTH / figure.get_figwidth())  # not resized then


def aftershocks(target: Path) -> None:
    """Draw the aftershocks of 400 scenarios against Omori's law, and the magnitudes of one."""
    parameters, m, t = REGIMES["ANSR-ABSLDEC"], 7.2, np.geomspace(0.01, 30, 60)
    drawn = [aftershock_sequence(m, parameters, horizon_days=30, seed=1, k=k, smallest_magnitude=4.0) for k in range(400)]
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    times = np.concatenate([s.times_days for s in drawn])
    left.step(t, [np.count_nonzero(times <= v) / len(drawn) for v in t], where="post", label="mean of 400 sequences")
    k = 10 ** (parameters.a + parameters.b * (m - 4.0))
    left.plot(t, expected_number(t, k, parameters.c_days, parameters.p), "k--", label="integral of eq. 5")
    left.set(xscale="log", xlabel="days after the main shock", ylabel="aftershocks of M 4 and more")
    left.legend()
    one = max(drawn[:20], key=len)
    right.vlines(one.times_days, 3.9, one.magnitudes, color="0.75")
    right.plot(one.times_days, one.magnitudes, "o", color="#D55E00")
    right.set(xscale="log", ylim=(3.9, None), xlabel="days after the main shock", ylabel="magnitude", title="one sequence")
    left.set_title(f"M {m:g}, regime ANSR-ABSLDEC")
    for ax in (left, right):
        ax.grid(alpha=0.3)
    figure.savefig(target, dpi=WIDTH / figure.get_figwidth())  # not resized then


def grid_town_map(target: Path) -> None:
    """Draw the synthetic town in the scenario of fifty that damages about half of its bridges."""
    town = grid_town(scenarios=50, seed=1)
    draw_road_map(town, target, scenario=int(np.abs(town.maps.damaged.sum(axis=1) - 10).argmin()))


def recomputed_plans() -> None:
    """Draw how late plans for grid-town are with traffic, and where, by the paper's script; about two minutes."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(PAPERS / "retrofit_traffic.py"), "--instance", "grid-town", "--out", folder]
        subprocess.run(command, check=True)
        for name in ("grid-town-late", "grid-town-worst"):
            shrink(Path(folder) / f"{name}.png", PICTURES / f"{name}.png")


def chips(target: Path) -> None:
    """Draw synthetic chips by grade, and one building at growing damage."""
    images, grades = synthetic_chips(100, seed=1, size=48)
    rows = {f"L{g} {name}": images[grades == g][:8] for g, name in enumerate(("intact", "slight", "severe", "collapsed"))}
    damage = np.linspace(0, 3.5, 8)
    rows["one building"] = np.array([draw_chip(np.random.default_rng(4), d, 48) for d in damage])
    figure, axes = plt.subplots(5, 8, figsize=(10, 6.15), gridspec_kw={"wspace": 0.04, "hspace": 0.04})
    figure.subplots_adjust(left=0.035, right=0.995, top=0.995, bottom=0.04)
    for line, (name, row) in zip(axes, rows.items(), strict=True):
        line[0].set_ylabel(name, fontsize=10)
        for ax, image in zip(line, row, strict=True):
            ax.imshow(image, interpolation="nearest")
            ax.set(xticks=[], yticks=[])
    for ax, d in zip(axes[-1], damage, strict=True):
        ax.set_xlabel(f"damage {d:g}", fontsize=9)
    figure.savefig(target, dpi=WIDTH / figure.get_figwidth())  # not resized then
    plt.close(figure)


def generators() -> None:
    """Draw the pictures of single generators."""
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "picture.png"
        fronts_and_radii = (("islands-3-radius", radii), ("town-50-front", front), ("grid-town", grid_town_map))
        for name, draw in (("random-fields", fields), ("aftershocks", aftershocks), ("chips", chips), *fronts_and_radii):
            draw(drawn)
            shrink(drawn, PICTURES / f"{name}.png")


def triage_curves() -> None:
    """Draw what policies A, B and C do with Yushu's buildings, and a plan for them."""
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "picture.png"
        plots.draw_triage(quakeops.simulate_triage(), drawn)
        shrink(drawn, PICTURES / "triage-yushu.png")
        plan = quakeops.solve("triage", method="benders", arguments={"first_days": 20}, rel_gap=1e-6)
        plots.draw(plan, "plan", drawn)
        shrink(drawn, PICTURES / "triage-plan.png")


def main() -> None:
    """Draw them all."""
    PICTURES.mkdir(exist_ok=True)
    generators()
    plans_and_convergence()
    recomputed_plans()
    statistical_bounds()
    triage_curves()
    scenario_sets()


if __name__ == "__main__":
    if sys.argv[1:]:
        for name in sys.argv[1:]:
            shrink(Path(name), Path(name))
    else:
        main()
