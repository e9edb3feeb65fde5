"""TSPLIB files as routing instances: travelling salesmen (TSP, ATSP) and capacitated vehicles (CVRP).

Reinelt, G. (1991). TSPLIB - a traveling salesman problem library. ORSA Journal on Computing 3(4), 376-384; the format is that of
"TSPLIB 95" (Heidelberg University). A tour has one vehicle, without capacity, whose depot is node 1; there are no windows, and times are
the file's distances. In a CVRP, demands are casualties, and there are as many vehicles as the file's ``VEHICLES``, or else as customers.
"""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np

from .blocks import Array
from .fields import Source
from .metrics import Metric
from .routing import Routing
from .routing_parts import Depot, Fleet, RoutingUnits, Site
from .tsplib_sections import File, coordinates, demands, depot_of, scan_tsplib
from .tsplib_weights import weights

SUFFIXES = (".tsp", ".vrp", ".atsp")
"""Ends of names of files in this format."""

METRICS = tuple(m for m in get_args(Metric) if m.isupper())
"""Values of EDGE_WEIGHT_TYPE that are taken from coordinates."""

TYPES = ("TSP", "ATSP", "CVRP")


def read_tsplib(path: str | Path) -> Routing:
    """Read a file as an instance; node i of the file has the name ``i``.

    Raises
    ------
    InputError
        A line that is not as expected, a section or keyword that is missing or unknown, another number of nodes or weights than DIMENSION
        says, an asymmetric matrix in a file of TYPE other than ATSP. The message names file and line.
    """
    file = scan_tsplib(path)
    kind = file.one_of("TYPE", TYPES, "TSP")
    nodes = file.count("DIMENSION", least=2)
    weight_type = file.one_of("EDGE_WEIGHT_TYPE", (*METRICS, "EXPLICIT"), "EXPLICIT" if kind == "ATSP" else None)
    places = coordinates(file, nodes) if weight_type != "EXPLICIT" else None
    matrix = weights(file, nodes, symmetric=kind != "ATSP") if weight_type == "EXPLICIT" else None
    first = depot_of(file, nodes)
    vehicles, demand = _fleet(file, nodes, first) if kind == "CVRP" else (Fleet(count=1), np.zeros(nodes))
    order = [first, *(i for i in range(nodes) if i != first)]
    at = [(None, None) if places is None else (float(places[i, 0]), float(places[i, 1])) for i in range(nodes)]
    name = file.text("NAME", Path(path).stem)[:80]
    return Routing(
        format="quakeops/routing/1",
        name=name,
        title=file.text("COMMENT", name),
        source=Source(citation="Reinelt, G. (1991). TSPLIB. ORSA Journal on Computing 3(4), 376-384", licence="numbers of TSPLIB, cited"),
        provenance={field: "published" for field in ("depot", "sites", "vehicles")},
        units=RoutingUnits(time="", distance="km" if weight_type == "GEO" else ""),
        depot=Depot(name=str(first + 1), x=at[first][0], y=at[first][1]),
        sites=[Site(name=str(i + 1), x=at[i][0], y=at[i][1], casualties=float(demand[i])) for i in order[1:]],
        metric="explicit" if matrix is not None else _metric(weight_type),
        travel_times=None if matrix is None else matrix[np.ix_(order, order)].tolist(),
        symmetric=kind != "ATSP",
        vehicles=vehicles,
    )


def _metric(name: str) -> Metric:
    return next(m for m in get_args(Metric) if m == name)


def _fleet(file: File, nodes: int, depot: int) -> tuple[Fleet, Array]:
    """Return vehicles and demands (N,) of a CVRP."""
    line, text = file.keyword("CAPACITY")
    capacity = line.real("CAPACITY", text, positive=True)
    most = file.count("VEHICLES") if "VEHICLES" in file.keywords else nodes - 1
    return Fleet(count=most, capacity=capacity), demands(file, nodes, capacity, depot)
