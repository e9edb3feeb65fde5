"""Fresh scenarios of a program: those a plan is evaluated on, and independent samples of any size.

What a sample of n scenarios with a seed is depends on where the scenarios come from: a drawn family draws anew, a foreign module that
declares ``seed`` is given it, and whatever has a fixed list of scenarios (packaged instances, scenario files and sets, SMPS files, modules
without ``seed``) is drawn from with replacement, by its probabilities. Scenario k of a sample depends on (seed, k) alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import InputError
from ..scenario_gen.sources import ResampledSource
from ..scenario_gen.streams import derived_seed
from .compiled import stage_data
from .matrices import StageData
from .program import Program, from_recipe
from .smps import resample

MODULE_SEEDS = 2**31
"""Seeds given to foreign modules are smaller: numpy's older generators take no others."""


def fresh(program: Program, scenarios: int | None, seed: int | None, scenario_file: str | None) -> tuple[Program, bool]:
    """Return the program to evaluate a plan on, and whether its scenarios are independent draws.

    ``scenarios`` draws of ``seed`` (default: the program's own plus one), the scenarios of a file, or with neither the program's own.

    Raises
    ------
    InputError
        A scenario file for a program that takes none; other scenarios than its own for one whose rows are generated.
    """
    recipe = dict(program.recipe)
    if program.lazy is not None and (scenario_file is not None or scenarios is not None):
        raise InputError("--scenarios, --scenario-file: a plan whose decisions are recomputed is evaluated on its own scenarios alone")
    if scenario_file is not None:
        if scenarios is not None or "model" not in recipe:
            raise InputError(f"--scenario-file {scenario_file}: goes with a model of quakeops, and without --scenarios")
        return from_recipe(recipe | {"scenario_file": scenario_file, "scenarios": None, "seed": None}), False
    if seed is None:  # never the draws that the plan was made for
        seed = (recipe.get("seed") or 0) + 1
    if scenarios is None:
        return program, "model" in recipe and hasattr(program.kwargs["source"], "seed")
    if "module" in recipe and not recipe.get("seeded"):
        return from_recipe(recipe | {"scenarios": scenarios}), True
    return _drawn(program, scenarios, seed), True


def _drawn(program: Program, scenarios: int, seed: int) -> Program:
    """Return the program on ``scenarios`` draws; not for modules without ``seed``."""
    recipe = dict(program.recipe)
    if "smps" in recipe:
        return resample(program, scenarios, seed)
    if "module" in recipe:
        return from_recipe(recipe | {"scenarios": scenarios, "arguments": {**(recipe.get("arguments") or {}), "seed": seed}})
    source = program.kwargs["source"]
    if hasattr(source, "seed"):
        return from_recipe(recipe | {"scenarios": scenarios, "seed": seed})
    names = tuple(f"scen{k}" for k in range(scenarios))
    return replace(program, scenario_names=names, kwargs={**program.kwargs, "source": ResampledSource(source, scenarios, seed)})


@dataclass(slots=True)
class Population:
    """The distribution that a program's scenarios stand for; :meth:`draw` returns independent samples of it.

    Raises
    ------
    InputError
        There is nothing to sample: one scenario alone, and nothing that draws others.
    """

    program: Program
    _compiled: StageData | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if not self.drawn and self.program.num_scenarios < 2:
            name = " ".join(dict.fromkeys([self.program.name, self.program.instance])).strip()
            hint = "" if self._of != "module" else "; a module is sampled if it declares an argument 'seed', or has several scenarios"
            raise InputError(f"{name}: has one scenario, so there is nothing to sample: 'solve' gives its exact gap{hint}")

    @property
    def _of(self) -> str:
        return next(kind for kind in ("model", "module", "smps") if kind in self.program.recipe)

    @property
    def drawn(self) -> bool:
        """Whether new scenarios are drawn; otherwise those of a fixed list are, with replacement."""
        if self._of == "module":
            return bool(self.program.recipe.get("seeded"))
        return self._of == "model" and hasattr(self.program.kwargs["source"], "seed")

    def draw(self, size: int, seed: int, use: int) -> Program:
        """Return ``size`` equally likely scenarios; samples of different ``use`` are independent of each other and of those of ``seed``."""
        own = derived_seed(seed, use)
        if self._of != "module":
            return _drawn(self.program, size, own)
        if not self.drawn:
            return self._resampled(size, own)
        sample = _drawn(self.program, size, own % MODULE_SEEDS)
        if sample.num_scenarios != size:
            raise InputError(
                f"{self.program.name}: made {sample.num_scenarios} scenarios where {size} were asked for; it cannot be sampled"
            )
        return sample

    def _resampled(self, size: int, seed: int) -> Program:
        """Draw from the compiled scenarios of a module without ``seed``."""
        if self._compiled is None:
            self._compiled = stage_data(self.program)
        data, cumulative = self._compiled, np.cumsum(self._compiled.probabilities)

        def scenario(k: int) -> StageData:
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,)))
            drawn = int(np.searchsorted(cumulative, rng.uniform(0, cumulative[-1]), side="right"))
            chosen = data.scenarios[min(drawn, len(cumulative) - 1)]
            return replace(data, scenarios=(replace(chosen, name=f"scen{k}", probability=1 / size),))

        return replace(self.program, scenario_names=tuple(f"scen{k}" for k in range(size)), arrays=scenario)
