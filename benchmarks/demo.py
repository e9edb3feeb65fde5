"""``make demo``: the default instance by PH on three MPI ranks and by extensive form, side by side, with the plan's map and convergence."""

import subprocess
import sys
from pathlib import Path

from quakeops import Result, plots

OUT = Path("demo-output")
PROBLEM = ["solve", "prepositioning", "--instance", "gulf-coast-51", "--rel-gap", "2e-3", "--time-limit", "120"]
ROWS = (
    ("status", "status"),
    ("objective", "objective [USD]"),
    ("bound", "bound [USD]"),
    ("gap", "gap"),
    ("seconds", "seconds"),
    ("depots", "depots"),
)


def solve(name: str, launcher: list[str], method: str) -> Result:
    """Run one solve as a user would and return its result."""
    target = OUT / f"{name}.json"
    command = [*launcher, sys.executable, "-m", "quakeops", *PROBLEM, "--method", method, "--out", str(target)]
    print(
        "$",
        " ".join(["quakeops" if part == sys.executable else part for part in command if part not in ("-m", "quakeops")]),
        flush=True,
    )
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{name} failed with exit code {done.returncode}")
    return Result.load(target)


def cells(r: Result) -> dict[str, str]:
    depots = [
        k.removeprefix("open[").removesuffix("]").replace("'", "") for k, v in r.first_stage.items() if k.startswith("open[") and v > 0.5
    ]
    return {
        "status": str(r.status),
        "objective": f"{r.objective:,.0f}",
        "bound": f"{r.bound:,.0f}",
        "gap": f"{r.gap:.3%}",
        "seconds": f"{r.timing['total']:.1f}",
        "depots": "; ".join(depots),
    }


def main() -> None:
    OUT.mkdir(exist_ok=True)
    mpiexec = str(Path(sys.executable).with_name("mpiexec"))
    ph = solve("ph", [mpiexec, "-n", "3"], "ph")
    ef = solve("ef", [], "ef")
    left, right = cells(ph), cells(ef)
    width = max(len(v) for v in left.values()) + 2
    print(f"\n{'gulf-coast-51, 51 scenarios':30}{'PH, 3 MPI ranks':{width}}extensive form")
    for key, label in ROWS:
        print(f"{label:30}{left[key]:{width}}{right[key]}")
    plots.draw(ef, "plan", OUT / "plan.png")
    plots.compare([ph, ef], OUT / "convergence.png")
    print(f"\nplan's map: {OUT / 'plan.png'}   convergence: {OUT / 'convergence.png'}")


if __name__ == "__main__":
    main()
