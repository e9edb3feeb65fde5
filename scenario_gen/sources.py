"""Open the scenarios of an instance: its own, a file's, or draws of a seeded family."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .. import instances
from ..errors import InputError
from ..instances import FixedSource, Prepositioning, Scenario, ScenarioSource
from ..instances.loader import did_you_mean, instance_of_scenario_file
from . import prepositioning_random

FAMILIES = {"prepositioning-random": prepositioning_random.RandomSource}


def open_source(
    instance: str | Prepositioning,
    *,
    scenario_file: str | None = None,
    num_scenarios: int | None = None,
    seed: int | None = None,
) -> ScenarioSource:
    """Return the scenario source that the arguments describe.

    Raises
    ------
    InputError
        Unknown instance; ``num_scenarios`` or ``seed`` on a fixed instance; a scenario file for another instance.
    """
    origin = ""
    if scenario_file is not None and isinstance(instance, str) and not instance:
        instance, origin = instance_of_scenario_file(scenario_file), f"{scenario_file}: field 'instance': "
    if isinstance(instance, str) and instance in FAMILIES:
        if scenario_file is not None:
            raise InputError(f"--scenario-file {scenario_file}: {instance!r} draws its own scenarios; give --scenarios and --seed")
        return FAMILIES[instance](100 if num_scenarios is None else num_scenarios, 0 if seed is None else seed)
    if isinstance(instance, str) and instance not in instances.names() and not instance.endswith(".json"):
        known = [*instances.names(), *FAMILIES]
        raise InputError(
            f"{origin}unknown instance {instance!r}{did_you_mean(instance, known)}; known: {', '.join(known)} (or give a .json file)"
        )
    inst = instances.load(instance) if isinstance(instance, str) else instance
    records = None if scenario_file is None else instances.read_scenarios(scenario_file, inst)
    source = FixedSource(inst, records)
    if not source.num_scenarios:
        raise InputError(f"instance {inst.name!r}: field 'scenarios' is empty; give --scenario-file")
    if num_scenarios not in (None, source.num_scenarios):
        raise InputError(f"--scenarios {num_scenarios}: instance {inst.name!r} is fixed and has {source.num_scenarios} scenarios")
    if seed is not None:
        raise InputError(f"--seed {seed}: instance {inst.name!r} is fixed, nothing is drawn")
    return source


class ResampledSource:
    """``num_scenarios`` draws with replacement from a source, by its probabilities; draw k depends on (seed, k) alone."""

    def __init__(self, parent: ScenarioSource, num_scenarios: int, seed: int):
        self.parent, self._num, self.seed = parent, num_scenarios, seed
        self._cumulative = np.cumsum([parent.scenario(k).probability for k in range(parent.num_scenarios)])

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

    def scenario(self, k: int) -> Scenario:
        """Return draw ``k``, with probability 1 / num_scenarios."""
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(k,)))
        drawn = int(np.searchsorted(self._cumulative, rng.uniform(0, self._cumulative[-1]), side="right"))
        return replace(self.parent.scenario(min(drawn, self.parent.num_scenarios - 1)), name=f"scen{k}", probability=1 / self._num)
