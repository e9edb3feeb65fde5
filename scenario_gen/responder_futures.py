r"""Futures of a responder instance: its probabilities and times as they may turn out, given how well they are known.

Scenario k, from (seed, k) alone, with the instance's p, D, T, TT and its ``uncertainty``:

    p_k ~ Dirichlet(start_count p),     D_k(i, a, .) ~ Dirichlet(domino_count D(i, a, .)),  a row's own ``count`` first,
    T_k = T exp(sigma Z - sigma^2 / 2),   Z ~ N(0, 1), one for each agency and incident; TT_k alike, one for each agency,

so every mean is the instance's number, and what is 0 stays 0. Each scenario has probability 1 / S. Without a seed, one scenario is not
drawn: it is the instance's own numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import InputError
from ..instances import FixedResponder, Responder, ResponderBlock, ResponderScenario, ResponderSource
from ..instances.arrays import Array
from ..instances.responder_arrays import Index, ResponderLayout, layout_of
from ..instances.responder_parts import Uncertainty
from ..instances.responder_source import parts_of
from .drawn import Drawn

_STARTS, _DOMINOES, _TIMES = range(3)


class DrawnFutures(Drawn):
    """``num_scenarios`` draws around an instance's numbers, each with probability 1 / num_scenarios.

    ``counts`` (E,) are the dominoes' counts, infinite where certain; ``build`` makes the instance of a family once it is asked for.
    """

    def __init__(
        self,
        build: Callable[[], Responder],
        layout: ResponderLayout,
        parts: tuple[Array, Array, Array, Array],
        uncertainty: Uncertainty,
        counts: Array,
        num_scenarios: int,
        seed: int,
    ):
        super().__init__(num_scenarios, seed)
        self._build, self.layout, self._known, self._counts = build, layout, uncertainty, counts
        self._start, self._travel, self._response, self._domino = parts

    @property
    def instance(self) -> Responder:
        """The instance around whose numbers scenarios are drawn."""
        return self._build()

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the decision states (I,)."""
        return self.layout.states

    def scenario(self, k: int) -> ResponderScenario:
        """Draw scenario ``k``; the same for every number of scenarios, rank and order of calls."""
        return self.block(k, k + 1).scenario(0)

    def block(self, start: int, stop: int) -> ResponderBlock:
        """Draw scenarios ``start, ..., stop - 1``."""
        num = max(stop - start, 0)
        starts, dominoes = np.tile(self._start, (num, 1)), np.tile(self._domino, (num, 1))
        travel, response = np.tile(self._travel, (num, 1)), np.tile(self._response, (num, 1, 1))
        known, drawn = self._known, np.flatnonzero((self._domino > 0) & np.isfinite(self._counts))
        rows = np.unique(self.layout.row[drawn], return_inverse=True)[1]
        sampled = np.flatnonzero(self._start > 0)
        for b in range(num):
            if known.start_count is not None:
                shape = known.start_count * self._start[sampled]
                starts[b, sampled] = _dirichlet(self._generator(start + b, _STARTS), shape, np.zeros(len(sampled), dtype=np.intp))
            if len(drawn):
                shape = self._counts[drawn] * self._domino[drawn]
                dominoes[b, drawn] = _dirichlet(self._generator(start + b, _DOMINOES), shape, rows)
            if known.travel_sigma or known.response_sigma:
                rng = self._generator(start + b, _TIMES)
                travel[b] *= _lognormal(rng.standard_normal(travel.shape[1:]), known.travel_sigma)
                response[b] *= _lognormal(rng.standard_normal(response.shape[1:]), known.response_sigma)
        labels = [f"draw {k}" for k in range(start, start + num)]
        return ResponderBlock.made(self.layout, labels, np.full(num, 1 / self._num), starts, travel, response, dominoes, first=start)

    def _generator(self, k: int, part: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(k, part)))


def _lognormal(normals: Array, sigma: float) -> Array:
    """Return factors with mean 1 and this sigma of the log."""
    return np.asarray(np.exp(sigma * normals - sigma**2 / 2))


def _dirichlet(rng: np.random.Generator, shape: Array, rows: Index) -> Array:
    """Return Dirichlet draws (E,) with these shapes (E,), sorted by ``rows`` (E,), within each of which they sum to 1.

    Gamma variates by logs, G(a) = G(a + 1) U^(1/a), so that small shapes do not underflow.
    """
    logs = np.log(rng.standard_gamma(shape + 1)) + np.log1p(-rng.random(len(shape))) / shape
    first = np.flatnonzero(np.diff(rows, prepend=-1))
    weights = np.exp(logs - np.maximum.reduceat(logs, first)[rows])
    return np.asarray(weights / np.add.reduceat(weights, first)[rows])


def futures(instance: Responder, num_scenarios: int | None, seed: int | None) -> ResponderSource:
    """Return the source of an instance without written scenarios: 100 draws where no number is given, one nominal scenario for 1.

    Raises
    ------
    InputError
        Several scenarios, or a seed, of an instance without ``uncertainty``.
    """
    uncertainty = instance.uncertainty
    if seed is None and (num_scenarios == 1 or (num_scenarios is None and uncertainty is None)):
        return FixedResponder.nominal(instance)
    if uncertainty is None:
        asked = f"--seed {seed}" if seed is not None else f"--scenarios {num_scenarios}"
        raise InputError(f"{asked}: instance {instance.name!r} has no field 'uncertainty' to draw from; it has one scenario, its own")
    layout, domino = layout_of(instance)
    parts = (*parts_of(instance), domino)
    counts = _counts(instance, layout)
    return DrawnFutures(
        lambda: instance, layout, parts, uncertainty, counts, 100 if num_scenarios is None else num_scenarios, 0 if seed is None else seed
    )


def _counts(instance: Responder, layout: ResponderLayout) -> Array:
    """Return the count (E,) of the row of each domino, infinite where it is certain."""
    given = instance.uncertainty.domino_count if instance.uncertainty else None
    rows = np.full((layout.num_states, len(layout.agencies)), np.inf if given is None else given)
    place = {instance.sets.mask("starts", s.state): i for i, s in enumerate(instance.starts)}
    for row in instance.dominoes:
        if row.count is not None:
            rows[place[instance.sets.mask("state", row.state)], layout.agencies.index(row.agency)] = row.count
    return np.asarray(rows.reshape(-1)[layout.row])
