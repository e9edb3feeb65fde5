"""Which scenario of a set a picture shows, and the words that say so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError
from ..scenario_gen.regenerate import attribute
from .ground import Ground

if TYPE_CHECKING:
    import xarray as xr


def row_of(data: xr.Dataset, scenario: int | None) -> int:
    """Return the row of the scenario with number ``scenario``; of the one with the largest loss by default.

    Raises
    ------
    InputError
        The set does not hold it.
    """
    if scenario is None:
        return int(np.argmax(data["loss"].values.sum(axis=1)))
    numbers = data["number"].values.astype(int)
    found = np.flatnonzero(numbers == scenario)
    if not len(found):
        listed = ", ".join(map(str, numbers[:12].tolist())) + (", ..." if len(numbers) > 12 else "")
        whole = np.array_equal(numbers, np.arange(len(numbers)))
        raise InputError(f"--scenario {scenario}: not in the set; known: " + (f"0 to {numbers[-1]}" if whole else listed))
    return int(found[0])


def heading(data: xr.Dataset, row: int) -> str:
    """Return what scenario it is: ``istanbul, scenario 17: M 7.21 on central-marmara``."""
    faults = json.loads(attribute(data, "faults"))
    fault = faults[int(data["fault"].values[row])]
    number = int(data["number"].values[row])
    return f"{attribute(data, 'region')}, scenario {number}: M {float(data['magnitude'].values[row]):.2f} on {fault}"


def facts(data: xr.Dataset, ground: Ground, row: int | None = None) -> list[str]:
    """Return facts below a title: seed, what the picture is an expectation over or the event's residual, and that a region is synthetic."""
    out = [f"seed {attribute(data, 'seed')}"]
    if row is None:
        words = {"importance_sampling": "importance sampling", "reduction": "reduced"}
        how = [word for name, word in words.items() if attribute(data, name) != "no"]
        out.append(", ".join([f"{data.sizes['scenario']:,} scenarios", *how]))
    else:
        out.append(f"event residual {float(data['eta'].values[row]):+.2f} τ".replace("-", "−"))
        count = int(data["aftershocks"].values[row])
        if data.attrs.get("aftershocks_included"):
            out.append(f"{count} aftershock{'' if count == 1 else 's'} included")
    if ground.synthetic:
        out.append("synthetic region")
    return out
