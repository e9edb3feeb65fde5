"""GeoJSON out: what RFC 7946 wants, and what JSON cannot hold."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.instances.bridges import read_bridges
from quakeops.instances.geojson import bridge_points, lines, points, write_geojson

BRIDGES = "name,lat,lon,moderate_g,complete_g,beta,year,repair_cost,links\nnorth,38.5,22.123456789,0.3,0.9,0.6,1968,1e6,a-b;b-a\nsouth,38.25,22.5,0.2,0.5,0.6,,5e5,\n"


def strict(path):
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(f"{name} in JSON"))


def test_a_collection_of_points_and_lines(tmp_path):
    """Longitude first, seven decimals, a FeatureCollection of Features with geometry and properties."""
    path = tmp_path / "map.geojson"
    write_geojson(
        path,
        [
            *points([38.5], [22.123456789], [{"name": "é", "n": np.int64(3), "open": np.bool_(True)}]),
            *lines([([1, 2, 3], [4, 5, 6])], [{}]),
        ],
    )
    assert strict(path) == {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [22.1234568, 38.5]},
                "properties": {"name": "é", "n": 3, "open": True},
            },
            {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[4.0, 1.0], [5.0, 2.0], [6.0, 3.0]]}, "properties": {}},
        ],
    }
    write_geojson(path, [])
    assert strict(path) == {"type": "FeatureCollection", "features": []}


def test_bridges(write, tmp_path):
    inventory = read_bridges(write("bridges.csv", BRIDGES))
    features = bridge_points(inventory, state=np.array([2, 0]), retrofitted=[True, False])
    write_geojson(tmp_path / "b.geojson", features)
    north, south = (f["properties"] for f in strict(tmp_path / "b.geojson")["features"])
    assert north == {
        "name": "north", "title": "", "imt": "SA(1.0)", "links": ["a-b", "b-a"], "moderate_g": 0.3, "moderate_beta": 0.6, "complete_g": 0.9,
        "complete_beta": 0.6, "year": 1968, "repair_cost": 1e6, "state": 2, "retrofitted": True,
    }  # fmt: skip
    assert south["year"] is None and south["links"] == [] and south["state"] == 0
    with pytest.raises(InputError, match="property 'state': 3 values: expected one for each of 2 bridges"):
        bridge_points(inventory, state=[1, 2, 3])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: points([91.0], [0.0], [{}]), "point 0: latitude 91, longitude 0: expected -90 to 90"),
        (lambda: points([0, 0.0], [0, np.nan], [{}, {}]), "point 1: latitude 0, longitude nan"),
        (lambda: points([0.0], [0, 1.0], [{}]), "latitude has the shape"),
        (lambda: points([0.0], [0.0], []), "0 sets of properties: expected one for each of 1 features"),
        (lambda: lines([([1.0], [2.0])], [{}]), "line 0: 1 places: expected at least two"),
        (lambda: lines([([1.0, 1], [2.0, 200])], [{}]), "line 0, place 1: latitude 1, longitude 200"),
        (lambda: lines([([1.0, 1], [179.0, -179])], [{}]), "line 0: crosses the antimeridian"),
        (lambda: lines([], [{}]), "1 sets of properties"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize("value", [float("inf"), float("nan"), {1, 2}, np.float64("inf")])
def test_a_property_that_json_does_not_have(value, tmp_path):
    """Nothing half-written: what stood there before stays."""
    path = tmp_path / "map.geojson"
    path.write_text("before")
    with pytest.raises(InputError, match=r"map.geojson: feature 1: a property cannot be written as JSON \(.*\): \{'rate': "):
        write_geojson(path, points([0, 1], [0, 1], [{}, {"rate": value}]))
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(InputError, match="cannot be written"):
        write_geojson(tmp_path / "nowhere" / "map.geojson", [])


@given(st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), min_size=1, max_size=8))
def test_places_come_back(tmp_path_factory, places):
    path = tmp_path_factory.mktemp("places") / "p.geojson"
    latitude, longitude = np.array(places).T
    write_geojson(path, points(latitude, longitude, [{}] * len(places)))
    found = np.array([f["geometry"]["coordinates"] for f in strict(path)["features"]])
    assert np.abs(found - np.column_stack([longitude, latitude])).max() <= 5.1e-8
