"""Keywords and sections of a TSPLIB file, with their lines in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from .blocks import Array
from .tntp.scanner import Line, lines_of

SECTIONS = ("NODE_COORD_SECTION", "EDGE_WEIGHT_SECTION", "DISPLAY_DATA_SECTION", "DEMAND_SECTION", "DEPOT_SECTION", "FIXED_EDGES_SECTION")
"""Sections that are known; two of them are not read: what to display, and fixed edges, which are refused."""


@dataclass(frozen=True, slots=True)
class File:
    """Lines of keywords and of sections, by name; ``headings`` are the sections' own lines."""

    path: Path
    keywords: dict[str, Line]
    headings: dict[str, Line]
    sections: dict[str, list[Line]]

    def keyword(self, name: str) -> tuple[Line, str]:
        """Return a keyword's line and value."""
        if name not in self.keywords:
            raise InputError(f"{self.path}: the keyword {name} is missing")
        line = self.keywords[name]
        return line, line.text.partition(":")[2].strip()

    def text(self, name: str, otherwise: str) -> str:
        """Return a keyword's value, or what stands for it where it is missing or empty."""
        return (self.keyword(name)[1] if name in self.keywords else "") or otherwise

    def count(self, name: str, least: int = 1) -> int:
        """Return the whole number that a keyword gives."""
        line, text = self.keyword(name)
        return line.whole(name, text, least, None)

    def one_of(self, name: str, known: Sequence[str], otherwise: str | None) -> str:
        """Return a keyword's value, in capitals, of those known; ``otherwise`` where it is missing, if that is not ``None``."""
        if otherwise is not None and name not in self.keywords:
            return otherwise
        line, text = self.keyword(name)
        if text.upper() not in known:
            raise line.error(f"{name} is {text!r}: expected one of {', '.join(known)}")
        return text.upper()

    def section(self, name: str) -> tuple[Line, list[Line]]:
        """Return a section's heading and lines."""
        if name not in self.sections:
            raise InputError(f"{self.path}: the section {name} is missing")
        return self.headings[name], self.sections[name]


def scan_tsplib(path: str | Path) -> File:
    """Return the parts of a file; its end may lack ``EOF``.

    Raises
    ------
    InputError
        A line that is neither keyword nor section, one that comes twice, fixed edges.
    """
    file = File(Path(path), {}, {}, {})
    current: list[Line] | None = None
    for line in lines_of(path):
        name = line.text.partition(":")[0].strip().upper()
        if not name:
            continue
        if name == "EOF":
            break
        if name.endswith("_SECTION"):
            if name not in SECTIONS[:-1]:
                raise line.error(f"the section {name} is not one that can be read: expected one of {', '.join(SECTIONS[:-1])}")
            if name in file.sections:
                raise line.error(f"the section {name} comes a second time (first in line {file.headings[name].number})")
            file.headings[name], current = line, []
            file.sections[name] = current
        elif ":" in line.text:
            if name in file.keywords:
                raise line.error(f"the keyword {name} comes a second time (first in line {file.keywords[name].number})")
            file.keywords[name] = line
        elif current is None:
            raise line.error(f"found {line.text[:40]!r}: expected a keyword such as 'DIMENSION: 14', or a section")
        else:
            current.append(line)
    return file


def coordinates(file: File, nodes: int) -> Array:
    """Return x and y (N, 2) of the nodes 1 to N."""
    return _by_node(file, "NODE_COORD_SECTION", nodes, ("x", "y"))


def demands(file: File, nodes: int, capacity: float, depot: int) -> Array:
    """Return the demands (N,) of the nodes 1 to N, each at most the capacity, 0 at the depot (counted from 0)."""
    out = _by_node(file, "DEMAND_SECTION", nodes, ("demand",))[:, 0]
    for line in file.sections["DEMAND_SECTION"]:
        node, text = line.text.split()
        if line.real("demand", text, least=0) and int(node) == depot + 1:
            raise line.error(f"node {node}: demand is {text}: expected 0 at the depot")
        if out[int(node) - 1] > capacity:
            raise line.error(f"node {node}: demand is {text}: expected at most the CAPACITY {capacity:g} of every vehicle")
    return np.asarray(out)


def depot_of(file: File, nodes: int) -> int:
    """Return the depot, counted from 0: the only one of the section of depots, node 1 if there is none."""
    if "DEPOT_SECTION" not in file.sections:
        return 0
    heading, lines = file.section("DEPOT_SECTION")
    found = [(line, text) for line in lines for text in line.text.split()]
    if found and found[-1][1] == "-1":
        found.pop()
    if len(found) != 1:
        raise heading.error(f"DEPOT_SECTION has {len(found)} depots: expected one, and then -1")
    line, text = found[0]
    return line.whole("depot", text, 1, nodes, "a node") - 1


def _by_node(file: File, section: str, nodes: int, columns: tuple[str, ...]) -> Array:
    """Return numbers (N, C) of a section that has a line for each node 1 to N, in any order."""
    heading, lines = file.section(section)
    out, first = np.zeros((nodes, len(columns))), dict[int, Line]()
    for line in lines:
        fields = line.text.split()
        if len(fields) != len(columns) + 1:
            raise line.error(f"found {len(fields)} columns: expected {len(columns) + 1} (node, {', '.join(columns)})")
        node = line.whole("node", fields[0], 1, nodes, "a node")
        if node in first:
            raise line.error(f"node {node} comes a second time (first in line {first[node].number})")
        first[node] = line
        out[node - 1] = [line.real(what, text) for what, text in zip(columns, fields[1:], strict=True)]
    if missing := sorted(set(range(1, nodes + 1)) - set(first)):
        raise heading.error(f"{section} has {len(first)} nodes: expected {nodes}, as DIMENSION says; node {missing[0]} is missing")
    return out
