"""What ``solve``, ``saa`` and ``export`` are asked about: a model of quakeops, a foreign module, or SMPS files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from ..decomposition.program import Program, from_model, from_module
from ..decomposition.smps import from_smps
from ..errors import InputError


def program_of(
    model: str | None,
    module: str | ModuleType | None,
    smps: str | Path | None,
    instance: str | None,
    scenarios: int | None,
    scenario_file: str | None,
    seed: int | None,
    arguments: Mapping[str, Any] | None,
) -> Program:
    """Return the program that exactly one of ``model``, ``module`` and ``smps`` names.

    Raises
    ------
    InputError
        None or several of them, or options that do not go with the one given.
    """
    if [model, module, smps].count(None) != 2:
        raise InputError("give either a model or --module or --smps, and only one of them")
    if model is not None:
        return from_model(
            model, instance=instance, scenario_file=scenario_file, num_scenarios=scenarios, seed=seed, arguments=arguments or None
        )
    if smps is not None:
        given = {
            "instance": instance,
            "scenario-file": scenario_file,
            "scenarios": scenarios,
            "seed": seed,
            "module-arg": arguments or None,
        }
        for name, value in given.items():
            if value is not None:
                raise InputError(f"--{name} does not go with --smps, whose files hold the whole problem")
        return from_smps(smps)
    assert module is not None
    for name, value in (("instance", instance), ("scenario-file", scenario_file)):
        if value is not None:
            raise InputError(f"--{name} goes with a model of quakeops; pass --module-arg key=value to a module")
    arguments = dict(arguments or {})
    if seed is not None:
        arguments["seed"] = seed
    return from_module(module, num_scenarios=scenarios, arguments=arguments)


def refuse_generated(program: Program, command: str, *, with_rows: bool = False) -> None:
    """Refuse a program whose rows are generated while solving; ``with_rows``: one that was given rows of a result is welcome.

    Raises
    ------
    InputError
        What ``command`` works on would be another problem, a relaxation.
    """
    if program.lazy is None or (with_rows and program.kwargs["rows"].where):
        return
    hint = "; give those of a solved instance, --model-arg rows=RESULT" if with_rows else ""
    raise InputError(f"{program.name} {program.instance}: {command!r} does not go with rows that are generated while solving{hint}")
