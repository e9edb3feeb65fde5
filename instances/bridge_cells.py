"""The cells of a bridge inventory: medians, betas, intensity measures, years and links, each checked."""

from __future__ import annotations

import numpy as np

from .bridge_columns import MEASURES, BridgeColumns
from .csv_table import Array, CsvTable

LARGEST_MEDIAN_G = 10.0
"""Medians above it are most likely in another unit than g."""


def medians(table: CsvTable, columns: BridgeColumns, states: tuple[str, ...], names: list[str]) -> tuple[Array, tuple[str, ...]]:
    """Return the medians (B, D); where they decrease, an error, or, if the columns say so, the lighter state's with a note."""
    range_ = f"a positive number of at most {LARGEST_MEDIAN_G:g} g (is the unit m/s2 or % g?)"
    given = np.column_stack([table.numbers(columns.medians[s], 0, LARGEST_MEDIAN_G, above=True, expected=range_) for s in states])
    lifted = np.maximum.accumulate(given, axis=1)
    notes = []
    for row, d in np.argwhere(given < lifted).tolist():
        lighter = f"at least the median of the lighter state, {lifted[row, d]:g}: medians must not decrease from state to state"
        if not columns.lift_medians:
            raise table.error(row, columns.medians[states[d]], lighter)
        what = f"{states[d]} median {given[row, d]:g} of {columns.prefix}{names[row]} is below that of the lighter state"
        notes.append(f"{table.path}: line {table.lines[row]}: {what}: {lifted[row, d]:g} is used")
    return lifted, tuple(notes)


def betas(table: CsvTable, columns: BridgeColumns, states: tuple[str, ...]) -> Array:
    """Return the betas (B, D): a column a state, one column for all, or one number for all."""
    own = [columns.betas[s] for s in states]
    if any(column in table for column in own):
        table.require(own)
    elif columns.beta in table:
        own = [columns.beta] * len(states)
    elif columns.common_beta is not None:
        return np.full((len(table), len(states)), columns.common_beta)
    else:
        table.require([columns.beta])
    return np.column_stack([table.numbers(column, 0, above=True, expected="a positive number") for column in own])


def measures(table: CsvTable, columns: BridgeColumns) -> list[str]:
    """Return the intensity measure of each bridge."""
    if columns.measure not in table:
        return [MEASURES[0]] * len(table)
    out = table.text(columns.measure)
    for row, measure in enumerate(out):
        if measure not in MEASURES:
            raise table.error(row, columns.measure, " or ".join(MEASURES))
    return out


def years(table: CsvTable, columns: BridgeColumns) -> list[int | None]:
    """Return the year of each bridge, ``None`` where the file does not know it."""
    if columns.year not in table:
        return [None] * len(table)
    out: list[int | None] = []
    for row, text in enumerate(table.text(columns.year, empty=True)):
        if text in ("", columns.no_year):
            out.append(None)
        elif text.isascii() and text.isdigit() and len(text) == 4:
            out.append(int(text))
        else:
            raise table.error(row, columns.year, "a year of four digits, or nothing")
    return out


def links(table: CsvTable, column: str) -> tuple[tuple[str, ...], ...]:
    """Return the links of each bridge, separated by semicolons in the file, each once."""
    if column not in table:
        return ((),) * len(table)
    parts = ([link.strip() for link in text.split(";")] for text in table.text(column, empty=True))
    return tuple(tuple(dict.fromkeys(link for link in links if link)) for links in parts)
