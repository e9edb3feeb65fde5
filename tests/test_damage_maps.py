"""Damage maps from CSV: the public maps of 71 bridges to their printed digits, and an error for everything that cannot be."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.instances.bridges import read_bridges
from quakeops.instances.damage_maps import DamageMaps, MapColumns, read_damage_maps, write_damage_maps
from quakeops.instances.sf_bridges import sf_bridges_71

DATA = Path(__file__).parents[2] / "shared" / "data" / "retrofit" / "sfbay"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the public files (shared/data/retrofit/sfbay) are not beside the checkout")

MAPS = "scenario,annual_rate,event,west,east\nstrong,0.002,A,1,1\nweak,0.01,B,0,1\ncalm,0.004,B,0,0\n"


@needs_data
def test_the_public_maps():
    """450 maps of 71 bridges, ten for each of 45 earthquakes; rates sum to 0.022865292; b912 is damaged most often, b952 least."""
    bridges = read_bridges(DATA / "bridges_sf71.csv")
    maps = read_damage_maps(DATA / "sf71_damage_maps_r0.csv", bridges, total_rate=0.022865292)
    assert maps.damaged.shape == (450, 71) and maps.elements == bridges.names
    assert maps.total_rate == pytest.approx(0.022865292, abs=5e-10)
    by_rate = dict(zip(maps.elements, maps.element_rates, strict=True))
    assert max(by_rate, key=by_rate.get) == "b912" and round(1 / by_rate["b912"], 1) == 138.0
    positive = {name: rate for name, rate in by_rate.items() if rate > 0}
    assert min(positive, key=positive.get) == "b952" and round(1 / positive["b952"], 1) == 13_838.8
    assert all(maps.events[s] == maps.events[s % 45] for s in range(450)) and len(set(maps.events)) == 45
    assert np.allclose(maps.rates.reshape(10, 45), maps.rates[:45], rtol=1e-12)
    with pytest.raises(
        InputError, match=r"line 451: field 'annual_rate_weight_div10': .* stated total 0.0228 a year \(all of them to 0.022865292\)"
    ):
        read_damage_maps(DATA / "sf71_damage_maps_r0.csv", total_rate=0.0228)


@needs_data
def test_the_public_maps_in_our_format(tmp_path):
    given = read_damage_maps(DATA / "sf71_damage_maps_r0.csv")
    write_damage_maps(tmp_path / "ours.csv", given)
    assert same(given, read_damage_maps(tmp_path / "ours.csv", given.elements, total_rate=given.total_rate))


@needs_data
def test_the_public_set_from_a_folder(monkeypatch):
    """Files are found by their columns, in the folder given or in that of the environment variable."""
    bridges, maps = sf_bridges_71(DATA)
    assert len(bridges) == 71 and maps.damaged.shape == (450, 71) and maps.elements == bridges.names
    monkeypatch.setenv("QUAKEOPS_SFBAY", str(DATA))
    assert same(sf_bridges_71()[1], maps)


INVENTORY_71 = "original_id,new_id,name,lat,lon,age,traffic_2010,mod_Sa1,ext_Sa1,com_Sa1,omega\n7,1,OVER,38,-122,50,0,0.4,0.5,0.7,1\n"
MAPS_71 = "row,map_index_0based,annual_rate_weight_div10,total_travel_time_s,trips_made,vmt,delay_cost_per_h,conn_cost_per_h,direct_cost_usd,b7\n0,3,0.01,0,0,0,0,0,0,1\n"


def test_a_folder_for_the_public_set(tmp_path, monkeypatch):
    monkeypatch.delenv("QUAKEOPS_SFBAY", raising=False)
    with pytest.raises(
        InputError, match=r"name the folder of its files, or set QUAKEOPS_SFBAY to it; the data are from https://github.com/bakerjw"
    ):
        sf_bridges_71()
    with pytest.raises(InputError, match=r"nowhere is not a folder"):
        sf_bridges_71(tmp_path / "nowhere")
    (tmp_path / "links.csv").write_bytes(b"u,v\n\xff,2\n")
    with pytest.raises(InputError, match=r"holds no file of bridges \(columns original_id, age, ...\): expected one"):
        sf_bridges_71(tmp_path)
    (tmp_path / "a.csv").write_text(INVENTORY_71)
    with pytest.raises(InputError, match=r"holds no file of damage maps"):
        sf_bridges_71(tmp_path)
    (tmp_path / "b.csv").write_text(MAPS_71)
    bridges, maps = sf_bridges_71(tmp_path)
    assert (
        bridges.names == maps.elements == ("b7",)
        and maps.events == ("3",)
        and bridges.betas.tolist() == [[0.6] * 3]
        and maps.total_rate == 0.01
    )
    (tmp_path / "c.csv").write_text(MAPS_71)
    with pytest.raises(InputError, match=r"several files of damage maps .*: b.csv, c.csv: expected one"):
        sf_bridges_71(tmp_path)


def test_our_own_format(write):
    maps = read_damage_maps(write("maps.csv", MAPS))
    assert maps.scenarios == ("strong", "weak", "calm") and maps.elements == ("west", "east") and maps.events == ("A", "B", "B")
    assert maps.rates.tolist() == [0.002, 0.01, 0.004] and maps.damaged.tolist() == [[True, True], [False, True], [False, False]]
    assert maps.total_rate == 0.016 and maps.element_rates.tolist() == [0.002, 0.012]


def test_in_the_order_of_the_inventory(write):
    maps = read_damage_maps(write("maps.csv", MAPS), ["east", "west"])
    assert maps.elements == ("east", "west") and maps.damaged[1].tolist() == [True, False]


def test_without_events_and_with_columns_of_ones_own(write):
    path = write("maps.csv", "id,p,cost,x\n1,0.5,7,1\n")
    maps = read_damage_maps(path, columns=MapColumns(scenario="id", rate="p", unread=("cost",)))
    assert maps.events is None and maps.elements == ("x",) and maps.damaged.tolist() == [[True]]


def test_a_total_that_is_just_reached(write):
    """Ten times 0.1 is 1 whatever rounding does; a stated total below it is not."""
    path = write("maps.csv", "scenario,annual_rate,x\n" + "".join(f"s{k},0.1,0\n" for k in range(10)))
    assert read_damage_maps(path, total_rate=1.0).total_rate == 1.0
    with pytest.raises(InputError, match=r"maps.csv: line 11: field 'annual_rate': .*stated total 0.99 a year \(all of them to 1\)"):
        read_damage_maps(path, total_rate=0.99)
    with pytest.raises(InputError, match=r"line 7: .*stated total 0.55"):
        read_damage_maps(path, total_rate=0.55)
    with pytest.raises(InputError, match="field 'total_rate': nan"):
        read_damage_maps(path, total_rate=float("nan"))


WRONG = {
    "no rate": (
        MAPS.replace("annual_rate", "rate"),
        None,
        "line 1: the column 'annual_rate' is missing \\(found: scenario, rate, event, west, east",
    ),
    "no scenario": (MAPS.replace("scenario", "name"), None, "the column 'scenario' is missing"),
    "no element": ("scenario,annual_rate,event\na,1,A\n", None, "a column for an element is missing"),
    "negative rate": (MAPS.replace("0.01", "-0.01"), None, "line 3: field 'annual_rate' is '-0.01': expected an annual rate of at least 0"),
    "no number": (MAPS.replace("0.01", "often"), None, "line 3: field 'annual_rate' is 'often'"),
    "an entry of 2": (MAPS.replace("B,0,0", "B,0,2"), None, "line 4: field 'east' is '2': expected 0"),
    "an entry of 0.5": (
        MAPS.replace("A,1,1", "A,0.5,1"),
        None,
        r"line 2: field 'west' is '0.5': expected 0 \(undamaged\) or 1 \(damaged\)",
    ),
    "an empty entry": (MAPS.replace("B,0,1", "B,,1"), None, "line 3: field 'west' is ''"),
    "scenario twice": (MAPS.replace("calm", "weak"), None, "line 4: field 'scenario' is 'weak': expected a name of its own"),
    "unknown bridge": (MAPS, ["west", "eost"], "line 1: the column 'east' is no bridge of the inventory; did you mean 'west'"),
    "missing bridge": (MAPS, ["west", "east", "north"], "line 1: a column for the bridge 'north' of the inventory is missing"),
    "element twice": (MAPS.replace("east", "west"), None, "the column 'west' appears twice"),
    "column without a name": (
        MAPS.replace(",east", ",east,").replace("1\n", "1,\n").replace("0\n", "0,\n"),
        None,
        "line 1: column 6 of the header has no name",
    ),
    "cells": (MAPS.replace("A,1,1", "A,1"), None, "line 2: 4 cells: expected 5"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_refused(name, write):
    text, bridges, message = WRONG[name]
    path = write("maps.csv", text)
    with pytest.raises(InputError, match=message) as caught:
        read_damage_maps(path, bridges)
    assert str(path) in str(caught.value) and caught.value.exit_code == 2


def test_an_element_cannot_be_called_as_another_column(tmp_path):
    maps = DamageMaps(scenarios=("a",), elements=("event",), rates=np.ones(1), damaged=np.ones((1, 1), dtype=bool))
    with pytest.raises(InputError, match="element 'event': the name is that of another column"):
        write_damage_maps(tmp_path / "maps.csv", maps)


def same(a, b):
    return (
        a.scenarios == b.scenarios
        and a.elements == b.elements
        and a.events == b.events
        and (a.rates == b.rates).all()
        and (a.damaged == b.damaged).all()
    )


@given(st.data(), st.integers(1, 6), st.integers(1, 5))
def test_written_and_read_again(tmp_path_factory, data, scenarios, elements):
    rates = data.draw(st.lists(st.floats(0, 1e3), min_size=scenarios, max_size=scenarios))
    cells = st.lists(st.booleans(), min_size=elements, max_size=elements)
    damaged = np.array(data.draw(st.lists(cells, min_size=scenarios, max_size=scenarios)))
    maps = DamageMaps(
        scenarios=tuple(f"s {k}" for k in range(scenarios)),
        elements=tuple(f"b,{b}" for b in range(elements)),
        rates=np.array(rates),
        damaged=damaged,
    )
    path = tmp_path_factory.mktemp("maps") / "maps.csv"
    write_damage_maps(path, maps)
    found = read_damage_maps(path, total_rate=maps.total_rate)
    assert same(maps, found)
    assert found.element_rates == pytest.approx(maps.rates @ maps.damaged, rel=1e-12, abs=1e-300)
