"""Samples of a program: solved by Benders decomposition or as one extensive form, every plan's cost by its recourse problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import InputError, NoSolutionError, SolverError
from ...parallel import on_rank_0
from ...result import Result, Status
from ...solvers import Backend
from ..affine import AffineProgram
from ..benders import Settings, solve_problem
from ..benders.compiled import from_affine
from ..benders.engine import Engine
from ..benders.grouping import from_stage_data
from ..benders.problem import Problem
from ..benders.team import Team
from ..compiled import at_scenarios
from ..extensive_form import solve_extensive_form
from ..forked import compile_shared
from ..matrices import Array, StageData
from ..program import Program
from ..recourse import FEASIBILITY, Recourse, first_stage_violation
from ..run import Run
from ..sampling import Population
from ..symbolic import compile_affine
from .sample import Solved, StoppedError

METHODS = ("benders", "ef")


@dataclass(slots=True)
class ProgramSource:
    """Draws samples of a program's population and solves them to ``run.rel_gap`` by ``run.method``; ``run`` is also the clock."""

    population: Population
    backend: Backend
    run: Run
    seed: int
    _affine: AffineProgram | None = field(default=None, init=False)
    _compiled: bool = field(default=False, init=False)

    def sample(self, size: int, use: int, *, comm: Any = None) -> ProgramSample:
        """Return the sample number ``use``; all ranks of ``comm`` hold it."""
        program, team = self.population.draw(size, self.seed, use), Team(comm)
        if not self._compiled:  # all samples are of one model, whose build compile_affine has checked to take its data from parameters
            self._affine, self._compiled = compile_affine(program), True
        affine, lean = self._affine, self.run.method == "benders"
        if affine is not None and lean and affine.fixed_recourse and affine.fixed_cost and not affine.integer_recourse:
            return ProgramSample(self, program, team, from_affine(program, affine, team), None)
        data = compile_shared(program, comm) if affine is None else at_scenarios(program, affine)
        if not np.allclose(data.probabilities, 1 / size, rtol=1e-6, atol=0):
            raise InputError(f"{program.name}: its drawn scenarios are not equally likely; the sampling formulas need them to be")
        return ProgramSample(self, program, team, from_stage_data(data), data)


@dataclass(slots=True)
class ProgramSample:
    """One sample, compiled: ``problem`` for the engine, ``data`` where scenarios are taken one by one."""

    source: ProgramSource
    program: Program
    team: Team
    problem: Problem
    data: StageData | None

    @property
    def size(self) -> int:
        """Number of scenarios n."""
        return self.program.num_scenarios

    def vector(self, plan: Mapping[str, float]) -> Array:
        """Return a plan given by names in the order of the first stage, or refuse names that do not fit."""
        names = self.problem.first.names
        wrong = [n for n in names if n not in plan] or sorted(set(plan) - set(names))
        if wrong:
            raise InputError(f"candidate: field 'first_stage' does not fit the model: {wrong[0]!r}")
        return np.array([plan[n] for n in names], dtype=float)

    def solve(self) -> Solved:
        """Solve the sample problem.

        Raises
        ------
        StoppedError
            The time is over.
        NoSolutionError
            The sample problem is infeasible or unbounded.
        SolverError
            There is no plan, or no bound, for another reason.
        """
        clock = self.source.run
        if self._late():
            raise StoppedError("time limit")
        run = Run(rel_gap=clock.rel_gap, time_limit=clock.remaining(), threads=clock.threads, method=clock.method, solver=clock.solver)
        result = self._solved(run)
        if result.status in (Status.INFEASIBLE, Status.UNBOUNDED):
            raise NoSolutionError(f"{self.program.name}: the problem of a sample of {self.size} scenarios is {result.stop_reason}")
        if result.status is not Status.OPTIMAL and self._late():
            raise StoppedError("time limit")
        if result.objective is None or result.bound is None:
            missing = "plan" if result.objective is None else "bound"
            raise SolverError(f"{self.program.name}: a sample of {self.size} scenarios has no {missing} ({result.stop_reason})")
        return Solved(self.vector(result.first_stage), self.problem.sign * result.bound)

    def _late(self) -> bool:
        """Whether the time is over; the same on all ranks that work on this sample."""
        return self.team.on_rank_0(self.source.run.out_of_time)

    def _solved(self, run: Run) -> Result:
        if run.method == "ef":
            assert self.data is not None
            data = self.data
            run.sign = data.sign
            return on_rank_0(self.team.comm, lambda: solve_extensive_form(data, self.source.backend, run))
        settings = Settings(threads=run.threads)
        return solve_problem(self.problem, self.source.backend, run, self.team, settings)

    def costs(self, plan: Array) -> tuple[Array, Array]:
        """Return the costs of a plan by distinct scenario, and their weights.

        Raises
        ------
        NoSolutionError
            The plan violates the first stage, or has no recourse in a scenario.
        """
        violation, row = first_stage_violation(self.problem, plan)
        if violation > FEASIBILITY:
            raise NoSolutionError(f"the candidate violates {row} by a relative {violation:.3g}")
        if self.data is not None and (self.problem.integer_recourse or self.source.run.method == "ef"):
            return self._one_by_one(self.data, plan)
        engine = Engine(self.problem, self.source.backend, Run(), Settings(threads=self.source.run.threads), self.team)
        try:
            answer, _ = engine.evaluate(plan, None, engine.effort(exact=True))
        finally:
            engine.close()
        if answer.infeasible:
            raise NoSolutionError(_no_recourse(str(self.problem.labels[answer.infeasible[0]]), self.size))
        return float(self.problem.cost @ plan) + answer.costs, self.problem.probabilities

    def _one_by_one(self, data: StageData, plan: Array) -> tuple[Array, Array]:
        def solved() -> Array:
            recourse = Recourse(data, self.source.backend, self.source.run.threads)
            costs = recourse.costs(plan)
            if costs is None:
                name = next(s.name for k, s in enumerate(data.scenarios) if recourse.solve(k, plan).objective is None)
                raise NoSolutionError(_no_recourse(name, self.size))
            return costs

        return on_rank_0(self.team.comm, solved), data.probabilities


def _no_recourse(name: str, size: int) -> str:
    return f"the plan has no feasible recourse in scenario {name!r} of a sample of {size}: its expected cost, and so its gap, is infinite"
