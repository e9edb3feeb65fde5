"""The MIP phase in one branch-and-bound tree: the recourse is asked at every integer solution, its cuts go in as lazy rows.

For solvers with lazy rows (Gurobi). Rank 0 holds the tree; the other ranks wait for the plans that it wants evaluated.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from ..matrices import Array
from .cuts import Cut
from .engine import Engine, violated
from .master_program import Point
from .stabilization import Center

Answer = tuple[Point | None, float | None, list[Cut]]

PAUSE_S, TAG = 0.002, 73
ROUNDS = 3
"""Trees at most: one more where the solver accepted a plan at a cost that exact evaluation does not confirm to the gap."""


def lazy_phase(engine: Engine, rel_gap: float) -> str:
    """Solve the master MIP with lazy cuts until its gap is closed; returns why it stopped."""
    for _ in range(ROUNDS):
        engine.save_if_due(always=True)
        if engine.team.rank == 0:
            try:
                answer: Answer | Exception = _tree(engine, rel_gap)
            except Exception as e:
                answer = e
            _dismiss(engine)
        else:
            _serve(engine)
            answer = (None, None, [])
        result = answer

        def passed(result: Answer | Exception = result) -> Answer:
            if isinstance(result, Exception):
                raise result
            return result

        point, bound, made = engine.team.on_rank_0(passed)
        engine.master.add(made)
        engine.raise_bound(bound)
        if point is not None:
            engine.make_exact(Center(engine.clean(point.x), point.eta, point.value, False))
        if engine.incumbent is None:
            return engine.limit() or "infeasible"
        if bound is not None and engine.incumbent.cost - bound <= rel_gap * abs(engine.incumbent.cost) + 1e-9:
            return "gap"
        if reason := engine.limit():
            return reason
    return "stalled"


def _tree(engine: Engine, rel_gap: float) -> Answer:
    """Run one tree on rank 0; returns its plan, its bound and the cuts made."""
    made: list[Cut] = []

    def separate(full: Array) -> tuple[csr_array, Array, Array] | None:
        point = engine.master.as_point(full)
        x = engine.clean(point.x)
        _call(engine, (x, point.eta))
        answer, center = engine.evaluate(x, point.eta, engine.effort(exact=True))
        engine.offer(center)
        cuts = [c for c in answer.cuts if violated(c, point)]
        made.extend(cuts)
        return engine.master.rows(cuts) if cuts else None

    start = None if engine.incumbent is None else engine.master.completed(engine.incumbent.x, engine.incumbent.eta)
    with engine.run.timed("master"):
        point, bound = engine.master.solve_lazy(separate, rel_gap / 2, engine.run.remaining(), engine.settings.threads, start)
    return point, bound, made


def _call(engine: Engine, query: Any) -> None:
    """Send the other ranks a plan to evaluate, or ``None`` to let them go."""
    for other in range(1, engine.team.size):
        engine.team.comm.send(query, dest=other, tag=TAG)


def _dismiss(engine: Engine) -> None:
    _call(engine, None)


def _serve(engine: Engine) -> None:
    """Take part in the evaluations that rank 0 asks for, until it lets go; a failure there is raised here by the evaluation."""
    comm = engine.team.comm
    while True:
        while not comm.iprobe(source=0, tag=TAG):
            time.sleep(PAUSE_S)
        query = comm.recv(source=0, tag=TAG)
        if query is None:
            return
        x, eta = query
        _, center = engine.evaluate(np.asarray(x), eta, engine.effort(exact=True))
        engine.offer(center)  # as rank 0 does: the incumbent is the same everywhere
