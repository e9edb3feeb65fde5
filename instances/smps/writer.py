"""Write an SMPS problem: STEM.cor, STEM.tim and STEM.sto, in free format, numbers to full precision, scenarios one by one."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ...files import replacing
from .core import Core
from .periods import Periods
from .problem import SmpsProblem
from .scenarios import SmpsScenario, What

FIRST, SECOND = "PERIOD1", "PERIOD2"
_RHS, _RNG, _BND = "RHS", "RNG", "BND"


def write(stem: str | Path, problem: SmpsProblem, comments: Sequence[str] = ()) -> tuple[Path, Path, Path]:
    """Write the three files, all or none, and return their paths; ``comments`` open the core file.

    Names must be fit for free MPS (:func:`~quakeops.instances.smps.names.mps_names`). A column stands in the order of its period, as the
    time file's markers need it; where a period has no row or column to mark it, the time file lists all of them (``EXPLICIT``).
    """
    stem = Path(stem)
    paths = tuple(stem.with_name(stem.name + suffix) for suffix in (".cor", ".tim", ".sto"))
    with contextlib.ExitStack() as stack:
        texts = (_core(problem, comments), _time(problem), _stoch(problem))
        for path, lines in zip(paths, texts, strict=True):
            with stack.enter_context(replacing(path)).open("w", encoding="utf-8") as file:
                file.writelines(line + "\n" for line in lines)
    return paths[0], paths[1], paths[2]


def _core(problem: SmpsProblem, comments: Sequence[str]) -> Iterator[str]:
    core = problem.core
    rows, columns = _order(problem.periods.rows), _order(problem.periods.columns)
    yield from (f"* {comment}" for comment in comments)
    yield f"NAME          {core.name}"
    if core.maximize:
        yield from ("OBJSENSE", "    MAX")
    yield from ("ROWS", f" N  {core.objective}")
    yield from (f" {core.kinds[i]}  {core.row_names[i]}" for i in rows)
    yield "COLUMNS"
    yield from _columns(core, columns)
    yield "RHS"
    if core.offset:
        yield f"    {_RHS}  {core.objective}  {_number(0.0 - core.offset)}"
    yield from (f"    {_RHS}  {core.row_names[i]}  {_number(core.rhs[i])}" for i in rows if core.rhs[i])
    if not np.isnan(core.ranges).all():
        yield "RANGES"
        yield from (f"    {_RNG}  {core.row_names[i]}  {_number(core.ranges[i])}" for i in rows if not math.isnan(core.ranges[i]))
    yield "BOUNDS"
    for j in columns:
        for kind, value in _bounds(core.lower[j], core.upper[j], bool(core.integer[j])):
            yield f" {kind} {_BND}  {core.column_names[j]}" + ("" if value is None else f"  {_number(value)}")
    yield "ENDATA"


def _columns(core: Core, columns: Sequence[int]) -> Iterator[str]:
    matrix, whole, markers = core.matrix.tocsc(), False, 0
    for j in columns:
        if bool(core.integer[j]) != whole:
            whole, markers = not whole, markers + 1
            yield f"    MARKER{markers}  'MARKER'  '{'INTORG' if whole else 'INTEND'}'"
        entries = slice(matrix.indptr[j], matrix.indptr[j + 1])
        name = core.column_names[j]
        if core.cost[j] or entries.start == entries.stop:  # a column without entries must be named all the same
            yield f"    {name}  {core.objective}  {_number(core.cost[j])}"
        for i, value in zip(matrix.indices[entries], matrix.data[entries], strict=True):
            yield f"    {name}  {core.row_names[i]}  {_number(value)}"
    if whole:
        yield f"    MARKER{markers + 1}  'MARKER'  'INTEND'"


def _bounds(lower: float, upper: float, whole: bool) -> Iterator[tuple[str, float | None]]:
    """Yield the bound records of a column; the lower bound is spelt out wherever readers might differ."""
    if lower == upper:
        yield "FX", lower
        return
    if lower == -math.inf and upper == math.inf:
        yield "FR", None
        return
    if lower == -math.inf:
        yield "MI", None
    elif lower or upper < 0:
        yield "LO", lower
    if upper < math.inf:
        yield "UP", upper
    elif whole:
        yield "PL", None


def _time(problem: SmpsProblem) -> Iterator[str]:
    core, second = problem.core, problem.periods
    rows, columns = _order(second.rows), _order(second.columns)
    yield f"TIME          {core.name}"
    if second.columns.all() or not second.columns.any() or not second.rows.any():
        yield from _explicit_time(core, second)
    else:
        above, left = int((~second.rows).sum()), int((~second.columns).sum())
        yield "PERIODS       LP"
        yield f"    {core.column_names[columns[0]]}  {core.row_names[rows[0]] if above else core.objective}  {FIRST}"
        yield f"    {core.column_names[columns[left]]}  {core.row_names[rows[above]]}  {SECOND}"
    yield "ENDATA"


def _explicit_time(core: Core, second: Periods) -> Iterator[str]:
    yield from ("PERIODS       EXPLICIT", f"    {FIRST}", f"    {SECOND}", "ROWS")
    yield from (f"    {name}  {SECOND if late else FIRST}" for name, late in zip(core.row_names, second.rows, strict=True))
    yield "COLUMNS"
    yield from (f"    {name}  {SECOND if late else FIRST}" for name, late in zip(core.column_names, second.columns, strict=True))


def _stoch(problem: SmpsProblem) -> Iterator[str]:
    yield from (f"STOCH         {problem.core.name}", "SCENARIOS     DISCRETE")
    for scenario in problem.scenarios:
        yield f" SC {scenario.name}  ROOT  {_number(scenario.probability)}  {SECOND}"
        yield from _changes(problem.core, scenario)
    yield "ENDATA"


def _changes(core: Core, scenario: SmpsScenario) -> Iterator[str]:
    c = scenario.changes
    for what, i, j, value in zip(c.what.tolist(), c.row.tolist(), c.column.tolist(), c.value.tolist(), strict=True):
        row = core.row_names[i] if i >= 0 else core.objective
        match What(what):
            case What.COST | What.MATRIX:
                yield f"    {core.column_names[j]}  {row}  {_number(value)}"
            case What.RHS:
                yield f"    {_RHS}  {row}  {_number(value)}"
            case What.OFFSET:
                yield f"    {_RHS}  {row}  {_number(0.0 - value)}"
            case What.RANGE:
                yield f"    {_RNG}  {row}  {_number(value)}"
            case What.LOWER:
                yield f" LO {_BND}  {core.column_names[j]}  {_number(value)}"
            case What.UPPER:
                yield f" UP {_BND}  {core.column_names[j]}  {_number(value)}"


def _order(second: np.ndarray) -> list[int]:
    """Return positions with those of the first period before those of the second."""
    return [int(i) for i in np.argsort(second, kind="stable")]


def _number(value: float) -> str:
    """Return the shortest text that reads back as the same number; infinity is 1e30."""
    return repr(float(value)) if math.isfinite(value) else ("1e30" if value > 0 else "-1e30")
