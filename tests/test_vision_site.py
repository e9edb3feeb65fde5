"""A site's buildings: which files are listed, names, districts, priors, temperature, tables; with a recognizer that needs no torch."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops import InputError
from quakeops.instances.damage_grades import read_grades
from quakeops.instances.recognised_buildings import read_recognised
from quakeops.scenario_gen.recognition.vision import site
from quakeops.scenario_gen.recognition.vision.unlabelled import building_names, districts_of, list_images


@pytest.fixture
def pillow():
    return pytest.importorskip("PIL.Image", reason="extra vision (pillow) is not installed")


def put(pillow, path, value=0, size=(8, 8)):
    """Write a grey image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pillow.new("RGB", size, (value, value, value)).save(path)


class Stub:
    """A recognizer without torch: the brightness b of an image decides, by p = (1 - b, b/2, b/4, b/4)."""

    def __init__(self, counts=(10, 20, 30, 40), batch_size=2, size=4, temperature=1.0):
        self.training_counts, self.temperature = counts, temperature
        self.protocol = SimpleNamespace(batch_size=batch_size, size=size)
        self.shapes = []

    def predict_proba(self, images):
        self.shapes.append(images.shape)
        b = images.mean(axis=(1, 2, 3)) / 255
        return np.column_stack([1 - b, b / 2, b / 4, b / 4])


# -- listing


def files(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_a_flat_folder_and_one_with_districts(tmp_path):
    files(tmp_path / "flat", "b.png", "a.jpg", ".hidden.png", "c")
    flat = list_images(tmp_path / "flat")
    assert flat.files == ["a.jpg", "b.png", "c"] and flat.grades is None and flat.notes == []
    assert districts_of(flat.places, False) == (None, None)
    files(tmp_path / "town", "south/b.png", "north/block 2/a.png", "north/c.png", ".git/x.png", "north/.x/y.png")
    town = list_images(tmp_path / "town")
    assert town.files == ["north/block 2/a.png", "north/c.png", "south/b.png"]
    assert districts_of(town.places, False) == (["north/block 2", "north", "south"], None)
    files(tmp_path / "town", "d.png")
    districts, note = districts_of(list_images(tmp_path / "town").places, False)
    assert districts.count(".") == 1 and "1 images lie beside the folders of districts: their district is '.'" in note


def test_folders_of_grades_are_districts_unless_labelled(tmp_path):
    files(tmp_path, "L0/a.png", "L2/north/b.png", "L2/c.png", "beside.txt")
    found = list_images(tmp_path, labelled=True)
    assert found.files == ["L0/a.png", "L2/c.png", "L2/north/b.png"] and found.grades.tolist() == [0, 2, 2]
    assert districts_of(found.places, True) == ([".", ".", "north"], "2 images lie beside the folders of districts: their district is '.'")
    assert found.notes == [f"{tmp_path}: beside.txt is no folder of a grade: left out"]
    districts, note = districts_of(["L0", "L2", "L2"], False)
    assert districts == ["L0", "L2", "L2"] and note == "folders L0, L2 are taken as districts; if they are true grades, say labelled"
    for places in (["0", "1", "4"], ["L0", "old town"]):
        assert districts_of(places, False) == (places, None)
    assert districts_of(["0", "1"], True) == (["0", "1"], None)


def test_links_are_followed_but_not_in_circles(tmp_path):
    files(tmp_path / "town", "north/a.png")
    files(tmp_path / "elsewhere", "b.png")
    (tmp_path / "town/south").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "town/north/up").symlink_to(tmp_path / "town")
    found = list_images(tmp_path / "town")
    assert found.files == ["north/a.png", "south/b.png"]
    assert found.notes == [f"{tmp_path / 'town/north/up'}: is a link to a folder above it: left out"]


def test_names_of_buildings():
    assert building_names(["north/a.b.png", "north/a.jpg", "c"]) == ["north/a.b", "north/a", "c"]
    assert building_names(["a.png", "a.jpg", "b.png"]) == ["a.png", "a.jpg", "b.png"]
    assert building_names(["caf\udce9.png"]) == ["caf\\udce9"], "a name that is no UTF-8"


@pytest.mark.parametrize(
    ("path", "labelled", "says"),
    [
        ("none", False, "none: no such folder: expected a folder of images"),
        ("file", False, "file: is a file"),
        ("empty", False, "empty: holds no file"),
        ("flat", True, "flat: expected folders L0 to L3 or 0 to 3, found 'a.png'"),
        ("five", True, "folder 'L4': expected grades 0 to 3"),
        ("bare", True, "bare: holds no file"),
    ],
)
def test_folders_that_are_refused(tmp_path, monkeypatch, path, labelled, says):
    monkeypatch.chdir(tmp_path)
    files(tmp_path, "file", "empty/.hidden", "flat/a.png", "five/L4/a.png", "bare/L0/.x")
    with pytest.raises(InputError, match=re.escape(says)):
        list_images(path, labelled=labelled)


# -- a site, with a recognizer that needs no torch


def test_a_site_by_parts(tmp_path, pillow, monkeypatch):
    """Every image once, in the order of the table, whatever the part; what cannot be read is left out of all columns."""
    for k in range(9):
        put(pillow, tmp_path / f"{'north' if k % 2 else 'south'}/{k}.png", 20 * k)
    (tmp_path / "north/broken.png").write_bytes(b"no image")
    found, told = list_images(tmp_path), []
    whole = site.recognise_site(Stub(), found, progress=lambda *step: told.append(step))
    assert told == [("images", 10, 10)]
    monkeypatch.setattr(site, "_PART", 3)
    stub, told = Stub(batch_size=2), []
    parts = site.recognise_site(stub, found, progress=lambda *step: told.append(step))
    assert told == [("images", 4, 10), ("images", 8, 10), ("images", 10, 10)], "whole batches"
    assert stub.shapes == [(4, 4, 4, 3), (3, 4, 4, 3), (2, 4, 4, 3)]
    assert np.array_equal(parts.probabilities, whole.probabilities)
    assert whole.buildings == ["north/1", "north/3", "north/5", "north/7", "south/0", "south/2", "south/4", "south/6", "south/8"]
    assert whole.districts == ["north"] * 4 + ["south"] * 5
    brightness = 20 / 255 * np.array([1, 3, 5, 7, 0, 2, 4, 6, 8])
    assert whole.probabilities[:, 0] == pytest.approx(1 - brightness)
    assert whole.unreadable == [("north/broken.png", "not an image, or of a kind that pillow does not read")]
    north = whole.by_district()["north"]
    assert north["buildings"] == 4 and sum(north["predicted"]) == 4
    assert north["severe"] == pytest.approx(brightness[:4].mean() / 2) == pytest.approx(sum(north["mean_probabilities"][2:]))
    assert whole.metrics is whole.confusion is None
    with pytest.raises(InputError, match=r"g.csv: there are no true grades to write"):
        whole.save_grades("g.csv")


def test_a_subfolder_without_images_is_no_district(tmp_path, pillow):
    put(pillow, tmp_path / "a.png")
    files(tmp_path, "papers/readme.txt")
    assert site.recognise_site(Stub(), list_images(tmp_path)).districts is None


@given(
    st.lists(st.floats(0.02, 1), min_size=4, max_size=4),
    st.lists(st.integers(1, 50), min_size=4, max_size=4),
    st.lists(st.floats(0, 0.98), min_size=1, max_size=5),
)
def test_a_prior_by_bayes_rule(prior, counts, brightness):
    """Odds of two grades change by the odds of the prior over those of the training; the training's own shares change nothing."""
    q, pi = np.array(prior) / sum(prior), np.array(counts) / sum(counts)
    p = Stub().predict_proba(255 * np.array(brightness)[:, None, None, None] * np.ones((1, 4, 4, 3)))
    names = [str(k) for k in range(len(p))]
    moved = site._at_site(p, q, pi, names)
    assert moved.sum(axis=1) == pytest.approx(1)
    expected = p * q / pi
    assert moved == pytest.approx(expected / expected.sum(axis=1, keepdims=True))
    assert site._at_site(p, pi, pi, names) == pytest.approx(p)


def test_priors_that_are_refused(tmp_path, pillow):
    for value, name in ((0, "dark"), (128, "grey")):
        put(pillow, tmp_path / f"{name}.png", value)
    found = list_images(tmp_path)
    for prior in ([0.5, 0.5], [0.5, 0.5, 0.5, -0.5], [0.3, 0.3, 0.3, 0.3], "abcd", [0.25, 0.25, 0.25, float("nan")], [[1, 0, 0, 0]]):
        with pytest.raises(InputError, match=r"prior is .*: expected shares of grades 0 to 3, four numbers from 0 to 1 whose sum is 1"):
            site.recognise_site(Stub(), found, prior=prior)
    with pytest.raises(InputError, match="prior: the recognizer was trained without an image of grade 2"):
        site.recognise_site(Stub(counts=(3, 4, 0, 2)), found, prior=[0.25] * 4)
    assert site.recognise_site(Stub(counts=(3, 4, 0, 2)), found).training_shares == pytest.approx((3 / 9, 4 / 9, 0, 2 / 9))
    for temperature in (1.0, 3.0):
        with pytest.raises(InputError, match="building 'dark' is recognised as none of the grades that it allows"):
            site.recognise_site(Stub(temperature=temperature), found, prior=[0, 0.4, 0.3, 0.3])


def test_probabilities_are_at_the_recognizers_temperature(tmp_path, pillow):
    for value in (40, 128, 200):
        put(pillow, tmp_path / f"{value}.png", value)
    found, stub = list_images(tmp_path), Stub(temperature=2.5)
    raw, done = site.recognise_site(stub, found, raw=True), site.recognise_site(stub, found)
    roots = raw.probabilities ** (1 / 2.5)
    assert done.probabilities == pytest.approx(roots / roots.sum(axis=1, keepdims=True))
    assert (raw.temperature, done.temperature) == (None, 2.5) and done.to_dict()["temperature"] == 2.5
    shares, q = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.4, 0.3, 0.2, 0.1])
    moved = done.probabilities * q / shares
    assert site.recognise_site(stub, found, prior=q).probabilities == pytest.approx(moved / moved.sum(axis=1, keepdims=True))


def test_no_image_that_can_be_read(tmp_path, pillow):
    files(tmp_path, "a.png", "b.png")
    with pytest.raises(InputError, match=r"holds no image that can be read; the first of 2 files, a.png: empty"):
        site.recognise_site(Stub(), list_images(tmp_path))


def test_tables_of_awkward_names(tmp_path, pillow):
    """Commas, quotes and line breaks in names come back from both tables."""
    for name in ('L1/old, "town"/12 Mill\nLane.png', "L3/south/b.png"):
        put(pillow, tmp_path / "in" / name, 100)
    done = site.recognise_site(Stub(), list_images(tmp_path / "in", labelled=True))
    done.save(tmp_path / "p.csv")
    done.save_grades(tmp_path / "g.csv")
    p, g = read_recognised(tmp_path / "p.csv"), read_grades(tmp_path / "g.csv")
    assert p.names == g.names == ('L1/old, "town"/12 Mill\nLane', "L3/south/b") and p.district == ('old, "town"', "south")
    assert np.array_equal(p.probabilities, done.probabilities) and g.grades.tolist() == [1, 3]
