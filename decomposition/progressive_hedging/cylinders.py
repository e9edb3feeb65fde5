"""PH as three cylinders under MPI: hub, Lagrangian outer bound, incumbent search (mpi-sppy's hub and spoke system)."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from mpisppy.cylinders.hub import PHHub
from mpisppy.cylinders.spoke import InnerBoundNonantSpoke, OuterBoundWSpoke
from mpisppy.spbase import SPBase
from mpisppy.spin_the_wheel import WheelSpinner

from ..matrices import Array
from ..run import Run
from . import CYLINDERS
from .bounds import LocalBounds
from .hub import Job, Stall, WarmPH, local_indices, relative
from .one_cylinder import MIP_GAP, why_stopped
from .search import Search
from .wire import Tag, Wire

_NAP_S = 0.02  # an idle spoke sleeps: MPICH's waits spin


class AnnouncedGap:
    """The gap between the bounds that the spokes have announced to this hub rank; rank 0 also takes them into the run's trace."""

    def __init__(self, wire: Wire, run: Run | None):
        self._wire, self._run = wire, run
        self._seen = {Tag.BOUND: -np.inf, Tag.INCUMBENT: np.inf}

    def __call__(self) -> float:
        """Return the relative gap, after taking what has come in."""
        heard = [(tag, value) for tag in self._seen for value in self._wire.hear(tag)]
        self._seen.update(heard)
        bound, best = self._seen[Tag.BOUND], self._seen[Tag.INCUMBENT]
        if heard and self._run is not None:
            self._run.report(bound=bound if np.isfinite(bound) else None, objective=best if np.isfinite(best) else None)
        return relative(best, bound)


class QuietHub(PHHub):  # type: ignore[misc]
    """mpi-sppy's PH hub that rings its spokes when there is something to fetch, and reports instead of printing."""

    def _ring(self) -> None:
        for spoke in range(1, self.n_spokes + 1):
            self.opt.job.wire.tell(self.global_rank + spoke, Tag.NEWS)

    def send_nonants(self) -> None:
        """Publish x."""
        super().send_nonants()
        self._ring()

    def send_ws(self) -> None:
        """Publish W."""
        super().send_ws()
        self._ring()

    def send_terminate(self) -> None:
        """Publish the end."""
        super().send_terminate()
        self._ring()

    def is_converged(self, screen_trace: bool = True) -> bool:
        """Whether the gap asked for is reached, or shrinks no more."""
        if not hasattr(self, "_stalled"):
            self._stalled = Stall()
        return bool(super().is_converged(screen_trace)) or self._stalled(relative(self.BestInnerBound, self.BestOuterBound))

    def screen_trace(self) -> None:
        """Take the best bounds into the run's trace."""
        bound, best = self.BestOuterBound, self.BestInnerBound
        self.opt.job.run.report(bound=bound if np.isfinite(bound) else None, objective=best if np.isfinite(best) else None)

    def finalize(self) -> None:
        """Skip mpi-sppy's post-loop evaluation, which needs values that skipped solves may never have set."""


class _Spoke:
    """What both spokes share."""

    opt: Any
    global_rank: int
    strata_rank: int

    @property
    def job(self) -> Job:
        """The run this spoke belongs to."""
        job = self.opt.options["job"]
        assert isinstance(job, Job)
        return job

    @property
    def cylinder(self) -> Any:
        """The cylinder's communicator, ``None`` when it is one rank."""
        return self.opt.mpicomm if self.opt.n_proc > 1 else None

    def bounds(self) -> LocalBounds:
        """Return bounds over the cylinder's subproblems."""
        job = self.job
        return LocalBounds(job.data, local_indices(self.opt), job.backend, self.cylinder, job.deadline, job.breathe)

    def news(self) -> bool:
        """Whether the hub has rung since the last call; the same answer on all ranks of the cylinder."""
        rung = bool(self.job.wire.hear(Tag.NEWS))
        return rung if self.cylinder is None else any(self.cylinder.allgather(rung))

    def announce(self, tag: Tag, value: float) -> None:
        """Tell the hub rank of this stratum."""
        self.job.wire.tell(self.global_rank - self.strata_rank, tag, value)


class LagrangianSpoke(_Spoke, OuterBoundWSpoke):  # type: ignore[misc]
    """Sends the best Lagrangian bound: the LP's, that at the start's W, then at the hub's."""

    def main(self) -> None:
        """Run until the hub ends."""
        bounds, weights = self.bounds(), self.job.start.weights
        best, fresh = -np.inf, True
        if self.job.start.bound is not None:
            best = self._send(self.job.start.bound)
        while True:
            if self.news():
                if self.got_kill_signal():
                    return
                if self.update_Ws():
                    weights, fresh = bounds.gather(self.localWs.reshape(len(bounds.indices), -1).copy()), True
            if not fresh:
                time.sleep(_NAP_S)
                continue
            value, fresh = bounds.lagrangian(weights, MIP_GAP), False
            if value > best:
                best = self._send(value)

    def _send(self, value: float) -> float:
        self.send_bound(value)
        self.announce(Tag.BOUND, value)
        return value


class IncumbentSpoke(_Spoke, InnerBoundNonantSpoke):  # type: ignore[misc]
    """Tries the start's plan, the hub's points and neighbours of the best; each is evaluated exactly."""

    def main(self) -> None:
        """Run until the hub ends."""
        job, bounds = self.job, self.bounds()
        self.search = search = Search(job.data, job.backend, bounds, job.start, self.cylinder, job.plan)
        sent: float | None = None
        while True:
            if self.news():
                if self.got_kill_signal():
                    return
                if self.update_nonants():
                    search.feed(bounds.gather(self.localnonants.reshape(len(bounds.indices), -1).copy()))
            if not search.step():
                time.sleep(_NAP_S)
            if search.best is not None and search.best != sent:
                sent = search.best
                self._send(sent, search.best_x)

    def _send(self, value: float, x: Array | None) -> None:
        assert x is not None
        for s in self.opt.local_scenarios.values():
            for v, value_j in zip(s._mpisppy_data.nonant_indices.values(), x, strict=True):
                v.set_value(float(value_j), skip_validation=True)
            s._mpisppy_data.inner_bound = value
        self.update_if_improving(value)
        self.announce(Tag.INCUMBENT, value)


def run_cylinders(job: Job) -> tuple[Array | None, float, int, str]:
    """Run hub and spokes over ``job.comm`` (a multiple of 3 ranks); the answer is equal on every rank."""
    comm = job.comm
    job.wire = Wire(comm)
    if comm.Get_rank() % CYLINDERS == 0:
        job.best_gap = AnnouncedGap(job.wire, job.run if comm.Get_rank() == 0 else None)
    common = {"all_scenario_names": job.names, "scenario_creator": job.create}
    hub = {
        "hub_class": QuietHub,
        "hub_kwargs": {"options": {"rel_gap": job.run.rel_gap}},
        "opt_class": WarmPH,
        "opt_kwargs": {"options": job.options(), **common},
    }
    spokes = [
        {"spoke_class": spoke, "opt_class": SPBase, "opt_kwargs": {"options": job.options(), **common}}
        for spoke in (LagrangianSpoke, IncumbentSpoke)
    ]
    wheel = WheelSpinner(hub, spokes)
    wheel.spin(comm)
    job.wire.close()
    x = wheel.spcomm.search.best_x if wheel.strata_rank == CYLINDERS - 1 and wheel.cylinder_rank == 0 else None
    plan = comm.bcast(x, root=CYLINDERS - 1)
    bound, best, iterations = comm.bcast(
        (wheel.BestOuterBound, wheel.BestInnerBound, wheel.spcomm.opt._PHIter) if wheel.on_hub() else None, root=0
    )
    return plan, float(bound), int(iterations), why_stopped(job, relative(best, bound), int(iterations))
