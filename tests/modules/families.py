"""The retrofit model where each set of restored elements is allowed or late at random: nothing is monotone, and rows must spare elements."""

import numpy as np
from quakeops.instances import FixedRoads, Retrofit
from quakeops.instances.fields import Source
from quakeops.instances.retrofit import Element, Pair, RoadLink
from quakeops.models.retrofit import scenario_creator, scenario_denouement, scenario_names_creator  # noqa: F401
from quakeops.models.retrofit_recomputed import Recomputed

ELEMENTS, SCENARIOS = 5, 4


def inparser_adder(cfg):
    cfg.num_scens_optional()
    cfg.add_to_config("seed", "of the families", int, 0)
    cfg.add_to_config("equal", "1: all elements cost the same", int, 0)


def kw_creator(cfg):
    source = roads(cfg.seed, cfg.equal)
    cfg.num_scens = source.num_scenarios
    return {"source": source, "requirement": "traffic"}


def lazy_rows(*, source, rows=None, **_):
    return Recomputed(Drawn(source), rows)


def roads(seed, equal=0):
    """Return a source with random costs and damage; dear retrofits of some elements pay, since all scenarios are likely."""
    rng = np.random.default_rng(seed)
    names = [f"e{i}" for i in range(ELEMENTS)]
    costs = np.array([[4] * ELEMENTS, [9] * ELEMENTS] if equal else [rng.integers(1, 9, ELEMENTS), rng.integers(5, 20, ELEMENTS)], float)
    instance = Retrofit(
        format="quakeops/retrofit/1",
        name="families",
        title="families",
        source=Source(citation="test", licence="none"),
        provenance={},
        elements=[Element(name=e, retrofit_cost=a, repair_cost=b) for e, a, b in zip(names, *costs, strict=True)],
        links=[RoadLink(name=e, time=1, element=e) for e in names],
        pairs=[Pair(name="pair", path=names[:1])],
    )
    times = np.where(rng.random((SCENARIOS, ELEMENTS)) < 0.8, 2.0, 1.0)
    source = FixedRoads(instance, times, np.full(SCENARIOS, 0.9 / SCENARIOS), [f"s{k}" for k in range(SCENARIOS)])
    source.families = seed
    return source


class Drawn:
    """Whether a decision is late: drawn once for each, but nothing is late where all is restored."""

    monotone, below = False, None

    def __init__(self, source):
        self.names = [e.name for e in source.instance.elements]
        self.hit = source.block(0, source.num_scenarios).times > 1
        self.seed = source.families

    def damaged(self, k):
        return tuple(e for e, hit in zip(self.names, self.hit[k], strict=True) if hit)

    def late(self, k, restored):
        if len(restored) == len(self.damaged(k)):
            return ()
        key = [self.seed, k, *(int(e in restored) for e in self.names)]
        return (0,) if np.random.default_rng(key).random() < 0.6 else ()

    def all_late(self, k, decisions):
        return all(self.late(k, z) for z in decisions)

    def is_late(self, k, restored, pair):
        return bool(self.late(k, restored))

    def matter(self, pair):
        return frozenset(self.names)

    def alike(self, row, k):
        return [k]
