"""Zones of a metropolitan area: centres, areas, people, and their class by density."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .outline import Outline
from .plan import Plan

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

SAMPLES = 40_000
"""Points of the land by which zones are laid out and measured."""

FLOOR = 0.04
"""Density far from all cores, as a share of that in the middle of the strongest."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Zones: centres (Z, 2) in km, areas in km2, people, density class 0 (core) to 2, the polygon each lies in."""

    centre: Array
    area_km2: Array
    population: Numbers
    district: Numbers
    side: Numbers


def density(plan: Plan, scale: float, points: Array) -> Array:
    """Return the relative density of people at points (n, 2)."""
    out = np.zeros(len(points))
    for core in plan.cores:
        distance = np.linalg.norm(points - scale * np.array(core.at), axis=1)
        out += core.weight * np.exp(-0.5 * (distance / (scale * core.spread_km)) ** 2)
    return out / max(c.weight for c in plan.cores) + FLOOR


def lay_out(plan: Plan, land: Outline, rng: Generator) -> Layout:
    """Place zones by Lloyd's iterations weighted by the square root of density, so that zones are small where people are many."""
    points = land.draw(rng, SAMPLES)
    people = density(plan, land.scale, points)
    weight = np.sqrt(people)
    centre = points[rng.choice(SAMPLES, plan.zones, replace=False, p=weight / weight.sum())]
    for _ in range(12):
        nearest = cKDTree(centre).query(points)[1]
        total = np.bincount(nearest, weight, plan.zones)
        moved = (
            np.column_stack([np.bincount(nearest, weight * points[:, i], plan.zones) for i in (0, 1)]) / np.maximum(total, 1e-12)[:, None]
        )
        centre = np.where((total > 0)[:, None], moved, centre)
    centre = points[cKDTree(points).query(centre)[1]]  # on land
    nearest = cKDTree(centre).query(points)[1]
    area = shares(np.bincount(nearest, minlength=plan.zones).astype(float), round(plan.area_km2 * 100)) / 100
    population = shares(np.bincount(nearest, people, plan.zones).astype(float), plan.population)
    order = np.argsort(np.argsort(-population / area))
    district = np.searchsorted(np.array([0.25, 0.6]), (order + 0.5) / plan.zones).astype(np.int64)
    return Layout(centre, area, population, district, land.side(centre))


def shares(weights: Array, total: int) -> Numbers:
    """Return whole numbers in proportion to ``weights`` that sum to ``total`` (largest remainders)."""
    exact = weights * (total / weights.sum())
    out: Numbers = np.floor(exact).astype(np.int64)
    out[np.argsort(out - exact, kind="stable")[: total - int(out.sum())]] += 1
    return out
