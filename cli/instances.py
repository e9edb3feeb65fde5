"""``quakeops instances``."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from .. import instances as library
from ..errors import InputError, did_you_mean
from ..instances import Instance, Responder, Routing
from ..scenario_gen.sources import DRAWN_ELSEWHERE, ELSEWHERE, FAMILIES, FOLDERS
from . import options
from .instance_kinds import KINDS, kind_of
from .output import console, emit_json, is_speaker


def instances(
    name: Annotated[str | None, typer.Argument(metavar="[NAME|FILE]", help="show this instance alone")] = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """List the packaged instances, or show one."""
    if name is None:
        summaries = [_summary(library.load(n)) for n in library.names()]
        summaries += [_summary(_of_family(family)) | {"scenarios": None} for family in FAMILIES]
        if as_json:
            emit_json({"instances": summaries, "from_files": FOLDERS})
        elif is_speaker():
            _print_list(summaries)
        return 0
    families = FAMILIES | DRAWN_ELSEWHERE
    if name in families:
        inst = _of_family(name)
    elif name in ELSEWHERE:
        inst = ELSEWHERE[name]().as_instance()
    elif name in library.names() or library.loader.is_instance_file(name):
        inst = library.load(name)
    else:
        known = [*library.names(), *families, *ELSEWHERE]
        raise InputError(f"unknown instance {name!r}{did_you_mean(name, known)}; known: {', '.join(known)} (or give a .json file)")
    if as_json:
        emit_json(inst.model_dump(mode="json"))
    elif is_speaker():
        _print_one(inst)
    return 0


def _of_family(name: str) -> Instance:
    return (FAMILIES | DRAWN_ELSEWHERE)[name](1, 0).instance


def _summary(inst: Instance) -> dict[str, Any]:
    best = inst.best_known
    model, kind = kind_of(inst)
    return {
        "name": inst.name,
        "model": model,
        "title": inst.title,
        **kind.counts(inst),
        "scenarios": _scenarios(inst),
        "objective": best.objective if best else None,
        "bound": best.bound if best else None,
        "source": inst.source.citation,
    }


def _scenarios(inst: Instance) -> int | None:
    """Return how many scenarios an instance has: those written in it, or one where there is nothing to draw from; ``None``: drawn."""
    certain = isinstance(inst, Responder | Routing) and inst.uncertainty is None
    return len(inst.scenarios) or (1 if certain else None)


def _print_list(summaries: list[dict[str, Any]]) -> None:
    """Print the instances model by model, since each has sizes of its own."""
    out = console()
    width = max(len(str(s["name"])) for s in summaries)
    for model, kind in KINDS.items():
        own = [s for s in summaries if s["model"] == model]
        table = Table(title=f"model {model}", title_justify="left", box=None, padding=(0, 2, 0, 0))
        table.add_column("instance", min_width=width, no_wrap=True)
        for heading in (*kind.sizes.values(), "scenarios", "best objective", "bound"):
            table.add_column(heading, justify="right", no_wrap=True)
        for s in own:
            scenarios = "drawn" if s["scenarios"] is None else str(s["scenarios"])
            table.add_row(s["name"], *(str(s[field]) for field in kind.sizes), scenarios, _money(s["objective"]), _money(s["bound"]))
        out.print(table)
        out.print()
    for s in summaries:
        out.print(f"{s['name']}: {s['title'].rstrip('.')}. {s['source']}")
    for name, variable in FOLDERS.items():
        out.print(f"{name}: read from files of yours, in the folder that {variable} names")


def _print_one(inst: Instance) -> None:
    out, (model, kind) = console(), kind_of(inst)
    out.print(f"{inst.name}: {inst.title}\n")
    facts = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    facts.add_row("model", model)
    facts.add_row("source", inst.source.citation + (f", doi {inst.source.doi}" if inst.source.doi else ""))
    facts.add_row("licence", inst.source.licence)
    if inst.best_known:
        facts.add_row("best known", f"objective {inst.best_known.objective:,.2f}, bound {inst.best_known.bound:,.2f}")
        facts.add_row("proved by", inst.best_known.command)
    counts = (f"{count} {field}" for field, count in kind.counts(inst).items())
    facts.add_row("size", f"{', '.join(counts)}, {_scenarios(inst) or 'drawn'} scenarios")
    for what, text in kind.facts(inst):
        facts.add_row(what, text)
    if inst.provenance:
        facts.add_row("origin", "; ".join(f"{k}: {v}" for k, v in inst.provenance.items()))
    out.print(facts)
    for table in kind.tables(inst):
        out.print(table)
    if inst.source.notes:
        out.print(f"\n{inst.source.notes}")


def _money(value: object) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else "-"
