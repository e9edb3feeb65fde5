"""Scenario sets: what the models need of every scenario, by zone, road, bridge and hospital, as an xarray dataset in a NetCDF file.

Dimensions: ``scenario`` S, ``zone`` Z, ``state`` (none to complete), ``severity`` 1 to 4, ``commodity`` K, ``link`` L, ``bridge``,
``hospital``. Every variable has ``units`` and ``long_name``; the file's attributes hold region, seed, parameters, versions and the
pre-positioning instance, so that a file is a problem by itself.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..errors import InputError
from ..files import replacing
from ..instances import Prepositioning
from ..instances.loader import require, validate

FORMAT = "quakeops/scenarios/1"
STATES = ("none", "slight", "moderate", "extensive", "complete")
SEVERITIES = (1, 2, 3, 4)

VARIABLES: dict[str, tuple[tuple[str, ...], str, str, tuple[float, float]]] = {
    # name: dimensions, units, long name, range
    "probability": (("scenario",), "1", "probability of the scenario, given that an event of the region's faults occurs", (0, 1)),
    "number": (("scenario",), "1", "k of the scenario: it depends on the seed and k alone", (0, np.inf)),
    "magnitude": (("scenario",), "1", "moment magnitude", (0, 10)),
    "fault": (("scenario",), "1", "number of the fault in the attribute 'faults'", (0, np.inf)),
    "eta": (("scenario",), "1", "inter-event residual of PGA in units of tau", (-np.inf, np.inf)),
    "aftershocks": (("scenario",), "1", "aftershocks whose damage was added", (0, np.inf)),
    "pga": (("scenario", "zone"), "g", "geometric mean over the zone's buildings of peak ground acceleration", (0, np.inf)),
    "buildings": (("scenario", "zone", "state"), "1", "number of buildings by damage state", (0, np.inf)),
    "loss": (("scenario", "zone"), "money", "repair cost of buildings, eq. 10", (0, np.inf)),
    "casualties": (("scenario", "zone", "severity"), "people", "casualties by severity, eq. 11", (0, np.inf)),
    "displaced": (("scenario", "zone"), "people", "people whose home is uninhabitable", (0, np.inf)),
    "power_lost": (("scenario", "zone"), "1", "share of the power supply without function", (0, 1)),
    "water_lost": (("scenario", "zone"), "1", "share of the water supply without function", (0, 1)),
    "communications_lost": (("scenario", "zone"), "1", "share of the communications without function", (0, 1)),
    "demand": (("scenario", "zone", "commodity"), "units of the commodity", "relief needed within the horizon", (0, np.inf)),
    "depot_usable": (("scenario", "zone"), "1", "usable fraction of stock in the zone", (0, 1)),
    "link_capacity_factor": (("scenario", "link"), "1", "capacity of the road over its full capacity", (0, 1)),
    "link_time_factor": (("scenario", "link"), "1", "travel time over that of the intact road; infinite: closed", (1, np.inf)),
    "bridge_state": (("scenario", "bridge"), "1", "damage state of the bridge, 0 none to 4 complete", (0, 4)),
    "hospital_beds": (("scenario", "hospital"), "beds", "beds of the hospital that can be used", (0, np.inf)),
}


def dataset(arrays: dict[str, NDArray[Any]], coordinates: dict[str, Any], attributes: dict[str, Any]) -> xr.Dataset:
    """Return a scenario set from arrays named as in :data:`VARIABLES`."""
    variables = {
        name: (VARIABLES[name][0], array, {"units": VARIABLES[name][1], "long_name": VARIABLES[name][2]}) for name, array in arrays.items()
    }
    return xr.Dataset(variables, coords=coordinates, attrs={"format": FORMAT, **attributes})


def save(data: xr.Dataset, path: str | Path) -> None:
    """Write a scenario set to a NetCDF file, whole or not at all."""
    encoding = {str(name): {"zlib": True, "complevel": 1} for name in data.data_vars if data[name].ndim > 1}
    with replacing(path) as temporary:
        data.to_netcdf(temporary, engine="h5netcdf", encoding=encoding)


def load(path: str | Path) -> xr.Dataset:
    """Read a scenario set into memory and check it.

    Raises
    ------
    InputError
        Missing, truncated or foreign file; a variable missing, out of its range or not a number; probabilities that do not sum to 1. The
        message names file, variable, scenario and value.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    try:
        with xr.open_dataset(path, engine="h5netcdf") as opened:
            data = opened.load()
    except (OSError, ValueError, KeyError, RuntimeError) as e:
        raise InputError(f"{path}: not a readable NetCDF file ({e}); is it cut short?") from None
    if data.attrs.get("format") != FORMAT:
        raise InputError(f"{path}: attribute 'format' is {data.attrs.get('format')!r}, expected {FORMAT!r}: not a scenario set of quakeops")
    check(data, str(path))
    return data


def check(data: xr.Dataset, where: str) -> None:
    """Raise :class:`InputError` if a variable is missing, has other dimensions, or a value outside its range."""
    for name, (dimensions, _, _, (low, high)) in VARIABLES.items():
        if name not in data:
            raise InputError(f"{where}: variable {name!r} is missing")
        if data[name].dims != dimensions:
            raise InputError(f"{where}: variable {name!r} has dimensions {data[name].dims}, expected {dimensions}")
        values = data[name].values
        wrong = np.argwhere(~((values >= low) & (values <= high)))
        if len(wrong):
            at = tuple(wrong[0].tolist())
            place = ", ".join(f"{d} {i}" for d, i in zip(dimensions, at, strict=True))
            raise InputError(f"{where}: variable {name!r} at {place} is {values[at]}: expected {low:g} to {high:g}")
    total = float(data["probability"].sum())
    if abs(total - 1) > 1e-9:
        raise InputError(f"{where}: variable 'probability' sums to {total:.12g}, expected 1")


def instance_of(data: xr.Dataset, where: str) -> Prepositioning:
    """Return the pre-positioning instance that a scenario set carries."""
    text = data.attrs.get("instance")
    if not isinstance(text, str):
        raise InputError(f"{where}: attribute 'instance' is missing: the set says nothing of depots and roads")
    try:
        return require(Prepositioning, validate(json.loads(text), f"{where}: attribute 'instance'"), where)
    except json.JSONDecodeError as e:
        raise InputError(f"{where}: attribute 'instance' is not valid JSON: {e.msg}") from None
