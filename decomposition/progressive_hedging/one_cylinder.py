"""PH in one process, or spread over any number of ranks as one cylinder: bounds and incumbents are computed between iterations."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from mpisppy.extensions.extension import Extension

from ..matrices import Array
from .bounds import LocalBounds
from .hub import Job, Stall, WarmPH, local_values, relative
from .search import Search

MIP_GAP = 1e-4
"""Relative MIP gap of the Lagrangian bound's subproblems."""


class BoundsExtension(Extension):  # type: ignore[misc]
    """After every iteration: the Lagrangian bound at the current W, then incumbents for about as long as the iteration took."""

    def __init__(self, opt: WarmPH):
        super().__init__(opt)
        self._opt, self._job = opt, opt.job
        job = self._job
        self._bounds = LocalBounds(job.data, opt.indices, job.backend, job.comm, job.deadline, job.breathe)
        self.search = Search(job.data, job.backend, self._bounds, job.start, job.comm, job.plan)
        self.bound = -np.inf if job.start.bound is None else job.start.bound
        self._began = time.perf_counter()

    def gap(self) -> float:
        """Relative gap of the best bound and incumbent."""
        return relative(self.search.best, self.bound)

    def pre_iter0(self) -> None:
        """Evaluate the plan that the run was given."""
        if self._job.plan is not None:
            self.search.step()
            self._report()

    def post_iter0(self) -> None:
        """Bound at the start's W, first incumbents."""
        self._improve(2.0)

    def enditer(self) -> None:
        """Bound at this iteration's W, further incumbents."""
        self._improve(max(1.0, 0.5 * (time.perf_counter() - self._began)))

    def _improve(self, seconds: float) -> None:
        job = self._job
        if not self._everywhere(time.perf_counter() > job.deadline):
            weights = self._bounds.gather(local_values(self._opt, "W"))
            self.bound = max(self.bound, self._bounds.lagrangian(weights, MIP_GAP))
            self._report()
            self.search.feed(self._bounds.gather(local_values(self._opt, "x")), self._bounds.gathered_minimisers())
        until = min(time.perf_counter() + seconds, job.deadline)
        while not self._everywhere(time.perf_counter() > until and self.search.best is not None):
            if self._everywhere(self.gap() <= job.run.rel_gap) or not self.search.step():
                break
            self._report()
            if self._everywhere(time.perf_counter() > job.deadline):
                break
        self._began = time.perf_counter()

    def _report(self) -> None:
        best = self.search.best
        self._job.run.report(bound=self.bound if np.isfinite(self.bound) else None, objective=best)

    def _everywhere(self, flag: bool) -> bool:
        """Return whether ``flag`` holds on any rank, the same answer on all."""
        return bool(flag) if self._job.comm is None else any(self._job.comm.allgather(bool(flag)))


class GapReached:
    """mpi-sppy "converger": without spokes it is the only thing that can stop PH at a gap, or when the gap stalls."""

    def __init__(self, opt: WarmPH):
        self._opt, self._stalled = opt, Stall()

    def is_converged(self) -> bool:
        """Whether the gap asked for is reached, or shrinks no more."""
        gap = self._opt.extobject.gap()
        return bool(gap <= self._opt.job.run.rel_gap) or self._stalled(gap)


def run_one_cylinder(job: Job) -> tuple[Array | None, float, int, str]:
    """Run PH; return (plan, bound, iterations, why it stopped) in minimisation form, equal on every rank."""
    arguments: dict[str, Any] = {"extensions": BoundsExtension, "ph_converger": GapReached}
    if job.comm is not None:
        arguments["mpicomm"] = job.comm
    ph = WarmPH(job.options(), job.names, job.create, **arguments)
    ph.ph_main(finalize=False)
    extension: BoundsExtension = ph.extobject
    return extension.search.best_x, extension.bound, int(ph._PHIter), why_stopped(job, extension.gap(), int(ph._PHIter))


def why_stopped(job: Job, gap: float, iterations: int) -> str:
    """Return the stop reason."""
    if gap <= job.run.rel_gap:
        return "gap reached"
    if time.perf_counter() > job.deadline:
        return "time limit"
    return "iteration limit" if iterations >= job.iterations else "stalled: the gap shrinks no more (a duality gap may remain)"
