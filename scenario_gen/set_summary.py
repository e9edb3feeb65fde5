"""A scenario set in a few figures: mean, 95 % quantile and largest of what the region suffers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


def summary(data: xr.Dataset) -> dict[str, Any]:
    """Return what a scenario set is and the figures of its regional totals, as plain data; ``casualties`` are of all severities."""
    p = data["probability"].values
    people = np.array(json.loads(data.attrs["population"]), dtype=float)
    totals = {
        "magnitude": data["magnitude"].values,
        "loss": data["loss"].values.sum(axis=1),
        "casualties": data["casualties"].values.sum(axis=(1, 2)),
        "displaced": data["displaced"].values.sum(axis=1),
        "water lost": data["water_lost"].values @ (people / people.sum()),
    }
    demand = data["demand"].values.sum(axis=1)
    return {
        "region": data.attrs["region"],
        "scenarios": int(data.sizes["scenario"]),
        **{name: data.attrs[name] for name in ("seed", "scenarios_drawn", "time_of_day", "importance_sampling", "reduction", "money")},
        "figures": {name: figures(values, p) for name, values in totals.items()},
        "demand": {str(name): figures(demand[:, i], p) for i, name in enumerate(data["commodity"].values)},
    }


def figures(values: Array, probabilities: Array) -> dict[str, float]:
    """Return mean, the smallest t with P(value <= t) >= 0.95, and the largest of weighted values (S,)."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(probabilities[order])
    place = min(int(np.searchsorted(reached, 0.95 * reached[-1])), len(order) - 1)
    return {"mean": float(probabilities @ values), "q95": float(values[order[place]]), "largest": float(values.max())}
