"""One run: its clock, limits, trace and progress; and how every method turns a plan and a bound into a :class:`Result`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..result import Result, Status, TracePoint, relative_gap
from ..solvers import Termination
from .matrices import Array, Stage

Progress = Callable[[TracePoint], None]


@dataclass(slots=True)
class Run:
    """Clock, limits and best-so-far of one solve; bounds and objectives are kept in the model's own sense.

    ``certificate``: the result is to hold what verification needs. ``plan``: first-stage values by name to begin with.
    """

    rel_gap: float = 1e-3
    time_limit: float | None = None
    threads: int | None = None
    sign: float = 1.0
    progress: Progress | None = None
    certificate: bool = False
    method: str = ""
    solver: str = ""
    start: float = field(default_factory=time.perf_counter)
    timing: dict[str, float] = field(default_factory=dict)
    trace: list[TracePoint] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)
    bound: float | None = None
    objective: float | None = None
    plan: Mapping[str, float] | None = None

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.start

    def remaining(self) -> float | None:
        """Seconds left of the time limit (at least 0.01), or ``None``."""
        return None if self.time_limit is None else max(0.01, self.time_limit - self.elapsed())

    def out_of_time(self) -> bool:
        """Whether the time limit has passed."""
        return self.time_limit is not None and self.elapsed() >= self.time_limit

    @contextlib.contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Add the time spent inside to ``timing[part]``."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.timing[part] = self.timing.get(part, 0.0) + time.perf_counter() - begin

    def report(self, *, bound: float | None = None, objective: float | None = None, at: float | None = None) -> None:
        """Take a bound or incumbent *in minimisation form*; what improves goes to the trace and the progress callback."""
        better_bound = bound is not None and (self.bound is None or bound > self.bound * self.sign)
        better_plan = objective is not None and (self.objective is None or objective < self.objective * self.sign)
        if better_bound and bound is not None:
            self.bound = bound * self.sign
        if better_plan and objective is not None:
            self.objective = objective * self.sign
        point = TracePoint(time_s=self.elapsed() if at is None else at, bound=self.bound, objective=self.objective)
        if better_bound or better_plan:
            self.trace.append(point)
        if self.progress is not None:
            self.progress(point)

    def gap(self) -> float | None:
        """Relative gap between the best incumbent and the best bound."""
        return relative_gap(self.objective, self.bound)


class Evaluator(Protocol):
    """What re-evaluates a plan exactly; costs are in minimisation form."""

    @property
    def first(self) -> Stage:
        """The first-stage variables."""

    @property
    def sign(self) -> float:
        """-1 for a maximisation."""

    @property
    def num_scenarios(self) -> int:
        """How many scenarios the program has."""

    def clean(self, x: Array) -> Array:
        """Round the integer part and clip tiny bound violations."""

    def expected(self, x: Array) -> float | None:
        """Return the cost that is minimised, or ``None`` if ``x`` is infeasible."""

    def why_infeasible(self, x: Array) -> str:
        """Say what rejects ``x``."""


def finish(
    run: Run,
    evaluator: Evaluator,
    *,
    x: Array | None,
    bound: float | None,
    termination: Termination,
    reason: str,
    repair: Callable[[], Array | None] | None = None,
) -> Result:
    """Re-evaluate plan ``x`` exactly and return the result; ``bound`` is a dual bound in minimisation form.

    If the plan fails (a MIP's rows hold only to 1e-6), the one that ``repair`` returns is tried. ``OPTIMAL`` needs a plan that satisfies
    the first stage, recourse in every scenario, and a gap within ``run.rel_gap``. A bound beyond the plan's exact cost is discarded.
    """
    status = {Termination.INFEASIBLE: Status.INFEASIBLE, Termination.UNBOUNDED: Status.UNBOUNDED}.get(termination, Status.NO_SOLUTION)
    objective, plan = None, {}
    if x is not None and status is Status.NO_SOLUTION:
        x = evaluator.clean(x)
        with run.timed("evaluate"):
            evaluated = evaluator.expected(x)
            if evaluated is None and repair is not None and (again := repair()) is not None:
                x = evaluator.clean(again)
                evaluated = evaluator.expected(x)
        if evaluated is None:
            reason = f"{reason}; the solver's plan failed exact re-evaluation: {evaluator.why_infeasible(x)}"
        else:
            objective = evaluated * evaluator.sign
            plan = {n: float(v) for n, v in zip(evaluator.first.names, x, strict=True)}
            status = Status.FEASIBLE
    own_bound = None if bound is None or status in (Status.INFEASIBLE, Status.UNBOUNDED) else bound * evaluator.sign
    if objective is not None and own_bound is not None and (own_bound - objective) * evaluator.sign > 1e-6 * max(1.0, abs(objective)):
        reason = f"{reason}; the bound {own_bound:.10g} lies beyond the plan's exact cost and is discarded: numerical trouble"
        own_bound = None
    if objective is not None and own_bound is not None:
        closed = abs(objective - own_bound) <= (run.rel_gap * (1 + 1e-6) + 1e-9) * abs(objective) + 1e-9  # the last for an optimum of 0
        status = Status.OPTIMAL if closed else status
    run.trace.append(TracePoint(time_s=run.elapsed(), bound=own_bound, objective=objective))
    run.timing["total"] = run.elapsed()
    return Result(
        status=status,
        method=run.method,
        solver=run.solver,
        sense="minimize" if evaluator.sign > 0 else "maximize",
        objective=objective,
        bound=own_bound,
        num_scenarios=evaluator.num_scenarios,
        first_stage=plan,
        stop_reason=reason,
        trace=tuple(_in_order(run.trace)),
        timing=dict(run.timing),
        provenance=dict(run.provenance),
    )


def _in_order(trace: list[TracePoint]) -> list[TracePoint]:
    """Sort by time and drop points that repeat the one before."""
    out: list[TracePoint] = []
    for point in sorted(trace, key=lambda p: p.time_s):
        if not out or (point.bound, point.objective) != (out[-1].bound, out[-1].objective):
            out.append(point)
    return out


def provenance(recipe: Mapping[str, Any], instance_hash: str, **options: Any) -> dict[str, Any]:
    """Return versions, machine-independent options, instance hash and the recipe that rebuilds the program."""
    from importlib.metadata import PackageNotFoundError, version

    versions = {}
    for package in ("quakeops", "pyomo", "mpi-sppy", "highspy", "gurobipy", "numpy", "scipy"):
        with contextlib.suppress(PackageNotFoundError):
            versions[package] = version(package)
    return {"recipe": dict(recipe), "instance_hash": instance_hash, "options": options, "versions": versions}
