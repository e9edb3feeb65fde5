"""Where the command line's text goes: results to the real stdout, everything else to stderr, rank 0 alone speaking."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ..parallel import started_by_mpi
from ..result import TracePoint, relative_gap

_WIDTH = 120
"""Width of tables that go to a file or a pipe."""


@cache
def stdout() -> TextIO:
    """Return the real standard output, after pointing file descriptor 1 at stderr (solvers and mpi-sppy print there)."""
    sys.stdout.flush()
    try:
        real = os.dup(1)
        os.dup2(2, 1)
    except OSError:  # no such descriptors: embedded in something else
        return sys.stdout
    return os.fdopen(real, "w", encoding="utf-8")


def is_speaker() -> bool:
    """Whether this process is rank 0 (or serial); read from the launcher's variables, so that MPI need not be up."""
    if not started_by_mpi():
        return True
    return next((os.environ[n] for n in ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK") if n in os.environ), "0") == "0"


def console() -> Console:
    """Return a console on the real stdout."""
    return Console(file=stdout(), highlight=False, markup=False, emoji=False, soft_wrap=True, width=None if stdout().isatty() else _WIDTH)


def errors() -> Console:
    """Return a console on stderr."""
    return Console(file=sys.stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


def emit_json(data: Mapping[str, Any], *, from_any_rank: bool = False) -> None:
    """Print one JSON object on the real stdout; only rank 0 does, unless a rank that fails alone says so."""
    if from_any_rank or is_speaker():
        stdout().write(json.dumps(data, allow_nan=False) + "\n")
        stdout().flush()


class ProgressLine:
    """Bound, incumbent, gap and elapsed time: one live line on a terminal, a log line every few seconds elsewhere."""

    def __init__(self, what: str, every_s: float = 5.0):
        self._what, self._every, self._last, self._shown = what, every_s, -every_s, ""
        self._text, self._start = "building", time.perf_counter()
        on_terminal = is_speaker() and sys.stderr.isatty()
        self._live = Live(get_renderable=self._line, console=errors(), transient=True, refresh_per_second=4) if on_terminal else None

    def _line(self) -> Text:
        return Text(f"{self._what}: {self._text}  {time.perf_counter() - self._start:.0f} s")

    def __enter__(self) -> ProgressLine:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, point: TracePoint) -> None:
        """Show a new bound or incumbent."""
        if not is_speaker():
            return
        gap = relative_gap(point.objective, point.bound)
        shown = f"bound {_number(point.bound)}  incumbent {_number(point.objective)}  gap {'-' if gap is None else f'{gap:.3%}'}"
        shown = f"{point.note}  {shown}" if point.note else shown
        self._text = shown
        if self._live is None and (point.time_s - self._last >= self._every or point.note) and shown != self._shown:
            self._last, self._shown = point.time_s, shown
            sys.stderr.write(f"{point.time_s:8.1f} s  {shown}\n")
            sys.stderr.flush()

    def count(self, what: str, done: int, total: int) -> None:
        """Show ``done`` of ``total``, on a terminal with a bar and the time that is left at this pace."""
        elapsed = time.perf_counter() - self._start
        if not is_speaker():
            return
        left = f"  {elapsed * (total - done) / done:.0f} s left" if 0 < done < total else ""
        self._text = f"{what} {bar(done / max(total, 1))} {done}/{total}{left} "
        if self._live is None and elapsed - self._last >= self._every:
            self._last = elapsed
            sys.stderr.write(f"{elapsed:8.1f} s  {what} {done}/{total}\n")
            sys.stderr.flush()


def bar(share: float, width: int = 30) -> str:
    """Return a bar of which a share is filled."""
    full = round(min(max(share, 0.0), 1.0) * width)
    return "━" * full + "╌" * (width - full)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"
