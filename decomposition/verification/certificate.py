"""A certificate read back: arrays of the right shapes, or one error that names the field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..benders.problem import Indices, Problem
from ..benders.sections import FEASIBILITY, OPTIMALITY, TRUSTED, WORST
from ..matrices import Array
from ..packing import unpack


@dataclass(frozen=True, slots=True, eq=False)
class Cuts:
    """Cuts (C,): theta of ``clusters[k]`` >= ``constant`` + ``slope`` x + ``eta_slope`` eta; the rest as it was written.

    ``moves`` (M, S) say whose dual each scenario counts, ``move`` (C,) which of them is a cut's (-1: its own).
    """

    kind: NDArray[np.int64]
    record: Indices
    scenario: Indices
    constant: Array
    slope: Array
    eta_slope: Array
    clusters: list[Indices]
    rays: Array
    move: Indices
    moves: Indices

    def __len__(self) -> int:
        return len(self.kind)


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A bound (minimisation form), the cuts it stands on, each scenario's cluster (S,), or -1 if the master holds it whole.

    The multipliers are there where an LP set the bound.
    """

    name: str
    bound: float
    cuts: Cuts
    clusters: Indices
    row_multipliers: Array
    cut_multipliers: Array


@dataclass(frozen=True, slots=True, eq=False)
class Duals:
    """``ids`` (R, S) number each scenario's dual in ``duals`` of its group (-1: none); ``excess`` (R, S): cost above eta."""

    ids: Indices
    excess: NDArray[np.bool_]
    duals: list[Array]


def read_duals(problem: Problem, data: Mapping[str, Any]) -> Duals:
    """Return the duals of a bound certificate."""
    ids = unpack(data.get("ids"), "certificate.bound.ids", np.int64, (None, problem.num_scenarios))
    excess = np.zeros(ids.shape, dtype=bool)
    if "excess" in data:
        excess = unpack(data["excess"], "certificate.bound.excess", np.int64, ids.shape) > 0
    given = data.get("duals")
    if not isinstance(given, list) or len(given) != len(problem.groups):
        raise InputError(f"certificate.bound.duals: expected a list of {len(problem.groups)} arrays")
    duals = [
        unpack(d, f"certificate.bound.duals[{g}]", float, (None, len(group.sense)))
        for g, (d, group) in enumerate(zip(given, problem.groups, strict=True))
    ]
    place = 0
    for group, pi in zip(problem.groups, duals, strict=True):
        own = ids[:, place : place + len(group)]
        if own.size and not (own.min() >= -1 and own.max() < len(pi)):
            raise InputError(f"certificate.bound.ids: a number outside -1 to {len(pi) - 1}")
        place += len(group)
    return Duals(ids, excess, duals)


def read_section(problem: Problem, data: Mapping[str, Any], name: str, records: int) -> Section:
    """Return section ``name`` (``lp`` or ``mip``) of a bound certificate."""
    section, where = data[name], f"certificate.bound.{name}"
    if not isinstance(section, Mapping) or not isinstance(section.get("cuts"), Mapping):
        raise InputError(f"{where}: expected an object with cuts")
    if not isinstance(section.get("bound"), int | float):
        raise InputError(f"{where}.bound: {section.get('bound')!r}; expected a number")
    raw = section["cuts"]

    def array(field: str, dtype: type, *shape: int | None) -> NDArray[Any]:
        return unpack(raw.get(field), f"{where}.cuts.{field}", dtype, shape)

    kind = array("kind", np.int64, None)
    count = len(kind)
    end = array("clusters_end", np.int64, count)
    flat = array("clusters", np.int64, None)
    if (np.diff(end, prepend=0) < 0).any() or (end[-1] if count else 0) != len(flat):
        raise InputError(f"{where}.cuts.clusters_end: does not divide the clusters")
    cuts = Cuts(
        kind=kind,
        record=array("record", np.int64, count),
        scenario=array("scenario", np.int64, count),
        constant=array("constant", float, count),
        slope=array("slope", float, count, len(problem.first)),
        eta_slope=array("eta_slope", float, count),
        clusters=np.split(flat, end[:-1]) if count else [],
        rays=array("rays", float, None, None),
        move=array("move", np.int64, count) if "move" in raw else np.full(count, -1),
        moves=array("moves", np.int64, None, problem.num_scenarios) if "move" in raw else np.zeros((0, problem.num_scenarios), np.int64),
    )
    clusters = unpack(section.get("clusters"), f"{where}.clusters", np.int64, (problem.num_scenarios,))
    _check_numbers(cuts, clusters, records, problem.num_scenarios, where)
    lp = name == "lp"
    return Section(
        name=name,
        bound=float(section["bound"]),
        cuts=cuts,
        clusters=clusters,
        row_multipliers=unpack(section.get("row_multipliers"), f"{where}.row_multipliers", float, (problem.A.shape[0],))
        if lp
        else np.zeros(0),
        cut_multipliers=unpack(section.get("cut_multipliers"), f"{where}.cut_multipliers", float, (count,)) if lp else np.zeros(0),
    )


def _check_numbers(cuts: Cuts, clusters: Indices, records: int, scenarios: int, where: str) -> None:
    """Refuse numbers that point nowhere."""
    known = np.unique(clusters)
    if cuts.moves.size and not (cuts.moves.min() >= 0 and cuts.moves.max() < scenarios):
        raise InputError(f"{where}.cuts.moves: a number outside 0 to {scenarios - 1}")
    if len(cuts.move) and not (cuts.move.min() >= -1 and cuts.move.max() < len(cuts.moves)):
        raise InputError(f"{where}.cuts.move: a number outside -1 to {len(cuts.moves) - 1}")
    for k, kind in enumerate(cuts.kind.tolist()):
        limit = {OPTIMALITY: records, WORST: records, FEASIBILITY: len(cuts.rays)}.get(kind)
        if limit is None and kind != TRUSTED:
            raise InputError(f"{where}.cuts.kind: {kind}; expected 0 to 3")
        if limit is not None and not 0 <= cuts.record[k] < limit:
            raise InputError(f"{where}.cuts.record: {cuts.record[k]} of cut {k}; expected 0 to {limit - 1}")
        if kind in (WORST, FEASIBILITY) and not 0 <= cuts.scenario[k] < scenarios:
            raise InputError(f"{where}.cuts.scenario: {cuts.scenario[k]} of cut {k}; expected 0 to {scenarios - 1}")
        if kind == OPTIMALITY and (not len(cuts.clusters[k]) or not np.isin(cuts.clusters[k], known).all()):
            raise InputError(f"{where}.cuts.clusters: those of cut {k} are not among the scenarios' clusters")
