"""BSSA14: the anchor of the design notes, OpenQuake's table, PEER's cases, limits of each term, broadcasting, bad input."""

import csv
import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.scenario_gen import ground_motion
from quakeops.scenario_gen.bssa14_coefficients import DC_3_OF_REGION, E_OF_MECHANISM, TABLE, Mechanism, Region
from quakeops.scenario_gen.ground_motion import bssa14, mean_z1_km, prepare

GMM = Path(__file__).parents[2] / "shared" / "data" / "hazard" / "gmm"
needs_data = pytest.mark.skipif(not GMM.is_dir(), reason="the reference data (shared/data/hazard/gmm) are not beside the checkout")
IMTS = tuple(TABLE)


def median(*args, **options):
    return np.exp(bssa14(*args, **options)[0])


@pytest.mark.parametrize(("region", "pga"), [("global", 0.2298053), ("china-turkey", 0.24112), ("italy-japan", 0.22013)])
def test_anchor(region, pga):
    """M 7.2, 20 km, 300 m/s, strike-slip, no basin."""
    ln_median, tau, phi = bssa14(7.2, 20.0, 300.0, region=region)
    assert np.exp(ln_median) == pytest.approx(pga, abs=0.5 * 10 ** -(7 if region == "global" else 5))
    assert (round(float(tau), 3), round(float(phi), 3)) == (0.348, 0.495)


@needs_data
def test_coefficients_are_those_of_the_supplement():
    lines = (GMM / "pygmm_boore_stewart_seyhan_atkinson-2014.csv").read_text().splitlines()
    head = next(line for line in lines if line.startswith("#period")).removeprefix("#").split(",")
    rows = {float(line.split(",")[0]): dict(zip(head, map(float, line.split(",")), strict=True)) for line in lines if line[0] != "#"}
    names = {"dc_3_global": "dc_3global", "dc_3_ct": "dc_3ct", "dc_3_ij": "dc_3ij"}
    for imt, period in (("PGA", 0.0), ("PGV", -1.0), ("SA(1.0)", 1.0)):
        for field in TABLE[imt].__slots__:
            no_basin = field in ("f_6", "f_7") and imt != "SA(1.0)"
            assert getattr(TABLE[imt], field) == (0.0 if no_basin else rows[period][names.get(field, field)]), (imt, field)


@needs_data
@pytest.mark.parametrize(("imt", "column"), [("PGA", "pga"), ("PGV", "pgv"), ("SA(1.0)", "1.000")])
def test_openquake_table(imt, column):
    """Mechanism unspecified; g and cm/s; six digits are printed, so 1e-5."""
    with (GMM / "oq_BSSA2014" / "BSSA_2014_NOSOF_MEAN.csv").open() as f:
        rows = list(csv.DictReader(f))
    m, r, v, expected = (np.array([float(row[c]) for row in rows]) for c in ("rup_mag", "dist_rjb", "site_vs30", column))
    assert len(rows) == 150
    np.testing.assert_allclose(median(m, r, v, mechanism="unspecified", imt=imt), expected, rtol=1e-5)


PEER_ROUNDS = {
    "PGA": {"dc_3_ct": 0.00286, "dc_3_ij": -0.00255},
    "PGV": {"dc_3_ct": 0.00435, "dc_3_ij": -0.00033},
    "SA(1.0)": {"dc_3_ct": 0.00292, "dc_3_ij": -0.00209, "f_6": 0.367, "f_7": 0.208},
}


@needs_data
@pytest.mark.parametrize("imt", IMTS)
@pytest.mark.parametrize("case", range(8))
def test_peer_cases(imt, case, monkeypatch):
    """PEER's NGA-West2 spreadsheet rounds some coefficients: with its digits to 1e-10, with the published ones to 1e-4."""
    with gzip.open(GMM / "pygmm_ngaw2_tests.json.gz") as f:
        data = json.load(f)[case]
    p, peer = data["params"], data["results"]["BSSA14"]
    one_second = peer["periods"].index(1.0)
    expected, sigma = {
        "PGA": (peer["pga"], peer["pga_ln_std"]),
        "PGV": (peer["pgv"], peer["pgv_ln_std"]),
        "SA(1.0)": (peer["spec_accels"][one_second], peer["ln_stds"][one_second]),
    }[imt]
    options = {
        "mechanism": {"SS": "strike-slip", "RS": "reverse", "NS": "normal", "U": "unspecified"}[p["mechanism"]],
        "region": {"china": "china-turkey", "turkey": "china-turkey", "japan": "italy-japan", "italy": "italy-japan"}.get(
            p["region"], "global"
        ),
        "basin": "japan" if p["region"] == "japan" else "california",
        "z1_km": p["depth_1_0"],
        "imt": imt,
    }
    place = (p["mag"], p["dist_jb"], p["v_s30"])
    assert median(*place, **options) == pytest.approx(expected, rel=1e-4)
    for name, changes in PEER_ROUNDS.items():
        monkeypatch.setitem(TABLE, name, replace(TABLE[name], **changes))
    ln_median, tau, phi = bssa14(*place, **options)
    assert np.exp(ln_median) == pytest.approx(expected, rel=1e-10)
    assert np.hypot(tau, phi) == pytest.approx(sigma, rel=1e-12)


def by_hand(m, r, v, row, rock, mechanism, region, dz1=0.0):
    """Eq. 1-9 for one site, with plain branches."""

    def event_and_path(c):
        e = getattr(c, E_OF_MECHANISM[mechanism])
        event = e + c.e_4 * (m - c.M_h) + c.e_5 * (m - c.M_h) ** 2 if m <= c.M_h else e + c.e_6 * (m - c.M_h)
        distance = np.sqrt(r**2 + c.h**2)
        return event + (c.c_1 + c.c_2 * (m - 4.5)) * np.log(distance) + (c.c_3 + getattr(c, DC_3_OF_REGION[region])) * (distance - 1)

    pga_rock = np.exp(event_and_path(rock))
    linear = row.c * np.log((v if v <= row.V_c else row.V_c) / 760)
    f_2 = row.f_4 * (np.exp(row.f_5 * (min(v, 760) - 360)) - np.exp(row.f_5 * (760 - 360)))
    basin = 0.0 if row.f_6 == 0 else row.f_6 * dz1 if dz1 <= row.f_7 / row.f_6 else row.f_7
    return event_and_path(row) + linear + f_2 * np.log((pga_rock + 0.1) / 0.1) + basin


@pytest.mark.parametrize("mechanism", get_args(Mechanism))
@pytest.mark.parametrize("imt", IMTS)
def test_equations_term_by_term(imt, mechanism):
    rng = np.random.default_rng(3)
    for m, r, v, z1 in zip(
        rng.uniform(3, 8.5, 60), rng.uniform(0, 400, 60), rng.uniform(150, 1500, 60), rng.uniform(0, 3, 60), strict=True
    ):
        region, basin = rng.choice(get_args(Region)), rng.choice(["california", "japan"])
        expected = by_hand(m, r, v, TABLE[imt], TABLE["PGA"], mechanism, region, z1 - float(mean_z1_km(v, basin)))
        got = bssa14(m, r, v, imt=imt, mechanism=mechanism, region=region, basin=basin, z1_km=z1)[0]
        assert got == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(st.floats(3, 8.5), st.floats(0, 400), st.floats(0, 400), st.sampled_from(IMTS), st.sampled_from(get_args(Region)))
def test_shaking_falls_with_distance(m, near, far, imt, region):
    """On every soil: the nonlinear term takes back part of a stronger motion, never all of it."""
    near, far = sorted((near, far))
    at_near, at_far = (bssa14(m, r, [150.0, 300.0, 760.0, 1500.0], imt=imt, region=region)[0] for r in (near, far))
    assert (at_near >= at_far).all()


def test_mean_basin_depth():
    """Eq. 11 and 12 at three points by arithmetic: 1 m in California and Japan at 1360 m/s, and the soft limit."""
    for basin, soft in (
        ("california", ((1360**4 + 570.94**4) / 570.94**4) ** (7.15 / 4)),
        ("japan", ((1360**2 + 412.39**2) / 412.39**2) ** (5.23 / 2)),
    ):
        assert mean_z1_km(1360.0, basin) == pytest.approx(0.001)
        assert mean_z1_km(1e-6, basin) == pytest.approx(soft / 1000)
    assert mean_z1_km(300.0, "california") == pytest.approx(0.459, abs=5e-4) and mean_z1_km(300.0, "japan") == pytest.approx(
        0.2127, abs=5e-5
    )


def test_basin_term():
    """Zero at the mean depth, without z1 and below 0.65 s; linear, then capped at f_7."""
    v = np.array([200.0, 400.0, 760.0])
    plain = bssa14(7, 30, v, imt="SA(1.0)")[0]
    for basin in ("california", "japan"):
        mean = mean_z1_km(v, basin)
        at = [bssa14(7, 30, v, imt="SA(1.0)", basin=basin, z1_km=mean + d)[0] - plain for d in (0.0, 0.1, 0.5667, 5.0)]
        np.testing.assert_allclose(at, np.outer([0.0, 0.036695, 0.20789, 0.20789], np.ones(3)), atol=1e-12)
        np.testing.assert_array_equal(bssa14(7, 30, v, imt="SA(1.0)", basin=basin)[0], plain)
        for imt in ("PGA", "PGV"):
            np.testing.assert_array_equal(bssa14(7, 30, v, imt=imt, basin=basin, z1_km=3.0)[0], bssa14(7, 30, v, imt=imt)[0])


def test_rock_has_no_site_term():
    """At 760 m/s both site terms vanish; the nonlinear term vanishes for weak shaking."""
    for imt in IMTS:
        rock, soft = bssa14(7.0, 300.0, [760.0, 250.0], imt=imt)[0]
        assert rock == pytest.approx(by_hand(7.0, 300.0, 760.0, TABLE[imt], TABLE["PGA"], "strike-slip", "global"), rel=1e-13)
        weak = bssa14(3.0, 400.0, [760.0, 250.0], imt=imt)[0]
        assert weak[1] - weak[0] == pytest.approx(TABLE[imt].c * np.log(250 / 760), abs=1e-4)
        strong = bssa14(7.5, 0.0, [760.0, 250.0], imt=imt)[0]
        assert strong[1] - strong[0] < soft - rock < weak[1] - weak[0]


@pytest.mark.parametrize("imt", IMTS)
def test_linear_term_is_capped(imt):
    """Eq. 6: rock stiffer than V_c amplifies no less."""
    below, at, above = bssa14(6.0, 50.0, TABLE[imt].V_c * np.array([0.99, 1.0, 1.5]), imt=imt)[0]
    assert below > at == above


@pytest.mark.parametrize("imt", IMTS)
def test_scatter(imt):
    """Eq. 14-17 at and between their corners."""
    c = TABLE[imt]
    _, tau, phi = bssa14(np.array([3.0, 4.5, 5.0, 5.5, 8.0]), 10.0, 760.0, imt=imt)
    assert tau == pytest.approx([c.tau_1, c.tau_1, (c.tau_1 + c.tau_2) / 2, c.tau_2, c.tau_2])
    assert phi == pytest.approx([c.phi_1, c.phi_1, (c.phi_1 + c.phi_2) / 2, c.phi_2, c.phi_2])
    far = bssa14(7.0, np.array([0.0, c.R_1, np.sqrt(c.R_1 * c.R_2), c.R_2, 1000.0]), 760.0, imt=imt)[2]
    assert far - c.phi_2 == pytest.approx(c.dphi_R * np.array([0, 0, 0.5, 1, 1]))
    soft = bssa14(7.0, 10.0, np.array([150.0, 225.0, np.sqrt(225 * 300.0), 300.0, 1500.0]), imt=imt)[2]
    assert soft - c.phi_2 == pytest.approx(-c.dphi_V * np.array([1, 1, 0.5, 0, 0]))


def test_regions_differ_in_the_far_field_only():
    near = [float(bssa14(7, 0, 400, region=r)[0]) for r in get_args(Region)]
    far = [float(bssa14(7, 200, 400, region=r)[0]) for r in ("italy-japan", "global", "china-turkey")]
    assert np.ptp(near) < 0.02 and far == sorted(far) and far[2] - far[0] > 0.8


def test_sites_and_ruptures_broadcast():
    rng = np.random.default_rng(0)
    m, r, v = rng.uniform(5, 8, (4, 1)), rng.uniform(0, 300, (4, 50)), rng.uniform(180, 1000, 50)
    for imt in IMTS:
        block = bssa14(m, r, v, imt=imt, region="italy-japan")
        assert [x.shape for x in block] == [(4, 50)] * 3
        one = [bssa14(m[i, 0], r[i], v, imt=imt, region="italy-japan") for i in range(4)]
        for got, expected in zip(block, zip(*one, strict=True), strict=True):
            np.testing.assert_array_equal(got, np.stack(expected))
    assert [x.shape for x in bssa14(7, 20, 300)] == [()] * 3
    assert [x.shape for x in bssa14(7, 20, v)] == [x.shape for x in bssa14(7, r[0], 300)] == [(50,)] * 3
    assert [x.shape for x in bssa14(7, [], [])] == [(0,)] * 3
    assert [x.shape for x in bssa14(np.zeros((0, 1)), np.zeros((0, 1)), v)] == [(0, 50)] * 3


def test_prepared_sites_blocks_and_subsets_give_the_same_bits(monkeypatch):
    rng = np.random.default_rng(1)
    r, v = rng.uniform(0, 150, 1003), rng.uniform(180, 1000, 1003)
    sites = prepare(v, imt="SA(1.0)", region="italy-japan")
    before = r.copy()
    first = sites.at(6.8, r, "reverse")
    again = sites.at(6.8, r, "reverse")
    whole = bssa14(6.8, r, v, mechanism="reverse", imt="SA(1.0)", region="italy-japan")
    for few in (np.arange(0, 1003, 7), np.flatnonzero(r < 100), np.array([1002])):
        part = bssa14(6.8, r[few], v[few], mechanism="reverse", imt="SA(1.0)", region="italy-japan")
        for a, b, c, d in zip(first, again, whole, part, strict=True):
            assert np.array_equal(a, b) and np.array_equal(a, c) and np.array_equal(a[few], d)
    np.testing.assert_array_equal(r, before)
    magnitudes = np.array([[5.0], [6.8]])
    rows = sites.at(magnitudes, r, "reverse")
    for block in (1, 13, 600):
        monkeypatch.setattr(ground_motion, "_BLOCK", block)
        for a, b in zip(sites.at(magnitudes, r, "reverse"), rows, strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(rows[0][1], first[0])


@pytest.mark.parametrize(
    ("args", "options", "parts"),
    [
        ((7, 20, [300, 0.3]), {}, ["vs30_m_s[1] is 0.3", "m/s"]),
        ((7, 20, [0.25, 0.3]), {}, ["vs30_m_s[0] is 0.25", "expected 10 to 10000 m/s", "km/s must be multiplied"]),
        ((7, 20, np.nan), {}, ["vs30_m_s is nan"]),
        ((7, [[1, 2], [3, -4]], 300), {}, ["rjb_km[1, 1] is -4", "km"]),
        ((7, [1, np.nan], 300), {}, ["rjb_km[1] is nan"]),
        ((7, np.inf, 300), {}, ["rjb_km is inf"]),
        ((2.9, 1, 300), {}, ["magnitude is 2.9", "3 to 9"]),
        (([7, 72], 1, 300), {}, ["magnitude[1] is 72"]),
        ((7, "near", 300), {}, ["rjb_km", "expected numbers"]),
        ((7, 20, "rock"), {}, ["vs30_m_s", "expected numbers"]),
        ((7, [1, 2, 3], [300, 400]), {}, ["(3,)", "(2,)", "broadcast"]),
        ((7, 20, [300, 400]), {"basin": "japan", "z1_km": [0.1, 0.2, 0.3]}, ["z1_km", "broadcast"]),
        ((7, 20, [300, 400]), {"basin": "japan", "z1_km": [0.1, 450]}, ["z1_km[1] is 450", "km", "divided by 1000"]),
        ((7, 20, 300), {"basin": "japan", "z1_km": -0.1}, ["z1_km is -0.1"]),
        ((7, 20, 300), {"z1_km": 0.1}, ["z1_km", "basin", "california"]),
        ((7, 20, 300), {"basin": "Japan"}, ["basin 'Japan'", "did you mean 'japan'"]),
        ((7, 20, 300), {"imt": "SA(1)"}, ["imt 'SA(1)'", "did you mean 'SA(1.0)'", "PGV"]),
        ((7, 20, 300), {"region": "japan-italy"}, ["region", "italy-japan"]),
        ((7, 20, 300), {"mechanism": "strike slip"}, ["mechanism 'strike slip'", "did you mean 'strike-slip'"]),
    ],
)
def test_bad_input(args, options, parts):
    with pytest.raises(InputError) as e:
        bssa14(*args, **options)
    assert all(p in str(e.value) for p in parts), e.value
