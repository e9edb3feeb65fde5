r"""What Ghosh & Gosavi (2017) printed as figures and is lost: start and domino probabilities that agree with all that is left.

Draw k of seed s has probabilities in hundredths. Every start has at least 2, and they fall from state 2 to state 8. In state i, with m
incidents absent, the local agency finds more incidents with probability u / 100, u uniform on 5..30, the central one, which travels three
times as long, with v / 100, v uniform on u..2u; u and v are divided over the 2^m - 1 larger sets by a multinomial whose weights fall by
0.4 with each further incident. A draw is kept if the published policy is the *only* one that minimises

    rho(mu) = sum_i p(i) cost(i, mu(i)) / sum_i p(i) time(i, mu(i))                                                  (1)

over all 2^7. Many draws are: what is packaged is one of them, with a wide margin between the best policy and the second.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ..instances import FixedResponder, Responder
from ..instances.arrays import Array
from ..instances.responder_parts import Domino, Reached, Start

PUBLISHED = (0, 0, 1, 1, 1, 1, 1)
"""Case 1: agency (0 local, 1 central) of states 2 to 8."""

ORDER = (1, 2, 4, 3, 5, 6, 7)
"""States 2 to 8 as bits of GL, FR, BC: single incidents by hazard, then pairs, then all three (state 8 is published)."""


def draw(seed: int, k: int) -> tuple[NDArray[np.int64], dict[tuple[int, int], dict[int, int]]]:
    """Return starts (7,) and the dominoes ``{(state, agency): {natural state: hundredths}}`` of draw ``k``, states as bits."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,)))
    starts = np.sort(2 + rng.multinomial(100 - 2 * len(ORDER), rng.dirichlet(np.ones(len(ORDER)))))[::-1]
    dominoes: dict[tuple[int, int], dict[int, int]] = {}
    for state in ORDER:
        local = int(rng.integers(5, 31))
        larger = [other for other in range(16) if other != state and other & state == state]
        weights = np.array([0.4 ** (other & ~state).bit_count() for other in larger])
        for agency, leaves in enumerate((local, int(rng.integers(local, 2 * local + 1)))):
            counts = rng.multinomial(leaves, weights / weights.sum()).tolist()
            dominoes[state, agency] = {state: 100 - leaves} | {o: c for o, c in zip(larger, counts, strict=True) if c}
    return starts, dominoes


def filled(skeleton: Responder, seed: int, k: int) -> Responder:
    """Return ``skeleton``, whose incidents are GL, FR, BC, FL, with the starts and dominoes of draw ``k``."""
    starts, dominoes = draw(seed, k)
    members, agencies = skeleton.sets.members, [a.name for a in skeleton.agencies]
    return skeleton.model_copy(
        update={
            "starts": [Start(state=members(s), probability=p / 100) for s, p in zip(ORDER, starts.tolist(), strict=True)],
            "dominoes": [
                Domino(
                    state=members(state),
                    agency=agencies[agency],
                    to=[Reached(state=members(to), probability=count / 100) for to, count in row.items()],
                )
                for (state, agency), row in dominoes.items()
            ],
        }
    )


def all_policies(start: Array, time: Array, cost: Array) -> tuple[NDArray[np.int64], Array]:
    """Return all A^I policies (P, I) and their rho (P,) by (1), best first: ``start`` (I,), ``time`` and ``cost`` (I, A)."""
    policies = np.array(list(product(range(time.shape[1]), repeat=len(start))))
    states = np.arange(len(start))
    rho = (cost[states, policies] @ start) / (time[states, policies] @ start)
    order = np.argsort(rho, kind="stable")
    return policies[order], rho[order]


def margin(start: Array, time: Array, cost: Array) -> float | None:
    """Return how much worse the second policy is than the published one, as a share of rho; ``None`` if that is not the only best."""
    policies, rho = all_policies(start, time, cost)
    if tuple(policies[0].tolist()) != PUBLISHED or rho[1] <= rho[0]:
        return None
    return float(rho[1] / rho[0] - 1)


def search(skeleton: Responder, seed: int, draws: range) -> Iterator[tuple[int, float]]:
    """Yield the number and the :func:`margin` of each of the draws that is kept."""
    for k in draws:
        scenario = FixedResponder.nominal(filled(skeleton, seed, k)).scenario(0)
        found = margin(scenario.start, scenario.time, scenario.cost)
        if found is not None:
            yield k, found
