"""The pictures of a result, by kind and model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ..errors import InputError
from ..instances.geojson import Feature
from ..result import Result
from . import (
    convergence,
    demand_by_zone,
    deployment_map,
    plan_map,
    responder_graph,
    restoration_table,
    retrofit_map,
    route_map,
    route_timeline,
    triage_plan,
)
from .demand_view import demand_view
from .deployment_view import deployment_view
from .plan_view import plan_view
from .responder_view import responder_view
from .retrofit_features import retrofit_features
from .retrofit_view import retrofit_view
from .route_view import route_view

Draw = Callable[[Result, str | None], Any]
F = TypeVar("F")

PLANS: dict[str, Draw] = {
    "prepositioning": lambda result, scenario: plan_map.plan_figure(plan_view(result, scenario)),
    "deployment": lambda result, scenario: deployment_map.deployment_figure(deployment_view(result, scenario)),
    "retrofit": lambda result, scenario: retrofit_map.retrofit_figure(retrofit_view(result, scenario)),
    "responder-smdp": lambda result, scenario: responder_graph.graph_figure(responder_view(result, scenario)),
    "routing": lambda result, scenario: route_map.route_figure(route_view(result, scenario)),
    "triage": triage_plan.triage_plan_figure,
}
DEMANDS: dict[str, Draw] = {"deployment": lambda result, _: demand_by_zone.demand_figure(demand_view(result))}
RESTORATIONS: dict[str, Draw] = {
    "responder-smdp": lambda result, scenario: restoration_table.restoration_figure(responder_view(result, scenario))
}
TIMELINES: dict[str, Draw] = {"routing": lambda result, scenario: route_timeline.timeline_figure(route_view(result, scenario))}

OF_MODEL = {
    "plan": (PLANS, "no map or graph to draw a plan on"),
    "demand": (DEMANDS, "no demand that may be missed"),
    "restoration": (RESTORATIONS, "no restoration times by agency"),
    "timeline": (TIMELINES, "no vehicles that move over time"),
}
"""Kind -> its figures by model, and what the others lack."""

FEATURES: dict[str, Callable[[Result], list[Feature]]] = {"retrofit": retrofit_features}
"""Models whose plans are written as GeoJSON."""

KINDS = ("plan", "convergence", "demand", "restoration", "timeline")

BY_SCENARIO = ("plan", "restoration", "timeline")
"""Kinds that show one scenario where one is asked for."""


def result_figure(result: Result, kind: str, scenario: str | None) -> Any:
    """Return the figure of a result.

    Raises
    ------
    InputError
        No plan, a kind that the model does not have, an unknown scenario, or an instance that is no longer the one solved.
    """
    if kind not in OF_MODEL:
        return convergence.convergence_figure(result)
    figures, lack = OF_MODEL[kind]
    return _of_model(result, figures, lack, "--kind convergence fits all")(result, scenario)


def result_features(result: Result) -> list[Feature]:
    """Return the plan of a result as GeoJSON features; raises as :func:`result_figure`."""
    return _of_model(result, FEATURES, "no plan to write as GeoJSON", "others are drawn as .png, .svg or .pdf")(result)


def _of_model(result: Result, known: Mapping[str, F], lack: str, hint: str) -> F:
    """Return what is ``known`` for the model of a result that holds a plan."""
    if result.objective is None:
        raise InputError(f"result: field 'objective' is null (status {result.status}): there is no plan to draw")
    recipe = result.provenance.get("recipe") or {}
    if not recipe:
        raise InputError("result: field 'provenance.recipe' is missing; it does not say what the plan was computed on")
    found = known.get(recipe.get("model", ""))
    if found is None:
        what = next(f"{key} {recipe[key]!r}" for key in ("model", "module", "smps") if key in recipe)
        raise InputError(f"{what} has {lack}; with one: {', '.join(known)} ({hint})")
    return found
