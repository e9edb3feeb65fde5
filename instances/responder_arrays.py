r"""Times and costs of sending agency a to decision state i, of many scenarios at once, with sparse dominoes.

With the domino probabilities D(i, a, i') of finding natural state i', hours T_a(phi) to control incident phi and TT(a) to arrive, and the
hazard H(phi) per hour (Ghosh & Gosavi 2017, doi 10.1007/s11768-017-6060-y; their displayed equations 2 and 3 are lost, this follows the
words beside them and their appendix A1):

    RT(i', a) = sum_{phi in i'} T_a(phi),    TH(i) = sum_{phi in i} H(phi)                                            (1)
    time(i, a) = TT(a) + sum_i' D(i, a, i') RT(i', a)                                                              (2)
    cost(i, a) = sum_i' D(i, a, i') { TT(a) [alpha TH(i) + (1 - alpha) TH(i')] + RT(i', a) TH(i') }                (3)

How alpha splits the hazard of the travel is our reading. D is kept as its E nonzeros, sorted by (i, a); every (i, a) has at least one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .arrays import Array
from .incident_sets import STABLE
from .responder import Responder
from .responder_parts import Domino, ResponderRecord

Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class ResponderLayout:
    """What all scenarios of an instance share: K incidents, A agencies, I decision states, N natural states, E dominoes.

    Natural states begin with the decision states, in the order of the instance. ``members`` (N, K); ``hazard`` (K,);
    ``row`` (E,) is ``i * A + a`` and ``to`` (E,) the natural state of a domino.
    """

    incidents: tuple[str, ...]
    agencies: tuple[str, ...]
    num_states: int
    members: NDArray[np.bool_]
    hazard: Array
    alpha: float
    row: Index
    to: Index

    @property
    def num_natural(self) -> int:
        """How many natural states there are (N)."""
        return len(self.members)

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the decision states (I,)."""
        return self.natural_states[: self.num_states]

    @property
    def natural_states(self) -> tuple[str, ...]:
        """Names of the natural states (N,): of its incidents, joined by ``+``."""
        named = np.array(self.incidents, dtype=object)
        return tuple("+".join(named[m]) or STABLE for m in self.members)

    @property
    def first(self) -> Index:
        """Where the dominoes of each (i, a) begin, (I * A,)."""
        return np.searchsorted(self.row, np.arange(self.num_states * len(self.agencies)))

    @property
    def total_hazard(self) -> Array:
        """TH of (1), (N,)."""
        return np.asarray(self.members @ self.hazard, dtype=float)

    def response_times(self, response: Array) -> Array:
        """Return RT of (1), (B, N, A), of hours ``response`` (B, A, K)."""
        out = np.zeros((len(response), len(self.members), len(self.agencies)))
        for k in range(len(self.incidents)):  # term by term: the same digits for every B
            out += self.members[:, k, None] * response[:, None, :, k]
        return out

    def times_and_costs(self, travel: Array, response: Array, domino: Array) -> tuple[Array, Array]:
        """Return (2) and (3), each (B, I, A), of ``travel`` (B, A), ``response`` (B, A, K) and the dominoes' probabilities (B, E)."""
        state, agency = np.divmod(self.row, len(self.agencies))
        controlled = self.response_times(response)[:, self.to, agency]
        total = self.total_hazard
        on_the_way = self.alpha * total[state] + (1 - self.alpha) * total[self.to]
        cost = domino * (travel[:, agency] * on_the_way + controlled * total[self.to])
        shape = (len(travel), self.num_states, len(self.agencies))
        return travel[:, None, :] + self.sum_rows(domino * controlled).reshape(shape), self.sum_rows(cost).reshape(shape)

    def sum_rows(self, values: Array) -> Array:
        """Return the sums over the dominoes of each (i, a), (B, I * A), of ``values`` (B, E)."""
        return np.asarray(np.add.reduceat(values, self.first, axis=1)) if len(values) else np.zeros((0, len(self.first)))


def layout_of(instance: Responder, records: Sequence[ResponderRecord] = ()) -> tuple[ResponderLayout, Array]:
    """Return the layout of an instance, with all dominoes that it or a record has, and the instance's own probabilities (E,)."""
    sets, agencies = instance.sets, tuple(a.name for a in instance.agencies)
    decision = [sets.mask("starts", s.state) for s in instance.starts]
    rows = domino_rows(instance, instance.dominoes)
    rows = {(mask, agency): rows.get((mask, agency), {mask: 1.0}) for mask in decision for agency in agencies}
    for record in records:
        for key, changed in domino_rows(instance, record.dominoes).items():
            rows[key] |= {mask: 0.0 for mask in changed if mask not in rows[key]}
    place = {mask: n for n, mask in enumerate(decision)}
    row: list[int] = []
    to: list[int] = []
    domino: list[float] = []
    for n, reached in enumerate(rows.values()):
        for mask, probability in reached.items():
            row.append(n)
            to.append(place.setdefault(mask, len(place)))
            domino.append(probability)
    masks = np.array(list(place), dtype=np.int64)
    members = (masks[:, None] >> np.arange(len(sets.names)) & 1).astype(bool)
    hazard = np.array([i.hazard for i in instance.incidents])
    layout = ResponderLayout(sets.names, agencies, len(decision), members, hazard, instance.alpha, np.array(row), np.array(to))
    return layout, np.array(domino, dtype=float)


def domino_rows(instance: Responder, dominoes: Sequence[Domino]) -> dict[tuple[int, str], dict[int, float]]:
    """Return ``{(state, agency): {natural state: probability}}`` of rows as written, states as bits."""
    mask = instance.sets.mask
    return {(mask("state", d.state), d.agency): {mask("to", r.state): r.probability for r in d.to} for d in dominoes}
