"""Bridge inventories from CSV: the public files as they are, closed forms, round trips, and an error for everything that cannot be."""

import math
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.instances.bridge_columns import BAY_AREA, QUAKEOPS, SAN_FRANCISCO_71, BridgeColumns
from quakeops.instances.bridges import BridgeInventory, read_bridges, write_bridges
from quakeops.scenario_gen.bridge_fragility import bridge_fragilities

DATA = Path(__file__).parents[2] / "shared" / "data" / "retrofit" / "sfbay"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the public files (shared/data/retrofit/sfbay) are not beside the checkout")

HEADER = "name,title,lat,lon,imt,slight_g,moderate_g,extensive_g,complete_g,beta,year,length_m,deck_area_m2,repair_cost,retrofit_cost,links,links_below"
NORTH = "north,Old bridge,38.5,22.5,SA(1.0),0.3,0.4,0.6,0.9,0.6,1968,120,1000,750000,200000,a-b;b-a,c-d"
SOUTH = "south,,38.4,22.6,PGA,0.2,0.2,0.6,0.9,0.5,,80,700,500000,0,,"


def table(*rows, header=HEADER):
    return "\n".join((header, *rows)) + "\n"


def test_our_own_format(write):
    found = read_bridges(write("bridges.csv", "# synthetic\n\n" + table(NORTH, SOUTH)))
    assert found.names == ("north", "south") and found.titles == ("Old bridge", "") and len(found) == 2
    assert found.measures == ("SA(1.0)", "PGA") and found.states == ("slight", "moderate", "extensive", "complete")
    assert found.medians_g.tolist() == [[0.3, 0.4, 0.6, 0.9], [0.2, 0.2, 0.6, 0.9]]
    assert found.betas.tolist() == [[0.6] * 4, [0.5] * 4] and found.years == (1968, None)
    assert found.links == (("a-b", "b-a"), ()) and found.links_below == (("c-d",), ())
    assert found.repair_cost.tolist() == [750_000, 500_000] and found.retrofit_cost.tolist() == [200_000, 0]
    assert found.carriers(("a-b", "b-a", "c-d")).tolist() == [[True, True, False], [False, False, False]]
    assert found.carriers(("a-b", "b-a", "c-d"), below=True).tolist() == [[True, True, True], [False, False, False]]
    with pytest.raises(InputError, match="bridge 'north': field 'links': 'b-a' is not a link of the network"):
        found.carriers(("a-b",))


def test_the_least_that_is_enough(write):
    found = read_bridges(write("bridges.csv", table("only,38,22,0.7,0.55", header="name,lat,lon,complete_g,beta")))
    assert found.states == ("complete",) and found.measures == ("SA(1.0)",) and found.links == ((),) and found.years == (None,)
    assert found.length_m is None and found.deck_area_m2 is None and found.repair_cost is None and found.retrofit_cost is None


def test_a_beta_for_each_state(write):
    header = "name,lat,lon,moderate_g,complete_g,moderate_beta,complete_beta"
    assert read_bridges(write("b.csv", table("x,38,22,0.4,0.8,0.5,0.7", header=header))).betas.tolist() == [[0.5, 0.7]]


def test_columns_of_ones_own(write):
    columns = BridgeColumns(name="id", medians={"complete": "collapse"}, common_beta=0.4, unread=("owner",))
    path = write("b.csv", table("7,38,22,0.8,county", header="id,lat,lon,collapse,owner"))
    found = read_bridges(path, columns)
    assert found.names == ("7",) and found.medians_g.tolist() == [[0.8]] and found.betas.tolist() == [[0.4]]
    with pytest.raises(InputError, match="line 1: the column 'id' is unknown"):
        read_bridges(path)


@needs_data
def test_the_public_inventory_of_the_bay_area():
    """1,743 bridges; beta is 0.6 throughout; the one whose medians decrease is said and made consistent."""
    found = read_bridges(DATA / "bridges_1743.csv")
    assert len(found) == 1743 and found.states == ("moderate", "extensive", "complete") and (found.betas == 0.6).all()
    assert found.names[0] == "b1" and found.titles[0] == "EAST DUNNE AVENUE OC" and found.years[0] == 1972
    assert found.medians_g[0].tolist() == [0.4, 0.48, 0.7] and found.links[0] == ("4235-4232",)
    assert found.links_below[0] == ("4231-4233", "4234-4230") and found.links[1] == ("4179-4188",)
    assert found.deck_area_m2[0] == pytest.approx(115_904.71 * 0.3048**2)
    assert len(found.notes) == 1 and "line 1743: extensive median 0.5 of b1884" in found.notes[0]
    assert (np.diff(found.medians_g, axis=1) >= 0).all() and set(found.measures) == {"SA(1.0)"}
    assert found.years[found.names.index("b11")] is None  # written as 0


@needs_data
def test_the_public_inventory_of_san_francisco():
    """71 bridges, all among the 1,743 with the same medians; costs as their column names say."""
    found, whole = read_bridges(DATA / "bridges_sf71.csv"), read_bridges(DATA / "bridges_1743.csv")
    assert len(found) == 71 and not found.notes
    same = [whole.names.index(name) for name in found.names]
    assert (whole.medians_g[same] == found.medians_g).all() and (whole.betas[same] == found.betas).all()
    assert [whole.titles[i] for i in same] == list(found.titles) and [whole.links[i] for i in same] == list(found.links)
    square_feet = found.deck_area_m2 / 0.3048**2
    assert found.repair_cost == pytest.approx(293 * 0.25 * square_feet, abs=0.5)
    assert found.retrofit_cost == pytest.approx(0.3 * found.repair_cost, abs=0.01)
    with pytest.raises(InputError, match="column 'original_id' is unknown"):
        read_bridges(DATA / "bridges_sf71.csv", QUAKEOPS)
    assert BAY_AREA.common_beta is None and SAN_FRANCISCO_71.common_beta == 0.6


def test_fragility_is_the_lognormal_curve(write):
    """P(DS >= d) = Phi(ln(IM / theta_d) / beta), by the error function of the standard library."""
    found = read_bridges(write("bridges.csv", table(NORTH, SOUTH)))
    curves = bridge_fragilities(found)
    for im in (0.05, 0.2, 0.35, 0.9, 2.0):
        exceedance = curves.exceedance(np.log([im, im]), np.arange(2))
        for b in range(2):
            exact = [0.5 * (1 + math.erf(math.log(im / m) / found.betas[b, 0] / math.sqrt(2))) for m in found.medians_g[b]]
            assert exceedance[b] == pytest.approx(exact, abs=1e-14)
    assert curves.imts == ("SA(1.0)", "PGA") and curves.names == found.names


WRONG = {
    "header alone": (HEADER + "\n", "holds no rows below its header"),
    "nothing": ("\n", "is empty: expected a header line"),
    "missing column": (table("x,38,0.4,0.6", header="name,lat,complete_g,beta"), "line 1: the column 'lon' is missing"),
    "misspelt column": (
        table("x,38,22,0.4,0.6,9", header="name,lat,lon,complete_g,beta,repair_costs"),
        "'repair_costs' is unknown; did you mean 'repair_cost'",
    ),
    "no median": (table("x,38,22,0.6", header="name,lat,lon,beta"), "a median is missing: expected at least one of the columns slight_g"),
    "no beta": (table("x,38,22,0.6", header="name,lat,lon,slight_g"), "the column 'beta' is missing"),
    "half the betas": (
        table("x,38,22,0.6,0.8,0.6", header="name,lat,lon,slight_g,complete_g,slight_beta"),
        "the column 'complete_beta' is missing; is it 'complete_g'",
    ),
    "column twice": (table("x,38,22,0.6,0.6,3", header="name,lat,lon,slight_g,beta,lat"), "the column 'lat' appears twice"),
    "too few cells": (table(NORTH, "south,"), "line 3: 2 cells: expected 17"),
    "open quotes": (table(NORTH, 'south,"a'), "line 3: not valid CSV"),
    "name twice": (table(NORTH, SOUTH, NORTH), r"line 4: field 'name' is 'north': expected a name of its own \(line 2 has it too\)"),
    "no name": (table(NORTH.replace("north", "")), "line 2: field 'name' is '': expected a value"),
    "latitude": (table(NORTH.replace("38.5", "95")), "line 2: field 'lat' is '95': expected a latitude of -90 to 90 degrees"),
    "longitude": (table(NORTH, SOUTH.replace("22.6", "-181")), "line 3: field 'lon' is '-181': expected a longitude"),
    "no number": (table(NORTH.replace("38.5", "38 N")), "line 2: field 'lat' is '38 N': expected a latitude"),
    "not a number": (table(NORTH.replace("750000", "nan")), "field 'repair_cost' is 'nan': expected a number of at least 0"),
    "infinite": (table(NORTH.replace("750000", "inf")), "field 'repair_cost' is 'inf'"),
    "underscores": (table(NORTH.replace("750000", "750_000")), "field 'repair_cost' is '750_000'"),
    "medians decrease": (
        table(NORTH, SOUTH.replace("0.2,0.2", "0.2,0.1")),
        "line 3: field 'moderate_g' is '0.1': expected at least the median of the lighter state, 0.2",
    ),
    "median 0": (table(NORTH.replace("0.3,0.4", "0,0.4")), "line 2: field 'slight_g' is '0': expected a positive number"),
    "median in percent": (table(NORTH.replace("0.9", "90")), "field 'complete_g' is '90': expected a positive number of at most 10 g"),
    "beta 0": (table(NORTH, SOUTH.replace("0.9,0.5", "0.9,0")), "line 3: field 'beta' is '0': expected a positive number"),
    "beta negative": (table(NORTH.replace("0.9,0.6", "0.9,-0.6")), "line 2: field 'beta' is '-0.6'"),
    "cost": (table(NORTH.replace("200000", "-1")), "line 2: field 'retrofit_cost' is '-1': expected a number of at least 0"),
    "area": (table(NORTH.replace(",1000,", ",-1000,")), "field 'deck_area_m2' is '-1000'"),
    "measure": (table(NORTH.replace("SA(1.0)", "SA(0.3)")), r"field 'imt' is 'SA\(0.3\)': expected SA\(1.0\) or PGA"),
    "year": (table(NORTH.replace("1968", "68")), "field 'year' is '68': expected a year of four digits, or nothing"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_refused(name, write):
    text, message = WRONG[name]
    path = write("bridges.csv", text)
    with pytest.raises(InputError, match=message) as caught:
        read_bridges(path)
    assert str(path) in str(caught.value) and caught.value.exit_code == 2


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match=r"nowhere.csv: no such file"):
        read_bridges(tmp_path / "nowhere.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_bridges(tmp_path)
    (tmp_path / "latin.csv").write_bytes(b"name,lat\n\xe9,1\n")
    with pytest.raises(InputError, match=r"latin.csv: cannot be read"):
        read_bridges(tmp_path / "latin.csv")


@needs_data
@pytest.mark.parametrize("name", ["bridges_sf71.csv", "bridges_1743.csv"])
def test_the_public_files_in_our_format(name, tmp_path):
    """Written and read again, nothing is lost but the notes; bridges whose title holds a comma included."""
    given = read_bridges(DATA / name)
    write_bridges(tmp_path / "ours.csv", given, "converted")
    assert same(given, read_bridges(tmp_path / "ours.csv"))


def same(a, b):
    pairs = [(getattr(a, f.name), getattr(b, f.name)) for f in fields(BridgeInventory) if f.name != "notes"]
    return all(np.array_equal(x, y) if isinstance(x, np.ndarray) else x == y for x, y in pairs)


words = st.text(alphabet='abz09 ,"#éß-;:', min_size=0, max_size=8).map(str.strip)


@given(
    st.lists(
        st.tuples(
            words,
            words.map(lambda w: w.replace(";", "")),
            st.floats(-90, 90),
            st.floats(0.01, 10),
            st.floats(1e-3, 5),
            st.none() | st.integers(1000, 9999),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda row: row[0],
    ).filter(lambda rows: all(row[0] for row in rows))
)
def test_written_and_read_again(tmp_path_factory, rows):
    names, links, latitude, median, beta, years = zip(*rows, strict=True)
    count = len(rows)
    given = BridgeInventory(
        names=names,
        titles=names[::-1],
        latitude=np.array(latitude),
        longitude=2 * np.array(latitude),
        measures=("PGA",) * count,
        states=("moderate", "complete"),
        medians_g=np.column_stack([0.5 * np.array(median), median]),
        betas=np.column_stack([beta, beta]),
        links=tuple((link,) if link else () for link in links),
        links_below=((),) * count,
        years=years,
        repair_cost=np.array(median) * 1e7 / 3,
    )
    path = tmp_path_factory.mktemp("bridges") / "b.csv"
    write_bridges(path, given, 'a "comment", with\nmarks')
    assert same(given, read_bridges(path))
