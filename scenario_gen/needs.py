"""From damage to relief: who loses their home, who has no water, and what that takes of each commodity.

Displaced people of a zone follow the shelter model of HAZUS (Earthquake Model Technical Manual, chapter on shelter requirements): a
single-family dwelling is uninhabitable when complete damage is reached, nine tenths of a multi-family building's dwellings when extensive
damage is, and all of them at complete damage. What they need is linear,

    demand_k = a_k displaced + w_k waterless + sum_severity m_k,severity casualties                     (1)

with ``waterless`` the people still at home whose zone's water supply does not work. The coefficients of the packaged goods are for 72 h:
15 l a day for the displaced and 3 l, the minimum of survival, for the waterless (Sphere Handbook 2018, water supply standard 2.1); three
rations a day; a kit for five for the 30 % of the displaced who seek public shelter; a medical kit for each casualty of severity 2 or 3, a
tenth of one for severity 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..instances.schema import Impact, Prepositioning

Array = NDArray[np.float64]

UNINHABITABLE = {"RES1": (0, 0, 0, 0, 1), "RES2": (0, 0, 0, 0, 1), "RES3": (0, 0, 0, 0.9, 1)}
"""Share of the residents displaced, by occupancy class and damage state from none to complete; none in other classes."""


@dataclass(frozen=True, slots=True)
class Need:
    """Units of a commodity per displaced person, per person without water, per casualty of severities 1 to 4; see (1)."""

    displaced: float = 0.0
    waterless: float = 0.0
    casualty: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


NEEDS: Mapping[str, Need] = {
    "water": Need(displaced=0.045, waterless=0.009),
    "food": Need(displaced=0.009),
    "shelter": Need(displaced=0.06),
    "medical": Need(casualty=(0.1, 1.0, 1.0, 0.0)),
}
"""Needs of the packaged goods, in their units: m3, 1000 rations, family kits, kits."""

IMPACT = Impact(
    casualty_reduction=[(0, 0), (0.3, 0.3), (0.6, 0.45), (1, 0.55)], loss_reduction=[(0, 0), (0.5, 0.2), (1, 0.3)], horizon_h=72.0
)
"""What relief saves of the casualties and the loss of a zone, by the share of its demand that is covered: synthetic, of diminishing returns
(ST-ERAO paper, eq. 14-15, gives no numbers); 72 h for what never arrives."""


def with_impact(relief: Prepositioning) -> Prepositioning:
    """Return the relief instance of a region with :data:`IMPACT`, if it has no impact terms of its own and its roads have travel times."""
    if relief.impact is not None or any(link.hours is None for link in relief.links):
        return relief
    provenance = {**relief.provenance, "impact": "synthetic"}
    return relief.model_copy(update={"impact": IMPACT, "provenance": provenance})


def displaced_shares(occupancies: Sequence[str]) -> Array:
    """Return the share of residents displaced (A, 5) for archetypes of these occupancy classes, by damage state."""
    return np.array([UNINHABITABLE.get(o, (0, 0, 0, 0, 0)) for o in occupancies], dtype=float)


def demand(commodities: Sequence[str], displaced: Array, waterless: Array, casualties: Array, needs: Mapping[str, Need] = NEEDS) -> Array:
    """Return (1): units (..., Z, K) from people displaced and waterless (..., Z) and casualties (..., Z, 4).

    Raises
    ------
    InputError
        A commodity without a rule.
    """
    unknown = [name for name in commodities if name not in needs]
    if unknown:
        raise InputError(f"commodity {unknown[0]!r} has no rule of need; known: {', '.join(needs)}")
    rules = [needs[name] for name in commodities]
    out = displaced[..., None] * np.array([r.displaced for r in rules]) + waterless[..., None] * np.array([r.waterless for r in rules])
    return np.asarray(out + np.einsum("...v,kv->...k", casualties, np.array([r.casualty for r in rules])))
