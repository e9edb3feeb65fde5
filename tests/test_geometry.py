"""Coordinates: to kilometres and back, and what swapped latitude and longitude get."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.scenario_gen.geometry import KM_PER_DEGREE, Projection, check_coordinates


@given(st.floats(-60, 60), st.floats(-170, 170), st.floats(-80, 80), st.floats(-80, 80))
def test_there_and_back(latitude, longitude, x, y):
    projection = Projection(latitude, longitude)
    assert projection.to_km(*projection.to_degrees(x, y)) == (pytest.approx(x, abs=1e-8), pytest.approx(y, abs=1e-8))


def test_against_the_great_circle():
    """Within 0.6 % of the haversine distance 75 km from the origin, at the latitude of Istanbul."""
    projection = Projection(41.0, 29.0)
    for bearing in np.linspace(0, 2 * np.pi, 9):
        lat, lon = (np.radians(v) for v in projection.to_degrees(75 * np.sin(bearing), 75 * np.cos(bearing)))
        h = np.sin((lat - np.radians(41)) / 2) ** 2 + np.cos(lat) * np.cos(np.radians(41)) * np.sin((lon - np.radians(29)) / 2) ** 2
        assert 2 * 6371.0088 * np.arcsin(np.sqrt(h)) == pytest.approx(75, rel=6e-3)
    assert pytest.approx(111.195, abs=1e-3) == KM_PER_DEGREE


def test_values_that_are_no_coordinates():
    with pytest.raises(InputError, match=r"b\.csv: row 2: field 'latitude' is 129: expected -90 to 90.*may be swapped"):
        check_coordinates(np.array([41.0, 129.0]), np.array([29.0, 41.0]), where="b.csv", first_row=1)
    with pytest.raises(InputError, match=r"row 1: field 'longitude' is 229: expected -180 to 180 degrees$"):
        check_coordinates(np.array([41.0]), np.array([229.0]), where="b.csv", first_row=1)
    with pytest.raises(InputError, match=r"row 1: field 'latitude' is nan"):
        check_coordinates(np.array([np.nan]), np.array([29.0]), where="b.csv", first_row=1)


def test_swapped_within_range():
    """41, 29 as 29, 41 is a place on earth; only the region tells."""
    origin = Projection(41.0, 29.0)
    check_coordinates(np.array([41.2]), np.array([28.5]), where="b.csv", origin=origin)
    with pytest.raises(InputError, match=r"row 3: latitude 29, longitude 41 .*latitude and longitude are swapped"):
        check_coordinates(np.array([29.0]), np.array([41.0]), where="b.csv", origin=origin, first_row=3)
    with pytest.raises(InputError, match=r"expected a place of the region"):
        check_coordinates(np.array([-41.0]), np.array([29.0]), where="b.csv", origin=origin)
