"""Triage: recognised buildings by class and district, crews, rules of fairness."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from ...instances import Triage
from ...instances.triage_source import expected_grades
from .kind import Kind, table


def _facts(inst: Triage) -> Iterator[tuple[str, str]]:
    yield "buildings", f"{inst.buildings:,}; expected by grade {', '.join(f'{n:,.1f}' for n in expected_grades(inst).sum(axis=0))}"
    yield "days", f"{inst.days}, of which {inst.first_days} are decided on before grades are known"
    yield "weights", ", ".join(f"L{k} {w:g}" for k, w in enumerate(inst.weights))
    rules = inst.fairness
    waits = [f"L{k} by day {w}" for k, w in enumerate(rules.max_wait_days) if w is not None]
    if rules.cvar_days is not None:
        waits.append(f"CVaR {rules.cvar_level:g} of districts' waits at most {rules.cvar_days:g} days")
    if rules.gini is not None:
        waits.append(f"Gini index of districts' waits at most {rules.gini:g}")
    if waits:
        yield "fairness", "; ".join(waits)


def _tables(inst: Triage) -> Iterator[Table]:
    crews = table("crews", "crew", "a day", "districts", left=["districts"])
    for c in inst.crews:
        crews.add_row(c.name, str(c.per_day), ", ".join(c.districts) or "all")
    yield crews
    districts = table("districts", "district", "buildings", "quota")
    for d in inst.districts:
        districts.add_row(d.name, f"{sum(c.count for c in inst.classes if c.district == d.name):,}", f"{d.quota:g}")
    yield districts
    classes = table("classes", "class", "district", "buildings", "L0", "L1", "L2", "L3", left=["district"])
    for group in inst.classes:
        classes.add_row(group.name, group.district, str(group.count), *(f"{p:.3g}" for p in group.probabilities))
    yield classes
    if inst.scenarios:
        scenarios = table("scenarios", "scenario", "probability")
        for r in inst.scenarios:
            scenarios.add_row(r.name, f"{r.probability:.5g}")
        yield scenarios


TRIAGE: Kind[Triage] = Kind(
    sizes={"districts": "districts", "classes": "classes"},
    facts=_facts,
    tables=_tables,
)
