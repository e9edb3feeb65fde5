"""A user's own region: what is read, and what each thing that cannot be is told."""

import json

import numpy as np
import pytest
from quakeops.errors import InputError
from quakeops.scenario_gen.hazus import component_fragilities
from quakeops.scenario_gen.regions import open_region

BUILDINGS = """Lat,Long,Structure Type,DesignLevel,OccupancyClass,Vs30,ReplacementCost,occupants_night,day
38.001,22.001,URML,LC,RES3,350,400000,12,3
38.002,22.003,C1L,MC,COM1,360,900000,0,40
38.098,22.101,W1,HC,RES1,500,250000,4,1
"""
COMPONENTS = """id,kind,lat,lon,class,zone,capacity,road
S1,power,38.0,22.0,EP.S.L.A,Ano,10,
P1,water,38.01,22.01,PPP.S.U,Ano,12,
H1,hospital,38.1,22.1,C1M.MC,Kato,20,
B1,road,38.05,22.05,HWB.GS.5,Kato,0,Ano -- Kato
"""
EDGES = "from,to,weight\nS1,P1,0.5\nP1,H1,0.25\n"


@pytest.fixture
def region(small, write, tmp_path):
    """``region(**changes)`` writes the region and its files and returns its path; a value replaces a file's text or a field."""

    def make(buildings=BUILDINGS, components=COMPONENTS, edges=EDGES, relief=None, **fields):
        small.update(name="two-towns", scenarios=[], nodes=small["nodes"][:2], links=small["links"][:1])
        for i, name in enumerate(("water", "food")):
            small["commodities"][i]["name"] = name
        write("relief.json", small if relief is None else relief)
        for name, text in (("b.csv", buildings), ("c.csv", components), ("e.csv", edges)):
            (tmp_path / name).write_text(text, encoding="utf-8")
        data = {
            "format": "quakeops/region/1",
            "name": "two-towns",
            "buildings": "b.csv",
            "components": "c.csv",
            "dependencies": "e.csv",
            "relief": "relief.json",
            "zones": [{"name": "Ano", "population": 12}, {"name": "Kato", "population": 4}],
            "faults": [{"name": "gulf", "trace": [[37.95, 21.9], [37.98, 22.2]], "dip_degrees": 60, "mechanism": "normal",
                        "magnitudes": [6.0, 7.0], "annual_rate": 0.01}],
        }  # fmt: skip
        return write("region.json", data | fields)

    return make


def test_read(region):
    exposure = open_region(region())
    b, c = exposure.buildings, exposure.infrastructure
    assert b.zone.tolist() == [0, 0, 1] and b.vs30_m_s.tolist() == [350, 360, 500] and b.value.sum() == 1_550_000
    assert [b.archetypes[i] for i in b.archetype] == [("URML", "LC", "RES3"), ("C1L", "MC", "COM1"), ("W1", "HC", "RES1")]
    assert b.occupants.tolist() == [[12, 3, 12], [0, 40, 0], [4, 1, 4]]
    assert c.names == ("S1", "P1", "H1", "B1") and c.road.tolist() == [-1, -1, -1, 0] and c.of("hospital").tolist() == [2]
    assert (c.source.tolist(), c.target.tolist(), c.weight.tolist()) == ([0, 1], [1, 2], [0.5, 0.25])
    assert exposure.faults[0].mechanism == "normal" and exposure.hazard.region == "global"


def test_geojson(region, tmp_path):
    """The same buildings as GeoJSON points."""
    rows = [line.split(",") for line in BUILDINGS.splitlines()]
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [float(r[1]), float(r[0])]},
            "properties": dict(zip(rows[0][2:], r[2:], strict=True)),
        }
        for r in rows[1:]
    ]
    path = region()
    (tmp_path / "b.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    data = json.loads(path.read_text(encoding="utf-8")) | {"buildings": "b.geojson"}
    path.write_text(json.dumps(data), encoding="utf-8")
    a, b = open_region(region()).buildings, open_region(path).buildings
    assert np.array_equal(a.occupants, b.occupants) and np.array_equal(a.latitude, b.latitude) and a.archetypes == b.archetypes


def test_without_infrastructure(region):
    path = region()
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({k: v for k, v in data.items() if k not in ("components", "dependencies")}), encoding="utf-8")
    assert len(open_region(path).infrastructure) == 0


WRONG_BUILDINGS = {
    "swapped": ("38.001,22.001,URML", "22.001,38.001,URML", r"b\.csv: row 1: latitude 22.001, longitude 38.001 .*swapped"),
    "Vs30 in km/s": ("350", "0.35", r"b\.csv: row 1: field 'Vs30' is '0.35': expected 10 to 10000 m/s; the value may be in km/s"),
    "negative value": ("400000", "-1", r"b\.csv: row 1: field 'ReplacementCost' is '-1': expected 0 to inf"),
    "no number": ("400000", "much", r"b\.csv: row 1: field 'ReplacementCost' is 'much': expected a number"),
    "unknown type": ("URML", "URMX", r"b\.csv: row 1: field 'Structure Type' is 'URMX': expected one of .*did you mean 'URM"),
    "unknown code": ("URML,LC", "URML,HC", r"b\.csv: row 1: field 'DesignLevel' is 'HC': expected a code level of URML: LC, PC"),
    "unknown occupancy": ("RES3", "RES9", r"b\.csv: row 1: field 'OccupancyClass' is 'RES9': expected one of"),
    "empty cell": ("350,400000", ",400000", r"b\.csv: row 1: field 'Vs30' is '': expected a value"),
    "a cell short": (",12,3", ",12", r"b\.csv: row 1 has not as many cells as the header"),
    "no such column": ("ReplacementCost", "Price", r"b\.csv: column 'value' is missing \(accepted names: value, ReplacementCost"),
}


@pytest.mark.parametrize("case", WRONG_BUILDINGS)
def test_buildings_that_cannot_be(region, case):
    old, new, message = WRONG_BUILDINGS[case]
    with pytest.raises(InputError, match=message):
        open_region(region(buildings=BUILDINGS.replace(old, new, 1)))


WRONG_COMPONENTS = {
    "kind": ("S1,power", "S1,steam", r"c\.csv: row 1: field 'kind' is 'steam': expected one of power, water, road"),
    "class": ("EP.S.L.A", "EP.S.L.X", r"c\.csv: row 1: field 'class' is 'EP.S.L.X': expected one of"),
    "zone": (",Ano,10", ",Ani,10", r"c\.csv: row 1: field 'zone' is 'Ani': expected one of Ano, Kato; did you mean 'Ano'"),
    "road": ("Ano -- Kato", "Ano -- Mesi", r"c\.csv: row 4: field 'road' is 'Ano -- Mesi': expected a link of the instance: Ano -- Kato"),
    "twice": ("P1,water", "S1,water", r"c\.csv: row 2: field 'id' is 'S1': expected a name of its own \(row 1 has it too\)"),
}


@pytest.mark.parametrize("case", WRONG_COMPONENTS)
def test_components_that_cannot_be(region, case):
    old, new, message = WRONG_COMPONENTS[case]
    with pytest.raises(InputError, match=message):
        open_region(region(components=COMPONENTS.replace(old, new, 1)))


OWN = """name,imt,slight_median,moderate_median,extensive_median,complete_median,beta
mast,PGA,0.1,0.2,0.3,0.4,0.5
EP.S.L.A,PGA,0.5,0.6,0.7,0.8,0.5
arch,SA(1.0),0.1,0.2,0.3,0.4,0.5
"""


def test_own_fragilities(region, tmp_path):
    """A class of the user's, and one that takes the place of Hazus' of the same name; medians out of order are refused."""
    (tmp_path / "f.csv").write_text(OWN, encoding="utf-8")
    exposure = open_region(region(components=COMPONENTS.replace("PPP.S.U", "mast").replace("HWB.GS.5", "arch"), fragilities="f.csv"))
    c = exposure.infrastructure
    fragilities = component_fragilities(c.fragilities, c.own_classes)
    medians = {name: fragilities.medians[c.fragilities.index(name)].tolist() for name in ("mast", "EP.S.L.A", "arch")}
    assert medians == {"mast": [0.1, 0.2, 0.3, 0.4], "EP.S.L.A": [0.5, 0.6, 0.7, 0.8], "arch": [0.1, 0.2, 0.3, 0.4]}
    with pytest.raises(
        InputError, match=r"c\.csv: row 4: field 'class' is 'mast': expected a class for SA\(1\.0\), as kind 'road' has, not for PGA"
    ):
        open_region(region(components=COMPONENTS.replace("HWB.GS.5", "mast"), fragilities="f.csv"))
    (tmp_path / "f.csv").write_text(OWN.replace("0.1,0.2,0.3,0.4,0.5", "0.1,0.3,0.2,0.4,0.5", 1), encoding="utf-8")
    with pytest.raises(InputError, match=r"f\.csv: row 1: field 'extensive_median' is '0\.2': expected at least the median of moderate"):
        open_region(region(fragilities="f.csv"))


def test_edges_that_cannot_be(region):
    with pytest.raises(InputError, match=r"e\.csv: row 1: field 'to' is 'P9': expected one of S1, P1, H1, B1"):
        open_region(region(edges=EDGES.replace("S1,P1", "S1,P9")))
    with pytest.raises(InputError, match=r"e\.csv: row 2: field 'weight' is '1.25': expected 0 to 1"):
        open_region(region(edges=EDGES.replace("0.25", "1.25")))


def test_cycles(region):
    """Taken as they are, refused where the region says that there are none; loops and repetitions always, with the file and the row."""
    cyclic = EDGES + "H1,S1,0.5\n"
    assert len(open_region(region(edges=cyclic)).infrastructure.source) == 3
    with pytest.raises(InputError, match=r"e\.csv: the graph has a cycle: .*'S1'.*expected none in strict mode"):
        open_region(region(edges=cyclic, acyclic=True))
    for more in ("S1,S1,0.5\n", "S1,P1,0.1\n"):
        with pytest.raises(InputError, match=r"e\.csv: .*3"):
            open_region(region(edges=EDGES + more))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("faults", [], r"region\.json: line 1: field 'faults' is \[\]: .*at least 1"),
        ("zones", [{"name": "Ano", "population": 12}], r"region\.json: line 1: field 'zones': names must be those of the nodes of relief\.json.*'Kato' differs"),
        ("hazard", {"region": "moon"}, r"region\.json: line 1: field 'hazard\.region' is 'moon'"),
        ("colour", "red", r"region\.json: line 1: unknown field 'colour'"),
        ("buildings", "none.csv", r"none\.csv: no such file"),
    ],
)  # fmt: skip
def test_region_files_that_cannot_be(region, field, value, message):
    path = region()
    data = json.loads(path.read_text(encoding="utf-8")) | {field: value}
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        open_region(path)


def test_faults_that_cannot_be(region):
    path = region()
    for change, message in (
        ({"magnitudes": [7.0, 6.0]}, "expected the smaller one first"),
        ({"top_km": 20.0}, "bottom_km 15: expected a depth below top_km 20"),
        ({"trace": [[37.95, 21.9]]}, "at least 2 items"),
        ({"dip_degrees": 120}, "less than or equal to 90"),
    ):
        data = json.loads(path.read_text(encoding="utf-8"))
        data["faults"][0] |= change
        changed = path.with_name("changed.json")
        changed.write_text(json.dumps(data), encoding="utf-8")
        with pytest.raises(InputError, match=rf"changed\.json: line 1: field 'faults.*{message}"):
            open_region(changed)
