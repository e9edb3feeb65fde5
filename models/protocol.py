"""What every model shares: names of scenarios, random data as mutable parameters, and mpi-sppy's root node, imported without its banner."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Sequence

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray
from pyomo.core.base.component_namer import index_repr


def scenario_names_creator(num_scens: int, start: int | None = None) -> list[str]:
    """Return the names of scenarios ``start`` (0) and those after it."""
    first = start or 0
    return [f"scen{k}" for k in range(first, first + num_scens)]


def scenario_denouement(rank: int, name: str, scenario: pyo.ConcreteModel) -> None:
    """Nothing is left to do after a solve."""


def scenario_number(name: str) -> int:
    """Return the number at the end of a scenario name (mpi-sppy's convention)."""
    digits = name[len(name.rstrip("0123456789")) :]
    if not digits:
        raise ValueError(f"scenario name {name!r} must end in a number")
    return int(digits)


def parameter(values: NDArray[np.float64], *index: pyo.Set) -> pyo.Param:
    """Return a mutable parameter over the product of the ``index`` sets, with ``values`` in its order (row-major)."""
    keys = index[0] if len(index) == 1 else itertools.product(*index)
    return pyo.Param(*index, initialize=dict(zip(keys, values.ravel().tolist(), strict=True)), mutable=True)


def variable_name(variable: str, *index: str | int) -> str:
    """Return the name of a variable's component, as Pyomo writes it."""
    return variable + str(index_repr(index))


def attach_first_stage(m: pyo.ConcreteModel, cost: pyo.Expression, variables: Sequence[pyo.Var], probability: float) -> None:
    """Declare the nonanticipative ``variables`` and the first-stage ``cost`` to mpi-sppy, with the scenario's probability."""
    with contextlib.redirect_stdout(io.StringIO()):
        import mpisppy.utils.sputils as sputils
    sputils.attach_root_node(m, cost, list(variables), do_uniform=False)
    m._mpisppy_probability = probability
