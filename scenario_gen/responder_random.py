r"""The seeded families ``responder-random`` (5 incidents, 3 agencies) and ``responder-random-large`` (12 incidents, 4 agencies).

One fixed draw each; every set of incidents but the empty one is a decision state. Hazards of incidents are log-uniform on 1..16 and sorted,
T_a(phi) is 5 H(phi)^0.8 lognormal(0.3) / speed_a hours, agencies that are farther away are faster. Starts have p(i) proportional to
0.35^|i| exp(0.5 Z). While agency a travels, state i

    stays with probability exp(-0.15 TT(a)),   else one further incident phi follows, with weights from Dirichlet(1),                (1)

so a row has at most 1 + k - |i| natural states. Counts of 60 stand behind starts and of 40 behind dominoes; times have sigma 0.2.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ..instances import Responder
from ..instances.arrays import Array
from ..instances.fields import Source
from ..instances.responder_arrays import ResponderLayout
from ..instances.responder_parts import Agency, Domino, Incident, Reached, Start, Uncertainty
from .responder_futures import DrawnFutures

_FAMILY_SEED = 7
_KNOWN = Uncertainty(start_count=60 * 31, domino_count=40, response_sigma=0.2, travel_sigma=0.2)


@cache
def family(num_incidents: int, num_agencies: int) -> tuple[ResponderLayout, tuple[Array, Array, Array, Array]]:
    """Return the layout, and ``start`` (I,), ``travel`` (A,), ``response`` (A, K) and ``domino`` (E,), as arrays alone."""
    rng = np.random.default_rng(_FAMILY_SEED)
    num = 2**num_incidents
    members = (np.arange(1, num)[:, None] >> np.arange(num_incidents) & 1).astype(bool)
    hazard = np.sort(np.exp(rng.uniform(0, np.log(16), num_incidents))).round(2)
    travel = np.sort(rng.uniform(0.3, 4.0, num_agencies)).round(2)
    speed = np.linspace(1, 2.5, num_agencies)[:, None]
    response = (5 * hazard**0.8 * rng.lognormal(0, 0.3, (num_agencies, num_incidents)) / speed).round(2)
    weight = 0.35 ** members.sum(axis=1) * np.exp(0.5 * rng.standard_normal(num - 1))
    state, agency, added = np.meshgrid(np.arange(num - 1), np.arange(num_agencies), np.arange(-1, num_incidents), indexing="ij")
    absent = np.concatenate([np.ones((num - 1, 1), dtype=bool), ~members], axis=1)
    stays = np.exp(-0.15 * travel)
    shares = rng.standard_exponential((num - 1, num_agencies, num_incidents)) * ~members[:, None, :]
    total = shares.sum(axis=2, keepdims=True)
    shares = np.divide(shares * (1 - stays)[:, None], total, out=np.zeros_like(shares), where=total > 0)
    domino = np.concatenate([1 - shares.sum(axis=2, keepdims=True), shares], axis=2)
    kept = np.broadcast_to(absent[:, None, :], domino.shape)
    to = state + np.where(added < 0, 0, 1 << np.maximum(added, 0))
    layout = ResponderLayout(
        incidents=tuple(f"n{k:02d}" for k in range(num_incidents)),
        agencies=tuple(f"agency{a}" for a in range(num_agencies)),
        num_states=num - 1,
        members=members,
        hazard=hazard,
        alpha=0.5,
        row=(state * num_agencies + agency)[kept],
        to=to[kept],
    )
    return layout, (weight / weight.sum(), travel, response, domino[kept])


@cache
def written(name: str, num_incidents: int, num_agencies: int) -> Responder:
    """Return the instance of the family, all dominoes written out (slow for many incidents: 4,095 states take a second or two)."""
    layout, (start, travel, response, domino) = family(num_incidents, num_agencies)
    sets = [[layout.incidents[k] for k in np.flatnonzero(m)] for m in layout.members]
    rows: dict[int, list[Reached]] = {}
    for row, to, probability in zip(layout.row.tolist(), layout.to.tolist(), domino.tolist(), strict=True):
        rows.setdefault(row, []).append(Reached.model_construct(state=sets[to], probability=probability))
    return Responder(
        format="quakeops/responder-smdp/1",
        name=name,
        title=f"{num_incidents} kinds of incidents and {num_agencies} agencies, drawn",
        source=Source(citation="quakeops: synthetic", licence="Apache-2.0"),
        provenance={field: "synthetic" for field in ("incidents", "agencies", "starts", "dominoes", "uncertainty")},
        incidents=[Incident(name=n, hazard=h) for n, h in zip(layout.incidents, layout.hazard.tolist(), strict=True)],
        agencies=[
            Agency(name=n, travel_time_h=t, response_times_h=dict(zip(layout.incidents, r, strict=True)))
            for n, t, r in zip(layout.agencies, travel.tolist(), response.tolist(), strict=True)
        ],
        starts=[Start(state=s, probability=p) for s, p in zip(sets, start.tolist(), strict=True)],
        dominoes=[
            Domino.model_construct(state=sets[row // num_agencies], agency=layout.agencies[row % num_agencies], to=to, count=None)
            for row, to in rows.items()
        ],
        uncertainty=_KNOWN,
    )


def _source(name: str, num_incidents: int, num_agencies: int, num_scenarios: int, seed: int) -> DrawnFutures:
    layout, parts = family(num_incidents, num_agencies)
    counts = np.full(len(layout.row), float(_KNOWN.domino_count or np.inf))
    return DrawnFutures(lambda: written(name, num_incidents, num_agencies), layout, parts, _KNOWN, counts, num_scenarios, seed)


def small(num_scenarios: int, seed: int) -> DrawnFutures:
    """Return draws of ``responder-random``: 31 decision states."""
    return _source("responder-random", 5, 3, num_scenarios, seed)


def large(num_scenarios: int, seed: int) -> DrawnFutures:
    """Return draws of ``responder-random-large``: 4,095 decision states."""
    return _source("responder-random-large", 12, 4, num_scenarios, seed)
