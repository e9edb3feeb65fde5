r"""Anchors: the lexicographic optima of the objectives, and the payoff table they make.

Anchor k minimises f_k, then among what attains that the other objectives in their order. First every objective is minimised roughly, which
gives the ranges; then to half of ``rel_gap`` of its range, again where the ranges turn out smaller. A value once attained is held, to the
other half, by a row u_j <= value: so each step starts from a plan, and is not asked for more than the step before has proved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...errors import InputError, NoSolutionError, SolverError
from ...solvers import Termination
from ..matrices import Array
from .inner import InnerSolver, Outcome, PointProblem

ROUGH = 1e-2
"""Tolerance of the first look at each objective, relative to the size of its coefficients."""

SAME = 1e-6
"""Ranges below this share of the objective's size are none: it is constant, or two objectives agree."""

LATER = 10.0
"""Tolerance of the second and later steps of an anchor, in units of ``rel_gap``."""

LEAST, PASSES = 1e-3, 3
"""Least range assumed at first, relative to the size of the coefficients; most passes until ranges assumed and found agree
within a factor 3."""


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """``payoff`` (K, K): objectives of anchor k in row k; ``outcomes`` their plans; ``bounds`` (K,) lower bounds on each objective."""

    payoff: Array
    outcomes: tuple[Outcome, ...]
    bounds: Array


def find_anchors(
    inner: InnerSolver,
    names: Sequence[str],
    rel_gap: float,
    remaining: Callable[[], float | None],
    progress: Callable[[str, int, int], None] | None = None,
) -> Anchors:
    """Return the anchors.

    Raises
    ------
    InputError
        An objective is unbounded, constant, or in no conflict with the others.
    NoSolutionError
        No plan at all, or none found in time.
    """
    K = inner.size
    report = progress or (lambda *_: None)
    rough = []
    for k in range(K):
        report("anchors", k, K + K * K)
        rough.append(_rough(inner, names, k, remaining))
    f = np.array([o.f for o in rough])
    assumed = np.maximum(np.ptp(f, axis=0), LEAST * inner.scale)
    for _ in range(PASSES):
        inner.rescale(assumed)
        found = [_anchor(inner, names, k, assumed, rel_gap, remaining, report) for k in range(K)]
        payoff = np.array([outcome.f for outcome, _ in found])
        _check(payoff, names)
        ranges = np.ptp(payoff, axis=0)
        if (assumed <= 3 * ranges).all():
            break
        assumed = ranges
    return Anchors(payoff, tuple(outcome for outcome, _ in found), np.array([bound for _, bound in found]))


def _anchor(
    inner: InnerSolver,
    names: Sequence[str],
    k: int,
    ranges: Array,
    rel_gap: float,
    remaining: Callable[[], float | None],
    report: Callable[[str, int, int], None],
) -> tuple[Outcome, float]:
    """Return anchor k, its value and bound those of its own objective in ``ranges``, and that bound in the objective's unit."""
    K = inner.size
    held: list[tuple[int, float]] = []
    least = -np.inf
    for step, j in enumerate([k, *(i for i in range(K) if i != k)]):
        report("anchors", K + k * K + step, K + K * K)
        on_f = np.where(np.arange(K) == j, 1.0 / ranges[j], 0.0)
        G = np.array([np.eye(K)[i] / ranges[i] for i, _ in held]).reshape(len(held), K)
        g = np.array([value / ranges[i] + 0.5 * rel_gap for i, value in held])
        problem = PointProblem(on_f, np.zeros(K), G, g, LATER * rel_gap if step else 0.5 * rel_gap)
        found = _done(inner.solve(problem, remaining()), names, j)
        assert found.f is not None
        if j == k and found.bound is not None:
            least = found.bound * ranges[k]
        held.append((j, float(found.f[j])))
    assert found.f is not None
    value, bound = float(found.f[k] / ranges[k]), float(least / ranges[k])
    solved = value - bound <= rel_gap * (1 + 1e-6) + 1e-6 * max(1.0, abs(value))
    return replace(found, value=value, bound=bound, termination=Termination.OPTIMAL if solved else found.termination), least


def _rough(inner: InnerSolver, names: Sequence[str], k: int, remaining: Callable[[], float | None]) -> Outcome:
    """Minimise objective k alone, to a tolerance relative to the size of its coefficients."""
    K = inner.size
    on_f = np.where(np.arange(K) == k, 1.0 / inner.scale[k], 0.0)
    return _done(inner.solve(PointProblem(on_f, np.zeros(K), np.zeros((0, K)), np.zeros(0), ROUGH), remaining()), names, k)


def _done(found: Outcome, names: Sequence[str], k: int) -> Outcome:
    name = names[k]
    if found.termination is Termination.UNBOUNDED:
        raise InputError(f"objective {name!r} is unbounded below; every objective needs a least value{_because(found)}")
    if found.termination is Termination.INFEASIBLE:
        raise NoSolutionError(f"infeasible while objective {name!r} is minimised{_because(found)}")
    if found.f is None:
        if found.termination is Termination.ERROR:
            raise SolverError(f"the solver failed while objective {name!r} is minimised{_because(found)}")
        raise NoSolutionError(f"stopped ({found.termination.value.replace('_', ' ')}) before a plan for objective {name!r} was found")
    return found


def _because(found: Outcome) -> str:
    return f": {found.reason}" if found.reason else ""


def _check(payoff: Array, names: Sequence[str]) -> None:
    ranges, size = np.ptp(payoff, axis=0), np.maximum(np.abs(payoff).max(axis=0), 1e-9)
    for k, name in enumerate(names):
        if ranges[k] <= SAME * size[k]:
            raise InputError(
                f"objective {name!r} is {payoff[0, k]:.6g} at every anchor: it is constant or in no conflict with the others; leave it out"
            )
