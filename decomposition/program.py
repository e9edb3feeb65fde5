"""A two-stage stochastic program as the methods see it: scenario names and a function that builds each Pyomo model."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray

from ..errors import InputError, ModelError, QuakeopsError
from ..instances.loader import instance_of_scenario_file
from ..models import MODELS
from ..scenario_gen.sources import is_scenario_set

if TYPE_CHECKING:
    from .lazy import Lazy
    from .matrices import StageData

PROTOCOL = ("scenario_creator", "scenario_names_creator", "kw_creator", "inparser_adder", "scenario_denouement")


@dataclass(frozen=True, slots=True)
class Program:
    """Scenario names, and ``creator(name, **kwargs)`` that returns the annotated Pyomo model of one scenario.

    ``recipe`` holds what rebuilds it (:func:`from_recipe`): plain data, kept in a result's provenance.
    ``random_block(start=, stop=, **kwargs)``, where the model has one, returns its random data as arrays with a leading scenario axis.
    ``service(source, k, values)``, where the model has one, returns ``{what: (met, demanded)}`` of scenario k from its second-stage values.
    ``violations(plan=, start=, stop=, **kwargs)``, where the model has chance constraints, returns ``{constraint: whether it is missed}``
    in scenarios ``start, ..., stop - 1`` as arrays of that length; ``allowed(**kwargs)`` returns the probability allowed to each.
    ``owned`` names first-stage variables of which each scenario has its own: its model holds one, that of owner ``"*"``, and rows with
    them and no second-stage variable hold in expectation (:mod:`.owned`).
    ``mean_source(source)``, where means of matrices are not matrices of means, returns a source whose one scenario has the mean data.
    ``lazy``, where the model's rows are generated while solving (:mod:`.lazy`), generates them; ``kwargs["rows"]`` are those there are.
    ``ph_rho``, where the model gives one (``PH_RHO``), is the factor on progressive hedging's cost-based rho after a start from LP duals.
    ``arrays(k)``, where there is no Pyomo model (SMPS files), returns the compiled data of scenario k alone.
    """

    name: str
    scenario_names: tuple[str, ...]
    creator: Callable[..., pyo.ConcreteModel] = field(repr=False)
    kwargs: Mapping[str, Any] = field(repr=False)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    instance: str = ""
    instance_hash: str = ""
    service: Callable[[Any, int, dict[str, float]], dict[str, tuple[float, float]]] | None = field(default=None, repr=False)
    violations: Callable[..., Mapping[str, NDArray[np.bool_]]] | None = field(default=None, repr=False)
    allowed: Callable[..., Mapping[str, float]] | None = field(default=None, repr=False)
    arrays: Callable[[int], StageData] | None = field(default=None, repr=False)
    random_block: Callable[..., dict[str, NDArray[np.float64]]] | None = field(default=None, repr=False)
    owned: tuple[str, ...] = ()
    lazy: Lazy | None = field(default=None, repr=False)
    mean_source: Callable[[Any], Any] | None = field(default=None, repr=False)
    ph_rho: float | None = None

    @property
    def num_scenarios(self) -> int:
        """Number of scenarios."""
        return len(self.scenario_names)

    @property
    def keeps_repeated(self) -> bool:
        """Whether scenarios with the same matrices are different still: each owns variables, or has its decisions recomputed."""
        return bool(self.owned) or self.lazy is not None

    def with_rows(self, more: Mapping[Any, frozenset[int]]) -> Program:
        """Return the program with more generated rows, each with the scenarios it holds in; they become part of the recipe."""
        pool, recipe = self.kwargs["rows"].joined(more), {**self.recipe}
        if "rows" in (recipe.get("arguments") or {}):  # a file's, which are among them
            recipe["arguments"] = {name: value for name, value in recipe["arguments"].items() if name != "rows"}
        return replace(self, kwargs={**self.kwargs, "rows": pool}, recipe={**recipe, "rows": pool.to_data()})

    def build(self, k: int) -> pyo.ConcreteModel:
        """Return the Pyomo model of scenario ``k``; a failure in foreign code becomes one :class:`ModelError`."""
        name = self.scenario_names[k]
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                model = self.creator(name, **self.kwargs)
        except QuakeopsError:
            raise
        except Exception as e:
            raise ModelError(f"{self.name}: scenario_creator failed on {name!r}: {type(e).__name__}: {e}") from e
        if not isinstance(model, pyo.ConcreteModel):
            raise ModelError(f"{self.name}: scenario_creator({name!r}) returned {type(model).__name__}, expected a ConcreteModel")
        return model

    def probability(self, model: pyo.ConcreteModel) -> float:
        """Return the scenario's probability; ``"uniform"`` or none at all means 1 / number of scenarios."""
        given = getattr(model, "_mpisppy_probability", None)
        if given is None or given == "uniform":
            return 1.0 / self.num_scenarios
        if not isinstance(given, int | float) or not 0 <= given <= 1:
            raise ModelError(f"{self.name}: scenario {model.name!r} has probability {given!r}; expected a number in [0, 1] or 'uniform'")
        return float(given)


class _Config(SimpleNamespace):
    """Stand-in for mpi-sppy's configuration object: what ``inparser_adder`` declares, with its defaults."""

    def add_to_config(self, name: str, description: str = "", domain: Any = None, default: Any = None, **_: Any) -> None:
        self.__dict__["declared"][name] = domain
        if name not in self.__dict__:
            setattr(self, name, default)

    def quick_assign(self, name: str, domain: Any, value: Any) -> None:
        self.add_to_config(name, "", domain, value)
        setattr(self, name, value)

    def num_scens_optional(self) -> None:
        self.add_to_config("num_scens", domain=int)

    def num_scens_required(self) -> None:
        self.num_scens_optional()
        self.__dict__["needs_num_scens"] = True

    def get(self, name: str, default: Any = None) -> Any:
        return getattr(self, name, default)

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __contains__(self, name: object) -> bool:
        return name in self.__dict__["declared"]


def from_model(
    model: str,
    *,
    instance: str | None = None,
    scenario_file: str | None = None,
    num_scenarios: int | None = None,
    seed: int | None = None,
    arguments: Mapping[str, Any] | None = None,
    rows: Any = None,
) -> Program:
    """Return the program of one of quakeops' own models; ``arguments`` set the options that its ``inparser_adder`` declares.

    ``rows`` are those that were generated before, as plain data.

    Raises
    ------
    InputError
        Unknown model or instance, or options that do not fit the instance.
    """
    if model not in MODELS:
        raise InputError(f"unknown model {model!r}; known: {', '.join(MODELS)}")
    module = importlib.import_module(f"...models.{MODELS[model]}", __package__ + ".x")
    config = _Config(declared={})
    module.inparser_adder(config)
    instance, scenario_file = _absolute(instance), _absolute(scenario_file)
    default = "" if scenario_file is not None else config.instance
    given = {
        "instance": default if instance is None else instance,
        "scenario_file": scenario_file,
        "num_scens": num_scenarios,
        "seed": seed,
    }
    for name, value in given.items():
        if name in config:
            setattr(config, name, value)
        elif value is not None:
            raise InputError(f"model {model!r} takes no {name.replace('_', ' ')}")
    _set_arguments(f"model {model!r}", config, arguments, given)
    kwargs = module.kw_creator(config)
    source = kwargs["source"]
    owned = _owned(model, module, kwargs)
    lazy = _lazy(module, kwargs, rows)
    return Program(
        name=model,
        scenario_names=tuple(module.scenario_names_creator(source.num_scenarios)),
        creator=module.scenario_creator,
        kwargs=kwargs,
        recipe={
            "model": model,
            "instance": config.instance or _named_instance(scenario_file),
            "scenario_file": scenario_file,
            "scenarios": num_scenarios,
            "seed": seed,
            **({"arguments": dict(arguments)} if arguments else {}),
            **({} if rows is None else {"rows": rows}),
        },
        instance=source.instance.name,
        instance_hash=_digest(source.instance.model_dump(mode="json")),
        service=getattr(module, "service", None),
        violations=getattr(module, "violations", None),
        allowed=getattr(module, "allowed", None),
        random_block=getattr(module, "random_block", None),
        owned=owned,
        lazy=lazy,
        mean_source=getattr(module, "mean_source", None),
        ph_rho=getattr(module, "PH_RHO", None),
    )


def from_module(
    module: str | ModuleType, *, num_scenarios: int | None = None, arguments: Mapping[str, Any] | None = None, rows: Any = None
) -> Program:
    """Return the program of a foreign mpi-sppy scenario module, given by import path or as a module.

    ``arguments`` set the options that the module's ``inparser_adder`` declares; ``rows`` as in :func:`from_model`.

    Raises
    ------
    InputError
        The module cannot be imported, or an argument is not one it declares.
    ModelError
        A function of the protocol is missing, or the module's own code fails.
    """
    name = module if isinstance(module, str) else module.__name__
    loaded = _import(module) if isinstance(module, str) else module
    absent = [f for f in PROTOCOL[:4] if not hasattr(loaded, f)]
    if absent:
        raise ModelError(f"module {name!r}: function {absent[0]!r} of the mpi-sppy scenario-module protocol is missing")
    config = _Config(declared={}, needs_num_scens=False)
    with contextlib.redirect_stdout(io.StringIO()):
        _guard(name, "inparser_adder", lambda: loaded.inparser_adder(config))
    if num_scenarios is not None:
        if num_scenarios < 1:
            raise InputError(f"--scenarios {num_scenarios}: must be at least 1")
        config.num_scens = num_scenarios
    elif getattr(config, "num_scens", None) is None and config.needs_num_scens:
        raise InputError(f"module {name!r} needs the number of scenarios: give --scenarios N")
    _set_arguments(f"module {name!r}", config, arguments)
    kwargs = _guard(name, "kw_creator", lambda: loaded.kw_creator(config)) or {}
    kwargs = dict(kwargs)
    owned = _guard(name, "owned", lambda: _owned(name, loaded, kwargs))
    lazy = _guard(name, "lazy_rows", lambda: _lazy(loaded, kwargs, rows))
    count = getattr(config, "num_scens", None)
    names = _guard(name, "scenario_names_creator", lambda: loaded.scenario_names_creator(count))
    if not names:
        raise ModelError(f"module {name!r}: scenario_names_creator({count}) returned no names")
    return Program(
        name=name,
        scenario_names=tuple(names),
        creator=loaded.scenario_creator,
        kwargs=kwargs,
        recipe={
            "module": name,
            "scenarios": num_scenarios,
            "arguments": dict(arguments or {}),
            "seeded": "seed" in config,
            **({} if rows is None else {"rows": rows}),
        },
        instance=name,
        owned=owned,
        lazy=lazy,
    )


def from_provenance(provenance: Mapping[str, Any]) -> Program:
    """Rebuild the program of a result from its provenance; refuse an instance that is no longer the one solved.

    Raises
    ------
    InputError
        ``provenance`` does not say what was solved, or the instance of that name has changed since.
    """
    recipe = provenance.get("recipe")
    if not recipe:
        raise InputError("result: field 'provenance.recipe' is missing; it does not say what the plan was computed on")
    program = from_recipe(recipe)
    known = provenance.get("instance_hash")
    if known and program.instance_hash and known != program.instance_hash:
        raise InputError(
            f"instance {program.instance!r} has changed since the plan was computed (hash {program.instance_hash}, plan's {known})"
        )
    return program


def from_recipe(recipe: Mapping[str, Any]) -> Program:
    """Rebuild the program that a result was computed on."""
    if "module" in recipe:
        return from_module(
            recipe["module"], num_scenarios=recipe.get("scenarios"), arguments=recipe.get("arguments"), rows=recipe.get("rows")
        )
    if "smps" in recipe:
        from .smps import from_smps

        return from_smps(recipe["smps"])
    if "model" not in recipe:
        raise InputError("result: field 'provenance.recipe' names neither a model, a module nor SMPS files; it cannot be rebuilt")
    return from_model(
        recipe["model"],
        instance=recipe.get("instance"),
        scenario_file=recipe.get("scenario_file"),
        num_scenarios=recipe.get("scenarios"),
        seed=recipe.get("seed"),
        arguments=recipe.get("arguments"),
        rows=recipe.get("rows"),
    )


def _lazy(module: ModuleType, kwargs: dict[str, Any], rows: Any) -> Lazy | None:
    """Return what generates a model's rows, if it has such; ``rows`` of the keywords are then those there are."""
    lazy: Lazy | None = module.lazy_rows(**kwargs) if hasattr(module, "lazy_rows") else None
    if lazy is not None:
        kwargs["rows"] = lazy.pool if rows is None else lazy.pool.from_data(rows)
        if rows is not None:
            lazy = module.lazy_rows(**kwargs)
    return lazy


def _owned(name: str, module: ModuleType, kwargs: dict[str, Any]) -> tuple[str, ...]:
    """Return the variables that a module's scenarios own, if its function ``owned(**kwargs)`` names any; ``copies`` is then ``False``."""
    if not hasattr(module, "owned"):
        return ()
    kwargs["copies"] = False
    found = module.owned(**kwargs)
    if not isinstance(found, tuple) or not all(isinstance(v, str) for v in found):
        raise ModelError(f"{name}: owned() returned {found!r}, expected a tuple of variable names")
    return found


def _named_instance(scenario_file: str | None) -> str | None:
    """Return the instance that a scenario file names; a scenario set carries its own."""
    return None if is_scenario_set(scenario_file) else instance_of_scenario_file(str(scenario_file))


def _absolute(name: str | None) -> str | None:
    """Make a file's path absolute, so that a result can be evaluated from another folder; a packaged name stays as it is."""
    return str(Path(name).resolve()) if name and Path(name).is_file() else name


def _import(name: str) -> ModuleType:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return importlib.import_module(name)
    except ModuleNotFoundError as e:
        if e.name and (name == e.name or name.startswith(e.name + ".")):
            raise InputError(f"module {name!r} is not found on the Python path") from None
        raise InputError(f"module {name!r} cannot be imported: {e}") from e
    except Exception as e:
        raise ModelError(f"module {name!r} fails at import: {type(e).__name__}: {e}") from e


def _guard(module: str, function: str, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except QuakeopsError:
        raise
    except (Exception, SystemExit) as e:
        raise ModelError(f"module {module!r}: {function} failed: {type(e).__name__}: {e}") from e


def _set_arguments(where: str, config: _Config, arguments: Mapping[str, Any] | None, taken: Iterable[str] = ()) -> None:
    """Set the declared options that ``arguments`` name; those ``taken`` have a command-line option of their own."""
    for key, value in (arguments or {}).items():
        if key not in config or key in taken:
            declared = [name for name in config.declared if name not in set(taken)]
            raise InputError(f"{where} declares no argument {key!r}; it declares: {', '.join(declared) or 'none'}")
        setattr(config, key, _convert(where, key, value, config.declared[key]))


def _convert(where: str, key: str, value: Any, domain: Any) -> Any:
    if not isinstance(value, str) or domain in (None, str):
        return value
    if domain is bool:
        if value.lower() not in ("true", "false", "1", "0"):
            raise InputError(f"{where}: argument {key} is {value!r}; expected true or false")
        return value.lower() in ("true", "1")
    try:
        return domain(value)
    except (TypeError, ValueError):
        raise InputError(f"{where}: argument {key} is {value!r}; expected {getattr(domain, '__name__', domain)}") from None


def _digest(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]
