"""Tables of recognised buildings as triage instances: equal buildings of a district are one class; what is wrong is named by line."""

import numpy as np
import pytest
import quakeops
from hypothesis import given, settings
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.instances.recognised_buildings import RecognisedBuildings, read_recognised, write_recognised
from quakeops.instances.triage_table import triage_of

HEADER = "building,district,p0,p1,p2,p3\n"


def table(*rows):
    return HEADER + "".join(",".join(map(str, row)) + "\n" for row in rows)


ALIKE = [
    ("h1", "east", 0.1, 0.2, 0.3, 0.4),
    ("h2", "west", 0.1, 0.2, 0.3, 0.4),
    ("h3", "east", 0.1, 0.2, 0.3, 0.4),
    ("h4", "east", 0, 0, 0, 1),
]


def test_equal_buildings_of_a_district_are_one_class(write):
    instance = quakeops.load(write("town.csv", table(*ALIKE, *((f"x{k}", "west", 1, 0, 0, 0) for k in range(60)))))
    assert [(c.name, c.district, c.count) for c in instance.classes] == [
        ("h1 and 1 alike", "east", 2),
        ("h2", "west", 1),
        ("h4", "east", 1),
        ("x0 and 59 alike", "west", 60),
    ]
    assert [d.name for d in instance.districts] == ["east", "west"]
    few = quakeops.load(write("few.csv", table(*ALIKE)))
    assert (few.per_day, few.days, few.first_days) == (3, 2, 1)
    assert (instance.name, instance.buildings, instance.per_day, instance.days, instance.first_days) == ("town", 64, 50, 2, 1)


def test_a_table_is_solved_like_the_instance_file(write):
    """One building a class, and the same buildings grouped by hand in a file."""
    rng = np.random.default_rng(0)
    kinds = rng.dirichlet(np.ones(4), 5).round(3)
    kinds[:, 3] = 1 - kinds[:, :3].sum(axis=1)
    which = rng.integers(0, 5, 90)
    path = write("town.csv", "p0,p1,p2,p3\n" + "".join(",".join(map(repr, map(float, kinds[k]))) + "\n" for k in which))
    read = quakeops.load(path)
    assert len(read.classes) == 5 and read.first_days == 1
    grouped = read.model_dump() | {"classes": [c.model_dump() | {"name": f"c{i}"} for i, c in enumerate(read.classes)]}
    options = {"method": "benders", "scenarios": 6, "rel_gap": 1e-8}
    by_table = quakeops.solve("triage", instance=str(path), **options)
    by_file = quakeops.solve("triage", instance=str(write("town.json", grouped)), **options)
    assert by_table.objective == pytest.approx(by_file.objective, rel=1e-7) and by_table.status == "optimal"


def test_capacity_and_days_are_arguments(write):
    path = str(write("town.csv", "p0,p1,p2,p3\n" + "0,0,0,1\n" * 60 + "0,1,0,0\n" * 60))
    found = quakeops.solve("triage", instance=path, scenarios=1, arguments={"per_day": 20, "first_days": 3, "spare_days": 1}, rel_gap=1e-9)
    assert found.objective == pytest.approx(20 * (3 * (0.5 + 1.5 + 2.5) + 3.5 + 4.5 + 5.5))
    assert sum(name.startswith("early[") for name in found.first_stage) == 2 * 3
    for arguments, message in (
        ({"per_day": 0}, "per_day=0: "),
        ({"first_days": 3}, "first_days=3: first_days: 3, but all are served within 3 days"),
        ({"spare_days": -1}, "spare_days=-1: "),
    ):
        with pytest.raises(InputError, match=message):
            quakeops.solve("triage", instance=path, arguments=arguments)


def test_capacity_of_several_crews_is_theirs(write):
    data = quakeops.load("triage-yushu").model_dump() | {"crews": [{"name": "a", "per_day": 20}, {"name": "b", "per_day": 30}]}
    with pytest.raises(InputError, match="per_day=10: the instance has 2 crews"):
        quakeops.solve("triage", instance=str(write("two.json", data)), arguments={"per_day": 10})


@pytest.mark.parametrize(
    "text, message",
    [
        (table(("h1", "east", 0.5, 0.4, 0, 0)), r"t\.csv: line 2: probabilities 0\.5, 0\.4, 0, 0: the sum is 0\.9: expected 1"),
        (table(ALIKE[0], ("h1", "east", 1, 0, 0, 0)), r"t\.csv: line 3: field 'building' is 'h1'.*line 2"),
        (table(("h1", "", 1, 0, 0, 0)), "line 2: field 'district' is ''"),
        (table(("h1", "east", "nan", 1, 0, 0)), "line 2: field 'p0' is 'nan'"),
        (table(("h1", "east", -0.5, 1.5, 0, 0)), "line 2: field 'p0' is '-0.5'"),
        ("p0,p1,p2\n1,0,0\n", "column 'p3' is missing"),
        (HEADER.replace("district", "distrikt"), r"holds no rows"),
        (HEADER.replace("district", "distrikt") + "a,b,1,0,0,0\n", r"'distrikt' is unknown; did you mean 'district'"),
        (table(ALIKE[0]), r"t\.csv: 1 buildings, 1 a day: all are served on day 1"),
    ],
)
def test_what_is_wrong_is_named(write, text, message):
    with pytest.raises(InputError, match=message):
        quakeops.load(write("t.csv", text))


def test_another_model_does_not_take_it(write):
    path = write("t.csv", "p0,p1,p2,p3\n" + "0,0,0,1\n" * 60)
    with pytest.raises(InputError, match="is one of model 'triage', expected one of 'routing'"):
        quakeops.solve("routing", instance=str(path))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 3), st.integers(0, 2**31))
def test_written_tables_come_back_and_grouping_loses_nothing(tmp_path_factory, n, kinds, seed):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(4), kinds)[rng.integers(0, kinds, n)]
    districts = tuple(f"d {k}, west" for k in rng.integers(0, 2, n))
    path = tmp_path_factory.mktemp("t") / "t.csv"
    write_recognised(path, p, districts=districts)
    read = read_recognised(path)
    assert np.array_equal(read.probabilities, p) and read.district == districts and read.names is None
    if n > 1:
        instance = triage_of(RecognisedBuildings(p, districts), "t", "t", per_day=1)
        assert instance.buildings == n
        by_grade = sum(c.count * np.array(c.probabilities) for c in instance.classes)
        assert by_grade == pytest.approx(p.sum(axis=0))
        keys = {(c.district, tuple(np.round(c.probabilities, 12))) for c in instance.classes}
        assert len(keys) == len(instance.classes) <= 2 * kinds


def test_only_probabilities_are_written(tmp_path):
    with pytest.raises(InputError, match=r"row 1: the sum is 0\.5"):
        write_recognised(tmp_path / "p.csv", [[1, 0, 0, 0], [0.5, 0, 0, 0]])
    assert not (tmp_path / "p.csv").exists()
