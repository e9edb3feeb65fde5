r"""The responder policy that is best under limits: a constrained semi-Markov decision process, by linear program.

A limit a_k x / b_k x <= v_k on one of the figures of :mod:`.responder_figures` is linear in the occupation measure x:

    min  a x   s.t.  balance,   b x = B,   a_k x - v_k b_k x <= 0,   x >= 0                                             (1)

with a x / b x the objective's figure and B a scale (about as many events as there are decision states, so that x is near 1). A basic
optimum randomises in at most as many states as limits bind (Beutler & Ross, Adv. Appl. Probab. 18(2), 1986, for one limit). With the
dual y_k <= 0 of a limit's row the objective moves with v_k by y_k b_k x / b x; its price is minus that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from ..errors import InputError, NoSolutionError, did_you_mean
from ..solvers import Backend
from ..solvers.policy_value import evaluate
from ..solvers.smdp import SMDP
from .average_cost import AverageCost, solve_average_cost
from .responder_figures import FIGURES, OBJECTIVES, Exposure, minimising, ratio


@dataclass(frozen=True, slots=True)
class LimitFigures:
    """A limit: the ``figure`` is at most ``most``, and ``attained``; ``price``: how much the objective falls for a unit more of it."""

    figure: str
    most: float
    attained: float
    price: float


@dataclass(frozen=True, slots=True)
class LimitedPolicy(Exposure):
    """The optimum under limits, and its figures.

    ``probability`` of each agency by decision state; states ``randomised``, in which several are taken; the ``limits``.
    """

    probability: dict[str, dict[str, float]]
    randomised: tuple[str, ...]
    limits: tuple[LimitFigures, ...]


def check_limits(limits: Mapping[str, float]) -> None:
    """Raise :class:`InputError` for an unknown figure or a limit that is not a finite number."""
    for name, most in limits.items():
        if name not in FIGURES:
            raise InputError(f"limit {name!r}{did_you_mean(name, list(FIGURES))}: expected {', '.join(FIGURES)}")
        if not math.isfinite(most):
            raise InputError(f"limit {name}={most}: expected a finite number")


def best_under_limits(smdp: SMDP, limits: Mapping[str, float], objective: str, backend: Backend) -> LimitedPolicy:
    """Return the optimum of (1) for a chain of :func:`~quakeops.decomposition.responder_chain.smdp_of`.

    Raises
    ------
    NoSolutionError
        No policy keeps the limits; the message names fewest limits that exclude each other, and the least that can be had of each.
    """
    figure = OBJECTIVES[objective]
    try:
        found = _solve(smdp, limits, figure, backend)
    except NoSolutionError:
        if (conflict := _conflict(smdp, limits, backend)) is None:
            raise
        raise NoSolutionError(conflict) from None
    x = evaluate(smdp, found.probability, root=0).occupation
    clock = ratio(smdp, figure)[1] @ x
    exposure = exposure_of(smdp, found.probability)
    figures = tuple(
        LimitFigures(name, most, exposure.figure(name), float(found.price[name] * (ratio(smdp, name)[1] @ x) / clock))
        for name, most in limits.items()
    )
    probability: dict[str, dict[str, float]] = {name: {} for name in smdp.states[1:]}
    for pair in range(1, smdp.num_pairs):
        probability[smdp.states[smdp.state[pair]]][smdp.action[pair]] = float(found.probability[pair])
    return LimitedPolicy(
        rho=exposure.rho,
        hazard_per_event=exposure.hazard_per_event,
        hours_per_event=exposure.hours_per_event,
        probability=probability,
        randomised=found.randomised,
        limits=figures,
    )


def exposure_of(smdp: SMDP, policy: np.ndarray) -> Exposure:
    """Return the exact figures of a policy, given as pairs (n,) or as probabilities of pairs (M,)."""
    value = evaluate(smdp, policy, root=0)
    return Exposure(value.rho, value.cycle_cost, value.cycle_time)


def _solve(smdp: SMDP, limits: Mapping[str, float], figure: str, backend: Backend) -> AverageCost:
    """Return the optimum of (1)."""
    chain = minimising(smdp, figure)
    means = np.bincount(chain.state, chain.time) / np.bincount(chain.state)
    scale = chain.num_states * float(means[0] + (chain.transition[[0]] @ means)[0])
    rows = {name: (a - most * b, 0.0) for name, most in limits.items() for a, b in [ratio(smdp, name)]}
    return solve_average_cost(replace(chain, time=chain.time / scale), backend, rows)


def _least(smdp: SMDP, figure: str, limits: Mapping[str, float], backend: Backend) -> float | None:
    """Return the least value of a figure under limits, ``None`` where no policy keeps them."""
    try:
        found = _solve(smdp, limits, figure, backend)
    except NoSolutionError:
        return None
    return exposure_of(smdp, found.probability).figure(figure)


def _conflict(smdp: SMDP, limits: Mapping[str, float], backend: Backend) -> str | None:
    """Return what to say of the fewest limits that no policy keeps together."""
    for size in range(1, len(limits) + 1):
        for names in combinations(limits, size):
            together = {name: limits[name] for name in names}
            if _least(smdp, names[0], together, backend) is None:
                parts = []
                for name in names:
                    others = {n: v for n, v in together.items() if n != name}
                    least = _least(smdp, name, others, backend)
                    if least is not None:
                        parts.append(f"{_given(others)}the least {name} is {_rounded_up(least)}")
                what = " and ".join(_text(n, v) for n, v in together.items())
                keeps = "limit" if size == 1 else "limits"
                return f"{keeps} {what}: no policy keeps {'it' if size == 1 else 'them together'}; {'; '.join(parts)}"
    return None


def _given(others: Mapping[str, float]) -> str:
    return f"with {' and '.join(_text(n, v) for n, v in others.items())} " if others else ""


def _text(name: str, most: float) -> str:
    return f"{name}={most:.12g}"


def _rounded_up(value: float) -> str:
    """Return a value to about seven figures, never below it: the limit that is told can be kept."""
    decimals = 6 - math.floor(math.log10(value)) if value > 0 else 0
    return f"{math.ceil(value * 10.0**decimals) / 10.0**decimals:.{max(decimals, 0)}f}"
