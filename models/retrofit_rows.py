r"""Rows that are generated while solving: what a recomputed decision taught, as data of :mod:`.retrofit`.

In scenario k let D be the damaged elements and Z, a part of D, those restored. A row (S, N) of two disjoint parts of D says

    sum_{e in S} z_e  +  sum_{e in N} (1 - z_e)  >=  1                                                              (1)

It excludes the decisions Z with N within Z and nothing of S in Z: the interval from N to D - S. It is valid if none of them meets the
requirement. With N empty it is a cover ("restore one of S"), with N = D - S it excludes one decision alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import InputError
from ..files import read_json


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """(1): ``restore`` is S, ``spare`` is N; names of elements, sorted."""

    restore: tuple[str, ...]
    spare: tuple[str, ...] = ()

    @classmethod
    def of(cls, restore: Iterable[str], spare: Iterable[str] = ()) -> Row:
        """Return the row of two sets of names."""
        return cls(tuple(sorted(restore)), tuple(sorted(spare)))

    @property
    def lower(self) -> float:
        """Right-hand side of sum_S z - sum_N z >= 1 - |N|."""
        return 1.0 - len(self.spare)

    @property
    def coefficients(self) -> dict[str, float]:
        """Coefficients of the variables of :mod:`.retrofit`, z = retrofit + repair."""
        signs = [(e, 1.0) for e in self.restore] + [(e, -1.0) for e in self.spare]
        return {f"{variable}[{e}]": sign for e, sign in signs for variable in ("retrofit", "repair")}

    def excludes(self, restored: frozenset[str]) -> bool:
        """Whether the decision to restore exactly these elements violates (1)."""
        return restored.isdisjoint(self.restore) and restored.issuperset(self.spare)


@dataclass(frozen=True, slots=True, eq=False)
class RowPool:
    """Rows and the scenarios (numbers) in which each is valid."""

    where: Mapping[Row, frozenset[int]] = field(default_factory=dict)

    @property
    def rows(self) -> list[Row]:
        """The rows, in a fixed order."""
        return sorted(self.where)

    def needs(self, scenarios: Sequence[int]) -> np.ndarray:
        """Return the right-hand sides (B, K) of the rows in these scenarios; where a row is not valid, one that always holds."""
        rows = self.rows
        valid = np.array([[k in self.where[r] for r in rows] for k in scenarios], dtype=float).reshape(len(scenarios), len(rows))
        return np.asarray(valid - np.array([len(r.spare) for r in rows]))

    def joined(self, more: Mapping[Row, frozenset[int]]) -> RowPool:
        """Return these rows and others."""
        empty: frozenset[int] = frozenset()
        return RowPool({row: self.where.get(row, empty) | more.get(row, empty) for row in {**self.where, **more}})

    def to_data(self) -> list[dict[str, Any]]:
        """Return plain data, in the order in which rows were found: what proves a row comes before it."""
        return [{"restore": list(r.restore), "spare": list(r.spare), "scenarios": sorted(where)} for r, where in self.where.items()]

    @classmethod
    def from_data(cls, data: Any) -> RowPool:
        """Inverse of :meth:`to_data`.

        Raises
        ------
        InputError
            Anything else.
        """
        try:
            return cls({Row.of(r["restore"], r["spare"]): frozenset(int(k) for k in r["scenarios"]) for r in data})
        except (TypeError, KeyError, ValueError):
            raise InputError("result: field 'provenance.recipe.rows' must hold {restore, spare, scenarios} objects") from None


def read_pool(path: str) -> RowPool:
    """Return the rows of a result's file.

    Raises
    ------
    InputError
        The file cannot be read, or its result has no generated rows.
    """
    recipe = read_json(path).get("provenance", {}).get("recipe", {})
    if "rows" not in recipe:
        raise InputError(f"{path}: field 'provenance.recipe.rows' is missing; its problem had no generated rows")
    return RowPool.from_data(recipe["rows"])
