"""Size of a rupture by magnitude: Wells & Coppersmith (1994), Table 2A.

    log10 L = a + b M,   L subsurface rupture length in km
    log10 W = a + b M,   W down-dip rupture width in km

Wells, D. L. and Coppersmith, K. J. (1994). New empirical relationships among magnitude, rupture length, rupture width, rupture area, and
surface displacement. Bull. Seism. Soc. Am. 84(4), 974-1002. These are medians; the standard deviations of log10 are 0.15-0.17 (L) and
0.12-0.15 (W), and are not drawn here.
"""

from __future__ import annotations

from typing import get_args

from .bssa14_coefficients import Mechanism
from .plausible import one_of, within

_LENGTH: dict[Mechanism, tuple[float, float]] = {
    "strike-slip": (-2.57, 0.62),
    "reverse": (-2.42, 0.58),
    "normal": (-1.88, 0.50),
    "unspecified": (-2.44, 0.59),
}
_WIDTH: dict[Mechanism, tuple[float, float]] = {
    "strike-slip": (-0.76, 0.27),
    "reverse": (-1.61, 0.41),
    "normal": (-1.14, 0.35),
    "unspecified": (-1.01, 0.32),
}


def rupture_size_km(magnitude: float, mechanism: Mechanism = "unspecified") -> tuple[float, float]:
    """Return the median length and down-dip width in km; "unspecified" uses the regressions on all slip types.

    Raises
    ------
    InputError
        A magnitude outside [3, 9.5] or an unknown mechanism. The data cover M 4.8 to 8.1.

    Examples
    --------
    >>> [round(x, 1) for x in rupture_size_km(7.0, "strike-slip")]
    [58.9, 13.5]
    """
    one_of("mechanism", mechanism, get_args(Mechanism))
    within("magnitude", magnitude, 3.0, 9.5)
    (a, b), (c, d) = _LENGTH[mechanism], _WIDTH[mechanism]
    return float(10 ** (a + b * magnitude)), float(10 ** (c + d * magnitude))
