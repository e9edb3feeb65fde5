"""A retrofit plan for maps in any geographic information system: elements as points, links as lines, as GeoJSON features.

Of an element: ``kind`` "element", ``name``, ``retrofit_cost``, ``repair_cost`` (money), ``retrofitted``, ``damage_rate``, ``repair_rate``.
Of a link: ``kind`` "link", ``name``, ``element`` or null, ``time`` when intact, ``one_way``, ``damage_rate``. Rates sum probabilities of
scenarios, which are annual rates where the instance's are: of those in which a link (of the element) takes longer than when intact, and of
those in which the plan repairs the element.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..decomposition.compiled import stage_data
from ..decomposition.evaluation import plan_vector
from ..decomposition.program import Program, from_provenance
from ..decomposition.recourse import Recourse
from ..errors import InputError, NoSolutionError
from ..instances import Retrofit, RoadSource
from ..instances.geojson import Feature, lines, points
from ..result import Result
from ..solvers import get
from .retrofit_view import Place, places_of


def retrofit_features(result: Result) -> list[Feature]:
    """Rebuild what ``result`` was computed on, solve the recourse of all scenarios, and return elements, then links that have ends.

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
    damaged = {e.name: slow[:, [link.element == e.name for link in inst.links]].any(axis=1) for e in inst.elements}
    retrofitted, repaired = _decisions(result, program)
    elements = [
        {
            "kind": "element",
            "name": e.name,
            "retrofit_cost": e.retrofit_cost,
            "repair_cost": e.repair_cost,
            "retrofitted": e.name in retrofitted,
            "damage_rate": float(block.probability @ damaged[e.name]),
            "repair_rate": float(block.probability @ (damaged[e.name] & repaired[e.name])),
        }
        for e in inst.elements
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


def _decisions(result: Result, program: Program) -> tuple[set[str], dict[str, NDArray[np.bool_]]]:
    """Return the elements retrofitted, and by element whether it is repaired in each scenario (S,)."""
    data = stage_data(program)
    recourse, x = Recourse(data, get("highs")), plan_vector(result, data)
    model = program.build(0)
    before = {variable.name: e for e, variable in model.retrofit.items()}
    after = {variable.name: e for e, variable in model.repair.items()}
    repaired = {e: np.zeros(len(data.scenarios), dtype=bool) for e in after.values()}
    for k, scenario in enumerate(data.scenarios):
        solution = recourse.solve(k, x)
        if solution.x is None:
            raise NoSolutionError(f"the plan has no recourse in scenario {scenario.name!r} ({solution.termination})")
        for name, value in zip(scenario.stage.names, solution.x, strict=True):
            if name in after and value > 0.5:
                repaired[after[name]][k] = True
    return {before[name] for name, value in zip(data.first.names, x, strict=True) if name in before and value > 0.5}, repaired
