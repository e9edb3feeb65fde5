"""Find an instance by name or file, and say clearly what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from ..errors import InputError, InstanceError, did_you_mean
from ..files import read_json, read_json_text
from .deployment import Deployment
from .json_lines import Location, at_line, location_of
from .responder import Responder
from .retrofit import Retrofit
from .routing import Routing
from .schema import Prepositioning
from .solomon import read_solomon
from .triage import Triage
from .triage_table import read_triage
from .tsplib import SUFFIXES as TSPLIB_SUFFIXES
from .tsplib import read_tsplib

Instance = Prepositioning | Deployment | Retrofit | Responder | Routing | Triage

KINDS: dict[str, type[Instance]] = {
    "quakeops/prepositioning/1": Prepositioning,
    "quakeops/deployment/1": Deployment,
    "quakeops/retrofit/1": Retrofit,
    "quakeops/responder-smdp/1": Responder,
    "quakeops/routing/1": Routing,
    "quakeops/triage/1": Triage,
}
"""Field ``format`` of an instance file -> its schema."""

READERS: dict[str, Callable[[Path], Instance]] = {".txt": read_solomon, ".csv": read_triage, **dict.fromkeys(TSPLIB_SUFFIXES, read_tsplib)}
"""End of a file's name -> reader of instances in formats that are not ours."""

K = TypeVar("K", bound=Instance)

_LIBRARY = f"{__package__}.library"


def names() -> list[str]:
    """Return the names of the packaged instances, sorted."""
    return sorted(p.name.removesuffix(".json") for p in files(_LIBRARY).iterdir() if p.name.endswith(".json"))


def load(name_or_file: str | Path) -> Instance:
    """Load a packaged instance by name, or a file: ``*.json``, Solomon's ``*.txt``, TSPLIB's ``*.tsp`` and the like.

    Raises
    ------
    InputError
        Unknown name (close matches are listed) or missing file.
    InstanceError
        The file does not follow the schema; the message names file, line, field, value and what was expected.
    """
    text = str(name_or_file)
    if text in names():
        with as_file(files(_LIBRARY) / f"{text}.json") as path:
            return validate(read_json(path), where=text)
    path = Path(text)
    if path.suffix in READERS:
        return READERS[path.suffix](path)
    if path.suffix == ".json" or path.exists():
        data, written = read_json_text(path)
        return validate(data, text, written)
    raise InputError(f"unknown instance {text!r}{did_you_mean(text, names())}; packaged: {', '.join(names())} (or give a .json file)")


def is_instance_file(name: str) -> bool:
    """Whether a name is that of a file of an instance, by its end, and not of a packaged one."""
    return Path(name).suffix in (".json", *READERS)


def load_as(kind: type[K], name_or_file: str | Path) -> K:
    """Load an instance of one kind; one of another kind is an :class:`InputError` that names both."""
    return require(kind, load(name_or_file), str(name_or_file))


def require(kind: type[K], instance: Instance, where: str) -> K:
    """Return ``instance`` if it is of this kind, else raise :class:`InputError`."""
    if not isinstance(instance, kind):
        raise InputError(f"instance {where!r} is one of model {model_of(type(instance))!r}, expected one of {model_of(kind)!r}")
    return instance


def model_of(kind: type[Any]) -> str:
    """Return the model that an instance kind is for."""
    return next(name.split("/")[1] for name, known in KINDS.items() if known is kind)


def read_scenarios(path: str | Path, instance: Instance) -> list[Any]:
    """Read a scenario file ``{"instance": NAME, "scenarios": [...]}`` and check it against ``instance``; returns its records."""
    data, text = read_json_text(path)
    if not isinstance(data, dict) or not isinstance(data.get("scenarios"), list) or not data["scenarios"]:
        raise InstanceError(f"{at_line(str(path), text, ('scenarios',))}: field 'scenarios' must be a non-empty list")
    named = data.get("instance")
    if isinstance(named, str) and not named.endswith(".json") and named != instance.name:
        where = at_line(str(path), text, ("instance",))
        raise InstanceError(f"{where}: field 'instance' is {named!r}, but its scenarios are asked for with instance {instance.name!r}")
    try:
        records: list[Any] = TypeAdapter(list[instance.record]).validate_python(data["scenarios"])  # type: ignore[name-defined]
        instance.check_records(records)
    except ValidationError as e:
        raise InstanceError(explain(e, str(path), data, text, prefix=("scenarios",))) from None
    except ValueError as e:
        raise InstanceError(f"{at_line(str(path), text, location_of(str(e), data))}: {e}") from None
    return records


@contextmanager
def naming_file(instance: str) -> Iterator[None]:
    """Put file and line before an error raised inside, of a field of ``instance``, if that is a file: ``pairs[0], 'uv': takes ...``.

    For what shows only when a model looks at an instance, which its schema cannot tell.
    """
    try:
        yield
    except InputError as e:
        if not instance.endswith(".json") or not Path(instance).is_file() or str(e).startswith(instance):
            raise
        data, text = read_json_text(instance)
        raise InstanceError(f"{at_line(instance, text, location_of(str(e), data))}: {e}") from None


def instance_of_scenario_file(path: str | Path) -> str:
    """Return the instance that a scenario file names."""
    data, text = read_json_text(path)
    name = data.get("instance") if isinstance(data, dict) else None
    if not isinstance(name, str):
        raise InstanceError(f"{at_line(str(path), text, ('instance',))}: field 'instance' must name an instance or a file, found {name!r}")
    beside = Path(path).parent / name
    return str(beside) if name.endswith(".json") and beside.exists() else name


def validate(data: Any, where: str, text: str | None = None) -> Instance:
    """Validate parsed JSON against the schema that its ``format`` names; messages tell the line if ``text`` is what was parsed.

    Raises
    ------
    InstanceError
        It does not follow the schema; the message has at most a few lines.
    """
    if not isinstance(data, dict):
        raise InstanceError(f"{where}: an instance is a JSON object, found {type(data).__name__}")
    given = data.get("format", next(iter(KINDS)))
    if not isinstance(given, str) or given not in KINDS:
        where = at_line(where, text, ("format",))
        raise InstanceError(f"{where}: field 'format' is {_short(given)}: expected {' or '.join(repr(k) for k in KINDS)}")
    kind = KINDS[given]
    try:
        return kind.model_validate(data)
    except ValidationError as e:
        raise InstanceError(explain(e, where, data, text, fields=list(kind.model_fields))) from None


def explain(
    error: ValidationError,
    file: str,
    data: Any,
    text: str | None = None,
    *,
    prefix: Location = (),
    most: int = 5,
    fields: Sequence[str] = (),
) -> str:
    """Render pydantic's errors as ``file: line N: field = value: what was expected``; without ``text``, as parsed, no line is told."""
    lines = []
    for item in error.errors(include_url=False)[:most]:
        location = (*prefix, *item["loc"])
        where = at_line(file, text, location or location_of(item["msg"].removeprefix("Value error, "), data))
        field = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in location).lstrip(".")
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "missing":
            lines.append(f"{where}: field {field!r} is missing")
        elif item["type"] == "extra_forbidden":
            lines.append(f"{where}: unknown field {field!r}{did_you_mean(str(location[-1]), list(fields))}")
        elif not field:
            lines.append(f"{where}: {message}")
        else:
            lines.append(f"{where}: field {field!r} is {_short(item.get('input'))}: {message}")
    rest = error.error_count() - len(lines)
    return "\n".join([*lines, *([f"... and {rest} more"] if rest > 0 else [])])


def _short(value: Any) -> str:
    text = repr(value.model_dump() if isinstance(value, BaseModel) else value)
    return text if len(text) <= 60 else text[:57] + "..."
