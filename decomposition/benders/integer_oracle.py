"""What a plan costs with integer recourse, exactly and from below: the programs of all scenarios, over ranks and threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import local
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..matrices import Array
from .compiled import SAMPLE
from .cuts import Cut
from .engine import Engine
from .integer_cuts import summed
from .lagrangian_cuts import Lagrangian
from .problem import Group
from .recourse_lps import RecourseLPs
from .scenario_bounds import ScenarioBounds
from .scenario_mips import OutOfTimeError, ScenarioMIPs, UnboundedCopyError, touching
from .sharp_recourse import SharpRecourse
from .vertices import bound_terms, sign_clipped

T = TypeVar("T")

MOST_SHARP = 5000
"""Scenarios a rank whose sharpened LPs are kept open."""

FLOOR_GAP, LOOSE_GAP = 1e-3, 1e-3
"""Relative gaps of the programs that bound each scenario's recourse over all plans, and at a plan that need not be solved exactly."""


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """One of this rank's scenarios: its ``number`` in the problem, its group and ``place`` in it, and what bounds it from below."""

    number: int
    group_number: int
    group: Group
    place: int
    bounds: ScenarioBounds

    @property
    def xi(self) -> Array:
        """Its random data (d,)."""
        return np.asarray(self.group.xi[self.place])

    def first_stage_cost(self, x: Array) -> tuple[float, Array]:
        """Return d_s'x + o_s and d_s (n1,)."""
        d = self.group.cost_first
        row = np.zeros(len(x)) if d is None else d[self.place : self.place + 1].toarray()[0]
        return float(self.group.offset[self.place] + row @ x), row


@dataclass(slots=True, eq=False)
class IntegerOracle:
    """Every method is called on all ranks and returns the same there.

    Raises
    ------
    OutOfTimeError
        From any method, on all ranks: the time limit passed.
    """

    engine: Engine
    touching: NDArray[np.bool_] = field(init=False)
    floors: Array = field(init=False)
    solved: dict[str, int] = field(default_factory=lambda: {"recourse": 0, "lagrangian": 0})
    sharp: bool = field(init=False)
    _own: list[Scenario] = field(init=False)
    _sharp: dict[int, SharpRecourse] = field(default_factory=dict)
    _values: dict[bytes, Array] = field(default_factory=dict)
    _executor: ThreadPoolExecutor | None = field(init=False, default=None)
    _local: local = field(init=False, default_factory=local)
    _mips: ScenarioMIPs = field(init=False)
    _lagrangian: Lagrangian = field(init=False)

    def __post_init__(self) -> None:
        engine, first = self.engine, self.engine.problem.first
        self._mips = ScenarioMIPs(engine.problem, engine.backend, engine.run.remaining)
        self.touching = touching(engine.problem)
        width = first.upper - first.lower
        ranges = np.where(np.isfinite(width) & (width > 0), width, 1.0)
        self._lagrangian = Lagrangian(self._mips, engine.backend, self.touching, ranges)
        self.floors = np.full(engine.problem.num_scenarios, -np.inf)
        self._own = _own_scenarios(engine)
        self.sharp = any(self._everyone(lambda s: self._sharpened(s).can_be_sharper)) if few_enough(engine) else False
        if engine.oracle.threads > 1:
            self._executor = ThreadPoolExecutor(engine.oracle.threads)

    def close(self) -> None:
        """Stop the threads."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def prolong(self, remaining: Callable[[], float]) -> None:
        """Solve programs within ``remaining()`` seconds from now on, in place of the run's time limit."""
        self._mips.remaining = remaining

    def known(self, x: Array) -> bool:
        """Whether the recourse costs at ``x`` were computed before."""
        return self._key(x) in self._values

    def values(self, x: Array) -> Array:
        """Return Q_s(x) (S,) exactly, inf where there is no recourse; computed once for all plans that look the same to the recourse."""
        key = self._key(x)
        if key not in self._values:
            found = self._everyone(lambda s: self._mips.recourse(s.group, s.xi, x))
            self.solved["recourse"] += len(found)
            self._values[key] = np.array([np.inf if v is None else v for v in found])
        return self._values[key]

    def lower_values(self, x: Array) -> Array:
        """Return lower bounds of Q_s(x) (S,) to a loose gap, inf where there is no recourse: cheap where exact values are not."""
        found = self._everyone(lambda s: self._mips.recourse_bound(s.group, s.xi, x, LOOSE_GAP))
        self.solved["recourse"] += len(found)
        return np.array(found)

    def costs(self, x: Array) -> Array:
        """Return each scenario's exact cost Q_s(x) + d_s'x + o_s (S,)."""
        return np.asarray(self.values(x) + self.first_stage_costs(x))

    def first_stage_costs(self, x: Array) -> Array:
        """Return each scenario's own first-stage cost d_s'x + o_s (S,)."""
        return np.array([cost for cost, _ in self._everyone(lambda s: s.first_stage_cost(x))])

    def random_costs(self) -> Array:
        """Return d_s (S, n1), the deviations of the scenarios' first-stage costs."""
        zero = np.zeros(len(self.engine.problem.first))
        return np.array([d for _, d in self._everyone(lambda s: s.first_stage_cost(zero))])

    def find_floors(self) -> int | None:
        """Bound every scenario's recourse over all plans, ``floors`` (S,); returns a scenario that no plan satisfies, if any."""
        zero = np.zeros(len(self.engine.problem.first))

        def work(s: Scenario) -> float | None:
            try:
                found = self._mips.copied(s.group, s.xi, zero, FLOOR_GAP)
            except UnboundedCopyError:
                return -np.inf
            if found is None:
                return None
            s.bounds.add(found.bound, zero)
            s.bounds.tried.add(zero.tobytes())
            s.bounds.add_point(found.plan, found.cost)
            return found.bound

        floors = self._everyone(work)
        if None in floors:
            return floors.index(None)
        self.floors = np.array(floors, dtype=float)
        return None

    def raise_at(self, x: Array, caps: Array, steps: int) -> tuple[Array, Array]:
        """Raise what is known from below at ``x`` by up to ``steps`` programs a scenario (0: none, as it stands).

        ``caps`` (S,) are the recourse costs at x, inf where they are not known. Returns values (S,) and slopes (S, n1) of the best bounds.
        """

        def work(s: Scenario) -> tuple[float, Array, int]:
            solved = 0
            if steps:
                self._take_lp_dual(s, x)
                solved = self._lagrangian.raise_at(s.bounds, s.group, s.xi, x, float(caps[s.number]), steps)
            return (*s.bounds.best(x), solved)

        found = self._everyone(work)
        self.solved["lagrangian"] += sum(n for _, _, n in found)
        return np.array([v for v, _, _ in found]), np.array([g for _, g, _ in found])

    def sharp_values(self, x: Array, *, separate: bool = True, finely: bool = True) -> tuple[Array, Array] | None:
        """Return R_s(x) (S,) of :mod:`.sharp_recourse` and slopes (S, n1); ``None`` if a scenario has none."""
        found = self._everyone(lambda s: self._sharpened(s).solve(x, separate=separate, finely=finely))
        if any(f is None for f in found):
            return None
        return np.array([f[0] for f in found if f is not None]), np.array([f[1] for f in found if f is not None])

    def _sharpened(self, s: Scenario) -> SharpRecourse:
        if s.number not in self._sharp:
            self._sharp[s.number] = SharpRecourse(s.group, s.xi, self.engine.problem.first, self.engine.backend)
        return self._sharp[s.number]

    def cuts(self, x: Array, eta: float | None, values: Array, slopes: Array) -> tuple[Cut, ...]:
        """Return cuts from Q_s(x') >= ``values`` (S,) + ``slopes`` (S, n1) (x' - x)."""
        engine = self.engine
        own = self._everyone(lambda s: s.first_stage_cost(x))
        costs, slopes = values + np.array([c for c, _ in own]), slopes + np.array([d for _, d in own])
        return summed(engine.problem, engine.clusters, engine.risk, x, eta, costs, slopes, engine.oracle.rounds)

    def copies(self) -> list[Array]:
        """Return each scenario's latest first-stage copy: plans to try."""
        return [plan for plans in self._everyone(lambda s: s.bounds.points[-1:]) for plan in plans]

    def _key(self, x: Array) -> bytes:
        return bytes((x[self.touching] + 0.0).tobytes())

    def _everyone(self, work: Callable[[Scenario], T]) -> list[T]:
        """Return ``work`` of every scenario, in their order."""

        def guarded(s: Scenario) -> tuple[T] | None:
            try:
                return (work(s),)
            except OutOfTimeError:
                return None

        run = map if self._executor is None else self._executor.map
        found = self.engine.team.gather(lambda: list(run(guarded, self._own)))
        done = [f[0] for f in found if f is not None]
        if len(done) < len(found):
            raise OutOfTimeError
        return done

    def _take_lp_dual(self, s: Scenario, x: Array) -> None:
        """Keep the dual of the scenario's LP relaxation at ``x``, if it says more than what is known there."""
        if not hasattr(self._local, "lps"):
            self._local.lps = RecourseLPs(self.engine.problem.groups, self.engine.backend)
        rhs = s.group.right_hand_sides(x, s.xi[None, :])[0]
        found = self._local.lps.solve(s.group_number, rhs, None)
        if found.cost is None:
            return
        pi = sign_clipped(s.group, found.dual[None, :])
        value = float(pi[0] @ rhs + bound_terms(s.group, pi)[0])
        if value > s.bounds.best(x)[0]:
            slope = s.group.slopes(pi, s.xi[None, :])[0]
            s.bounds.add(value - float(slope @ x), slope)


def few_enough(engine: Engine) -> bool:
    """Whether an LP may be kept open for every scenario."""
    return engine.problem.num_scenarios <= MOST_SHARP * engine.team.size


def _own_scenarios(engine: Engine) -> list[Scenario]:
    """Return this rank's scenarios: a contiguous share where every rank holds the data of all, else those of its blocks."""
    problem, team = engine.problem, engine.team
    few = problem.num_scenarios <= SAMPLE
    own = [
        Scenario(b.position + i, b.group, problem.groups[b.group], b.start + i, ScenarioBounds(len(problem.first)))
        for b in (problem.blocks() if few else team.own_blocks(problem))
        for i in range(len(b))
    ]
    first, last = (len(own) * r // team.size for r in (team.rank, team.rank + 1))
    return own[first:last] if few else own
