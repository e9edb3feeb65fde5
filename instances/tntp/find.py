"""Where the files of a TNTP network are: a folder that the user names."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError

VARIABLE = "QUAKEOPS_TNTP"
SOURCE = "https://github.com/bstabler/TransportationNetworks (for academic research purposes only; not part of quakeops)"


@dataclass(frozen=True, slots=True)
class TntpFiles:
    """Files of one network; ``None`` for those that the folder does not hold."""

    network: Path
    trips: Path | None
    nodes: Path | None
    flows: Path | None


def find_tntp(name: str, folder: str | Path | None = None) -> TntpFiles:
    """Return the files of a network such as ``sioux-falls`` or ``anaheim``.

    ``folder``, else the environment variable ``QUAKEOPS_TNTP``, names a copy of https://github.com/bstabler/TransportationNetworks, in
    which each network has a folder, or that folder itself. Case, blanks and hyphens in names do not count, and the beginning of a
    name is enough where one folder alone begins so. The data are for academic research purposes only.

    Raises
    ------
    InputError
        No folder given, no network of that name in it, or a file that should be one is missing or several.
    """
    given = folder if folder is not None else os.environ.get(VARIABLE)
    if not given:
        raise InputError(f"network {name!r}: name the folder of the TNTP files, or set {VARIABLE} to it; get them from {SOURCE}")
    where, option = Path(given), "" if folder is not None else f" ({VARIABLE})"
    if not where.is_dir():
        raise InputError(f"network {name!r}: {where}{option} is not a folder; get the files from {SOURCE}")
    return _files(_folder(name, where, option))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _folder(name: str, where: Path, option: str) -> Path:
    inside = sorted(f for f in where.iterdir() if f.is_dir() and any(f.glob("*_net.tntp")))
    if any(where.glob("*_net.tntp")):
        inside.append(where)
    exact = [f for f in inside if _plain(f.resolve().name) == _plain(name)]
    found = exact or [f for f in inside if _plain(name) and _plain(f.resolve().name).startswith(_plain(name))]
    if len(found) != 1:
        problem = "several networks begin so" if found else "no such network"
        known = ", ".join(f.resolve().name for f in found or inside) or "no folder with a file *_net.tntp"
        raise InputError(f"network {name!r}: {problem} in {where}{option}, which holds {known}; get the files from {SOURCE}")
    return found[0]


def _files(folder: Path) -> TntpFiles:
    def one(*patterns: str) -> Path | None:
        fits = next((sorted(folder.glob(pattern)) for pattern in patterns if any(folder.glob(pattern))), [])
        if len(fits) > 1:
            raise InputError(f"{folder}: several files fit {patterns[0]}: {', '.join(f.name for f in fits)}; expected one")
        return fits[0] if fits else None

    network = one("*_net.tntp")
    if network is None:
        raise InputError(f"{folder}: no file *_net.tntp")
    return TntpFiles(network, one("*_trips.tntp"), one("*_node.tntp", "*_nodes.tntp", "*_nodes.geojson"), one("*_flow.tntp"))
