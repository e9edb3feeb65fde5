"""Whether status, objective, bound, gap and trace of a result agree with one another."""

from __future__ import annotations

from ...result import Result, Status
from .report import Verdict, Verification


def check_numbers(result: Result, num_scenarios: int, say: Verification) -> None:
    """Check what a result says of itself, without its problem's data."""
    sign = 1.0 if result.sense == "minimize" else -1.0
    objective, bound, status = result.objective, result.bound, result.status
    wrong = []
    if result.num_scenarios != num_scenarios:
        wrong.append(f"{result.num_scenarios} scenarios, rebuilt {num_scenarios}")
    if (objective is not None) != (status in (Status.OPTIMAL, Status.FEASIBLE)):
        wrong.append(f"status {status} with objective {objective}")
    if objective is not None and bound is not None and (bound - objective) * sign > 1e-6 * max(1.0, abs(objective)):
        wrong.append(f"the bound {bound:.10g} lies beyond the objective {objective:.10g}")
    if status is Status.OPTIMAL:
        asked = float(result.provenance.get("options", {}).get("rel_gap", 0.0))
        if objective is None or bound is None:
            wrong.append("optimal without a bound")
        elif abs(objective - bound) > (asked * (1 + 1e-6) + 1e-9) * abs(objective) + 1e-9:
            wrong.append(f"optimal, but the gap {result.gap:.3g} is larger than the {asked:g} asked for")
    if result.trace and result.trace[-1].objective != objective:
        wrong.append(f"the trace ends with objective {result.trace[-1].objective}, not {objective}")
    if result.trace and result.trace[-1].bound != bound:
        wrong.append(f"the trace ends with bound {result.trace[-1].bound}, not {bound}")
    say.holds("status, objective, bound and trace agree", not wrong, "; ".join(wrong) or f"{status}, gap {_gap(result)}")
    if status in (Status.INFEASIBLE, Status.UNBOUNDED):
        say.say(f"the problem is {status}", Verdict.TRUSTED, result.stop_reason)


def _gap(result: Result) -> str:
    return "none" if result.gap is None else f"{result.gap:.3e}"
