"""TNTP files: what is read, what the published files hold, and what every kind of wrong file gets, with its line."""

import json
from pathlib import Path

import numpy as np
import pytest
from quakeops.errors import InputError
from quakeops.instances.road_network import RoadNetwork
from quakeops.instances.tntp import find_tntp, read_flows, read_network, read_nodes, read_trips
from quakeops.scenario_gen.traffic import LinkCosts

DATA = Path(__file__).parents[2] / "shared" / "data" / "retrofit" / "tntp"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the reference data (shared/data/retrofit/tntp) are not beside the checkout")

NET = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 3
<FIRST THRU NODE> 3
<NUMBER OF LINKS> 3
<END OF METADATA>

~ init_node term_node capacity length free_flow_time b power speed toll link_type ;
 1 3 100 1 5 0.15 4 30 2 1 ;
 3 2 100 1.5 0 0 4 30 0 2 ;
 3 2 200 2 6 0.15 4 30 0 3;
"""
TRIPS = """<NUMBER OF ZONES> 2
<TOTAL OD FLOW> 12.5
<END OF METADATA>

Origin 1
    1 :   0.0;     2 : 10.0;
Origin \t2
    1 :   2.5;
"""


@pytest.fixture
def net(write):
    return read_network(write("toy_net.tntp", NET))


def test_network(net):
    assert (net.name, net.zones, net.nodes, net.links, net.first_through) == ("toy", 2, 3, 3, 2)
    assert net.tail.tolist() == [0, 2, 2] and net.head.tolist() == [2, 1, 1]
    assert net.capacity.tolist() == [100, 100, 200] and net.length.tolist() == [1, 1.5, 2]
    assert net.free_flow_time.tolist() == [5, 0, 6] and net.b.tolist() == [0.15, 0, 0.15]
    assert net.speed.tolist() == [30] * 3 and net.toll.tolist() == [2, 0, 0] and net.link_type.tolist() == [1, 2, 3]
    assert (net.toll_weight, net.length_weight, net.x) == (0, 0, None) and not net.closed.any()


def test_weights(write):
    tags = "<TOLL FACTOR> 0.02\n<distance  factor>0.04\n<END OF METADATA>"
    net = read_network(write("toy_net.tntp", NET.replace("<END OF METADATA>", tags)))
    assert (net.toll_weight, net.length_weight) == (0.02, 0.04)


def test_the_network_does_not_change(net):
    for column in (net.tail, net.capacity, net.closed):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1


def test_trips(write):
    assert read_trips(write("toy_trips.tntp", TRIPS), 2).tolist() == [[0, 10], [2.5, 0]]


def test_total_is_printed_rounded(write):
    file = write("toy_trips.tntp", TRIPS.replace("12.5", "12.5004"))
    assert read_trips(file).sum() == 12.5
    with pytest.raises(InputError, match=r"toy_trips\.tntp, line 2: <TOTAL OD FLOW> is 12\.5004, but the trips sum to 12\.5"):
        read_trips(file, tolerance=1e-5)


def test_coordinates(write):
    text = "Node X Y ;\n2 0.5 1 ;\n1 -96.7 43.6 ;\n3 7 8 ;\n"
    x, y = read_nodes(write("toy_node.tntp", text))
    assert x.tolist() == [-96.7, 0.5, 7] and y.tolist() == [43.6, 1, 8]
    features = [{"properties": {"id": n}, "geometry": {"coordinates": [a, b]}} for n, a, b in zip([1, 2, 3], x, y, strict=True)]
    points = write("toy_nodes.geojson", {"type": "FeatureCollection", "features": features})
    net = read_network(write("toy_net.tntp", NET), nodes=points)
    assert net.x.tolist() == x.tolist() and net.y.tolist() == y.tolist()


def test_flows_of_parallel_links_in_order(net, write):
    flows = read_flows(write("toy_flow.tntp", "From To Volume Cost\n3 2 4 1\n1 3 9 6.5\n3 2 5 2\n"), net)
    assert flows.volume.tolist() == [9, 4, 5] and flows.cost.tolist() == [6.5, 1, 2]
    older = "<NUMBER OF LINKS> 3\n~ Tail Head : Volume Cost ;\n1 3 : 9 6.5 ;\n3 2 : 4 1 ;\n3 2 : 5 2 ;\n"
    assert read_flows(write("older_flow.tntp", older), net).volume.tolist() == [9, 4, 5]


WRONG_NETWORKS = {
    "no tags": ("<NUMBER OF ZONES> 2", "NUMBER OF ZONES 2", "line 1: found 'NUMBER OF ZONES 2': expected a tag like <NUMBER OF ZONES>"),
    "a tag missing": ("<NUMBER OF LINKS> 3\n", "", "the tag <NUMBER OF LINKS> is missing before <END OF METADATA>"),
    "a tag misspelt": (
        "FIRST THRU NODE",
        "FIRST THROUGH NODE",
        "<FIRST THRU NODE> is missing before <END OF METADATA>; line 3 has <FIRST THROUGH NODE>",
    ),
    "a tag twice": (
        "<NUMBER OF LINKS> 3",
        "<NUMBER OF ZONES> 3",
        r"line 4: the tag <NUMBER OF ZONES> comes a second time \(first in line 1\)",
    ),
    "no end": (
        "<END OF METADATA>\n",
        "",
        "line 7: found '1 3 100 1 5 0.15 4 30 2 1 ;': expected a tag like <NUMBER OF ZONES> or <END OF METADATA>",
    ),
    "a tag that is no number": (
        "<NUMBER OF NODES> 3",
        "<NUMBER OF NODES> three",
        "line 2: <NUMBER OF NODES> is 'three': expected a whole number of at least 1",
    ),
    "more zones than nodes": ("ZONES> 2", "ZONES> 4", "line 1: <NUMBER OF ZONES> is '4': expected a whole number from 1 to 3"),
    "first node beyond": ("NODE> 3", "NODE> 5", "line 3: <FIRST THRU NODE> is '5': expected a whole number from 1 to 4"),
    "another number of links": ("LINKS> 3", "LINKS> 4", "line 4: <NUMBER OF LINKS> is 4, but the file holds 3 links"),
    "columns in another order": ("capacity length", "length capacity", "line 7: the header names init_node, term_node, length, capacity"),
    "a column missing": ("3 2 100 1.5 0 0", "3 2 100 1.5 0", r"line 9: found 9 columns: expected 10 \(init_node, term_node, capacity"),
    "no semicolon": ("30 0 2 ;", "30 0 2", "line 9: expected one record that ends with ';'"),
    "two records in a line": ("2 ;\n 3 2 200", "2 ; 3 2 200", "line 9: expected one record that ends with ';'"),
    "no number": (" 1 3 100", " 1 3 1oo", "line 8: capacity is '1oo': expected a number of at least 0"),
    "not finite": ("0.15 4 30 2", "nan 4 30 2", "line 8: b is 'nan': expected a number"),
    "a negative capacity": (" 1 3 100", " 1 3 -100", "line 8: capacity is '-100': expected a number of at least 0"),
    "no capacity": (" 1 3 100", " 1 3 0", r"line 8: capacity is '0': expected a number above 0.*b > 0"),
    "an unknown node": (" 3 2 200", " 3 4 200", "line 10: term_node is '4': expected a node from 1 to 3"),
    "node 0": (" 1 3 100", " 0 3 100", "line 8: init_node is '0': expected a node from 1 to 3"),
    "a broken node": (" 1 3 100", " 1.5 3 100", "line 8: init_node is '1.5': expected a node"),
    "a type that is no number": ("30 0 3;", "30 0 road;", "line 10: link_type is 'road': expected a whole number"),
}


@pytest.mark.parametrize(("old", "new", "message"), WRONG_NETWORKS.values(), ids=WRONG_NETWORKS)
def test_wrong_network(write, old, new, message):
    assert NET.count(old) == 1
    with pytest.raises(InputError, match=message) as e:
        read_network(write("toy_net.tntp", NET.replace(old, new)))
    assert "toy_net.tntp" in str(e.value)


WRONG_TRIPS = {
    "an unknown zone": ("2 : 10.0", "3 : 10.0", "line 6: destination is '3': expected a zone from 1 to 2"),
    "an unknown origin": ("Origin \t2", "Origin 3", "line 7: Origin is '3': expected a zone from 1 to 2"),
    "an origin without zone": ("Origin 1", "Origin", "line 5: found 'Origin': expected 'Origin' and a zone"),
    "no origin": ("Origin 1\n", "", "line 5: trips before the first 'Origin' line"),
    "negative trips": ("10.0", "-10.0", "line 6: trips to 2 is '-10.0': expected a number of at least 0"),
    "no number": ("2.5;", "many;", "line 8: trips to 1 is 'many': expected a number"),
    "no colon": ("1 :   2.5", "1  2.5", "line 8: found '1  2.5': expected 'zone : trips'"),
    "no semicolon": ("2.5;", "2.5", "line 8: found '1 :   2.5' after the last ';'"),
    "a pair twice": ("2 : 10.0", "1 : 10.0", "line 6: destination 1 comes a second time for this origin"),
    "another sum": ("<TOTAL OD FLOW> 12.5", "<TOTAL OD FLOW> 13", "line 2: <TOTAL OD FLOW> is 13, but the trips sum to 12.5"),
    "no total": ("<TOTAL OD FLOW> 12.5\n", "", "the tag <TOTAL OD FLOW> is missing"),
}


@pytest.mark.parametrize(("old", "new", "message"), WRONG_TRIPS.values(), ids=WRONG_TRIPS)
def test_wrong_trips(write, old, new, message):
    assert TRIPS.count(old) == 1
    with pytest.raises(InputError, match=message) as e:
        read_trips(write("toy_trips.tntp", TRIPS.replace(old, new)))
    assert "toy_trips.tntp" in str(e.value)


def test_trips_of_another_network(write):
    with pytest.raises(InputError, match=r"line 1: <NUMBER OF ZONES> is 2: expected 24, the zones of the network"):
        read_trips(write("toy_trips.tntp", TRIPS), 24)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 0 0 ;\n1 1 1 ;\n", "line 2: node 1 comes a second time"),
        ("1 0 0 ;\n3 1 1 ;\n", "node 2 is missing; expected the nodes 1 to 3"),
        ("1 0 0 ;\n4 1 1 ;\n", "line 2: node is '4': expected a node from 1 to 3"),
        ("1 0 east ;\n", "line 1: Y is 'east': expected a number"),
        ("1 0 ;\n", r"line 1: found 2 columns: expected 3 \(node, X, Y\)"),
    ],
)
def test_wrong_coordinates(write, text, message):
    with pytest.raises(InputError, match=message):
        read_nodes(write("toy_node.tntp", text), 3)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "expected a GeoJSON FeatureCollection"),
        ({"features": [{"properties": {}, "geometry": {"coordinates": [1, 2]}}]}, r"features\[0\]: expected a point with a property id"),
        (
            {"features": [{"properties": {"id": 4}, "geometry": {"coordinates": [1, 2]}}]},
            r"features\[0\].properties.id is 4: expected a node from 1 to 3",
        ),
    ],
)
def test_wrong_points(write, data, message):
    with pytest.raises(InputError, match=message):
        read_nodes(write("toy_nodes.geojson", json.dumps(data)), 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 3 9 6.5\n3 2 4 1\n", r"toy_flow.tntp: no flow for link 3 -> 2, nor for 0 more"),
        ("1 2 9 6.5\n", "line 1: link 1 -> 2: the network toy has no such link"),
        ("1 3 9 6.5\n1 3 9 6.5\n", "line 2: link 1 -> 3: the network toy has no such link, or fewer of them"),
        ("1 3 -9 6.5\n", "line 1: volume is '-9': expected a number of at least 0"),
        ("1 3 9\n", r"line 1: found 3 columns: expected 4 \(from, to, volume, cost\)"),
    ],
)
def test_wrong_flows(net, write, text, message):
    with pytest.raises(InputError, match=message):
        read_flows(write("toy_flow.tntp", text), net)


def test_tags_alone(write):
    with pytest.raises(InputError, match=r"toy_net.tntp: the tag <END OF METADATA> is missing"):
        read_network(write("toy_net.tntp", "<NUMBER OF ZONES> 2\n"))


def test_no_such_file(tmp_path):
    for read in (read_network, read_trips, read_nodes):
        with pytest.raises(InputError, match=r"none\.tntp: no such file"):
            read(tmp_path / "none.tntp")
    (tmp_path / "latin.tntp").write_bytes(b"<NUMBER OF ZONES> \xff")
    with pytest.raises(InputError, match=r"latin\.tntp: cannot be read"):
        read_network(tmp_path / "latin.tntp")


def test_networks_in_memory():
    given = {"name": "two", "zones": 2, "nodes": 2, "tail": [0, 0], "head": [1, 1], "free_flow_time": [1, 2], "capacity": [3, 4]}
    assert RoadNetwork(**given).power.tolist() == [4, 4]
    for change, message in (
        ({"head": [1, 2]}, r"two: head\[1\] is 2: expected a node from 0 to 1"),
        ({"capacity": [3, -4]}, r"two: capacity\[1\] is -4.0: expected a number that is not negative"),
        ({"capacity": [3, 0]}, r"two: capacity\[1\] is 0.0: expected a number above 0, since"),
        ({"b": [0.15, np.inf]}, r"two: b\[1\] is inf: expected a finite number"),
        ({"capacity": [3]}, r"two: capacity has shape \(1,\): expected \(2,\)"),
        ({"tail": [0.0, 0.0]}, r"two: tail holds values of type float64: expected whole numbers"),
        ({"closed": [0, 1]}, r"two: closed holds values of type int64: expected True or False"),
        ({"zones": 3}, r"two: zones is 3: expected 1 to the number of nodes, 2"),
        ({"first_through": 3}, r"two: first_through is 3: expected 0 to"),
        ({"toll_weight": -1}, r"two: toll_weight is -1: expected"),
        ({"x": [1, 2, 3]}, r"two: x has shape \(3,\): expected \(2,\)"),
    ):
        with pytest.raises(InputError, match=message):
            RoadNetwork(**given | change)


def test_damage():
    two = RoadNetwork(name="two", zones=2, nodes=2, tail=[0, 0], head=[1, 1], free_flow_time=[1, 2], capacity=[3, 4])
    hit = two.damaged(closed=[True, False], slow=[1, 2.5], capacity=0.5).damaged(closed=[False, False])
    assert hit.closed.tolist() == [True, False] and hit.free_flow_time.tolist() == [1, 5] and hit.capacity.tolist() == [1.5, 2]
    assert not two.closed.any() and two.free_flow_time.tolist() == [1, 2]
    for wrong, message in (
        ({"slow": [1, 0.5]}, r"two: slow\[1\] is 0.5: expected a factor of at least 1"),
        ({"capacity": [0, 1]}, r"two: capacity factor\[0\] is 0.0: expected a factor above 0, at most 1; or close the link"),
        ({"closed": [True]}, r"two: closed has shape \(1,\): expected \(2,\)"),
    ):
        with pytest.raises(InputError, match=message):
            two.damaged(**wrong)


def test_finding_files(tmp_path, monkeypatch):
    for name in ("SiouxFalls", "Braess-Example", "Berlin-Center", "Berlin-Tiergarten"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}_net.tntp").write_text(NET, encoding="utf-8")
    (tmp_path / "SiouxFalls" / "SiouxFalls_trips.tntp").write_text(TRIPS, encoding="utf-8")
    (tmp_path / "docs").mkdir()
    monkeypatch.setenv("QUAKEOPS_TNTP", str(tmp_path))
    found = find_tntp("sioux-falls")
    assert found.network.name == "SiouxFalls_net.tntp" and found.trips.name == "SiouxFalls_trips.tntp"
    assert (found.nodes, found.flows) == (None, None)
    assert find_tntp("Sioux Falls", tmp_path / "SiouxFalls") == found
    assert find_tntp("braess").network.parent.name == "Braess-Example"
    with pytest.raises(
        InputError, match=r"'berlin': several networks begin so in .*QUAKEOPS_TNTP\), which holds Berlin-Center, Berlin-Tiergarten"
    ):
        find_tntp("berlin")
    with pytest.raises(
        InputError, match=r"'atlantis': no such network in .*bstabler/TransportationNetworks \(for academic research purposes only"
    ):
        find_tntp("atlantis")
    with pytest.raises(InputError, match=r"nowhere is not a folder; get the files from https://github\.com/bstabler"):
        find_tntp("braess", tmp_path / "nowhere")
    (tmp_path / "Braess-Example" / "other_net.tntp").write_text(NET, encoding="utf-8")
    with pytest.raises(InputError, match="several files fit"):
        find_tntp("braess")
    monkeypatch.delenv("QUAKEOPS_TNTP")
    with pytest.raises(
        InputError, match=r"name the folder of the TNTP files, or set QUAKEOPS_TNTP to it; get them from https://github.com/bstabler"
    ):
        find_tntp("braess")


@needs_data
@pytest.mark.parametrize(
    ("name", "zones", "nodes", "links", "trips"),
    [
        ("sioux-falls", 24, 24, 76, 360_600),
        ("anaheim", 38, 416, 914, 104_694.4),
        ("berlin-friedrichshain", 23, 224, 523, 11_205.1),
        ("eastern-massachusetts", 74, 74, 258, 65_576.37543),
        ("chicago-sketch", 387, 933, 2950, None),
        ("braess-example", 2, 4, 5, 6),
    ],
)
def test_published_files(name, zones, nodes, links, trips):
    files = find_tntp(name, DATA)
    net = read_network(files.network, files.nodes)
    assert (net.zones, net.nodes, net.links) == (zones, nodes, links)
    assert (files.trips is None) == (trips is None)
    if files.trips is not None:
        assert read_trips(files.trips, zones).sum() == pytest.approx(trips, rel=1e-9)


@needs_data
def test_published_costs():
    """Chicago-Sketch's costs are minutes plus 0.04 a mile and 0.02 a cent, its weights; the other files' have none."""
    for name, weights in (("sioux-falls", (0, 0)), ("anaheim", (0, 0)), ("chicago-sketch", (0.02, 0.04))):
        files = find_tntp(name, DATA)
        net = read_network(files.network)
        net = RoadNetwork(
            **{f: getattr(net, f) for f in net.__dataclass_fields__} | dict(zip(("toll_weight", "length_weight"), weights, strict=True))
        )
        flows = read_flows(files.flows, net)
        assert LinkCosts.of(net).cost(flows.volume) == pytest.approx(flows.cost, rel=1e-9)
