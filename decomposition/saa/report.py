"""What the statistical bounds of a program say: plain, frozen data in the model's own sense and units, with a JSON round trip."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from ...errors import InputError
from ...files import read_json, write_atomically
from .intervals import Probability, Statement

T = TypeVar("T")

FORMAT = "quakeops/saa/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicationRow:
    """One replication: scenarios n, the candidate's mean cost in them, the bound on their optimal value, the gap, its deviation."""

    number: int
    size: int
    candidate: float
    bound: float
    gap: float
    gap_deviation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LookRow:
    """One iteration of sequential sampling: scenarios n_k, what its replications say at ``confidence``, the gap asked for.

    ``cost`` is the candidate's, ``within`` tells whether the gap's limit is within ``target``.
    """

    number: int
    size: int
    cost: Statement
    bound: Statement
    gap: Statement
    confidence: float
    target: float
    within: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SaaResult:
    """Statistical bounds on a candidate plan and on the optimal value; each statement holds at ``confidence`` on its own.

    ``cost`` estimates the candidate's expected cost on ``evaluation_size`` fresh scenarios, ``bound`` the optimistic side of the optimal
    value (below it when minimising), ``gap`` their distance, from the same scenarios; ``limit`` is the one-sided confidence limit of each.
    In sequential sampling ``gap`` and ``bound`` hold at the confidence of the last look, which is higher. ``None``: not done, see
    ``stop_reason``. ``certified``: whether ``gap.limit`` came within ``until_gap``, ``None`` where none was asked for.
    """

    model: str
    instance: str
    sense: str
    method: str
    solver: str
    procedure: str
    confidence: float
    sample_size: int
    evaluation_size: int
    candidate: Mapping[str, float]
    candidate_from: str
    cost: Statement | None = None
    bound: Statement | None = None
    gap: Statement | None = None
    replications: tuple[ReplicationRow, ...] = ()
    looks: tuple[LookRow, ...] = ()
    until_gap: float | None = None
    certified: bool | None = None
    violations: Mapping[str, Probability] = field(default_factory=dict)
    stop_reason: str = "done"
    timing: Mapping[str, float] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 when everything asked for was done (and certified), else 1."""
        return 0 if self.stop_reason == "done" and self.certified is not False else 1

    @property
    def relative_gap(self) -> float | None:
        """The gap's limit over the magnitude of the candidate's estimated cost."""
        return None if self.gap is None or self.cost is None else self.gap.limit / max(abs(self.cost.value), 1e-10)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, with the format's name and ``relative_gap``."""
        return {"format": FORMAT, **asdict(self), "relative_gap": self.relative_gap}

    def to_json(self) -> str:
        """Return the result as a JSON object."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False)

    def save(self, path: str | Path) -> None:
        """Write the JSON whole or not at all."""
        write_atomically(path, self.to_json() + "\n")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = "result") -> SaaResult:
        """Inverse of :meth:`to_dict`; raises :class:`InputError` naming the field that does not fit."""
        if data.get("format") != FORMAT:
            raise InputError(f"{where}: field 'format' is {data.get('format')!r}; expected {FORMAT!r}")
        values = {k: v for k, v in data.items() if k not in ("format", "relative_gap")}
        values = _statements(values, where)
        for name, kind in (("replications", ReplicationRow), ("looks", LookRow)):
            rows = values.get(name, [])
            if not isinstance(rows, list | tuple):
                raise InputError(f"{where}: field {name!r} must hold a list")
            values[name] = tuple(
                _part(kind, _statements(row, f"{where}: '{name}.{i}'"), f"{where}: field '{name}.{i}'") for i, row in enumerate(rows)
            )
        found = values.get("violations", {})
        values["violations"] = {k: _part(Probability, v, f"{where}: field 'violations.{k}'") for k, v in dict(found).items()}
        return _part(cls, values, where)

    @classmethod
    def load(cls, path: str | Path) -> SaaResult:
        """Read a result written by :meth:`save` (or ``quakeops saa --out``)."""
        data = read_json(path)
        if not isinstance(data, dict):
            raise InputError(f"{path}: statistical bounds are a JSON object, found {type(data).__name__}")
        return cls.from_dict(data, where=str(path))


def is_saa(path: str | Path) -> bool:
    """Whether a JSON file holds statistical bounds."""
    data = read_json(path)
    return isinstance(data, dict) and data.get("format") == FORMAT


def _statements(values: Any, where: str) -> Any:
    """Return an object whose entries that hold statements are such; numbers stay."""
    if not isinstance(values, Mapping):
        return values
    return {
        k: _part(Statement, v, f"{where}: field {k!r}") if k in ("cost", "bound", "gap") and isinstance(v, Mapping) else v
        for k, v in values.items()
    }


def _part(kind: type[T], values: Any, where: str) -> T:
    """Return ``kind(**values)``, or say which field is missing or unknown."""
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    if not isinstance(values, Mapping):
        raise InputError(f"{where} must hold an object")
    unknown = sorted(set(values) - known)
    if unknown:
        raise InputError(f"{where}: unknown field {unknown[0]!r}; expected {', '.join(sorted(known))}")
    try:
        return kind(**values)
    except TypeError as e:
        raise InputError(f"{where}: {str(e).partition('() ')[2] or e}") from None
