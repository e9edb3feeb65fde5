"""Images by grade folder: written and read again, kinds of pixels by hand, and every way in which a folder can be wrong."""

import io
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from quakeops.errors import InputError
from quakeops.scenario_gen.recognition.chips import synthetic_chips

pytest.importorskip("PIL", reason="extra vision (pillow) is not installed")
from PIL import Image
from quakeops.scenario_gen.recognition.vision.decoding import decoded
from quakeops.scenario_gen.recognition.vision.folder import read_folder, write_folder

CHIPS, GRADES = synthetic_chips(24, 2, size=24)


def saved(array, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(array, dtype=options.pop("dtype", np.uint8)), options.pop("mode", None)).save(path, **options)
    return path


def one_each(root, names=("L0", "L1", "L2", "L3")):
    """A folder with one grey image a grade: grade g has the value 10 g."""
    for g, name in enumerate(names):
        saved(np.full((8, 8, 3), 10 * g), root / name / "a.png")
    return root


def colours(path, size=4):
    """The colour of an image that has one colour."""
    image = decoded(path, size)
    assert not isinstance(image, str), image
    assert image.shape == (size, size, 3) and image.dtype == np.uint8 and len(np.unique(image.reshape(-1, 3), axis=0)) == 1
    return image[0, 0].tolist()


def test_written_chips_are_read_again_bit_for_bit(tmp_path):
    names = write_folder(CHIPS, GRADES, tmp_path / "set")
    found = read_folder(tmp_path / "set", 24)
    order = np.argsort(GRADES, kind="stable")
    assert np.array_equal(found.images, CHIPS[order]) and np.array_equal(found.grades, GRADES[order])
    assert found.files == [names[k] for k in order] and names[3] == f"L{GRADES[3]}/000003.png"
    assert found.images.dtype == np.uint8 and found.grades.dtype == np.int64
    assert found.unreadable == [] and found.notes == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["set"]


def test_a_written_folder_has_all_grades_and_names_none_that_is_empty(tmp_path):
    write_folder(CHIPS[:2], [3, 0], tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["L0", "L1", "L2", "L3"]
    found = read_folder(tmp_path, 24)
    assert found.grades.tolist() == [0, 3] and np.array_equal(found.images, CHIPS[[1, 0]])
    assert found.notes == [f"{tmp_path}: no images of grade L1", f"{tmp_path}: no images of grade L2"]


def test_images_are_resized_to_128_unless_asked(tmp_path):
    rows = np.repeat(np.arange(0, 200, 2, dtype=np.uint8)[:, None], 300, axis=1)
    saved(rows, one_each(tmp_path) / "L0" / "b.png")
    found = read_folder(tmp_path)
    assert found.images.shape == (5, 128, 128, 3)
    place = (np.arange(128) + 0.5) * 100 / 128 - 0.5
    assert found.images[1, :, 60, 0] == pytest.approx(np.clip(2 * place, 0, 198), abs=1), "linear between centres of pixels"
    halves = np.zeros((64, 64), np.uint8)
    halves[:, ::2] = 200
    saved(halves, tmp_path / "L0" / "b.png")
    assert read_folder(tmp_path, 16).images[1][:, 2:-2] == pytest.approx(100, abs=2), "averaged where it shrinks"


@pytest.mark.parametrize("names", [("L0", "L1", "L2", "L3"), ("l0", "L1", "l2", "L3"), ("0", "1", "2", "3")])
def test_both_namings_in_any_case(tmp_path, names):
    found = read_folder(one_each(tmp_path, names), 8)
    assert found.grades.tolist() == [0, 1, 2, 3] and found.images[:, 0, 0, 0].tolist() == [0, 10, 20, 30]
    assert found.files == [f"{name}/a.png" for name in names] and found.notes == []


def test_order_is_by_grade_then_name_not_by_time(tmp_path):
    for k, name in enumerate(("L1/b.png", "L0/z.png", "L1/B.png", "L0/10.png", "L0/9.png", "L1/a.png")):
        saved(np.full((4, 4, 3), k), tmp_path / name)
    found = read_folder(tmp_path, 4)
    assert found.files == ["L0/10.png", "L0/9.png", "L0/z.png", "L1/B.png", "L1/a.png", "L1/b.png"]
    assert found.images[:, 0, 0, 0].tolist() == [3, 4, 1, 2, 5, 0]


@pytest.mark.parametrize(
    ("array", "options", "expected"),
    [
        (np.full((6, 5), 77), {}, [77, 77, 77]),
        (np.full((6, 5, 4), (10, 20, 30, 255)), {}, [10, 20, 30]),
        (np.full((6, 5, 4), (200, 100, 50, 0)), {}, [0, 0, 0]),
        (np.full((6, 5, 4), (200, 100, 50, 51)), {}, [40, 20, 10]),
        (np.full((6, 5, 2), (200, 51)), {}, [40, 40, 40]),
        (np.full((6, 5), 65535), {"dtype": np.uint16}, [255, 255, 255]),
        (np.full((6, 5), 257 * 99), {"dtype": np.uint16}, [99, 99, 99]),
        (np.full((6, 5), 300), {"dtype": np.uint16}, [1, 1, 1]),
    ],
    ids=["grey", "opaque", "transparent", "a fifth opaque", "grey a fifth opaque", "16 bit white", "16 bit", "16 bit dark"],
)
def test_kinds_of_pixels(tmp_path, array, options, expected):
    assert colours(saved(array, tmp_path / "a.png", **options)) == expected


def test_16_bit_tiff_and_32_bit_kinds(tmp_path):
    assert colours(saved(np.full((4, 4), 257 * 30), tmp_path / "a.tif", dtype=np.uint16)) == [30, 30, 30]
    assert colours(saved(np.full((4, 4), 257 * 30), tmp_path / "b.tif", dtype=np.int32)) == [30, 30, 30]
    assert (
        decoded(saved(np.full((4, 4), 70_000), tmp_path / "c.tif", dtype=np.int32), 4)
        == "ValueError: 32-bit pixels: expected 8 or 16 bits a channel"
    )
    assert "floating-point pixels" in decoded(saved(np.full((4, 4), 0.5), tmp_path / "d.tif", dtype=np.float32), 4)


def test_palettes_black_and_white_cmyk_and_first_frames(tmp_path):
    palette = Image.new("P", (6, 6), 1)
    palette.putpalette([1, 2, 3, 90, 60, 30])
    palette.save(tmp_path / "p.png")
    assert colours(tmp_path / "p.png") == [90, 60, 30]
    palette.save(tmp_path / "t.png", transparency=1)
    assert colours(tmp_path / "t.png") == [0, 0, 0]
    Image.new("1", (6, 6), 1).save(tmp_path / "1.png")
    assert colours(tmp_path / "1.png") == [255, 255, 255]
    Image.new("CMYK", (6, 6), (0, 0, 0, 0)).save(tmp_path / "c.tif")
    assert colours(tmp_path / "c.tif") == [255, 255, 255]
    frames = [Image.new("RGB", (6, 6), (c, 0, 0)) for c in (255, 0)]
    frames[0].save(tmp_path / "g.gif", save_all=True, append_images=frames[1:])
    assert colours(tmp_path / "g.gif") == [255, 0, 0]


@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (-1, -1)), (6, (0, -1)), (8, (-1, 0))])
def test_exif_orientation_is_followed(tmp_path, orientation, corner):
    """A white top left quarter goes where the orientation says: 3 turns by 180 degrees, 6 by 90 clockwise, 8 by 90 the other way."""
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:4, :4] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    white = np.argwhere(decoded(tmp_path / "a.png", 8)[[0, 0, -1, -1], [0, -1, 0, -1], 0] == 255).ravel()
    assert [((0, 0), (0, -1), (-1, 0), (-1, -1))[k] for k in white] == [corner]


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(tmp_path):
    one_each(tmp_path)
    noisy = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for ending in ("png", "jpg", "tif", "bmp", "gif"):
        held = io.BytesIO()
        Image.fromarray(noisy).save(held, {"jpg": "JPEG", "tif": "TIFF"}.get(ending, ending.upper()))
        (tmp_path / "L2" / f"cut.{ending}").write_bytes(held.getvalue()[: len(held.getvalue()) // 2])
    held = io.BytesIO()
    Image.fromarray(noisy).save(held, "PNG")
    damaged = bytearray(held.getvalue())
    damaged[400:420] = bytes(20)
    (tmp_path / "L2" / "damaged.png").write_bytes(damaged)
    (tmp_path / "L1" / "empty.png").write_bytes(b"")
    (tmp_path / "L1" / "notes.txt").write_text("collapsed in the north")
    (tmp_path / "L3" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "L3" / "pipe.png")
    (tmp_path / "L0" / ".DS_Store").write_bytes(b"x")
    found = read_folder(tmp_path, 8)
    assert found.files == [f"L{g}/a.png" for g in range(4)] and found.images[:, 0, 0, 0].tolist() == [0, 10, 20, 30]
    reasons = dict(found.unreadable)
    assert list(reasons) == sorted(reasons) and len(found.unreadable) == 10
    assert reasons["L1/empty.png"] == "empty"
    assert reasons["L1/notes.txt"] == "not an image, or of a kind that pillow does not read"
    assert reasons["L3/gone.png"] == reasons["L3/pipe.png"] == "not a file, or a link to nothing"
    assert {name for name in reasons if name.startswith("L2/")} == {
        "L2/damaged.png",
        *(f"L2/cut.{e}" for e in ("png", "jpg", "tif", "bmp", "gif")),
    }
    assert "truncated" in reasons["L2/cut.jpg"] and reasons["L2/damaged.png"]
    assert found.notes == [f"{tmp_path}: {name} cannot be read and is left out: {reason}" for name, reason in found.unreadable]


def test_a_decoder_that_raises_anything_costs_its_file_alone(tmp_path, monkeypatch):
    one_each(tmp_path)
    whole = Image.Image.resize
    monkeypatch.setattr(Image.Image, "resize", lambda self, *a: {}["no table"] if self.getpixel((0, 0))[0] == 20 else whole(self, *a))
    found = read_folder(tmp_path, 8)
    assert found.grades.tolist() == [0, 1, 3] and found.unreadable == [("L2/a.png", "KeyError: 'no table'")]
    assert f"{tmp_path}: no images of grade L2" in found.notes


def test_decompression_bombs_are_left_out(tmp_path, monkeypatch):
    """Over the limit pillow warns, over twice the limit it raises; both files are left out, and no warning passes."""
    one_each(tmp_path)
    saved(np.zeros((41, 1)), tmp_path / "L0" / "b.png")
    saved(np.zeros((81, 1)), tmp_path / "L0" / "c.png")
    for g in range(4):
        saved(np.zeros((5, 8)), tmp_path / f"L{g}" / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_folder(tmp_path, 8)
    reason = "more pixels than pillow's limit of 40 (PIL.Image.MAX_IMAGE_PIXELS)"
    assert found.unreadable == [("L0/b.png", reason), ("L0/c.png", reason)] and len(found.files) == 4


def test_only_small_images_are_kept(tmp_path):
    saved(np.zeros((1500, 1500, 3)), one_each(tmp_path) / "L0" / "b.png")
    found = read_folder(tmp_path, 16)
    assert found.images.nbytes == 5 * 16 * 16 * 3 and (found.images.base is None or found.images.base.nbytes == 5 * 16 * 16 * 3)


def test_what_lies_beside_the_grades_is_noted(tmp_path):
    one_each(tmp_path)
    (tmp_path / "test" / "L0").mkdir(parents=True)
    (tmp_path / "labels.csv").write_text("a")
    (tmp_path / "L1" / "more").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "00").mkdir()
    found = read_folder(tmp_path, 8)
    assert len(found.files) == 4 and found.unreadable == []
    beside = [f"{tmp_path}: {name} is no folder of a grade: left out" for name in ("00", "labels.csv", "test")]
    assert found.notes == [*beside, f"{tmp_path}: folder L1/more lies inside a grade's folder: left out"]


def test_missing_and_empty_grades_are_noted(tmp_path):
    saved(np.zeros((4, 4, 3)), tmp_path / "1" / "a.png")
    (tmp_path / "3").mkdir()
    found = read_folder(tmp_path, 8)
    assert found.grades.tolist() == [1]
    assert found.notes == [f"{tmp_path}: no images of grade L{g}" for g in (0, 2, 3)]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (["L0/", "1/"], r"folders '1' and 'L0': expected L0 to L3 or 0 to 3, and one folder a grade"),
        (["L2/", "l2/"], r"folders 'L2' and 'l2': expected L0 to L3 or 0 to 3, and one folder a grade"),
        (["L3/", "L4/"], r"folder 'L4': expected grades 0 to 3"),
        (["0/", "10/"], r"folder '10': expected grades 0 to 3"),
        ([], r"expected folders L0 to L3 or 0 to 3, found nothing"),
        (["a.png", "test/"], r"expected folders L0 to L3 or 0 to 3, found 'a.png', 'test'$"),
        ([f"{c}/" for c in "abcdefg"], r"found 'a', 'b', 'c', 'd', 'e', \.\.\."),
        (["L0"], r"expected folders L0 to L3 or 0 to 3, found 'L0'"),
        (["L0/", "L1/"], r"holds no image that can be read$"),
        (["L0/", "L1/x.txt", "L1/y.png"], r"holds no image that can be read; the first of 2 files, L1/x.txt: empty"),
    ],
)
def test_folders_that_cannot_be_used(tmp_path, entries, message):
    for entry in entries:
        path = tmp_path / entry
        path.parent.mkdir(exist_ok=True)
        path.mkdir() if entry.endswith("/") else path.write_bytes(b"")
    with pytest.raises(InputError, match=message) as caught:
        read_folder(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}: ")


def test_no_folder_or_a_file_or_a_bad_size(tmp_path):
    with pytest.raises(InputError, match=r"nowhere: no such folder: expected a folder with folders L0 to L3"):
        read_folder(tmp_path / "nowhere")
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(InputError, match=r"file: is a file: expected a folder with folders L0 to L3"):
        read_folder(tmp_path / "file")
    for size, message in (
        (0, "size is 0: expected 1 to 4096"),
        (5000, "size is 5000"),
        (12.5, "size is 12.5: expected a whole number"),
        (True, "size is True"),
    ):
        with pytest.raises(InputError, match=message):
            read_folder(one_each(tmp_path / "good"), size)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_named(tmp_path):
    saved(np.zeros((4, 4, 3)), one_each(tmp_path) / "L0" / "b.png").chmod(0)
    assert [name for name, _ in read_folder(tmp_path, 8).unreadable] == ["L0/b.png"]


def test_what_cannot_be_written(tmp_path):
    for images, grades, message in (
        (CHIPS.astype(float), GRADES, r"images are float64 \(24, 24, 24, 3\): expected uint8 \(n, height, width, 3\)"),
        (CHIPS[..., 0], GRADES, r"images are uint8 \(24, 24, 24\)"),
        (CHIPS[:0], [], "at least one image"),
        (CHIPS, GRADES[:5], r"grades has shape \(5,\): expected \(24,\)"),
        (CHIPS[:2], [0, 4], "grades, row 1: 4: expected a whole number from 0 to 3"),
    ):
        with pytest.raises(InputError, match=message):
            write_folder(images, grades, tmp_path / "new")
    with pytest.raises(InputError, match=r"nowhere/new: cannot be written: No such file or directory"):
        write_folder(CHIPS, GRADES, tmp_path / "nowhere" / "new")
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(InputError, match="file: is a file: expected a new or an empty folder"):
        write_folder(CHIPS, GRADES, tmp_path / "file")
    with pytest.raises(InputError, match="is not empty: expected a new or an empty folder"):
        write_folder(CHIPS, GRADES, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    whole, calls = Image.Image.save, []

    def save(self, target, **options):
        calls.append(target)
        if len(calls) == 5:
            raise OSError(28, "No space left on device")
        whole(self, target, **options)

    monkeypatch.setattr(Image.Image, "save", save)
    with pytest.raises(InputError, match="set: cannot be written: No space left on device"):
        write_folder(CHIPS, GRADES, tmp_path / "set")
    assert len(calls) == 5 and list(tmp_path.iterdir()) == []


def test_without_pillow_one_clear_error_and_chips_still_work(tmp_path):
    script = """
import sys
sys.modules["PIL"] = None
from quakeops.errors import InputError
from quakeops.scenario_gen.recognition.chips import synthetic_chips
from quakeops.scenario_gen.recognition.vision.folder import read_folder, write_folder
images, grades = synthetic_chips(2, 0, size=16)
for call in (lambda: read_folder("x"), lambda: write_folder(images, grades, "x")):
    try:
        call()
    except InputError as e:
        print(e)
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines() == ["pillow is not installed; pip install 'quakeops[vision]'"] * 2 + ["False"]
