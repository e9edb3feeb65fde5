"""The examples of the documentation and of README.md are run, and what they show is what comes out.

Fenced blocks, page by page and in order, in one folder and one Python namespace per page:

- ``python`` runs; ``pycon`` runs as a doctest; a ``{code-block}`` with a ``:caption: FILE`` is written to FILE;
- ``console``: lines ``$ quakeops ...``, ``$ python -m quakeops ...``, ``$ mpiexec ...`` and ``$ echo $?`` run, other commands do
  not; the lines below a command are compared with its standard output, after an exit code other than 0 and 1 with standard error
  too. ``...`` stands for anything within its line, alone on a line for any number of lines. A command must end with code 0 unless
  ``$ echo $?`` follows;
- ``<!-- not run: REASON -->`` before a block exempts it, ``<!-- needs: MODULE -->`` where that module is not installed (the page is then
  reported as skipped, after its other blocks).
"""

import doctest
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [p for p in [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))] if p.exists() and "_build" not in p.parts]
FENCE = re.compile(r"^ *(?P<fence>`{3,})(?P<head>[^`\n]*)\n(?P<body>.*?)^ *(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"<!-- not run: .{8,} -->\s*\Z")
NEEDS = re.compile(r"<!-- needs: (\w+) -->\s*\Z")
RUNNABLE = ("quakeops ", "python -m quakeops ", "mpiexec ")
ENVIRONMENT = {
    **os.environ,
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    "PYTHONPATH": "",
    "COLUMNS": "80",
    "NO_COLOR": "1",
}


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, text, where it stands, the file it is to be written to, and the module it needs."""

    language: str
    body: str
    line: int
    file: str = ""
    needs: str = ""


def blocks(text):
    out = []
    for match in FENCE.finditer(text):
        language, body, file = match["head"].strip(), textwrap.dedent(match["body"]), ""
        if language.startswith("{code-block}"):
            language = language.removeprefix("{code-block}").strip()
            options, _, rest = body.partition("\n\n")
            caption = re.search(r"^:caption: (.*)$", options, re.MULTILINE)
            if caption:
                body, file = rest, caption[1].strip()
        if not NOT_RUN.search(text[: match.start()]):
            needs = NEEDS.search(text[: match.start()])
            out.append(Block(language, body, text[: match.start()].count("\n") + 2, file, needs[1] if needs else ""))
    return out


def commands(body):
    """Return ``(command, shown lines)`` of a console block."""
    out = []
    for line in body.splitlines():
        if line.startswith("$ "):
            out.append((line[2:], []))
        elif out:
            out[-1][1].append(line)
    return out


def matches(shown, real):
    """Whether ``real`` is what ``shown`` says (module docstring); spaces at line ends and empty last lines do not count."""
    pattern = ""
    for line in [line.rstrip() for line in shown]:
        pattern += r"(?:.*\n)*?" if line == "..." else ".*".join(re.escape(part) for part in line.split("...")) + r"\n"
    text = "\n".join(line.rstrip() for line in real.strip("\n").splitlines()) + "\n"
    return re.fullmatch(pattern.removesuffix(r"\n") + r"\n*", text) is not None


def run(command, folder):
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout if done.returncode in (0, 1) else done.stdout + done.stderr, done.stderr


def run_console(body, folder, where):
    code = 0
    listed = commands(body)
    for i, (command, shown) in enumerate(listed):
        if command == "echo $?":
            assert shown == [str(code)], f"{where}: exit code {code}"
            continue
        if not command.startswith(RUNNABLE):
            continue
        if command.startswith("mpiexec ") and shutil.which("mpiexec", path=ENVIRONMENT["PATH"]) is None:
            pytest.skip("no mpiexec")
        code, output, errors = run(command, folder)
        asked_for = i + 1 < len(listed) and listed[i + 1][0] == "echo $?"
        assert asked_for or code == 0, f"{where}: {command}: exit code {code}\n{errors}"
        assert not shown or matches(shown, output), f"{where}: {command} printed\n{output}\nshown is\n" + "\n".join(shown)


def run_python(block, namespace, where):
    if block.language == "python":
        exec(compile("\n" * (block.line - 1) + block.body, where, "exec"), namespace)
        return
    test = doctest.DocTestParser().get_doctest(block.body, namespace, where, where, block.line - 1)
    test.globs = namespace
    report = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=report.append, clear_globs=False)
    assert not runner.failures, "".join(report)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_page(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    namespace, left_out = {"__name__": "__docs__"}, []
    for block in blocks(page.read_text(encoding="utf-8")):
        where = f"{page.name}:{block.line}"
        if block.needs and importlib.util.find_spec(block.needs) is None:
            left_out.append(f"{where} needs {block.needs}")
        elif block.file:
            (tmp_path / block.file).write_text(block.body, encoding="utf-8")
        elif block.language in ("python", "pycon"):
            run_python(block, namespace, where)
        elif block.language == "console":
            run_console(block.body, tmp_path, where)
    if left_out:
        pytest.skip(f"the other blocks ran; {', '.join(left_out)}")


OUTPUT = "status     optimal (optimal)   \nobjective  706,319.07\ntime       0.2 s\n  stock[Korvia,food]  3,400\n"


@pytest.mark.parametrize(
    ("shown", "same"),
    [
        ("status     optimal (optimal)\nobjective  706,319.07\ntime       ... s\n  stock[Korvia,food]  3,400", True),
        ("status     optimal (optimal)\n...", True),
        ("...\n  stock[Korvia,food]  3,400", True),
        ("status     optimal (optimal)\nobjective  706,319.08\n...", False),
        ("status     ...\n  stock[Korvia,food]  3,400", False),
        ("...\n  stock[Korvia,food]  3,401", False),
        ("status     optimal (optimal)", False),
        ("...\nobjective  706,319.07\ntime       ... s", False),
    ],
)
def test_shown_output_is_compared(shown, same):
    assert matches(shown.splitlines(), OUTPUT) is same


def test_wrong_example_fails(tmp_path):
    with pytest.raises(AssertionError, match="shown is"):
        run_console("$ quakeops instances newsvendor\nnewsvendor: something else\n...", tmp_path, "here")
    with pytest.raises(AssertionError, match="exit code 2"):
        run_console("$ quakeops instances nonesuch\n...", tmp_path, "here")
    with pytest.raises(AssertionError):
        run_python(Block("pycon", ">>> 1 + 1\n3\n", 1), {}, "here")


def test_exemptions_and_files_are_read():
    exempt = "<!-- not run: takes minutes -->\n```console\n$ quakeops x\n```\n\n"
    included = "```{literalinclude} ../a.json\n:language: json\n```\n"
    file = "```{code-block} json\n:caption: a.json\n\n{}\n```\n"
    found = blocks(exempt + included + file + "```python\n1\n```\n")
    assert [(b.language, b.body, b.file) for b in found[1:]] == [("json", "{}\n", "a.json"), ("python", "1\n", "")]


def test_command_line_page_names_every_command_and_option():
    import typer
    from quakeops.cli.app import app

    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    for name, command in typer.main.get_command(app).commands.items():
        section = re.search(rf"^## .*`?{name}`?.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        assert section, f"cli.md has no section on {name}"
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--") and option not in ("--help", "--debug", "--json"):
                    assert f"`{option}" in section[0], f"cli.md: {name} {option} is not described"


def test_pictures_are_used_and_small():
    text = "\n".join(p.read_text(encoding="utf-8") for p in PAGES)
    for picture in (DOCS / "pictures").iterdir():
        assert picture.name in text, f"docs/pictures/{picture.name} is on no page"
        assert picture.stat().st_size < 150_000, f"docs/pictures/{picture.name} has {picture.stat().st_size} bytes"
