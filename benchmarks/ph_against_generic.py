"""Our PH and mpi-sppy's generic driver on the same ten scenarios, three ranks, HiGHS, one thread a rank, in one go.

The scenarios are those of ``--module`` (an mpi-sppy scenario module on the Python path that takes ``--num-scens``), or the drawn family
``prepositioning-random``. Each run may take ``--seconds``; the driver ends its iteration first, so it takes longer.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

MPIEXEC = [str(Path(sys.executable).with_name("mpiexec")), "-n", "3"]
DRIVER = [
    *(
        sys.executable,
        "-m",
        "mpi4py",
        "-m",
        "mpisppy.generic_cylinders",
        "--solver-name",
        "appsi_highs",
        "--max-iterations",
        "1000",
    ),
    *(
        "--lagrangian",
        "--xhatshuffle",
        "--linearize-proximal-terms",
        "--linearize-binary-proximal-terms",
        "--max-solver-threads",
        "1",
    ),
]
RHOS = {
    "default rho 10": ["--default-rho", "10"],
    "sep-rho": ["--default-rho", "10", "--sep-rho"],
    "coeff-rho": ["--default-rho", "10", "--coeff-rho"],
}


def generic(arguments: argparse.Namespace, rho: list[str]) -> tuple[float | None, float | None, float]:
    """Return (bound, incumbent, seconds) of the generic driver's last line of statistics."""
    if arguments.module:
        problem = ["--module-name", arguments.module]
    else:
        problem = ["--module-name", "quakeops.models.prepositioning", "--instance", "prepositioning-random", "--seed", "1"]
    limits = ["--num-scens", str(arguments.scenarios), "--rel-gap", str(arguments.gap), "--time-limit", str(arguments.seconds)]
    start = time.perf_counter()
    try:
        done = subprocess.run(
            [*MPIEXEC, *DRIVER, *problem, *limits, *rho],
            capture_output=True,
            text=True,
            check=False,
            timeout=10 * arguments.seconds,
        )
    except subprocess.TimeoutExpired:
        return None, None, time.perf_counter() - start
    seconds = time.perf_counter() - start
    lines = re.findall(r"^\[ *[\d.]+\] +\d+ .*?(-?[\d.]+|-?inf) +(-?[\d.]+|-?inf) +[\d.inf]+%", done.stdout, re.M)
    if not lines:
        raise SystemExit(f"the generic driver printed no bounds:\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}")
    bound, incumbent = (float(v) for v in lines[-1])
    return bound, incumbent, seconds


def ours(arguments: argparse.Namespace) -> tuple[float | None, float | None, float]:
    """Return (bound, incumbent, seconds) of our PH."""
    problem = (
        ["--module", arguments.module] if arguments.module else ["prepositioning", "--instance", "prepositioning-random", "--seed", "1"]
    )
    limits = ["--scenarios", str(arguments.scenarios), "--rel-gap", str(arguments.gap), "--time-limit", str(arguments.seconds)]
    start = time.perf_counter()
    done = subprocess.run(
        [*MPIEXEC, sys.executable, "-m", "quakeops", "solve", *problem, "--method", "ph", *limits, "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    result = json.loads(done.stdout)
    return result["bound"], result["objective"], seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--module", help="scenario module on the Python path, e.g. random_prepositioning")
    parser.add_argument("--scenarios", type=int, default=10)
    parser.add_argument("--gap", type=float, default=0.01)
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    print(
        f"{arguments.module or 'prepositioning-random, seed 1'}, {arguments.scenarios} scenarios, "
        f"3 ranks on {os.cpu_count()} processors, HiGHS, target gap {arguments.gap:g}"
    )
    print(f"{'method':32} {'bound':>15} {'incumbent':>15} {'gap':>8} {'seconds':>8}")
    runs = [(f"generic driver, {name}", lambda rho=rho: generic(arguments, rho)) for name, rho in RHOS.items()]
    for name, call in [*runs, ("quakeops --method ph", lambda: ours(arguments))]:
        bound, incumbent, seconds = call()
        gap = None if bound is None or incumbent is None else abs(incumbent - bound) / abs(incumbent)
        cells = (f"{v:15,.0f}" if v is not None else f"{'none':>15}" for v in (bound, incumbent))
        print(f"{name:32} {' '.join(cells)} {'none' if gap is None else f'{gap:.2%}':>8} {seconds:8.1f}", flush=True)


if __name__ == "__main__":
    main()
