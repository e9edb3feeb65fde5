r"""Where progressive hedging starts: the LP relaxation's plan and its nonanticipativity duals as first weights W.

Let pi_s be scenario s's dual in the LP relaxation (that of its rows in the extensive form, over p_s). Scenario s alone sees the slope

    g_s = c_s - T_s' pi_s                                                                       (1)
    W_s = -g_s + sum_r p_r g_r,          so that sum_s p_s W_s = 0                              (2)

With costs c_s + W_s every scenario's LP has the LP relaxation's plan among its optima, so the Lagrangian bound
sum_s p_s min (c_s + W_s)'x + q_s'y of the relaxation equals the LP bound, and with integrality kept it is at least that. The duals
come from the Benders engine's LP phase, at any number of scenarios; a bundle's W is the mean of its members'.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import SolverError
from ...solvers import Backend, Termination
from ..benders.grouping import from_stage_data
from ..benders.lp_duals import lp_duals
from ..benders.team import Team
from ..matrices import Array, StageData

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """``bound`` of the LP relaxation (minimisation form), its plan ``x`` (n1,) and the weights W (S, n1)."""

    weights: Array
    bound: float | None = None
    x: Array | None = None
    impossible: Termination | None = None  # INFEASIBLE or UNBOUNDED, with the reason
    reason: str = ""


def lp_start(data: StageData, backend: Backend, time_limit: float | None = None, *, comm: Any = None, bundles: int | None = None) -> Start:
    """Solve the LP relaxation over all ranks of ``comm``, and return its start for ``bundles`` of the scenarios (``None``: each alone).

    If it is stopped or fails before it has a bound, the start is W = 0.
    """
    weights = np.zeros((len(data.scenarios), len(data.first)))
    try:
        found = lp_duals(from_stage_data(data, keep_repeated=True), backend, Team(comm), time_limit)
    except SolverError as e:
        _LOG.warning("the LP relaxation failed, progressive hedging starts from W = 0: %s", e)
        return Start(_bundled(weights, data.probabilities, bundles))
    impossible = {"infeasible": Termination.INFEASIBLE, "unbounded": Termination.UNBOUNDED}.get(found.reason)
    if found.slopes is not None and impossible is None:
        weights = _weights(data, found.slopes, found.labels)
    return Start(_bundled(weights, data.probabilities, bundles), found.bound, found.x, impossible, found.detail)


def _weights(data: StageData, slopes: Array, labels: tuple[str, ...]) -> Array:
    """Return (2) from the slopes of the scenarios named ``labels``; 0 for scenarios of probability zero, which are not among them."""
    place = {name: k for k, name in enumerate(labels)}
    p = data.probabilities
    g = np.array([slopes[place[s.name]] if s.name in place else np.zeros(len(data.first)) for s in data.scenarios])
    weights = p @ g / p.sum() - g
    weights[p == 0] = 0.0
    return centred(weights, p)


def _bundled(weights: Array, p: Array, bundles: int | None) -> Array:
    """Return the mean weights (B, n1) of each bundle's members."""
    if bundles is None or bundles >= len(p):
        return weights
    parts = np.array_split(np.arange(len(p)), bundles)
    shares = [p[k] / p[k].sum() if p[k].sum() > 0 else np.full(len(k), 1 / len(k)) for k in parts]
    return np.array([share @ weights[k] for share, k in zip(shares, parts, strict=True)])


def centred(weights: Array, p: Array) -> Array:
    """Return ``weights`` less their expectation, so that sum_s p_s W_s = 0 to the last digits."""
    return np.asarray(weights - (p @ weights) / p.sum())
