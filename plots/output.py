"""Where a picture goes: matplotlib without global state, a target that is checked first, a file written whole or not at all."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..files import replacing

ENDINGS = (".png", ".svg", ".pdf")

_NO_DATE: dict[str, dict[str, Any]] = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def require_matplotlib() -> None:
    """Raise :class:`InputError` when matplotlib is not installed."""
    try:
        found = importlib.util.find_spec("matplotlib") is not None
    except ValueError:  # sys.modules["matplotlib"] is None
        found = False
    if not found:
        raise InputError("matplotlib is not installed; pip install 'quakeops[plot]'")


def check_target(target: str | Path, endings: tuple[str, ...] = ENDINGS) -> Path:
    """Return ``target`` as a path; an unknown ending or a missing folder is an :class:`InputError`."""
    path = Path(target)
    if path.suffix.lower() not in endings:
        raise InputError(f"{path}: file ending {path.suffix or '(none)'!r} is unknown; known: {', '.join(endings)}")
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {str(path.parent)!r} does not exist")
    if path.is_dir():
        raise InputError(f"{path}: is a folder; expected the name of a file")
    return path


def new_figure(width_in: float, height_in: float) -> Any:
    """Return an empty white figure on the Agg canvas."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), dpi=150, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Any, path: Path) -> None:
    """Write the figure to a temporary name beside ``path`` and rename it there."""
    ending = path.suffix.lower()
    with replacing(path) as temporary:
        figure.savefig(temporary, format=ending[1:], metadata=_NO_DATE[ending])


def plain(text: str) -> str:
    """Escape dollar signs, which matplotlib would read as mathematics."""
    return text.replace("$", r"\$")


def amount(value: float) -> str:
    """Return a quantity with thousands separators: whole from 100 on, else with three significant digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"


def percent(share: float) -> str:
    """Return a share in percent with two significant digits: ``0.00123`` as ``0.12 %``."""
    value = 100 * share
    if 0 < value < 1e-4:
        return "< 0.0001 %"
    return f"{value:.0f} %" if value >= 9.95 or value == 0 else f"{value:.2g} %"


def round_down(value: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that does not exceed ``value``, which is positive."""
    power = 10.0 ** math.floor(math.log10(value))
    return max(m * power for m in (1, 2, 5) if m * power <= value * (1 + 1e-12))


def round_ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times powers of ten from ``low`` to ``high``, both positive; more densely where these are few."""
    powers = [10.0**n for n in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]
    ticks: list[float] = []
    for steps in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8), [1 + n / 4 for n in range(36)]):
        ticks = [float(f"{s * p:.6g}") for p in powers for s in steps if low <= s * p <= high]
        if len(ticks) >= 4:
            break
    return ticks


def scaled(largest: float) -> tuple[float, str]:
    """Return what large amounts are divided by, and its name: ``(1e6, "million ")`` for a largest one of 2.5e8."""
    return next(((f, n) for f, n in ((1e9, "billion "), (1e6, "million ")) if largest >= f), (1.0, ""))


def unit(name: str) -> str:
    """Return a unit as it is printed: ``ft3`` as ft³."""
    return plain({"ft3": "ft³", "m3": "m³", "yd3": "yd³"}.get(name, name))
