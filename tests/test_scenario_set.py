"""Scenario sets as files and as the scenarios of the pre-positioning model."""

import numpy as np
import pytest
import quakeops
import xarray as xr
from quakeops.errors import InputError
from quakeops.scenario_gen.metros import metro
from quakeops.scenario_gen.scenario_set import check, load, save
from quakeops.scenario_gen.scenario_source import ScenarioSetSource
from quakeops.scenario_gen.sources import open_source


@pytest.fixture(scope="module")
def data():
    return quakeops.generate("town", scenarios=12, seed=1)


@pytest.fixture
def path(data, tmp_path):
    save(data, tmp_path / "town.nc")
    return tmp_path / "town.nc"


def test_written_and_read(data, path):
    again = load(path)
    xr.testing.assert_identical(again.drop_attrs(), data.drop_attrs())
    assert again.attrs["seed"] == 1 and again.attrs["region"] == "town" and again["loss"].attrs["units"] == "money"


def test_a_file_cut_short(path):
    whole = path.read_bytes()
    for share in (0.0, 0.3, 0.9):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(InputError, match=r"town\.nc: not a readable NetCDF file .*cut short"):
            load(path)


def test_files_that_are_none(tmp_path):
    with pytest.raises(InputError, match=r"none\.nc: no such file"):
        load(tmp_path / "none.nc")
    xr.Dataset({"x": ("t", np.zeros(3))}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(InputError, match=r"other\.nc: attribute 'format' is None, expected 'quakeops/scenarios/1'"):
        load(tmp_path / "other.nc")


@pytest.mark.parametrize(
    ("name", "at", "value", "message"),
    [
        ("probability", 2, 1.5, r"set\.nc: variable 'probability' at scenario 2 is 1\.5: expected 0 to 1"),
        ("probability", 0, 0.5, r"set\.nc: variable 'probability' sums to 1\.41\d*, expected 1"),
        ("demand", (3, 1, 2), -1.0, r"variable 'demand' at scenario 3, zone 1, commodity 2 is -1\.0: expected 0 to inf"),
        ("depot_usable", (0, 5), np.nan, r"variable 'depot_usable' at scenario 0, zone 5 is nan"),
        ("link_capacity_factor", (1, 0), 1.01, r"variable 'link_capacity_factor' at scenario 1, link 0 is 1\.01"),
    ],
)
def test_values_out_of_range(data, name, at, value, message):
    wrong = data.copy(deep=True)
    wrong[name].values[at] = value
    with pytest.raises(InputError, match=message):
        check(wrong, "set.nc")


def test_variables_missing_or_of_other_dimensions(data):
    with pytest.raises(InputError, match="variable 'loss' is missing"):
        check(data.drop_vars("loss"), "set.nc")
    with pytest.raises(InputError, match=r"variable 'loss' has dimensions \('zone', 'scenario'\), expected \('scenario', 'zone'\)"):
        check(data.assign(loss=data["loss"].transpose("zone", "scenario")), "set.nc")


def test_as_scenarios_of_the_model(data, path):
    source = ScenarioSetSource(path)
    block, relief = source.block(2, 7), metro("town").relief
    assert source.instance.nodes == relief.nodes and source.num_scenarios == 12 and source.limited_links.all()
    assert np.array_equal(block.demand, data["demand"].values[2:7]) and np.array_equal(block.usable, data["depot_usable"].values[2:7])
    capacity = np.array([link.capacity for link in relief.links])
    assert np.array_equal(block.link_capacity, capacity * data["link_capacity_factor"].values[2:7])
    assert np.array_equal(source.scenario(3).demand, block.demand[1]) and block.labels[0].startswith("k 2, M ")
    assert source.probabilities.sum() == pytest.approx(1)


def test_options_that_do_not_go_with_a_set(path):
    for options, message in (
        ({"num_scenarios": 5}, r"--scenarios 5: .*town\.nc holds 12 scenarios"),
        ({"seed": 3}, r"--seed 3: the scenarios of .*town\.nc are drawn already"),
    ):
        with pytest.raises(InputError, match=message):
            open_source("", scenario_file=str(path), **options)
    with pytest.raises(InputError, match=r"town\.nc: zone names differ from those of instance 'islands-3': 'T01' for"):
        open_source("islands-3", scenario_file=str(path))


def test_benders_and_extensive_form_agree(path):
    """Two roads to one number, and the result can be verified and evaluated from its provenance."""
    ef, benders = (quakeops.solve("prepositioning", scenario_file=str(path), method=m, rel_gap=1e-6) for m in ("ef", "benders"))
    assert benders.objective == pytest.approx(ef.objective, rel=2e-6) and benders.instance == "town"
    assert quakeops.verify(benders).ok
    assert quakeops.evaluate(ef).expected_cost.value == pytest.approx(ef.objective, rel=1e-9)


def test_command_line(run):
    made = run("generate", "town", "--scenarios", "6", "--seed", "1", "--out", "t.nc", "--json")
    assert (
        made.code == 0 and made.json["scenarios"] == 6 and made.json["figures"]["loss"]["largest"] >= made.json["figures"]["loss"]["mean"]
    )
    shown = run("generate", "town", "--scenarios", "6", "--seed", "1", "--out", "t.nc", "--reduce-to", "3", "--importance")
    assert shown.code == 0 and "reduced from 6: " in shown.out and "importance sampling: effective sample size" in shown.out
    solved = run("solve", "prepositioning", "--scenario-file", "t.nc", "--json")
    assert solved.code == 0 and solved.json["num_scenarios"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("generate", "twn", "--scenarios", "2", "--out", "t.nc"), "unknown region 'twn'; did you mean 'town'?"),
        (("generate", "town", "--scenarios", "0", "--out", "t.nc"), "--scenarios 0: must be at least 1"),
        (("generate", "town", "--scenarios", "2", "--out", "none/t.nc"), "--out none/t.nc: the folder none does not exist"),
        (("generate", "town", "--scenarios", "2", "--out", "t.nc", "--magnitude", "7", "--importance"), "--importance draws magnitudes"),
        (("solve", "prepositioning", "--scenario-file", "no.nc"), "no.nc: no such file"),
    ],
)
def test_what_bad_input_gets(run, arguments, message):
    run(*arguments).failed(2, message)
