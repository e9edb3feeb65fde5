"""Find the three files of an SMPS problem."""

from __future__ import annotations

from pathlib import Path

from ...errors import InputError

SUFFIXES = {"core": (".cor", ".core", ".mps"), "time": (".tim", ".time"), "stoch": (".sto", ".stoch", ".stoc")}
_KIND = {suffix: kind for kind, suffixes in SUFFIXES.items() for suffix in suffixes}


def find(name: str | Path) -> tuple[Path, Path, Path]:
    """Return core, time and stoch file of a stem, a folder, or one of the files.

    A stem ``farm`` stands for ``farm.cor``, ``farm.tim`` and ``farm.sto`` in any letter case; a folder must hold one such triple. A stoch
    file without a core or time file of its own name goes with the only one in its folder.

    Raises
    ------
    InputError
        Nothing there, a file missing, or several that fit.
    """
    path = Path(name)
    if path.is_dir():
        return _in_folder(path)
    kind = _KIND.get(path.suffix.lower()) if path.is_file() else None
    found = _files(path.parent, path.name if kind is None else _stem(path))
    if kind is not None:
        found[kind] = [path]
    if kind == "stoch":
        beside = _files(path.parent)
        found = {kind: files or beside[kind] for kind, files in found.items()}
    if not any(found.values()):
        raise InputError(f"{name}: no such SMPS problem: neither a folder nor a stem of .cor, .tim and .sto files")
    return _one_each(path, found)


def _in_folder(folder: Path) -> tuple[Path, Path, Path]:
    everything = _files(folder)
    stems = sorted(set.intersection(*({_stem(file) for file in files} for files in everything.values())))
    if len(stems) > 1:
        raise InputError(f"{folder}: holds several SMPS problems ({', '.join(stems)}); name one, such as {folder / stems[0]}")
    return _one_each(folder, _files(folder, stems[0]) if stems else everything)


def _files(folder: Path, stem: str | None = None) -> dict[str, list[Path]]:
    """Return the files of each kind in a folder, of one stem or (``None``) of any."""
    found: dict[str, list[Path]] = {kind: [] for kind in SUFFIXES}
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        kind = _KIND.get(file.suffix.lower())
        if kind and file.is_file() and stem in (None, _stem(file)):
            found[kind].append(file)
    return found


def _stem(file: Path) -> str:
    return file.name[: -len(file.suffix)]


def _one_each(name: Path, found: dict[str, list[Path]]) -> tuple[Path, Path, Path]:
    """Return the one file of each kind; of several suffixes the first of ``SUFFIXES`` counts (``.cor`` before ``.mps``)."""
    chosen = []
    for kind, files in found.items():
        best = [[f for f in files if f.suffix.lower() == suffix] for suffix in SUFFIXES[kind]]
        fits = next((group for group in best if group), [])
        if len(fits) != 1:
            which = f"several {kind} files fit: {', '.join(f.name for f in fits)}" if fits else f"the {kind} file is missing"
            raise InputError(f"{name}: {which} (expected one of {', '.join(SUFFIXES[kind])})")
        chosen += fits
    return chosen[0], chosen[1], chosen[2]
