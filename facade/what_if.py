"""``quakeops.what_if``: times, exposure, ranges and limits of a responder instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from .. import parallel
from ..decomposition import responder_what_if
from ..decomposition.responder_policies import read_policy
from ..decomposition.responder_what_if import WhatIf
from ..errors import InputError
from ..instances import FixedResponder, Responder, ResponderSource
from ..instances.scenario_labels import find_label
from ..scenario_gen.sources import open_responders
from ..solvers import get

DEFAULT = "responder-case-1"


def what_if(
    instance: str | Path | Responder | None = None,
    *,
    policies: Mapping[str, Mapping[str, str]] | None = None,
    policy_files: Sequence[str | Path] = (),
    limits: Mapping[str, float] | None = None,
    objective: str = "rate",
    scenario_file: str | Path | None = None,
    scenario: str | None = None,
    solver: str = "highs",
) -> WhatIf:
    """Tell what the policies of a responder instance do, and how far its inputs may move.

    Restoration times, the figures of the optimal policy, of each agency sent always and of policies given, decisions that tie, the range
    of each input in which the optimal policy stays optimal, and the optimum under limits, which may draw lots.

    Parameters
    ----------
    instance
        Packaged instance, drawn family (the numbers its futures are drawn around), instance file, or an instance. Default: the one that
        ``scenario_file`` names, or ``"responder-case-1"``.
    policies
        Agency by decision state, each policy under a name of its own.
    policy_files
        Files ``{"name": ..., "policy": {STATE: AGENCY}}``, the name optional, or results of ``solve("responder-smdp")``.
    limits
        The most that ``"hazard-rate"`` (an hour), ``"hazard-per-event"`` and ``"hours-per-event"`` may be.
    objective
        What is minimised: ``"rate"`` (hazard an hour), ``"event"`` (hazard an event) or ``"restoration"`` (hours an event).
    scenario_file, scenario
        The numbers of one scenario, by its label or as ``"scen0"``, of a file, or without a file of those written in the instance.
        Default: the instance's own numbers, or the only scenario of the file.
    solver
        Of the linear program under limits.

    Raises
    ------
    InputError
        Something is misspelt or does not fit together; the message names file, field and value.
    NoSolutionError
        No policy keeps the limits; the message says which exclude each other and what can be had.

    Examples
    --------
    >>> import quakeops
    >>> found = quakeops.what_if(limits={"hours-per-event": 50})
    >>> round(found.policies["optimal"].rho, 3), round(found.limited.rho, 3), found.limited.randomised
    (12.729, 12.893, ('FR',))
    """
    return parallel.on_rank_0(
        parallel.world(), lambda: _what_if(instance, policies, policy_files, limits, objective, scenario_file, scenario, solver)
    )


def _what_if(
    instance: str | Path | Responder | None,
    policies: Mapping[str, Mapping[str, str]] | None,
    policy_files: Sequence[str | Path],
    limits: Mapping[str, float] | None,
    objective: str,
    scenario_file: str | Path | None,
    scenario: str | None,
    solver: str,
) -> WhatIf:
    source, number = _scenario(instance, scenario_file, scenario)
    given = dict(policies or {})
    for path in policy_files:
        name, policy = read_policy(path, source.layout.states, source.layout.agencies)
        if name in given:
            raise InputError(f"{path}: the name {name!r} of its policy is taken; give another as field 'name'")
        given[name] = policy
    return responder_what_if.what_if(source, given, scenario=number, limits=limits, objective=objective, backend=get(solver))


def _scenario(
    instance: str | Path | Responder | None, scenario_file: str | Path | None, scenario: str | None
) -> tuple[ResponderSource, int]:
    """Return the source and the number of the scenario that the arguments describe."""
    file = None if scenario_file is None else str(scenario_file)
    source = open_responders(
        instance if isinstance(instance, Responder) else str(instance or (DEFAULT if file is None else "")), scenario_file=file
    )
    if file is None and scenario is None:
        return FixedResponder.nominal(source.instance), 0
    if file is None and not source.instance.scenarios:
        raise InputError(f"--scenario {scenario}: instance {source.instance.name!r} has no scenarios written in it; give --scenario-file")
    if scenario is None and source.num_scenarios > 1:
        raise InputError(f"--scenario-file {file}: has {source.num_scenarios} scenarios; say which one with --scenario")
    return source, 0 if scenario is None else find_label(source.block(0, source.num_scenarios).labels, scenario)
