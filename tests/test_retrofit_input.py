"""Wrong retrofit files from end to end: what the command line says of them, with file and line."""

import pytest
from quakeops.errors import InputError
from quakeops.instances.tntp import read_network

GOOD = """{
  "format": "quakeops/retrofit/1",
  "name": "small", "title": "small",
  "source": {"citation": "invented for the tests", "licence": "Apache-2.0"},
  "provenance": {"links": "synthetic"},
  "places": [
    {"name": "u", "latitude": 0, "longitude": 0},
    {"name": "v", "latitude": 0, "longitude": 1}],
  "elements": [{"name": "a", "retrofit_cost": 1, "repair_cost": 2}],
  "links": [
    {"name": "a", "ends": ["u", "v"], "time": 5, "element": "a"},
    {"name": "b", "ends": ["u", "v"], "time": 7}],
  "pairs": [
    {"name": "uv", "origin": "u", "destination": "v", "path": [
      "a"]}],
  "total_rate": 0.3,
  "scenarios": [
    {"name": "s", "rate": 0.1, "times": {"a": 9}},
    {"name": "t", "rate": 0.2, "times": {
      "b": 8,
      "a": null}}]
}
"""

CASES = {
    "a path with an unknown link": ('      "a"]', '      "c"]', "bad.json: line 15: pairs[0].path: 'c' is not a link of the instance"),
    "faster when damaged": ('"a": 9', '"a": 4', "bad.json: line 18: scenarios[0].times: 'a' takes 4 when damaged, less than 5 when intact"),
    "damage to an unknown link": ('"a": null', '"d": null', "bad.json: line 21: scenarios[1].times: 'd' is not a link of the instance"),
    "a negative rate": ('"rate": 0.2', '"rate": -0.2', "bad.json: line 19: field 'scenarios[1].rate' is -0.2: Input should be greater than or equal to 0"),
    "rates beyond the total": ('"rate": 0.2', '"rate": 0.4', "bad.json: line 17: scenarios[*].rate: the sum is 0.5, more than the total_rate 0.3"),
    "rates beyond 1": ('"total_rate": 0.3,\n  "scenarios": [\n    {"name": "s", "rate": 0.1', '"scenarios": [\n    {"name": "s", "rate": 0.9', "bad.json: line 16: scenarios[*].rate: the sum is 1.1, more than 1"),
    "a negative time": ('"b": 8', '"b": -8', "bad.json: line 20: field 'scenarios[1].times.b' is -8"),
    "a misspelt field": ('"rate": 0.2', '"rat": 0.2', "bad.json: line 19: field 'scenarios[1].rate' is missing\nbad.json: line 19: unknown field 'scenarios[1].rat'"),
    "an unknown element": ('"element": "a"', '"element": "z"', "bad.json: line 11: links[0].element: 'z' is not"),
    "a name twice": ('"name": "t"', '"name": "s"', "bad.json: line 19: scenarios: the name 's' appears twice"),
    "no destination and no path": (', "destination": "v", "path": [\n      "a"]', "", "bad.json: line 14: pairs[0]: 'uv' has neither a path nor origin and destination"),
    "cut short": ('"total_rate"', '"', "bad.json: not valid JSON at line 16"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "message"), CASES.values(), ids=CASES)
def test_files(run, write, before, after, message):
    assert GOOD.count(before) == 1
    write("bad.json", GOOD.replace(before, after))
    run("solve", "retrofit", "--instance", "bad.json").failed(2, *message.splitlines())


def test_the_good_file_is_good(run, write):
    write("good.json", GOOD)
    assert run("instances", "good.json").code == 0


def test_scenario_file(run, write):
    write("good.json", GOOD)
    write("more.json", '{"instance": "good.json",\n"scenarios": [\n{"name": "s", "rate": 0.1,\n"times": {"a": 9,\n"c": 9}}]}')
    run("solve", "retrofit", "--scenario-file", "more.json").failed(2, "more.json: line 5: scenarios[0].times: 'c' is not a link")
    write("more.json", '{"instance": "good.json",\n"scenarios": [\n{"name": "s", "rate": 0.1},\n{"name": "t", "rate": "often"}]}')
    run("solve", "retrofit", "--scenario-file", "more.json").failed(2, "more.json: line 4: field 'scenarios[1].rate' is 'often'")


@pytest.mark.parametrize("requirement", ["path", "shortest"])
def test_a_pair_that_no_repair_brings_in_time(run, write, requirement):
    """In scenario t link a, which no element carries, is closed, and b takes 8, more than the limit 5."""
    write("bad.json", GOOD.replace(', "element": "a"', "").replace('"a": 9', '"a": 5'))
    done = run("solve", "retrofit", "--instance", "bad.json", "--model-arg", f"requirement={requirement}")
    done.failed(2, "bad.json: line ", ": pairs[0], 'uv': takes", "limit", "5", "scenario 't'", "even where everything is repaired")


NETWORK = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 2
<FIRST THRU NODE> 1
<NUMBER OF LINKS> 1
<END OF METADATA>
~ init_node term_node capacity length free_flow_time b power speed toll link_type ;
1 2 100 1 5 0.15 4 0 0 1 ;
"""


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("capacity length", "length capacity", r"x_net\.tntp, line 6: the header names init_node, term_node, length, capacity.*: expected"),
        ("<NUMBER OF ZONES>", "<NUMBER OF ZONE>", r"x_net\.tntp: the tag <NUMBER OF ZONES> is missing .*; line 1 has <NUMBER OF ZONE>"),
        ("<NUMBER OF LINKS> 1", "<NUMBER OF LINKS> 3", r"x_net\.tntp, line 4: <NUMBER OF LINKS> is 3, but the file holds 1 links"),
        ("<NUMBER OF NODES> 2", "nodes 2", r"x_net\.tntp, line 2: found 'nodes 2': expected a tag"),
        ("<END OF METADATA>\n", "", r"x_net\.tntp, line 6: found '1 2 100 .*expected a tag like .*END OF METADATA"),
    ],
)  # fmt: skip
def test_headers_of_networks(write, before, after, message):
    with pytest.raises(InputError, match=message):
        read_network(write("x_net.tntp", NETWORK.replace(before, after)))
