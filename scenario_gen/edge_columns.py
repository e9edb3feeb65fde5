"""The columns of an edge list, checked: ends, weights and numbers; errors name row (from 1), field, edge and value."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

MOST_NUMBER = 2**24
"""Edge numbers are smaller: every scenario draws as many random numbers as the largest of them says."""


def places(column: Sequence[Hashable] | NDArray[Any], field: str, place: Mapping[Hashable, int], where: str) -> Numbers:
    """Return the node numbers of one end of the edges, given by number or name."""
    if isinstance(column, np.ndarray) and np.issubdtype(column.dtype, np.integer):
        wrong = np.flatnonzero((column < 0) | (column >= len(place)))
        if wrong.size:
            row = int(wrong[0])
            raise InputError(
                f"{where}row {row + 1}: field {field!r} is {column[row]}: expected the number of a node, 0 to {len(place) - 1}"
            )
        return column.astype(np.int64)
    out = []
    for row, name in enumerate(column.tolist() if isinstance(column, np.ndarray) else column, 1):
        if name not in place:
            raise InputError(f"{where}row {row}: field {field!r} is {name!r}: there is no such node")
        out.append(place[name])
    return np.array(out, dtype=np.int64)


def numeric(values: ArrayLike, field: str, length: int, where: str) -> NDArray[Any]:
    """Return numbers as an array of the right length."""
    column = np.asarray(values)
    if column.shape != (length,):
        raise InputError(f"{where}field {field!r} has shape {column.shape}: expected one value for each of the {length} edges")
    if length and not (np.issubdtype(column.dtype, np.integer) or np.issubdtype(column.dtype, np.floating)):
        raise InputError(f"{where}field {field!r} holds values of type {column.dtype}: expected numbers")
    return column


def check_edges(names: tuple[Hashable, ...], source: Numbers, target: Numbers, weight: Array, number: NDArray[Any], where: str) -> None:
    """Refuse the first edge that is wrong."""

    def refuse(wrong: NDArray[np.bool_], field: str, values: NDArray[Any], expected: str) -> None:
        if wrong.any():
            row = int(np.argmax(wrong))
            edge = f"edge {names[source[row]]!r} -> {names[target[row]]!r}"
            raise InputError(f"{where}row {row + 1}: field {field!r} of {edge} is {values[row]}: expected {expected}")

    refuse(~((weight >= 0) & (weight <= 1)), "weight", weight, "a probability, 0 to 1")
    refuse(source == target, "target", np.array(names, dtype=object)[target], "another node than the source")
    key = source * len(names) + target
    again = ~np.isin(np.arange(len(key)), np.unique(key, return_index=True)[1])
    refuse(again, "target", np.array(names, dtype=object)[target], "an edge that no row above holds")
    refuse(
        (number < 0) | (number >= MOST_NUMBER) | (number != np.floor(number)), "number", number, f"a whole number, 0 to {MOST_NUMBER - 1}"
    )
    again = ~np.isin(np.arange(len(number)), np.unique(number, return_index=True)[1])
    refuse(again, "number", number, "a number that no row above holds")
