"""Typed, validated instances: schema, arrays, the packaged library and its loader."""

from .arrays import Scenario, ScenarioBlock, ScenarioSource
from .deployment import Deployment
from .deployment_source import DemandBlock, DemandScenario, DemandSource, FixedDemand
from .fixed_source import FixedSource
from .loader import Instance, load, load_as, names, read_scenarios
from .responder import Responder
from .responder_source import FixedResponder, ResponderBlock, ResponderScenario, ResponderSource
from .retrofit import Retrofit
from .retrofit_source import FixedRoads, RoadBlock, RoadScenario, RoadSource
from .routing import Routing
from .routing_source import FixedRouting, RoutingBlock, RoutingScenario, RoutingSource
from .schema import Prepositioning, ScenarioRecord
from .triage import Triage
from .triage_source import FixedTriage, TriageBlock, TriageScenario, TriageSource

__all__ = [
    "DemandBlock",
    "DemandScenario",
    "DemandSource",
    "Deployment",
    "FixedDemand",
    "FixedResponder",
    "FixedRoads",
    "FixedRouting",
    "FixedSource",
    "FixedTriage",
    "Instance",
    "Prepositioning",
    "Responder",
    "ResponderBlock",
    "ResponderScenario",
    "ResponderSource",
    "Retrofit",
    "RoadBlock",
    "RoadScenario",
    "RoadSource",
    "Routing",
    "RoutingBlock",
    "RoutingScenario",
    "RoutingSource",
    "Scenario",
    "ScenarioBlock",
    "ScenarioRecord",
    "ScenarioSource",
    "Triage",
    "TriageBlock",
    "TriageScenario",
    "TriageSource",
    "load",
    "load_as",
    "names",
    "read_scenarios",
]
