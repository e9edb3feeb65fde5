"""Make the scenario set of a region: generate, weight, reduce if asked to, and say in the attributes what was done."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..errors import InputError, did_you_mean
from .exposure import Exposure
from .generation import ScenarioGenerator
from .importance import EventProposal, set_weights
from .needs import with_impact
from .reduction import Reduction, fast_forward_selection, k_medoids, standard_scale
from .scenario_set import SEVERITIES, STATES, dataset

REDUCTIONS = ("forward", "medoids")
PACKAGES = ("quakeops", "numpy", "scipy", "xarray")


def make_set(
    exposure: Exposure,
    scenarios: int,
    *,
    seed: int = 0,
    time_of_day: str = "night",
    fault: str | None = None,
    magnitude: float | None = None,
    importance: bool = False,
    aftershocks: bool = False,
    reduce_to: int | None = None,
    reduction: str = "forward",
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Return a scenario set as described in :mod:`.scenario_set`; options as in :class:`.generation.ScenarioGenerator`.

    ``importance`` draws large magnitudes and residuals more often (:class:`.importance.EventProposal`) and keeps the weights as
    probabilities. ``reduce_to`` keeps so many scenarios, chosen by ``reduction`` on the standardised demand of zones and commodities, with
    the optimal probabilities; what was lost is in the attribute ``reduction``.

    Raises
    ------
    InputError
        A value out of range or an unknown name.
    """
    if reduction not in REDUCTIONS:
        raise InputError(f"unknown reduction {reduction!r}{did_you_mean(reduction, list(REDUCTIONS))}; known: {', '.join(REDUCTIONS)}")
    if reduce_to is not None and not 1 <= reduce_to <= scenarios:
        raise InputError(f"--reduce-to {reduce_to}: expected 1 to the number of scenarios, {scenarios}")
    generator = ScenarioGenerator(
        exposure,
        seed=seed,
        time_of_day=time_of_day,
        fault=fault,
        magnitude=magnitude,
        proposal=EventProposal() if importance else None,
        aftershocks=aftershocks,
    )
    arrays = generator.generate(scenarios, threads=threads, progress=progress)
    weights = set_weights(arrays.pop("log_weight"))
    arrays["probability"] = weights.probabilities
    attributes: dict[str, Any] = {
        "title": exposure.title,
        "region": exposure.name,
        "seed": seed,
        "scenarios_drawn": scenarios,
        "time_of_day": time_of_day,
        "aftershocks_included": int(aftershocks),
        "importance_sampling": weights.summary() if importance else "no",
        "annual_rate": generator.events.annual_rate,
        "faults": json.dumps([f.name for f in exposure.faults]),
        "hazard": json.dumps(asdict(exposure.hazard)),
        "population": json.dumps(exposure.zones.population.tolist()),
        "money": exposure.relief.units.money,
        "instance": with_impact(exposure.relief).model_copy(update={"scenarios": []}).model_dump_json(exclude_none=True),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": json.dumps({name: version(name) for name in PACKAGES}),
        "reduction": "no",
    }
    if fault is not None:
        attributes["fault"] = fault
    if magnitude is not None:
        attributes["fixed_magnitude"] = magnitude
    if reduce_to is not None:
        chosen = reduced(arrays["demand"], arrays["probability"], reduce_to, reduction)
        arrays = {name: values[chosen.kept] for name, values in arrays.items()}
        arrays["probability"] = chosen.probabilities
        attributes["reduction"] = chosen.lost.summary()
    return dataset(arrays, _coordinates(exposure, generator), attributes)


def reduced(demand: NDArray[np.float64], probabilities: NDArray[np.float64], count: int, how: str) -> Reduction:
    """Reduce scenarios by their demand (S, Z, K), each zone's and good's standardised; ones that never vary do not count."""
    features = demand.reshape(len(demand), -1)
    scale = standard_scale(features, probabilities)
    if how == "forward":
        return fast_forward_selection(features, probabilities, count, scale=scale)
    return k_medoids(features, probabilities, count, seed=0, scale=scale)


def _coordinates(exposure: Exposure, generator: ScenarioGenerator) -> dict[str, list[Any]]:
    parts = exposure.infrastructure
    return {
        "zone": list(exposure.zones.names),
        "state": list(STATES),
        "severity": list(SEVERITIES),
        "commodity": [c.name for c in exposure.relief.commodities],
        "link": [link.name for link in exposure.relief.links],
        "bridge": [parts.names[i] for i in generator.shaking.bridges.tolist()],
        "hospital": [parts.names[i] for i in parts.of("hospital").tolist()],
    }
