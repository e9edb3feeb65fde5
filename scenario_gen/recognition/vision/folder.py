"""Images in a folder by grade: ``L0`` to ``L3``, or ``0`` to ``3``, in upper or lower case, one naming for all; and back.

Files of a grade's folder are images of buildings of that grade, of any kind that pillow (extra ``vision``) reads. What cannot be read is
named and left out. Hidden files are passed over; so, with a note, are folders inside a grade's folder and whatever else lies beside the
grades. A folder for a grade beyond 3 is an error, since it means another scale.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....errors import InputError
from ....instances.grade_checks import NUM_GRADES, Grades, checked_grades
from ...plausible import within
from .decoding import decoded, pillow

GRADE_NAME = re.compile(r"(l?)(0|[1-9]\d*)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageFolder:
    """What :func:`read_folder` found, by grade and then by name.

    ``images`` uint8 (n, size, size, 3), ``grades`` (n,), and ``files`` (n names, such as ``L2/house.png``); ``unreadable`` has files left
    out, each with the reason; ``notes`` say in words what was left out or missing.
    """

    images: NDArray[np.uint8]
    grades: Grades
    files: list[str]
    unreadable: list[tuple[str, str]]
    notes: list[str]


def read_folder(path: str | Path, size: int = 128) -> ImageFolder:
    """Return the images of a folder, each resized (bilinear) to ``size`` pixels a side; only resized ones are kept in memory.

    Raises
    ------
    InputError
        pillow is missing; no such folder; no folder of a grade in it, one beyond grade 3, two for one grade, or two namings; a size that is
        no whole number from 1 to 4096; no image that can be read.
    """
    pillow()
    root = Path(path)
    if not isinstance(size, int | np.integer) or isinstance(size, bool):
        raise InputError(f"size is {size!r}: expected a whole number")
    within("size", size, 1, 4096)
    folders, notes = grade_folders(root)
    found = [(grade, entry) for grade, folder in folders for entry in visible(folder)]
    listed = [(grade, entry) for grade, entry in found if not entry.is_dir()]
    notes += [f"{path}: folder {entry.relative_to(root)} lies inside a grade's folder: left out" for _, entry in found if entry.is_dir()]
    images = np.empty((len(listed), size, size, 3), np.uint8)
    kept: list[tuple[int, str]] = []
    unreadable: list[tuple[str, str]] = []
    for grade, file in listed:
        image = decoded(file, int(size))
        if isinstance(image, str):
            unreadable.append((file.relative_to(root).as_posix(), image))
        else:
            images[len(kept)] = image
            kept.append((grade, file.relative_to(root).as_posix()))
    if not kept:
        first = f"; the first of {len(unreadable)} files, {unreadable[0][0]}: {unreadable[0][1]}" if unreadable else ""
        raise InputError(f"{path}: holds no image that can be read{first}")
    notes += [f"{path}: {file} cannot be read and is left out: {reason}" for file, reason in unreadable]
    grades = np.array([grade for grade, _ in kept], dtype=np.int64)
    notes += [f"{path}: no images of grade L{grade}" for grade in range(NUM_GRADES) if grade not in grades]
    return ImageFolder(images=images[: len(kept)], grades=grades, files=[file for _, file in kept], unreadable=unreadable, notes=notes)


def visible(folder: Path) -> list[Path]:
    """Return what lies in a folder, sorted by name, without hidden files."""
    try:
        return sorted((entry for entry in folder.iterdir() if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as e:
        raise InputError(f"{folder}: cannot be read: {e.strerror or e}") from None


def grade_folders(root: Path) -> tuple[list[tuple[int, Path]], list[str]]:
    """Return folders of grades in ascending order, and notes about what lies beside them."""
    if not root.is_dir():
        raise InputError(f"{root}: {'is a file' if root.exists() else 'no such folder'}: expected a folder with folders L0 to L3")
    folders: dict[int, tuple[str, Path]] = {}
    beside: list[str] = []
    for entry in visible(root):
        name = GRADE_NAME.fullmatch(entry.name)
        if name is None or not entry.is_dir():
            beside.append(entry.name)
            continue
        naming, grade = name[1].upper(), int(name[2])
        if grade >= NUM_GRADES:
            raise InputError(f"{root}: folder {entry.name!r}: expected grades 0 to {NUM_GRADES - 1}")
        other = next((path.name for n, path in folders.values() if n != naming), folders[grade][1].name if grade in folders else None)
        if other is not None:
            raise InputError(f"{root}: folders {other!r} and {entry.name!r}: expected L0 to L3 or 0 to 3, and one folder a grade")
        folders[grade] = naming, entry
    if not folders:
        seen = f", found {', '.join(map(repr, beside[:5]))}{', ...' if len(beside) > 5 else ''}" if beside else ", found nothing"
        raise InputError(f"{root}: expected folders L0 to L3 or 0 to 3{seen}")
    return [(grade, folders[grade][1]) for grade in sorted(folders)], [
        f"{root}: {name} is no folder of a grade: left out" for name in beside
    ]


def write_folder(images: ArrayLike, grades: ArrayLike, path: str | Path) -> list[str]:
    """Write images uint8 (n, h, w, 3) as PNG, without loss, to a new or empty folder, as ``L2/000017.png``: row 17, of grade 2.

    The folder is written whole or not at all. Returned are the names, (n,); :func:`read_folder` gives the images by grade, then by row.

    Raises
    ------
    InputError
        pillow is missing; images of another type or shape; grades outside 0..3 (row named) or of another number; a path that is a file, a
        folder with something in it, or cannot be written.
    """
    image_of = pillow()
    pixels = np.asarray(images)
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[3] != 3 or not pixels.size:
        raise InputError(f"images are {pixels.dtype} {pixels.shape}: expected uint8 (n, height, width, 3) with at least one image")
    rows = checked_grades(grades, len(pixels))
    root = Path(path)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise InputError(f"{path}: {'is not empty' if root.is_dir() else 'is a file'}: expected a new or an empty folder")
    names = [f"L{grade}/{row:06d}.png" for row, grade in enumerate(rows)]
    try:
        with tempfile.TemporaryDirectory(dir=root.parent, prefix=f".{root.name}.") as beside:
            whole = Path(beside) / "images"
            for grade in range(NUM_GRADES):
                (whole / f"L{grade}").mkdir(parents=True)
            for name, image in zip(names, pixels, strict=True):
                image_of.fromarray(image).save(whole / name)
            if root.exists():
                root.rmdir()
            whole.replace(root)
    except OSError as e:
        raise InputError(f"{path}: cannot be written: {e.strerror or e}") from None
    return names
