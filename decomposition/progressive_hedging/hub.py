"""PH itself: mpi-sppy's, with W from the start in iteration 0, rho from costs, and solves that stop at the deadline or at the gap."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpisppy.utils.sputils as sputils
import numpy as np
from mpisppy.opt.ph import PH

from ...solvers import Backend
from ..matrices import Array, StageData
from ..run import Run
from .start import Start
from .subproblems import pyomo_model

_log = logging.getLogger(__name__)

MIP_GAPS = ((0, 1e-3), (5, 5e-4), (15, 1e-4))
"""(iteration, relative gap): the subproblems' MIP gap from that iteration on."""

PATIENCE = 20
"""Iterations over which the gap must shrink, or PH stops: a duality gap of the program remains open for ever."""

RHO_WARM, RHO_COLD = 1e-3, 1.0
"""Factors on the cost-based rho: from LP duals on a mixed-integer program W is nearly right and large steps only spoil it."""


@dataclass(slots=True)
class Job:
    """What the pieces of one PH run share: the (bundled) data, the start, limits, and how to look at the best gap so far."""

    data: StageData
    backend: Backend
    start: Start
    run: Run
    iterations: int
    comm: Any = None
    wire: Any = None
    best_gap: Callable[[], float] | None = None
    rho: float | None = None

    @property
    def deadline(self) -> float:
        """Clock value (``time.perf_counter``) at which to stop."""
        return np.inf if self.run.time_limit is None else self.run.start + self.run.time_limit

    @property
    def plan(self) -> Array | None:
        """The plan that the run was given to begin with."""
        plan = self.run.plan
        return None if plan is None else np.array([plan[name] for name in self.data.first.names])

    @property
    def continuous(self) -> bool:
        """Whether no subproblem has an integer variable."""
        return not self.data.first.integer.any() and not self.data.integer_recourse

    @property
    def names(self) -> list[str]:
        """Subproblem names for mpi-sppy."""
        return [f"sub{k}" for k in range(len(self.data.scenarios))]

    def create(self, name: str, **_: Any) -> Any:
        """Build one subproblem (mpi-sppy's ``scenario_creator``)."""
        return pyomo_model(self.data, int(name.removeprefix("sub")))

    def breathe(self) -> None:
        """Let MPI make progress: another rank's look into our window waits until we enter MPI."""
        if self.comm is not None:
            self.comm.Iprobe()

    def options(self) -> dict[str, Any]:
        """Return mpi-sppy's options. Mixed-integer programs get a linearized proximal term (HiGHS has no MIQP)."""
        layers = [sputils.solver_options_layer("default", {"threads": 1})]
        if not self.continuous:
            layers += [sputils.solver_options_layer(("starting_at_iter", k) if k else "default", {"mipgap": gap}) for k, gap in MIP_GAPS]
        options = {
            "solver_name": self.backend.pyomo_name if self.continuous else self.backend.pyomo_mip_name,
            "PHIterLimit": self.iterations,
            "defaultPHrho": 1.0,
            "convthresh": 1e-8,
            "time_limit": None if np.isinf(self.deadline) else max(0.1, self.deadline - time.perf_counter()),
            "solver_options_layers": layers,
            "verbose": False,
            "display_progress": False,
            "display_timing": False,
            "display_convergence_detail": False,
            "smoothed": 0,
            "toc": False,
            "asynchronousPH": False,
            "warmstart_subproblems": not self.continuous,
            "job": self,
        }
        if not self.continuous:
            options |= {
                "linearize_proximal_terms": True,
                "linearize_binary_proximal_terms": True,
                "proximal_linearization_tolerance": 1e-1,
            }
        return options


class WarmPH(PH):  # type: ignore[misc]
    """mpi-sppy's PH with the changes of the module docstring."""

    @property
    def job(self) -> Job:
        """The run this PH belongs to."""
        job = self.options["job"]
        assert isinstance(job, Job)
        return job

    @property
    def indices(self) -> list[int]:
        """Numbers of the subproblems of this rank, in mpi-sppy's order."""
        return local_indices(self)

    def PH_Prep(self, attach_duals: bool = True, attach_prox: bool = True, attach_smooth: int = 0, defer_attach: bool = True) -> None:
        """Attach W at once (mpi-sppy would attach it after iteration 0) and set it to the start's."""
        super().PH_Prep(attach_duals, attach_prox, attach_smooth, defer_attach=False)
        for k, s in zip(self.indices, self.local_scenarios.values(), strict=True):
            for index, w in zip(s._mpisppy_data.nonant_indices, self.job.start.weights[k], strict=True):
                s._mpisppy_model.W[index]._value = float(w)
        self._reenable_W()

    def Iter0(self) -> float:
        """Run iteration 0, then set rho."""
        bound = super().Iter0()
        self._set_rho()
        return float(bound)

    def _set_rho(self) -> None:
        r"""rho_j = f max(|c_j|, 1e-4 rms_s W_sj) / max(spread of x_j, unit); unit 1 for integers, max(1, |xbar_j|) otherwise."""
        self.Compute_Xbar()
        data, weights = self.job.data, self.job.start.weights
        warm = bool(weights.any()) and not self.job.continuous
        rms = np.sqrt(data.probabilities @ weights**2)
        factor = (RHO_WARM if self.job.rho is None else self.job.rho) if warm else RHO_COLD
        cost = np.maximum(np.maximum(np.abs(data.cost), 1e-4 * rms), 1e-6) * factor
        for s in self.local_scenarios.values():
            for j, index in enumerate(s._mpisppy_data.nonant_indices):
                xbar, square = s._mpisppy_model.xbars[index]._value, s._mpisppy_model.xsqbars[index]._value
                spread = np.sqrt(max(square - xbar**2, 0.0))
                unit = 1.0 if data.first.integer[j] else max(1.0, abs(xbar))
                s._mpisppy_model.rho[index] = float(cost[j] / max(spread, unit))

    def stop_now(self) -> bool:
        """Whether the deadline has passed, or the bounds announced so far close the gap."""
        job = self.job
        job.breathe()
        return time.perf_counter() > job.deadline or (job.best_gap is not None and job.best_gap() <= job.run.rel_gap)

    def solve_one(self, solver_options: Any, k: str, s: Any, **kwargs: Any) -> float:
        """Solve one subproblem unless it is time to stop; a subproblem without solution keeps the point it had."""
        data, job, began = s._mpisppy_data, self.job, time.perf_counter()
        data.solution_available = False
        if not self.stop_now():
            options = dict(solver_options or {})
            if not job.continuous and np.isfinite(job.deadline):  # an LP's HiGHS clock never restarts: no limit there
                options[job.backend.options["time_limit"]] = max(0.1, job.deadline - time.perf_counter())
            try:
                super().solve_one(options, k, s, **(kwargs | {"gripe": False}))
            except RuntimeError as e:
                if time.perf_counter() < job.deadline - 0.5:
                    raise
                _log.info("subproblem %s ran out of time: %s", k, e)
                data.solution_available = False
        if not data.solution_available:
            x = job.start.x
            for j, v in enumerate(data.nonant_indices.values()):
                if v._value is None:
                    v._value = float(x[j]) if x is not None else float(np.clip(0.0, job.data.first.lower[j], job.data.first.upper[j]))
            data.solution_available, data.outer_bound, data.inner_bound = True, -np.inf, np.inf
        return time.perf_counter() - began


class Stall:
    """Says when the gap has stopped shrinking: less than 1 % of itself over the last :data:`PATIENCE` iterations."""

    def __init__(self) -> None:
        self._gaps: list[float] = []

    def __call__(self, gap: float) -> bool:
        """Take this iteration's gap; whether PH has stalled."""
        self._gaps.append(gap)
        if len(self._gaps) <= PATIENCE or not np.isfinite(self._gaps[-1 - PATIENCE]):
            return False
        return gap > 0.99 * self._gaps[-1 - PATIENCE]


def local_indices(opt: Any) -> list[int]:
    """Numbers of the subproblems that an mpi-sppy object holds on this rank."""
    return [int(name.removeprefix("sub")) for name in opt.local_scenarios]


def local_values(opt: Any, what: str) -> Array:
    """Return the rank's W (``what`` = "W") or x ("x"), one row a subproblem."""
    rows = []
    for s in opt.local_scenarios.values():
        if what == "W":
            rows.append([s._mpisppy_model.W[i]._value for i in s._mpisppy_data.nonant_indices])
        else:
            rows.append([v._value for v in s._mpisppy_data.nonant_indices.values()])
    return np.array(rows, dtype=float)


def relative(best: float | None, bound: float) -> float:
    """Relative gap in minimisation form; infinite when a side is missing."""
    if best is None or not np.isfinite(best) or not np.isfinite(bound):
        return float("inf")
    return max(0.0, best - bound) / max(1e-10, abs(best))
