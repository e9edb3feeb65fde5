r"""What if: restoration times, hazards of other policies, and how far each input may move before another policy is optimal.

For one responder scenario with its times t_ia and costs c_ia (equations of Ghosh & Gosavi 2017, doi 10.1007/s11768-017-6060-y,
reconstructed from their words):

    tau_a(i) = t_ia                                               restoration time of state i under agency a, hours     (5)
    rho(d) = sum_i p_i c_i,d(i) / sum_i p_i t_i,d(i)              hazard an hour of policy d                            (6)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..instances.arrays import Array
from ..instances.loader import did_you_mean
from ..instances.responder import Responder
from ..instances.responder_source import FixedResponder
from ..solvers.policy_iteration import policy_iteration
from ..solvers.policy_value import evaluate
from ..solvers.smdp import SMDP, Integers
from .responder_chain import WAIT, smdp_of
from .responder_ranges import Choice, InputRange, choice, input_ranges


@dataclass(frozen=True, slots=True)
class PolicyFigures:
    """A policy, agency by decision state; ``rho`` its hazard an hour (6); hazard and hours of restoring of a mean event."""

    agency: dict[str, str]
    rho: float
    hazard_per_event: float
    hours_per_event: float


@dataclass(frozen=True, slots=True)
class WhatIf:
    """``restoration_h`` and ``hazard``, of a decision: by decision state, then agency; figures by policy; ranges by input.

    ``ties``: decisions that are as good as those of the optimal policy.
    """

    instance: str
    restoration_h: dict[str, dict[str, float]]
    hazard: dict[str, dict[str, float]]
    policies: dict[str, PolicyFigures]
    ties: tuple[Choice, ...]
    ranges: tuple[InputRange, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        return asdict(self)


def what_if(instance: Responder, policies: Mapping[str, Mapping[str, str]] | None = None) -> WhatIf:
    """Return the figures of an instance's own numbers: of the policies ``optimal``, ``always AGENCY`` and those given.

    ``policies`` are agencies by decision state, each under a name of its own.

    Raises
    ------
    InputError
        A policy with a state or agency that is unknown, a state that is missing, or a name that is taken.
    """
    source = FixedResponder.nominal(instance)
    scenario, layout = source.scenario(0), source.layout
    smdp = smdp_of(scenario, layout)
    best = policy_iteration(smdp)
    chosen: dict[str, Integers] = {"optimal": best.policy}
    for agency in layout.agencies:
        chosen[f"always {agency}"] = smdp.policy([WAIT, *[agency] * layout.num_states])
    for name, agencies in (policies or {}).items():
        if name in chosen:
            raise InputError(f"policy {name!r}: the name is taken; expected another than {', '.join(chosen)}")
        chosen[name] = smdp.policy([WAIT, *_in_order(name, agencies, layout.states, layout.agencies)])
    ties = tuple(choice(smdp, pair) for pair in np.setdiff1d(best.ties, best.policy))
    return WhatIf(
        instance=instance.name,
        restoration_h=_table(scenario.time, layout.states, layout.agencies),
        hazard=_table(scenario.cost, layout.states, layout.agencies),
        policies={name: _figures(smdp, pairs) for name, pairs in chosen.items()},
        ties=ties,
        ranges=input_ranges(scenario, layout, smdp, best.policy),
    )


def _in_order(name: str, agencies: Mapping[str, str], states: tuple[str, ...], known: tuple[str, ...]) -> list[str]:
    for given, names in ((agencies, states), (agencies.values(), known)):
        for what in given:
            if what not in names:
                raise InputError(f"policy {name!r}: unknown {what!r}{did_you_mean(what, list(names))}; known: {', '.join(names)}")
    if missing := [i for i in states if i not in agencies]:
        raise InputError(f"policy {name!r}: no agency for state {missing[0]!r}")
    return [agencies[i] for i in states]


def _table(values: Array, states: tuple[str, ...], agencies: tuple[str, ...]) -> dict[str, dict[str, float]]:
    return {i: dict(zip(agencies, row, strict=True)) for i, row in zip(states, values.tolist(), strict=True)}


def _figures(smdp: SMDP, pairs: Integers) -> PolicyFigures:
    value = evaluate(smdp, pairs, root=0)
    return PolicyFigures(dict(zip(smdp.states[1:], smdp.actions(pairs)[1:], strict=True)), value.rho, value.cycle_cost, value.cycle_time)
