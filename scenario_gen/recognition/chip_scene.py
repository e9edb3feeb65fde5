"""The undamaged scene of a synthetic chip, seen from straight above: ground, neighbours, a house with its shadow, trees, the camera.

Every function draws the same random numbers whatever the damage, so that one building can be seen at any damage.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from .chip_canvas import Canvas, Image, blur_weights, colour, paint

ROOFS = (
    (0.62, 0.33, 0.25),  # fired tiles
    (0.50, 0.28, 0.24),
    (0.57, 0.56, 0.54),  # concrete
    (0.70, 0.68, 0.64),
    (0.42, 0.43, 0.46),  # slate
    (0.36, 0.47, 0.60),  # painted metal
    (0.55, 0.46, 0.36),  # earth
)
GROUNDS = ((0.47, 0.42, 0.34), (0.40, 0.44, 0.29), (0.52, 0.50, 0.47), (0.36, 0.36, 0.36))
LEAVES = colour((0.17, 0.27, 0.13))
SHADE = colour((0.09, 0.10, 0.14))


@dataclass(frozen=True, slots=True)
class House:
    """A rectangular house, with one corner cut out where ``notch`` is not 0; lengths on the canvas, angles in radians."""

    centre: tuple[float, float]
    half: tuple[float, float]
    notch: tuple[float, float]
    angle: float
    gable: bool
    roof: Image
    tile: float
    shadow: tuple[float, float]

    def local(self, on: Canvas, shift: float = 0.0) -> tuple[Image, Image]:
        """Return coordinates along and across the house, (size, size); ``shift`` moves it along its shadow, 1 to the end."""
        x = on.x - (self.centre[0] + shift * self.shadow[0])
        y = on.y - (self.centre[1] + shift * self.shadow[1])
        c, s = np.float32(np.cos(self.angle)), np.float32(np.sin(self.angle))
        return c * x + s * y, c * y - s * x

    def distance(self, along: Image, across: Image) -> Image:
        """Return a signed distance (in the maximum norm) to the outline, negative inside."""
        box = np.maximum(np.abs(along) - self.half[0], np.abs(across) - self.half[1])
        cut = np.maximum(np.abs(along - self.half[0]) - self.notch[0], np.abs(across - self.half[1]) - self.notch[1])
        return np.maximum(box, -cut) if self.notch[0] else box


def draw_house(rng: Generator, sun: float) -> House:
    """Return a house near the middle; ``sun`` is the direction in which shadows fall."""
    u = rng.random(12).tolist()
    half = (0.46 + 0.18 * u[0], 0.34 + 0.14 * u[1])
    tone = (0.85 + 0.3 * u[2]) * np.array(ROOFS[int(len(ROOFS) * u[3])]) + 0.03 * (np.array(u[9:12]) - 0.5)
    notch = (0.8 * half[0], 0.8 * half[1]) if u[4] < 0.25 else (0.0, 0.0)
    length = 0.08 + 0.24 * u[5]
    centre = rng.uniform(-0.1, 0.1, 2)
    return House(
        centre=(float(centre[0]), float(centre[1])),
        half=half,
        notch=notch,
        angle=float(np.pi * u[6]),
        gable=bool(u[7] < 0.6),
        roof=colour(np.clip(tone, 0, 1)),
        tile=0.16 + 0.10 * u[8],
        shadow=(float(length * np.cos(sun)), float(length * np.sin(sun))),
    )


def draw_ground(rng: Generator, on: Canvas, sun: float) -> Image:
    """Return the ground (3, size, size) with texture, and roofs of up to two neighbours cut by the border."""
    tone = colour(GROUNDS[rng.integers(len(GROUNDS))]) * np.float32(rng.uniform(0.8, 1.2))
    rough = 0.07 * on.field(rng.standard_normal((5, 5))) + 0.05 * on.field(rng.standard_normal((16, 16)))
    image: Image = tone * (1 + rough) + np.zeros((3, on.size, on.size), np.float32)
    count = rng.integers(3)
    for k in range(2):
        neighbour, at = draw_house(rng, sun), rng.uniform(0, 2 * np.pi)
        if k < count:
            along, across = neighbour.local(on)
            away = 1.3 * np.cos(neighbour.angle - at), 1.3 * np.sin(at - neighbour.angle)
            distance = neighbour.distance(along - np.float32(away[0]), across - np.float32(away[1]))
            paint(image, 0.6 * on.inside(distance - 0.08), SHADE)
            paint(image, on.inside(distance), neighbour.roof * (1 + rough))
    return image


def draw_roof(rng: Generator, on: Canvas, house: House, along: Image, across: Image) -> Image:
    """Return the colours of the intact roof (3, size, size): two slopes or a flat one, tiles, stains, something that stands on it."""
    light = rng.uniform(0.10, 0.22) * (1 if rng.random() < 0.5 else -1)
    stains = 0.03 * on.field(rng.standard_normal((7, 7)))
    x, y = (float(v) for v in rng.uniform(-0.6, 0.6, 2) * house.half)
    if house.gable:
        slope: Image = np.clip(across / on.pixel, -1, 1)
        lines = 0.05 * np.sin(2 * np.pi / house.tile * along)
        shade = 1 + light * slope + lines + stains
        ridge = 0.25 * on.inside(np.abs(across) - 0.03)
        sloping: Image = house.roof * (shade + ridge)
        return sloping
    distance = house.distance(along, across)
    edge = 0.18 * on.inside(np.abs(distance + 0.05) - 0.03)
    tank = on.inside(np.maximum(np.abs(along - x), np.abs(across - y)) - 0.07)
    flat: Image = house.roof * (1 + stains + edge + math.copysign(0.3, light) * tank)
    return flat


def draw_trees(rng: Generator, on: Canvas, image: Image) -> None:
    """Lay up to two crowns over the image; they hide what is below."""
    count = int(rng.integers(3))
    place, radius, leaves = rng.uniform(-1, 1, (2, 2)), rng.uniform(0.08, 0.20, 2), rng.standard_normal((18, 18))
    if not count:
        return
    texture = on.field(leaves)
    for (x, y), r in zip(place[:count], radius, strict=False):
        distance = np.hypot(on.x - np.float32(x), on.y - np.float32(y)) - np.float32(r) + 0.04 * texture
        paint(image, 0.5 * on.inside(distance - 0.05), SHADE)
        paint(image, on.inside(distance), LEAVES * (1.1 + 0.3 * texture))


def take_picture(rng: Generator, on: Canvas, image: Image) -> Image:
    """Return the image with the light of the day, haze, the lens's blur and the sensor's noise; the noise alone depends on the size."""
    gain, cast, haze = rng.lognormal(0.0, 0.12), rng.normal(1.0, 0.02, 3), rng.uniform(0, 0.12)
    width, grain = 0.005 + 0.03 * rng.integers(16) / 15, rng.uniform(0.005, 0.025)
    lens = blur_weights(on.size, width)
    seen = lens @ image @ lens.T * colour(gain * cast)
    seen += np.float32(haze) * (0.75 - seen)
    noise = rng.standard_normal(seen.shape, dtype=np.float32)
    return seen + np.float32(grain) * noise
