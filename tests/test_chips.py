"""Synthetic chips of buildings: the same for every n, grades in the asked shares, damage that grows with the grade."""

from types import SimpleNamespace

import numpy as np
import pytest
from quakeops.errors import InputError
from quakeops.instances.damage_grades import YUSHU
from quakeops.scenario_gen.recognition import chips
from quakeops.scenario_gen.recognition.chip_canvas import blur_weights, canvas, paint
from quakeops.scenario_gen.recognition.chip_damage import AT, EFFECTS
from quakeops.scenario_gen.recognition.chip_scene import take_picture
from quakeops.scenario_gen.recognition.chips import SPREAD, _drawn_damage, draw_chip, synthetic_chips
from scipy.special import ndtr
from scipy.stats import chisquare, kstest, spearmanr

IMAGES, GRADES = synthetic_chips(400, 5, size=32)


def roughness(images):
    """Mean difference of luminance to the next pixel, in 8-bit steps, (n,)."""
    grey = images.mean(axis=-1)
    return (np.abs(np.diff(grey, axis=1)).mean(axis=(1, 2)) + np.abs(np.diff(grey, axis=2)).mean(axis=(1, 2))) / 2


def of_scene(seed, damage, size=32):
    return draw_chip(np.random.default_rng(seed), damage, size)


def test_types_shapes_and_range():
    assert IMAGES.dtype == np.uint8 and IMAGES.shape == (400, 32, 32, 3) and IMAGES.flags.c_contiguous
    assert GRADES.dtype == np.int64 and set(GRADES) == {0, 1, 2, 3}
    means, clipped = IMAGES.mean(axis=(1, 2, 3)), np.isin(IMAGES, (0, 255)).mean()
    assert means.min() > 30 and means.max() < 235 and clipped < 0.02
    assert IMAGES.std(axis=(1, 2)).min() > 5, "a chip without contrast"
    assert len({image.tobytes() for image in IMAGES}) == 400


def test_the_first_chips_of_a_seed_are_the_same_for_every_n():
    for n in (1, 7, 50):
        images, grades = synthetic_chips(n, 5, size=32)
        assert np.array_equal(images, IMAGES[:n]) and np.array_equal(grades, GRADES[:n])


def test_another_seed_gives_other_chips():
    images, grades = synthetic_chips(50, 6, size=32)
    assert not np.array_equal(grades, GRADES[:50])
    assert all(not np.array_equal(a, b) for a, b in zip(images, IMAGES, strict=False))


def test_numpys_global_generator_is_left_alone():
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    synthetic_chips(2, 0, size=16)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_size_and_ambiguity_leave_grades_and_scene():
    large, grades = synthetic_chips(40, 5, size=128, ambiguity=0)
    small, same = synthetic_chips(40, 5, size=32, ambiguity=0)
    assert np.array_equal(grades, same) and np.array_equal(grades, GRADES[:40])
    reduced = large.reshape(40, 32, 4, 32, 4, 3).mean(axis=(2, 4))
    near = np.abs(reduced - small).mean(axis=(1, 2, 3))
    far = np.abs(reduced - np.roll(small, 1, axis=0)).mean(axis=(1, 2, 3))
    assert near.max() < 14 and near.mean() < far.mean() / 3
    odd, _ = synthetic_chips(1, 5, size=37)
    assert odd.shape == (1, 37, 37, 3)


@pytest.mark.parametrize("counts", [YUSHU, (1, 1, 1, 1), (0, 3, 0, 1), (0, 0, 5, 0)])
def test_grades_have_the_asked_shares_and_damage_is_uniform_within_them(counts):
    upper = np.cumsum(counts) / sum(counts)
    drawn = [_drawn_damage(np.random.default_rng(k), upper) for k in range(4000)]
    grades, damage = np.array([g for g, _ in drawn]), np.array([d for _, d in drawn])
    assert np.array_equal(grades, np.floor(damage))
    seen, asked = np.bincount(grades, minlength=4), np.array(counts)
    assert not seen[asked == 0].any()
    assert (asked > 0).sum() == 1 or chisquare(seen[asked > 0], 4000 * asked[asked > 0] / asked.sum()).pvalue > 1e-3
    assert all(kstest(damage[grades == g] - g, "uniform").pvalue > 1e-3 for g in np.unique(grades))


def test_a_damage_at_the_ends_of_the_unit_interval():
    """The smallest uniform number skips a share of 0; the largest one is of the last grade that has a share."""
    for u, grade in ((0.0, 1), (0.5, 3), (np.nextafter(1, 0), 3)):
        found, damage = _drawn_damage(SimpleNamespace(random=lambda u=u: u), np.array([0.0, 0.5, 0.5, 1.0]))
        assert found == grade and grade <= damage <= grade + 1
    assert _drawn_damage(SimpleNamespace(random=lambda: np.nextafter(1, 0)), np.array([0.5, 1.0, 1.0, 1.0]))[0] == 1


def test_grades_of_chips_are_in_yushus_shares():
    assert chisquare(np.bincount(GRADES), 400 * np.array(YUSHU) / sum(YUSHU)).pvalue > 1e-3


def test_a_zero_share_draws_none():
    _, grades = synthetic_chips(60, 1, size=16, counts=(1, 0, 0, 1))
    assert set(grades) == {0, 3}


def test_what_share_shows_another_grade():
    """The docstring's one in nine: P(floor(d') != floor(d)) for d uniform within the grade, d' = d + SPREAD e, cut at 0 and 4."""
    d = (np.arange(20_000) + 0.5) / 20_000
    below, above = ndtr(-d / SPREAD), ndtr(-(1 - d) / SPREAD)
    leaves = np.array([above.mean(), (above + below).mean(), (above + below).mean(), below.mean()])
    assert leaves @ YUSHU / sum(YUSHU) == pytest.approx(1 / 9, abs=0.01)


def test_the_picture_follows_the_damage_of_its_grade():
    """With ambiguity 0 a chip is what its scene shows at a damage within its grade; with 1 the same scene, mostly near by."""
    sharp, grades = synthetic_chips(30, 5, size=32, ambiguity=0)
    upper = np.cumsum(YUSHU) / sum(YUSHU)
    for k in range(30):
        rng = np.random.default_rng(np.random.SeedSequence(5, spawn_key=(k,)))
        grade, damage = _drawn_damage(rng, upper)
        rng.standard_normal()
        assert grade == grades[k] and np.array_equal(sharp[k], draw_chip(rng, damage, 32))
    moved = np.abs(sharp.astype(float) - IMAGES[:30]).mean(axis=(1, 2, 3))
    assert 0 < moved.mean() < 10


def test_more_damage_takes_a_scene_further_from_intact():
    """Each step of a grade changes more pixels of the same scene; up to half a grade nothing does."""
    for seed in range(25):
        intact = of_scene(seed, 0.0).astype(float)
        away = [np.abs(of_scene(seed, d) - intact).mean() for d in (0.5, 1.5, 2.5, 3.8)]
        assert away[0] == 0 < away[1] < away[2], seed
        assert away[3] > 1.2 * away[1], seed
    assert np.array_equal(of_scene(3, 0.0), of_scene(3, 0.5))


def test_slight_damage_leaves_most_of_the_roof_and_collapse_little():
    """Share of the pixels in the middle, where the roof is, that change by more than 20 steps."""
    changed = np.array(
        [
            [
                (np.abs(of_scene(s, d)[11:21, 11:21] - of_scene(s, 0.0)[11:21, 11:21].astype(float)).max(axis=-1) > 20).mean()
                for d in (1.5, 2.5, 3.8)
            ]
            for s in range(60)
        ]
    )
    slight, severe, collapsed = changed.mean(axis=0)
    assert 0.05 < slight < 0.3 and slight + 0.1 < severe < collapsed - 0.1 and collapsed > 0.6


def test_the_camera_blurs_adds_noise_and_cuts_at_black_and_white(monkeypatch):
    on = canvas(64)
    board = np.indices((64, 64)).sum(axis=0) % 2 * np.ones((3, 1, 1), np.float32)
    seen = [take_picture(np.random.default_rng(s), on, board) for s in range(40)]
    assert np.mean([image.std() for image in seen]) < 0.7 * board.std()
    flat = [take_picture(np.random.default_rng(s), on, 0.5 * np.ones_like(board)) for s in range(40)]
    assert all(0.003 < image[0].std() < 0.03 and 0.3 < image.mean() < 0.8 for image in flat)
    for level, byte in ((1.5, 255), (-0.5, 0)):
        monkeypatch.setattr(chips, "take_picture", lambda rng, on, image, level=level: np.full_like(image, level))
        assert (of_scene(0, 1.0) == byte).all()


def test_roughness_is_ordinal_in_the_grade():
    rough = roughness(IMAGES)
    mean = [rough[g == GRADES].mean() for g in range(4)]
    assert mean == sorted(mean) and mean[3] > 1.3 * mean[0]
    assert spearmanr(rough, GRADES).statistic > 0.25


def test_statistics_of_the_whole_image_tell_something_but_not_enough():
    """A linear fit on means and deviations of the colours and on roughness beats the largest class, and stays below what pictures allow."""
    statistics = np.hstack([IMAGES.mean(axis=(1, 2)), IMAGES.std(axis=(1, 2)), roughness(IMAGES)[:, None], np.ones((400, 1))])
    fitted = statistics @ np.linalg.lstsq(statistics, GRADES, rcond=None)[0]
    assert np.bincount(GRADES).max() / 400 < 0.4 < (np.clip(np.rint(fitted), 0, 3) == GRADES).mean() < 0.62


def test_the_table_of_effects_grows():
    assert np.all(np.diff(AT) > 0) and (AT[0], AT[-1]) == (0.0, 4.0)
    for name, row in EFFECTS.items():
        assert len(row) == len(AT) and row[0] == row[1] == (name == "height")
        assert np.all(np.diff(row) * (-1 if name == "height" else 1) >= 0), name


def test_fields_are_standard_normal_and_edges_one_pixel():
    on = canvas(32)
    rng = np.random.default_rng(0)
    values = np.array([on.field(rng.standard_normal((7, 7))) for _ in range(2000)])
    assert np.abs(values.mean(axis=0)).max() < 0.12 and np.abs(values.std(axis=0) - 1).max() < 0.12
    edge = on.inside(on.x - 0.25)[0]
    assert set(np.unique(edge)) <= {0, 0.5, 1} and edge.sum() * on.pixel == pytest.approx(1.25)
    assert not on.above(values[0], np.inf).any() and on.above(values[0], -np.inf).all()


def test_blur_keeps_a_flat_image_and_paint_mixes():
    assert blur_weights(16, 0.1) @ np.ones((16, 16)) == pytest.approx(np.ones((16, 16)), abs=1e-6)
    assert np.array_equal(blur_weights(16, 0.0), np.eye(16))
    image = np.zeros((3, 2, 2), np.float32)
    paint(image, np.array([[0, 0.25], [0.5, 1]], np.float32), np.ones((3, 1, 1), np.float32))
    assert image[1].tolist() == [[0, 0.25], [0.5, 1]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n": 0}, "n is 0: expected 1 to 1e.09"),
        ({"n": 2.0}, "n is 2.0: expected a whole number"),
        ({"n": True}, "n is True: expected a whole number"),
        ({"seed": -1}, "seed is -1: expected 0 to"),
        ({"seed": "one"}, "seed is 'one': expected a whole number"),
        ({"size": 15}, "size is 15: expected 16 to 1024"),
        ({"size": 2000}, "size is 2000: expected 16 to 1024"),
        ({"ambiguity": -0.1}, "ambiguity is -0.1: expected 0 to"),
        ({"ambiguity": float("nan")}, "ambiguity is nan: expected 0 to"),
        ({"counts": (1, 1, 1)}, r"counts are \[1.0, 1.0, 1.0\]: expected four numbers, not all 0"),
        ({"counts": (0, 0, 0, 0)}, "expected four numbers, not all 0"),
        ({"counts": (1, -1, 1, 1)}, r"counts\[1\] is -1: expected 0 to"),
        ({"counts": (1, 1, float("inf"), 1)}, r"counts\[2\] is inf"),
        ({"counts": "abcd"}, "counts: expected numbers"),
    ],
)
def test_bad_input_is_named(given, message):
    with pytest.raises(InputError, match=message):
        synthetic_chips(**{"n": 1, "seed": 0, **given})
