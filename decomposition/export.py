"""A program as model files: SMPS (core, time and stoch file), or its extensive form as one LP or MPS file."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from ..errors import SolverError
from ..files import replacing
from ..instances.smps.names import lp_names, mps_names
from ..instances.smps.writer import write
from ..solvers.highs_object import new_highs
from .extensive_form import assemble
from .matrices import StageData
from .smps_export import to_smps

FORMATS = ("smps", "lp", "mps")


def export_program(data: StageData, name: str, kind: str, out: Path) -> tuple[Path, ...]:
    """Write compiled data as ``kind`` of file to the stem ``out``, and return the paths written, all or none of them.

    ``smps`` writes OUT.cor, OUT.tim and OUT.sto; ``lp`` and ``mps`` write the extensive form, by HiGHS, to 15 digits.

    Raises
    ------
    ModelError
        ``smps``: scenarios whose second stages differ in shape.
    """
    if kind == "smps":
        expected = any(s.cost_first is not data.scenarios[0].cost_first and (s.cost_first != data.cost).any() for s in data.scenarios)
        notes = [f"{name}, written by quakeops: {len(data.scenarios)} scenarios, the core being the first"]
        notes += ["first-stage costs are expected ones: they differ between the scenarios"] if expected else []
        return write(out, to_smps(data, name), notes)
    path = out if out.suffix.lower() == f".{kind}" else out.with_name(f"{out.name}.{kind}")
    with replacing(path) as temporary:
        by_suffix = temporary.with_name(f"{temporary.name}.{kind}")  # HiGHS tells the format by it
        try:
            _write_extensive_form(data, kind, by_suffix)
            by_suffix.replace(temporary)
        finally:
            with contextlib.suppress(OSError):
                by_suffix.unlink()
    return (path,)


def _write_extensive_form(data: StageData, kind: str, path: Path) -> None:
    import highspy

    problem, clean = assemble(data), lp_names if kind == "lp" else mps_names
    inner = [(s, s.stage.names, s.row_names) for s in data.scenarios]
    highs, lp = new_highs(), highspy.HighsLp()
    lp.num_row_, lp.num_col_ = problem.matrix.shape
    lp.col_names_ = clean([*data.first.names, *(f"{s.name}.{name}" for s, names, _ in inner for name in names)])
    lp.row_names_ = clean([*data.row_names, *(f"{s.name}.{name}" for s, _, names in inner for name in names)])
    lp.sense_ = highspy.ObjSense.kMinimize if data.sign > 0 else highspy.ObjSense.kMaximize
    lp.col_cost_, lp.offset_ = data.sign * problem.cost, data.sign * problem.offset
    lp.col_lower_, lp.col_upper_ = problem.lower, problem.upper
    lp.row_lower_, lp.row_upper_ = problem.row_lower, problem.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.num_row_, lp.a_matrix_.num_col_ = problem.matrix.shape
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = problem.matrix.indptr, problem.matrix.indices, problem.matrix.data
    if problem.is_mip:
        lp.integrality_ = [highspy.HighsVarType.kInteger if whole else highspy.HighsVarType.kContinuous for whole in problem.integer]
    done: Any = highs.passModel(lp)
    if done != highspy.HighsStatus.kError:
        done = highs.writeModel(str(path))
    if done == highspy.HighsStatus.kError or not path.is_file():
        raise SolverError(f"HiGHS could not write the extensive form to {path.name}")
