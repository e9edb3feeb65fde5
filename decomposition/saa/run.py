"""The run: a candidate, its cost on fresh scenarios, and the replications that bound its gap; what is done when it stops is reported."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import InputError
from ...parallel import on_rank_0
from ..matrices import Array
from ..program import Program
from .intervals import Probability, Statement, about_mean
from .options import Options
from .procedures import Bounds, bounds
from .program_source import ProgramSample, ProgramSource
from .replication import Replication, replicate
from .sample import StoppedError, deviation, mean
from .sequential import Look, Outcome, sequential
from .spread import spread
from .violations import violations

CANDIDATE, EVALUATION, FIRST = 0, 1, 2
"""Numbers of the samples: the candidate's, the evaluation's, and from ``FIRST`` on those of replications and later candidates."""

Told = Callable[[str, int, int], None]


@dataclass(slots=True)
class SaaRun:
    """What is known so far; every step adds to it, so that a run that stops early can be reported."""

    source: ProgramSource
    options: Options
    comm: Any = None
    given: Mapping[str, float] | None = None
    told: Told | None = None
    candidate: dict[str, float] = field(default_factory=dict)
    cost: Statement | None = None
    bounds: Bounds | None = None
    replications: list[Replication] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    violations: dict[str, Probability] = field(default_factory=dict)
    certified: bool | None = None
    sign: float = 1.0
    evaluated: int = 0
    _names: tuple[str, ...] = ()
    _next: int = FIRST

    def go(self) -> str:
        """Do everything that was asked for; returns ``done``, or what stopped it."""
        try:
            program = self.source.population.program
            if program.violations is not None or program.owned:
                self._of_chance_constraints(program)
            elif self.options.until_gap is None:
                x = self._first_candidate(self.options.sample)
                self._evaluate(x, self.options.sample)
                self._fixed(x)
            else:
                self._sequential(self.options.until_gap)
        except StoppedError as stop:
            return str(stop)
        except KeyboardInterrupt:
            if self.comm is not None:
                raise
            return "interrupted"
        return "done"

    def _first_candidate(self, size: int, use: int = CANDIDATE) -> Array:
        """Return the given plan, or that of a sample, which all ranks solve together."""
        if self.given is not None and self.candidate:
            return np.array([self.given[n] for n in self._names])
        sample = self.source.sample(size, use, comm=self.comm)
        self._names, self.sign = sample.problem.first.names, sample.problem.sign
        self._tell("candidate", 0, 1)
        x = sample.vector(self.given) if self.given is not None else sample.solve().plan
        self._take(x)
        self._tell("candidate", 1, 1)
        return x

    def _take(self, x: Array) -> None:
        self.candidate = dict(zip(self._names, x.tolist(), strict=True))

    def _evaluate(self, x: Array, size: int) -> None:
        """Estimate the candidate's expected cost on fresh scenarios, shared among the ranks."""
        self._not_after_the_limit()
        self._tell("out of sample", 0, 1)
        sample: ProgramSample = self.source.sample(self.options.to_evaluate(size), EVALUATION, comm=self.comm)
        costs, weights = sample.costs(x)
        error = deviation(costs, weights, sample.size) / math.sqrt(sample.size)
        self.cost = about_mean(mean(costs, weights), error, sample.size - 1, self.options.confidence, side=1)
        self.evaluated = sample.size
        self._tell("out of sample", 1, 1)

    def _replicate(self, x: Array, size: int, what: str) -> list[Replication]:
        """Run the replications, spread over the ranks."""
        first, count = self._next, self.options.replications
        self._next += count

        def job(r: int) -> Callable[[], Replication]:
            return lambda: replicate(self.source.sample(size, first + r), x, r)

        done: list[Replication] = []
        try:
            spread(self.comm, [job(r) for r in range(count)], done, lambda number: self._tell(what, number, count))
        finally:
            if done or not self.looks:
                self.replications = done
        return done

    def _fixed(self, x: Array) -> None:
        """Bound the gap from replications of one size; with the multiple replications procedure also from fewer than were asked for."""
        try:
            self._replicate(x, self.options.sample, "replications")
        finally:
            if len(self.replications) >= 2:
                self.bounds = bounds(self.options.procedure, self.replications, self.options.confidence)

    def _sequential(self, until_gap: float) -> None:
        last: list[Outcome] = []

        def candidate(k: int, size: int) -> Array:
            use, self._next = self._next, self._next + 1
            return self._first_candidate(size, use)

        def record(outcome: Outcome) -> None:
            last[:] = [outcome]
            self.looks.append(outcome.look)
            self.bounds, self.replications = outcome.look.bounds, list(outcome.replications)

        options = self.options
        self.certified = False
        try:
            self.certified = sequential(
                candidate,
                lambda k, size, x: self._replicate(x, size, f"look {k}, {size} scenarios: replications"),
                procedure=options.procedure,
                first_size=options.sample,
                until_gap=until_gap,
                confidence=options.confidence,
                most=options.most_looks,
                record=record,
            )
        finally:
            if last:  # a look that was stopped leaves its candidate behind
                self._take(last[0].candidate)
                self.replications = list(last[0].replications)
        self._evaluate(last[0].candidate, last[0].look.size)
        if not self.certified:
            raise StoppedError(f"limit of {self.options.most_looks} looks")

    def _of_chance_constraints(self, program: Program) -> None:
        """Count how often the candidate misses its chance constraints."""
        tied = (
            f"{program.name}: has rows that tie the scenarios of a sample together, such as chance constraints, so that a sample's optimal "
            "value is no lower bound in expectation; "
        )
        if program.violations is None:
            raise InputError(tied + "nor does the model say which scenarios violate them")
        if self.given is None:
            raise InputError(tied + "give a plan by --candidate to estimate its violation probability")
        self._not_after_the_limit()
        sample = self.source.population.draw(self.options.to_evaluate(self.options.sample), self.source.seed, EVALUATION)
        self.candidate = dict(self.given)
        self.violations = violations(sample, self.given, self.options.confidence)
        self.evaluated = sample.num_scenarios

    def _not_after_the_limit(self) -> None:
        if on_rank_0(self.comm, self.source.run.out_of_time):
            raise StoppedError("time limit")

    def _tell(self, what: str, done: int, total: int) -> None:
        if self.told is not None:
            self.told(what, done, total)
