"""Pictures of a result: the plan on a map, and how bound and incumbent converged (needs matplotlib, the extra ``plot``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from ..instances.loader import did_you_mean
from ..result import Result
from . import convergence, output, plan_map
from .plan_view import plan_view

KINDS = ("plan", "convergence")

__all__ = ["KINDS", "compare", "draw"]


def draw(result: Result, kind: str, target: str | Path, *, scenario: str | None = None) -> None:
    """Draw ``result`` into the file ``target`` (.png, .svg or .pdf), which is written whole or not at all.

    Parameters
    ----------
    result
        What :func:`quakeops.solve` returned, or :meth:`Result.load` read.
    kind
        ``"plan"``: depots, stock, and flows of one scenario on a map; ``"convergence"``: bound and incumbent over time.
    target
        File to write, in a folder that exists.
    scenario
        For a plan: name or label of the scenario shown; by default the one with the largest volume of demand.

    Raises
    ------
    InputError
        Unknown kind, file ending or scenario; missing folder or matplotlib; a result that holds nothing to draw.
    """
    if kind not in KINDS:
        raise InputError(f"unknown kind of picture {kind!r}{did_you_mean(kind, list(KINDS))}; known: {', '.join(KINDS)}")
    if scenario is not None and kind != "plan":
        raise InputError(f"--scenario {scenario}: goes with kind plan, not with {kind}")
    path = output.check_target(target)
    output.require_matplotlib()
    figure = plan_map.plan_figure(plan_view(result, scenario)) if kind == "plan" else convergence.convergence_figure(result)
    output.save(figure, path)


def compare(results: Sequence[Result], target: str | Path) -> None:
    """Draw bound (dashed) and incumbent (solid) of several solves of one problem over time, a colour each, into ``target``.

    Raises
    ------
    InputError
        No result, different problems, nothing to draw in one of them; or as in :func:`draw`.
    """
    path = output.check_target(target)
    output.require_matplotlib()
    output.save(convergence.comparison_figure(results), path)
