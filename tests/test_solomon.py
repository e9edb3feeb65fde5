"""Solomon's format: what is read, what is refused and where, the packaged instances against the files, distances cut off exactly."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.instances import Routing, load, load_as
from quakeops.instances.metrics import distances, truncated
from quakeops.instances.routing_arrays import intact_times, route_arrays
from quakeops.instances.solomon import read_solomon

DATA = Path(__file__).parents[2] / "shared" / "data" / "vrptw"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the reference data (shared/data/vrptw) are not beside the checkout")
PACKAGED = [(base, n) for base in ("C101", "R101", "RC101", "C201", "R201", "RC201") for n in (25, 50)]

GOOD = """TOY

VEHICLE
NUMBER     CAPACITY
  3          40

CUSTOMER
CUST NO.  XCOORD.  YCOORD.  DEMAND  READY TIME  DUE DATE  SERVICE TIME

    0      0   0    0     0    100    0
    1      3   4   10    20     30    5
    2      6   8   20    10     90    5
    3      1   1   30     0     50    5
"""

CASES = {
    "a column too few": (
        "10    20     30    5",
        "10    20     30",
        "line 11: found 6 columns: expected 7 (customer, x, y, demand, ready time, due date, service time)",
    ),
    "a column too many": ("20    10     90    5", "20 10 90 5 5", "line 12: found 8 columns: expected 7"),
    "a word for a number": ("10    20     30", "10    2o     30", "line 11: ready time is '2o': expected a number of at least 0"),
    "no number": ("10    20     30", "10    nan     30", "line 11: ready time is 'nan'"),
    "a negative demand": ("4   10", "4   -10", "line 11: demand is '-10': expected a number of at least 0"),
    "a negative service": ("90    5", "90    -5", "line 12: service time is '-5'"),
    "due before ready": ("10     90", "10     9", "line 12: customer 2: due date is 9: expected at least the ready time 10"),
    "a demand above the capacity": (
        "1   30",
        "1   41",
        "line 13: customer 3: demand is 41: expected at most the capacity 40 of every vehicle",
    ),
    "a depot with a demand": ("0    0     0", "0    1     0", "line 10: demand is 1: expected 0 at the depot"),
    "a customer twice": ("    3      1", "    2      1", "line 13: customer is '2': expected 3: customers are numbered in order"),
    "no depot": ("    0      0   0    0     0    100    0\n", "", "line 10: customer is '1': expected 0: the depot first"),
    "half a vehicle": ("  3          40", "  2.5          40", "line 5: number is '2.5': expected a whole number of at least 1"),
    "no vehicle": ("  3          40", "  0          40", "line 5: number is '0'"),
    "no capacity": ("  3          40", "  3", "line 5: found 1 columns: expected 2 (number, capacity)"),
    "an empty capacity": ("  3          40", "  3  0", "line 5: capacity is '0'"),
    "no section of vehicles": ("VEHICLE\n", "", "line 3: found 'NUMBER     CAPACITY': expected a line that begins with VEHICLE"),
    "no section of customers": (
        "CUSTOMER\n",
        "",
        "line 7: found 'CUST NO.  XCOORD.  YCOORD.  DEMAND  READ': expected a line that begins with CUSTOMER",
    ),
}


@pytest.fixture
def toy(tmp_path):
    def write(text=GOOD):
        path = tmp_path / "toy.txt"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_what_is_read(toy):
    inst = read_solomon(toy())
    assert (inst.name, inst.title, inst.vehicles.count, inst.capacity) == ("toy-3", "Solomon's TOY, 3 customers", 3, 40)
    assert inst.nodes == ("depot", "1", "2", "3") and (inst.depot.earliest, inst.depot.latest) == (0, 100)
    first = inst.sites[0]
    assert (first.x, first.y, first.casualties, first.earliest, first.latest, first.service_time) == (3, 4, 10, 20, 30, 5)
    assert inst.windows == "hard" and inst.decimals == 1
    assert intact_times(inst)[0].tolist() == [0, 5, 10, 1.4]
    assert intact_times(read_solomon(toy(), decimals=None))[0, 3] == math.sqrt(2)
    arrays = route_arrays(inst)
    assert np.isinf(arrays.early[1:]).all() and np.isinf(arrays.late).all() and arrays.capacity == 40


def test_the_first_customers(toy):
    assert read_solomon(toy(), 2).nodes == ("depot", "1", "2") and read_solomon(toy(), 2).name == "toy-2"
    for wrong in (0, 4):
        with pytest.raises(InputError, match=f"{wrong} customers asked for: the file has 3, expected 1 to that many"):
            read_solomon(toy(), wrong)


@pytest.mark.parametrize("case", CASES)
def test_refused_with_its_line(case, toy):
    old, new, message = CASES[case]
    assert GOOD.count(old) == 1
    path = toy(GOOD.replace(old, new))
    with pytest.raises(InputError) as caught:
        read_solomon(path)
    assert str(caught.value).startswith(f"{path}, {message}")


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (0, "the name of the instance"),
        (1, "a line that begins with VEHICLE"),
        (4, "number and capacity"),
        (5, "begins with CUSTOMER"),
        (7, "with CUST"),
    ],
)
def test_cut_short(kept, message, toy):
    path = toy("".join(GOOD.splitlines(keepends=True)[:kept]))
    with pytest.raises(InputError, match="ends too early: expected") as caught:
        read_solomon(path)
    assert message in str(caught.value) and str(path) in str(caught.value)


def test_no_customers_and_no_file(toy, tmp_path):
    with pytest.raises(InputError, match="1 lines below the header of section CUSTOMER: expected the depot, 0, and at least one customer"):
        read_solomon(toy("".join(GOOD.splitlines(keepends=True)[:10])))
    with pytest.raises(InputError, match="no such file"):
        read_solomon(tmp_path / "none.txt")


def test_load_and_command_line(toy, run):
    assert load(toy()) == read_solomon(toy())
    assert "3 sites" in run("instances", toy()).out
    run("instances", toy(GOOD.replace("3   4", "3   four"))).failed(2, "toy.txt, line 11: y is 'four': expected a number")


row = st.tuples(
    st.integers(-99, 99), st.integers(-99, 99), st.integers(0, 40), st.integers(0, 500), st.integers(0, 500), st.integers(0, 90)
)


@given(st.lists(row, min_size=1, max_size=8), st.sampled_from(["\n", "\r\n"]), st.sampled_from([" ", "\t", "    "]))
def test_what_is_written_is_read(tmp_path_factory, rows, end, gap):
    lines = ["some", "", "VEHICLE", "NUMBER CAPACITY", "7 40", "", "CUSTOMER", "CUST NO. X Y", "0 1 2 0 0 999 0"]
    lines += [gap.join(map(str, (i, x, y, q, ready, ready + width, service))) for i, (x, y, q, ready, width, service) in enumerate(rows, 1)]
    path = tmp_path_factory.mktemp("solomon") / "some.txt"
    path.write_bytes(end.join(lines).encode())
    inst = read_solomon(path)
    read = [(s.x, s.y, s.casualties, s.earliest, s.latest - s.earliest, s.service_time) for s in inst.sites]
    assert read == rows


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=2, max_size=6), st.integers(0, 3))
def test_distances_are_cut_off_exactly(places, decimals):
    """floor(10^d sqrt(q)) is the integer square root of 10^2d q, in whole numbers."""
    x, y = np.array(places, dtype=float).T
    found = distances("euclidean", x, y, decimals)
    for i, (a, b) in enumerate(places):
        for j, (c, d) in enumerate(places):
            exact = math.isqrt(100**decimals * ((a - c) ** 2 + (b - d) ** 2)) / 10**decimals
            assert found[i, j] == pytest.approx(exact, abs=1e-9)


def test_cutting_off_keeps_what_is_there():
    tenths = np.arange(2000) / 10
    assert truncated(tenths, 1).tolist() == tenths.tolist()
    assert truncated(np.array([0.99, 15.29, 15.31]), 1).tolist() == [0.9, 15.2, 15.3]


# -- the packaged instances


@pytest.mark.parametrize(("base", "customers"), PACKAGED)
def test_packaged(base, customers):
    name = f"solomon-{base.lower()}-{customers}"
    inst = load_as(Routing, name)
    assert inst.name == name and len(inst.sites) == customers and (inst.windows, inst.decimals) == ("hard", 1)
    assert inst.best_known.command == f"quakeops solve routing --instance {name} --method pricing"
    assert {what for what, origin in inst.provenance.items() if origin != "published"} == {"uncertainty"}


@needs_data
@pytest.mark.parametrize(("base", "customers"), PACKAGED)
def test_packaged_are_the_files(base, customers):
    inst = load_as(Routing, f"solomon-{base.lower()}-{customers}")
    for path, count in ((DATA / f"{base}_{customers}.txt", None), (DATA / f"{base}_100.txt", customers)):
        read = read_solomon(path, count)
        assert (read.depot, read.sites, read.vehicles, read.decimals) == (inst.depot, inst.sites, inst.vehicles, inst.decimals)
    with (DATA / "best_known.csv").open(encoding="utf-8") as file:
        best = {(r["instance"], int(r["n"])): float(r["exact_distance_trunc1"]) for r in csv.DictReader(file)}
    assert inst.best_known.objective == inst.best_known.bound == best[base, customers]


@needs_data
def test_a_published_solution_is_feasible_and_costs_what_is_published():
    """C101 with 100 customers: ten routes of 827.3 in distances cut off after one decimal."""
    arrays = route_arrays(read_solomon(DATA / "C101_100.txt"))
    lines = (DATA / "sol" / "C101.sol").read_text(encoding="utf-8").splitlines()
    routes = [[int(t) for t in line.partition(":")[2].split()] for line in lines if line.startswith("Route")]
    assert sorted(j for r in routes for j in r) == list(range(1, 101)) and len(routes) == 10
    cost = 0.0
    for route in routes:
        assert arrays.demand[route].sum() <= arrays.capacity
        at, clock = 0, arrays.earliest[0]
        for j in (*route, 0):
            clock = max(clock + arrays.service[at] + arrays.time[at, j], arrays.earliest[j])
            assert clock <= arrays.latest[j] + 1e-9
            cost, at = cost + arrays.cost[at, j], j
    assert cost == pytest.approx(827.3, abs=1e-6)
