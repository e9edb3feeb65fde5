"""What a model module with generated rows offers: its function ``lazy_rows(**kwargs)`` returns a :class:`Lazy`, or ``None``.

The scenario model is then a relaxation, to which valid rows are added until the decisions it makes are allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class LazyRow(Protocol):
    """sum_j coefficients[j] v_j >= lower over named variables of both stages; hashable."""

    @property
    def coefficients(self) -> Mapping[str, float]:
        """Coefficients by variable name."""

    @property
    def lower(self) -> float:
        """Right-hand side."""


class Pool(Protocol):
    """Rows with the scenarios that they hold in; the module's ``scenario_creator`` takes it as ``rows=``."""

    @property
    def where(self) -> Mapping[Any, frozenset[int]]:
        """Scenarios (numbers) of each row."""

    def joined(self, more: Mapping[Any, frozenset[int]]) -> Pool:
        """Return these rows and more."""

    def to_data(self) -> Any:
        """Return plain data, kept in a result's provenance."""

    def from_data(self, data: Any) -> Pool:
        """Return the pool of plain data."""


class Lazy(Protocol):
    """Generates rows."""

    @property
    def pool(self) -> Pool:
        """The rows that it began with."""

    @property
    def gap(self) -> float:
        """Relative gap to which decisions that are to be cut are worth solving for."""

    def violated(self, k: int, values: Mapping[str, float]) -> Mapping[Any, frozenset[int]]:
        """Return valid rows that cut off the decision of scenario k, with the scenarios they hold in; none if it is allowed.

        ``values`` are those of all variables of both stages, integers rounded.
        """

    def guessing(self) -> Lazy | None:
        """Return one whose rows need not be valid, but come quickly and end with decisions that are allowed; ``None`` if all do."""

    def allowed(self, k: int, values: Mapping[str, float]) -> bool:
        """Whether the decision of scenario k is allowed, computed anew."""

    def invalid(self) -> tuple[Any, int] | None:
        """Return a row of the pool, and a scenario, in which it is not valid, if there is one; computed anew."""
