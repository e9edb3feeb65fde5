"""From damage states of bridges to links: what is open, slowed, closed.

The rule is ours. Hazus' restoration functions of highway bridges have means of 0.6, 2.5, 75 and 230 days for slight, moderate, extensive
and complete damage: slight damage is repaired within a day and leaves a link as it was; moderate damage slows it (half the capacity, twice
the time) for some days; extensive and complete damage close it for months. Where several bridges carry a link, the worst decides.

The means were compared with the table in EQRM (github.com/GeoscienceAustralia/eqrm, resources/data/bridge_state_mean_sigma.csv; standard
deviations 0.6, 2.7, 42 and 110 days), not with the manual itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...instances.traffic_roads import CLOSED, INTACT, SLOWED, States
from .streets import Mask

SLOWED_FROM, CLOSED_FROM = 2, 3
"""Damage states (0 none, 1 slight, 2 moderate, 3 extensive, 4 complete) from which a link is slowed and closed."""

SLOW_TIME, SLOW_CAPACITY = 2.0, 0.5
"""Travel time and capacity of a slowed link over those of the intact one."""


def damaged(states: NDArray[np.int8]) -> Mask:
    """Return which bridges need repair before their links are as they were, of the shape of the states."""
    return np.asarray(states >= SLOWED_FROM)


def element_states(states: NDArray[np.int8]) -> States:
    """Return what damage states make of the links of each bridge, of the same shape: intact, slowed or closed."""
    return np.where(states >= CLOSED_FROM, CLOSED, np.where(states >= SLOWED_FROM, SLOWED, INTACT)).astype(np.int8)


def link_states(states: NDArray[np.int8], carriers: Mask) -> tuple[Mask, Mask]:
    """Return the closed and the slowed links (S, L), exclusively, from states (S, B) and which bridge carries which link (B, L)."""
    worst = np.zeros((len(states), carriers.shape[1]), dtype=np.int8)
    for state, links in zip(states.T, carriers, strict=True):
        worst[:, links] = np.maximum(worst[:, links], state[:, None])
    return worst >= CLOSED_FROM, (worst >= SLOWED_FROM) & (worst < CLOSED_FROM)
