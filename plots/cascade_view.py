"""What a picture of a cascade shows, as plain data: the components' states, and the dependencies along which function was lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..scenario_gen.cascade import sample_function
from ..scenario_gen.generation import ScenarioGenerator
from ..scenario_gen.transmission import carrying_edges

Bits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class CascadeView:
    """A scenario's components: ``failed`` and ``lost`` (C,), and the edges (E,) that ``carried`` the loss of function."""

    failed: Bits
    lost: Bits
    carried: Bits

    @property
    def state(self) -> NDArray[np.int64]:
        """Return the state of each component (C,): 0 works, 1 lost by cascade, 2 physically failed."""
        return np.where(self.failed, 2, np.where(self.lost, 1, 0))


def cascade_view(generator: ScenarioGenerator, k: int) -> CascadeView:
    """Make the components' states of scenario ``k`` again."""
    damage = generator.damage.of(k, generator.shaking.block(k, k + 1)[0])
    lost = sample_function(generator.graph, damage.failed[None], seed=generator.seed, first_scenario=k, threads=1)[0]
    return CascadeView(damage.failed, lost, carrying_edges(generator.graph, damage.failed, lost, seed=generator.seed, k=k))
