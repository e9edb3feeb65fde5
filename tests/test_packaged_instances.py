"""The packaged pre-positioning instances: valid, complete in their provenance, equal to the published data."""

import csv
import json
import math
from importlib.resources import files
from itertools import accumulate
from pathlib import Path

import pytest
from quakeops.instances.schema import Prepositioning

LIBRARY = files("quakeops.instances.library")
NAMES = ["gulf-coast-51", "islands-3", "newsvendor", "town-50"]
SHARED = (Path(__file__).parents[1] / "../shared/data/prepositioning/rawls_turnquist").resolve()
COLUMNS = {"water": "water_1000gal", "food": "food_1000meals", "medical kits": "medical_kits"}

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"reference data absent: {SHARED} (never part of the repository)")


def load(name: str) -> Prepositioning:
    return Prepositioning.model_validate(json.loads((LIBRARY / f"{name}.json").read_text(encoding="utf-8")))


def table(name: str) -> list[dict[str, str]]:
    with (SHARED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", NAMES)
def test_valid_and_complete(name):
    instance = load(name)
    assert instance.name == name
    assert instance.best_known is not None
    assert instance.best_known.bound <= instance.best_known.objective * (1 + 1e-9)
    assert f"--instance {name} " in instance.best_known.command
    groups = {"units", "sizes", "commodities", "nodes", "scenarios"}
    groups |= {group for group in ("links", "impact") if getattr(instance, group)}
    assert {key.split(".")[0] for key in instance.provenance} == groups


def test_gulf_coast_provenance_by_field():
    instance = load("gulf-coast-51")
    for group in ("commodities", "nodes", "links", "scenarios"):
        stated = {key.removeprefix(f"{group}.").split()[0] for key in instance.provenance if key.startswith(f"{group}.")}
        used = {field for record in getattr(instance, group) for field in record.model_fields_set} - {"name", "unit"}
        if group == "nodes":
            used = used - {"latitude", "longitude"} | {"coordinates"}
        assert used <= stated, group
    assert instance.provenance["scenarios.probability"] == instance.provenance["scenarios.demand totals"] == "published"
    assert instance.provenance["scenarios.demand nodal split"] == instance.provenance["links.length"] == "reconstructed"


@needs_shared
def test_gulf_coast_totals_and_probabilities_are_the_published_ones():
    instance, rows = load("gulf-coast-51"), table("scenarios_51.csv")
    assert len(instance.scenarios) == len(rows) == 51
    for scenario, row in zip(instance.scenarios, rows, strict=True):
        assert scenario.name.split()[0] == row["scenario"]
        assert scenario.probability == float(row["probability"])
        for commodity, column in COLUMNS.items():
            total = math.fsum(amounts.get(commodity, 0.0) for amounts in scenario.demand.values())
            assert total == pytest.approx(float(row[column]), rel=0, abs=1e-9), (scenario.name, commodity)


@needs_shared
def test_gulf_coast_damage_is_the_published_one():
    instance = load("gulf-coast-51")
    node = [n.name for n in instance.nodes]
    hurricanes = {row["hurricane_id"]: row for row in table("hurricanes_15.csv")}
    for scenario, row in zip(instance.scenarios, table("scenarios_51.csv"), strict=True):
        usable: dict[str, float] = {}
        broken: set[frozenset[str]] = set()
        for h in (hurricanes[i] for i in row["hurricanes"].split("+") if i):
            for n in h["landfall_nodes_1based"].split():
                usable[node[int(n) - 1]] = min(usable.get(node[int(n) - 1], 1.0), 0.0 if int(h["category"]) >= 3 else 0.5)
            broken |= {frozenset(node[int(n) - 1] for n in pair.split("-")) for pair in h["unusable_links_1based"].split()}
        assert scenario.usable == usable
        assert {frozenset(name.split(" -- ")) for name in scenario.link_capacity_factor} == broken
        assert not any(scenario.link_capacity_factor.values())


def test_newsvendor_closed_form():
    instance = load("newsvendor")
    (tents,), (node,) = instance.commodities, instance.nodes
    pairs = sorted((s.demand[node.name][tents.name], s.probability) for s in instance.scenarios)
    ratio = (tents.shortage_penalty - tents.price) / (tents.shortage_penalty + tents.holding_cost)
    cumulated = list(accumulate(p for _, p in pairs))
    k = next(k for k, total in enumerate(cumulated) if total >= ratio)
    assert cumulated[k - 1] + 1e-3 < ratio < cumulated[k] - 1e-3, "the optimum must be unique"
    stock = pairs[k][0]
    assert stock * tents.volume < instance.sizes[0].capacity
    assert instance.sizes[0].fixed_cost == 0
    cost = tents.price * stock + math.fsum(
        p * (tents.holding_cost * max(stock - d, 0) + tents.shortage_penalty * max(d - stock, 0)) for d, p in pairs
    )
    assert instance.best_known.objective == pytest.approx(cost, rel=1e-12)
    assert stock == 180
