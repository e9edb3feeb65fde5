"""The Benders engine against its peers, over numbers of scenarios, and option by option; HiGHS throughout, each run a process of its own.

``peers``  one family at S = 50 and 200: Benders to 1e-4 beside the extensive form; mpi-sppy's own L-shaped method at S = 10 and on farmer
``sizes``  ``prepositioning-random`` from 200 to 100,000 scenarios: wall clock, peak memory, share outside solver calls and matrix products
``table``  kinds of cuts, stabilization, pool and retained scenarios at S = 200 to 1e-3, with a picture of the bounds over time

``peers`` and ``table``: ``--module random_prepositioning`` takes a scenario module on the Python path in place of
``prepositioning-random``, seed 1.
"""

import argparse
import os
from pathlib import Path

from timed_run import save, timed, told_header

HERE = Path(__file__).parent
FARMER = HERE.parent / "tests" / "modules"
SEED = 1

SETTINGS = {
    "clustered, in-out, pool (default)": {},
    "single cut": {"cuts": "single"},
    "multi cut": {"cuts": "multi"},
    "adaptive clusters": {"cuts": "adaptive"},
    "no pool": {"pool": False},
    "no stabilization": {"stabilization": "none"},
    "level, 1-norm": {"stabilization": "level-1"},
    "level, infinity-norm": {"stabilization": "level-inf"},
    "5 scenarios retained": {"retain": 5},
}
PANELS = {"cuts": ("single", "multi", "adaptive"), "stabilization": ("no stab", "level"), "pool, retained scenarios": ("no pool", "5 scen")}


def problem(module: str | None, scenarios: int) -> dict:
    """Return the arguments of ``quakeops.solve`` that name the problem."""
    if module:
        return {"module": module, "scenarios": scenarios}
    return {"model": "prepositioning", "instance": "prepositioning-random", "seed": SEED, "scenarios": scenarios}


def run(method: str, given: dict, gap: float, limit: float, **options: object) -> dict:
    """Run one of quakeops' methods."""
    arguments = given | {"method": method, "rel_gap": gap, "time_limit": limit} | options
    return timed({"kind": "quakeops", "arguments": arguments}, limit)


def outside(timing: dict, *, build: bool) -> float:
    """Return the share that is neither solver time nor matrix products; of the total, or of what follows the build."""
    inside = sum(timing.get(part, 0.0) for part in ("crash", "lp", "product", "master solver"))
    whole = timing["total"] - (0.0 if build else timing["build"])
    return 1 - inside / whole


def line(name: str, out: dict, *more: str) -> None:
    """Print a row: objective, bound, gap, seconds of the solve, of the process and of the processors, peak memory."""
    if "failed" in out:
        print(f"{name:38} {out['failed']}   ({out['process_s']:.1f} s)", flush=True)
        return
    figures = (f"{v:15,.2f}" if v is not None else f"{'none':>15}" for v in (out["objective"], out["bound"]))
    gap = "" if out.get("gap") is None else f"{out['gap']:.2e}"
    cells = [*figures, f"{gap:>9}", f"{out['timing']['total']:8.1f}", f"{out['process_s']:8.1f}"]
    cells += [f"{out['cpu_s']:8.1f}", f"{out['peak_mb']:7.0f}", *more]
    print(f"{name:38} {' '.join(cells)}  {out['status']}", flush=True)


def heads(*more: str) -> None:
    print(f"{'':38} {'objective':>15} {'bound':>15} {'gap':>9} {'solve s':>8} {'whole s':>8} {'CPU s':>8} {'MB':>7} {' '.join(more)}")


def peers(arguments: argparse.Namespace) -> dict:
    name = arguments.module or f"prepositioning-random, seed {SEED}"
    data = told_header(f"{name}: Benders and extensive form to {arguments.gap:g}, at most {arguments.seconds:g} s each")
    heads()
    data["runs"] = []
    for scenarios in arguments.scenarios:
        given = problem(arguments.module, scenarios)
        ours = run("benders", given, arguments.gap, arguments.seconds)
        line(f"S = {scenarios}, benders", ours)
        theirs = run("ef", given, arguments.gap, arguments.seconds)
        line(f"S = {scenarios}, extensive form", theirs)
        data["runs"] += [ours, theirs]
        if "failed" not in ours | theirs:
            print(f"{'':6} seconds, extensive form / benders: {theirs['timing']['total'] / ours['timing']['total']:.1f}")
    for module, scenarios in (("farmer", 3), (arguments.module, arguments.peer_scenarios)):
        if module is None:
            continue
        ours = run("benders", problem(module, scenarios), arguments.gap, arguments.seconds)
        line(f"{module}, S = {scenarios}, benders", ours)
        data["runs"].append(ours)
        for solver in ("highs", "appsi_highs"):
            specification = {"kind": "lshaped", "module": module, "scenarios": scenarios, "solver": solver, "gap": arguments.gap}
            theirs = timed(specification, arguments.seconds, patience=0)
            line(f"{module}, S = {scenarios}, L-shaped, {solver}", theirs)
            data["runs"].append(theirs)
    return data


def sizes(arguments: argparse.Namespace) -> dict:
    data = told_header(f"prepositioning-random, seed {SEED}: Benders, at most {arguments.seconds:g} s each")
    heads(f"{'outside':>8} {'no build':>8} {'iter':>5} {'LPs':>8}")
    data["runs"] = []
    for scenarios in arguments.scenarios:
        gap = 1e-4 if scenarios <= 200 else 1e-3
        out = run("benders", problem(None, scenarios), gap, arguments.seconds)
        more = []
        if "failed" not in out:
            out["outside"], out["outside_after_build"] = (outside(out["timing"], build=b) for b in (True, False))
            more = [
                f"{out['outside']:8.1%}",
                f"{out['outside_after_build']:8.1%}",
                f"{out['work']['iterations']:5d}",
                f"{out['work']['recourse_lps']:8d}",
            ]
        line(f"S = {scenarios:,} to {gap:g}", out, *more)
        data["runs"].append(out)
    return data


def table(arguments: argparse.Namespace) -> dict:
    (scenarios,) = arguments.scenarios[:1]
    given = problem(arguments.module, scenarios)
    what = f"{arguments.module or f'prepositioning-random, seed {SEED}'}, S = {scenarios}: Benders to {arguments.gap:g}"
    data = told_header(f"{what}, at most {arguments.seconds:g} s each")
    heads(f"{'ratio':>6} {'iter':>5} {'LPs':>8} {'cuts':>6}")
    data["runs"] = {}
    for name, options in SETTINGS.items():
        out = run("benders", given, arguments.gap, arguments.seconds, **options)
        data["runs"][name] = out
        more = []
        if "failed" not in out:
            default = next(iter(data["runs"].values()))
            ratio = out["timing"]["total"] / default["timing"]["total"] if "failed" not in default else float("nan")
            work = out["work"]
            more = [f"{ratio:6.2f}", f"{work['iterations']:5d}", f"{work['recourse_lps']:8d}", f"{work['cuts']:6d}"]
        line(name, out, *more)
    picture = arguments.out.with_suffix(".png")
    picture.parent.mkdir(parents=True, exist_ok=True)
    draw(data["runs"], what, picture)
    return data


def draw(runs: dict[str, dict], title: str, path: Path) -> None:
    """Draw how far each bound is below the best plan of all runs, over time; a dot ends each run."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    good = {name: r for name, r in runs.items() if "failed" not in r}
    best = min((r["objective"] for r in good.values() if r["objective"] is not None), default=None)
    if best is None:
        print("no run found a plan: no picture")
        return
    figure, axes = plt.subplots(1, len(PANELS), figsize=(14, 4.2), sharey=True)
    for ax, (panel, starts) in zip(axes, PANELS.items(), strict=True):
        for i, (name, r) in enumerate(good.items()):
            if i and not name.startswith(starts):
                continue
            points = [(t, 100 * (best - b) / abs(best)) for t, b, _ in r["trace"] if b is not None]
            if points:
                color = "0.55" if i == 0 else None
                steps = ax.step(*zip(*points, strict=True), where="post", label=name, color=color, linewidth=2.5 if i == 0 else 1.5)
                ax.plot(*points[-1], "o", color=steps[0].get_color())
        ax.set(xlabel="seconds", title=panel)
        ax.set_yscale("symlog", linthresh=1e-2)
        ax.grid(alpha=0.3)
        ax.legend(fontsize=8)
    axes[0].set_ylabel("bound below the best plan [%]")
    figure.suptitle(title, fontsize=10)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    print(f"picture: {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for command, scenarios, gap, seconds in (
        (peers, [50, 200], 1e-4, 900.0),
        (sizes, [200, 1_000, 10_000, 100_000], None, 1800.0),
        (table, [200], 1e-3, 120.0),
    ):
        sub = commands.add_parser(command.__name__)
        sub.add_argument("--scenarios", type=int, nargs="+", default=scenarios)
        sub.add_argument("--seconds", type=float, default=seconds, help="time limit of each run")
        sub.add_argument("--out", type=Path, default=HERE / "results" / f"benders-{command.__name__}.json")
        if command is not sizes:
            sub.add_argument("--module", help="scenario module on the Python path, e.g. random_prepositioning")
            sub.add_argument("--gap", type=float, default=gap)
        if command is peers:
            sub.add_argument("--peer-scenarios", type=int, default=10, help="scenarios of the L-shaped method's run on the module")
        sub.set_defaults(command=command)
    arguments = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(FARMER)]))
    save(arguments.command(arguments), arguments.out)


if __name__ == "__main__":
    main()
