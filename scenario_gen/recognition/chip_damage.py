"""The damage of a synthetic chip: what an earthquake does to a roof seen from above, growing with a continuous damage from 0 to 4.

Below 1 next to nothing; from 1 missing tiles, patches and cracks; from 2 holes, a broken ridge and debris beside the walls; from 3 the
outline is lost and a heap remains, which throws hardly a shadow. The numbers are ours, set by eye.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .chip_canvas import Canvas, Image, between_0_and_1, colour, paint
from .chip_scene import SHADE, House, draw_roof

AT = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
"""Damage at which the effects below are given; linear between."""
EFFECTS = {
    "tiles": (0.00, 0.00, 0.10, 0.20, 0.24, 0.26, 0.28, 0.29, 0.30),  # share of the roof
    "cracks": (0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),  # depth
    "holes": (0.00, 0.00, 0.00, 0.00, 0.10, 0.27, 0.36, 0.40, 0.40),  # share of the roof
    "ridge": (0.00, 0.00, 0.00, 0.00, 0.04, 0.09, 0.15, 0.20, 0.25),  # how far it wanders
    "debris": (0.00, 0.00, 0.02, 0.04, 0.12, 0.20, 0.28, 0.34, 0.38),  # reach from the walls
    "outline": (0.00, 0.00, 0.00, 0.00, 0.02, 0.04, 0.11, 0.16, 0.18),  # how far it wanders
    "heap": (0.00, 0.00, 0.00, 0.00, 0.00, 0.03, 0.50, 0.97, 1.00),  # share of the roof
    "height": (1.00, 1.00, 1.00, 1.00, 0.95, 0.80, 0.45, 0.10, 0.05),  # share that stands
}
RUBBLE = colour((0.58, 0.54, 0.48))


def draw_building(rng: Generator, on: Canvas, image: Image, house: House, damage: float) -> None:
    """Lay the house, its shadow and its debris over the ground; each effect is a little more or less than the table says."""
    more = rng.lognormal(0.0, 0.1, len(EFFECTS))
    effect = {name: float(np.interp(damage, AT, row) * m) for (name, row), m in zip(EFFECTS.items(), more, strict=True)}
    coarse, middle, bends, fine, lumps, stones = (on.field(rng.standard_normal((g, g))) for g in (7, 9, 8, 15, 20, 34))
    along, across = house.local(on)
    roof = draw_roof(rng, on, house, along, across + effect["ridge"] * bends)
    distance = house.distance(along, across) + effect["outline"] * (bends + 0.6 * fine)
    rubble = (RUBBLE + 0.5 * (house.roof - RUBBLE) * between_0_and_1(0.5 + lumps)) * (1 + 0.10 * lumps + 0.22 * stones)

    standing = min(effect["height"], 1.0)
    for part in (0.5, 1.0):
        fallen = house.distance(*house.local(on, part * standing)) + effect["outline"] * bends
        paint(image, 0.55 * on.inside(fallen) * min(1.0, 2 * standing), SHADE)
    if effect["debris"]:
        farness = np.maximum(distance, 0) / effect["debris"] - 0.4 * middle
        paint(image, on.above(0.8 * stones + 0.6 * lumps, 2 * farness - 0.9), rubble)

    inside = distance < 0
    paint(roof, 0.9 * on.above(fine, _exceeded(fine, inside, effect["tiles"])), _underlay(house))
    cracks = between_0_and_1(1 - np.abs(middle) / 0.12) * on.above(bends, -0.3)
    paint(roof, 0.75 * min(effect["cracks"], 1.0) * cracks, SHADE)
    for field, share, what in ((coarse + 0.5 * fine, effect["holes"], 0.4 * rubble), (middle - 0.4 * coarse, effect["heap"], rubble)):
        paint(roof, on.above(field, _exceeded(field, inside, share)), what)
    paint(image, on.inside(distance), roof)


def _exceeded(field: Image, inside: NDArray[np.bool_], share: float) -> float:
    """Return the threshold that the field exceeds on the given share of the pixels inside, infinite for 0."""
    return float(np.quantile(field[inside], 1 - min(share, 1.0))) if share and inside.any() else np.inf


def _underlay(house: House) -> Image:
    """Return what is seen where tiles are missing: dark under a bright roof, bright under a dark one."""
    return 0.5 * house.roof if house.roof.mean() > 0.45 else 0.45 * house.roof + 0.35
