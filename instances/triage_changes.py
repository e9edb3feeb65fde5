"""A triage instance with other rules of fairness, capacity or days than its file has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ..errors import InputError
from .triage import Triage

CHANGES = ("per_day", "first_days", "spare_days", "gini", "cvar_days", "max_wait", "quota")
"""What :func:`changed` changes."""


def changed(instance: Triage, given: Mapping[str, Any]) -> Triage:
    """Return the instance with what is ``given`` by a name of :data:`CHANGES`, checked anew.

    ``per_day`` is what the one crew serves; ``max_wait`` the day by which severely damaged and collapsed buildings are served; ``quota`` a
    share of the capacity that districts have by each day, divided among them by their numbers of buildings.

    Raises
    ------
    InputError
        A value that is out of range, or a capacity where there are several crews; the message names it.
    """
    data = instance.model_dump()
    data |= {name: given[name] for name in ("first_days", "spare_days") if name in given}
    if "per_day" in given:
        if len(instance.crews) > 1:
            raise InputError(f"per_day={given['per_day']}: the instance has {len(instance.crews)} crews: give it in a file")
        data["crews"] = [data["crews"][0] | {"per_day": given["per_day"]}]
    data["fairness"] |= {name: given[name] for name in ("gini", "cvar_days") if name in given}
    if "max_wait" in given:
        data["fairness"]["max_wait_days"] = [*data["fairness"]["max_wait_days"][:2], given["max_wait"], given["max_wait"]]
    if "quota" in given:
        size = {d.name: sum(c.count for c in instance.classes if c.district == d.name) for d in instance.districts}
        data["districts"] = [d | {"quota": given["quota"] * size[d["name"]] / instance.buildings} for d in data["districts"]]
    try:
        return Triage.model_validate(data)
    except ValidationError as e:
        values = ", ".join(f"{name}={value}" for name, value in given.items())
        raise InputError(f"{values}: {e.errors()[0]['msg'].removeprefix('Value error, ')}") from None
