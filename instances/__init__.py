"""Typed, validated instances: schema, arrays, the packaged library and its loader."""

from .arrays import FixedSource, Scenario, ScenarioSource
from .loader import load, names, read_scenarios
from .schema import Prepositioning, ScenarioRecord

__all__ = ["FixedSource", "Prepositioning", "Scenario", "ScenarioRecord", "ScenarioSource", "load", "names", "read_scenarios"]
