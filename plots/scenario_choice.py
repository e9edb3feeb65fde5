"""Which scenario a map shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from ..instances import DemandSource, RoadSource, ScenarioSource
from ..instances.loader import did_you_mean


def largest_demand(source: ScenarioSource) -> int:
    """Return the scenario with the largest volume of demand."""
    volume = np.array([c.volume for c in source.instance.commodities])
    return int(np.argmax([float((source.scenario(k).demand @ volume).sum()) for k in range(source.num_scenarios)]))


def find_scenario(source: ScenarioSource | DemandSource | RoadSource, name: str) -> int:
    """Return the scenario called ``name``: ``scen<k>``, or its label; none or several such are an :class:`InputError`."""
    return find_label([source.scenario(k).label for k in range(source.num_scenarios)], name)


def find_label(labels: Sequence[str], name: str) -> int:
    """Return the place of ``name`` among scenarios with these labels; raises as :func:`find_scenario`."""
    names = [f"scen{k}" for k in range(len(labels))]
    if name in names:
        return names.index(name)
    found = [k for k, label in enumerate(labels) if label == name]
    if len(found) > 1:
        raise InputError(f"scenario {name!r} is the label of {', '.join(names[k] for k in found[:5])}; give one of these names")
    if not found:
        some = ", ".join(repr(label) for label in labels[:10]) + (", ..." if len(labels) > 10 else "")
        raise InputError(f"unknown scenario {name!r}{did_you_mean(name, list(labels))}; known: {some} (or {names[0]} to {names[-1]})")
    return found[0]
