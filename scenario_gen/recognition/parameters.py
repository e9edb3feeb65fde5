"""Parameters of the governance risk functional: alpha, the margin, the two lambdas, and a weight for each of its terms."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import isfinite

from ...errors import InputError
from ..plausible import one_of

TERMS = ("ordinal", "asymmetric", "pairwise", "brier")
"""Terms of eq. 7, by the name of their weight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskParameters:
    """Parameters of eq. 1-8. The paper publishes none of them: the defaults are ours.

    ``alpha``: how much dearer a grade of underestimation is than one of overestimation (eq. 3), at least 1; 1 is the symmetric case.
    ``margin``: m of eq. 5, above 0. ``lambda_mono`` multiplies the monotonicity term inside eq. 1, ``lambda_reg`` the Brier term alone
    (eq. 7). ``ordinal``, ``asymmetric``, ``pairwise`` and ``brier`` weigh the terms of eq. 7 (1 in the paper); 0 removes one, lambda_mono's
    part with the ordinal term.

    Raises
    ------
    InputError
        A number that is not finite, negative, an alpha below 1 or a margin of 0.
    """

    alpha: float = 2.0
    margin: float = 0.5
    lambda_mono: float = 1.0
    lambda_reg: float = 0.5
    ordinal: float = 1.0
    asymmetric: float = 1.0
    pairwise: float = 1.0
    brier: float = 1.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value, least = getattr(self, field.name), 1.0 if field.name == "alpha" else 0.0
            if not (isfinite(value) and value >= least) or (field.name == "margin" and value == 0):
                expected = "above 0" if field.name == "margin" else f"at least {least:g}"
                raise InputError(f"{field.name} is {value:g}: expected a finite number, {expected}")

    def without(self, term: str) -> RiskParameters:
        """Return the same functional without one term: an ablation."""
        one_of("term", term, TERMS)
        return replace(self, **{term: 0.0})

    def only(self, term: str) -> RiskParameters:
        """Return the functional of one term alone, its weight kept."""
        one_of("term", term, TERMS)
        return replace(self, **{other: 0.0 for other in TERMS if other != term})
