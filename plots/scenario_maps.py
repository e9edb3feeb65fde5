"""Pictures of a scenario set: which kinds there are, and what each needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, did_you_mean
from ..scenario_gen.regenerate import check_event, regenerate
from . import cascade_graph, hazard_curves_figure, shake_map, zone_maps
from .set_facts import row_of

if TYPE_CHECKING:
    import xarray as xr

SET_KINDS = ("loss", "damage", "shake", "cascade", "hazard")
"""Kinds of pictures of a scenario set; the first is the default."""

_OF_ONE = ("shake", "cascade")
"""Kinds that show one scenario, which is generated again."""


def set_figure(data: xr.Dataset, kind: str, scenario: int | None = None, region: str | Path | None = None) -> Any:
    """Return the figure of a scenario set; arguments and errors as in :func:`quakeops.plots.draw_set`."""
    if kind not in SET_KINDS:
        raise InputError(
            f"unknown kind of picture of a scenario set {kind!r}{did_you_mean(kind, list(SET_KINDS))}; known: {', '.join(SET_KINDS)}"
        )
    if kind == "hazard":
        if scenario is not None:
            raise InputError(f"--scenario {scenario}: goes with kinds {', '.join(k for k in SET_KINDS if k != kind)}, not with {kind}")
        return hazard_curves_figure.hazard_figure(data)
    row = None if scenario is None and kind not in _OF_ONE else row_of(data, scenario)
    if kind == "damage":
        return zone_maps.damage_figure(data, row)
    if kind == "loss" or row is None:
        return zone_maps.loss_figure(data, row)
    generator = regenerate(data, region)
    check_event(data, generator, row)
    return (shake_map.shake_figure if kind == "shake" else cascade_graph.cascade_figure)(data, row, generator)
