"""``quakeops doctor``: what is installed, which solvers, which MPI."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.table import Table

from ..solvers import backends
from . import options
from .output import console, emit_json, is_speaker

_PACKAGES = (
    "quakeops",
    "pyomo",
    "mpi-sppy",
    "highspy",
    "gurobipy",
    "numpy",
    "scipy",
    "pydantic",
    "mpi4py",
    "mpich",
    "matplotlib",
)


def doctor(as_json: options.Json = False, debug: options.Debug = False) -> int:
    """Report versions, solvers with their licences, and MPI."""
    report = {
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "packages": _packages(),
        "solvers": _solvers(),
        "mpi": _mpi(),
    }
    if as_json:
        emit_json(report)
    elif is_speaker():
        _show(report)
    return 0


def _packages() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _solvers() -> list[dict[str, Any]]:
    rows = []
    for backend in backends():
        probe = backend.probe()
        rows.append(
            {
                "name": backend.name,
                "usable": probe.problem is None,
                "version": probe.version,
                "problem": probe.problem,
                "limit": probe.limit,
                "features": sorted(backend.features),
            }
        )
    return sorted(rows, key=lambda r: str(r["name"]), reverse=True)


def _mpi() -> dict[str, str | None]:
    beside = Path(sys.executable).with_name("mpiexec")  # the mpich wheel's, when .venv/bin is not on the PATH
    launcher = shutil.which("mpiexec") or (str(beside) if beside.exists() else None)
    said = None
    if launcher:
        lines = subprocess.run([launcher, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout.split("\n")
        said = next((line.strip() for line in lines if "ersion" in line or "MPI" in line), None)
    return {"mpiexec": launcher, "version": " ".join(said.split()) if said else None}


def _show(report: dict[str, Any]) -> None:
    out = console()
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_row("python", f"{report['python']}, {report['cpus']} processors")
    for name, found in report["packages"].items():
        table.add_row(name, found or "not installed")
    for s in report["solvers"]:
        state = f"usable, {s['version']}" if s["usable"] else f"not usable: {s['problem']}"
        table.add_row(f"solver {s['name']}", state + (f"; {s['limit']}" if s["limit"] else ""))
    mpi = report["mpi"]
    table.add_row(
        "mpiexec",
        f"{mpi['mpiexec']} ({mpi['version']})"
        if mpi["mpiexec"]
        else "not found; pip install 'quakeops[mpi,mpich]' for PH on several ranks",
    )
    out.print(table)
