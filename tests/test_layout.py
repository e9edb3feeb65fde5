"""The house: packages, the direction of imports, docstrings, versions, and the examples in docstrings."""

import ast
import doctest
import importlib
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import quakeops
from quakeops.errors import QuakeopsError

CHECKOUT = Path(__file__).parents[1]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
OUTSIDE = {"tests", "docs", "benchmarks", "papers", "build", "dist"}

MAY_IMPORT = {
    "errors": set(),
    "files": {"errors"},
    "result": {"errors", "files"},
    "parallel": {"errors"},
    "processes": {"parallel"},
    "instances": {"errors", "files"},
    "scenario_gen": {"instances"},
    "solvers": {"errors"},
    "models": {"scenario_gen", "instances"},
    "decomposition": {"models", "scenario_gen", "instances", "solvers", "result", "parallel"},
    "plots": {"decomposition", "models", "scenario_gen", "instances", "solvers", "result"},
    "facade": {"decomposition", "models", "scenario_gen", "instances", "solvers", "result", "parallel"},
    "__init__": {"facade", "decomposition", "instances", "result"},
    "cli": {"facade", "plots", "decomposition", "models", "scenario_gen", "instances", "solvers", "result", "parallel"},
    "__main__": {"cli"},
}
GROUND = {"errors", "files", "processes"}


def sources():
    """Every Python file of the package, as (path relative to its root, syntax tree)."""
    for path in sorted(CHECKOUT.rglob("*.py")):
        inside = path.relative_to(CHECKOUT)
        if inside.parts[0] not in OUTSIDE and not inside.parts[0].startswith("."):
            yield inside, ast.parse(path.read_text(encoding="utf-8"))


SOURCES = list(sources())
FOLDERS = {"quakeops" + "".join(f".{part}" for part in path.parts[:-1]) for path, _ in SOURCES if path.name == "__init__.py"}


def nodes(kind):
    """Every syntax node of a kind, as (file, node)."""
    return [(path, node) for path, tree in SOURCES for node in ast.walk(tree) if isinstance(node, kind)]


def test_packages_are_the_folders_on_disk():
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == FOLDERS


def test_every_module_stands_in_a_package():
    """No Python file in a folder that the wheel would leave out."""
    assert {".".join(["quakeops", *path.parts[:-1]]) for path, _ in SOURCES} == FOLDERS


def test_packaged_data_is_listed():
    data = PROJECT["tool"]["setuptools"]["package-data"]
    assert "*.json" in data["quakeops.instances.library"] and "py.typed" in data["quakeops"]
    assert {p.suffix for p in (CHECKOUT / "instances/library").iterdir() if p.is_file()} <= {".json", ".py"}


def imported(path, node):
    """Return the top-level parts of the package that a relative import names."""
    package = path.parts[: len(path.parts) - node.level]
    whole = [*package, *(node.module.split(".") if node.module else [])]
    return [whole[0]] if whole else [alias.name for alias in node.names]


def test_imports_go_one_way():
    wrong = []
    for path, node in nodes(ast.ImportFrom):
        own = path.parts[0].removesuffix(".py")
        for name in imported(path, node) if node.level else []:
            if name not in MAY_IMPORT[own] | GROUND | {own}:
                wrong.append(f"{path}:{node.lineno} imports {name}")
    assert not wrong


def test_the_allowed_imports_have_no_circle():
    seen = set()
    while len(seen) < len(MAY_IMPORT):
        ready = {part for part, needs in MAY_IMPORT.items() if needs <= seen} - seen
        assert ready, f"a circle among {set(MAY_IMPORT) - seen}"
        seen |= ready


def test_imports_inside_are_relative():
    """``from ..x``, never ``quakeops.x`` or a bare ``models``: the checkout has another name than the package."""
    names = [(p, n.lineno, a.name) for p, n in nodes(ast.Import) for a in n.names]
    names += [(p, n.lineno, n.module) for p, n in nodes(ast.ImportFrom) if not n.level]
    ours = {"quakeops", *(path.parts[0].removesuffix(".py") for path, _ in SOURCES)}
    assert not [f"{p}:{line} imports {name}" for p, line, name in names if name.split(".")[0] in ours]


def test_no_print_and_no_bare_except():
    prints = [f"{p}:{n.lineno}" for p, n in nodes(ast.Call) if getattr(n.func, "id", "") == "print" and p.parts[0] != "cli"]
    bare = [f"{p}:{n.lineno}" for p, n in nodes(ast.ExceptHandler) if n.type is None]
    assert not prints and not bare


def public(tree):
    """Yield the public functions, classes and methods of a module."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            yield from public(node) if isinstance(node, ast.ClassDef) else ()


def test_public_functions_have_docstrings():
    """All but the mpi-sppy protocol of the models, whose meaning mpi-sppy defines."""
    protocol = {"scenario_names_creator", "scenario_creator", "inparser_adder", "kw_creator", "scenario_denouement"}
    missing = [f"{path}:{node.name}" for path, tree in SOURCES for node in public(tree) if not ast.get_docstring(node)]
    assert not [name for name in missing if not (name.startswith("models/") and name.split(":")[1] in protocol)]
    assert not [str(path) for path, tree in SOURCES if not ast.get_docstring(tree)]


def test_versions_agree():
    assert quakeops.__version__ == PROJECT["project"]["version"] == version("quakeops")
    readme = CHECKOUT / "README.md"
    for found in re.findall(r"quakeops[ =]=? ?v?(\d+\.\d+\.\d+)", readme.read_text(encoding="utf-8") if readme.exists() else ""):
        assert found == quakeops.__version__


def test_the_facade_says_what_it_offers():
    assert all(hasattr(quakeops, name) for name in quakeops.__all__)
    errors = {e.__name__ for e in QuakeopsError.__subclasses__()} | {"QuakeopsError"}
    assert errors <= set(quakeops.__all__)


def module_name(path):
    return ".".join(["quakeops", *path.with_suffix("").parts]).removesuffix(".__init__")


@pytest.mark.parametrize("name", [module_name(p) for p, _ in SOURCES if p.name != "__main__.py"])
def test_doctests(name):
    """Every module imports, and its examples give what they say."""
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as e:
        if e.name is None or e.name.split(".")[0] in ("quakeops", *(p.parts[0] for p, _ in SOURCES)):
            raise
        pytest.skip(f"needs {e.name}")
    assert doctest.testmod(module).failed == 0
