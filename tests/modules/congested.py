"""The retrofit model with traffic on small networks of our own: ``town`` drawn by a seed, ``braess`` with a bridge that does harm."""

import numpy as np
from quakeops.instances import Retrofit
from quakeops.instances.fields import Source
from quakeops.instances.retrofit import Element, Pair, Place, RoadLink
from quakeops.instances.road_network import RoadNetwork
from quakeops.models import retrofit
from quakeops.models.retrofit import lazy_rows, scenario_creator, scenario_names_creator  # noqa: F401
from quakeops.scenario_gen.traffic_roads import traffic_roads


def inparser_adder(cfg):
    cfg.num_scens_optional()
    cfg.add_to_config("which", "town or braess", str, "town")
    cfg.add_to_config("seed", "of the town", int, 0)


def kw_creator(cfg):
    source = braess() if cfg.which == "braess" else town(cfg.seed)
    cfg.num_scens = source.num_scenarios
    return {"source": source, "requirement": "traffic"}


def roads(network, carriers, costs, pairs, tolerance, trips, states, rates, **slow):
    """Return a source; ``carriers`` (L,) numbers of elements or -1, ``costs`` [(retrofit, repair)]."""
    nodes = [f"n{i}" for i in range(network.nodes)]
    skeleton = Retrofit(
        format="quakeops/retrofit/1",
        name=network.name,
        title=network.name,
        source=Source(citation="test", licence="none"),
        provenance={},
        places=[Place(name=n, latitude=0, longitude=i) for i, n in enumerate(nodes)],
        elements=[Element(name=f"e{i}", retrofit_cost=a, repair_cost=b) for i, (a, b) in enumerate(costs)],
        links=[
            RoadLink(name=f"l{i}", ends=(nodes[u], nodes[v]), time=0, one_way=True, element=None if c < 0 else f"e{c}")
            for i, (u, v, c) in enumerate(zip(network.tail, network.head, carriers, strict=True))
        ],
        pairs=[Pair(name=f"{o} to {d}", origin=nodes[o], destination=nodes[d], tolerance=tolerance) for o, d in pairs],
    )
    labels = [f"quake {k}" for k in range(len(states))]
    return traffic_roads(skeleton, network, np.asarray(trips, float), np.asarray(states, np.int8), np.asarray(rates), labels, **slow)


def town(seed, elements=5, scenarios=4):
    """Return six places on a ring with three streets across, of which ``elements`` are bridges, at rush hour."""
    rng = np.random.default_rng(seed)
    streets = [(i, (i + 1) % 6) for i in range(6)] + [(0, 3), (1, 4), (2, 5)]
    bridges = rng.permutation(9)[:elements].tolist()
    carrier = [bridges.index(i) if i in bridges else -1 for i in range(9)]
    minutes, capacity = rng.uniform(4, 10, 9), rng.uniform(300, 700, 9)
    network = RoadNetwork(
        name="town",
        zones=6,
        nodes=6,
        tail=[u for u, v in streets] + [v for u, v in streets],
        head=[v for u, v in streets] + [u for u, v in streets],
        free_flow_time=np.tile(minutes, 2),
        capacity=np.tile(capacity, 2),
    )
    trips = rng.uniform(50, 250, (6, 6)) * (1 - np.eye(6))
    pairs = [(o, d) for o in range(6) for d in range(6) if o != d]
    chosen = [pairs[i] for i in rng.permutation(30)[:4]]
    costs = [(float(rng.integers(1, 10)), float(rng.integers(20, 90))) for _ in bridges]
    states = rng.choice([0, 1, 2], (scenarios, elements), p=[0.35, 0.25, 0.4])
    rates = rng.uniform(0.02, 0.1, scenarios)
    return roads(network, carrier * 2, costs, chosen, 0.2, trips, states, rates)


def braess():
    """Return Braess's four places: costs 10 v, 50 + v, 10 + v of flow v, six vehicles; e0 is the short cut, e1 on a slow road."""
    free, slope = np.array([1e-6, 50, 50, 1e-6, 10]), np.array([10.0, 1, 1, 10, 1])
    network = RoadNetwork(
        name="braess",
        zones=4,
        nodes=4,
        tail=[0, 0, 1, 2, 1],
        head=[1, 2, 3, 3, 2],
        free_flow_time=free,
        capacity=np.ones(5),
        b=slope / free,
        power=np.ones(5),
    )
    trips = np.zeros((4, 4))
    trips[0, 3] = 6
    states = [[2, 1], [2, 0], [0, 1]]
    return roads(network, [-1, -1, 1, -1, 0], [(1, 30), (40, 50)], [(0, 3)], 0.0, trips, states, [0.05, 0.03, 0.02], slow_time=1.1)


source_of = {"town": town, "braess": braess}
model = retrofit
