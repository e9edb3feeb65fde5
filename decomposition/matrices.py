"""From Pyomo to stage matrices: each scenario's rows and columns, split into first and second stage.

A scenario s of a two-stage program is, in minimisation form,

    min  c_s'x + q_s'y + offset_s   s.t.  a_lo <= A x <= a_hi,   r_lo_s <= T_s x + W_s y <= r_hi_s,   bounds, integrality

x are the nonanticipative variables in the module's order; their bounds and integrality must agree between scenarios. Rows with
first-stage variables alone are A where all scenarios share them; otherwise they stay with their scenario, as rows whose W is empty.
A maximisation is negated: ``sign`` = -1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray
from pyomo.common.errors import InfeasibleConstraintException
from pyomo.common.gc_manager import PauseGC
from pyomo.core.base.var import VarData
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy.sparse import csr_array, vstack

from ..errors import ModelError, NoSolutionError
from .names import Names
from .program import Program

Array = NDArray[np.float64]

UNCOLLECTED = 50
"""Scenario models built between two turns of Python's garbage collector."""


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """Variables of one stage: names, bounds (n,) and integrality (n,)."""

    names: tuple[str, ...]
    lower: Array
    upper: Array
    integer: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True, eq=False)
class ScenarioData:
    """Second-stage data of one scenario (minimisation): ``cost_first`` (n1,), ``cost`` (n2,), ``T`` (m, n1), ``W`` (m, n2)."""

    name: str
    probability: float
    cost_first: Array
    cost: Array
    offset: float
    T: csr_array
    W: csr_array
    row_lower: Array
    row_upper: Array
    row_names: tuple[str, ...]
    stage: Stage


@dataclass(frozen=True, slots=True, eq=False)
class StageData:
    """All scenarios of a program over one first stage: ``A`` (m1, n1) with ``row_lower``, ``row_upper`` (m1,)."""

    first: Stage
    A: csr_array
    row_lower: Array
    row_upper: Array
    row_names: tuple[str, ...]
    scenarios: tuple[ScenarioData, ...]
    sign: float

    @property
    def cost(self) -> Array:
        """Expected first-stage cost vector (n1,)."""
        return np.asarray(np.sum([s.probability * s.cost_first for s in self.scenarios], axis=0))

    @property
    def probabilities(self) -> Array:
        """Scenario probabilities (S,)."""
        return np.array([s.probability for s in self.scenarios])

    @property
    def integer_recourse(self) -> bool:
        """Whether any scenario has integer second-stage variables."""
        return any(s.stage.integer.any() for s in self.scenarios)


def compile_program(
    program: Program, progress: Callable[[int, int], None] | None = None, scenarios: Iterable[int] | None = None
) -> StageData:
    """Build and compile every scenario (or those in ``scenarios``), check the first stage, and return the arrays.

    Raises
    ------
    ModelError
        Multistage, nonlinear, or first stages that differ; the message names scenario and variable or row.
    NoSolutionError
        A constraint without variables that does not hold.
    """
    chosen = list(range(program.num_scenarios)) if scenarios is None else list(scenarios)
    compiled: list[_Compiled] = []
    names_of = Names()
    for begin in range(0, len(chosen), UNCOLLECTED):
        with PauseGC():  # Pyomo makes so many objects that looking for cycles among them takes a third of the time
            for k in chosen[begin : begin + UNCOLLECTED]:
                if program.arrays is not None:
                    compiled += _pieces(program.arrays(k))
                else:
                    model = program.build(k)
                    compiled.append(_compile(program, model, program.probability(model), names_of))
                if progress is not None:
                    progress(len(compiled), len(chosen))
    data = _unite(program, compiled)
    if scenarios is None:
        _check_probabilities(program, data)
    return data


def join(program: Program, parts: list[tuple[list[int], StageData | None]]) -> StageData:
    """Put together what several ranks compiled: pairs of scenario numbers and their data; raises as :func:`compile_program` does."""
    pieces: list[tuple[int, _Compiled]] = []
    for numbers, part in parts:
        if part is not None:
            pieces += zip(numbers, _pieces(part), strict=True)
    data = _unite(program, [piece for _, piece in sorted(pieces, key=lambda pair: pair[0])])
    _check_probabilities(program, data)
    return data


def _check_probabilities(program: Program, data: StageData) -> None:
    total = float(data.probabilities.sum())
    if abs(total - 1) > 1e-6:
        raise ModelError(f"{program.name}: the scenario probabilities sum to {total:.9g}, expected 1")


def _unite(program: Program, compiled: list[_Compiled]) -> StageData:
    base = compiled[0]
    for other in compiled[1:]:
        _same_first_stage(program, base, other)
    if not all(_same_rows(base, other) for other in compiled[1:]):
        compiled = [_own_rows_in_scenario(c) for c in compiled]
        base = compiled[0]
    return StageData(base.first, base.A, base.row_lower, base.row_upper, base.row_names, tuple(c.scenario for c in compiled), base.sign)


@dataclass(frozen=True, slots=True)
class _Compiled:
    first: Stage
    A: csr_array
    row_lower: Array
    row_upper: Array
    row_names: tuple[str, ...]
    scenario: ScenarioData
    sign: float


def _pieces(part: StageData) -> list[_Compiled]:
    own = (part.first, part.A, part.row_lower, part.row_upper, part.row_names)
    return [_Compiled(*own, scenario=s, sign=part.sign) for s in part.scenarios]


def _compile(program: Program, model: pyo.ConcreteModel, probability: float, names_of: Names) -> _Compiled:
    nonants = first_stage_variables(program, model)
    objectives = list(model.component_data_objects(pyo.Objective, active=True, descend_into=True))
    if len(objectives) != 1:
        raise ModelError(f"{program.name}: scenario {model.name!r} has {len(objectives)} active objectives, expected 1")
    sign = 1.0 if objectives[0].sense == pyo.minimize else -1.0
    try:
        # no column_order: Pyomo 6.10 takes a fixed member of an indexed variable for another one when that lists its siblings
        form = LinearStandardFormCompiler().write(model, mixed_form=True)
    except InfeasibleConstraintException as e:
        raise NoSolutionError(f"{program.name}: infeasible: scenario {model.name!r} holds a constraint that can never hold: {e}") from None
    except Exception as e:
        raise ModelError(f"{program.name}: scenario {model.name!r} is not a linear model with finite data: {e}") from e

    position = {id(v): j for j, v in enumerate(nonants)}
    is_first = np.array([id(v) in position for v in form.columns], dtype=bool)
    second = [v for v, f in zip(form.columns, is_first, strict=True) if not f]
    first_of = np.array([position[id(v)] for v, f in zip(form.columns, is_first, strict=True) if f], dtype=int)

    matrix = csr_array(form.A)
    left = csr_array(matrix[:, np.flatnonzero(is_first)]).tocoo()
    T = csr_array((left.data, (left.row, first_of[left.col])), shape=(matrix.shape[0], len(nonants)))
    W = csr_array(matrix[:, np.flatnonzero(~is_first)])
    kind = np.array([row.bound_type for row in form.rows], dtype=int)  # -1: >=, 0: ==, 1: <=
    low, high = np.where(kind <= 0, form.rhs, -np.inf), np.where(kind >= 0, form.rhs, np.inf)
    names = names_of.of(row.constraint for row in form.rows)

    cost = np.asarray(form.c.todense(), dtype=float).reshape(-1)
    in_row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    wrong = {
        *in_row[~np.isfinite(matrix.data)].tolist(),
        *np.flatnonzero(np.isnan(form.rhs) | (low == np.inf) | (high == -np.inf)).tolist(),
    }
    if wrong or not np.isfinite([*cost, *form.c_offset]).all():
        what = f"constraint {names[min(wrong)]!r}" if wrong else "the objective"
        raise ModelError(f"{program.name}: scenario {model.name!r}: {what} holds a number that is not finite")

    cost_first = np.zeros(len(nonants))
    cost_first[first_of] = cost[is_first]
    own = np.diff(W.indptr) == 0  # rows without second-stage variables
    return _Compiled(
        first=stage_of(nonants, names_of),
        A=csr_array(T[np.flatnonzero(own)]),
        row_lower=low[own],
        row_upper=high[own],
        row_names=tuple(n for n, o in zip(names, own, strict=True) if o),
        sign=sign,
        scenario=ScenarioData(
            name=model.name,
            probability=probability,
            cost_first=cost_first,
            cost=cost[~is_first],
            offset=float(form.c_offset[0]),
            T=csr_array(T[np.flatnonzero(~own)]),
            W=csr_array(W[np.flatnonzero(~own)]),
            row_lower=low[~own],
            row_upper=high[~own],
            row_names=tuple(n for n, o in zip(names, own, strict=True) if not o),
            stage=stage_of(second, names_of),
        ),
    )


def first_stage_variables(program: Program, model: pyo.ConcreteModel) -> list[VarData]:
    """Return the nonanticipative variables in the order declared to mpi-sppy; refuse more than two stages."""
    nodes = getattr(model, "_mpisppy_node_list", None)
    if nodes is None:
        raise ModelError(f"{program.name}: scenario {model.name!r} has no _mpisppy_node_list; call mpi-sppy's attach_root_node")
    if len(nodes) != 1:
        raise ModelError(f"{program.name}: scenario {model.name!r} has {len(nodes) + 1} stages; only two-stage programs are treated")
    if hasattr(model, "_mpisppy_variable_probability"):
        raise ModelError(f"{program.name}: variable probabilities are not treated")
    return list(nodes[0].nonant_vardata_list)


def stage_of(variables: list[VarData], names_of: Names | None = None) -> Stage:
    """Return the stage of these variables; a fixed one has its value as both bounds."""
    lower = np.array([v.value if v.fixed else (-np.inf if v.lb is None else v.lb) for v in variables], dtype=float)
    upper = np.array([v.value if v.fixed else (np.inf if v.ub is None else v.ub) for v in variables], dtype=float)
    names = (names_of or Names()).of(variables)
    return Stage(names, lower, upper, np.array([not v.is_continuous() for v in variables], dtype=bool))


def _same_first_stage(program: Program, base: _Compiled, other: _Compiled) -> None:
    if other.first is base.first and other.sign == base.sign:
        return
    where = f"{program.name}: scenario {other.scenario.name!r} differs from {base.scenario.name!r} in its first stage"
    if base.first.names != other.first.names:
        raise ModelError(f"{where}: its nonanticipative variables are others, or in another order")
    for what in ("lower", "upper", "integer"):
        here, there = getattr(base.first, what), getattr(other.first, what)
        differs = np.flatnonzero(here != there)
        if len(differs):
            j = int(differs[0])
            raise ModelError(f"{where}: {what} of {base.first.names[j]!r} is {there[j]}, not {here[j]}")
    if base.sign != other.sign:
        raise ModelError(f"{where}: one minimises, the other maximises")


def _same_rows(base: _Compiled, other: _Compiled) -> bool:
    if all(getattr(other, what) is getattr(base, what) for what in ("A", "row_lower", "row_upper", "row_names")):
        return True
    return (
        base.row_names == other.row_names
        and base.A.shape == other.A.shape
        and not (base.A != other.A).nnz
        and np.array_equal(base.row_lower, other.row_lower)
        and np.array_equal(base.row_upper, other.row_upper)
    )


def _own_rows_in_scenario(c: _Compiled) -> _Compiled:
    """Move the rows on first-stage variables alone into the scenario, with no second-stage entry."""
    s, none = c.scenario, len(c.row_names)
    scenario = replace(
        s,
        T=csr_array(vstack([s.T, c.A])),
        W=csr_array(vstack([s.W, csr_array((none, len(s.stage)))])),
        row_lower=np.concatenate([s.row_lower, c.row_lower]),
        row_upper=np.concatenate([s.row_upper, c.row_upper]),
        row_names=s.row_names + c.row_names,
    )
    return replace(c, A=csr_array((0, len(c.first))), row_lower=np.zeros(0), row_upper=np.zeros(0), row_names=(), scenario=scenario)
