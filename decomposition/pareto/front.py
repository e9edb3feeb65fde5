"""A Pareto front as plain, frozen data that round-trips through JSON and goes to a table."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...files import read_json, write_atomically
from ...result import EXIT_CODES, Status

FORMAT = "quakeops/front/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPoint:
    """A nondominated plan: its attained expected objectives and first stage.

    ``gap`` is the difference between value and lower bound of the point's scalar problem, in units of the objectives' ranges;
    ``status`` is ``optimal`` where it is within the one asked for; ``origin`` is ``anchor``, ``plane`` or ``fill``. ``weights``, where
    the method has them, are multipliers of the objectives: the plan's recourse minimises their weighted sum, ties aside.
    """

    objectives: Mapping[str, float]
    first_stage: Mapping[str, float] = field(repr=False)
    status: Status
    gap: float | None
    origin: str
    weights: Mapping[str, float] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParetoFront:
    """The front of a model under a budget; every number is in the objective's own unit (``units``) but ``hypervolume`` and gaps.

    ``payoff[a][b]`` is objective b at the anchor of a; ``ideal`` and ``nadir`` are the extremes of that table. ``hypervolume`` is the share
    of the box between ``ideal`` and ``reference`` that the points dominate. ``knee`` is the number of a point, or ``None``.
    ``asked`` points were asked for, ``solved`` problems were solved for them; what was dominated or came twice is not among ``points``.
    """

    status: Status
    method: str
    solver: str
    names: tuple[str, ...]
    points: tuple[FrontPoint, ...]
    payoff: Mapping[str, Mapping[str, float]]
    ideal: Mapping[str, float]
    nadir: Mapping[str, float]
    bounds: Mapping[str, float | None]
    hypervolume: float
    reference: Mapping[str, float]
    knee: int | None = None
    budget: float | None = None
    model: str = ""
    instance: str = ""
    num_scenarios: int = 0
    asked: int = 0
    solved: int = 0
    units: Mapping[str, str] = field(default_factory=dict)
    stop_reason: str = ""
    timing: Mapping[str, float] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """Process exit code of the command line: 0 if every point is within the gap asked for."""
        return EXIT_CODES[self.status]

    def to_dict(self, *, plans: bool = True) -> dict[str, Any]:
        """Return plain data, with the first stages if ``plans``."""
        data = asdict(self)
        data["points"] = [_point(p, plans) for p in self.points]
        data["status"] = self.status.value
        data["names"] = list(self.names)
        return {"format": FORMAT, **data}

    def to_json(self) -> str:
        """Return the front as one JSON object."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False)

    def save(self, path: str | Path) -> None:
        """Write the JSON, whole or not at all."""
        write_atomically(path, self.to_json() + "\n")

    def to_csv(self) -> str:
        """Return a table: number, objectives, status, gap, origin, whether it is the knee, then the first stage, a column a variable."""
        plan = list(self.points[0].first_stage) if self.points else []
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["point", *self.names, "status", "gap", "origin", "knee", *plan])
        for k, p in enumerate(self.points):
            gap = "" if p.gap is None else repr(p.gap)
            head = [k, *(repr(p.objectives[n]) for n in self.names), p.status.value, gap, p.origin, int(k == self.knee)]
            writer.writerow([*head, *(repr(p.first_stage[v]) for v in plan)])
        return out.getvalue()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = "front") -> ParetoFront:
        """Inverse of :meth:`to_dict`; raises :class:`InputError` naming the field that does not fit."""
        values = dict(data)
        if values.pop("format", None) != FORMAT:
            raise InputError(f"{where}: field 'format' is {data.get('format')!r}, expected {FORMAT!r}: not a front of quakeops")
        known = {f.name for f in fields(cls)}
        for name in sorted(set(values) - known):
            raise InputError(f"{where}: unknown field {name!r}; expected {', '.join(sorted(known))}")
        for f in fields(cls)[:11]:
            if f.name not in values:
                raise InputError(f"{where}: field {f.name!r} is missing")
        try:
            values["names"] = tuple(values["names"])
            values["status"] = Status(values["status"])
            values["points"] = tuple(_parsed(p, values["names"], f"{where}: field 'points[{i}]'") for i, p in enumerate(values["points"]))
        except (TypeError, ValueError) as e:
            if isinstance(e, InputError):
                raise
            raise InputError(f"{where}: fields 'names', 'status' or 'points' are malformed: {e}") from None
        for name in ("ideal", "nadir", "reference", "payoff"):
            if not isinstance(values[name], Mapping) or set(values[name]) != set(values["names"]):
                raise InputError(f"{where}: field {name!r} must hold one entry for each of {', '.join(values['names'])}")
        if values.get("knee") is not None and not (isinstance(values["knee"], int) and 0 <= values["knee"] < len(values["points"])):
            raise InputError(f"{where}: field 'knee' is {values['knee']!r}; expected the number of a point or null")
        return cls(**values)

    @classmethod
    def load(cls, path: str | Path) -> ParetoFront:
        """Read a front written by :meth:`save` (or ``quakeops pareto --out``)."""
        data = read_json(path)
        if not isinstance(data, dict):
            raise InputError(f"{path}: a front is a JSON object, found {type(data).__name__}")
        return cls.from_dict(data, where=str(path))


def is_front(data: Any) -> bool:
    """Whether parsed JSON is a front."""
    return isinstance(data, dict) and data.get("format") == FORMAT


def _point(p: FrontPoint, plans: bool) -> dict[str, Any]:
    data = asdict(p) | {"status": p.status.value}
    if not plans:
        del data["first_stage"]
    return data


def _parsed(data: Any, names: tuple[str, ...], where: str) -> FrontPoint:
    if not isinstance(data, Mapping) or not isinstance(data.get("objectives"), Mapping) or set(data["objectives"]) != set(names):
        raise InputError(f"{where} must hold 'objectives' with a number for each of {', '.join(names)}")
    for name, value in data["objectives"].items():
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            raise InputError(f"{where}: objective {name!r} is {value!r}; expected a number")
    values = {"first_stage": {}, "gap": None, "origin": "plane", **data}
    try:
        return FrontPoint(**values | {"status": Status(values["status"])})
    except (KeyError, TypeError, ValueError) as e:
        raise InputError(f"{where}: {e}") from None
