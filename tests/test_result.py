"""The result object: plain, frozen, honest about what it does not have, and equal to itself after JSON and pickle."""

import json
import math
import pickle
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError, NoSolutionError
from quakeops.result import EXIT_CODES, Result, Status, TracePoint, relative_gap

number = st.floats(allow_nan=False, allow_infinity=False)
maybe = st.none() | number
text = st.text(max_size=20)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | number | text,
    lambda x: st.lists(x, max_size=3) | st.dictionaries(text, x, max_size=3),
    max_leaves=8,
)
results = st.builds(
    Result,
    status=st.sampled_from(Status),
    method=text,
    solver=text,
    model=text,
    instance=text,
    sense=st.sampled_from(["minimize", "maximize"]),
    objective=maybe,
    bound=maybe,
    num_scenarios=st.integers(0, 10**6),
    first_stage=st.dictionaries(text, number, max_size=5),
    stop_reason=text,
    trace=st.lists(st.builds(TracePoint, time_s=number, bound=maybe, objective=maybe), max_size=4).map(tuple),
    timing=st.dictionaries(text, number, max_size=3),
    provenance=st.dictionaries(text, plain, max_size=3),
)
SOLVED = Result(status=Status.OPTIMAL, method="ef", solver="highs", model="m", objective=10.0, bound=9.0, first_stage={"x": 1.0})


def refuse(constant):
    raise AssertionError(f"{constant} in JSON")


@given(results)
def test_json_round_trip(result):
    data = json.loads(result.to_json(), parse_constant=refuse)
    gap = data["gap"]
    assert Result.from_dict(data) == result
    assert gap is None if result.gap is None or not math.isfinite(result.gap) else gap == result.gap


@given(results)
def test_pickle(result):
    assert pickle.loads(pickle.dumps(result)) == result


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_json_has_null_for_what_is_not_a_number(bad):
    result = replace(
        SOLVED, objective=bad, trace=(TracePoint(time_s=1.0, bound=bad),), timing={"total": bad}, provenance={"a": [{"b": (bad,)}]}
    )
    data = json.loads(result.to_json(), parse_constant=refuse)
    assert data["objective"] is data["gap"] is data["timing"]["total"] is None
    assert data["trace"] == [[1.0, None, None]] and data["provenance"] == {"a": [{"b": [None]}]}


def test_save_and_load(tmp_path):
    SOLVED.save(tmp_path / "r.json")
    assert Result.load(tmp_path / "r.json") == SOLVED
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"], "no temporary file is left"


@pytest.mark.parametrize(
    ("objective", "bound", "gap"),
    [(10.0, 9.0, 0.1), (-10.0, -11.0, 0.1), (0.0, 0.0, 0.0), (0.0, -1.0, 1e10), (None, 1.0, None), (1.0, None, None)],
)
def test_gap(objective, bound, gap):
    """|objective - bound| / max(|objective|, 1e-10), in either sense; none when a side is missing."""
    assert relative_gap(objective, bound) == (None if gap is None else pytest.approx(gap))
    assert replace(SOLVED, objective=objective, bound=bound).gap == relative_gap(objective, bound)


def test_frozen():
    with pytest.raises(FrozenInstanceError):
        SOLVED.objective = 0.0
    with pytest.raises((FrozenInstanceError, TypeError, AttributeError)):
        SOLVED.note = "slots leave no room for a new field"


def test_exit_codes():
    codes = {"optimal": 0, "feasible": 1, "infeasible": 3, "unbounded": 3, "no_solution": 3, "error": 4}
    assert {s.value: replace(SOLVED, status=s).exit_code for s in Status} == codes
    assert set(EXIT_CODES) == set(Status)


def test_raise_for_status():
    assert SOLVED.raise_for_status() is SOLVED
    with pytest.raises(NoSolutionError, match=r"m .*infeasible.*because"):
        replace(SOLVED, status=Status.INFEASIBLE, objective=None, stop_reason="because").raise_for_status()


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("status", "fine", "'fine'"),
        ("status", None, "None"),
        ("objective", "ten", "'ten'"),
        ("objective", math.nan, "nan"),
        ("objective", True, "True"),
        ("bound", [1], "[1]"),
        ("first_stage", [1.0], "[1.0]"),
        ("first_stage.x", None, "None"),
        ("first_stage.x", math.inf, "inf"),
        ("first_stage.x", "1", "'1'"),
        ("num_scenarios", "six", "'six'"),
        ("method", 3, "3"),
        ("timing", 3, "3"),
        ("provenance", "x", "'x'"),
        ("trace", [[1.0, 2.0]], "triples"),
        ("trace", [["a", None, None]], "triples"),
        ("trace", None, "triples"),
        ("colour", "red", "unknown"),
    ],
)
def test_from_dict_names_the_field(field, value, named):
    data = SOLVED.to_dict()
    parent, _, child = field.partition(".")
    data[parent] = {child: value} if child else value
    with pytest.raises(InputError) as caught:
        Result.from_dict(data, where="plan.json")
    for part in ("plan.json", repr(field), named):
        assert part in str(caught.value)


@pytest.mark.parametrize("field", ["status", "method", "solver"])
def test_from_dict_names_the_missing_field(field):
    data = SOLVED.to_dict()
    del data[field]
    with pytest.raises(InputError, match=rf"result: field '{field}' is missing"):
        Result.from_dict(data)


@pytest.mark.parametrize(("content", "named"), [("[1]", "list"), ("{", "line 1"), ("", "line 1"), (SOLVED.to_json()[:40], "cut short")])
def test_load_names_the_file(write, content, named):
    path = write("r.json", content)
    with pytest.raises(InputError) as caught:
        Result.load(path)
    assert str(path) in str(caught.value) and named in str(caught.value)
