"""A retrofit plan for maps in any geographic information system: elements as points, links as lines, as GeoJSON features.

Of an element: ``kind`` "element", ``name``, ``retrofit_cost``, ``repair_cost`` (money), ``retrofitted``, ``damage_rate``, ``repair_rate``.
Of a link: ``kind`` "link", ``name``, ``element`` or null, ``time`` when intact, ``one_way``, ``damage_rate``. Rates sum probabilities of
scenarios, which are annual rates where the instance's are: of those in which a link (of the element) takes longer than when intact, and of
those in which the plan repairs the element.
"""

from __future__ import annotations

import numpy as np

from ..decomposition.program import from_provenance
from ..errors import InputError
from ..instances import Retrofit, RoadSource
from ..instances.geojson import Feature, lines, points
from ..result import Result
from .retrofit_decisions import retrofit_decisions
from .retrofit_view import Place, places_of


def retrofit_features(result: Result) -> list[Feature]:
    """Rebuild what ``result`` was computed on, and return elements with what the plan does to them, then links that have ends.

    Raises
    ------
    InputError
        An element without coordinates whose links have no ends, a plan that does not fit the model, or an instance that is no longer the
        one solved.
    NoSolutionError
        The plan has no recourse in some scenario.
    """
    program = from_provenance(result.provenance)
    source: RoadSource = program.kwargs["source"]
    inst, block = source.instance, source.block(0, source.num_scenarios)
    places, at = places_of(inst)
    _check_places(inst, at)
    slow = block.times > [link.time for link in inst.links]
    damaged = np.array([slow[:, [link.element == e.name for link in inst.links]].any(axis=1) for e in inst.elements]).T
    decisions = retrofit_decisions(result, program)
    damage_rates, repair_rates = block.probability @ damaged, block.probability @ (damaged & decisions.repaired)
    elements = [
        {
            "kind": "element",
            "name": e.name,
            "retrofit_cost": e.retrofit_cost,
            "repair_cost": e.repair_cost,
            "retrofitted": bool(decisions.retrofitted[i]),
            "damage_rate": float(damage_rates[i]),
            "repair_rate": float(repair_rates[i]),
        }
        for i, e in enumerate(inst.elements)
    ]
    x, y = np.array([at[e.name] for e in inst.elements]).T
    drawn = [i for i, link in enumerate(inst.links) if link.ends is not None]
    rates = block.probability @ slow
    roads = [
        {"kind": "link"} | inst.links[i].model_dump(include={"name", "element", "time", "one_way"}) | {"damage_rate": float(rates[i])}
        for i in drawn
    ]
    ends = [np.array([places[end] for end in inst.links[i].ends or ()]).T for i in drawn]
    return [*points(y, x, elements), *lines([(latitude, longitude) for longitude, latitude in ends], roads)]


def _check_places(inst: Retrofit, at: dict[str, Place]) -> None:
    lost = [e.name for e in inst.elements if e.name not in at]
    if lost:
        more = f" (nor have {len(lost) - 1} more)" if len(lost) > 1 else ""
        raise InputError(
            f"instance {inst.name!r}: element {lost[0]!r} has no place on a map{more}; "
            "give fields 'latitude' and 'longitude', or a link with 'ends' that it carries"
        )
