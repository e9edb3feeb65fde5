"""What a map of a retrofit plan shows, as plain data: what is retrofitted, and in one scenario what is damaged, repaired, left."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress

import numpy as np

from ..decomposition.program import from_provenance
from ..errors import InputError
from ..instances import Retrofit, RoadSource
from ..result import Result
from .labels import Array
from .retrofit_decisions import retrofit_decisions
from .scenario_choice import find_scenario

Place = tuple[float, float]

REQUIREMENTS = {
    "path": "each pair in time on its own path",
    "shortest": "each pair in time on its shortest path",
    "traffic": "each pair in time with all trips on the roads",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrofitView:
    """A plan and what is repaired in one scenario.

    ``retrofitted`` and ``repaired`` elements, and ``left`` ones, damaged and neither; ``slowed``, ``closed`` and ``restored`` links, the
    last of which would be one of the others without retrofit and repair. ``expected_repair_cost`` is over all scenarios and without the
    weight ``ratio``, in money; ``form`` names what is required. ``scenario`` is a label, ``scenario_name`` is ``scen<k>``.
    """

    instance: Retrofit
    form: str
    ratio: float
    method: str
    scenario: str
    scenario_name: str
    probability: float
    expected_repair_cost: float
    gap: float | None
    retrofitted: frozenset[str]
    repaired: frozenset[str]
    left: frozenset[str]
    slowed: frozenset[str]
    closed: frozenset[str]
    restored: frozenset[str]

    @property
    def retrofit_cost(self) -> float:
        """Money spent before."""
        return sum(e.retrofit_cost for e in self.instance.elements if e.name in self.retrofitted)

    @property
    def repair_cost(self) -> float:
        """Money spent after, in this scenario."""
        return sum(e.repair_cost for e in self.instance.elements if e.name in self.repaired)


def retrofit_view(result: Result, scenario: str | None = None) -> RetrofitView:
    """Rebuild what ``result`` was computed on, and return what a map of one scenario shows.

    By default it is the scenario whose repairs cost most; if nothing is repaired in any, the one with the most links damaged.

    Raises
    ------
    InputError
        An instance without places, an unknown scenario, a plan that does not fit the model, or an instance that is no longer the one
        solved.
    NoSolutionError
        The plan has no recourse in some scenario.
    """
    program = from_provenance(result.provenance)
    source: RoadSource = program.kwargs["source"]
    inst = source.instance
    if all(link.ends is None for link in inst.links):
        raise InputError(f"instance {inst.name!r} has no map to draw a plan on: its links have no field 'ends' with two of its places")
    block, names = source.block(0, source.num_scenarios), [e.name for e in inst.elements]
    asked = None if scenario is None else find_scenario(source, scenario)
    decisions, ratio = retrofit_decisions(result, program), float(program.kwargs["ratio"])
    costs = decisions.repaired @ [e.repair_cost for e in inst.elements]
    k = _costliest(costs, (block.times > [link.time for link in inst.links]).sum(axis=1)) if asked is None else asked
    scen, retrofitted = block.scenario(k), frozenset(compress(names, decisions.retrofitted))
    hit = [(link, bool(np.isinf(time))) for link, time in zip(inst.links, scen.times, strict=True) if time > link.time]
    damaged = frozenset(link.element for link, _ in hit if link.element is not None)
    repaired = frozenset(compress(names, decisions.repaired[k])) & damaged
    sound = retrofitted | repaired
    return RetrofitView(
        instance=inst,
        form=REQUIREMENTS[program.kwargs["requirement"]],
        ratio=ratio,
        method=f"{result.method}, {result.solver}",
        scenario=scen.label,
        scenario_name=scen.name,
        probability=scen.probability,
        expected_repair_cost=float(block.probability @ costs),
        gap=result.gap,
        retrofitted=retrofitted,
        repaired=repaired,
        left=damaged - sound,
        slowed=frozenset(link.name for link, is_closed in hit if not is_closed and link.element not in sound),
        closed=frozenset(link.name for link, is_closed in hit if is_closed and link.element not in sound),
        restored=frozenset(link.name for link, _ in hit if link.element in sound),
    )


def places_of(inst: Retrofit) -> tuple[dict[str, Place], dict[str, Place]]:
    """Return longitude and latitude of places, and of elements: their own, else the middle of their links; none if there is neither."""
    places = {p.name: (p.longitude, p.latitude) for p in inst.places}
    middles: dict[str, list[Place]] = {}
    for link in inst.links:
        if link.element is not None and link.ends is not None:
            (x0, y0), (x1, y1) = (places[end] for end in link.ends)
            middles.setdefault(link.element, []).append(((x0 + x1) / 2, (y0 + y1) / 2))
    elements = {e: (sum(x for x, _ in own) / len(own), sum(y for _, y in own) / len(own)) for e, own in middles.items()}
    for e in inst.elements:
        if e.longitude is not None and e.latitude is not None:
            elements[e.name] = (e.longitude, e.latitude)
    return places, elements


def _costliest(costs: Array, damaged: Array) -> int:
    """Return the scenario with the dearest repairs; of those that cost the same, up to rounding, the first with the most links damaged."""
    most = float(costs.max())
    return int(np.argmax(np.where(costs >= most - 1e-9 * abs(most), damaged, -1)))
