"""``quakeops instances``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from .. import instances as library
from ..errors import InputError
from ..instances import Prepositioning
from ..scenario_gen.sources import FAMILIES
from . import options
from .output import console, emit_json, is_speaker


def instances(
    name: Annotated[str | None, typer.Argument(metavar="[NAME|FILE]", help="show this instance alone")] = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """List the packaged instances, or show one."""
    if name is None:
        summaries = [_summary(library.load(n)) for n in library.names()]
        summaries += [_summary(family(2, 0).instance) | {"scenarios": None} for family in FAMILIES.values()]
        if as_json:
            emit_json({"instances": summaries})
        elif is_speaker():
            _print_list(summaries)
        return 0
    if name in FAMILIES:
        inst = FAMILIES[name](2, 0).instance
    elif name in library.names() or name.endswith(".json"):
        inst = library.load(name)
    else:
        known = [*library.names(), *FAMILIES]
        raise InputError(
            f"unknown instance {name!r}{library.loader.did_you_mean(name, known)}; known: {', '.join(known)} (or give a .json file)"
        )
    if as_json:
        emit_json(inst.model_dump(mode="json"))
    elif is_speaker():
        _print_one(inst)
    return 0


def _summary(inst: Prepositioning) -> dict[str, object]:
    best = inst.best_known
    return {
        "name": inst.name,
        "model": "prepositioning",
        "title": inst.title,
        "nodes": len(inst.nodes),
        "links": len(inst.links),
        "commodities": len(inst.commodities),
        "scenarios": len(inst.scenarios),
        "objective": best.objective if best else None,
        "bound": best.bound if best else None,
        "source": inst.source.citation,
    }


def _print_list(summaries: list[dict[str, object]]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading, justify in (
        ("instance", "left"),
        ("nodes", "right"),
        ("links", "right"),
        ("goods", "right"),
        ("scenarios", "right"),
        ("best objective", "right"),
        ("bound", "right"),
    ):
        table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for s in summaries:
        scenarios = "drawn" if s["scenarios"] is None else str(s["scenarios"])
        table.add_row(
            str(s["name"]),
            str(s["nodes"]),
            str(s["links"]),
            str(s["commodities"]),
            scenarios,
            _money(s["objective"]),
            _money(s["bound"]),
        )
    out = console()
    out.print(table)
    out.print()
    for s in summaries:
        out.print(f"{s['name']}: {s['title']}. {s['source']}")


def _print_one(inst: Prepositioning) -> None:
    out, units = console(), inst.units
    out.print(f"{inst.name}: {inst.title}\n")
    facts = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    facts.add_row("source", inst.source.citation + (f", doi {inst.source.doi}" if inst.source.doi else ""))
    facts.add_row("licence", inst.source.licence)
    facts.add_row("units", f"money {units.money}, distance {units.distance}, volume {units.volume}")
    if inst.best_known:
        facts.add_row("best known", f"objective {inst.best_known.objective:,.2f}, bound {inst.best_known.bound:,.2f}")
        facts.add_row("proved by", inst.best_known.command)
    facts.add_row("size", f"{len(inst.nodes)} nodes, {len(inst.links)} links, {len(inst.scenarios) or 'drawn'} scenarios")
    facts.add_row("origin", "; ".join(f"{k}: {v}" for k, v in inst.provenance.items()))
    out.print(facts)
    sizes = Table(title=f"\ndepot sizes ({units.money}, {units.volume})", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in ("size", "fixed cost", "capacity"):
        sizes.add_column(heading, justify="left" if heading == "size" else "right")
    for size in inst.sizes:
        sizes.add_row(size.name, f"{size.fixed_cost:,.0f}", f"{size.capacity:,.0f}")
    out.print(sizes)
    goods = Table(title=f"\ncommodities ({units.money} and {units.volume} per unit)", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in ("commodity", "unit", "volume", "price", f"transport per {units.distance}", "holding", "shortage"):
        goods.add_column(heading, justify="left" if heading in ("commodity", "unit") else "right")
    for c in inst.commodities:
        goods.add_row(c.name, c.unit, *(f"{v:,.6g}" for v in (c.volume, c.price, c.transport_cost, c.holding_cost, c.shortage_penalty)))
    out.print(goods)
    if inst.scenarios:
        table = Table(title="\nscenarios", title_justify="left", box=None, padding=(0, 2, 0, 0))
        for heading in (
            "scenario",
            "probability",
            *(f"{c.name} [{c.unit}]" for c in inst.commodities),
            "damaged depots",
            "damaged links",
        ):
            table.add_column(heading, justify="left" if heading == "scenario" else "right")
        for s in inst.scenarios:
            totals = (sum(a.get(c.name, 0.0) for a in s.demand.values()) for c in inst.commodities)
            table.add_row(
                s.name,
                f"{s.probability:.5g}",
                *(f"{t:,.6g}" for t in totals),
                str(len(s.usable)),
                str(len(s.link_capacity_factor)),
            )
        out.print(table)
    if inst.source.notes:
        out.print(f"\n{inst.source.notes}")


def _money(value: object) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else "-"
