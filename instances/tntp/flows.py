"""Flow files: ``*_flow.tntp``, a published equilibrium, one line a link with its volume and cost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..road_network import RoadNetwork
from .scanner import TAG, counting, lines_of

COLUMNS = ("from", "to", "volume", "cost")


@dataclass(frozen=True, slots=True, eq=False)
class LinkFlows:
    """Flow and cost (L,) of a network's links, in the units of the files."""

    volume: NDArray[np.float64]
    cost: NDArray[np.float64]


def read_flows(path: str | Path, network: RoadNetwork) -> LinkFlows:
    """Read published flows in the order of the network's links; parallel links are taken in the order of the files.

    Raises
    ------
    InputError
        A link that the network does not have, a link without a flow, a field that is no number, a negative flow.
    """
    places: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for link, ends in reversed(list(enumerate(zip(network.tail.tolist(), network.head.tolist(), strict=True)))):
        places[ends].append(link)
    found = np.full((2, network.links), np.nan)
    for line in counting(lines_of(path)):
        text = line.text.replace(":", " ").replace(";", " ").split()
        if TAG.match(line.text) or text[0].lower() in ("from", "tail"):
            continue
        if len(text) != len(COLUMNS):
            raise line.error(f"found {len(text)} columns: expected {len(COLUMNS)} ({', '.join(COLUMNS)})")
        tail, head = (line.whole(name, t, 1, network.nodes, "a node") for name, t in zip(COLUMNS, text[:2], strict=False))
        if not places[tail - 1, head - 1]:
            raise line.error(f"link {tail} -> {head}: the network {network.name} has no such link, or fewer of them")
        found[:, places[tail - 1, head - 1].pop()] = line.real("volume", text[2], least=0), line.real("cost", text[3])
    missing = np.flatnonzero(np.isnan(found[0]))
    if len(missing):
        link = missing[0]
        raise InputError(f"{path}: no flow for link {network.tail[link] + 1} -> {network.head[link] + 1}, nor for {len(missing) - 1} more")
    return LinkFlows(found[0], found[1])
