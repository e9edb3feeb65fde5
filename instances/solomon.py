"""Solomon's text format of vehicle routing with hard time windows: vehicles, one depot, customers, one line each.

Solomon, M. M. (1987). Algorithms for the vehicle routing and scheduling problems with time window constraints. Operations Research 35(2),
254-265. Times are Euclidean distances; exact methods, and the best known values in the literature, cut them off after one decimal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..errors import InputError
from .fields import Source
from .routing import Routing
from .routing_parts import Depot, Fleet, RoutingUnits, Site
from .tntp.scanner import Line, lines_of

COLUMNS = ("customer", "x", "y", "demand", "ready time", "due date", "service time")
CITATION = (
    "Solomon, M. M. (1987). Algorithms for the vehicle routing and scheduling problems with time window constraints. "
    "Operations Research 35(2), 254-265"
)


def read_solomon(path: str | Path, customers: int | None = None, *, decimals: int | None = 1) -> Routing:
    """Read a file as an instance with hard windows; demands are its casualties.

    Parameters
    ----------
    path
        The file; blank lines do not count.
    customers
        Keep the first so many; ``None``: all.
    decimals
        Distances are cut off after so many decimals; ``None``: exact.

    Raises
    ------
    InputError
        A line that is not as expected, a section that is missing, fewer customers than asked for. The message names file and line.
    """
    lines = (line for line in lines_of(path) if line.text)
    name = _next(lines, path, "the name of the instance").text
    _keyword(lines, path, "VEHICLE")
    _keyword(lines, path, "NUMBER")
    line = _next(lines, path, "number and capacity of the vehicles")
    count, most = _fields(line, ("number", "capacity"))
    fleet = Fleet(count=line.whole("number", count, 1, None), capacity=line.real("capacity", most, positive=True))
    _keyword(lines, path, "CUSTOMER")
    _keyword(lines, path, "CUST")
    rows = [(line, _fields(line, COLUMNS)) for line in lines]
    if len(rows) < 2:
        raise InputError(
            f"{path}: {len(rows)} lines below the header of section CUSTOMER: expected the depot, 0, and at least one customer"
        )
    if customers is not None and not 1 <= customers < len(rows):
        raise InputError(f"{path}: {customers} customers asked for: the file has {len(rows) - 1}, expected 1 to that many")
    kept = rows if customers is None else rows[: customers + 1]
    for place, (line, fields) in enumerate(kept):
        if line.whole("customer", fields[0], 0, None) != place:
            raise line.error(
                f"customer is {fields[0]!r}: expected {place}: {'the depot first' if not place else 'customers are numbered in order'}"
            )
    depot, *sites = (_site(line, fields, fleet.capacity or 0.0) for line, fields in kept)
    if depot.casualties:
        raise kept[0][0].error(f"demand is {depot.casualties:g}: expected 0 at the depot")
    return Routing(
        format="quakeops/routing/1",
        name=f"{name.lower()[:80]}-{len(sites)}",
        title=f"Solomon's {name}, {len(sites)} customers",
        source=Source(citation=CITATION, doi="10.1287/opre.35.2.254", licence="numbers of a publication, cited"),
        provenance={field: "published" for field in ("depot", "sites", "vehicles")},
        units=RoutingUnits(time="", distance=""),
        depot=Depot(x=depot.x, y=depot.y, earliest=depot.earliest or 0.0, latest=depot.latest),
        sites=sites,
        decimals=decimals,
        vehicles=fleet,
        windows="hard",
    )


def _site(line: Line, fields: list[str], capacity: float) -> Site:
    x, y = (line.real(what, text) for what, text in zip("xy", fields[1:3], strict=True))
    demand, ready, due, service = (line.real(what, text, least=0) for what, text in zip(COLUMNS[3:], fields[3:], strict=True))
    if due < ready:
        raise line.error(f"customer {fields[0]}: due date is {due:g}: expected at least the ready time {ready:g}")
    if demand > capacity:
        raise line.error(f"customer {fields[0]}: demand is {demand:g}: expected at most the capacity {capacity:g} of every vehicle")
    return Site(name=fields[0], x=x, y=y, casualties=demand, service_time=service, earliest=ready, latest=due)


def _next(lines: Iterator[Line], path: str | Path, what: str) -> Line:
    line = next(lines, None)
    if line is None:
        raise InputError(f"{path}: ends too early: expected {what}")
    return line


def _keyword(lines: Iterator[Line], path: str | Path, word: str) -> None:
    line = _next(lines, path, f"a line that begins with {word}")
    if line.text.split()[0].upper().rstrip(":") != word:
        raise line.error(f"found {line.text[:40]!r}: expected a line that begins with {word}")


def _fields(line: Line, columns: tuple[str, ...]) -> list[str]:
    found = line.text.split()
    if len(found) != len(columns):
        raise line.error(f"found {len(found)} columns: expected {len(columns)} ({', '.join(columns)})")
    return found
