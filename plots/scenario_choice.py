"""Which scenario a map shows."""

from __future__ import annotations

import numpy as np

from ..instances import DemandSource, RoadSource, ScenarioSource
from ..instances.scenario_labels import find_label


def largest_demand(source: ScenarioSource) -> int:
    """Return the scenario with the largest volume of demand."""
    volume = np.array([c.volume for c in source.instance.commodities])
    return int(np.argmax([float((source.scenario(k).demand @ volume).sum()) for k in range(source.num_scenarios)]))


def find_scenario(source: ScenarioSource | DemandSource | RoadSource, name: str) -> int:
    """Return the scenario called ``name``: ``scen<k>``, or its label; none or several such are an :class:`~quakeops.InputError`."""
    return find_label([source.scenario(k).label for k in range(source.num_scenarios)], name)
