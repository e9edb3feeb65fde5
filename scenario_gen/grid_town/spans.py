"""The bridges over the river: on which streets, one for both directions or one for each, how wide."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from ...errors import InputError
from ..bridge_stock import Spans, draw_spans
from ..geometry import Projection
from .streets import Array, Mask, Numbers, Streets

WIDTH_M = {"street": 9.0, "arterial": 16.0, "one way": 8.5}
APART_KM = 0.04
"""Half the distance between two bridges of one street."""


def unbridged(streets: Streets, count: int, rng: Generator) -> tuple[Mask, Numbers]:
    """Return the streets (E,) that end at the river for want of a bridge, and how many bridges each street has, (E,): 0, 1 or 2.

    Arterials come first, then streets in a drawn order; with more bridges than streets over the river, these get one for each direction
    in the same order.

    Raises
    ------
    InputError
        A number of bridges that the streets over the river cannot have.
    """
    over = np.flatnonzero(streets.crosses)
    if not 1 <= count <= 2 * len(over):
        raise InputError(f"field 'bridges': {count}: {len(over)} streets cross the river: expected 1 to {2 * len(over)} bridges")
    order = over[np.lexsort([rng.random(len(over)), ~streets.arterial[over]])]
    bridges = np.zeros(len(streets.ends), dtype=np.int64)
    np.add.at(bridges, np.concatenate([order, order])[:count], 1)
    return streets.crosses & (bridges == 0), bridges


def build(streets: Streets, bridges: Numbers, origin: Projection, rng: Generator) -> Spans:
    """Draw the bridges of streets that have ``bridges`` (E,) each, numbered by street."""
    count = len(streets.ends)
    street = np.repeat(np.arange(count), bridges)
    second = np.concatenate([[False], street[1:] == street[:-1]])
    single = bridges[street] == 1
    links = np.zeros((len(street), 2 * count), dtype=bool)
    every = np.arange(len(street))
    links[every, np.where(second, street + count, street)] = True
    links[every[single], street[single] + count] = True
    kind = np.where(single, np.where(streets.arterial[street], "arterial", "street"), "one way")
    place = streets.over_river_km[street] + _aside(streets, street) * np.where(single, 0, np.where(second, -1, 1))[:, None]
    return draw_spans(
        [f"b{number:02d}" for number in range(1, len(street) + 1)],
        [f"{streets.street_names[e]}{'' if alone else ', one way'}" for e, alone in zip(street.tolist(), single.tolist(), strict=True)],
        street,
        links,
        streets.link_names,
        place,
        np.array([WIDTH_M[k] for k in kind.tolist()]),
        origin,
        rng,
    )


def _aside(streets: Streets, street: Numbers) -> Array:
    """Return half the way between two bridges of a street, to the right of its first direction, (B, 2) in km."""
    a, b = streets.ends[street].T
    along = np.column_stack([streets.x_km[b] - streets.x_km[a], streets.y_km[b] - streets.y_km[a]])
    along /= np.linalg.norm(along, axis=1)[:, None]
    return APART_KM * np.column_stack([along[:, 1], -along[:, 0]])
