"""What the pictures of a responder policy show, as plain data: states, whom the policy sends, probabilities and restoration times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..decomposition.program import from_provenance
from ..decomposition.responder_policies import sent_by
from ..instances.arrays import Array
from ..instances.responder_source import ResponderBlock, ResponderSource
from ..instances.scenario_labels import find_label
from ..result import Result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResponderView:
    """A policy with the means of a source's scenarios, or with the numbers of one of them (``scenario``).

    ``sent`` (I,) is the agency's number; ``start`` (I,), ``time`` in hours and ``cost`` (I, A); ``reached`` (I, N) the probabilities of
    the natural states, which begin with the decision states, under the agency sent. ``hours`` and ``rate`` are of a mean event.
    """

    instance: str
    method: str
    gap: float | None
    scenario: str | None
    num_scenarios: int
    states: tuple[str, ...]
    natural: tuple[str, ...]
    agencies: tuple[str, ...]
    sent: tuple[int, ...]
    start: Array
    time: Array
    cost: Array
    reached: Array

    @property
    def hours(self) -> float:
        """Hours of restoring of a mean event."""
        return float(self.start @ self.time[np.arange(len(self.sent)), self.sent])

    @property
    def rate(self) -> float:
        """Hazard an hour: that of a mean event over its hours."""
        return float(self.start @ self.cost[np.arange(len(self.sent)), self.sent]) / self.hours


def responder_view(result: Result, scenario: str | None = None) -> ResponderView:
    """Rebuild what ``result`` was computed on and return what the pictures show.

    Raises
    ------
    InputError
        Unknown scenario, a policy that does not fit the model, or an instance that is no longer the one solved.
    """
    source: ResponderSource = from_provenance(result.provenance).kwargs["source"]
    count, layout = source.num_scenarios, source.layout
    block = source.block(0, count)
    label = None
    if scenario is not None:
        k = find_label(block.labels, scenario)
        block, label = block.take([k]), block.labels[k]
    sent = tuple(layout.agencies.index(a) for a in sent_by(result, layout.states, layout.agencies))
    domino = _mean(block, "domino")
    state, agency = np.divmod(layout.row, len(layout.agencies))
    reached = np.zeros((layout.num_states, layout.num_natural))
    mine = agency == np.array(sent)[state]
    reached[state[mine], layout.to[mine]] = domino[mine]
    return ResponderView(
        instance=source.instance.name,
        method=f"{result.method}, {result.solver}",
        gap=result.gap,
        scenario=label,
        num_scenarios=count,
        states=layout.states,
        natural=layout.natural_states,
        agencies=layout.agencies,
        sent=sent,
        start=_mean(block, "start"),
        time=_mean(block, "time"),
        cost=_mean(block, "cost"),
        reached=reached,
    )


def _mean(block: ResponderBlock, name: str) -> Array:
    return np.asarray(np.tensordot(block.probability / block.probability.sum(), getattr(block, name), 1))
