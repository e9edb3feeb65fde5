"""Fields that every instance type has: names and numbers with their ranges, source, units, best known value."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=100)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Origin = Literal["published", "reconstructed", "synthetic"]

PROBABILITY_TOLERANCE = 1e-9


class Record(BaseModel):
    """A part of an instance: unknown fields are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Source(Record):
    """Where the numbers come from."""

    citation: str
    doi: str | None = None
    licence: str
    notes: str = ""


class Units(Record):
    """Units of the instance's numbers, for labels and reports."""

    money: str = "USD"
    distance: str = "km"
    volume: str = "m3"


class BestKnown(Record):
    """Best objective and dual bound known, and the command that proves them."""

    objective: float = Field(allow_inf_nan=False)
    bound: float = Field(allow_inf_nan=False)
    command: str


def unique(what: str, names: Iterable[str]) -> set[str]:
    """Return the names as a set; one that comes twice is a ``ValueError`` that names the field ``what``."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{what}: the name {name!r} appears twice")
        seen.add(name)
    return seen


def known(where: str, name: str, among: set[str], what: str) -> None:
    """Raise ``ValueError`` if ``name``, found in field ``where``, is not ``among`` the names of that kind."""
    if name not in among:
        raise ValueError(f"{where}: {name!r} is not a {what} of the instance")


def check_sum(probabilities: Sequence[float]) -> None:
    """Raise ``ValueError`` if there are probabilities that do not sum to 1."""
    total = math.fsum(probabilities)
    if len(probabilities) and abs(total - 1) > PROBABILITY_TOLERANCE:
        raise ValueError(f"scenarios[*].probability: the sum is {total:.12g}, expected 1")
