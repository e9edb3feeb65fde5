"""Find an instance by name or file, and say clearly what is wrong with it."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from ..errors import InputError, InstanceError
from ..files import read_json
from .schema import Prepositioning, ScenarioRecord, check_scenarios

_LIBRARY = f"{__package__}.library"


def names() -> list[str]:
    """Return the names of the packaged instances, sorted."""
    return sorted(p.name.removesuffix(".json") for p in files(_LIBRARY).iterdir() if p.name.endswith(".json"))


def load(name_or_file: str | Path) -> Prepositioning:
    """Load a packaged instance by name, or an instance file (``*.json``).

    Raises
    ------
    InputError
        Unknown name (close matches are listed) or missing file.
    InstanceError
        The file does not follow the schema; the message names file, field, value and what was expected.
    """
    text = str(name_or_file)
    if text in names():
        with as_file(files(_LIBRARY) / f"{text}.json") as path:
            return validate(read_json(path), where=text)
    path = Path(text)
    if path.suffix == ".json" or path.exists():
        return validate(read_json(path), where=text)
    raise InputError(f"unknown instance {text!r}{did_you_mean(text, names())}; packaged: {', '.join(names())} (or give a .json file)")


def read_scenarios(path: str | Path, instance: Prepositioning) -> list[ScenarioRecord]:
    """Read a scenario file ``{"instance": NAME, "scenarios": [...]}`` and check it against ``instance``."""
    data = read_json(path)
    if not isinstance(data, dict) or not isinstance(data.get("scenarios"), list) or not data["scenarios"]:
        raise InstanceError(f"{path}: field 'scenarios' must be a non-empty list")
    named = data.get("instance")
    if isinstance(named, str) and not named.endswith(".json") and named != instance.name:
        raise InstanceError(f"{path}: field 'instance' is {named!r}, but its scenarios are asked for with instance {instance.name!r}")
    try:
        records = TypeAdapter(list[ScenarioRecord]).validate_python(data["scenarios"])
        check_scenarios(
            records,
            nodes={n.name for n in instance.nodes},
            commodities={c.name for c in instance.commodities},
            links={link.name for link in instance.links},
        )
    except ValidationError as e:
        raise InstanceError(explain(e, str(path), data, prefix=("scenarios",))) from None
    except ValueError as e:
        raise InstanceError(f"{path}: {e}") from None
    return records


def instance_of_scenario_file(path: str | Path) -> str:
    """Return the instance that a scenario file names."""
    data = read_json(path)
    name = data.get("instance") if isinstance(data, dict) else None
    if not isinstance(name, str):
        raise InstanceError(f"{path}: field 'instance' must name an instance or a file, found {name!r}")
    beside = Path(path).parent / name
    return str(beside) if name.endswith(".json") and beside.exists() else name


def validate(data: Any, where: str) -> Prepositioning:
    """Validate parsed JSON against the schema; raises :class:`InstanceError` with a message of at most a few lines."""
    if not isinstance(data, dict):
        raise InstanceError(f"{where}: an instance is a JSON object, found {type(data).__name__}")
    try:
        return Prepositioning.model_validate(data)
    except ValidationError as e:
        raise InstanceError(explain(e, where, data)) from None


def explain(error: ValidationError, where: str, data: Any, prefix: tuple[str | int, ...] = (), most: int = 5) -> str:
    """Render pydantic's errors as ``file: field = value: what was expected`` lines."""
    lines = []
    for item in error.errors(include_url=False)[:most]:
        location = (*prefix, *item["loc"])
        field = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in location).lstrip(".")
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "missing":
            lines.append(f"{where}: field {field!r} is missing")
        elif item["type"] == "extra_forbidden":
            lines.append(f"{where}: unknown field {field!r}{did_you_mean(str(location[-1]), list(Prepositioning.model_fields))}")
        elif not field:
            lines.append(f"{where}: {message}")
        else:
            lines.append(f"{where}: field {field!r} is {_short(item.get('input'))}: {message}")
    rest = error.error_count() - len(lines)
    return "\n".join([*lines, *([f"... and {rest} more"] if rest > 0 else [])])


def did_you_mean(name: str, known: list[str]) -> str:
    """Return ``'; did you mean X?'`` when a known name is close, else the empty string."""
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _short(value: Any) -> str:
    text = repr(value.model_dump() if isinstance(value, BaseModel) else value)
    return text if len(text) <= 60 else text[:57] + "..."
