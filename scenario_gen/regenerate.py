"""A generator with exactly the options of a scenario set, so that what the set does not hold can be made again.

A set holds zones, not sites: the shaking of each building and the state of each component of scenario k follow again from (seed, k), the
region and the options, which stand in the set's attributes. Events must come out as they stand in the set; where they do not, the region's
data or the package's version have changed since, and nothing made again would belong to the set.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..errors import InputError
from .exposure import Exposure
from .generation import ScenarioGenerator
from .importance import EventProposal
from .metros import metro_names
from .regions import open_region

CHANGED = "the region or the version of the package has changed since the set was made; generate it again"

CHECKED = 8
"""Scenarios whose events are drawn again, spread over the set."""


def regenerate(data: xr.Dataset, region: str | Path | None = None) -> ScenarioGenerator:
    """Return the generator that made the scenarios of a set.

    Parameters
    ----------
    data
        A set as :func:`.make_set.make_set` returns it; reduced ones too.
    region
        The region file, for a set of a region that is not packaged: the set carries its name only.

    Raises
    ------
    InputError
        An attribute is missing, the region is not packaged and no file is given, or the rate of events, or magnitude, fault or eta of a
        scenario come out otherwise than in the set.
    """
    name = str(attribute(data, "region"))
    if region is None and name not in metro_names():
        raise InputError(
            f"attribute 'region': {name!r} is not packaged (packaged: {', '.join(metro_names())}); give its file with --region"
        )
    exposure = open_region(name if region is None else region)
    _check_region(data, exposure, name)
    magnitude = data.attrs.get("fixed_magnitude")
    generator = ScenarioGenerator(
        exposure,
        seed=int(attribute(data, "seed")),
        time_of_day=str(attribute(data, "time_of_day")),
        fault=data.attrs.get("fault"),
        magnitude=None if magnitude is None else float(magnitude),
        proposal=None if attribute(data, "importance_sampling") == "no" else EventProposal(),
        aftershocks=bool(attribute(data, "aftershocks_included")),
    )
    rate = float(attribute(data, "annual_rate"))
    if not np.isclose(rate, generator.events.annual_rate, rtol=1e-9, atol=0):
        raise InputError(
            f"attribute 'annual_rate' is {rate:.12g} in the set and {generator.events.annual_rate:.12g} when made again: {CHANGED}"
        )
    for row in np.unique(np.linspace(0, data.sizes["scenario"] - 1, CHECKED).round().astype(int)).tolist():
        check_event(data, generator, row)
    return generator


def check_event(data: xr.Dataset, generator: ScenarioGenerator, row: int) -> None:
    """Raise :class:`InputError` unless the event of row ``row`` of the set comes out as it stands there."""
    k = int(data["number"].values[row])
    event = generator.shaking.event(k)
    for name, again in (("magnitude", event.rupture.magnitude), ("fault", event.fault), ("eta", event.eta)):
        kept = float(data[name].values[row])
        if not np.isclose(kept, again, rtol=0, atol=1e-9):
            raise InputError(f"scenario {k}: variable {name!r} is {kept:.12g} in the set and {again:.12g} when made again: {CHANGED}")


def _check_region(data: xr.Dataset, exposure: Exposure, name: str) -> None:
    """Compare what the set says of its region with the region that was opened."""
    told = {
        "region": (name, exposure.name),
        "hazard": (json.loads(attribute(data, "hazard")), asdict(exposure.hazard)),
        "population": (json.loads(attribute(data, "population")), exposure.zones.population.tolist()),
        "faults": (json.loads(attribute(data, "faults")), [f.name for f in exposure.faults]),
    }
    for part, (kept, now) in told.items():
        if kept != now:
            detail = f" ({kept!r} in the set, {now!r} now)" if part == "region" else ""
            raise InputError(f"attribute {part!r} differs from region {exposure.name!r}{detail}: {CHANGED}")


def attribute(data: xr.Dataset, name: str) -> Any:
    """Return an attribute of a set; :class:`InputError` if it is missing."""
    if name not in data.attrs:
        raise InputError(f"attribute {name!r} is missing; every set that 'quakeops generate' makes has it")
    return data.attrs[name]
