"""Damage and loss by zone on a map: expected over a scenario set, or of one of its scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..scenario_gen.regenerate import attribute
from .base_map import add_colour_bar, add_map, add_scale, add_title, map_figure, name_zones
from .colours import heat, shares
from .ground import Array, Ground, ground_of
from .map_keys import add_legend, dot, outside
from .output import amount, scaled, unit
from .set_facts import facts, heading
from .zone_bars import damage_states, worst_zones
from .zone_cells import add_cells

if TYPE_CHECKING:
    import xarray as xr

SEVERE = ("extensive", "complete")
"""States of damage that the damage map counts."""


def zone_values(data: xr.Dataset, name: str, row: int | None) -> Array:
    """Return a variable by zone (Z, ...): of the scenario in ``row``, or its expectation."""
    values = data[name].values
    return np.asarray(values[row] if row is not None else np.tensordot(data["probability"].values, values, axes=1), dtype=float)


def damaged_share(data: xr.Dataset, row: int | None) -> Array:
    """Return the share of each zone's buildings (Z,) with at least extensive damage, NaN where there are none."""
    buildings = zone_values(data, "buildings", row)
    severe = [list(data["state"].values).index(state) for state in SEVERE]
    with np.errstate(invalid="ignore"):
        return np.asarray(buildings[:, severe].sum(axis=1) / buildings.sum(axis=1))


def damage_figure(data: xr.Dataset, row: int | None) -> Any:
    """Return the map of the share of buildings with at least extensive damage, with the buildings of the region by state beside it."""
    figure, axes, ground = _map(data)
    share = 100 * damaged_share(data, row)
    marks = _fill(axes, ground, share, shares())
    add_colour_bar(figure, marks, "share of buildings with extensive or complete damage (%)")
    _finish(figure, axes, ground, bool(np.isnan(share).any()))
    damage_states(figure, [str(state) for state in data["state"].values], zone_values(data, "buildings", row).sum(axis=0))
    buildings = zone_values(data, "buildings", row)
    severe = float(buildings[:, -len(SEVERE) :].sum())
    what = f"{attribute(data, 'region')}: expected damage given an event" if row is None else f"Damage in {heading(data, row)}"
    told = [f"{severe:,.0f} of {buildings.sum():,.0f} buildings with extensive or complete damage"]
    add_title(figure, what, [*told, *facts(data, ground, row)])
    return figure


def loss_figure(data: xr.Dataset, row: int | None) -> Any:
    """Return the map of the repair cost of buildings by zone, with the zones that lose most beside it."""
    figure, axes, ground = _map(data)
    loss = zone_values(data, "loss", row)
    money = unit(str(attribute(data, "money")))
    factor, word = scaled(float(loss.max()))
    marks = _fill(axes, ground, loss / factor, heat())
    expected = "" if row is not None else "expected "
    add_colour_bar(figure, marks, f"{expected}repair cost of buildings by zone ({word}{money})")
    _finish(figure, axes, ground, False)
    worst_zones(figure, ground.zones, loss / factor, marks, f"{word}{money}")
    whole, name = scaled(float(loss.sum()))
    told = f"{amount(float(loss.sum()) / whole)} {name}{money} in all"
    what = f"{attribute(data, 'region')}: expected loss given an event" if row is None else f"Loss in {heading(data, row)}"
    add_title(figure, what, [told, *facts(data, ground, row)])
    return figure


def _map(data: xr.Dataset) -> tuple[Any, Any, Ground]:
    ground = ground_of(data)
    shown = np.concatenate([ground.corners_km, ground.zone_km])
    figure = map_figure(shown)
    return figure, add_map(figure, ground, shown), ground


def _fill(axes: Any, ground: Ground, values: Array, colours: Any) -> Any:
    from matplotlib.colors import Normalize

    largest = float(np.nanmax(values, initial=0.0))
    return add_cells(axes, ground, values, Normalize(0, largest or 1.0), colours)


def _finish(figure: Any, axes: Any, ground: Ground, gaps: bool) -> None:
    from matplotlib.patches import Patch

    name_zones(axes, ground)
    add_scale(axes, np.concatenate([ground.zone_km, ground.rim_km]))
    empty = [Patch(facecolor="#eeeeee", edgecolor="#999999", hatch="....", label="no buildings")] if gaps else []
    add_legend(figure, [dot("middle of a zone, its name;\nits area: what is nearest"), *outside(ground), *empty])
