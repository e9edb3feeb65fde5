r"""Labelled synthetic chips of buildings after an earthquake, as seen from straight above: to try training where no images are at hand.

A building has a damage d in [0, 4), and its grade is the whole part of d: L0 intact, L1 missing tiles and cracks, L2 holes, a broken ridge
and debris, L3 a heap. Grades have the asked shares, and d is uniform within a grade. What the chip shows is

    d' = min(4, max(0, d + 0.2 ambiguity e)),    e ~ N(0, 1)

since a view from above does not tell all: chips near a border cannot be told apart, and errors are mostly between neighbouring grades.
Ground, neighbours, roof, trees over it, light, haze, blur and noise are drawn too.

No chip stands for a real building, sensor or data set; the scenes are cartoons, and a model trained on them knows nothing of real images.
Only the default shares are real: Yushu's (Table 1 of SeisRank-Ord).
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator, SeedSequence
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from ...errors import InputError
from ...instances.damage_grades import YUSHU
from ...instances.grade_checks import NUM_GRADES, Grades
from ..plausible import within
from .chip_canvas import canvas
from .chip_damage import draw_building
from .chip_scene import draw_ground, draw_house, draw_trees, take_picture
from .shares import cumulative_shares

Chips = NDArray[np.uint8]

SPREAD = 0.2
"""Standard deviation, in grades, of what a chip shows about the damage, at ambiguity 1."""


def synthetic_chips(n: int, seed: int, *, size: int = 64, counts: ArrayLike = YUSHU, ambiguity: float = 1.0) -> tuple[Chips, Grades]:
    """Return RGB chips (n, size, size, 3) and grades (n,).

    Chip k depends on (seed, k) alone: the first m are the same for every n. Another size or ambiguity shows the same scene. On another kind
    of machine a channel may be off by one.

    Parameters
    ----------
    n, seed
        Number of chips, and the seed.
    size
        Pixels a side, 16 to 1024.
    counts
        Expected shares of the grades (4,), in any unit.
    ambiguity
        Scales e: at 0 a chip shows the damage that its grade was read from, at 1 one chip in nine shows another grade's damage.

    Raises
    ------
    InputError
        Fewer than one chip, a number that is not whole or out of range, or shares that are not positive in sum.
    """
    for name, value, low, high in (("n", n, 1, 1e9), ("seed", seed, 0, 2.0**64), ("size", size, 16, 1024)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise InputError(f"{name} is {value!r}: expected a whole number")
        within(name, value, low, high)
    within("ambiguity", ambiguity, 0, 1e3)
    upper = cumulative_shares(counts)
    images, grades = np.empty((n, size, size, 3), np.uint8), np.empty(n, np.int64)
    with threadpool_limits(1, "blas"):  # the matrices are too small to share
        for k in range(n):
            rng = np.random.default_rng(SeedSequence(seed, spawn_key=(k,)))
            grades[k], damage = _drawn_damage(rng, upper)
            shown = damage + SPREAD * ambiguity * rng.standard_normal()
            images[k] = draw_chip(rng, float(np.clip(shown, 0, NUM_GRADES)), size)
    return images, grades


def _drawn_damage(rng: Generator, upper: NDArray[np.float64]) -> tuple[int, float]:
    """Return a grade and a damage within it, from one uniform number; ``upper`` (4,) are cumulative shares."""
    u = rng.random()
    grade = int(np.searchsorted(upper, u, side="right"))
    low = upper[grade - 1] if grade else 0.0
    return grade, grade + float((u - low) / (upper[grade] - low))


def draw_chip(rng: Generator, damage: float, size: int) -> Chips:
    """Return one chip (size, size, 3) that shows a damage from 0 to 4; the same generator draws the same scene at any damage and size."""
    on = canvas(size)
    sun = float(rng.uniform(0, 2 * np.pi))
    image = draw_ground(rng, on, sun)
    draw_building(rng, on, image, draw_house(rng, sun), damage)
    draw_trees(rng, on, image)
    seen = take_picture(rng, on, image)
    return np.rint(255 * np.clip(seen, 0, 1)).astype(np.uint8).transpose(1, 2, 0)
