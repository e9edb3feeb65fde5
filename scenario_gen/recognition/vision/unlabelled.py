"""Images of a site whose grades are to be recognised: the files of a folder, their districts, and their pixels part by part.

Everything below the folder that is not hidden is taken for an image. A subfolder is a district, deeper ones are districts of their own,
such as ``north/block 2``; in a flat folder there are none. Where the caller says that the folder has the folders of grades of
:mod:`.folder`, they give true grades, and districts are the folders inside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError
from ....instances.grade_checks import NUM_GRADES, Grades
from .decoding import decoded
from .folder import GRADE_NAME, grade_folders, visible

BESIDE = "."
"""District of images that lie beside the districts' folders."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageList:
    """Files below a folder, by grade and by name: names (n,) relative to ``root``, their folders (n,), and true grades (n,) or None.

    A file's folder is named relative to ``root``, or to that of the grade, and is ``.`` where it is that one itself.
    """

    root: Path
    files: list[str]
    places: list[str]
    grades: Grades | None
    notes: list[str]


def list_images(path: str | Path, *, labelled: bool = False) -> ImageList:
    """Return the files of a folder; ``labelled`` says that its folders ``L0`` to ``L3``, or ``0`` to ``3``, are true grades.

    Raises
    ------
    InputError
        No such folder, one that cannot be read, or no file in it; with ``labelled`` also as :func:`.folder.read_folder`.
    """
    root = Path(path)
    notes: list[str] = []
    if labelled:
        folders, notes = grade_folders(root)
    elif not root.is_dir():
        raise InputError(f"{path}: {'is a file' if root.exists() else 'no such folder'}: expected a folder of images")
    else:
        folders = [(0, root)]
    found = [
        (file.relative_to(root).as_posix(), file.parent.relative_to(folder).as_posix(), grade)
        for grade, folder in folders
        for file in _files(folder, (folder.resolve(),), notes)
    ]
    if not found:
        raise InputError(f"{path}: holds no file")
    grades = np.array([grade for _, _, grade in found], dtype=np.int64) if labelled else None
    return ImageList(root=root, files=[file for file, _, _ in found], places=[place for _, place, _ in found], grades=grades, notes=notes)


def districts_of(places: Sequence[str], labelled: bool) -> tuple[list[str] | None, str | None]:
    """Return the districts (n,) of images in these folders, None where all lie in one place, and what is to be said of them."""
    districts = [printable(place) for place in places]
    if set(places) == {BESIDE}:
        return None, None
    if BESIDE in districts:
        return districts, f"{places.count(BESIDE):,} images lie beside the folders of districts: their district is {BESIDE!r}"
    names = {name: GRADE_NAME.fullmatch(name) for name in sorted(set(districts))}
    if labelled or not all(name is not None and int(name[2]) < NUM_GRADES for name in names.values()):
        return districts, None
    return districts, f"folders {', '.join(names)} are taken as districts; if they are true grades, say labelled"


def read_part(found: ImageList, rows: Sequence[int], size: int) -> tuple[list[int], NDArray[np.uint8], list[tuple[str, str]]]:
    """Return which of the rows can be read, their images (m, size, size, 3), and the others' files, each with the reason."""
    images = np.empty((len(rows), size, size, 3), np.uint8)
    kept: list[int] = []
    unreadable: list[tuple[str, str]] = []
    for row in rows:
        image = decoded(found.root / found.files[row], size)
        if isinstance(image, str):
            unreadable.append((found.files[row], image))
        else:
            images[len(kept)] = image
            kept.append(row)
    return kept, images[: len(kept)], unreadable


def building_names(files: Sequence[str]) -> list[str]:
    """Return names of buildings: the files' without their endings, or with them where two would be the same."""
    told = [printable(file) for file in files]
    short = [str(PurePosixPath(file).with_suffix("")) for file in told]
    return short if len(set(short)) == len(short) else told


def printable(text: str) -> str:
    r"""Return text that can be written as UTF-8: a file name's bytes that are not become ``\udc..``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _files(folder: Path, above: tuple[Path, ...], notes: list[str]) -> Iterator[Path]:
    """Yield what lies below a folder; ``above`` are the folders on the way here, so that a link back to one of them ends."""
    for entry in visible(folder):
        if not entry.is_dir():
            yield entry
        elif (real := entry.resolve()) in above:
            notes.append(f"{entry}: is a link to a folder above it: left out")
        else:
            yield from _files(entry, (*above, real), notes)
