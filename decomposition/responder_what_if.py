r"""What if: restoration times, hazards of other policies, and how far each input may move before another policy is optimal.

For one responder scenario with its times t_ia and costs c_ia (equations of Ghosh & Gosavi 2017, doi 10.1007/s11768-017-6060-y,
reconstructed from their words):

    tau_a(i) = t_ia                                               restoration time of state i under agency a, hours     (5)
    rho(d) = sum_i p_i c_i,d(i) / sum_i p_i t_i,d(i)              hazard an hour of policy d                            (6)

The optimal policy minimises (6), or its numerator or denominator alone: the hazard, or the hours, of a mean event. Under limits on these
three it may have to draw lots (:mod:`.responder_limits`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..instances.arrays import Array
from ..instances.responder import Responder
from ..instances.responder_source import FixedResponder, ResponderSource
from ..solvers import Backend, get
from ..solvers.policy_iteration import policy_iteration
from ..solvers.smdp import SMDP, Integers
from .responder_chain import WAIT, smdp_of
from .responder_figures import OBJECTIVES, Exposure, check_objective, minimising
from .responder_limits import LimitedPolicy, best_under_limits, check_limits, exposure_of
from .responder_policies import in_order
from .responder_ranges import Choice, InputRange, choice, input_ranges


@dataclass(frozen=True, slots=True)
class PolicyFigures(Exposure):
    """A policy, agency by decision state, and its figures."""

    agency: dict[str, str]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The figures of one scenario of an instance.

    Attributes
    ----------
    objective
        What the optimal policy minimises: ``rate``, ``event`` or ``restoration``.
    scenario
        Label of the scenario; ``nominal``: the instance's own numbers.
    start
        Start probabilities, by decision state.
    restoration_h, hazard
        Of a decision: by decision state, then agency (5).
    policies
        Figures (6) by policy: ``optimal``, ``always AGENCY``, and those given.
    ties
        Decisions that are as good as those of the optimal policy.
    ranges
        In which the optimal policy stays optimal, by input.
    limited
        The optimum under limits, if there are any.
    """

    instance: str
    scenario: str
    objective: str
    start: dict[str, float]
    restoration_h: dict[str, dict[str, float]]
    hazard: dict[str, dict[str, float]]
    policies: dict[str, PolicyFigures]
    ties: tuple[Choice, ...]
    ranges: tuple[InputRange, ...]
    limited: LimitedPolicy | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        return asdict(self)


def what_if(
    instance: Responder | ResponderSource,
    policies: Mapping[str, Mapping[str, str]] | None = None,
    *,
    scenario: int = 0,
    limits: Mapping[str, float] | None = None,
    objective: str = "rate",
    backend: Backend | None = None,
) -> WhatIf:
    """Return the figures of an instance's own numbers, or of scenario number ``scenario`` of a source.

    ``policies`` are agencies by decision state, each under a name of its own; ``limits`` the most that ``hazard-rate``,
    ``hazard-per-event`` and ``hours-per-event`` may be; ``backend`` solves the linear program under limits (default: HiGHS).

    Raises
    ------
    InputError
        A policy with a state or agency that is unknown, a state that is missing, or a name that is taken; an unknown limit or objective.
    NoSolutionError
        No policy keeps the limits.
    """
    check_objective(objective)
    check_limits(limits or {})
    source = FixedResponder.nominal(instance) if isinstance(instance, Responder) else instance
    one, layout = source.scenario(scenario), source.layout
    smdp = smdp_of(one, layout)
    best = policy_iteration(minimising(smdp, OBJECTIVES[objective]))
    chosen: dict[str, Integers] = {"optimal": best.policy}
    for agency in layout.agencies:
        chosen[f"always {agency}"] = smdp.policy([WAIT, *[agency] * layout.num_states])
    for name, agencies in (policies or {}).items():
        if name in chosen:
            raise InputError(f"policy {name!r}: the name is taken; expected another than {', '.join(chosen)}")
        chosen[name] = smdp.policy([WAIT, *in_order(f"policy {name!r}", agencies, layout.states, layout.agencies)])
    return WhatIf(
        instance=source.instance.name,
        scenario=one.label,
        objective=objective,
        start=dict(zip(layout.states, one.start.tolist(), strict=True)),
        restoration_h=_table(one.time, layout.states, layout.agencies),
        hazard=_table(one.cost, layout.states, layout.agencies),
        policies={name: _figures(smdp, pairs) for name, pairs in chosen.items()},
        ties=tuple(choice(smdp, pair) for pair in np.setdiff1d(best.ties, best.policy)),
        ranges=input_ranges(one, layout, smdp, best.policy, objective),
        limited=best_under_limits(smdp, limits, objective, backend or get("highs")) if limits else None,
    )


def _table(values: Array, states: tuple[str, ...], agencies: tuple[str, ...]) -> dict[str, dict[str, float]]:
    return {i: dict(zip(agencies, row, strict=True)) for i, row in zip(states, values.tolist(), strict=True)}


def _figures(smdp: SMDP, pairs: Integers) -> PolicyFigures:
    e, agencies = exposure_of(smdp, pairs), dict(zip(smdp.states[1:], smdp.actions(pairs)[1:], strict=True))
    return PolicyFigures(rho=e.rho, hazard_per_event=e.hazard_per_event, hours_per_event=e.hours_per_event, agency=agencies)
