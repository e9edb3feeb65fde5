"""Finite ruptures: sizes of Wells & Coppersmith, placement on the trace, R_JB by brute force and by its invariances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.scenario_gen import ruptures
from quakeops.scenario_gen.rupture_scaling import rupture_size_km
from quakeops.scenario_gen.ruptures import Rupture, place_rupture, place_within, rjb_km

BENT = np.array([[-30.0, -10.0], [-5.0, 4.0], [20.0, 0.0], [45.0, 12.0]])
FAULT = {"dip_degrees": 50.0, "top_km": 2.0, "bottom_km": 16.0, "mechanism": "reverse"}
SITES = np.random.default_rng(5).uniform(-60, 60, (2, 200))


def plane(trace, dip=60.0, top=3.0, bottom=15.0):
    return Rupture(7.0, np.asarray(trace, dtype=float), dip, top, bottom, "unspecified")


@pytest.mark.parametrize(
    ("mechanism", "length", "width"),
    [("strike-slip", 58.9, 13.5), ("reverse", 43.7, 18.2), ("normal", 41.7, 20.4), ("unspecified", 49.0, 17.0)],
)
def test_sizes_at_magnitude_7(mechanism, length, width):
    """Wells & Coppersmith (1994), Table 2A: 10^(a + 7 b) by hand."""
    assert [round(x, 1) for x in rupture_size_km(7.0, mechanism)] == [length, width]


def test_right_hand_rule():
    """A trace to the north has strike 0 and dips east; its rectangle lies between top / tan(dip) and bottom / tan(dip)."""
    north = plane([[0, 0], [0, 10]], dip=45)
    assert north.strike_degrees.tolist() == [0.0]
    np.testing.assert_allclose(north.corners_km[0], [[3, 0], [3, 10], [15, 10], [15, 0]], atol=1e-12)
    assert north.length_km == 10 and north.width_km == pytest.approx(12 * np.sqrt(2))
    x, y = [0, 3, 9, 18, 18, -1], [5, 5, 5, 5, 14, -4]
    np.testing.assert_allclose(rjb_km(north, x, y), [3, 0, 0, 3, 5, np.hypot(4, 4)], atol=1e-12)
    for strike, trace in ((90, [[0, 0], [1, 0]]), (180, [[0, 0], [0, -1]]), (270, [[0, 0], [-1, 0]]), (45, [[0, 0], [1, 1]])):
        assert plane(trace).strike_degrees[0] == pytest.approx(strike)


def test_vertical_fault_is_its_trace():
    line = plane([[0, 0], [10, 0]], dip=90)
    np.testing.assert_allclose(rjb_km(line, [5, 13, -3, 5], [0, 4, -4, -2]), [0, 5, 5, 2], atol=1e-12)
    assert np.ptp(line.corners_km[0][:, 1]) == 0


def sampled(rupture, x, y, step):
    """Smallest distance to points of the planes no farther than ``step`` apart, found in space and projected."""
    points = []
    for (a, b), strike in zip(zip(rupture.trace_km[:-1], rupture.trace_km[1:], strict=True), rupture.strike_degrees, strict=True):
        dip, azimuth = np.radians(rupture.dip_degrees), np.radians(strike + 90)
        down = np.array([np.sin(azimuth) * np.cos(dip), np.cos(azimuth) * np.cos(dip), np.sin(dip)])
        u = np.linspace(0, 1, int(np.hypot(*(b - a)) / step) + 2)
        w = np.linspace(rupture.top_km / np.sin(dip), rupture.bottom_km / np.sin(dip), int(rupture.width_km / step) + 2)
        at = np.append(a, 0.0) + u[:, None, None] * np.append(b - a, 0.0) + w[None, :, None] * down
        points.append(at.reshape(-1, 3)[:, :2])
    points = np.concatenate(points)
    return np.array([np.hypot(points[:, 0] - px, points[:, 1] - py).min() for px, py in zip(x, y, strict=True)])


@pytest.mark.parametrize("dip", [20.0, 50.0, 90.0])
@pytest.mark.parametrize("magnitude", [5.5, 7.4])
def test_brute_force(dip, magnitude):
    rupture = place_rupture(BENT, magnitude, 0.4, **FAULT | {"dip_degrees": dip})
    exact, brute = rjb_km(rupture, *SITES), sampled(rupture, *SITES, 0.25)
    assert (exact <= brute + 1e-9).all() and (brute - exact).max() < 0.25
    assert exact.max() > 20 and (exact.min() == 0) == (magnitude > 7 and dip < 90)


@given(st.floats(-np.pi, np.pi), st.floats(-200, 200), st.floats(-200, 200), st.floats(10, 90))
def test_rotation_and_translation_change_nothing(angle, dx, dy, dip):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    here = rjb_km(plane(BENT, dip), *SITES)
    there = rjb_km(plane(BENT @ turn.T + [dx, dy], dip), *(turn @ SITES + [[dx], [dy]]))
    np.testing.assert_allclose(there, here, atol=1e-9)


def test_point_source_limit():
    dot = plane([[3.0, 4.0], [3.0, 4.0 + 1e-9]], dip=90)
    np.testing.assert_allclose(rjb_km(dot, *SITES), np.hypot(SITES[0] - 3, SITES[1] - 4), atol=1e-8)


def test_a_bend_is_the_nearest_of_its_planes():
    both = rjb_km(plane(BENT), *SITES)
    each = [rjb_km(plane(BENT[i : i + 2]), *SITES) for i in range(3)]
    np.testing.assert_array_equal(both, np.min(each, axis=0))


def test_extra_points_on_a_straight_trace_change_nothing():
    straight = [[0, 0], [3, 4], [15, 20], [18, 24]]
    np.testing.assert_allclose(rjb_km(plane(straight), *SITES), rjb_km(plane(straight[::3]), *SITES), atol=1e-9)


@given(st.floats(4, 8.5), st.floats(0, 1), st.floats(0, 1), st.floats(15, 90), st.sampled_from(["strike-slip", "normal"]))
def test_placement(magnitude, position, depth, dip, mechanism):
    """The rupture has its size clipped to the fault, lies on it, and has gone the given share of its room along trace and dip."""
    fault = {"top_km": 2.0, "bottom_km": 16.0, "dip_degrees": dip, "mechanism": mechanism}
    rupture = place_rupture(BENT, magnitude, position, depth_position=depth, **fault)
    total, full_width = np.hypot(*np.diff(BENT, axis=0).T).sum(), 14 / np.sin(np.radians(dip))
    length, width = rupture_size_km(magnitude, mechanism)
    assert rupture.length_km == pytest.approx(min(length, total)) and rupture.width_km == pytest.approx(min(width, full_width))
    start = plane(BENT, 90)
    assert rjb_km(start, *rupture.trace_km.T).max() < 1e-9
    before = place_rupture(BENT, 9.5, 0, **fault).length_km - rupture.length_km
    assert np.hypot(*(rupture.trace_km[0] - at(position * before))) < 1e-6
    room = 14 - (rupture.bottom_km - rupture.top_km)
    assert rupture.top_km == pytest.approx(2 + depth * room) and rupture.bottom_km <= 16 + 1e-9
    assert np.isfinite(rjb_km(rupture, *SITES)).all()


def at(distance):
    """The place at a distance along the bent trace."""
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(BENT, axis=0).T))])
    return np.array([np.interp(distance, along, BENT[:, i]) for i in (0, 1)])


def test_ends_of_a_trace_and_bends():
    total = np.hypot(*np.diff(BENT, axis=0).T).sum()
    for position, end in ((0.0, 0), (1.0, -1)):
        short = place_rupture(BENT, 5.0, position, **FAULT)
        np.testing.assert_allclose(short.trace_km[end], BENT[end], atol=1e-9)
    np.testing.assert_allclose(place_rupture(BENT, 8.5, 0.3, **FAULT).trace_km, BENT)
    first = np.hypot(*(BENT[1] - BENT[0]))
    length = rupture_size_km(6.0, "reverse")[0]
    for nudge in (-1e-12, 0.0, 1e-12):
        touching = place_rupture(BENT, 6.0, (first + nudge) / (total - length), **FAULT)
        assert len(touching.trace_km) == 2 and np.isfinite(rjb_km(touching, *SITES)).all()


def test_an_aftershock_lies_on_the_mainshock_plane():
    main = place_rupture(BENT, 7.0, 0.5, **FAULT)
    rng = np.random.default_rng(2)
    for along, down in rng.random((20, 2)):
        after = place_within(main, 5.2, along, down)
        assert after.top_km >= main.top_km - 1e-9 and after.bottom_km <= main.bottom_km + 1e-9
        assert after.mechanism == "reverse" and after.magnitude == 5.2
        inside = rjb_km(main, *after.corners_km.mean(axis=1).T)
        assert inside.max() < 1e-9 or len(after.trace_km) > 2


def test_blocks_shapes_and_subsets_give_the_same_bits(monkeypatch):
    rupture = place_rupture(BENT, 7.2, 0.2, **FAULT)
    whole = rjb_km(rupture, *SITES)
    np.testing.assert_array_equal(rjb_km(rupture, *(s.reshape(8, 25) for s in SITES)), whole.reshape(8, 25))
    np.testing.assert_array_equal(rjb_km(rupture, *SITES[:, 3::7]), whole[3::7])
    assert float(rjb_km(rupture, *SITES[:, 0])) == whole[0] and rjb_km(rupture, [], []).shape == (0,)
    monkeypatch.setattr(ruptures, "_BLOCK", 13)
    np.testing.assert_array_equal(rjb_km(rupture, *SITES), whole)


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"trace_km": [[0, 0]]}, ["trace_km", "at least two places"]),
        ({"trace_km": [[0, 0, 1], [1, 1, 1]]}, ["trace_km", "(P, 2)"]),
        ({"trace_km": [[0, 0], [1, 1], [1, 1]]}, ["trace_km[2]", "same place as trace_km[1]"]),
        ({"trace_km": [[0, 0], [np.nan, 1]]}, ["trace_km[1, 0] is nan"]),
        ({"position": 1.2}, ["position is 1.2"]),
        ({"depth_position": -0.1}, ["depth_position is -0.1"]),
        ({"dip_degrees": 120}, ["dip_degrees is 120", "reverse the trace"]),
        ({"top_km": -1}, ["top_km is -1"]),
        ({"top_km": 20}, ["bottom_km is 16", "deeper than top_km"]),
        ({"magnitude": 70}, ["magnitude is 70"]),
        ({"mechanism": "thrust"}, ["mechanism 'thrust'", "reverse"]),
    ],
)
def test_bad_input(changes, parts):
    with pytest.raises(InputError) as e:
        place_rupture(**{"trace_km": BENT, "magnitude": 7.0, "position": 0.5, **FAULT, **changes})
    assert all(p in str(e.value) for p in parts), e.value


def test_bad_sites():
    with pytest.raises(InputError, match=r"y_km\[1\] is nan"):
        rjb_km(plane(BENT), [0, 1], [0, np.nan])
    with pytest.raises(InputError, match=r"\(2,\), y_km \(3,\)"):
        rjb_km(plane(BENT), [0, 1], [0, 1, 2])
