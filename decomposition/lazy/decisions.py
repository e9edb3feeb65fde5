"""The decisions that a result's certificate holds, scenario by scenario, with the variables that a reduced recourse left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..benders.problem import Problem
from ..matrices import Array
from ..packing import unpack


class Values(dict[str, float]):
    """Values by variable; those that a scenario's recourse does without are at 0."""

    def __missing__(self, name: str) -> float:
        return 0.0


def stored_decisions(problem: Problem, names: tuple[str, ...], x: Array, recourse: Mapping[str, Any]) -> Iterator[tuple[int, Values]]:
    """Yield each distinct scenario's number among ``names``, and the values of both stages, integers rounded; none where none are stored.

    Raises
    ------
    InputError
        Arrays of another shape than the problem's.
    """
    values, number, position = recourse.get("values"), {name: k for k, name in enumerate(names)}, 0
    if values is None:
        return
    first = dict(zip(problem.first.names, np.where(problem.first.integer, np.round(x), x).tolist(), strict=True))
    for g, group in enumerate(problem.groups):
        y = unpack(values[g] if g < len(values) else None, f"certificate.recourse.values[{g}]", float, (len(group), len(group.second)))
        y = np.where(group.second.integer, np.round(y), y)
        for k in range(len(group)):
            own = Values(first)
            own.update(zip(group.names(k), y[k].tolist(), strict=True))
            yield number[str(problem.labels[position + k])], own
        position += len(group)
