"""A responder instance estimated from a file of events, with what was counted in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..instances import Responder
from ..instances.responder_log import read_log
from .responder_estimate import estimate


@dataclass(frozen=True, slots=True)
class FromLog:
    """An estimated instance, and events of the log: how many, and how many by decision state, by agency sent and by both."""

    instance: Responder
    log: str
    skeleton: str
    prior_weight: float
    events: int
    by_state: dict[str, int]
    by_agency: dict[str, int]
    by_state_and_agency: dict[str, dict[str, int]]

    @property
    def start(self) -> dict[str, float]:
        """Estimated start probabilities, by decision state."""
        sets = self.instance.sets
        return {sets.name(sets.mask("starts", s.state)): s.probability for s in self.instance.starts}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data without the instance, ready for JSON."""
        return {
            "name": self.instance.name,
            "log": self.log,
            "skeleton": self.skeleton,
            "prior_weight": self.prior_weight,
            "events": self.events,
            "by_state": self.by_state,
            "by_agency": self.by_agency,
            "by_state_and_agency": self.by_state_and_agency,
            "start": self.start,
            "travel_time_h": {a.name: a.travel_time_h for a in self.instance.agencies},
            "response_times_h": {a.name: a.response_times_h for a in self.instance.agencies},
        }


def estimate_from_file(path: str | Path, skeleton: Responder, *, prior_weight: float = 0.0, name: str | None = None) -> FromLog:
    """Read a log and estimate an instance from it; raises as :func:`read_log` and :func:`estimate` do."""
    log = read_log(path, skeleton)
    instance = estimate(log, skeleton, prior_weight=prior_weight, name=name)
    sets = skeleton.sets
    states = [sets.mask("starts", s.state) for s in skeleton.starts]
    pairs = Counter(zip(log.state.tolist(), log.agency.tolist(), strict=True))
    table = {sets.name(m): {agency: pairs[m, a] for a, agency in enumerate(log.agencies)} for m in states}
    return FromLog(
        instance=instance,
        log=str(path),
        skeleton=skeleton.name,
        prior_weight=prior_weight,
        events=len(log),
        by_state={state: sum(row.values()) for state, row in table.items()},
        by_agency={agency: sum(row[agency] for row in table.values()) for agency in log.agencies},
        by_state_and_agency=table,
    )
