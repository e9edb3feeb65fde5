"""The ten cases of Ghosh & Gosavi (2017): the inputs that are left of each, and each as an instance.

Case 1 is the packaged ``responder-case-1``. Cases 2-8 change T2(FL) and the hazard scale, cases 9 and 10 are ``responder-missouri`` (whose
response times are lost). The article says that cases 1-4 use scale I and "the remaining cases" scale II just before it introduces 9 and 10,
which it describes "as in Case 1": which scale they have is open. Here 9 has I and 10 has II.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InputError
from .loader import load_as
from .responder import Responder

SCALES = {"I": {"GL": 2.0, "FR": 4.0, "BC": 8.0, "FL": 16.0}, "II": {"GL": 3.0, "FR": 5.0, "BC": 10.0, "FL": 15.0}}
"""Hazard scales. I is published; II is lost but for "increasing, no powers of 2": these numbers are reconstructed."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is left of a case: ``flood_h`` is T2(FL), ``None`` where it is lost; ``travel_h`` TT(1), TT(2); its scale, if that is sure."""

    number: int
    instance: str
    travel_h: tuple[float, float]
    flood_h: float | None
    scale: str
    scale_is_sure: bool = True


CASES = (
    *(
        Case(n, "responder-case-1", (0.5, 1.5), flood, "I" if n < 5 else "II")
        for n, flood in enumerate((100.0, 150.0, 155.0, 200.0, 100.0, 150.0, 155.0, 200.0), start=1)
    ),
    Case(9, "responder-missouri", (1.0, 2.5), None, "I", scale_is_sure=False),
    Case(10, "responder-missouri", (1.0, 2.5), None, "II", scale_is_sure=False),
)
"""Cases 1 to 10. That T2(FL) is 100 in case 5 follows from "all other data remain identical to those of Case 1"."""


def case(number: int) -> Responder:
    """Return case 1 to 10 as an instance; what is lost is as in the packaged instance, and marked so in ``provenance``.

    Raises
    ------
    InputError
        There is no such case.
    """
    if number not in range(1, len(CASES) + 1):
        raise InputError(f"case {number}: expected 1 to {len(CASES)}")
    chosen = CASES[number - 1]
    base = load_as(Responder, chosen.instance)
    if number in (1, 9):
        return base
    data = base.model_dump()
    for incident in data["incidents"]:
        incident["hazard"] = SCALES[chosen.scale][incident["name"]]
    if chosen.flood_h is not None:
        data["agencies"][1]["response_times_h"]["FL"] = chosen.flood_h
    origin = "published" if chosen.scale == "I" else "lost"
    kept = {what: its for what, its in base.provenance.items() if not what.startswith("published.")}
    title = f"{base.title.rpartition(':')[0]}: case {number} of Ghosh & Gosavi"
    data |= {"name": f"responder-case-{number}", "title": title, "published": None, "best_known": None}
    data["provenance"] = kept | {"incidents.hazard": origin, "policy and rho of the paper": "lost"}
    return Responder.model_validate(data)


def cases() -> dict[int, Responder]:
    """Return all ten cases by number."""
    return {c.number: case(c.number) for c in CASES}
