"""Scenarios kept whole in the master, recourse columns and rows (partial Benders decomposition; Crainic, Hewitt, Maggioni & Rei 2021)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import block_diag, csr_array, vstack

from ..matrices import Array
from .problem import Indices, Problem
from .recourse_lps import row_bounds
from .together import scenario_part


@dataclass(frozen=True, slots=True, eq=False)
class Retained:
    """LP recourse of ``scenarios`` (r,): ``cost`` of their columns and ``cost_first`` (n1,), both times p; T, W and sides of their rows.

    ``constant`` is sum p_s o_s of their cost offsets.
    """

    scenarios: Indices
    cost: Array
    cost_first: Array
    constant: float
    lower: Array
    upper: Array
    T: csr_array
    W: csr_array
    row_lower: Array
    row_upper: Array


def retain(problem: Problem, scenarios: Indices) -> Retained:
    """Return what the master needs to hold ``scenarios``, whose data this rank must have."""
    parts = [scenario_part(problem, k) for k in scenarios.tolist()]
    p = problem.probabilities[scenarios]
    sides = [row_bounds(part.group, part.rhs) for part in parts]
    return Retained(
        scenarios=scenarios,
        cost=np.concatenate([w * part.group.cost for w, part in zip(p, parts, strict=True)]),
        cost_first=sum((w * part.cost_first for w, part in zip(p, parts, strict=True)), np.zeros(len(problem.first))),
        constant=float(p @ [part.offset for part in parts]),
        lower=np.concatenate([part.group.second.lower for part in parts]),
        upper=np.concatenate([part.group.second.upper for part in parts]),
        T=csr_array(vstack([part.T for part in parts], format="csr")),
        W=csr_array(block_diag([part.group.W for part in parts], format="csr")),
        row_lower=np.concatenate([low for low, _ in sides]),
        row_upper=np.concatenate([high for _, high in sides]),
    )
