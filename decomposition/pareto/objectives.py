r"""Named stage expressions of a model as objectives: one compilation gives the cost vectors of all of them, scenario by scenario.

For expressions e_1, ..., e_K of a scenario's model, columns z_k and rows e_k(x, y) - z_k = 0 are added, and the objective is exchanged for
sum_k z_k. The standard form of that model holds in row k the vectors of

    f_k(x, y, s) = c_ks'x + q_ks'y + o_ks                                                               (1)

with their random data, on the affine road as well (the data stand in W, which every scenario may have its own of). Rows and columns are
then taken out again. A first-stage expression e_0 becomes the budget row e_0(x) <= B in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from ...errors import InputError, ModelError, did_you_mean
from ..compiled import stage_data
from ..matrices import Array, ScenarioData, Stage, StageData
from ..program import Program

_MARK = "_quakeops_objective"


@dataclass(frozen=True, slots=True, eq=False)
class Objectives:
    """A two-stage program with K objectives; ``data`` holds its constraints (its costs play no part).

    For scenario s: ``first[s]`` c (K, n1), ``second[s]`` q (K, n2), ``offset`` o (S, K) of (1). ``budget_cost`` (n1,) and
    ``budget_offset`` are those of the budget's expression, the former ``None`` where none was named.
    """

    names: tuple[str, ...]
    data: StageData
    first: tuple[Array, ...]
    second: tuple[csr_array, ...]
    offset: Array
    budget_cost: Array | None = None
    budget_offset: float = 0.0

    @property
    def expected_first(self) -> Array:
        """E c (K, n1)."""
        return np.asarray(np.einsum("s,skj->kj", self.data.probabilities, np.array(self.first)))

    @property
    def expected_offset(self) -> Array:
        """E o (K,)."""
        return np.asarray(self.data.probabilities @ self.offset)

    @property
    def scale(self) -> Array:
        """Return a positive magnitude of each objective's coefficients (K,); it is proportional to the objective's unit."""
        p, K = self.data.probabilities, len(self.names)
        largest = np.zeros((len(p), K))
        for s, (c, q) in enumerate(zip(self.first, self.second, strict=True)):
            largest[s] = np.maximum(np.abs(c).max(axis=1, initial=0.0), abs(q).max(axis=1).toarray().ravel() if q.shape[1] else 0.0)
        out = np.asarray(p @ largest)
        return np.where(out > 0, out, 1.0)

    def with_budget(self, budget: float) -> Objectives:
        """Return the same with the first-stage row: budget expression <= ``budget``."""
        assert self.budget_cost is not None
        data = self.data
        with_row = replace(
            data,
            A=csr_array(vstack([data.A, csr_array(self.budget_cost[None, :])], format="csr")),
            row_lower=np.append(data.row_lower, -np.inf),
            row_upper=np.append(data.row_upper, budget - self.budget_offset),
            row_names=(*data.row_names, "budget"),
        )
        return replace(self, data=with_row)


def compile_objectives(program: Program, names: Sequence[str], budget: str | None = None) -> Objectives:
    """Return the objectives ``names``, expressions of the program's models, and the expression ``budget`` of first-stage variables.

    Raises
    ------
    InputError
        Fewer than two names, one twice, an expression that the model does not have or that holds no variable, two that are the same up to
        a factor, a budget that holds second-stage variables or random data.
    ModelError
        An expression that is not linear, or not affine in the random data.
    """
    names = tuple(names)
    if len(names) < 2:
        raise InputError(f"--objectives {','.join(names) or '(none)'}: at least two are needed")
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise InputError(f"--objectives: {twice!r} is named twice; identical objectives have no front")
    if program.arrays is not None:
        raise InputError(f"{program.name}: SMPS files hold one objective; a front needs a model with named stage expressions")
    rows = names if budget is None else (*names, budget)
    data = stage_data(replace(program, creator=_with_rows(program, rows)))
    parts = [_taken_out(s, len(rows)) for s in data.scenarios]
    K = len(names)
    first, offset = tuple(c[:K] for _, c, _, _ in parts), np.array([o[:K] for *_, o in parts])
    second = tuple(csr_array(q[:K]) for _, _, q, _ in parts)
    _check_distinct(names, first, second)
    kept = replace(data, scenarios=tuple(s for s, *_ in parts), sign=1.0)
    if budget is None:
        return Objectives(names, kept, first, second, offset)
    cost, constant = parts[0][1][K], float(parts[0][3][K])
    for s, c, q, o in parts:
        if csr_array(q[[K]]).nnz:
            raise InputError(f"{program.name}: expression {budget!r} holds second-stage variables; a budget is on the first stage alone")
        if not np.array_equal(c[K], cost) or o[K] != constant:
            raise InputError(f"{program.name}: expression {budget!r} differs in scenario {s.name!r}; a budget holds no random data")
    return Objectives(names, kept, first, second, offset, cost, constant)


def _check_distinct(names: Sequence[str], first: Sequence[Array], second: Sequence[csr_array]) -> None:
    """Refuse an objective without variables, and two whose coefficients are a positive multiple of each other in every scenario."""
    vectors = vstack([csr_array(np.concatenate(first, axis=1)).T, *(q.T for q in second)], format="csc")
    for a, name in enumerate(names):
        one = vectors[:, [a]].toarray().ravel()
        if not one.any():
            raise InputError(f"objective {name!r} holds no variable: it is constant; leave it out")
        for b in range(a):
            other = vectors[:, [b]].toarray().ravel()
            factor = float(one @ other) / float(other @ other)
            if factor > 0 and np.abs(one - factor * other).max() <= 1e-9 * np.abs(one).max():
                what = "identical" if abs(factor - 1) < 1e-9 else f"the same up to a factor {factor:.6g}"
                raise InputError(f"objectives {names[b]!r} and {name!r} are {what}; leave one out")


def _with_rows(program: Program, names: Sequence[str]) -> Callable[..., pyo.ConcreteModel]:
    """Return the program's creator, its models with a column and a row for every expression."""

    def creator(name: str, **kwargs: Any) -> pyo.ConcreteModel:
        model = program.creator(name, **kwargs)
        chosen = [_expression(program, model, n) for n in names]
        for objective in list(model.component_data_objects(pyo.Objective, active=True, descend_into=True)):
            objective.deactivate()
        block = pyo.Block()
        model.add_component(_MARK, block)
        block.z = pyo.Var(range(len(names)))
        block.row = pyo.Constraint(range(len(names)), rule=lambda b, k: chosen[k] - b.z[k] == 0)
        block.total = pyo.Objective(expr=sum(block.z.values()))
        return model

    return creator


def _expression(program: Program, model: pyo.ConcreteModel, name: str) -> Any:
    found = model.find_component(name)
    known = [e.name for e in model.component_objects(pyo.Expression, descend_into=True) if not e.is_indexed()]
    if found is None or found.ctype is not pyo.Expression or found.is_indexed():
        raise InputError(
            f"model {program.name!r} has no stage expression {name!r}{did_you_mean(name, known)}; it has: {', '.join(known) or 'none'}"
        )
    return found.expr


def _taken_out(s: ScenarioData, count: int) -> tuple[ScenarioData, Array, csr_array, Array]:
    """Return scenario ``s`` without the added rows and columns, and what they say: c (count, n1), q (count, n2), o (count,)."""
    rows, columns = ({name: i for i, name in enumerate(names) if name.startswith(_MARK + ".")} for names in (s.row_names, s.stage.names))
    if len(rows) != count or len(columns) != count:
        raise ModelError(f"scenario {s.name!r}: an objective has no finite row")
    row_of, col_of = ([places[f"{_MARK}.{what}[{k}]"] for k in range(count)] for places, what in ((rows, "row"), (columns, "z")))
    kept = np.setdiff1d(np.arange(len(s.row_names)), row_of)
    free = np.setdiff1d(np.arange(len(s.stage)), col_of)
    W = csr_array(s.W)
    sign = np.array([-W[[i], :].toarray()[0, j] for i, j in zip(row_of, col_of, strict=True)])  # 1 or -1: how the row was turned
    turn = csr_array((1 / sign, (np.arange(count), np.arange(count))), shape=(count, count))
    scenario = replace(
        s,
        cost=np.zeros(len(free)),
        cost_first=np.zeros_like(s.cost_first),
        offset=0.0,
        T=csr_array(s.T[kept]),
        W=csr_array(W[kept][:, free]),
        row_lower=s.row_lower[kept],
        row_upper=s.row_upper[kept],
        row_names=tuple(s.row_names[i] for i in kept),
        stage=_stage(s.stage, free),
    )
    return scenario, turn @ s.T[row_of].toarray(), csr_array(turn @ W[row_of][:, free]), -s.row_lower[row_of] / sign


def _stage(stage: Stage, kept: NDArray[np.intp]) -> Stage:
    return Stage(tuple(stage.names[j] for j in kept), stage.lower[kept], stage.upper[kept], stage.integer[kept])
