"""Draw the town and its earthquakes (:mod:`quakeops.scenario_gen.bridge_quakes`)."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from ...errors import InputError
from ...instances.bridges import BridgeInventory
from ...instances.damage_maps import DamageMaps
from ..bridge_quakes import draw_quakes
from ..exposure import Exposure
from .closures import damaged
from .paths import free_flow_minutes
from .region import ORIGIN, region
from .spans import build, unbridged
from .streets import Mask, Streets, lay_out
from .town import GridTown
from .trips import gravity

NETWORK_SEED = 2026


def grid_town(
    *,
    scenarios: int = 50,
    seed: int = 0,
    rows: int = 6,
    columns: int = 8,
    bridges: int = 20,
    block_km: float = 0.75,
    importance: bool = True,
    network_seed: int = NETWORK_SEED,
    threads: int | None = None,
) -> GridTown:
    """Draw a town and its earthquakes.

    Parameters
    ----------
    scenarios, seed
        How many earthquakes, and their seed; scenario k depends on (seed, k) and the town alone.
    rows, columns, block_km
        Crossings from south to north and from west to east, and how far apart.
    bridges
        Bridges over the river, at least 1, at most two for each street that crosses it; a street without a bridge ends at the river.
    importance
        Draw large magnitudes and strong shaking more often, with smaller rates; else every scenario has the same rate.
    network_seed
        Seed of the town itself: river, lengths, bridges, buildings, soil.
    threads
        Of the generator; by default as many as there are processors. No number depends on it.

    Raises
    ------
    InputError
        A number out of range.

    Examples
    --------
    >>> town = grid_town(scenarios=20, seed=1)
    >>> len(town.streets.names), len(town.bridges), town.states.shape
    (48, 20, (20, 20))
    >>> round(town.maps.total_rate, 6)  # of all events on the two faults
    0.022
    """
    if network_seed < 0:
        raise InputError(f"field 'network_seed': {network_seed}: must not be negative")
    rng = np.random.default_rng(np.random.SeedSequence(network_seed))
    streets, inventory, carriers, exposure = _town(rows, columns, bridges, block_km, rng)
    drawn = draw_quakes(exposure, scenarios, seed, importance=importance, threads=threads)
    return GridTown(
        streets=streets,
        trips=gravity(
            exposure.zones.population.astype(float),
            free_flow_minutes(streets, streets.free_flow_minutes),
            np.hypot(streets.x_km, streets.y_km),
        ),
        bridges=inventory,
        carriers=carriers,
        region=exposure,
        states=drawn.states,
        magnitudes=drawn.magnitudes,
        maps=DamageMaps(
            scenarios=tuple(f"scen{k}" for k in range(scenarios)),
            elements=inventory.names,
            rates=drawn.rates,
            damaged=damaged(drawn.states),
        ),
        seed=seed,
    )


def _town(rows: int, columns: int, bridges: int, block_km: float, rng: Generator) -> tuple[Streets, BridgeInventory, Mask, Exposure]:
    """Draw the town without its earthquakes."""
    whole = lay_out(rows, columns, block_km, rng)
    ending, each = unbridged(whole, bridges, rng)
    streets = whole.without(ending)
    spans = build(streets, each[~ending], ORIGIN, rng)
    return streets, spans.inventory, spans.links, region(streets, spans, rng)
