"""Verification where scenarios own variables: the plan with them, and a chance decomposition's bound by its rows and multipliers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import InputError
from ...result import Result
from ..benders.owned import OwnedProblem
from ..benders.risk import Risk
from ..chance.problem import ChanceProblem
from .owned_rows import EQUAL, OwnedRows
from .plan import check_cost
from .report import Verdict, Verification


def check_owned(owned: OwnedProblem, result: Result, say: Verification) -> None:
    """Check plan, cost and bound of a result on a problem whose scenarios own variables."""
    certificate: Mapping[str, Any] = result.certificate or {}
    sign, proved = owned.problem.sign, False
    if result.objective is not None:
        names = [*(owned.problem.first.names[j] for j in owned.columns.common), *(n for row in owned.names() for n in row)]
        missing = set(names) ^ set(result.first_stage)
        if missing:
            raise InputError(f"result: field 'first_stage' does not fit the model: {sorted(missing)[0]!r}")
        x, z = owned.values(result)
        chance = ChanceProblem.of(owned)
        chance.set(z)
        worst, name = chance.violation(x, z)
        feasible = say.holds(
            "the plan satisfies the first stage",
            worst <= EQUAL,
            f"{len(owned.problem.row_names)} rows, {len(names)} variables; largest violation {worst:.1e}"
            + (f" ({name})" if worst > 0 else ""),
        )
        proved = check_cost(chance.at, Risk(), x, sign * result.objective, certificate.get("recourse") or {}, say) and feasible
    if result.bound is not None:
        data = certificate.get("bound") or {}
        if result.method == "benders" and ("lp" in data or "mip" in data):
            _check_bound(owned, sign * result.bound, data, say)
        else:
            why = f"by the solver ({result.method})" if result.method != "benders" else data.get("missing", "no rows were recorded")
            say.say("the bound", Verdict.TRUSTED, f"{result.bound:.10g}: {why}")
    best = result.objective if proved else None
    if sign > 0:
        say.upper = best
    else:
        say.lower, say.upper = best, say.lower


def _check_bound(owned: OwnedProblem, bound: float, data: Mapping[str, Any], say: Verification) -> None:
    again = OwnedRows(ChanceProblem.of(owned), data)
    final = "mip" if "mip" in data else "lp"
    if not say.holds(
        "the certificate is of this bound",
        abs(float(data[final]["bound"]) - bound) <= 1e-12 * max(1.0, abs(bound)),
        f"certificate {float(data[final]['bound']):.12g}, result {bound:.12g}",
    ):
        return
    for name in (n for n in ("lp", "mip") if n in data):
        rows, wrong, largest = again.rows(data[name], name)
        kinds = np.bincount(rows[3], minlength=3)
        what = f"{kinds[0]} of costs, {kinds[1]} mixing, {kinds[2]} of feasibility; largest difference {largest:.1e}"
        valid = say.holds(f"the rows of the {name.upper()} bound", not wrong, "; ".join(wrong[:3]) or what)
        if name == "lp" and valid:
            reached, fault = again.weak_duality(rows, data["lp"])
            stated = float(data["lp"]["bound"])
            say.holds(
                "the LP bound",
                not fault and reached >= stated - EQUAL * max(1.0, abs(stated)),
                fault or f"weak duality gives {owned.problem.sign * reached:.10g}, stated {owned.problem.sign * stated:.10g}",
            )
            if not fault:
                say.lower = owned.problem.sign * reached
    if final == "mip":
        say.say("the bound", Verdict.TRUSTED, f"{owned.problem.sign * bound:.10g}: by branch and bound on these rows")
    else:
        say.holds("the bound", say.lower is not None, f"{owned.problem.sign * bound:.10g}: that of the LP")
