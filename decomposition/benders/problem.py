r"""The engine's data: scenarios that share one recourse matrix stand together as a few arrays.

In minimisation form, with scenarios s of probability p_s > 0,

    min  c'x + rho_s( d_s'x + o_s + Q_s(x) )    s.t.  a_lo <= A x <= a_hi,  bounds, integrality
    Q_s(x) = min q'y  s.t.  W y >=, =, <= h_s - T_s x,   l <= y <= u                                        (1)

A :class:`Group` holds the scenarios whose W, q, l, u and row senses are equal. What varies in it is a vector xi_s (d,) per scenario,

    h_s = h_0 + H xi_s,     T_s = T_0 + sum_e a_e xi_s[k_e] E_(i_e, j_e)                                     (2)

so that everything the engine does to thousands of scenarios is a product with the matrix of their xi.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..matrices import Array, Stage

LARGEST_BLOCK, SMALLEST_BLOCK, BLOCKS = 512, 16, 32
"""Products and sums run over blocks of scenarios whose size depends on their number alone, not on the ranks, so that digits agree."""

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """Random entries of T: row (e,), column (e,), component of xi (e,), coefficient (e,); see (2)."""

    row: Indices
    column: Indices
    component: Indices
    coefficient: Array

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Scenarios of common W (m, n2), q, bounds and senses (-1: >=, 0: ==, 1: <=); ``xi`` (n, d), ``offset`` (n,).

    ``cost_first`` (n, n1) is d_s, the deviation of a scenario's first-stage cost from the problem's, or ``None`` where there is none.
    ``costs_xi`` (1 + n1, d) are the slopes of offset and d_s in xi; ``None`` where they are data of their own. ``bounds_as_rows`` number
    the variables whose lower, and whose upper, bounds stand as the last rows since they vary. ``own_names`` (n lists of n2) are the names
    of each scenario's recourse variables, where they differ from those of ``second``.
    """

    cost: Array
    W: csr_array
    sense: NDArray[np.int8]
    second: Stage
    row_names: tuple[str, ...]
    rhs_0: Array
    rhs_xi: csr_array
    T_0: csr_array
    T_entries: Entries
    xi: Array
    offset: Array
    cost_first: csr_array | None = None
    costs_xi: csr_array | None = None
    bounds_as_rows: tuple[Indices, Indices] = (np.zeros(0, np.int64), np.zeros(0, np.int64))
    own_names: tuple[tuple[str, ...], ...] | None = None

    def __len__(self) -> int:
        return len(self.xi)

    @property
    def integer(self) -> bool:
        """Whether the recourse has integer variables."""
        return bool(self.second.integer.any())

    def names(self, k: int) -> tuple[str, ...]:
        """Return the names of scenario k's recourse variables."""
        return self.second.names if self.own_names is None else self.own_names[k]

    def at(self, x: Array) -> tuple[Array, csr_array]:
        """Return r_0 (m,) and M (m, d) with h_s - T_s x = r_0 + M xi_s."""
        e = self.T_entries
        moved = csr_array((-e.coefficient * x[e.column], (e.row, e.component)), shape=self.rhs_xi.shape)
        return self.rhs_0 - self.T_0 @ x, csr_array(self.rhs_xi + moved)

    def right_hand_sides(self, x: Array, xi: Array) -> Array:
        """Return h_s - T_s x (B, m) for the rows of ``xi`` (B, d)."""
        constant, matrix = self.at(x)
        return np.ascontiguousarray((matrix @ xi.T).T) + constant

    def slopes(self, duals: Array, xi: Array) -> Array:
        """Return d/dx of pi_s'(h_s - T_s x), (B, n1), for ``duals`` (B, m) and ``xi`` (B, d)."""
        out = -np.asarray((self.T_0.T @ duals.T).T)
        e = self.T_entries
        if len(e):
            spread = csr_array((-e.coefficient, (e.column, np.arange(len(e)))), shape=(out.shape[1], len(e)))
            out = out + np.asarray((spread @ (duals[:, e.row] * xi[:, e.component]).T).T)
        return np.ascontiguousarray(out)

    def extra_costs(self, x: Array, start: int, stop: int) -> Array:
        """Return d_s'x + o_s of scenarios ``start`` to ``stop``."""
        out = self.offset[start:stop]
        return out if self.cost_first is None else out + self.cost_first[start:stop] @ x

    def scenario_matrix(self, xi: Array) -> csr_array:
        """Return T_s (m, n1) of one scenario."""
        e = self.T_entries
        return csr_array(self.T_0 + csr_array((e.coefficient * xi[e.component], (e.row, e.column)), shape=self.T_0.shape))


@dataclass(frozen=True, slots=True)
class Block:
    """Scenarios ``start`` to ``stop`` of group ``group``; the first of them is the problem's scenario ``position``."""

    number: int
    group: int
    start: int
    stop: int
    position: int

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def span(self) -> slice:
        """Its scenarios in the problem's order."""
        return slice(self.position, self.position + len(self))


def block_size(num_scenarios: int) -> int:
    """Return the number of scenarios a block."""
    return min(LARGEST_BLOCK, max(SMALLEST_BLOCK, -(-num_scenarios // BLOCKS)))


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A two-stage program as the engine takes it; scenarios are numbered group after group, probabilities sum to 1.

    ``labels[s]`` names scenario s; ``num_given`` counts scenarios before duplicates and zero probabilities were dropped.
    """

    first: Stage
    cost: Array
    A: csr_array
    row_lower: Array
    row_upper: Array
    row_names: tuple[str, ...]
    groups: tuple[Group, ...]
    probabilities: Array
    labels: Sequence[str]
    sign: float
    num_given: int

    @property
    def num_scenarios(self) -> int:
        """Number of distinct scenarios."""
        return len(self.probabilities)

    @property
    def integer_recourse(self) -> bool:
        """Whether any scenario has integer recourse variables."""
        return any(g.integer for g in self.groups)

    def sample(self, numbers: Indices) -> Problem:
        """Return the problem of some scenarios of the only group, equally likely; its arrays are copies."""
        (group,) = self.groups
        cost_first = None if group.cost_first is None else csr_array(group.cost_first[numbers])
        own = None if group.own_names is None else tuple(group.own_names[k] for k in numbers)
        part = replace(group, xi=np.array(group.xi[numbers]), offset=group.offset[numbers], cost_first=cost_first, own_names=own)
        p = np.full(len(numbers), 1.0 / len(numbers))
        return replace(self, groups=(part,), probabilities=p, labels=[self.labels[k] for k in numbers.tolist()], num_given=len(numbers))

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks, in order."""
        number = position = 0
        size = block_size(self.num_scenarios)
        for g, group in enumerate(self.groups):
            for start in range(0, len(group), size):
                stop = min(start + size, len(group))
                yield Block(number, g, start, stop, position)
                number, position = number + 1, position + stop - start
