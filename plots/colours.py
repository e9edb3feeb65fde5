"""Colours of the pictures of scenarios; all can be told apart with any colour vision."""

from __future__ import annotations

from typing import Any

SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#222222")
"""Lines in one picture, after Okabe & Ito (2008), Color universal design."""

ROUTES = (*SERIES, "#e69f00", "#56b4e9")
"""Vehicles, after Okabe & Ito too."""

ROUTE_DASHES: tuple[tuple[float, ...], ...] = ((), (4.0, 2.0), (1.0, 1.5), (6.0, 1.5, 1.0, 1.5))
"""Dashes of vehicles beyond as many as there are colours."""

EARLY, LATE = "#1b5fa8", "#b00020"
"""What begins before its window, and after it."""

WORKS, LOST, FAILED = "#7cc8b4", "#e68a00", "#a50026"
"""Components: works, without function by the cascade, physically failed; from light to dark in grey as well."""

RUPTURE, FAULT = "#0072b2", "#555555"


def heat() -> Any:
    """Return the colours of shaking and loss, from light yellow (little) to black (much), distinct from the paper at their light end."""
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap

    whole = colormaps["magma_r"]
    return LinearSegmentedColormap.from_list("heat", [whole(0.04 + 0.92 * i / 255) for i in range(256)])


def shares() -> Any:
    """Return the colours of shares of damage, from light yellow (none) to dark blue (much)."""
    from matplotlib import colormaps

    return colormaps["YlGnBu"]
