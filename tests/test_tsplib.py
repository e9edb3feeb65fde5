"""TSPLIB: its distances by its own formulas, the optimum of burma14, explicit matrices in every form, CVRP, and what is refused where."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.instances import Routing, load, load_as
from quakeops.instances.metrics import EARTH_KM, distances
from quakeops.instances.routing_arrays import intact_times
from quakeops.instances.tsplib import read_tsplib

DATA = Path(__file__).parents[2] / "shared" / "data" / "routing"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the reference data (shared/data/routing) are not beside the checkout")

TSP = """NAME : four
TYPE: TSP
COMMENT: four places
DIMENSION: 4
EDGE_WEIGHT_TYPE: EUC_2D
NODE_COORD_SECTION
1 0 0
2 3.0 4.0
3 1e1 0
4 1 1
EOF
"""

CVRP = """NAME: cars
TYPE: CVRP
DIMENSION: 3
CAPACITY: 20
EDGE_WEIGHT_TYPE: CEIL_2D
NODE_COORD_SECTION
1 0 0
2 1 1
3 3 4
DEMAND_SECTION
1 7
2 0
3 9
DEPOT_SECTION
 2
 -1
EOF
"""

MATRIX = """NAME: table
TYPE: TSP
DIMENSION: 3
EDGE_WEIGHT_TYPE: EXPLICIT
EDGE_WEIGHT_FORMAT: FULL_MATRIX
EDGE_WEIGHT_SECTION
0 1 2
1 0 3
2 3 0
EOF
"""

BOX = [(0, 0), (1, 0), (4, 0), (5, 0), (3, 4), (0, 1.5)]


@pytest.fixture
def file(tmp_path):
    def write(text, name="some.tsp"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def shortest_tour(d):
    """Held and Karp: best[S][j], the shortest path from node 0 through the nodes of S that ends in j."""
    n = len(d) - 1
    best = np.full((1 << n, n), np.inf)
    best[1 << np.arange(n), np.arange(n)] = d[0, 1:]
    for mask in range(1, 1 << n):
        for j in range(n):
            if not mask >> j & 1:
                best[mask | 1 << j, j] = min(best[mask | 1 << j, j], (best[mask] + d[1:, j + 1]).min())
    return (best[-1] + d[1:, 0]).min()


# -- distances


def test_burma14_geo():
    """Distances that TSPLIB prints, and the optimum 3323."""
    inst = load_as(Routing, "burma14")
    d = intact_times(inst)
    assert d[0, :5].tolist() == [0, 153, 510, 706, 966] and (d == d.T).all()
    assert shortest_tour(d) == 3323 == inst.best_known.objective
    assert inst.nodes == tuple(str(i) for i in range(1, 15)) and inst.vehicles.count == 1 and inst.capacity == math.inf


@needs_data
def test_burma14_is_the_file():
    inst, read = load_as(Routing, "burma14"), read_tsplib(DATA / "burma14.tsp")
    assert (read.depot, read.sites, read.metric, read.vehicles) == (inst.depot, inst.sites, inst.metric, inst.vehicles)
    assert read.title == "14-Staedte in Burma (Zaw Win)"


def test_wuxi_14_is_burma14_with_one_digit_changed():
    """The article's two tours, closed, to its printed digits; no depot, window, capacity or penalty is in them."""
    wuxi, burma = load_as(Routing, "wuxi-14"), load_as(Routing, "burma14")
    here, there = [(s.x, s.y) for s in wuxi.sites], [(p.x, p.y) for p in burma.places]
    assert here[:13] == there[:13] and (here[13], there[13]) == ((20.09, 92.55), (20.09, 94.55))
    d = distances("euclidean", *np.array(here).T)
    for tour, printed in (
        ((3, 4, 5, 6, 12, 7, 13, 8, 11, 9, 10, 1, 2, 14), 29.3405),
        ((5, 12, 7, 6, 1, 13, 4, 14, 2, 9, 10, 11, 3, 8), 54.3449),
    ):
        length = math.fsum(d[a - 1, b - 1] for a, b in zip(tour, (*tour[1:], tour[0]), strict=True))
        assert round(length, 4) == printed
    assert shortest_tour(d) == pytest.approx(29.340520067, abs=5e-10)
    assert shortest_tour(distances("euclidean", *np.array(there).T)) == pytest.approx(30.8785, abs=5e-5)


def geo(a, b):
    """TSPLIB 95, section 2.4, in its own steps."""

    def radians(v):
        degrees = int(v)
        return 3.141592 * (degrees + 5.0 * (v - degrees) / 3.0) / 180.0

    (la, lo), (lb, mo) = ([radians(v) for v in p] for p in (a, b))
    q1, q2, q3 = math.cos(lo - mo), math.cos(la - lb), math.cos(la + lb)
    return int(6378.388 * math.acos(max(-1.0, min(1.0, 0.5 * ((1.0 + q1) * q2 - (1.0 - q1) * q3)))) + 1.0)


places = st.tuples(st.integers(-8999, 8999), st.integers(-17999, 17999)).map(lambda p: (p[0] / 100, p[1] / 100))


@given(st.lists(places, min_size=2, max_size=5, unique=True))
def test_geo_is_tsplibs_procedure(points):
    found = distances("GEO", *np.array(points).T)
    assert found.tolist() == [[0 if a == b else geo(a, b) for b in points] for a in points]


def test_att_by_hand():
    """r = sqrt(q / 10), rounded; one more where that is less: 0.32 -> 1, 1.26 -> 2, 1.58 -> 2, 1494.7 -> 1495 (nodes 1 and 2 of att48)."""
    d = distances("ATT", *np.array([(0.0, 0.0), (1, 0), (4, 0), (5, 0)]).T)
    assert d[0].tolist() == [0, 1, 2, 2]
    assert distances("ATT", np.array([6734.0, 2233.0]), np.array([1453.0, 10.0]))[0, 1] == 1495
    assert distances("ATT", np.array([0.0, 10.0]), np.array([0.0, 30.0]))[0, 1] == 10, "sqrt(100) is whole"


def test_euc_2d_and_ceil_2d_by_hand():
    assert distances("EUC_2D", *np.array(BOX, dtype=float).T)[0].tolist() == [0, 1, 4, 5, 5, 2], "1.5 is rounded up"
    assert distances("CEIL_2D", *np.array([(0.0, 0.0), (1, 1), (3, 4)]).T)[0].tolist() == [0, 2, 5]
    assert distances("EUC_2D", *np.array([(0.0, 0.0), (1, 1)]).T)[0, 1] == 1


def test_great_circles():
    """A quarter of the equator, a pole, and Paris to London (344 km on the mean sphere)."""
    x, y = np.array([0.0, 90, 0, 2.3522, -0.1276]), np.array([0.0, 0, 90, 48.8566, 51.5072])
    d = distances("great_circle", x, y)
    assert d[0, 1:3] == pytest.approx(EARTH_KM * math.pi / 2, rel=1e-12)
    assert d[3, 4] == pytest.approx(343.6, abs=0.5)


# -- files


def test_a_tour(file):
    inst = read_tsplib(file(TSP))
    assert (inst.name, inst.title, inst.nodes, inst.vehicles.count) == ("four", "four places", ("1", "2", "3", "4"), 1)
    assert intact_times(inst)[0].tolist() == [0, 5, 10, 1]
    assert read_tsplib(file(TSP.replace("EOF\n", ""))) == inst == load(file(TSP))
    assert read_tsplib(file(TSP.replace("NAME : four\n", "").replace("COMMENT: four places\n", ""))).title == "some"


def test_a_fleet(file, run):
    inst = read_tsplib(file(CVRP, "some.vrp"))
    assert inst.nodes == ("2", "1", "3") and inst.depot.name == "2", "the depot comes first"
    assert [s.casualties for s in inst.sites] == [7, 9] and inst.capacity == 20 and inst.vehicles.count == 2
    assert intact_times(inst)[0].tolist() == [0, 2, 4]
    assert read_tsplib(file(CVRP.replace("CAPACITY: 20", "VEHICLES: 1\nCAPACITY: 20"))).vehicles.count == 1
    assert "16" in run("instances", file(CVRP, "some.vrp")).out


def form(matrix, name):
    n = len(matrix)
    rows = {
        "FULL_MATRIX": lambda i: range(n),
        "UPPER_ROW": lambda i: range(i + 1, n),
        "LOWER_ROW": lambda i: range(i),
        "UPPER_DIAG_ROW": lambda i: range(i, n),
        "LOWER_DIAG_ROW": lambda i: range(i + 1),
    }[name]
    return [matrix[i][j] for i in range(n) for j in rows(i)]


@given(st.integers(2, 6), st.integers(1, 7), st.data())
def test_every_form_of_a_matrix_is_the_same(tmp_path_factory, n, width, data):
    """Weights run over lines of any width, whatever the form."""
    upper = {(i, j): data.draw(st.integers(0, 999)) for i in range(n) for j in range(i + 1, n)}
    matrix = [[0 if i == j else upper[min(i, j), max(i, j)] for j in range(n)] for i in range(n)]
    path = tmp_path_factory.mktemp("matrix") / "m.tsp"
    for name in ("FULL_MATRIX", "UPPER_ROW", "LOWER_ROW", "UPPER_DIAG_ROW", "LOWER_DIAG_ROW"):
        weights = form(matrix, name)
        lines = [" ".join(map(str, weights[k : k + width])) for k in range(0, len(weights), width)]
        head = [
            "NAME: m",
            "TYPE: TSP",
            f"DIMENSION: {n}",
            "EDGE_WEIGHT_TYPE: EXPLICIT",
            f"EDGE_WEIGHT_FORMAT: {name}",
            "EDGE_WEIGHT_SECTION",
        ]
        path.write_text("\n".join([*head, *lines, "EOF"]), encoding="utf-8")
        inst = read_tsplib(path)
        assert inst.travel_times == matrix and inst.metric == "explicit"


def test_an_asymmetric_matrix(file):
    lopsided = MATRIX.replace("2 3 0", "2 5 9")
    inst = read_tsplib(file(lopsided.replace("TYPE: TSP", "TYPE: ATSP"), "some.atsp"))
    assert intact_times(inst).tolist() == [[0, 1, 2], [1, 0, 3], [2, 5, 0]] and not inst.symmetric
    with pytest.raises(InputError, match="line 9: the weight from node 3 to node 2 is 5, back it is 3: expected the same, or TYPE: ATSP"):
        read_tsplib(file(lopsided))


CASES = {
    "unknown weights": (TSP, "EUC_2D", "EUC_3D", ", line 5: EDGE_WEIGHT_TYPE is 'EUC_3D': expected one of EUC_2D, CEIL_2D, ATT, GEO, EXPLICIT"),
    "our own metric": (TSP, "EUC_2D", "great_circle", ", line 5: EDGE_WEIGHT_TYPE is 'great_circle'"),
    "no weights": (TSP, "EDGE_WEIGHT_TYPE: EUC_2D\n", "", ": the keyword EDGE_WEIGHT_TYPE is missing"),
    "no dimension": (TSP, "DIMENSION: 4\n", "", ": the keyword DIMENSION is missing"),
    "a dimension in words": (TSP, "DIMENSION: 4", "DIMENSION: four", ", line 4: DIMENSION is 'four': expected a whole number of at least 2"),
    "too few nodes": (TSP, "DIMENSION: 4", "DIMENSION: 5", ", line 6: NODE_COORD_SECTION has 4 nodes: expected 5, as DIMENSION says; node 5 is missing"),
    "too many nodes": (TSP, "DIMENSION: 4", "DIMENSION: 3", ", line 10: node is '4': expected a node from 1 to 3"),
    "a node twice": (TSP, "3 1e1", "2 1e1", ", line 9: node 2 comes a second time (first in line 8)"),
    "a node without y": (TSP, "2 3.0 4.0", "2 3.0", ", line 8: found 2 columns: expected 3 (node, x, y)"),
    "a word for a number": (TSP, "2 3.0 4.0", "2 3.0 north", ", line 8: y is 'north': expected a number"),
    "an infinite number": (TSP, "2 3.0 4.0", "2 3.0 inf", ", line 8: y is 'inf': expected a number"),
    "no coordinates": (TSP, TSP[TSP.index("NODE") :], "EOF\n", ": the section NODE_COORD_SECTION is missing"),
    "another problem": (TSP, "TYPE: TSP", "TYPE: HCP", ", line 2: TYPE is 'HCP': expected one of TSP, ATSP, CVRP"),
    "a keyword twice": (TSP, "TYPE: TSP", "NAME: again", ", line 2: the keyword NAME comes a second time (first in line 1)"),
    "a section twice": (TSP, "4 1 1", "NODE_COORD_SECTION", ", line 10: the section NODE_COORD_SECTION comes a second time (first in line 6)"),
    "fixed edges": (TSP, "4 1 1", "FIXED_EDGES_SECTION", ", line 10: the section FIXED_EDGES_SECTION is not one that can be read: expected one of NODE_COORD_SECTION"),
    "no TSPLIB file": (TSP, "NAME : four", "R101", ", line 1: found 'R101': expected a keyword such as 'DIMENSION: 14', or a section"),
    "no capacity": (CVRP, "CAPACITY: 20\n", "", ": the keyword CAPACITY is missing"),
    "a demand above it": (CVRP, "1 7", "1 27", ", line 11: node 1: demand is 27: expected at most the CAPACITY 20 of every vehicle"),
    "a negative demand": (CVRP, "1 7", "1 -7", ", line 11: demand is '-7': expected a number of at least 0"),
    "a demand missing": (CVRP, "1 7\n", "", ", line 10: DEMAND_SECTION has 2 nodes: expected 3, as DIMENSION says; node 1 is missing"),
    "a depot with a demand": (CVRP, "2 0\n", "2 4\n", ", line 12: node 2: demand is 4: expected 0 at the depot"),
    "two depots": (CVRP, " -1", " 1\n-1", ", line 14: DEPOT_SECTION has 2 depots: expected one, and then -1"),
    "an unknown depot": (CVRP, " 2\n -1", " 7\n -1", ", line 15: depot is '7': expected a node from 1 to 3"),
    "an unknown form": (MATRIX, "FULL_MATRIX", "UPPER_COL", ", line 5: EDGE_WEIGHT_FORMAT is 'UPPER_COL': expected one of FULL_MATRIX, UPPER_ROW"),
    "no form": (MATRIX, "EDGE_WEIGHT_FORMAT: FULL_MATRIX\n", "", ": the keyword EDGE_WEIGHT_FORMAT is missing"),
    "too few weights": (MATRIX, "2 3 0", "2 3", ", line 6: EDGE_WEIGHT_SECTION has 8 weights: expected 9, FULL_MATRIX of DIMENSION 3"),
    "too many weights": (MATRIX, "2 3 0", "2 3 0 4", ", line 9: EDGE_WEIGHT_SECTION has 10 weights: expected 9"),
    "a negative weight": (MATRIX, "1 0 3", "-1 0 3", ", line 8: the weight from node 2 to node 1 is '-1': expected a number of at least 0"),
    "a weight in words": (MATRIX, "1 0 3", "one 0 3", ", line 8: the weight from node 2 to node 1 is 'one'"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_refused_with_its_line(case, file):
    good, old, new, message = CASES[case]
    assert good.count(old) == 1
    path = file(good.replace(old, new))
    with pytest.raises(InputError) as caught:
        read_tsplib(path)
    assert str(caught.value).startswith(f"{path}{message}")
