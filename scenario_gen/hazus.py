"""Hazus data that come with the package: fragilities, casualty rates, loss ratios. Sources and licences stand in ``tables/*.csv``.

Building types (``W1``, ``C1M``, ...) have code levels HC, MC, LC, PC (high, moderate, low, pre-code). Components are bridges
(``HWB.GS.1`` to ``HWB.GS.28``, for SA(1.0)) and, for PGA, electric power (``EP...``), water (``PWT...``, ``PPP...``), communications
(``CF...``) and buildings (``C2M.HC``) such as hospitals.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, did_you_mean
from .fragility import STATES, Fragility, FragilitySet
from .plausible import one_of

Array = NDArray[np.float64]

CASUALTY_STATES = (*STATES, "collapse")
"""Rows of the casualty table; ``complete`` there is complete damage without collapse."""

SYSTEMS = ("structural", "acceleration", "drift")
"""Parts of the repair cost: structural, acceleration-sensitive and drift-sensitive non-structural."""


@cache
def building_codes() -> Mapping[str, tuple[str, ...]]:
    """Return the code levels of each building type; new codes do not exist for unreinforced masonry and infills."""
    out: dict[str, tuple[str, ...]] = {}
    for row in _rows("buildings"):
        out[row["type"]] = (*out.get(row["type"], ()), row["code"])
    return out


@cache
def occupancy_classes() -> tuple[str, ...]:
    """Return the occupancy classes, RES1 to EDU2."""
    return tuple(row["occupancy"] for row in _rows("loss_ratios"))


@cache
def component_classes() -> tuple[str, ...]:
    """Return the names of all classes of infrastructure components, building types with code levels included."""
    return tuple(_components())


def check_building(building_type: str, code: str) -> None:
    """Raise an ``InputError`` that names close matches unless Hazus has the building type with this code level."""
    one_of("building type", building_type, building_codes())
    one_of(f"code level of {building_type}", code, building_codes()[building_type])


def building_fragility(building_type: str, code: str) -> Fragility:
    """Return the equivalent-PGA fragility of a building type at a code level; its name is ``TYPE.CODE``."""
    check_building(building_type, code)
    return _components()[f"{building_type}.{code}"]


def building_fragilities(types: Sequence[tuple[str, str]]) -> FragilitySet:
    """Return the fragilities of (building type, code level) pairs, in their order."""
    return FragilitySet([building_fragility(t, c) for t, c in types])


def component_fragility(name: str) -> Fragility:
    """Return the fragility of a component class.

    Raises
    ------
    InputError
        An unknown class; the message names a similar one.
    """
    found = _components().get(name)
    if found is None:
        families = "HWB.GS.n, EP.*, PWT.*, PPP.*, CF.*, TYPE.CODE of a building"
        raise InputError(f"component class {name!r} is unknown{did_you_mean(name, list(component_classes()))} (known: {families})")
    return found


def component_fragilities(names: Sequence[str], own: Sequence[Fragility] = ()) -> FragilitySet:
    """Return the fragilities of component classes, in their order; ``own`` ones come before those of Hazus with the same name."""
    given = {f.name: f for f in own}
    return FragilitySet([given.get(name) or component_fragility(name) for name in names])


@cache
def collapse_given_complete() -> Mapping[tuple[str, str], float]:
    """Return the share of the floor area that has collapsed, given complete damage, by building type and code level."""
    return {(row["type"], row["code"]): float(row["collapse_given_complete"]) for row in _rows("buildings")}


@cache
def indoor_casualty_rates() -> Mapping[str, Array]:
    """Return casualties per occupant (5, 4) of each building type, by :data:`CASUALTY_STATES` and severity 1 to 4."""
    rates: dict[str, Array] = {}
    for row in _rows("casualty_rates"):
        of_type = rates.setdefault(row["type"], np.full((len(CASUALTY_STATES), 4), np.nan))
        of_type[CASUALTY_STATES.index(row["state"])] = [round(float(row[f"severity_{s}"]) / 100, 9) for s in range(1, 5)]
    for of_type in rates.values():
        of_type.flags.writeable = False
    return rates


@cache
def repair_cost_ratios() -> Mapping[str, Array]:
    """Return repair cost per replacement value of the building (3, 4) of each occupancy class, by :data:`SYSTEMS` and state 1 to 4."""
    ratios = {}
    for row in _rows("loss_ratios"):
        ratios[row["occupancy"]] = np.array([[round(float(row[f"{part}_{s}"]) / 100, 9) for s in STATES] for part in SYSTEMS])
        ratios[row["occupancy"]].flags.writeable = False
    return ratios


@cache
def _components() -> Mapping[str, Fragility]:
    out = {}
    for row in (row for table in ("bridges", "power", "water_communications") for row in _rows(table)):
        medians, betas = (tuple(float(row[f"{s}_{what}"]) for s in STATES) for what in ("median", "beta"))
        out[row["name"]] = Fragility(row["name"], row["imt"], medians, betas)
    for row in _rows("buildings"):
        name = f"{row['type']}.{row['code']}"
        out[name] = Fragility(name, "PGA", tuple(float(row[s]) for s in STATES), (float(row["beta"]),) * len(STATES))
    return out


def _rows(table: str) -> list[dict[str, str]]:
    text = files(__package__).joinpath("tables", f"{table}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
