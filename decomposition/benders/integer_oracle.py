"""What a plan costs with integer recourse, exactly and from below: all scenarios' programs, over ranks and threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..matrices import Array
from .compiled import SAMPLE
from .cuts import Cut, block_sums, cluster_cuts
from .engine import Engine
from .integer_cuts import integer_slope
from .lagrangian_cuts import Lagrangian, ScenarioBounds
from .problem import Group
from .recourse_lps import RecourseLPs
from .scenario_mips import OutOfTimeError, ScenarioMIPs, touching
from .vertices import bound_terms, sign_clipped

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """One of this rank's scenarios: ``number`` in the problem, its group and number in it, and what is known of it from below."""

    number: int
    group_number: int
    group: Group
    place: int
    bounds: ScenarioBounds

    @property
    def xi(self) -> Array:
        """Its random data (d,)."""
        return np.asarray(self.group.xi[self.place])


@dataclass(slots=True, eq=False)
class IntegerOracle:
    engine: Engine
    touching: NDArray[np.bool_] = field(init=False)
    floors: Array = field(init=False)
    solved: dict[str, int] = field(default_factory=lambda: {"recourse": 0, "lagrangian": 0})
    _own: list[Scenario] = field(init=False)
    _values: dict[bytes, Array] = field(default_factory=dict)
    _executor: ThreadPoolExecutor | None = field(init=False, default=None)
    _mips: ScenarioMIPs = field(init=False)
    _lagrangian: Lagrangian = field(init=False)

    def __post_init__(self) -> None:
        engine, problem = self.engine, self.engine.problem
        self._mips = ScenarioMIPs(problem, engine.backend, engine.run.remaining)
        self.touching = touching(problem)
        first = problem.first
        width = first.upper - first.lower
        self._lagrangian = Lagrangian(self._mips, engine.backend, self.touching, np.where(np.isfinite(width) & (width > 0), width, 1.0))
        self.floors = np.full(problem.num_scenarios, -np.inf)
        if engine.oracle.threads > 1:
            self._executor = ThreadPoolExecutor(engine.oracle.threads)
        self._own = _own_scenarios(engine)

    def close(self) -> None:
        """Stop the threads."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def everyone(self, work: Callable[[Scenario], T]) -> list[T]:
        """Return ``work`` of every scenario, in their order, on all ranks."""
        return self.engine.team.gather(lambda: list(map(work, self._own) if self._executor is None else self._executor.map(work, self._own)))

    def key(self, x: Array) -> bytes:
        return (x[self.touching] + 0.0).tobytes()

    def known(self, x: Array) -> Array | None:
        """Return Q_s(x) (S,) if they were computed before."""
        return self._values.get(self.key(x))

    def values(self, x: Array) -> Array:
        """Return Q_s(x) (S,) exactly; inf where there is no recourse."""
        key = self.key(x)
        if key not in self._values:
            found = self.everyone(lambda s: self._mips.recourse(s.group, s.xi, x))
            self.solved["recourse"] += len(found)
            self._values[key] = np.array([np.inf if v is None else v for v in found])
        return self._values[key]

    def extras(self, x: Array) -> Array:
        """Return d_s'x + o_s (S,)."""
        return np.array(self.everyone(lambda s: float(s.group.extra_costs(x, s.place, s.place + 1)[0])))

    def find_floors(self) -> bool:
        zero = np.zeros(len(self.engine.problem.first))
        def work(s):
            found = self._mips.copied(s.group, s.xi, zero, 1e-3)
            if found is None:
                return None
            s.bounds.floor = found.bound
            s.bounds.add_cut(found.bound, zero)
            s.bounds.seen.add(zero.tobytes())
            s.bounds.add_point(found.plan, found.cost)
            return found.bound
        floors = self.everyone(work)
        if None in floors:
            return False
        self.floors = np.array(floors)
        return True

    def raise_at(self, x: Array, caps: Array | None, steps: int) -> tuple[Array, Array, int]:
        """Raise bounds; return values (S,) and slopes (S, n1) of the best cuts at ``x``, MIPs solved."""
        def work(s):
            if steps or True:
                lp = self._lps(s, x)
                solved = self._lagrangian.raise_at(s.bounds, s.group, s.xi, x, np.inf if caps is None else caps[s.number], steps)
            return (*s.bounds.best(x), solved)
        found = self.everyone(work)
        self.solved["lagrangian"] += sum(f[2] for f in found)
        return np.array([f[0] for f in found]), np.array([f[1] for f in found]), sum(f[2] for f in found)

    def _lps(self, s: Scenario, x: Array) -> None:
        lps = RecourseLPs(self.engine.problem.groups, self.engine.backend)
        rhs = s.group.right_hand_sides(x, s.xi[None, :])
        out = lps.solve(s.group_number, rhs[0], None)
        if out.cost is None:
            return
        pi = sign_clipped(s.group, out.dual[None, :])
        value = float(pi[0] @ rhs[0] + bound_terms(s.group, pi)[0])
        slope = s.group.slopes(pi, s.xi[None, :])[0]
        if value > s.bounds.best(x)[0] + 1e-7 * max(1, abs(value)):
            s.bounds.add_cut(value - float(slope @ x), slope)

    def cuts(self, x: Array, eta, values: Array, slopes: Array) -> tuple[Cut, ...]:
        e = self.engine
        p = e.problem
        def extra(s):
            d = s.group.cost_first
            return float(s.group.extra_costs(x, s.place, s.place + 1)[0]), (0.0 if d is None else d[s.place:s.place + 1].toarray()[0])
        ex = self.everyone(extra)
        costs = values + np.array([v for v, _ in ex])
        slopes = slopes + np.array([np.zeros(len(x)) + d for _, d in ex])
        usable = np.isfinite(costs)
        sums = [block_sums(b, costs[b.span], slopes[b.span], usable[b.span], p.probabilities[b.span], e.clusters[b.span], e.settings.risk, x, eta) for b in p.blocks()]
        return cluster_cuts(sums, e.settings.risk, e.oracle.rounds)


def _own_scenarios(engine: Engine) -> list[Scenario]:
    problem, team = engine.problem, engine.team
    n1 = len(problem.first)
    blocks = list(problem.blocks()) if problem.num_scenarios <= SAMPLE else team.own_blocks(problem)
    every = [Scenario(b.position + i, b.group, problem.groups[b.group], b.start + i, ScenarioBounds(n1)) for b in blocks for i in range(len(b))]
    if problem.num_scenarios > SAMPLE:
        return every
    first, last = (len(every) * r // team.size for r in (team.rank, team.rank + 1))
    return every[first:last]
