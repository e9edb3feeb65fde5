r"""Bridge inventories from CSV: where each bridge is, how fragile, what it costs, which road links it carries.

The fragility of bridge b is lognormal in an intensity measure IM, PGA or SA(1.0) in g (eq. 6 of the ST-ERAO paper):

    P(DS_b >= d | IM) = Phi((ln IM - ln theta_bd) / beta_bd),     theta_b1 <= theta_b2 <= ...                      (1)

with medians theta in g, one for each damage state d of Hazus (slight, moderate, extensive, complete) that the file has a column for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .bridge_cells import betas, links, measures, medians, years
from .bridge_columns import PRESETS, QUAKEOPS, BridgeColumns
from .csv_table import Array, CsvTable, write_csv

SQUARE_METRES_PER_SQUARE_FOOT = 0.09290304


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BridgeInventory:
    """B bridges with D damage states, in the order of the file.

    ``names`` are unique; ``measures`` the intensity measure of each bridge; ``medians_g``, ``betas`` (B, D) those of (1); ``links`` the
    road links that a bridge carries, ``links_below`` those that pass under it. Of what a file does not give, ``years`` are ``None`` each
    and ``length_m``, ``deck_area_m2``, ``repair_cost``, ``retrofit_cost`` (B,) ``None`` as a whole; costs are in the money of the file.
    ``notes`` says what was changed while reading.
    """

    names: tuple[str, ...]
    titles: tuple[str, ...]
    latitude: Array
    longitude: Array
    measures: tuple[str, ...]
    states: tuple[str, ...]
    medians_g: Array
    betas: Array
    links: tuple[tuple[str, ...], ...]
    links_below: tuple[tuple[str, ...], ...]
    years: tuple[int | None, ...]
    length_m: Array | None = None
    deck_area_m2: Array | None = None
    repair_cost: Array | None = None
    retrofit_cost: Array | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def carriers(self, links: tuple[str, ...], *, below: bool = False) -> NDArray[np.bool_]:
        """Return which bridge carries (or, with ``below``, also passes over) which of these L links, (B, L).

        Raises
        ------
        InputError
            A bridge names a link that is not among them.
        """
        place = {name: i for i, name in enumerate(links)}
        out = np.zeros((len(self), len(links)), dtype=bool)
        for b, (over, under) in enumerate(zip(self.links, self.links_below, strict=True)):
            for link in (*over, *under) if below else over:
                if link not in place:
                    raise InputError(f"bridge {self.names[b]!r}: field 'links': {link!r} is not a link of the network")
                out[b, place[link]] = True
        return out


def read_bridges(path: str | Path, columns: BridgeColumns | None = None) -> BridgeInventory:
    r"""Read a bridge inventory, one bridge a row.

    Parameters
    ----------
    path
        A CSV file with a header line.
    columns
        Which column holds what. Default: the first of :data:`.bridge_columns.PRESETS` whose columns the file has, else our own format,
        :data:`.bridge_columns.QUAKEOPS`.

    Raises
    ------
    InputError
        A missing or unknown column, a name given twice, latitude or longitude out of range, a median that is not positive, more than 10 g
        or below that of a lighter state, a beta that is not positive, a negative length, area or cost, a cell that is no number; the
        message names file, line, field, value and what was expected.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "bridges.csv"
    >>> header, row = "name,lat,lon,moderate_g,complete_g,beta,repair_cost,links", "old bridge,38.01,22.02,0.35,0.7,0.6,250000,a-b;b-a"
    >>> _ = path.write_text(f"{header}\n{row}\n")
    >>> inventory = read_bridges(path)
    >>> inventory.names, inventory.states, inventory.medians_g.tolist(), inventory.links
    (('old bridge',), ('moderate', 'complete'), [[0.35, 0.7]], (('a-b', 'b-a'),))
    """
    table = CsvTable(path)
    if columns is None:
        columns = next((preset for preset in PRESETS if preset.all_in(table.header)), QUAKEOPS)
    table.refuse_others(columns.known)
    states = tuple(state for state, column in columns.medians.items() if column in table)
    if not states:
        raise InputError(f"{path}: a median is missing: expected at least one of the columns {', '.join(columns.medians.values())}")
    table.require((columns.name, columns.latitude, columns.longitude))
    names = table.names(columns.name)
    medians_g, notes = medians(table, columns, states, names)
    costs = {field: table.numbers(column, 0, expected="a number of at least 0") for field, column in columns.amounts(table)}
    if "deck_area_m2" in costs and columns.square_feet:
        costs["deck_area_m2"] = costs["deck_area_m2"] * SQUARE_METRES_PER_SQUARE_FOOT
    return BridgeInventory(
        names=tuple(columns.prefix + name for name in names),
        titles=tuple(table.text(columns.title, empty=True) if columns.title in table else [""] * len(names)),
        latitude=table.numbers(columns.latitude, -90, 90, expected="a latitude of -90 to 90 degrees"),
        longitude=table.numbers(columns.longitude, -180, 180, expected="a longitude of -180 to 180 degrees"),
        measures=tuple(measures(table, columns)),
        states=states,
        medians_g=medians_g,
        betas=betas(table, columns, states),
        links=links(table, columns.links),
        links_below=links(table, columns.links_below),
        years=tuple(years(table, columns)),
        notes=notes,
        **costs,
    )


def write_bridges(path: str | Path, inventory: BridgeInventory, comment: str = "") -> None:
    """Write an inventory in our own format, whole or not at all; :func:`read_bridges` gives back the same numbers."""
    rows: list[list[str]] = [list(inventory.names), list(inventory.titles), _shown(inventory.latitude), _shown(inventory.longitude)]
    header = ["name", "title", "lat", "lon", "imt"]
    rows.append(list(inventory.measures))
    for d, state in enumerate(inventory.states):
        header += [f"{state}_g", f"{state}_beta"]
        rows += [_shown(inventory.medians_g[:, d]), _shown(inventory.betas[:, d])]
    header.append("year")
    rows.append(["" if year is None else str(year) for year in inventory.years])
    for field in ("length_m", "deck_area_m2", "repair_cost", "retrofit_cost"):
        values: Array | None = getattr(inventory, field)
        if values is not None:
            header.append(field)
            rows.append(_shown(values))
    header += ["links", "links_below"]
    rows += [[";".join(links) for links in all_links] for all_links in (inventory.links, inventory.links_below)]
    write_csv(path, header, zip(*rows, strict=True), comment)


def _shown(values: Array) -> list[str]:
    return [repr(v) for v in values.tolist()]
