"""Fragility: eq. 6 and its limits, sampling against its probabilities, monotonicity, the packaged Hazus tables, a user's own table."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.scenario_gen.fragility import STATES, Fragility, FragilitySet
from quakeops.scenario_gen.fragility_tables import read_fragilities
from quakeops.scenario_gen.hazus import (
    building_codes,
    building_fragilities,
    building_fragility,
    collapse_given_complete,
    component_classes,
    component_fragilities,
    component_fragility,
)
from scipy import stats

DATA = Path(__file__).parents[2] / "shared" / "data" / "hazard" / "hazus"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the reference data (shared/data/hazard/hazus) are not beside the checkout")

LN_IM = st.floats(-6, 3)
NORMAL = st.floats(-5, 5)
MEDIANS = st.lists(st.floats(0.01, 3), min_size=4, max_size=4).map(sorted).map(tuple)
BETAS = st.one_of(st.floats(0.1, 1).map(lambda b: (b,) * 4), st.lists(st.floats(0.1, 1), min_size=4, max_size=4).map(tuple))
ONE = np.zeros(1, dtype=int)


def rows(name):
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def sampled(fragility, ln_im, z):
    return FragilitySet([fragility]).sample_states(np.array([ln_im]), ONE, np.array([z])).item()


def crossing(medians=(0.1, 0.2, 0.3, 0.4), betas=(0.7, 0.3, 0.5, 0.9)):
    return Fragility("crossing", "PGA", medians, betas)


# eq. 6


@pytest.mark.parametrize(
    ("building_type", "code", "medians"),
    [
        ("W1", "HC", (0.26, 0.55, 1.28, 2.01)),
        ("C1M", "MC", (0.13, 0.21, 0.49, 0.89)),
        ("C3L", "LC", (0.12, 0.17, 0.26, 0.44)),
        ("URML", "PC", (0.13, 0.17, 0.26, 0.37)),
        ("MH", "PC", (0.08, 0.11, 0.18, 0.34)),
    ],
)
def test_medians_of_hazus_have_probability_one_half(building_type, code, medians):
    fragility = building_fragility(building_type, code)
    assert (fragility.medians, fragility.betas, fragility.imt) == (medians, (0.64,) * 4, "PGA")
    assert np.diag(fragility.exceedance(np.log(medians))).tolist() == pytest.approx([0.5] * 4, abs=1e-15)


def test_eq_6_against_scipy():
    im = np.geomspace(0.01, 5, 50)
    fragility = building_fragility("S1L", "LC")
    expected = np.column_stack([stats.lognorm(s=0.64, scale=m).cdf(im) for m in (0.12, 0.17, 0.3, 0.48)])
    np.testing.assert_allclose(fragility.exceedance(np.log(im)), expected, rtol=1e-12)


@given(MEDIANS, BETAS, LN_IM)
def test_probabilities_sum_to_1_and_are_none_negative(medians, betas, ln_im):
    p = Fragility("x", "PGA", medians, betas).probabilities(ln_im)
    assert p.shape == (5,) and p.min() >= 0 and p.sum() == pytest.approx(1, abs=1e-15)


def test_limits_of_no_and_of_endless_shaking():
    names = component_classes()
    n = np.arange(len(names))
    fragilities = component_fragilities(names)
    for ln_im, state in ((-np.inf, 0), (np.inf, 4)):
        p = fragilities.probabilities(np.full(len(n), ln_im), n)
        assert (p == np.eye(5)[state]).all()
        assert (fragilities.sample_states(np.full(len(n), ln_im), n, np.zeros(len(n))) == state).all()


def test_crossing_curves_take_the_minimum_over_lighter_states():
    fragility = crossing()
    ln_im = np.linspace(-4, 2, 61)
    curves = stats.norm.cdf((ln_im[:, None] - np.log(fragility.medians)) / fragility.betas)
    assert (np.diff(curves, axis=1) > 0).any()  # they do cross
    expected = np.array([[row[: d + 1].min() for d in range(4)] for row in curves])
    np.testing.assert_allclose(fragility.exceedance(ln_im), expected, rtol=1e-13)


def test_equal_medians_skip_the_lighter_state():
    """HWB15: slight, moderate and extensive damage begin at the same SA."""
    p = component_fragility("HWB.GS.15").probabilities(np.log(0.75))
    assert p[:3].tolist() == pytest.approx([0.5, 0, 0], abs=1e-15)


def test_a_set_is_its_fragilities_one_by_one():
    rng = np.random.default_rng(3)
    names = component_classes()
    fragilities, archetype, ln_im = component_fragilities(names), rng.integers(0, len(names), 300), rng.normal(-1, 1, (7, 300))
    p, q = fragilities.probabilities(ln_im, archetype), fragilities.exceedance(ln_im, archetype)
    assert p.shape == (7, 300, 5) and q.shape == (7, 300, 4)
    for i, a in enumerate(archetype.tolist()):
        np.testing.assert_array_equal(p[:, i], component_fragility(names[a]).probabilities(ln_im[:, i]))
        np.testing.assert_array_equal(q[:, i], component_fragility(names[a]).exceedance(ln_im[:, i]))


# sampling


@given(MEDIANS, BETAS, LN_IM, NORMAL)
def test_sampled_state_by_its_definition(medians, betas, ln_im, z):
    """The number of leading states whose capacity is exceeded, away from a capacity by more than single precision resolves."""
    margins = ln_im + np.array(betas) * z - np.log(medians)
    if np.abs(margins).min() > 1e-5:
        leading = [bool((margins[: d + 1] > 0).all()) for d in range(4)]
        assert sampled(Fragility("x", "PGA", medians, betas), ln_im, z) == sum(leading)


@given(MEDIANS, BETAS, LN_IM, st.floats(0, 3), NORMAL)
def test_stronger_shaking_never_gives_a_lighter_state(medians, betas, ln_im, more, z):
    fragility = Fragility("x", "PGA", medians, betas)
    assert sampled(fragility, ln_im + more, z) >= sampled(fragility, ln_im, z)


@given(MEDIANS, BETAS, LN_IM, st.lists(st.floats(1, 3), min_size=4, max_size=4).map(sorted), NORMAL)
def test_retrofit_never_gives_a_worse_state(medians, betas, ln_im, factors, z):
    retrofitted = tuple(m * f for m, f in zip(medians, factors, strict=True))
    assert sampled(Fragility("x", "PGA", retrofitted, betas), ln_im, z) <= sampled(Fragility("x", "PGA", medians, betas), ln_im, z)


@pytest.mark.parametrize(
    "fragility", [building_fragility("C1M", "LC"), crossing(), component_fragility("HWB.GS.15"), component_fragility("EP.C.A")]
)
def test_sampled_frequencies_are_the_probabilities(fragility):
    """Exactly so: normals at the mid-points of 200,000 equal shares of probability."""
    n = 200_000
    z = stats.norm.ppf((np.arange(n) + 0.5) / n)
    for ln_im in (-3.0, -1.6, -0.7, 0.1):
        states = FragilitySet([fragility]).sample_states(np.full(n, ln_im), np.zeros(n, dtype=int), z)
        assert states.dtype == np.int8
        np.testing.assert_allclose(np.bincount(states, minlength=5) / n, fragility.probabilities(ln_im), atol=1.6 / n)


def test_sampling_is_the_same_for_any_subset_block_and_mix():
    rng = np.random.default_rng(4)
    names = ("C1M.LC", "W1.HC", "EP.S.L.A", "HWB.GS.5", "PPP.S.U")
    fragilities, archetype = component_fragilities(names), rng.integers(0, 5, 500)
    ln_im, z = rng.normal(-1.3, 0.7, (6, 500)), rng.standard_normal((6, 500))
    states = fragilities.at(archetype).sample_states(ln_im, z)
    for k in range(6):
        assert (fragilities.sample_states(ln_im[k], archetype, z[k]) == states[k]).all()
    for a, name in enumerate(names):  # alone, those with one beta take the shorter way
        mine = np.flatnonzero(archetype == a)
        alone = component_fragilities([name]).sample_states(ln_im[:, mine], np.zeros(len(mine), dtype=int), z[:, mine])
        assert (alone == states[:, mine]).all()


def test_no_components_no_states():
    assert component_fragilities(()).sample_states(np.zeros(0), np.zeros(0, dtype=int), np.zeros(0)).shape == (0,)
    assert building_fragilities([]).probabilities(np.zeros((3, 0)), np.zeros(0, dtype=int)).shape == (3, 0, 5)


# the packaged tables


@needs_data
def test_all_building_rows_are_those_of_the_reference():
    reference = rows("hazus_equivalent_pga_fragility.csv")
    assert len(reference) == 128 == sum(map(len, building_codes().values()))
    for row in reference:
        fragility = building_fragility(row["building_type"], row["code_level"])
        assert fragility.medians == tuple(float(row[f"{s}_g"]) for s in STATES)
        assert fragility.betas == (float(row["beta"]),) * 4 == (0.64,) * 4
        assert collapse_given_complete()[row["building_type"], row["code_level"]] == float(row["collapse_given_complete"])


@needs_data
@pytest.mark.parametrize(
    ("file", "imt", "count"),
    [("transportation_network_v5.1_fragility.csv", "SA(1.0)", 28), ("power_network_v5.1_fragility.csv", "PGA", 12)],
)
def test_all_component_rows_are_those_of_the_reference(file, imt, count):
    reference = [r for r in rows(file) if r["ID"].startswith(("HWB.GS.", "EP."))]
    assert len(reference) == count
    for row in reference:
        fragility = component_fragility(row["ID"])
        assert fragility.imt == imt
        assert fragility.medians == tuple(float(row[f"LS{i}-Theta_0"]) for i in range(1, 5))
        assert fragility.betas == tuple(float(row[f"LS{i}-Theta_1"]) for i in range(1, 5))


def test_every_class_is_sane():
    """Newer codes and anchored components are never weaker; types without new codes are those with unreinforced masonry."""
    for building_type, codes in building_codes().items():
        assert codes == (("LC", "PC") if building_type[:2] in ("UR", "C3", "S5") else ("HC", "MC", "LC", "PC"))
        medians = np.array([building_fragility(building_type, c).medians for c in codes])
        assert (np.diff(medians, axis=0) <= 0).all()
    for name in component_classes():
        if name.endswith(".A"):
            assert (np.array(component_fragility(name).medians) >= component_fragility(name[:-1] + "U").medians).all()
    assert len(component_classes()) == 128 + 28 + 12 + 12


@pytest.mark.parametrize(
    ("call", "parts"),
    [
        (lambda: building_fragility("URM", "LC"), ["building type 'URM'", "did you mean 'URM"]),
        (lambda: building_fragility("URML", "HC"), ["code level of URML 'HC'", "'LC', 'PC'"]),
        (lambda: building_fragilities([("C1M", "LC"), ("C1M", "hc")]), ["code level of C1M 'hc'"]),
        (lambda: component_fragility("HWB.GS.29"), ["component class 'HWB.GS.29'", "did you mean 'HWB.GS."]),
    ],
)
def test_unknown_names(call, parts):
    with pytest.raises(InputError) as e:
        call()
    assert all(p in str(e.value) for p in parts)


# bad input


@pytest.mark.parametrize(
    ("medians", "betas", "message"),
    [
        ((0.1, 0.3, 0.2, 0.4), (0.6,) * 4, "'extensive_median' is 0.2: expected at least the median of moderate, 0.3"),
        ((0.0, 0.3, 0.4, 0.5), (0.6,) * 4, "'slight_median' is 0: expected a positive number"),
        ((0.1, 0.3, float("nan"), 0.5), (0.6,) * 4, "'extensive_median' is nan"),
        ((0.1, 0.3, 0.4, 0.5), (0.6, -0.6, 0.6, 0.6), "'moderate_beta' is -0.6"),
        ((0.1, 0.3, 0.4, float("inf")), (0.6,) * 4, "'complete_median' is inf"),
        ((0.1, 0.3), (0.6,) * 4, "2 medians and 4 betas: expected one of each for slight"),
    ],
)
def test_wrong_parameters(medians, betas, message):
    with pytest.raises(InputError, match=f"fragility 'mine'.*{message}"):
        Fragility("mine", "PGA", medians, betas)


def test_wrong_sites():
    fragilities, n = building_fragilities([("W1", "HC")]), np.zeros(3, dtype=int)
    with pytest.raises(InputError, match=r"archetype\[2\] is 1: expected 0 to 0"):
        fragilities.at(np.array([0, 0, 1]))
    with pytest.raises(InputError, match=r"archetype\[0\] is -1"):
        fragilities.exceedance(np.zeros(1), np.array([-1]))
    with pytest.raises(InputError, match="nan at site 1"):
        fragilities.sample_states(np.array([0, np.nan, 0]), n, np.zeros(3))
    with pytest.raises(InputError, match="expected 3 sites"):
        fragilities.sample_states(np.zeros(4), n, np.zeros(3))
    with pytest.raises(InputError, match="expected slight, moderate"):
        FragilitySet([Fragility("pipe", "PGV", (30.0,), (0.5,), ("break",))])


# a user's own table

TABLE = "Type,IM,median_slight,median_moderate,median_extensive,median_complete,beta\nstone,PGA,0.08,0.12,0.2,0.3,0.6\nmast,PGV,20,30,40,60,0.5\n"


def test_a_table_is_read(write):
    stone, mast = read_fragilities(write("mine.csv", TABLE))
    assert stone == Fragility("stone", "PGA", (0.08, 0.12, 0.2, 0.3), (0.6,) * 4)
    assert (mast.imt, mast.medians) == ("PGV", (20, 30, 40, 60))


def test_a_table_with_other_states(write):
    path = write("pipes.csv", "name,imt,break_median,break_beta\ncast iron,PGV,35,0.7\n")
    assert read_fragilities(path, ("break",)) == (Fragility("cast iron", "PGV", (35,), (0.7,), ("break",)),)


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("0.12,0.2,0.3", "0.12,0.1,0.3", ["row 1", "'median_extensive' is '0.1'", "at least the median of moderate, 0.12"]),
        ("40,60,0.5", "40,60,0", ["row 2", "'beta' is '0'", "a positive number"]),
        ("0.08", "-0.08", ["row 1", "'median_slight' is '-0.08'", "a positive number"]),
        ("0.08", "x", ["row 1", "'median_slight' is 'x'", "a number"]),
        ("0.08,0.12,0.2,0.3", "8,12,20,30", ["row 1", "'median_moderate' is '12'", "at most 10 g", "% g"]),
        ("mast", "stone", ["row 2", "'Type' is 'stone'", "row 1 has it too"]),
        ("PGV", "PGD", ["row 2", "'IM' is 'PGD'", "SA(period in s)"]),
        ("median_complete", "worst", ["'complete_median' is missing", "found: Type, IM"]),
    ],
)
def test_errors_name_file_row_field_and_value(write, old, new, parts):
    path = write("mine.csv", TABLE.replace(old, new))
    with pytest.raises(InputError) as e:
        read_fragilities(path)
    assert all(p in str(e.value) for p in ("mine.csv", *parts))
