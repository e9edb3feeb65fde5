"""The synthetic metropolitan areas: the totals of the ST-ERAO paper's Table 1, and a geography that holds together."""

import networkx as nx
import numpy as np
import pytest
from quakeops.errors import InputError
from quakeops.scenario_gen.exposure import KINDS, TIMES
from quakeops.scenario_gen.metros import metro, metro_names, metro_outline
from quakeops.scenario_gen.metros.outline import area, inside
from quakeops.scenario_gen.metros.zones import shares

TABLE_1 = {  # area in km2, buildings, infrastructure nodes, historical events, population
    "tokyo": (13_562, 285_400, 12_680, 342, 13_960_000),
    "los-angeles": (12_560, 198_750, 9_450, 256, 10_040_000),
    "istanbul": (5_461, 167_320, 8_230, 198, 15_840_000),
    "chengdu": (14_335, 221_680, 10_870, 187, 16_330_000),
}
ALL = metro_names()


@pytest.mark.parametrize("name", TABLE_1)
def test_totals_of_the_papers_table(name):
    m = metro(name)
    found = m.zones.area_km2.sum(), len(m.buildings), len(m.infrastructure), len(m.catalogue), m.zones.population.sum()
    assert found == (pytest.approx(TABLE_1[name][0], abs=1e-6), *TABLE_1[name][1:])
    assert sum(area(p) for p in metro_outline(name).polygons) == pytest.approx(TABLE_1[name][0])


@pytest.mark.parametrize("name", ALL)
def test_everything_stands_on_land_and_in_a_zone(name):
    m, land = metro(name), metro_outline(name)
    for x, y in (m.building_km, m.origin.to_km(m.zones.latitude, m.zones.longitude)):
        assert (land.side(np.column_stack([x, y])) >= 0).all()
    count = len(m.zones)
    assert set(np.unique(m.buildings.zone)) == set(range(count)) and m.buildings.archetype.max() == len(m.buildings.archetypes) - 1
    assert (m.buildings.value > 0).all() and ((m.buildings.vs30_m_s >= 150) & (m.buildings.vs30_m_s <= 1100)).all()


@pytest.mark.parametrize("name", ALL)
def test_people_are_somewhere(name):
    """By night nearly all are in buildings; by day and at commuting time some are outdoors; each zone's residents are its own."""
    m = metro(name)
    night, day, commute = m.buildings.occupants.sum(axis=0)
    total = m.zones.population.sum()
    assert TIMES == ("night", "day", "commute")
    assert night == pytest.approx(total, rel=2e-3) and commute < day < total
    home = np.array([o.startswith("RES") for *_, o in m.buildings.archetypes])[m.buildings.archetype]
    by_zone = np.bincount(m.buildings.zone, m.buildings.occupants[:, 0] * home, len(m.zones))
    assert by_zone == pytest.approx(0.99 * m.zones.population, rel=5e-3)


@pytest.mark.parametrize("name", ALL)
def test_dependencies_have_no_cycle_and_reach_hospitals(name):
    parts = metro(name).infrastructure
    graph = nx.DiGraph(list(zip(parts.source.tolist(), parts.target.tolist(), strict=True)))
    assert nx.is_directed_acyclic_graph(graph) and ((parts.weight > 0) & (parts.weight <= 1)).all()
    feeders = {KINDS[parts.kind[u]] for h in parts.of("hospital").tolist() for u in graph.predecessors(h)}
    assert feeders == {"power", "water", "communications"}
    assert (parts.road[parts.of("road")] >= 0).all() and (np.delete(parts.road, parts.of("road")) == -1).all()


@pytest.mark.parametrize("name", ALL)
def test_roads_join_all_zones(name):
    relief = metro(name).relief
    graph = nx.Graph([link.ends for link in relief.links])
    assert nx.is_connected(graph) and set(graph) == {n.name for n in relief.nodes}
    assert 1 <= sum(n.candidate for n in relief.nodes) < len(relief.nodes)


def test_water_divides_istanbul():
    """Three crossings of the strait; without them its shores are apart; every crossing has a bridge."""
    m, land = metro("istanbul"), metro_outline("istanbul")
    side = dict(zip(m.zones.names, land.side(np.column_stack(m.origin.to_km(m.zones.latitude, m.zones.longitude))), strict=True))
    over = [i for i, link in enumerate(m.relief.links) if side[link.ends[0]] != side[link.ends[1]]]
    assert len(over) == 3 and set(over) <= set(m.infrastructure.road.tolist())
    rest = nx.Graph([link.ends for i, link in enumerate(m.relief.links) if i not in over])
    assert nx.number_connected_components(rest) == 2


def test_the_same_at_every_call():
    a = metro("town")
    metro.cache_clear()
    b = metro("town")
    assert a is not b and a.relief == b.relief
    for one, two in ((a.buildings, b.buildings), (a.infrastructure, b.infrastructure)):
        assert all(np.array_equal(getattr(one, f), getattr(two, f)) for f in one.__slots__ if isinstance(getattr(one, f), np.ndarray))


def test_unknown_region():
    with pytest.raises(InputError, match=r"unknown region 'istambul'; did you mean 'istanbul'\?; packaged: chengdu, istanbul, los-angeles"):
        metro("istambul")


def test_shares_sum():
    out = shares(np.array([1.0, 1.0, 1.0, 0.0]), 10)
    assert sorted(out[:3]) == [3, 3, 4] and out[3] == 0


def test_inside_a_polygon_with_a_notch():
    notched = np.array([(0, 0), (4, 0), (4, 4), (2, 1), (0, 4)], dtype=float)
    points = np.array([(1, 1), (3, 1), (2, 3), (2, 0.5), (-1, 1), (5, 2)], dtype=float)
    assert inside(notched, points).tolist() == [True, True, False, True, False, False] and area(notched) == 10
