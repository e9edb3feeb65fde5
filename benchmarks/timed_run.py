"""One solve in a process of its own: what came out, wall clock, processor time and peak memory, under a time limit that kills it.

As a script it is that process: ``timed_run.py SPECIFICATION.json OUTCOME.json``.
"""

import datetime
import importlib
import importlib.metadata
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def timed(specification: dict, limit: float, patience: float = 60.0) -> dict:
    """Return the outcome of a run, killed ``patience`` seconds after its ``limit``: ``failed`` says why, if there is no result."""
    with tempfile.TemporaryDirectory() as folder:
        asked, told = Path(folder) / "asked.json", Path(folder) / "told.json"
        asked.write_text(json.dumps(specification), encoding="utf-8")
        start = time.perf_counter()
        try:
            done = subprocess.run(
                [sys.executable, __file__, asked, told], capture_output=True, text=True, timeout=limit + patience, check=False
            )
            failed = f"exit code {done.returncode}: {(done.stderr.strip().splitlines() or ['nothing on stderr'])[-1]}"
        except subprocess.TimeoutExpired:
            failed = f"killed after {limit + patience:g} s"
        outcome = json.loads(told.read_text(encoding="utf-8")) if told.exists() else {"failed": failed}
    return outcome | {"specification": specification, "process_s": time.perf_counter() - start}


def header() -> dict:
    """Return what a measurement depends on: machine, load, versions, date."""
    packages = ("quakeops", "highspy", "mpi-sppy", "pyomo", "numpy", "scipy")
    model = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="minutes"),
        "machine": f"{(model or [platform.processor() or platform.machine()])[0]}, {os.cpu_count()} processors",
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "versions": {p: importlib.metadata.version(p) for p in packages},
    }


def told_header(what: str) -> dict:
    """Print the header and return it."""
    h = header()
    print(f"{what}\n{h['date']}, {h['machine']}, load {h['load']:.1f}, Python {h['python']}, ", end="")
    print(", ".join(f"{p} {v}" for p, v in h["versions"].items()), flush=True)
    return h | {"what": what}


def save(data: dict, path: Path) -> None:
    """Write results as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    print(f"written to {path}")


def quakeops_run(arguments: dict) -> dict:
    """Solve by ``quakeops.solve(**arguments)``."""
    import quakeops

    result = quakeops.solve(**arguments, certificate=False).to_dict()
    kept = ("status", "objective", "bound", "gap", "stop_reason", "num_scenarios", "timing", "trace", "method")
    return {k: result[k] for k in kept} | {"work": result["provenance"].get("benders", {})}


def lshaped_run(module: str, scenarios: int, solver: str, gap: float) -> dict:
    """Solve by mpi-sppy's own L-shaped method; bound and objective are its own last ones."""
    import pyomo.environ as pyo
    from mpisppy.opt.lshaped import LShapedMethod

    start = time.perf_counter()
    creator = importlib.import_module(module)
    options = {"root_solver": solver, "sp_solver": solver, "max_iter": 100_000, "tol": gap, "verbose": False}
    names = creator.scenario_names_creator(scenarios)
    method = LShapedMethod(options, names, creator.scenario_creator, scenario_creator_kwargs={"num_scens": scenarios})
    method.lshaped_algorithm()
    seconds = time.perf_counter() - start
    bound, objective = float(method._LShaped_bound), float(pyo.value(method.root.obj))
    done = "converged" if method.first_stage_solution_available else "not converged"
    return {"status": done, "bound": bound, "objective": objective, "timing": {"total": seconds}, "work": {"iterations": method.iter + 1}}


def main() -> None:
    specification = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    kind = specification.pop("kind")
    try:
        outcome = {"quakeops": quakeops_run, "lshaped": lshaped_run}[kind](**specification)
    except Exception as e:  # whatever a peer raises is what is reported
        outcome = {"failed": f"{type(e).__name__}: {e}"}
    used = resource.getrusage(resource.RUSAGE_SELF)
    outcome |= {"peak_mb": used.ru_maxrss / 1024, "cpu_s": used.ru_utime + used.ru_stime}
    Path(sys.argv[2]).write_text(json.dumps(outcome), encoding="utf-8")


if __name__ == "__main__":
    main()
