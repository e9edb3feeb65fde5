r"""The source's genetic algorithm (sections 4 and 5.2), the baseline of the routing heuristics: permutations, PMX, swap, reversal.

A generation: parents are drawn, ``gap`` times the population, by linear ranking (the best is expected twice, the worst not at all) with
one spin of equally spaced pointers; neighbours among them are crossed with probability ``crossover``; each child has two places swapped
with probability ``mutation``; then, ``reversals`` times, a random stretch of each child is reversed where that makes it better; the
children and the best of the old generation, which fill the gap, are the new one.

The source gives the population, generations, probabilities and gap. It leaves open the selection ("the higher the fitness the higher the
probability"), the number of reversals ("multiple successive") and survival; these are ours. Its printed chromosomes are one closed tour
(``genetic_tour``). Read as routes (``genetic_routes``), a permutation is divided by ``route_split``: our decoding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .route_cost import Routes, evaluate_routes
from .route_problem import Array, RouteProblem
from .route_split import split

Orders = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Genetics:
    """The settings; the defaults are the source's.

    Raises
    ------
    InputError
        A population below 2, a negative count, a probability or a gap outside [0, 1].
    """

    population: int = 100
    generations: int = 200
    crossover: float = 0.9
    mutation: float = 0.05
    gap: float = 0.9
    reversals: int = 2

    def __post_init__(self) -> None:
        for field, least in (("population", 2), ("generations", 0), ("reversals", 0)):
            if (value := getattr(self, field)) < least:
                raise InputError(f"genetic algorithm: {field} is {value}, expected at least {least}")
        for field in ("crossover", "mutation", "gap"):
            if not 0 <= (value := getattr(self, field)) <= 1:
                raise InputError(f"genetic algorithm: {field} is {value:g}, expected 0 to 1")


@dataclass(frozen=True, slots=True, eq=False)
class Evolution:
    """The best permutation of 0 to n - 1, its cost, and the best cost at the beginning and after each generation."""

    order: tuple[int, ...]
    value: float
    history: tuple[float, ...]


def genetic_tour(distance: Array, *, seed: int, settings: Genetics = Genetics()) -> Evolution:
    """Return a short closed tour through all n points of an (n, n) matrix: the source's own problem."""
    return evolve(lambda orders: distance[orders, np.roll(orders, -1, axis=1)].sum(axis=1), len(distance), seed=seed, settings=settings)


def genetic_routes(problem: RouteProblem, *, seed: int, settings: Genetics = Genetics()) -> Routes | None:
    """Return the best routes that the algorithm finds, or None where its best permutation cannot be divided into feasible ones."""
    best = evolve(lambda orders: split(problem, orders + 1)[0], problem.num_sites, seed=seed, settings=settings)
    routes = split(problem, np.array([best.order]) + 1)[1][0]
    if not routes or len(routes) > problem.vehicles:
        return None
    return evaluate_routes(problem, routes, by="genetic algorithm")


def evolve(cost: Callable[[Orders], Array], size: int, *, seed: int, settings: Genetics = Genetics()) -> Evolution:
    """Minimise a cost over permutations; ``cost`` takes (P, size) of them. The same seed gives the same result."""
    rng = np.random.default_rng(seed)
    people = rng.permuted(np.tile(np.arange(size), (settings.population, 1)), axis=1)
    values = cost(people)
    history = [float(values.min())]
    count = max(2, round(settings.gap * settings.population))
    for _ in range(settings.generations):
        children = people[rng.permutation(_ranked(values, count, rng))]
        for k in range(0, count - 1, 2):
            if rng.random() < settings.crossover:
                first, last = _places(rng, size)
                children[k], children[k + 1] = pmx(children[k], children[k + 1], first, last)
        for k in np.flatnonzero(rng.random(count) < settings.mutation).tolist():
            children[k] = swap(children[k], *_places(rng, size))
        scores = cost(children)
        for _ in range(settings.reversals):
            turned = np.stack([turn(child, *_places(rng, size)) for child in children])
            turned_scores = cost(turned)
            better = turned_scores < scores
            children[better], scores[better] = turned[better], turned_scores[better]
        kept = np.argsort(values, kind="stable")[: settings.population - count]
        people, values = np.concatenate([people[kept], children]), np.concatenate([values[kept], scores])
        history.append(min(history[-1], float(values.min())))
    best = int(values.argmin())
    return Evolution(tuple(people[best].tolist()), float(values[best]), tuple(history))


def pmx(one: Orders, other: Orders, first: int, last: int) -> tuple[Orders, Orders]:
    """Cross two permutations by partial mapping: exchange places ``first`` to ``last``, elsewhere follow the exchange outwards."""

    def child(outer: Orders, inner: Orders) -> Orders:
        """Return ``outer`` with the middle of ``inner``."""
        middle = slice(first, last + 1)
        mapping = dict(zip(inner[middle].tolist(), outer[middle].tolist(), strict=True))
        mixed = outer.tolist()
        for k in (*range(first), *range(last + 1, len(outer))):
            while mixed[k] in mapping:
                mixed[k] = mapping[mixed[k]]
        mixed[middle] = inner[middle].tolist()
        return np.array(mixed)

    return child(one, other), child(other, one)


def swap(order: Orders, one: int, other: int) -> Orders:
    """Return a permutation with two places exchanged."""
    swapped = order.copy()
    swapped[[one, other]] = order[[other, one]]
    return swapped


def turn(order: Orders, first: int, last: int) -> Orders:
    """Return a permutation with places ``first`` to ``last`` reversed."""
    return np.concatenate([order[:first], order[first : last + 1][::-1], order[last + 1 :]])


def _places(rng: np.random.Generator, size: int) -> tuple[int, int]:
    """Draw two different places, in order; the same one twice where there is only one."""
    one, other = int(rng.integers(size)), int(rng.integers(max(1, size - 1)))
    other += other >= one and size > 1
    return min(one, other), max(one, other)


def _ranked(values: Array, count: int, rng: np.random.Generator) -> Orders:
    """Draw ``count`` parents: linear ranking, expectations from 2 for the best to 0 for the worst, by stochastic universal sampling."""
    order = np.argsort(values, kind="stable")
    shares = np.cumsum(np.linspace(2.0, 0.0, len(values)))
    pointers = (np.arange(count) + rng.random()) * shares[-1] / count
    return np.asarray(order[np.searchsorted(shares, pointers)])
