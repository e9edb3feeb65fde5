"""Maps of plans side by side: every mark's place and colour, what is far away, and the paper's script that draws them."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from quakeops.errors import InputError

pytest.importorskip("matplotlib")

from matplotlib.colors import to_hex
from matplotlib.image import imread
from quakeops.plots.decision_maps import DONE, NOT_DONE, Decisions, decisions_figure, draw_decisions

SFBAY = Path(__file__).parents[2] / "shared" / "data" / "retrofit" / "sfbay"
PAPER = Path(__file__).parents[1] / "papers" / "retrofit_repair.py"

LATITUDE = np.array([37.70, 37.71, 37.72, 37.73, 37.70, 37.71, 37.72, 37.73, 37.74, 37.75, 39.9])
LONGITUDE = np.array([-122.4, -122.41, -122.42, -122.4, -122.39, -122.41, -122.42, -122.4, -122.43, -122.42, -123.8])
RATES = np.array([1e-3, 2e-3, 0, 4e-3, 1e-4, 2e-4, 0, 3e-4, 5e-3, 6e-3, 1e-2])


def plan(title, chosen):
    done = np.isin(np.arange(len(RATES)), chosen)
    return Decisions(title, done, np.where(done, 0.0, RATES))


PLANS = [plan("little", [9]), plan("much", [0, 1, 3, 4, 5, 7, 8])]


def marks(axes, name):
    return next(c for c in axes.collections if c.get_gid() == name)


def test_what_is_done_where():
    figure = decisions_figure(LATITUDE, LONGITUDE, PLANS, "Eleven bridges")
    near = np.arange(len(RATES)) < 10
    for row, decisions in enumerate(PLANS):
        left, right = figure.axes[2 * row : 2 * row + 2]
        for axes, name, which, colour in (
            (left, "retrofitted", decisions.retrofitted, DONE),
            (left, "not retrofitted", ~decisions.retrofitted, NOT_DONE),
            (right, "never repaired", decisions.repairs == 0, NOT_DONE),
            (right, "repaired", decisions.repairs > 0, None),
        ):
            drawn = marks(axes, name)
            east = (LONGITUDE - np.median(LONGITUDE)) * np.cos(np.radians(np.median(LATITUDE)))
            expected = np.column_stack([east, LATITUDE - np.median(LATITUDE)])[which & near] * 111.195
            found = np.asarray(drawn.get_offsets())
            if name == "repaired":
                found, expected = (
                    np.column_stack([found, np.asarray(drawn.get_array())]),
                    np.column_stack([expected, decisions.repairs[which & near]]),
                )
            assert found[np.lexsort(found.T)] == pytest.approx(expected[np.lexsort(expected.T)], abs=1e-5, rel=1e-3)
            assert colour is None or {to_hex(c) for c in drawn.get_facecolors()} == {colour}
        shades = marks(right, "repaired")
        assert (shades.norm.vmin, shades.norm.vmax) == (1e-4, 1e-2)  # one scale for both plans


def test_words():
    figure = decisions_figure(LATITUDE, LONGITUDE, PLANS, "Eleven $ bridges")
    titles = [axes.get_title(loc="left") for axes in figure.axes[:4]]
    assert titles == ["little: 1 retrofitted", "little: 0.0226 repairs a year", "much: 7 retrofitted", "much: 0.016 repairs a year"]
    told = [t.get_text() for t in figure.texts]
    assert r"Eleven \$ bridges" in told and "not on the maps: 1 far away" in told


def test_labels_of_longitudes_stand_apart():
    """As wide as San Francisco, where all labels that a whole figure has room for would overlap."""
    figure = decisions_figure(
        np.array([37.7066, 37.8082, 37.73]),
        np.array([-122.4939, -122.3667, -122.4]),
        [Decisions("", np.ones(3, dtype=bool), np.zeros(3))],
        "",
    )
    figure.canvas.draw()
    for axes in figure.axes:
        boxes = [t.get_window_extent() for t in axes.get_xticklabels() if t.get_text()]
        assert len(boxes) >= 2 and not any(a.overlaps(b) for a, b in pairwise(boxes))


def test_nothing_repaired_anywhere(tmp_path):
    """No scale of repairs, and none far away."""
    all_done = [Decisions("all", np.ones(3, dtype=bool), np.zeros(3))]
    figure = decisions_figure(LATITUDE[:3], LONGITUDE[:3], all_done, "")
    assert len(figure.axes) == 2 and not any("far" in t.get_text() for t in figure.texts)
    draw_decisions(LATITUDE[:3], LONGITUDE[:3], all_done, tmp_path / "all.png", title="")
    assert (imread(tmp_path / "all.png")[..., :3] < 0.9).any()


@pytest.mark.parametrize(
    ("plans", "target", "message"),
    [
        ([], "o.png", "no plan to draw"),
        ([Decisions("short", np.ones(2, dtype=bool), np.zeros(11))], "o.png", r"plan 'short': retrofits, repairs, longitudes have shapes \(\(2,\)"),
        (PLANS, "o.jpg", "file ending '.jpg' is unknown"),
    ],
)  # fmt: skip
def test_refused(tmp_path, plans, target, message):
    with pytest.raises(InputError, match=message):
        draw_decisions(LATITUDE, LONGITUDE, plans, tmp_path / target, title="")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not SFBAY.is_dir(), reason="the reference data (shared/data/retrofit/sfbay) are not beside the checkout")
def test_the_papers_script(subprocess_run, tmp_path):
    """The script compares extensive form and closed form, and its repairs with the damage of what is not retrofitted, by itself."""
    done = subprocess_run(PAPER, "--data", SFBAY, "--ratios", 2, "--maps", 3000, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "repair only up to ratio 138.0 (b912)" in done.stdout and "retrofit only from ratio 13,838.8 (b952)" in done.stdout
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["retrofit-maps.png", "retrofit-sweep.png"]
