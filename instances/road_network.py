"""A road network: links with travel times that grow with their flow, zones between which people travel, damage.

Nodes and links are numbered from 0; the first ``zones`` nodes are the zones, where trips start and end. A node below ``first_through``
only starts or ends a trip: nobody passes through it. Two nodes may be joined by several links. The units of time, length, flow and money
are those of the data; TNTP files state none. Only ratios (flow per capacity) and sums (time plus weighted toll and length) are taken, so
flows must be in the unit of the capacities, and the weights must turn tolls and lengths into the unit of the times.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]

EXPECTED: dict[type[Any], tuple[str, str]] = {float: ("fiu", "numbers"), np.int64: ("iu", "whole numbers"), bool: ("b", "True or False")}
NOT_NEGATIVE = ("capacity", "length", "free_flow_time", "b", "power", "speed", "toll")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadNetwork:
    """Links (L,) between nodes (N,), checked and read-only.

    ``capacity``, ``length``, ``free_flow_time``, ``b``, ``power``, ``speed`` and ``toll`` are not negative; a link whose time depends on
    its flow (``b`` and ``free_flow_time`` above 0) has a capacity above 0. Columns that are not given are 0, but ``b`` is 0.15 and
    ``power`` 4, as the Bureau of Public Roads has them. ``closed`` links carry nothing; they keep their place, so flows of damaged and
    undamaged networks have the same shape. ``x`` and ``y`` (N,) are coordinates, in whatever system the data have.

    Raises
    ------
    InputError
        A column of another length, a number out of range, a node that does not exist; the message names field and link.

    Examples
    --------
    >>> two = RoadNetwork(name="two roads", zones=2, nodes=2, tail=[0, 0], head=[1, 1], free_flow_time=[10, 15], capacity=[100, 200])
    >>> two.links, two.damaged(closed=[True, False]).closed.tolist()
    (2, [True, False])
    """

    name: str
    zones: int
    nodes: int
    tail: Numbers
    head: Numbers
    free_flow_time: Array
    capacity: Array
    b: Array = field(default_factory=lambda: np.array(0.15))
    power: Array = field(default_factory=lambda: np.array(4.0))
    length: Array = field(default_factory=lambda: np.array(0.0))
    speed: Array = field(default_factory=lambda: np.array(0.0))
    toll: Array = field(default_factory=lambda: np.array(0.0))
    link_type: Numbers = field(default_factory=lambda: np.array(0))
    closed: Mask = field(default_factory=lambda: np.array(False))
    first_through: int = 0
    toll_weight: float = 0.0
    length_weight: float = 0.0
    x: Array | None = None
    y: Array | None = None

    def __post_init__(self) -> None:
        links = np.size(self.tail)
        if not 1 <= self.zones <= self.nodes:
            raise InputError(f"{self.name}: zones is {self.zones}: expected 1 to the number of nodes, {self.nodes}")
        if not 0 <= self.first_through <= self.nodes:
            raise InputError(f"{self.name}: first_through is {self.first_through}: expected 0 to the number of nodes, {self.nodes}")
        for column in fields(self):
            kind = {"Array": float, "Numbers": np.int64, "Mask": bool}.get(str(column.type))
            if kind is not None:
                object.__setattr__(self, column.name, self._column(column.name, getattr(self, column.name), kind, links))
        for name in ("x", "y"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, self._column(name, given, float, self.nodes))
        for name in ("tail", "head"):
            column = getattr(self, name)
            self._require(name, column, (column >= 0) & (column < self.nodes), f"a node from 0 to {self.nodes - 1}")
        for name in NOT_NEGATIVE:
            self._require(name, getattr(self, name), getattr(self, name) >= 0, "a number that is not negative")
        open_to_traffic = (self.capacity > 0) | (self.b * self.free_flow_time == 0)
        self._require("capacity", self.capacity, open_to_traffic, "a number above 0, since the link's time depends on its flow (b > 0)")
        for name in ("toll_weight", "length_weight"):
            if not 0 <= getattr(self, name) < np.inf:
                raise InputError(f"{self.name}: {name} is {getattr(self, name)}: expected a number that is not negative")

    def _column(self, name: str, given: ArrayLike, kind: type[Any], length: int) -> NDArray[Any]:
        raw = np.asarray(given)
        if raw.dtype.kind not in EXPECTED[kind][0] and raw.size:
            raise InputError(f"{self.name}: {name} holds values of type {raw.dtype}: expected {EXPECTED[kind][1]}")
        values: NDArray[Any] = raw.astype(kind)
        if values.shape not in ((), (length,)):
            raise InputError(f"{self.name}: {name} has shape {values.shape}: expected ({length},)")
        values = np.array(np.broadcast_to(values, (length,)))
        if kind is float:
            self._require(name, values, np.isfinite(values), "a finite number")
        values.flags.writeable = False
        return values

    def _require(self, name: str, values: NDArray[Any], holds: Mask, expected: str) -> None:
        if not holds.all():
            i = int(np.argmin(holds))
            raise InputError(f"{self.name}: {name}[{i}] is {values[i]}: expected {expected}")

    @property
    def links(self) -> int:
        """Number of links, closed ones included."""
        return len(self.tail)

    def damaged(self, closed: ArrayLike = False, slow: ArrayLike = 1.0, capacity: ArrayLike = 1.0) -> RoadNetwork:
        """Return the network with links closed, slowed or narrowed; each argument is (L,) or one value for all links.

        Parameters
        ----------
        closed
            True where nobody can pass. Links that are closed already stay so.
        slow
            Factor of at least 1 on the free-flow time.
        capacity
            Factor on the capacity, above 0 and at most 1. A link without capacity is to be closed.

        Raises
        ------
        InputError
            A factor out of its range, or another number of them than links.
        """
        shut = self._column("closed", closed, bool, self.links)
        slower = self._column("slow", slow, float, self.links).astype(float)
        narrower = self._column("capacity factor", capacity, float, self.links).astype(float)
        self._require("slow", slower, slower >= 1, "a factor of at least 1")
        self._require("capacity factor", narrower, (narrower > 0) & (narrower <= 1), "a factor above 0, at most 1; or close the link")
        return replace(self, closed=self.closed | shut, free_flow_time=self.free_flow_time * slower, capacity=self.capacity * narrower)
