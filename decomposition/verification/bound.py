"""The dual bound: its cuts, the LP bound by weak duality, and what of it is proved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..benders.problem import Problem
from ..benders.risk import Risk
from ..matrices import Array
from .certificate import Section, read_duals, read_section
from .cuts import Recomputation, Recomputed
from .lower_bound import weak_duality
from .report import Verdict, Verification

TOLERANCE = 1e-6
"""A bound counts as proved if arithmetic reaches it to this, relative to the amount: the tolerance of LP solvers."""


def check_bound(problem: Problem, risk: Risk, x: Array, bound: float, data: Mapping[str, Any], say: Verification) -> None:
    """Check a Benders run's bound (minimisation form) by its certificate."""
    claim = "the bound"
    if "missing" in data or not data:
        say.say(claim, Verdict.TRUSTED, f"the result holds no duals ({data.get('missing', 'none were recorded')})")
        return
    duals = read_duals(problem, data)
    sections = {name: read_section(problem, data, name, len(duals.ids)) for name in ("lp", "mip") if name in data}
    if not sections:
        say.say(claim, Verdict.TRUSTED, "the result holds no cuts")
        return
    final = sections.get("mip", sections.get("lp"))
    assert final is not None
    if not say.holds(
        "the certificate is of this bound", _close(final.bound, bound, 1e-12), f"certificate {final.bound:.12g}, result {bound:.12g}"
    ):
        return
    again = Recomputation(problem, risk, duals, x)
    reached, trusted = None, 0
    for name, section in sections.items():
        cuts = again.of(section)
        _say_cuts(section, cuts, say)
        trusted += cuts.trusted
        if name == "lp":
            reached = _lp(problem, risk, section, cuts, say)
    if reached is not None:
        say.lower = problem.sign * reached
    if "mip" not in sections and not trusted:
        return
    detail = "" if reached is None else f"; arithmetic alone proves {problem.sign * reached:.10g}"
    if "mip" in sections:
        how = f"branch and bound over the {len(final.cuts)} cuts of the final master is taken from the solver"
        if problem.integer_recourse:
            how = f"integer recourse: the final master of {len(final.cuts)} cuts, and plans settled one by one, are taken from the run"
        detail = how + detail
    if trusted:
        detail += f"; {trusted} cuts are no sums of recourse duals and are taken as they are"
    say.say(claim, Verdict.TRUSTED, f"{problem.sign * bound:.10g}: {detail.lstrip('; ')}")


def _say_cuts(section: Section, cuts: Recomputed, say: Verification) -> None:
    name = {"lp": "the cuts behind the LP bound", "mip": "the cuts of the final master"}[section.name]
    count = len(section.cuts) - cuts.trusted
    detail = f"{count} summed again from duals, largest relative difference {cuts.largest:.1e}"
    if cuts.charged:
        detail += f"; reduced costs up to {cuts.charged:.1e} in money charged against implied bounds"
    if cuts.open:
        detail += f"; to the solver's tolerance: reduced costs up to {cuts.open:.1e} (relative) of recourse variables without a bound"
    if cuts.wrong:
        detail = f"{len(cuts.wrong)} of {count} are wrong: {cuts.wrong[0]}"
    say.holds(name, not cuts.wrong, detail)


def _lp(problem: Problem, risk: Risk, section: Section, cuts: Recomputed, say: Verification) -> float | None:
    """Check the LP bound; returns what arithmetic gives, if it is valid."""
    claim = f"the LP bound {problem.sign * section.bound:.10g}"
    found = weak_duality(problem, risk, section, cuts)
    if found.wrong or cuts.wrong:
        say.holds(claim, False, found.wrong[0] if found.wrong else "it stands on wrong cuts")
        return None
    detail = f"weak duality over {len(section.cuts)} cuts gives {problem.sign * found.value:.10g}"
    if found.open:
        detail += f"; to the solver's tolerance: reduced costs up to {found.open:.1e} (relative) of variables without a bound"
    reached = found.value >= section.bound - TOLERANCE * max(1.0, abs(section.bound))
    if cuts.trusted and reached:
        say.say(claim, Verdict.TRUSTED, f"{detail}, {cuts.trusted} of the cuts being taken as they are")
        return None
    return found.value if say.holds(claim, reached, detail) else None


def _close(a: float, b: float, tolerance: float) -> bool:
    return abs(a - b) <= tolerance * max(1.0, abs(a), abs(b))
