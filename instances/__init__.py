"""Typed, validated instances: schema, arrays, the packaged library and its loader."""

from .arrays import Scenario, ScenarioBlock, ScenarioSource
from .fixed_source import FixedSource
from .loader import load, names, read_scenarios
from .schema import Prepositioning, ScenarioRecord

__all__ = [
    "FixedSource",
    "Prepositioning",
    "Scenario",
    "ScenarioBlock",
    "ScenarioRecord",
    "ScenarioSource",
    "load",
    "names",
    "read_scenarios",
]
