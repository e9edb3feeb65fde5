"""Foreign scenario modules: what the protocol asks of them, their options, and the errors of those that do not follow it."""

from types import ModuleType

import pyomo.environ as pyo
import pytest
from quakeops.decomposition.program import from_model, from_module, from_recipe
from quakeops.errors import InputError, ModelError


def module(**functions):
    """Return a module that follows the protocol, with some functions replaced (``None``: left out)."""
    made = ModuleType("made_here")
    standard = {
        "scenario_creator": lambda name, **kwargs: pyo.ConcreteModel(name),
        "scenario_names_creator": lambda num_scens, start=None: [f"scen{k}" for k in range(num_scens)],
        "kw_creator": lambda cfg: {},
        "inparser_adder": lambda cfg: cfg.num_scens_required(),
    }
    for name, function in (standard | functions).items():
        if function is not None:
            setattr(made, name, function)
    return made


def refused(error, action):
    with pytest.raises(error) as caught:
        action()
    return str(caught.value)


@pytest.mark.parametrize("absent", ["scenario_creator", "scenario_names_creator", "kw_creator", "inparser_adder"])
def test_a_missing_function_is_named(absent):
    assert f"'made_here': function '{absent}'" in refused(ModelError, lambda: from_module(module(**{absent: None}), num_scenarios=2))


@pytest.mark.parametrize(
    ("declare", "given", "names"),
    [
        (lambda cfg: cfg.num_scens_required(), 2, 2),
        (lambda cfg: cfg.num_scens_optional(), 2, 2),
        (lambda cfg: cfg.num_scens_optional(), None, 5),
        (lambda cfg: cfg.add_to_config("num_scens", "how many", int, 3), None, 3),
        (lambda cfg: cfg.quick_assign("num_scens", int, 4), None, 4),
        (lambda cfg: None, None, 5),
    ],
)
def test_number_of_scenarios(declare, given, names):
    """Required, optional, with a default, or the module's own affair (here 5)."""
    made = module(inparser_adder=declare, scenario_names_creator=lambda n, start=None: [f"scen{k}" for k in range(n or 5)])
    program = from_module(made, num_scenarios=given)
    assert program.num_scenarios == names and program.name == program.instance == "made_here"


def test_number_of_scenarios_required():
    assert "give --scenarios N" in refused(InputError, lambda: from_module(module()))
    assert "--scenarios 0" in refused(InputError, lambda: from_module(module(), num_scenarios=0))
    none = module(scenario_names_creator=lambda n, start=None: [])
    assert "returned no names" in refused(ModelError, lambda: from_module(none, num_scenarios=2))


def declare_options(cfg):
    cfg.num_scens_required()
    cfg.add_to_config("level", description="a number", domain=float, default=1.5, argparse=True)
    cfg.add_to_config("count", "a whole number", int, 2)
    cfg.add_to_config(name="strict", description="a switch", domain=bool, default=False)
    cfg.add_to_config("label", "text", str, None)
    assert "level" in cfg and "other" not in cfg and cfg["count"] == cfg.get("count") == 2 and cfg.get("other") is None


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({}, (1.5, 2, False, None)),
        ({"level": "2", "count": "7", "strict": "true", "label": "7"}, (2.0, 7, True, "7")),
        ({"level": 3, "strict": True}, (3, 2, True, None)),
        ({"strict": "0"}, (1.5, 2, False, None)),
    ],
)
def test_arguments_become_what_the_module_declared(given, taken):
    made = module(inparser_adder=declare_options, kw_creator=lambda cfg: {"taken": (cfg.level, cfg.count, cfg.strict, cfg.label)})
    program = from_module(made, num_scenarios=1, arguments=given)
    assert program.kwargs["taken"] == taken and program.recipe["arguments"] == given


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({"colour": "red"}, ["'colour'", "level, count, strict, label"]),
        ({"count": "2.5"}, ["count is '2.5'", "int"]),
        ({"strict": "no"}, ["'no'"]),
    ],
)
def test_bad_arguments(given, parts):
    text = refused(InputError, lambda: from_module(module(inparser_adder=declare_options), num_scenarios=1, arguments=given))
    assert all(part in text for part in ["'made_here'", *parts])


def boom(*_, **__):
    raise RuntimeError("boom")


@pytest.mark.parametrize("function", ["inparser_adder", "kw_creator", "scenario_names_creator"])
def test_a_failing_function_is_named(function):
    text = refused(ModelError, lambda: from_module(module(**{function: boom}), num_scenarios=1))
    assert text == f"module 'made_here': {function} failed: RuntimeError: boom"


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("import no_such_dependency", "no_such_dependency"),
        ("1 / 0", "ZeroDivisionError"),
        ("def f(:", "SyntaxError"),
        ("print('hello')", "protocol"),
    ],
)
def test_modules_that_do_not_import(tmp_path, monkeypatch, capfd, source, part):
    """The module is named, and what it prints is not heard."""
    name = f"broken_{len(source)}"
    (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    text = refused(InputError, lambda: from_module(name))
    assert repr(name) in text and part in text and capfd.readouterr().out == ""


@pytest.mark.parametrize("name", ["no_such_module", "no_such.module", "json.no_such"])
def test_modules_that_do_not_exist(name):
    assert refused(InputError, lambda: from_module(name)) == f"module {name!r} is not found on the Python path"


def test_recipes_rebuild_the_program(foreign, small, write, monkeypatch):
    """A recipe is plain data; a file in it is found from any folder."""
    path = write("towns.json", small)
    monkeypatch.chdir(path.parent)
    made = [
        from_model("prepositioning", instance="islands-3"),
        from_model("prepositioning", instance="towns.json"),
        from_model("prepositioning", instance="prepositioning-random", num_scenarios=3, seed=8),
        from_module("farmer", num_scenarios=2, arguments={"acres": "400"}),
    ]
    monkeypatch.chdir("/")
    for program in made:
        twin = from_recipe(program.recipe)
        for field in ("name", "scenario_names", "recipe", "instance", "instance_hash"):
            assert getattr(twin, field) == getattr(program, field)
    assert made[0].instance_hash != made[1].instance_hash


def test_unknown_model():
    assert "unknown model 'retrofitting'; known: prepositioning" in refused(InputError, lambda: from_model("retrofitting"))
