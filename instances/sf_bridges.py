"""The 71 bridges of San Francisco and their 450 damage maps, read from a folder that the user names; they are not part of quakeops.

The public data of the Bay Area are Python pickles under the GPL-3; this module reads CSV extracts of them, found in the folder by their
columns, whatever the files are called.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import InputError
from .bridge_columns import SAN_FRANCISCO_71
from .bridges import BridgeInventory, read_bridges
from .damage_maps import SAN_FRANCISCO_71 as MAPS_71
from .damage_maps import DamageMaps, read_damage_maps

VARIABLE = "QUAKEOPS_SFBAY"
SOURCE = "https://github.com/bakerjw/bayAreaTransportation and https://github.com/gbhattacharjee/sobol (GPL-3; not part of quakeops)"


def sf_bridges_71(folder: str | Path | None = None) -> tuple[BridgeInventory, DamageMaps]:
    """Return the inventory of the 71 bridges and their damage maps, in the inventory's order.

    Parameters
    ----------
    folder
        Where the two CSV files lie, with the columns of :data:`.bridge_columns.SAN_FRANCISCO_71` and :data:`.damage_maps.SAN_FRANCISCO_71`.
        Default: the environment variable ``QUAKEOPS_SFBAY``.

    Raises
    ------
    InputError
        No folder given, a file missing or several that fit, or what the readers refuse.
    """
    given = folder if folder is not None else os.environ.get(VARIABLE)
    if not given:
        raise InputError(f"instance 'sf-bridges-71': name the folder of its files, or set {VARIABLE} to it; the data are from {SOURCE}")
    where = Path(given)
    if not where.is_dir():
        option = "" if folder is not None else f" ({VARIABLE})"
        raise InputError(f"instance 'sf-bridges-71': {where}{option} is not a folder; the data are from {SOURCE}")
    headers = {path: _header(path) for path in sorted(where.glob("*.csv"))}
    bridges = _only(
        [p for p, header in headers.items() if SAN_FRANCISCO_71.all_in(header)], where, "bridges (columns original_id, age, ...)"
    )
    inventory = read_bridges(bridges, SAN_FRANCISCO_71)
    maps = _only([p for p, header in headers.items() if MAPS_71.all_in(header)], where, f"damage maps (columns row, {MAPS_71.rate}, ...)")
    return inventory, read_damage_maps(maps, inventory, columns=MAPS_71)


def _header(path: Path) -> tuple[str, ...]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return tuple(cell.strip() for cell in file.readline().split(","))


def _only(found: list[Path], where: Path, what: str) -> Path:
    if len(found) != 1:
        problem = f"several files of {what}: {', '.join(p.name for p in found)}" if found else f"no file of {what}"
        raise InputError(f"instance 'sf-bridges-71': {where} holds {problem}: expected one; the data are from {SOURCE}")
    return found[0]
