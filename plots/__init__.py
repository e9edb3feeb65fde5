"""Pictures (they need matplotlib, the extra ``plot``), and plans as GeoJSON (which does not).

Of a result: the plan on a map, how bound and incumbent converged, demand that may be missed. Of statistical bounds: their two sides by
sample. Of a scenario set: shaking, damage, loss and cascade on a map, and hazard curves.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, did_you_mean
from ..instances.geojson import write_geojson
from ..result import Result
from . import bounds, convergence, output
from .of_result import BY_SCENARIO, KINDS, result_features, result_figure
from .scenario_maps import SET_KINDS, set_figure

if TYPE_CHECKING:
    import xarray as xr

    from ..decomposition.pareto import ParetoFront
    from ..decomposition.saa import SaaResult
    from ..solvers.dispatch_study import TriageSimulation

GEOJSON = ".geojson"
"""Ending of a target to which a plan is written as GeoJSON, in place of a picture."""

BOUNDS_KINDS = ("bounds",)
FRONT_KINDS = ("front",)

__all__ = [
    "BOUNDS_KINDS",
    "FRONT_KINDS",
    "KINDS",
    "SET_KINDS",
    "compare",
    "draw",
    "draw_bounds",
    "draw_front",
    "draw_set",
    "draw_triage",
    "require",
]


def draw(result: Result, kind: str, target: str | Path, *, scenario: str | None = None) -> None:
    """Draw ``result`` into the file ``target`` (.png, .svg, .pdf or .geojson), which is written whole or not at all.

    Parameters
    ----------
    result
        What :func:`quakeops.solve` returned, or :meth:`Result.load` read.
    kind
        ``"plan"``: depots, stock, and flows of one scenario, or retrofits, damage and repairs, on a map, a policy on the graph of its
        states, or routes; ``"convergence"``: bound and incumbent over time; ``"demand"``, where demand may be missed (deployment): what
        each zone needs in every scenario, and where that does not arrive; ``"restoration"``: hours of restoring by state and agency
        (responder-smdp); ``"timeline"``: what each vehicle does when (routing).
    target
        File to write, in a folder that exists. To ``.geojson`` a retrofit plan is written as points and lines with their properties
        (:mod:`.retrofit_features`).
    scenario
        For the picture of a plan: name or label of the scenario shown; by default the one with the largest volume of demand, or the
        costliest repairs. Of responder-smdp and routing, also for restoration times and timelines; by default the means over scenarios.

    Raises
    ------
    InputError
        Unknown kind, file ending or scenario; missing folder or matplotlib; a result that holds nothing to draw.
    """
    if kind not in KINDS:
        raise InputError(f"unknown kind of picture {kind!r}{did_you_mean(kind, list(KINDS))}; known: {', '.join(KINDS)}")
    if scenario is not None and kind not in BY_SCENARIO:
        raise InputError(f"--scenario {scenario}: goes with kind plan, not with {kind}; with restoration and timeline too")
    if Path(target).suffix.lower() == GEOJSON:
        if kind != "plan":
            raise InputError(f"{target}: GeoJSON holds a plan, not kind {kind}")
        if scenario is not None:
            raise InputError(f"--scenario {scenario}: does not go with GeoJSON, whose rates are over all scenarios")
        write_geojson(output.check_target(target, (GEOJSON,)), result_features(result))
        return
    path = output.check_target(target, (*output.ENDINGS, GEOJSON))
    output.require_matplotlib()
    output.save(result_figure(result, kind, scenario), path)


def draw_set(data: xr.Dataset, kind: str, target: str | Path, *, scenario: int | None = None, region: str | Path | None = None) -> None:
    """Draw the scenario set ``data`` into the file ``target`` (.png, .svg or .pdf), which is written whole or not at all.

    Parameters
    ----------
    data
        What :func:`quakeops.generate` returned, or :func:`quakeops.scenario_gen.scenario_set.load` read.
    kind
        ``"loss"`` and ``"damage"``: by zone on a map, expected or of one scenario; ``"shake"`` and ``"cascade"``: PGA at the buildings, and
        the components with their dependencies, of one scenario, which is generated again; ``"hazard"``: hazard curves of zones and the
        loss exceedance curve.
    target
        File to write, in a folder that exists.
    scenario
        Number k of the scenario shown. By default expectations are, or, for shake and cascade, the scenario with the largest loss.
    region
        For shake and cascade of a region that is not packaged: its region file.

    Raises
    ------
    InputError
        Unknown kind, file ending or scenario; missing folder or matplotlib; a set that does not say how it was made, or whose scenarios
        come out otherwise when made again.
    """
    path = output.check_target(target)
    output.require_matplotlib()
    output.save(set_figure(data, kind, scenario, region), path)


def draw_bounds(result: SaaResult, target: str | Path) -> None:
    """Draw statistical bounds into the file ``target`` (.png, .svg or .pdf), which is written whole or not at all.

    Where samples were enlarged: cost and bound with their intervals by sample size; else replication by replication. Below, the gap.

    Raises
    ------
    InputError
        Unknown file ending; missing folder or matplotlib; a result without bounds.
    """
    path = output.check_target(target)
    output.require_matplotlib()
    output.save(bounds.bounds_figure(result), path)


def compare(results: Sequence[Result], target: str | Path) -> None:
    """Draw bound (dashed) and incumbent (solid) of several solves of one problem over time, a colour each, into ``target``.

    Raises
    ------
    InputError
        No result, different problems, nothing to draw in one of them; or as in :func:`draw`.
    """
    path = output.check_target(target)
    output.require_matplotlib()
    output.save(convergence.comparison_figure(results), path)


def draw_front(front: ParetoFront, target: str | Path) -> None:
    """Draw a Pareto front of two or three objectives into the file ``target`` (.png, .svg or .pdf), whole or not at all.

    Raises
    ------
    InputError
        Unknown file ending; missing folder or matplotlib; a front that cannot be drawn.
    """
    from .front_figure import front_figure

    path = require(target)
    output.save(front_figure(front), path)


def draw_triage(study: TriageSimulation, target: str | Path) -> None:
    """Draw coverage and uncovered damage day by day of dispatch rules into the file ``target`` (.png, .svg or .pdf), whole or not at all.

    Raises
    ------
    InputError
        Unknown file ending; missing folder or matplotlib.
    """
    from .triage_curves import triage_figure

    path = require(target)
    output.save(triage_figure(study), path)


def require(target: str | Path) -> Path:
    """Return ``target`` as a path, or refuse it before the work is done: its ending, its folder, matplotlib."""
    path = output.check_target(target)
    output.require_matplotlib()
    return path
