"""Fragilities of a bridge inventory, ready for sampling: each bridge is a class of its own."""

from __future__ import annotations

from ..instances.bridges import BridgeInventory
from .fragility import Fragility, FragilitySet


def bridge_fragilities(inventory: BridgeInventory) -> FragilitySet:
    """Return the fragilities of the bridges, in their order: ``exceedance(ln_im, numpy.arange(B))`` takes ln IM (..., B) at the bridges.

    Examples
    --------
    >>> import numpy as np
    >>> from quakeops.scenario_gen.grid_town import grid_town
    >>> bridges = grid_town(scenarios=1).bridges
    >>> bridge_fragilities(bridges).exceedance(np.log(bridges.medians_g[:, 1]), np.arange(20))[:, 1].tolist() == 20 * [0.5]
    True
    """
    rows = zip(inventory.names, inventory.measures, inventory.medians_g.tolist(), inventory.betas.tolist(), strict=True)
    return FragilitySet(
        [Fragility(name, measure, tuple(medians), tuple(betas), inventory.states) for name, measure, medians, betas in rows],
        inventory.states,
    )
