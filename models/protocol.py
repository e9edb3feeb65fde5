"""What every model's protocol section shares: mpi-sppy's root node, imported without its start banner."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence

import pyomo.environ as pyo


def scenario_number(name: str) -> int:
    """Return the number at the end of a scenario name (mpi-sppy's convention)."""
    digits = name[len(name.rstrip("0123456789")) :]
    if not digits:
        raise ValueError(f"scenario name {name!r} must end in a number")
    return int(digits)


def attach_first_stage(m: pyo.ConcreteModel, cost: pyo.Expression, variables: Sequence[pyo.Var], probability: float) -> None:
    """Declare the nonanticipative ``variables`` and the first-stage ``cost`` to mpi-sppy, with the scenario's probability."""
    with contextlib.redirect_stdout(io.StringIO()):
        import mpisppy.utils.sputils as sputils
    sputils.attach_root_node(m, cost, list(variables), do_uniform=False)
    m._mpisppy_probability = probability
