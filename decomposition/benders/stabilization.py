r"""Where to ask the oracle next: not at the master's solution itself, which jumps about, but nearer to the best plan so far.

In-out (Ben-Ameur & Neto 2007; Fischetti, Ljubic & Sinnl 2016): on the segment from the best plan x^ to the master's solution x*,

    x = x^ + step (x* - x^),   step in (0, 1]                                                              (1)

with a longer step after a query whose cuts did not cut x* off, so that the method converges.

Level (Lemarechal, Nemirovskii & Nesterov 1995) in a norm whose projection is an LP (1 or infinity), with weights w_j = 1 / max(1, |x^_j|):

    min || w (x - x^) ||   s.t.   model(x) <= bound + fraction (best - bound)                              (2)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ...errors import InputError
from ..matrices import Array
from .master import Master
from .master_program import Point
from .projection import project

STABILIZATIONS = ("in-out", "level-1", "level-inf", "none")


@dataclass(slots=True, eq=False)
class Center:
    """The best plan so far, its ``eta`` and its (possibly estimated) ``cost``, c'x included; ``exact`` if every scenario was solved.

    ``scale`` is the size of the costs that add up to it; ``missing`` is what an estimated cost is likely to miss, as seen when it was made.
    """

    x: Array
    eta: float | None
    cost: float
    exact: bool
    scale: float = 0.0
    missing: float = 0.0


class Stabilization(Protocol):
    """Chooses the next query; keeps nothing but a step length."""

    def query(self, master: Master, point: Point, center: Center | None) -> tuple[Array, float | None]:
        """Return plan and eta to evaluate next."""

    def learn(self, cut_off: bool, improved: bool) -> None:
        """Take note whether the last query's cuts cut the master's solution off, and whether it became the center."""


@dataclass(slots=True)
class NoStabilization:
    """Kelley's method: the master's solution itself."""

    def query(self, master: Master, point: Point, center: Center | None) -> tuple[Array, float | None]:
        """Return the master's solution."""
        return point.x, point.eta

    def learn(self, cut_off: bool, improved: bool) -> None:
        """Nothing to learn."""


@dataclass(slots=True)
class InOut:
    """(1) with a ``step`` that is ``shortest`` unless the last query failed to separate."""

    shortest: float = 0.5
    step: float = 0.5

    def query(self, master: Master, point: Point, center: Center | None) -> tuple[Array, float | None]:
        """Return the point of (1)."""
        if center is None or point.boxed:
            return point.x, point.eta
        eta = None if point.eta is None or center.eta is None else center.eta + self.step * (point.eta - center.eta)
        return center.x + self.step * (point.x - center.x), eta

    def learn(self, cut_off: bool, improved: bool) -> None:
        """Go all the way after a query that cut nothing off; otherwise back to the shortest step."""
        self.step = self.shortest if cut_off else 1.0


@dataclass(slots=True)
class Level:
    """(2); after a query that cut nothing off, the master's solution itself."""

    infinity: bool
    fraction: float = 0.5
    all_the_way: bool = False

    def query(self, master: Master, point: Point, center: Center | None) -> tuple[Array, float | None]:
        """Return the projection of the center on the level set of the model."""
        if center is None or point.bound is None or self.all_the_way:
            return point.x, point.eta
        level = point.bound + self.fraction * max(center.cost - point.bound, 0.0)
        found = project(master, center.x, center.eta, level, infinity=self.infinity)
        return (point.x, point.eta) if found is None else found

    def learn(self, cut_off: bool, improved: bool) -> None:
        """Kelley's step after a query that cut nothing off."""
        self.all_the_way = not cut_off


def stabilization(name: str) -> Stabilization:
    """Return a fresh stabilization of ``STABILIZATIONS``."""
    if name == "in-out":
        return InOut()
    if name == "none":
        return NoStabilization()
    if name in STABILIZATIONS:
        return Level(infinity=name.endswith("inf"))
    raise InputError(f"--stabilization {name!r}: expected {', '.join(STABILIZATIONS)}")
