"""What a solve returns: plain, frozen data that pickles, crosses MPI and round-trips through JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from .errors import InputError, NoSolutionError
from .files import read_json, write_atomically


class Status(StrEnum):
    """What a result holds. Why the run ended is ``Result.stop_reason``."""

    OPTIMAL = "optimal"  # an incumbent whose gap, checked on exact re-evaluation, is within the one asked for
    FEASIBLE = "feasible"  # an incumbent, but the gap asked for was not reached
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    NO_SOLUTION = "no_solution"  # stopped at a limit with no incumbent
    ERROR = "error"


EXIT_CODES = {
    Status.OPTIMAL: 0,
    Status.FEASIBLE: 1,
    Status.INFEASIBLE: 3,
    Status.UNBOUNDED: 3,
    Status.NO_SOLUTION: 3,
    Status.ERROR: 4,
}


def relative_gap(objective: float | None, bound: float | None) -> float | None:
    """Return ``|objective - bound| / max(|objective|, 1e-10)``, or ``None`` when a side is missing."""
    if objective is None or bound is None:
        return None
    return abs(objective - bound) / max(abs(objective), 1e-10)


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePoint:
    """Best bound and incumbent known ``time_s`` seconds after the start; ``note`` is said once, as progress, and never stored."""

    time_s: float
    bound: float | None = None
    objective: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Outcome of one solve.

    ``objective`` is the incumbent's exactly re-evaluated expected cost and ``bound`` a dual bound, both in the model's own
    sense and units (see the model's docstring). ``None`` stands for "there is none". No solver object is kept.
    ``certificate`` holds what ``verify`` needs, as plain data (under MPI on rank 0 alone).
    """

    status: Status
    method: str
    solver: str
    model: str = ""
    instance: str = ""
    sense: str = "minimize"
    objective: float | None = None
    bound: float | None = None
    num_scenarios: int = 0
    first_stage: Mapping[str, float] = field(default_factory=dict)
    stop_reason: str = ""
    trace: tuple[TracePoint, ...] = ()
    timing: Mapping[str, float] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    certificate: Mapping[str, Any] | None = None

    @property
    def gap(self) -> float | None:
        """Relative gap between incumbent and bound, or ``None`` when either is missing."""
        return relative_gap(self.objective, self.bound)

    @property
    def exit_code(self) -> int:
        """Process exit code of the command line for this status."""
        return EXIT_CODES[self.status]

    def raise_for_status(self) -> Result:
        """Return ``self`` if it holds a plan, else raise :class:`NoSolutionError`."""
        if self.objective is None:
            raise NoSolutionError(f"{self.model} {self.instance}: status {self.status}, no plan ({self.stop_reason})")
        return self

    def to_dict(self, *, certificate: bool = True) -> dict[str, Any]:
        """Return plain data, ``gap`` included, the certificate if it is asked for; infinities and NaN become ``None``."""
        data = asdict(self)
        if not certificate or self.certificate is None:
            del data["certificate"]
        data["status"] = self.status.value
        data["trace"] = [[p.time_s, p.bound, p.objective] for p in self.trace]
        data["gap"] = self.gap
        clean = _finite(data)
        assert isinstance(clean, dict)
        return clean

    def to_json(self, indent: int | None = 1) -> str:
        """Return the result as a JSON object (no NaN, no infinity)."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def save(self, path: str | Path) -> None:
        """Write the JSON beside ``path`` and rename it there, so that no half-written file is ever seen."""
        write_atomically(path, self.to_json() + "\n")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = "result") -> Result:
        """Inverse of :meth:`to_dict`; raises :class:`InputError` naming the field that does not fit."""
        known = {f.name for f in fields(cls)}
        values = {k: v for k, v in data.items() if k != "gap"}
        unknown = sorted(set(values) - known)
        if unknown:
            raise InputError(f"{where}: unknown field {unknown[0]!r}; expected {', '.join(sorted(known))}")
        for name in ("status", "method", "solver"):
            if name not in values:
                raise InputError(f"{where}: field {name!r} is missing")
        try:
            values["status"] = Status(values["status"])
        except ValueError:
            expected = ", ".join(Status)
            raise InputError(f"{where}: field 'status' is {values['status']!r}; expected one of {expected}") from None
        for kind, what, names in _KINDS:
            for name in names:
                if name in values and (not isinstance(values[name], kind) or isinstance(values[name], bool)):
                    raise InputError(f"{where}: field {name!r} is {values[name]!r}; expected {what}")
        for name in ("objective", "bound"):
            if values.get(name) is not None and not _is_number(values[name]):
                raise InputError(f"{where}: field {name!r} is {values[name]!r}; expected a number or null")
        for name, value in values.get("first_stage", {}).items():
            if not _is_number(value):
                raise InputError(f"{where}: field 'first_stage.{name}' is {value!r}; expected a number")
        try:
            points = [TracePoint(time_s=t, bound=b, objective=o) for t, b, o in values.get("trace", ())]
            if not all(_is_number(v) or v is None for p in points for v in (p.time_s, p.bound, p.objective)):
                raise TypeError
            values["trace"] = tuple(points)
        except (TypeError, ValueError):
            raise InputError(f"{where}: field 'trace' must hold [time_s, bound, objective] triples") from None
        return cls(**values)

    @classmethod
    def load(cls, path: str | Path) -> Result:
        """Read a result written by :meth:`save` (or ``quakeops solve --out``)."""
        data = read_json(path)
        if not isinstance(data, dict):
            raise InputError(f"{path}: a result is a JSON object, found {type(data).__name__}")
        return cls.from_dict(data, where=str(path))


_KINDS: tuple[tuple[type, str, tuple[str, ...]], ...] = (
    (str, "a string", ("method", "solver", "model", "instance", "sense", "stop_reason")),
    (int, "a whole number", ("num_scenarios",)),
    (Mapping, "an object", ("first_stage", "timing", "provenance", "certificate")),
)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _finite(value: Any) -> Any:
    """Copy plain data, with NaN and infinities replaced by ``None``."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value
