r"""Whether a deployment plan meets its requirement in given scenarios: what a chance constraint counts.

For ``send="now"`` zone i is missed where sum_j y_ij < D_i. For ``send="recourse"`` what is ready is sent as well as it can be:

    min sum_i (1 - f_i / (2 n)) m_i   s.t.  sum_j y_ij >= D_i (1 - m_i),   (3), (4) of :mod:`.deployment`,   m binary      (1)

and the zones with m_i = 1 are missed: the fewest, and among these rather those that the plan gives up often in its own scenarios (f_i, the
share of them). That is one policy; another may miss other zones. Jointly, a scenario is missed if (1) is not 0, an LP.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyomo.core.base.component_namer import index_repr
from scipy.optimize import LinearConstraint, linprog, milp
from scipy.sparse import csr_array, eye_array, hstack, vstack

from ..instances import DemandSource, Deployment

MISSED = 1e-6
"""A demand is met if this share of it, or less, is lacking: solvers' tolerance."""


def violations(source: DemandSource, plan: dict[str, float], start: int, stop: int, **form) -> dict[str, NDArray[np.bool_]]:
    """Return ``{requirement: whether the plan misses it}``, (stop - start,) each, in scenarios ``start, ..., stop - 1``.

    ``plan`` holds the first stage by name; ``form`` is that of :func:`quakeops.models.deployment.build`. The requirement is ``"all"``, or
    one a zone. Units of demand are met to a relative 1e-6.

    Raises
    ------
    KeyError
        The plan lacks a variable.
    """
    inst, demand = source.instance, source.block(start, stop).demand
    if form.get("send", "recourse") == "now":
        place = {z.name: i for i, z in enumerate(inst.zones)}
        sent = np.zeros(len(inst.zones))
        for r in inst.usable_routes:
            sent[place[r.zone]] += plan["send" + index_repr((r.depot, r.zone))]
        missed = demand * (1 - MISSED) > sent
    else:
        missed = _missed_by_recourse(inst, plan, demand, joint=bool(form.get("joint", True)))
    if form.get("joint", True):
        return {"all": np.asarray(missed.any(axis=1))}
    return {z.name: missed[:, i] for i, z in enumerate(inst.zones)}


def _missed_by_recourse(inst: Deployment, plan: dict[str, float], demand: NDArray[np.float64], *, joint: bool) -> NDArray[np.bool_]:
    """Return which zones (B, n) are missed by (1); jointly, all zones of a scenario if any is."""
    routes, n = inst.usable_routes, len(inst.zones)
    zone, depot = {z.name: i for i, z in enumerate(inst.zones)}, {d.name: j for j, d in enumerate(inst.depots)}
    a = np.arange(len(routes))
    to = csr_array((np.ones(len(a)), ([zone[r.zone] for r in routes], a)), shape=(n, len(a)))
    out_of = np.array([depot[r.depot] for r in routes], dtype=np.int64)
    stock = csr_array((np.ones(len(a)), (out_of, a)), shape=(len(depot), len(a)))
    trips = csr_array(([2 * r.hours / inst.fleet.capacity for r in routes], (out_of, a)), shape=(len(depot), len(a)))
    limits = np.concatenate(
        [[plan["ready" + index_repr(d)] for d in depot], [plan["vehicles" + index_repr(d)] * inst.fleet.hours for d in depot]]
    )
    missed = np.zeros(demand.shape, dtype=bool)
    price = 1 - _shares_given_up(inst, plan) / (2 * n)
    for k, wanted in enumerate(demand * (1 - MISSED)):
        if joint:
            found = linprog(np.zeros(len(a)), A_ub=vstack([-to, stock, trips]), b_ub=np.concatenate([-wanted, limits]), method="highs")
            missed[k] = found.status != 0
            continue
        rows = vstack([hstack([to, eye_array(n) * wanted[:, None]]), hstack([vstack([stock, trips]), csr_array((len(limits), n))])])
        low, high = np.concatenate([wanted, np.full(len(limits), -np.inf)]), np.concatenate([np.full(n, np.inf), limits])
        best = milp(
            np.concatenate([np.zeros(len(a)), price]),
            constraints=LinearConstraint(csr_array(rows), low, high),
            integrality=np.concatenate([np.zeros(len(a)), np.ones(n)]),
            bounds=(0, np.concatenate([np.full(len(a), np.inf), np.ones(n)])),
        )
        missed[k] = np.round(best.x[len(a) :]) > 0.5
    return missed


def _shares_given_up(inst: Deployment, plan: dict[str, float]) -> NDArray[np.float64]:
    """Return the share of its own scenarios in which the plan gives up each zone (n,); 0 where it does not say."""
    endings = [index_repr(("*", z.name)).removeprefix("[*") for z in inst.zones]
    given = {name: value for name, value in plan.items() if name.startswith("give_up[")}
    own = [[value for name, value in given.items() if name.endswith(ending)] for ending in endings]
    return np.array([sum(values) / max(len(values), 1) for values in own])
