r"""Repair cost and casualties from damage states.

    L_b = V_b sum_ds LR_ds P(DS = ds),    P(DS = ds) = P(DS >= ds) - P(DS >= ds + 1)           (eq. 10 of the ST-ERAO paper)
    C_b = O_b sum_ds CR_ds P(DS = ds)                                                          (eq. 11)

V_b replacement value, O_b people inside. Expected values take the probabilities of the states, realised ones the state that was sampled,
that is P = 0 or 1. Both take ratios by archetype and state from none to complete: LR (A, D + 1), CR (A, D + 1, 4) by severity.

LR is Hazus' repair cost of structure, acceleration-sensitive and drift-sensitive non-structural parts, all at the building's one state;
it is 1 at complete damage. CR at complete damage mixes collapsed and standing floor area, with c the share collapsed:

    CR_complete = (1 - c) CR_standing + c CR_collapsed                                                                   (1)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .exposure import TIMES
from .fragility import check_numbers
from .hazus import CASUALTY_STATES, check_building, collapse_given_complete, indoor_casualty_rates, occupancy_classes, repair_cost_ratios
from .plausible import one_of, within

Array = NDArray[np.float64]
Numbers = NDArray[np.integer]

NUM_SEVERITIES = 4
"""Severities: 1 treated without a stay, 2 in hospital, 3 life at risk if not treated soon, 4 dead or dying."""

BRIDGE_LOSS_RATIO = np.array([0.0, 0.03, 0.08, 0.25, 1.0])
"""Repair cost of a bridge per replacement value, by state from none to complete."""


def loss_ratios(occupancies: Sequence[str]) -> Array:
    """Return LR (A, 5) for archetypes of these occupancy classes.

    Raises
    ------
    InputError
        An unknown class; the message names a similar one.
    """
    for occupancy in occupancies:
        one_of("occupancy class", occupancy, occupancy_classes())
    out = np.zeros((len(occupancies), 5))
    for a, occupancy in enumerate(occupancies):
        out[a, 1:] = repair_cost_ratios()[occupancy].sum(axis=0).round(9)
    return out


def casualty_rates(types: Sequence[tuple[str, str]]) -> Array:
    """Return CR (A, 5, 4) for archetypes of these (building type, code level) pairs, complete damage by (1).

    Raises
    ------
    InputError
        An unknown type or code level; the message names a similar one.
    """
    out = np.zeros((len(types), 5, NUM_SEVERITIES))
    standing, collapsed = CASUALTY_STATES.index("complete"), CASUALTY_STATES.index("collapse")
    for a, (building_type, code) in enumerate(types):
        check_building(building_type, code)
        rates, c = indoor_casualty_rates()[building_type], collapse_given_complete()[building_type, code]
        out[a, 1:4] = rates[:standing]
        out[a, 4] = (1 - c) * rates[standing] + c * rates[collapsed]
    return out


def occupants_at(occupants: ArrayLike, time_of_day: str) -> Array:
    """Return the people inside (n,) at night (2 am), by day (2 pm) or at commuting time (5 pm) from the columns of occupants (n, 3).

    Raises
    ------
    InputError
        An unknown time of day, a negative number of people.
    """
    one_of("time_of_day", time_of_day, TIMES)
    people = within("occupants", occupants, 0, np.finfo(float).max, "people")
    if people.ndim != 2 or people.shape[1] != len(TIMES):
        raise InputError(f"occupants has shape {people.shape}: expected (n, 3), people by {', '.join(TIMES)}")
    return np.asarray(people[:, TIMES.index(time_of_day)])


def expected_loss(value: ArrayLike, ratios: Array, archetype: Numbers, probabilities: ArrayLike) -> Array:
    """Return eq. 10, (..., n): money, from values (n,) and probabilities of the states (..., n, D + 1).

    Raises
    ------
    InputError
        A negative value, a probability outside [0, 1].
    """
    by_ratio = np.einsum("...nd,nd->...n", _probabilities(probabilities), ratios[_checked(archetype, ratios)])
    return np.asarray(_values("value", value) * by_ratio)


def expected_casualties(people: ArrayLike, rates: Array, archetype: Numbers, probabilities: ArrayLike) -> Array:
    """Return eq. 11, (..., n, 4): people by severity, from people inside (n,) and probabilities of the states (..., n, D + 1).

    Raises
    ------
    InputError
        A negative number of people, a probability outside [0, 1].
    """
    by_rate = np.einsum("...nd,nds->...ns", _probabilities(probabilities), rates[_checked(archetype, rates)])
    return np.asarray(_values("people", people)[:, None] * by_rate)


def realised_loss(value: ArrayLike, ratios: Array, archetype: Numbers, states: NDArray[np.integer]) -> Array:
    """Return V_b LR of the state reached, (..., n), from states (..., n)."""
    check_numbers(states.reshape(-1), ratios.shape[1], "state")
    return np.asarray(_values("value", value) * ratios[_checked(archetype, ratios), states])


def realised_casualties(people: ArrayLike, rates: Array, archetype: Numbers, states: NDArray[np.integer]) -> Array:
    """Return O_b CR of the state reached, (..., n, 4), from states (..., n)."""
    check_numbers(states.reshape(-1), rates.shape[1], "state")
    return np.asarray(_values("people", people)[:, None] * rates[_checked(archetype, rates), states])


def zone_sums(values: ArrayLike, zone: Numbers, num_zones: int) -> Array:
    """Return the sums over the sites of each zone: (Z,) from values (n,), (Z, S) from (n, S)."""
    values = np.asarray(values, dtype=float)
    check_numbers(zone, num_zones, "zone")
    if values.ndim not in (1, 2) or len(values) != len(zone):
        raise InputError(f"values has shape {values.shape}: expected one row for each of {len(zone)} sites")
    if values.ndim == 1:
        return np.bincount(zone, values, num_zones).astype(float)
    return np.stack([np.bincount(zone, column, num_zones) for column in values.T], axis=1).astype(float)


def _checked(archetype: Numbers, table: Array) -> Numbers:
    check_numbers(archetype, len(table))
    return archetype


def _values(name: str, values: ArrayLike) -> Array:
    return within(name, values, 0, np.finfo(float).max)


def _probabilities(values: ArrayLike) -> Array:
    return within("probabilities", values, 0, 1)
