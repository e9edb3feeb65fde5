"""A synthetic catalogue of past events: near the faults, with Gutenberg-Richter magnitudes."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from ..exposure import Catalogue
from ..geometry import Projection
from .plan import Plan

YEARS = (1900, 2024)
SMALLEST, LARGEST = 4.5, 7.6


def catalogue(plan: Plan, scale: float, origin: Projection, rng: Generator) -> Catalogue:
    """Draw the plan's number of events between 1900 and 2024, M 4.5 and more, each within some 8 km of a fault."""
    rates = np.array([f.annual_rate for f in plan.faults])
    fault = rng.choice(len(plan.faults), plan.events, p=rates / rates.sum())
    place = np.empty((plan.events, 2))
    for number, source in enumerate(plan.faults):
        here = np.flatnonzero(fault == number)
        trace = np.array(source.trace, dtype=float) * scale
        lengths = np.linalg.norm(np.diff(trace, axis=0), axis=1)
        at = rng.uniform(0, lengths.sum(), len(here))
        walked = np.concatenate([[0.0], np.cumsum(lengths)])
        place[here] = np.column_stack([np.interp(at, walked, trace[:, i]) for i in (0, 1)])
    place += rng.normal(0, 8 * min(1.0, scale), place.shape)
    beta = 0.9 * np.log(10)
    u = rng.random(plan.events)
    magnitude = SMALLEST - np.log(1 - u * (1 - np.exp(-beta * (LARGEST - SMALLEST)))) / beta
    latitude, longitude = origin.to_degrees(*place.T)
    years = np.sort(rng.integers(YEARS[0], YEARS[1] + 1, plan.events))
    return Catalogue(years, np.round(magnitude, 1), latitude, longitude)
