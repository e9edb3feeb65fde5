"""Open the scenarios of an instance: its own, a file's, or draws of a seeded family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import instances
from ..errors import InputError, did_you_mean
from ..instances import (
    DemandSource,
    Deployment,
    FixedDemand,
    FixedResponder,
    FixedRoads,
    FixedRouting,
    FixedSource,
    FixedTriage,
    Instance,
    Prepositioning,
    Responder,
    ResponderSource,
    Retrofit,
    RoadSource,
    Routing,
    RoutingSource,
    Scenario,
    ScenarioBlock,
    ScenarioSource,
    Triage,
    TriageSource,
    sf_bridges,
)
from ..instances.arrays import Array
from ..instances.loader import instance_of_scenario_file, is_instance_file, naming_file, require
from ..instances.repair_if_damaged import sf_bridges_roads
from ..instances.tntp import find
from . import deployment_random, prepositioning_random, responder_random, retrofit_random, routing_random
from .grid_town import grid_town_roads
from .responder_futures import futures
from .routing_futures import routing_futures
from .sioux_falls import sioux_falls_roads
from .triage_futures import triage_futures

FAMILIES: dict[str, Callable[[int, int], ScenarioSource | DemandSource | RoadSource | ResponderSource | RoutingSource]] = {
    "prepositioning-random": prepositioning_random.RandomSource,
    "deployment-random": deployment_random.small,
    "deployment-random-large": deployment_random.large,
    "grid-town": grid_town_roads,
    "responder-random": responder_random.small,
    "responder-random-large": responder_random.large,
    "retrofit-random": retrofit_random.small,
    "retrofit-random-large": retrofit_random.large,
    "routing-r101-15": routing_random.r101_15,
    "routing-random": routing_random.small,
}
"""Drawn families: name -> source of (number of scenarios, seed)."""

ELSEWHERE: dict[str, Callable[[], FixedRoads]] = {"sf-bridges-71": sf_bridges_roads}
"""Instances read from public files that are not part of the package: name -> source, from the folder of an environment variable."""

DRAWN_ELSEWHERE: dict[str, Callable[[int, int], RoadSource]] = {"sioux-falls": sioux_falls_roads}
"""Families drawn over such files: name -> source of (number of scenarios, seed)."""

FOLDERS = {"sf-bridges-71": sf_bridges.VARIABLE, "sioux-falls": find.VARIABLE}
"""Environment variables that name the folders of such files."""

DRAWS = {
    "deployment-random": 200,
    "deployment-random-large": 1000,
    "grid-town": 51,
    "retrofit-random": 100,
    "retrofit-random-large": 450,
    "routing-random": 20,
    "sioux-falls": 51,
}
"""Scenarios of a family where none are asked for; 100 of the others."""


def open_source(
    instance: str | Prepositioning,
    *,
    scenario_file: str | None = None,
    num_scenarios: int | None = None,
    seed: int | None = None,
) -> ScenarioSource:
    """Return the source of pre-positioning scenarios that the arguments describe.

    Raises
    ------
    InputError
        Unknown instance, or one of another model; ``num_scenarios`` or ``seed`` on a fixed instance; a scenario file for another instance.
    """
    if is_scenario_set(scenario_file):
        return _scenario_set(str(scenario_file), instance, num_scenarios, seed)
    source: ScenarioSource = _open(Prepositioning, instance, scenario_file, num_scenarios, seed)
    return source


def open_demand(
    instance: str | Deployment,
    *,
    scenario_file: str | None = None,
    num_scenarios: int | None = None,
    seed: int | None = None,
) -> DemandSource:
    """Return the source of deployment scenarios that the arguments describe; raises as :func:`open_source` does."""
    if is_scenario_set(scenario_file):
        raise InputError(f"--scenario-file {scenario_file}: a scenario set is for model 'prepositioning', expected a JSON file")
    source: DemandSource = _open(Deployment, instance, scenario_file, num_scenarios, seed)
    return source


def open_roads(
    instance: str | Retrofit,
    *,
    scenario_file: str | None = None,
    num_scenarios: int | None = None,
    seed: int | None = None,
) -> RoadSource:
    """Return the source of retrofit scenarios that the arguments describe; raises as :func:`open_source` does."""
    if is_scenario_set(scenario_file):
        raise InputError(f"--scenario-file {scenario_file}: a scenario set is for model 'prepositioning', expected a JSON file")
    source: RoadSource = _open(Retrofit, instance, scenario_file, num_scenarios, seed)
    return source


def open_responders(
    instance: str | Responder,
    *,
    scenario_file: str | None = None,
    num_scenarios: int | None = None,
    seed: int | None = None,
) -> ResponderSource:
    """Return the source of responder scenarios that the arguments describe; raises as :func:`open_source` does.

    An instance without written scenarios has futures drawn around its numbers (:mod:`.responder_futures`), 100 where no number is given;
    one scenario without a seed is the instance's own numbers.
    """
    if is_scenario_set(scenario_file):
        raise InputError(f"--scenario-file {scenario_file}: a scenario set is for model 'prepositioning', expected a JSON file")
    source: ResponderSource = _open(Responder, instance, scenario_file, num_scenarios, seed)
    return source


def open_routing(
    instance: str | Routing,
    *,
    scenario_file: str | None = None,
    num_scenarios: int | None = None,
    seed: int | None = None,
) -> RoutingSource:
    """Return the source of routing scenarios that the arguments describe; raises as :func:`open_source` does.

    ``instance`` may also be a file of Solomon's format (``.txt``) or of TSPLIB's (``.tsp``, ``.vrp``, ``.atsp``). One without written
    scenarios has one, its own numbers; with a number of scenarios or a seed, they are drawn around them (:mod:`.routing_futures`).
    """
    if is_scenario_set(scenario_file):
        raise InputError(f"--scenario-file {scenario_file}: a scenario set is for model 'prepositioning', expected a JSON file")
    source: RoutingSource = _open(Routing, instance, scenario_file, num_scenarios, seed)
    return source


def open_triage(
    instance: str | Triage,
    *,
    scenario_file: str | None = None,
    num_scenarios: int | None = None,
    seed: int | None = None,
) -> TriageSource:
    """Return the source of triage scenarios that the arguments describe; raises as :func:`open_source` does.

    An instance without written scenarios has grades drawn from its recognised probabilities (:mod:`.triage_futures`), 50 times where no
    number is given; one scenario without a seed is the expected numbers.
    """
    if is_scenario_set(scenario_file):
        raise InputError(f"--scenario-file {scenario_file}: a scenario set is for model 'prepositioning', expected a JSON file")
    source: TriageSource = _open(Triage, instance, scenario_file, num_scenarios, seed)
    return source


def _open(kind: type[Instance], instance: str | Instance, scenario_file: str | None, num_scenarios: int | None, seed: int | None) -> Any:
    origin = ""
    if scenario_file is not None and isinstance(instance, str) and not instance:
        instance, origin = instance_of_scenario_file(scenario_file), f"{scenario_file}: field 'instance': "
    families = FAMILIES | DRAWN_ELSEWHERE
    if isinstance(instance, str) and instance in families:
        if scenario_file is not None:
            raise InputError(f"--scenario-file {scenario_file}: {instance!r} draws its own scenarios; give --scenarios and --seed")
        drawn = families[instance](DRAWS.get(instance, 100) if num_scenarios is None else num_scenarios, 0 if seed is None else seed)
        require(kind, drawn.instance, instance)
        return drawn
    if isinstance(instance, str) and instance in ELSEWHERE:
        read = ELSEWHERE[instance]()
        require(kind, read.instance, instance)
        return _as_it_is(read, num_scenarios, seed)
    if isinstance(instance, str) and instance not in instances.names() and not is_instance_file(instance):
        known = [*instances.names(), *families, *ELSEWHERE]
        raise InputError(
            f"{origin}unknown instance {instance!r}{did_you_mean(instance, known)}; known: {', '.join(known)} (or give a .json file)"
        )
    inst = require(kind, instances.load(instance) if isinstance(instance, str) else instance, str(getattr(instance, "name", instance)))
    records: list[Any] = list(inst.scenarios) if scenario_file is None else instances.read_scenarios(scenario_file, inst)
    if isinstance(inst, Responder) and not records:
        return futures(inst, num_scenarios, seed)
    if isinstance(inst, Routing) and not records:
        return routing_futures(inst, num_scenarios, seed)
    if isinstance(inst, Triage) and not records:
        return triage_futures(inst, num_scenarios, seed)
    source = _fixed(inst, records, scenario_file or (instance if isinstance(instance, str) else ""))
    if not source.num_scenarios:
        raise InputError(f"instance {inst.name!r}: field 'scenarios' is empty; give --scenario-file")
    return _as_it_is(source, num_scenarios, seed)


def _as_it_is(source: Any, num_scenarios: int | None, seed: int | None) -> Any:
    """Return a source whose scenarios are given; refuse another number of them, and a seed."""
    name = source.instance.name
    if num_scenarios not in (None, source.num_scenarios):
        raise InputError(f"--scenarios {num_scenarios}: instance {name!r} is fixed and has {source.num_scenarios} scenarios")
    if seed is not None:
        raise InputError(f"--seed {seed}: instance {name!r} is fixed, nothing is drawn")
    return source


def _fixed(inst: Instance, records: list[Any], file: str) -> Any:
    """Return the source of scenarios written in a file, which errors name if it is one."""
    if isinstance(inst, Prepositioning):
        return FixedSource(inst, records)
    if isinstance(inst, Responder):
        return FixedResponder.of_records(inst, records)
    if isinstance(inst, Routing):
        with naming_file(file):
            return FixedRouting.of_records(inst, records)
    if isinstance(inst, Triage):
        return FixedTriage.of_records(inst, records)
    return FixedDemand.of_records(inst, records) if isinstance(inst, Deployment) else FixedRoads.of_records(inst, records)


def is_scenario_set(scenario_file: str | None) -> bool:
    """Whether a scenario file is a scenario set, which carries its own instance, and not scenarios in JSON."""
    return scenario_file is not None and scenario_file.endswith(".nc")


def _scenario_set(path: str, instance: str | Prepositioning, num_scenarios: int | None, seed: int | None) -> ScenarioSource:
    from .scenario_source import ScenarioSetSource

    inst = (instances.load_as(Prepositioning, instance) if instance else None) if isinstance(instance, str) else instance
    source = ScenarioSetSource(path, inst)
    if num_scenarios not in (None, source.num_scenarios):
        raise InputError(f"--scenarios {num_scenarios}: {path} holds {source.num_scenarios} scenarios")
    if seed is not None:
        raise InputError(f"--seed {seed}: the scenarios of {path} are drawn already")
    return source


class ResampledSource:
    """``num_scenarios`` draws with replacement from a source, by its probabilities; draw k depends on (seed, k) alone."""

    def __init__(self, parent: ScenarioSource, num_scenarios: int, seed: int):
        self.parent, self._num, self.seed = parent, num_scenarios, seed
        self._cumulative = np.cumsum(parent.probabilities)

    @property
    def instance(self) -> Prepositioning:
        """The parent's instance."""
        return self.parent.instance

    @property
    def num_scenarios(self) -> int:
        """How many draws there are."""
        return self._num

    @property
    def limited_links(self) -> NDArray[np.bool_]:
        """The parent's limited links."""
        return self.parent.limited_links

    @property
    def probabilities(self) -> Array:
        """1 / num_scenarios for every draw (S,)."""
        return np.full(self._num, 1 / self._num)

    def scenario(self, k: int) -> Scenario:
        """Return draw ``k``, with probability 1 / num_scenarios."""
        return replace(self.parent.scenario(self._drawn(k)), name=f"scen{k}", probability=1 / self._num)

    def block(self, start: int, stop: int) -> ScenarioBlock:
        """Return draws ``start, ..., stop - 1``; a scenario of the parent that comes twice is built once."""
        drawn, place = np.unique([self._drawn(k) for k in range(start, max(stop, start + 1))], return_inverse=True)
        block = type(self.parent.block(0, 0)).stack([self.parent.scenario(int(k)) for k in drawn]).take(place[: stop - start])
        return replace(block, names=tuple(f"scen{k}" for k in range(start, stop)), probability=np.full(len(block), 1 / self._num))

    def _drawn(self, k: int) -> int:
        """Return which scenario of the parent draw ``k`` is."""
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(k,)))
        drawn = int(np.searchsorted(self._cumulative, rng.uniform(0, self._cumulative[-1]), side="right"))
        return min(drawn, self.parent.num_scenarios - 1)
