"""The instance schema: every kind of bad value is refused in one message that names file, field and value."""

import json
import math
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from quakeops.errors import InstanceError
from quakeops.instances.loader import validate
from quakeops.instances.schema import Prepositioning

DELETE = object()
FILE = "towns.json"
TENTS = {"name": "tents", "unit": "tent", "volume": 1, "price": 4, "transport_cost": 0.1}


def put(data, field, value):
    """Set (or delete) the entry that ``field`` names, such as ``nodes[0].name``."""
    *parents, last = [int(t) if t.isdigit() else t for t in re.findall(r"[^.\[\]]+", field)]
    for token in parents:
        data = data[token]
    if value is DELETE:
        del data[last]
    else:
        data[last] = value


def test_small_is_valid(small):
    instance = validate(small, FILE)
    assert isinstance(instance, Prepositioning)
    assert Prepositioning.model_validate(instance.model_dump(mode="json")) == instance


BAD_VALUES = [
    ("scenarios[1].demand.Mesi.tents", -5),
    ("scenarios[1].demand.Mesi.tents", math.nan),
    ("scenarios[1].demand.Mesi.tents", math.inf),
    ("scenarios[1].demand.Mesi.tents", "many"),
    ("scenarios[1].demand.Mesi.tents", None),
    ("scenarios[1].demand.Mesi", 7),
    ("scenarios[1].demand", [1, 2]),
    ("scenarios[0].probability", 1.5),
    ("scenarios[0].probability", -0.1),
    ("scenarios[0].probability", math.nan),
    ("scenarios[1].usable.Kato", 1.01),
    ("scenarios[1].usable.Kato", -0.2),
    ("scenarios[1].link_capacity_factor.Ano -- Kato", -1),
    ("scenarios[1].link_capacity_factor.Ano -- Kato", math.inf),
    ("scenarios[1].casualties.Ano", -1),
    ("scenarios[1].loss.Mesi", math.inf),
    ("scenarios", {"a": 1}),
    ("format", "quakeops/prepositioning/2"),
    ("name", ""),
    ("name", 3),
    ("sizes[1].capacity", 0),
    ("sizes[0].fixed_cost", -1),
    ("sizes", []),
    ("commodities", []),
    ("nodes", []),
    ("nodes", "Ano"),
    ("nodes[1]", 5),
    ("nodes[0].latitude", 91),
    ("nodes[0].longitude", math.nan),
    ("nodes[0].candidate", "maybe"),
    ("links[0].ends", "Ano"),
    ("links[0].length", -10),
    ("links[0].capacity", math.inf),
    ("commodities[0].price", "cheap"),
    ("commodities[0].holding_cost", math.nan),
    ("commodities[0].shortage_penalty", -30),
    ("provenance.nodes", "guessed"),
    ("impact.horizon_h", 0),
    ("best_known", {"objective": math.inf, "bound": 0, "command": ""}),
]


@pytest.mark.parametrize(("field", "value"), BAD_VALUES)
def test_bad_value_is_named(small, field, value):
    put(small, field, value)
    with pytest.raises(InstanceError) as caught:
        validate(small, FILE)
    message = str(caught.value)
    assert message.startswith(f"{FILE}: field '{field}")
    assert repr(value) in message or "inf" in message


@pytest.mark.parametrize(
    ("field", "value", "parts"),
    [
        ("scenarios[1].probability", 0.5, ["scenarios[*].probability", "1.1", "expected 1"]),
        ("scenarios[1].probability", 0.4 + 1e-8, ["scenarios[*].probability", "1.00000001"]),
        ("scenarios[1].demand.Nowhere", {"tents": 1}, ["scenarios[1].demand", "'Nowhere'", "not a node"]),
        ("scenarios[1].demand.Mesi.boats", 1, ["scenarios[1].demand.Mesi", "'boats'", "not a commodity"]),
        ("scenarios[1].usable.Nowhere", 1, ["scenarios[1].usable", "'Nowhere'", "not a node"]),
        ("scenarios[1].casualties.Nowhere", 1, ["scenarios[1].casualties", "'Nowhere'"]),
        ("scenarios[1].loss.Nowhere", 1, ["scenarios[1].loss", "'Nowhere'"]),
        ("scenarios[1].link_capacity_factor", {"Kato -- Ano": 1}, ["scenarios[1].link_capacity_factor", "'Kato -- Ano'", "not a link"]),
        ("links[1].ends", ["Kato", "Nowhere"], ["links[1].ends", "'Nowhere'", "not a node"]),
        ("links[1].ends", ["Kato", "Kato"], ["links[1].ends", "'Kato -- Kato'", "itself"]),
        ("links[1].ends", ["Kato", "Ano"], ["links", "'Ano -- Kato'", "twice"]),
        ("links[1].ends", ["Kato"], ["field 'links[1].ends[1]' is missing"]),
        ("links[1].ends", ["Kato", "Ano", "Mesi"], ["links[1].ends", "['Kato', 'Ano', 'Mesi']"]),
        ("links[1].hours", DELETE, ["links[1].hours", "travel times"]),
        ("nodes[1].name", "Ano", ["nodes", "'Ano'", "twice"]),
        ("commodities[1].name", "tents", ["commodities", "'tents'", "twice"]),
        ("sizes[1].name", "small", ["sizes", "'small'", "twice"]),
        ("scenarios[1].name", "mild", ["scenarios", "'mild'", "twice"]),
        ("commodities[0].holding_cost", -5, ["commodities[0]", "-5", "salvage above the price 4"]),
        (
            "commodities[0]",
            {**TENTS, "shortage_penalty": 2, "holding_cost": -3},
            ["commodities[0]", "-3", "salvage above the shortage_penalty 2"],
        ),
        ("impact.casualty_reduction", [[0, 0], [0.5, 0.1], [1, 0.6]], ["impact", "casualty_reduction", "concave", "[0.2, 1.0]"]),
        ("impact.casualty_reduction", [[0, 0], [0.5, 0.5], [1, 0.4]], ["impact", "casualty_reduction", "nondecreasing"]),
        ("impact.casualty_reduction", [[0, 0], [0, 0.4], [1, 0.6]], ["impact", "casualty_reduction", "inf"]),
        ("impact.loss_reduction", [[0, 0.1], [1, 0.3]], ["impact", "loss_reduction", "(0, 0)"]),
        ("impact.loss_reduction", [[0, 0], [0.9, 0.3]], ["impact", "loss_reduction", "coverage 1"]),
        ("impact.loss_reduction", [[0, 0]], ["impact", "loss_reduction"]),
        ("scenario", [], ["unknown field 'scenario'", "did you mean 'scenarios'?"]),
        ("nodes[0].depot", True, ["unknown field 'nodes[0].depot'"]),
        ("scenarios[0].weight", 1, ["unknown field 'scenarios[0].weight'"]),
        ("commodities[0].price", DELETE, ["field 'commodities[0].price' is missing"]),
        ("nodes", DELETE, ["field 'nodes' is missing"]),
    ],
)
def test_what_does_not_fit_together_is_named(small, field, value, parts):
    put(small, field, value)
    with pytest.raises(InstanceError) as caught:
        validate(small, FILE)
    for part in [FILE, *parts]:
        assert part in str(caught.value)


def test_an_instance_needs_a_candidate(small):
    for node in small["nodes"]:
        node["candidate"] = False
    with pytest.raises(InstanceError, match=r"towns.json: nodes: none is a candidate"):
        validate(small, FILE)


def test_many_errors_are_cut_short(small):
    for scenario in small["scenarios"]:
        scenario["demand"] = {f"town{i}": {"tents": -i - 1} for i in range(20)}
    with pytest.raises(InstanceError) as caught:
        validate(small, FILE)
    lines = str(caught.value).splitlines()
    assert len(lines) == 6 and lines[-1] == "... and 35 more"


@pytest.mark.parametrize("data", [None, [], 3, "text"])
def test_not_an_object(data):
    with pytest.raises(InstanceError, match=rf"{FILE}: an instance is a JSON object, found {type(data).__name__}"):
        validate(data, FILE)


def fields(data, prefix=""):
    """Name every entry of parsed JSON, at any depth."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        name = f"{prefix}[{key}]" if isinstance(data, list) else f"{prefix}.{key}".lstrip(".")
        yield name
        yield from fields(value, name)


junk = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.just([])
    | st.just({})
    | st.just([[]])
    | st.just({"a": {}})
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.data())
def test_any_junk_loads_or_gives_one_short_message(small, data):
    """Whatever stands in whatever place, nothing but an InstanceError comes out."""
    damaged = json.loads(json.dumps(small))
    put(damaged, data.draw(st.sampled_from(list(fields(small)))), data.draw(junk | st.just(DELETE)))
    try:
        validate(damaged, FILE)
    except InstanceError as e:
        assert FILE in str(e) and len(str(e)) < 2000
