"""Where two affine programs differ: how an undeclared dependence on the scenario is found and named."""

from __future__ import annotations

from operator import attrgetter

import numpy as np
from scipy.sparse import issparse

from .affine import AffineProgram

_PARTS = {
    "first.names": ("names", "the first-stage variables"),
    "second.names": ("names", "the second-stage variables"),
    "row_names": ("names", "the first-stage constraints"),
    "rows": ("names", "the second-stage constraints"),
    "xi_names": ("names", "the random data"),
    **{f"{stage}.{what}": (f"{stage}.names", what) for stage in ("first", "second") for what in ("lower", "upper", "integer")},
    "A": ("row_names", "the coefficients"),
    "row_lower": ("row_names", "the lower side"),
    "row_upper": ("row_names", "the upper side"),
    "sense": ("rows", "the sense"),
    "rhs_0": ("rows", "the constant"),
    "rhs_xi": ("rows", "the constant"),
    "T_0": ("rows", "the first-stage coefficients"),
    "W_0": ("rows", "the second-stage coefficients"),
    "cost_first_0": ("first.names", "the cost"),
    "cost_first_xi": ("first.names", "the cost"),
    "cost_0": ("second.names", "the cost"),
    "cost_xi": ("second.names", "the cost"),
    **{f"{m}_entries.{part}": ("names", f"the random entries of {m}") for m in "TW" for part in ("row", "col", "component", "coefficient")},
    "offset_0": ("names", "the constant of the objective"),
    "offset_xi": ("names", "the constant of the objective"),
    "sign": ("names", "the sense of the objective"),
}
"""Field -> (the names along its first axis, what it is); ``names`` where it has none that both programs share."""


def difference(a: AffineProgram, b: AffineProgram) -> str | None:
    """Return the first thing in which ``a`` and ``b`` differ, with the name of its variable or constraint; ``None`` if they are equal."""
    for field, (names, what) in _PARTS.items():
        here, there = attrgetter(field)(a), attrgetter(field)(b)
        if not issparse(here):
            here, there = np.atleast_1d(np.asarray(here)), np.atleast_1d(np.asarray(there))
        if here.shape != there.shape:
            return what
        where = (here != there).nonzero()[0]
        if len(where):
            return what if names == "names" else f"{what} of {attrgetter(names)(a)[where[0]]!r}"
    return None
