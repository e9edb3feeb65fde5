"""Network files: ``*_net.tntp``, one record a link."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..road_network import RoadNetwork
from .coordinates import read_nodes
from .scanner import Line, Scanned, record, scan

COLUMNS = ("init_node", "term_node", "capacity", "length", "free_flow_time", "b", "power", "speed", "toll", "link_type")
NUMBERS = COLUMNS[2:9]


def read_network(path: str | Path, nodes: str | Path | None = None) -> RoadNetwork:
    """Read a network, with coordinates from a node file if ``nodes`` is given.

    Needed tags: ``NUMBER OF ZONES``, ``NUMBER OF NODES``, ``FIRST THRU NODE``, ``NUMBER OF LINKS``; ``TOLL FACTOR`` and ``DISTANCE
    FACTOR`` become the weights of tolls and lengths in the cost of a link, 0 without them. Node n of the file is node n - 1 of the
    network. Units are those of the file.

    Raises
    ------
    InputError
        A missing or wrong tag, another number of links than stated, columns missing or in another order, a field that is no number or
        out of range, an unknown node. The message names file and line.
    """
    file = scan(path)
    num_nodes = file.count("NUMBER OF NODES")
    zones = file.count("NUMBER OF ZONES", most=num_nodes)
    first = file.count("FIRST THRU NODE", most=num_nodes + 1)
    _check_header(file)
    rows = [_link(line, num_nodes) for line in file.body]
    tag, text = file.tag("NUMBER OF LINKS")
    if len(rows) != tag.whole("<NUMBER OF LINKS>", text, 0, None):
        raise tag.error(f"<NUMBER OF LINKS> is {text}, but the file holds {len(rows)} links")
    table = np.array(rows, dtype=float).reshape(-1, len(COLUMNS)).T
    x, y = (None, None) if nodes is None else read_nodes(nodes, num_nodes)
    return RoadNetwork(
        name=Path(path).stem.removesuffix("_net"),
        zones=zones,
        nodes=num_nodes,
        tail=table[0].astype(np.int64) - 1,
        head=table[1].astype(np.int64) - 1,
        capacity=table[2],
        length=table[3],
        free_flow_time=table[4],
        b=table[5],
        power=table[6],
        speed=table[7],
        toll=table[8],
        link_type=table[9].astype(np.int64),
        first_through=first - 1,
        toll_weight=file.weight("TOLL FACTOR"),
        length_weight=file.weight("DISTANCE FACTOR"),
        x=x,
        y=y,
    )


def _check_header(file: Scanned) -> None:
    """Check the order of the columns where a comment names them."""
    for line in file.comments:
        names = [name.lower() for name in line.text.lstrip("~").replace(";", " ").split()]
        if "init_node" in names and tuple(names) != COLUMNS:
            raise line.error(f"the header names {', '.join(names)}: expected {', '.join(COLUMNS)}")


def _link(line: Line, nodes: int) -> list[float]:
    text = record(line, COLUMNS)
    ends: list[float] = [line.whole(name, t, 1, nodes, "a node") for name, t in zip(COLUMNS[:2], text, strict=False)]
    values = [line.real(name, t, least=0) for name, t in zip(NUMBERS, text[2:9], strict=True)]
    capacity, free_flow_time, b = values[0], values[2], values[3]
    if capacity == 0 and b * free_flow_time > 0:
        raise line.error(f"capacity is {text[2]!r}: expected a number above 0, since the link's time depends on its flow (b > 0)")
    return [*ends, *values, line.whole("link_type", text[9], 0, None)]
