r"""From an inner solver to a front: anchors, the lattice of the plane, then the fill of what it leaves open.

The lattice has at most as many points as asked for. Points that are dominated or come twice are dropped; as many problems as are then
missing are solved at points of the plane, on and around the simplex, that are farthest from where the front is known (or known to end),
until the front has the number asked for or no place farther than half a lattice step is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...solvers import Termination
from ..matrices import Array
from .anchors import Anchors, find_anchors
from .inner import InnerSolver, Outcome
from .plane import Plane, edge_points, extended, lattice
from .quality import nondominated

Report = Callable[[str, int, int], None]
MOST_CANDIDATES = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One solved problem: its point of the plane by weights ``t`` (K,) (``None`` for an anchor), and what came out."""

    outcome: Outcome
    origin: str
    gap: float | None
    t: Array | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RawFront:
    """Anchors, plane, every problem solved in order, and which of them (numbers) make the front, by the first objective's value."""

    anchors: Anchors
    plane: Plane
    found: tuple[Found, ...]
    kept: tuple[int, ...]
    complete: bool
    timing: dict[str, float]


def find_front(
    inner: InnerSolver,
    names: Sequence[str],
    points: int,
    rel_gap: float = 1e-3,
    time_limit: float | None = None,
    progress: Report | None = None,
) -> RawFront:
    """Return the front with about ``points`` points; each scalar problem is solved to ``rel_gap`` of the objectives' ranges.

    Raises
    ------
    InputError
        Fewer points than objectives; an objective that is unbounded, constant, or in no conflict with another.
    NoSolutionError
        No plan, or no anchor found within the time limit.
    """
    K = inner.size
    if points < K:
        raise InputError(f"--points {points}: at least as many as objectives are needed, {K}")
    report = progress or (lambda *_: None)
    start = time.perf_counter()

    def remaining() -> float | None:
        return None if time_limit is None else max(0.01, time_limit - (time.perf_counter() - start))

    anchors = find_anchors(inner, names, rel_gap, remaining, progress)
    plane = Plane(anchors.payoff)
    timing = {"anchors": time.perf_counter() - start}
    found = [_found(o, "anchor", rel_gap) for o in anchors.outcomes]
    rows = lattice(K, points)
    complete = True
    begun = time.perf_counter()
    for i, t in enumerate(rows):
        if time_limit is not None and time.perf_counter() - start >= time_limit:
            complete = False
            break
        report("points", i, points)
        if np.isclose(t.max(), 1.0):
            continue  # an anchor
        found.append(_solved(inner, plane, t, "plane", rel_gap, remaining()))
    timing["lattice"] = time.perf_counter() - begun
    begun = time.perf_counter()
    if complete:
        complete = _fill(inner, plane, found, points, rel_gap, remaining, report)
    timing["fill"] = time.perf_counter() - begun
    timing["total"] = time.perf_counter() - start
    return RawFront(anchors, plane, tuple(found), _kept(plane, found, rel_gap), complete, timing)


def _solved(inner: InnerSolver, plane: Plane, t: Array, origin: str, rel_gap: float, time_limit: float | None) -> Found:
    return _found(inner.solve(plane.problem(t, rel_gap), time_limit), origin, rel_gap, t)


def _found(outcome: Outcome, origin: str, rel_gap: float, t: Array | None = None) -> Found:
    gap = None if outcome.value is None or outcome.bound is None else max(0.0, outcome.value - outcome.bound)
    return Found(outcome, origin, gap, t)


def _kept(plane: Plane, found: list[Found], rel_gap: float) -> tuple[int, ...]:
    """Return the numbers of what holds a plan that no other dominates, in the order of the first objective."""
    held = [i for i, one in enumerate(found) if one.outcome.f is not None]
    f = plane.normalised(np.array([found[i].outcome.f for i in held]))
    chosen = [held[j] for j in np.flatnonzero(nondominated(f, rel_gap))]
    return tuple(sorted(chosen, key=lambda i: tuple(found[i].outcome.f)))  # type: ignore[arg-type]


def _fill(
    inner: InnerSolver,
    plane: Plane,
    found: list[Found],
    points: int,
    rel_gap: float,
    remaining: Callable[[], float | None],
    report: Report,
) -> bool:
    """Solve further problems at the emptiest places of the plane; return whether time sufficed."""
    K = inner.size
    edge = edge_points(K, points)
    if edge < 2:
        return True
    steps = 2 * (edge - 1)
    candidates = extended(K, steps, 0.0 if K == 2 else 0.5)
    if len(candidates) > MOST_CANDIDATES:
        candidates = extended(K, edge - 1, 0.5)
    places = candidates @ plane.corners
    spacing = float(np.linalg.norm(plane.corners[0] - plane.corners[1])) / (edge - 1)
    for _ in range(points):
        kept = _kept(plane, found, rel_gap)
        if len(kept) >= points:
            return True
        left = remaining()
        if left is not None and left <= 0.01:
            return False
        report("nondominated", len(kept), points)
        known = [plane.projected(np.array([found[i].outcome.f for i in kept])) @ plane.corners]
        known.append(np.array([one.t @ plane.corners for one in found if one.t is not None]).reshape(-1, K))
        apart = np.linalg.norm(places[:, None] - np.vstack(known), axis=2).min(axis=1)
        best = int(np.argmax(apart))
        if apart[best] < 0.5 * spacing * (1 - 1e-9):
            return True
        found.append(_solved(inner, plane, candidates[best], "fill", rel_gap, left))
    return True


def solved(found: Found, rel_gap: float) -> bool:
    """Whether a problem was solved to the gap asked for."""
    return found.outcome.termination is Termination.OPTIMAL
