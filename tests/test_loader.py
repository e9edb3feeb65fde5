"""Finding instances and scenario files: unknown names, missing, broken and ill-fitting files."""

import json
from pathlib import Path

import pytest
from quakeops.errors import InputError, InstanceError
from quakeops.files import read_json, write_atomically
from quakeops.instances import load, names, read_scenarios
from quakeops.scenario_gen.sources import open_source


@pytest.fixture
def scenario_file(small, write):
    """``scenario_file(**changes)`` writes the small instance and a scenario file beside it that names it."""

    def make(**changes):
        write("towns.json", small)
        return write("drawn.json", {"instance": "towns.json", "scenarios": small["scenarios"]} | changes)

    return make


def message(error, action):
    with pytest.raises(error) as caught:
        action()
    return str(caught.value)


def test_packaged_names():
    assert set(names()) >= {"gulf-coast-51", "islands-3", "newsvendor"}
    assert [load(n).name for n in ("islands-3", "newsvendor")] == ["islands-3", "newsvendor"]


@pytest.mark.parametrize("function", [load, open_source])
def test_unknown_name_suggests(function):
    text = message(InputError, lambda: function("gulf-cost-51"))
    assert "'gulf-cost-51'" in text and "did you mean 'gulf-coast-51'?" in text and "newsvendor" in text


def test_unknown_family_suggests():
    assert "did you mean 'prepositioning-random'?" in message(InputError, lambda: open_source("prepositioning-randm"))


@pytest.mark.parametrize("reader", [load, read_json])
def test_missing_file_and_folder(tmp_path, reader):
    assert "gone.json: no such file" in message(InputError, lambda: reader(tmp_path / "gone.json"))
    (tmp_path / "folder.json").mkdir()
    assert "folder.json: cannot be read" in message(InputError, lambda: reader(tmp_path / "folder.json"))


@pytest.mark.parametrize("content", ["", " ", "nodes: []", "{'name': 'x'}"])
def test_not_json(write, content):
    path = write("x.json", content)
    text = message(InputError, lambda: load(path))
    assert str(path) in text and "not valid JSON at line 1" in text


def test_not_text(tmp_path):
    (tmp_path / "x.json").write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    assert "x.json: cannot be read" in message(InputError, lambda: load(tmp_path / "x.json"))


def test_a_file_cut_short_anywhere(small, write, scenario_file):
    """No prefix of an instance or of a scenario file is taken for the whole."""
    whole, scenarios, instance = json.dumps(small), scenario_file().read_text(), load(write("towns.json", small))
    for text, read in ((whole, load), (scenarios, lambda p: read_scenarios(p, instance))):
        for length in range(0, len(text), 17):
            path = write("cut.json", text[:length])
            found = message(InputError, lambda read=read, path=path: read(path))
            assert str(path) in found and "cut short" in found


def test_load_by_file(small, write):
    assert load(write("towns.json", small)).name == load(str(write("towns", small))).name == "two-towns"


def test_scenario_file_names_its_instance(small, scenario_file):
    """A file beside it, or a packaged name; the scenarios are the file's own."""
    small["scenarios"][0]["name"] = "calm"
    source = open_source("", scenario_file=str(scenario_file()))
    assert source.instance.name == "two-towns" and source.scenario(0).label == "calm"
    one = [{"name": "only", "probability": 1, "demand": {"town": {"tents": 5}}}]
    source = open_source("", scenario_file=str(scenario_file(instance="newsvendor", scenarios=one)))
    assert source.instance.name == "newsvendor" and source.num_scenarios == 1


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"scenarios": []}, ["'scenarios'", "non-empty list"]),
        ({"scenarios": {}}, ["'scenarios'", "non-empty list"]),
        ({"scenarios": None}, ["'scenarios'"]),
        ({"scenarios": [5]}, ["'scenarios[0]'", "5"]),
        ({"scenarios": [{"name": "a", "probability": 1, "demand": {"Nowhere": {"tents": 1}}}]}, ["scenarios[0].demand", "'Nowhere'"]),
        ({"scenarios": [{"name": "a", "probability": 1, "usable": {"Nowhere": 1}}]}, ["scenarios[0].usable", "'Nowhere'"]),
        ({"scenarios": [{"name": "a", "probability": 1, "demand": {"Ano": {"tents": -3}}}]}, ["scenarios[0].demand.Ano.tents", "-3"]),
        ({"scenarios": [{"name": "a", "probability": 0.9}]}, ["scenarios[*].probability", "0.9"]),
        ({"scenarios": [{"name": "a", "probability": 1, "wieght": 1}]}, ["unknown field 'scenarios[0].wieght'"]),
        ({"scenarios": [{"name": "a"}]}, ["'scenarios[0].probability' is missing"]),
    ],
)
def test_bad_scenario_file(scenario_file, changes, parts):
    path = scenario_file(**changes)
    found = message(InstanceError, lambda: open_source("", scenario_file=str(path)))
    for part in [str(path), *parts]:
        assert part in found


@pytest.mark.parametrize(
    ("instance", "parts"),
    [
        (None, ["field 'instance'", "None"]),
        (7, ["field 'instance'", "7"]),
        ("ghost-town", ["field 'instance'", "'ghost-town'"]),
        ("prepositioning-random", ["draws its own"]),
    ],
)
def test_scenario_file_without_its_instance(scenario_file, instance, parts):
    found = message(InputError, lambda: open_source("", scenario_file=str(scenario_file(instance=instance))))
    assert all(part in found for part in ["drawn.json", *parts])


def test_scenario_file_of_another_instance(scenario_file):
    found = message(InputError, lambda: open_source("newsvendor", scenario_file=str(scenario_file())))
    assert "drawn.json" in found and "'Ano' is not a node" in found


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"num_scenarios": 7}, "--scenarios 7: instance 'newsvendor' is fixed and has 10"),
        ({"seed": 3}, "--seed 3: instance 'newsvendor' is fixed"),
        ({"instance": "prepositioning-random", "num_scenarios": 0}, "--scenarios 0"),
        ({"instance": "prepositioning-random", "seed": -1}, "--seed -1"),
        ({"instance": "prepositioning-random", "scenario_file": "x.json"}, "--scenario-file x.json"),
    ],
)
def test_options_that_do_not_fit_the_instance(options, part):
    assert part in message(InputError, lambda: open_source(**({"instance": "newsvendor"} | options)))


def test_instance_without_scenarios(small, write):
    small["scenarios"] = []
    path = write("towns.json", small)
    assert "'scenarios' is empty" in message(InputError, lambda: open_source(str(path)))


def test_write_atomically(tmp_path):
    write_atomically(tmp_path / "a.txt", "one")
    write_atomically(tmp_path / "a.txt", "two")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.txt", "two")]


@pytest.mark.parametrize("target", ["missing/a.txt", "file/a.txt", "folder", "/", ".", "n" * 300])
def test_unwritable(tmp_path, target, monkeypatch):
    """Whatever stops the write, one InputError names the target and nothing is left behind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    assert f"{target}: cannot be written: " in message(InputError, lambda: write_atomically(target, "text"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


def test_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    """A crash while writing: the old content stays whole, no temporary file remains; the target itself is never written to."""
    path = tmp_path / "a.txt"
    write_atomically(path, "old")
    names = []
    whole = Path.write_text
    monkeypatch.setattr(Path, "write_text", lambda self, *a, **k: names.append(self.name) or whole(self, *a, **k))
    write_atomically(path, "old")
    assert names and "a.txt" not in names

    def half(self, text, **_):
        self.write_bytes(text[: len(text) // 2].encode())
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", half)
    assert "No space left" in message(InputError, lambda: write_atomically(path, "new and long"))
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.txt", "old")]


def test_a_scenario_file_for_another_instance_is_refused(write):
    """The file names its instance; solving it with another is a mistake, not a choice."""
    path = write("draws.json", {"instance": "islands-3", "scenarios": [{"name": "quiet", "probability": 1}]})
    assert open_source("islands-3", scenario_file=str(path)).num_scenarios == 1
    with pytest.raises(InstanceError, match=r"draws.json: line 1: field 'instance' is 'islands-3'.*'newsvendor'"):
        open_source("newsvendor", scenario_file=str(path))
