"""What could be sent to a zone at most, and the refusal of a requirement beyond it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.optimize import brentq

from ..errors import InputError
from ..instances import DemandSource, Deployment
from .order_statistics import Array, cvar, smallest_epsilon

SLACK = 1e-9
"""Relative; what is required may exceed what can be sent by rounding."""


def most_sent(inst: Deployment) -> dict[str, float]:
    """Return the units that can reach each zone if it gets everything: sum_j min(B_j, N_j H k / (2 h_ij)) over its usable routes."""
    depot = {d.name: d for d in inst.depots}
    out = {z.name: 0.0 for z in inst.zones}
    for r in inst.usable_routes:
        d = depot[r.depot]
        carried = np.inf if r.hours == 0 else d.vehicles * inst.fleet.hours * inst.fleet.capacity / (2 * r.hours)
        out[r.zone] += min(d.stock, carried)
    return out


def check_reach(source: DemandSource, needed: Mapping[str, float], rule: str) -> None:
    """Raise :class:`InputError` if a zone must get more than could ever be sent there: zone, shortfall and smallest feasible epsilon."""
    demand, p = source.block(0, source.num_scenarios).demand, source.probabilities
    resource = source.instance.units.resource
    for i, (zone, most) in enumerate(most_sent(source.instance).items()):
        if needed[zone] > most * (1 + SLACK) + SLACK:
            smallest = _smallest_by_cvar(demand[:, i], p, most) if rule == "cvar" else smallest_epsilon(demand[:, i], p, most)
            least = "no epsilon below 1 is feasible" if smallest is None else f"the smallest feasible epsilon there is {smallest:.6g}"
            raise InputError(
                f"zone {zone!r}: epsilon asks for {needed[zone]:.6g} {resource}s, but at most {most:.6g} can be sent within its limits, "
                f"{needed[zone] - most:.6g} too few; {least}"
            )


def _smallest_by_cvar(values: Array, p: Array, most: float) -> float | None:
    """Return the smallest epsilon whose CVaR is at most ``most``; ``None`` if even the mean is larger."""
    if float(p @ values) / float(p.sum()) > most:
        return None
    return float(brentq(lambda e: cvar(values, p, float(f"{e:.15g}")) - most, 1e-12, 1.0 - 1e-12, xtol=1e-12))
