"""Responder policies that are given: by name in Python, in a policy file, or as the result of a solve.

A policy file is ``{"name": "mine", "policy": {"GL": "local", ...}}``, an agency for every decision state; without ``name`` it has the
file's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import InputError, did_you_mean
from ..files import read_json
from ..result import Result

FIELDS = ("name", "policy")


def in_order(where: str, agencies: Mapping[str, str], states: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return the agencies of a policy in the order of ``states``; ``where`` begins the message of an error.

    Raises
    ------
    InputError
        A state or agency that is unknown, or a state that is missing.
    """
    for state, agency in agencies.items():
        for what, names, of in ((state, states, "state"), (agency, known, f"agency of state {state!r}")):
            if what not in names:
                close = did_you_mean(what, list(names)) if isinstance(what, str) else ""
                some = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
                raise InputError(f"{where}: unknown {what!r}{close}; expected as {of}: {some}")
    if missing := [i for i in states if i not in agencies]:
        raise InputError(f"{where}: no agency for state {missing[0]!r}")
    return [agencies[i] for i in states]


def sent_by(result: Result, states: Sequence[str], agencies: Sequence[str], where: str = "result") -> list[str]:
    """Return whom the plan of a result sends, by state.

    Raises
    ------
    InputError
        It does not send one agency to every state.
    """
    sent = []
    for i in states:
        chosen = [a for a in agencies if result.first_stage.get(f"send[{i},{a}]", 0.0) > 0.5]
        if len(chosen) != 1:
            raise InputError(f"{where}: first_stage sends {len(chosen)} agencies to state {i!r}, expected 1")
        sent.append(chosen[0])
    return sent


def read_policy(path: str | Path, states: Sequence[str], agencies: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Return the name and the policy of a policy file, or of a result file of ``responder-smdp``.

    Raises
    ------
    InputError
        No such file, not JSON, or a policy that does not fit ``states`` and ``agencies``; the message names file, field and value.
    """
    data = read_json(path)
    if isinstance(data, dict) and "first_stage" in data:
        result = Result.from_dict(data, str(path))
        if result.model != "responder-smdp":
            raise InputError(f"{path}: is a result of model {result.model!r}, expected 'responder-smdp'")
        return Path(path).stem, dict(zip(states, sent_by(result, states, agencies, str(path)), strict=True))
    if not isinstance(data, dict) or not isinstance(data.get("policy"), dict):
        raise InputError(f"{path}: field 'policy' is missing: expected agencies by decision state, {{\"policy\": {{STATE: AGENCY, ...}}}}")
    for field in data:
        if field not in FIELDS:
            raise InputError(f"{path}: unknown field {field!r}{did_you_mean(field, list(FIELDS))}; expected {', '.join(FIELDS)}")
    name = data.get("name", Path(path).stem)
    if not isinstance(name, str) or not name:
        raise InputError(f"{path}: field 'name' is {name!r}: expected a text")
    return name, dict(zip(states, in_order(f"{path}: field 'policy'", data["policy"], states, agencies), strict=True))
