"""A two-stage program whose random data are symbolic: every stage matrix is a constant plus a sparse linear map of xi.

In minimisation form, with the scenario's data xi (d,), the random entries raveled in the order of ``xi_names``,

    min  c(xi)'x + q(xi)'y + offset(xi)   s.t.  a_lo <= A x <= a_hi,   T(xi) x + W(xi) y  (>=, = or <=)  h(xi),   bounds, integrality

where c, q, offset, T, W and h are affine in xi. S scenarios are then one (S, d) array and sparse products; no Pyomo object exists per
scenario. :func:`quakeops.decomposition.symbolic.compile_affine` makes it from one Pyomo model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..errors import ModelError
from .matrices import Array, ScenarioData, Stage
from .program import Program

Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """The random part of a matrix: ``coefficient[e] * xi[component[e]]`` is added at ``(row[e], col[e])``.

    Sorted by row, column, component; no such triple comes twice.
    """

    row: Index
    col: Index
    component: Index
    coefficient: Array

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True, slots=True, eq=False)
class AffineProgram:
    """Stage matrices as affine maps of xi (d,), for n1 first-stage, n2 second-stage variables and m second-stage rows.

    ``A`` (m1, n1), ``row_lower``, ``row_upper``, ``row_names``: the rows on first-stage variables alone, never random.
    ``rows``, ``sense`` (m,): names and kinds of the second-stage rows, -1 for >=, 0 for =, +1 for <=.
    ``cost_first_0`` (n1,), ``cost_first_xi`` (n1, d); ``cost_0`` (n2,), ``cost_xi`` (n2, d); ``offset_0``, ``offset_xi`` (d,);
    ``rhs_0`` (m,), ``rhs_xi`` (m, d); ``T_0`` (m, n1) with ``T_entries``; ``W_0`` (m, n2) with ``W_entries``.
    ``sign`` is -1 for a maximisation, whose costs are negated here.
    """

    name: str
    first: Stage
    second: Stage
    A: csr_array
    row_lower: Array
    row_upper: Array
    row_names: tuple[str, ...]
    rows: tuple[str, ...]
    sense: NDArray[np.int8]
    xi_names: tuple[str, ...]
    cost_first_0: Array
    cost_first_xi: csr_array
    cost_0: Array
    cost_xi: csr_array
    offset_0: float
    offset_xi: Array
    rhs_0: Array
    rhs_xi: csr_array
    T_0: csr_array
    T_entries: Entries
    W_0: csr_array
    W_entries: Entries
    sign: float

    @property
    def fixed_recourse(self) -> bool:
        """Whether W is the same in every scenario."""
        return not len(self.W_entries)

    @property
    def fixed_cost(self) -> bool:
        """Whether the second-stage costs q are the same in every scenario."""
        return not self.cost_xi.nnz

    @property
    def integer_recourse(self) -> bool:
        """Whether there are integer second-stage variables."""
        return bool(self.second.integer.any())

    def scenario(self, name: str, probability: float, xi: Array) -> ScenarioData:
        """Return the matrices at ``xi`` (d,), as ``compile_program`` finds them in the model of that scenario.

        A row or column left empty because random data are zero stays here, and is dropped there.
        """
        if xi.shape != (len(self.xi_names),):
            raise ModelError(f"{self.name}: scenario {name!r} has {xi.shape} random data, expected ({len(self.xi_names)},)")
        rhs = self.rhs_0 + self.rhs_xi @ xi
        return ScenarioData(
            name=name,
            probability=probability,
            cost_first=self.cost_first_0 + self.cost_first_xi @ xi,
            cost=self.cost_0 + self.cost_xi @ xi,
            offset=self.offset_0 + float(self.offset_xi @ xi),
            T=_add(self.T_0, self.T_entries, xi),
            W=_add(self.W_0, self.W_entries, xi),
            row_lower=np.where(self.sense <= 0, rhs, -np.inf),
            row_upper=np.where(self.sense >= 0, rhs, np.inf),
            row_names=self.rows,
            stage=self.second,
        )


def _add(constant: csr_array, entries: Entries, xi: Array) -> csr_array:
    if not len(entries):
        return constant
    values = entries.coefficient * xi[entries.component]
    return csr_array(constant + csr_array((values, (entries.row, entries.col)), shape=constant.shape))  # scipy stores no zero sums


def scenario_probabilities(program: Program) -> Array:
    """Return the probabilities (S,) of a model that declares its random data: its source's, or 1/S each without a source."""
    source = program.kwargs.get("source")
    return np.full(program.num_scenarios, 1 / program.num_scenarios) if source is None else np.asarray(source.probabilities, dtype=float)


def xi_block(program: Program, start: int, stop: int) -> Array:
    """Return the random data (B, d) of scenarios ``start, ..., stop - 1``: every array of ``random_block`` raveled, side by side.

    C-contiguous; row k does not depend on the block it is in.

    Raises
    ------
    ModelError
        The model declares no random data, or a number is not finite.
    """
    if program.random_block is None:
        raise ModelError(f"{program.name}: the model declares no random data; function 'random_block' is missing")
    arrays = program.random_block(start=start, stop=stop, **program.kwargs)
    parts = [np.asarray(values, dtype=float).reshape(stop - start, int(np.prod(np.shape(values)[1:]))) for values in arrays.values()]
    for name, part in zip(arrays, parts, strict=True):
        wrong = np.argwhere(~np.isfinite(part))
        if len(wrong):
            b, place = wrong[0].tolist()
            raise ModelError(
                f"{program.name}: scenario {program.scenario_names[start + b]!r}: random data {name!r}, entry {place}, "
                f"is {part[b, place]}, expected a finite number"
            )
    return np.ascontiguousarray(np.concatenate(parts, axis=1)) if parts else np.zeros((stop - start, 0))
