"""``quakeops verify``."""

from __future__ import annotations

from rich.table import Table

from .. import facade
from ..decomposition.verification import Verification
from ..result import Result
from . import options
from .output import console, emit_json, is_speaker

FALSE = 5
"""Exit code when something is false."""


def verify(result: options.ResultFile, as_json: options.Json = False, debug: options.Debug = False) -> int:
    """Check a result by arithmetic, without a solver, and say what is proved, what is trusted and what is false."""
    found = facade.verify(Result.load(result))
    if is_speaker():
        if as_json:
            emit_json(found.to_dict())
        else:
            _show(found)
    return 0 if found.ok else FALSE


def _show(found: Verification) -> None:
    out = console()
    out.print(f"{found.model} {found.instance}: {found.status} by {found.method}")
    table = Table(box=None, padding=(0, 2, 0, 2), show_header=False)
    for check in found.checks:
        table.add_row(check.verdict.value, check.claim, check.detail)
    out.print(table)
    out.print(_proved(found.lower, found.upper) if found.ok else "something is FALSE: do not rely on this result")


def _proved(lower: float | None, upper: float | None) -> str:
    if lower is None:
        return "proved: nothing about the optimum's value" if upper is None else f"proved: the optimum is at most {upper:,.10g}"
    if upper is None:
        return f"proved: the optimum is at least {lower:,.10g}"
    return f"proved: the optimum lies between {lower:,.10g} and {upper:,.10g}"
