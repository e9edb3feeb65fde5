r"""A responder instance estimated from a log of events (appendix A2 of Ghosh & Gosavi 2017, and posteriors around it).

    p(i) = (w p0(i) + N(i)) / (w + sum_j N(j)),    D(i, a, i') = (w D0(i, a, i') + M(i, a, i')) / (w + sum_j M(i, a, j))          (1)

With prior weight w = 0 these are the appendix's estimators. With w > 0 they are the means of the Dirichlet posteriors, whose priors are
worth w observations of the skeleton's p0 and D0; what both numerator terms leave at 0 stays 0. The denominators are the posteriors' counts.
Travel times are means. Response times T_a(phi) fit the logged ones by non-negative least squares, in proportion to their size, of

    response = sum_{phi in i'} T_a(phi);                                                                             (2)

an incident that agency a never met, or to which (2) gives no time, keeps the skeleton's. The sigmas of the instance are those of a *mean*
of log times: the spread within agencies (travel), or within agencies and sets of incidents (response), pooled, over
sqrt(events / agencies).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from ..errors import InputError
from ..instances import Responder
from ..instances.arrays import Array
from ..instances.loader import require, validate
from ..instances.responder_arrays import domino_rows
from ..instances.responder_log import ResponderLog

_ESTIMATED = ("starts", "dominoes", "agencies", "uncertainty")


@dataclass(frozen=True, slots=True)
class LogTimes:
    """Logs of the response times of one agency to one set of incidents: how many, their mean, and their sigma (``None`` of one)."""

    count: int
    mean: float
    sigma: float | None


def response_log_times(log: ResponderLog) -> dict[tuple[int, str], LogTimes]:
    """Return the statistics by natural state (bits) and agency; sigma has the divisor n - 1."""
    out = {}
    for found, agency in sorted(set(zip(log.found.tolist(), log.agency.tolist(), strict=True))):
        logs = np.log(log.response[(log.found == found) & (log.agency == agency)])
        out[found, log.agencies[agency]] = LogTimes(len(logs), float(logs.mean()), float(logs.std(ddof=1)) if len(logs) > 1 else None)
    return out


def estimate(log: ResponderLog, skeleton: Responder, *, prior_weight: float = 0.0, name: str | None = None) -> Responder:
    """Return the skeleton with starts, dominoes, times and uncertainty estimated from the log.

    Raises
    ------
    InputError
        A negative prior weight; with weight 0, a decision state and agency that the log does not have, so that (1) says nothing; or what
        is estimated is no instance, such as one whose response takes no time at all.
    """
    if not (math.isfinite(prior_weight) and prior_weight >= 0):
        raise InputError(f"prior_weight {prior_weight:g}: expected a finite number, at least 0")
    sets, seen, moves = skeleton.sets, log.starts(), log.transitions()
    decision = [sets.mask("starts", s.state) for s in skeleton.starts]
    starts = _mean({m: s.probability for m, s in zip(decision, skeleton.starts, strict=True)}, dict(seen), prior_weight)
    given = domino_rows(skeleton, skeleton.dominoes)
    dominoes = []
    for mask in decision:
        for number, agency in enumerate(log.agencies):
            counts = {to: n for (i, a, to), n in moves.items() if (i, a) == (mask, number)}
            total = sum(counts.values())
            if not total + prior_weight:
                what = f"state {sets.name(mask)!r} and agency {agency!r}"
                raise InputError(f"{log.file}: {what} are not in the log: expected a prior_weight above 0")
            row = _mean(given.get((mask, agency), {mask: 1.0}), counts, prior_weight)
            to = [{"state": sets.members(m), "probability": p} for m, p in row.items()]
            dominoes.append({"state": sets.members(mask), "agency": agency, "to": to, "count": total + prior_weight})
    kept = {what: its for what, its in skeleton.provenance.items() if what.split(".")[0] not in _ESTIMATED}
    data = skeleton.model_dump()
    for number, agency_data in enumerate(data["agencies"]):
        own = log.agency == number
        if own.any():
            agency_data["travel_time_h"] = float(log.travel[own].mean())
            agency_data["response_times_h"] |= _response_times(log, number)
    data |= {
        "name": name or f"{skeleton.name}-estimated",
        "starts": [{"state": sets.members(m), "probability": p} for m, p in starts.items()],
        "dominoes": dominoes,
        "uncertainty": {"start_count": len(log) + prior_weight, **_sigmas(log)},
        "provenance": kept | dict.fromkeys(_ESTIMATED, "estimated"),
        "published": None,
        "best_known": None,
        "scenarios": [],
    }
    return require(Responder, validate(data, f"{log.file}: the estimated instance"), skeleton.name)


def _mean(prior: dict[int, float], counts: dict[int, int], weight: float) -> dict[int, float]:
    """Return (1) of one row."""
    total = weight + sum(counts.values())
    return {m: (weight * prior.get(m, 0.0) + counts.get(m, 0)) / total for m in {**prior, **counts}}


def _response_times(log: ResponderLog, agency: int) -> dict[str, float]:
    """Return the hours of (2) of one agency, for the incidents that the log tells of."""
    own = (log.agency == agency) & (log.found > 0)
    members = (log.found[own, None] >> np.arange(len(log.sets.names)) & 1).astype(float)
    if not len(members):
        return {}
    hours, _ = nnls(members / log.response[own, None], np.ones(len(members)))
    return {name: float(h) for name, h in zip(log.sets.names, hours, strict=True) if h > 0}


def _sigmas(log: ResponderLog) -> dict[str, float]:
    """Return the sigmas of means of log times, pooled; 0 where no group has two events, or a travel takes no time."""
    events = math.sqrt(len(log) / len(log.agencies))
    cells = log.found * len(log.agencies) + log.agency
    travel = _pooled(np.log(log.travel), log.agency) if (log.travel > 0).all() else 0.0
    return {"response_sigma": _pooled(np.log(log.response), cells) / events, "travel_sigma": travel / events}


def _pooled(logs: Array, group: np.ndarray) -> float:
    """Return the standard deviation within groups, pooled."""
    number = np.unique(group, return_inverse=True)[1]
    means = np.bincount(number, logs) / np.bincount(number)
    freedom = len(logs) - len(means)
    return math.sqrt(float(np.sum((logs - means[number]) ** 2)) / freedom) if freedom else 0.0
