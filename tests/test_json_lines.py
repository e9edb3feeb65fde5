"""Lines of fields in JSON: against a count of the lines that an indented text has, and what a message is about."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.instances.json_lines import at_line, line_of, location_of

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.floats(allow_nan=False, allow_infinity=False)
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4), max_leaves=20
)


def lines(value):
    """How many lines ``json.dumps(value, indent=1)`` has."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return 2 + sum(map(lines, inner)) if inner else 1


def fields(value, line=1, location=()):
    """Yield all locations in ``value`` with their lines in ``json.dumps(value, indent=1)``."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    at = line + 1
    for step, inner in steps:
        yield (*location, step), at
        yield from fields(inner, at, (*location, step))
        at += lines(inner)


@given(DATA)
def test_every_field_of_an_indented_text(data):
    text = json.dumps(data, indent=1)
    for location, line in fields(data):
        assert line_of(text, location) == line
        assert line_of(text, (*location, "no such field", 3)) == line
    assert line_of(text, ()) is None and line_of(text, ("no such field",)) is None and line_of(text, (99,)) is None


@pytest.mark.parametrize(
    ("text", "location", "line"),
    [
        ('\n\n{"a"\n:\n1}', ("a",), 3),
        ('{"a": 1,\n"a": [\n0]}', ("a", 0), 3),
        ('{"[{": "]}\\"",\r\n"b"\t: {}}', ("b",), 2),
        ('[[],\n[1,\n2]]', (1, 1), 3),
        ('{"a": {}, \n"b": []}', ("b", 0), 2),
        ('"a"', ("a",), None),
    ],
)  # fmt: skip
def test_blanks_quotes_and_repeated_keys(text, location, line):
    assert line_of(text, location) == line
    assert at_line("x.json", text, location) == ("x.json" if line is None else f"x.json: line {line}")
    assert at_line("x.json", None, location) == "x.json"


ROADS = {
    "nodes": [{"name": "a"}, {"name": "b"}, {"name": "a"}],
    "pairs": [{"path": ["a", "c", "c"]}],
    "scenarios": [{"times": {"l'un": 3}}, {"times": {}}],
}


@pytest.mark.parametrize(
    ("message", "location"),
    [
        ("nodes: the name 'a' appears twice", ("nodes", 2)),
        ("pairs[0].path: 'c' is not a link", ("pairs", 0, "path", 2)),
        ("pairs[0].path: 'd' is not a link", ("pairs", 0, "path")),
        ('scenarios[0].times: "l\'un" is not a link', ("scenarios", 0, "times", "l'un")),
        ('scenarios[1].times: "l\'un" is not a link', ("scenarios", 1, "times")),
        ("scenarios[*].rate: the sum is 2", ("scenarios",)),
        ("pairs[7].path: 'c'", ("pairs", 7, "path")),
        ("nodes.a.b: 'a'", ("nodes", "a", "b")),
        ("colour: 'a'", ("colour",)),
        ("'a' is wrong", ()),
    ],
)
def test_what_a_message_is_about(message, location):
    assert location_of(message, ROADS) == location
