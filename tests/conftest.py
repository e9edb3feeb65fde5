"""What several test files share: foreign scenario modules, a small valid instance, hypothesis settings."""

import copy
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from quakeops.cli import main, output

MODULES = Path(__file__).parent / "modules"

settings.register_profile("quakeops", deadline=None, derandomize=True, database=None, max_examples=40)
settings.register_profile("search", deadline=None, database=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quakeops"))

SMALL = {
    "format": "quakeops/prepositioning/1",
    "name": "two-towns",
    "title": "Two towns and a road",
    "source": {"citation": "invented for the tests", "licence": "Apache-2.0"},
    "provenance": {"nodes": "synthetic"},
    "sizes": [{"name": "small", "fixed_cost": 50, "capacity": 40}, {"name": "large", "fixed_cost": 90, "capacity": 100}],
    "commodities": [
        {"name": "tents", "unit": "tent", "volume": 1, "price": 4, "transport_cost": 0.1, "holding_cost": 1, "shortage_penalty": 30},
        {"name": "food", "unit": "kg", "volume": 0.5, "price": 2, "transport_cost": 0.1, "holding_cost": 0.5, "shortage_penalty": 9},
    ],
    "nodes": [
        {"name": "Ano", "latitude": 38.0, "longitude": 22.0},
        {"name": "Kato", "latitude": 38.1, "longitude": 22.1},
        {"name": "Mesi", "latitude": 38.2, "longitude": 22.2, "candidate": False},
    ],
    "links": [
        {"ends": ["Ano", "Kato"], "length": 10, "hours": 1, "capacity": 30},
        {"ends": ["Kato", "Mesi"], "length": 5, "hours": 2},
    ],
    "impact": {"casualty_reduction": [[0, 0], [0.5, 0.4], [1, 0.6]], "loss_reduction": [[0, 0], [1, 0.3]], "horizon_h": 24},
    "scenarios": [
        {"name": "mild", "probability": 0.6, "demand": {"Ano": {"tents": 10, "food": 8}}},
        {
            "name": "strong",
            "probability": 0.4,
            "demand": {"Ano": {"tents": 30}, "Mesi": {"tents": 40, "food": 20}},
            "usable": {"Kato": 0.5},
            "link_capacity_factor": {"Ano -- Kato": 0.5},
            "casualties": {"Ano": 20, "Mesi": 50},
            "loss": {"Mesi": 1000},
        },
    ],
}


@pytest.fixture
def small():
    """A fresh copy of a valid instance as parsed JSON, to be changed at will."""
    return copy.deepcopy(SMALL)


@pytest.fixture
def write(tmp_path):
    """``write(name, data)`` puts JSON (or text as it is) into the test's folder and returns the path."""

    def write(name, data):
        path = tmp_path / name
        path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
        return path

    return write


@pytest.fixture
def foreign(monkeypatch):
    """Put tests/modules on the Python path, as a user's own scenario modules would be."""
    monkeypatch.syspath_prepend(str(MODULES))
    return MODULES


@pytest.fixture(scope="session")
def two_stage():
    """Random small two-stage programs and both roads to their optimum: tests/modules/two_stage.py."""
    spec = importlib.util.spec_from_file_location("two_stage", MODULES / "two_stage.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def subprocess_run(tmp_path):
    """``subprocess_run(*arguments)`` runs this Python with tests/modules on its path, in an empty folder."""

    def run(*arguments, timeout=120):
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(MODULES), *filter(None, [os.environ.get("PYTHONPATH")])])}
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run


class Finished:
    """Exit code, stdout and stderr of one command."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        """The one JSON object that is all of stdout."""
        assert self.out.count("\n") == 1 and self.out.endswith("\n"), self.out
        return json.loads(self.out, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))

    def failed(self, code, *parts):
        """Check exit code and message: on one screen, without a traceback, naming each of ``parts``."""
        assert self.code == code, self.err
        assert "quakeops: " in self.err and len(self.err.splitlines()) <= 30 and "Traceback" not in self.err
        for part in parts:
            assert part in self.err
        return self


@pytest.fixture
def finished():
    """The class that reads what a command left behind."""
    return Finished


@pytest.fixture
def run(capfd, tmp_path, monkeypatch, foreign):
    """``run(*arguments)`` runs a command in this process, in an empty folder, with file descriptor 1 put back afterwards."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        output.stdout.cache_clear()
        capfd.readouterr()
        saved = os.dup(1)
        with pytest.raises(SystemExit) as ended:
            main([str(a) for a in arguments])
        real = output.stdout()
        os.dup2(saved, 1)
        os.close(saved)
        real.close()
        output.stdout.cache_clear()
        return Finished(ended.value.code, *capfd.readouterr())

    return run
