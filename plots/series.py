"""A trace as arrays that can be drawn: each side from its first value to the end of the run, and the gap between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..decomposition.program import from_recipe
from ..errors import InputError, QuakeopsError
from ..result import Result, relative_gap

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """``bound``, ``objective`` and relative ``gap`` (n,) from ``time_s`` (n,) on, NaN while there is none."""

    time_s: Array
    bound: Array
    objective: Array
    gap: Array


def series(result: Result) -> Series:
    """Return the trace of ``result``, extended by its final values to the end of the run.

    Raises
    ------
    InputError
        The trace is empty, or holds neither a bound nor an incumbent.
    """
    known = [p for p in result.trace if p.time_s is not None and (p.bound is not None or p.objective is not None)]
    if not known:
        why = "is empty" if not result.trace else "holds neither a bound nor an incumbent"
        raise InputError(f"result ({result.method}, {result.solver}; {result.status}): field 'trace' {why}: nothing to draw")
    known.sort(key=lambda p: p.time_s)
    end = max(known[-1].time_s, float(result.timing.get("total") or 0.0))
    final_bound = known[-1].bound if result.bound is None else result.bound
    final_objective = known[-1].objective if result.objective is None else result.objective
    rows = [(p.time_s, p.bound, p.objective) for p in known] + [(end, final_bound, final_objective)]
    columns = [*zip(*rows, strict=True), [relative_gap(objective, bound) for _, bound, objective in rows]]
    return Series(*(np.array([np.nan if v is None else v for v in column], dtype=float) for column in columns))


def money_of(result: Result) -> str | None:
    """Return the currency of the instance of ``result``, or ``None`` where there is none or it cannot be rebuilt."""
    recipe = result.provenance.get("recipe") or {}
    if "model" not in recipe:
        return None
    try:
        source = from_recipe(recipe).kwargs.get("source")
    except QuakeopsError:
        return None
    return None if source is None else str(source.instance.units.money)


def view_limits(results: list[Series]) -> tuple[float, float, bool]:
    """Return lower and upper limit of the value axis, and whether early values far from the final ones lie outside."""
    values = np.concatenate([v for s in results for v in (s.bound, s.objective)])
    values = values[np.isfinite(values)]
    ends = np.array([v for s in results for v in (s.bound[-1], s.objective[-1]) if np.isfinite(v)])
    reach = max(4 * float(np.ptp(ends)), 0.3 * float(np.abs(ends).max()))
    near = values[(values >= ends.min() - reach) & (values <= ends.max() + reach)]
    margin = max(0.08 * float(np.ptp(near)), 1e-4 * float(np.abs(near).max())) or 1.0
    return float(near.min()) - margin, float(near.max()) + margin, len(near) < len(values)
