"""The command-line application: its commands, and how an error becomes one message and an exit code."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import NoReturn

import typer
from typer.exceptions import TyperException

from ..errors import QuakeopsError
from ..parallel import abort, all_know, last_words, started_by_mpi, world
from .doctor import doctor
from .estimate import estimate
from .evaluate import evaluate
from .export import export
from .generate import generate
from .instances import instances
from .output import emit_json, is_speaker, stdout
from .pareto import pareto
from .plot import plot
from .recognize import recognize
from .saa import saa
from .simulate import simulate
from .solve import solve
from .verify import verify
from .what_if import what_if

app = typer.Typer(
    name="quakeops",
    help="Optimization models for earthquake preparedness and response.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (solve, generate, instances, evaluate, saa, pareto, what_if, estimate, verify, export, plot, doctor):
    app.command()(command)
app.add_typer(simulate, name="simulate")
app.add_typer(recognize, name="recognize")


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with a code of DESIGN: 0 solved, 1 limit, 2 bad input, 3 no solution, 4 failure."""
    arguments = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # --module finds scenario modules beside the user, as python -m does
    if not set(arguments) & {"-h", "--help"}:
        stdout()
    debug, as_json = "--debug" in arguments, "--json" in arguments
    if as_json:
        last_words.append(lambda kind, message: emit_json({"error": {"type": kind, "message": message}}, from_any_rank=True))
    try:
        code = app(args=arguments, standalone_mode=False, prog_name="quakeops")
        if code == 130:  # what typer makes of Ctrl-C
            raise KeyboardInterrupt
    except TyperException as e:  # a misspelt option, a value of the wrong type
        code = _fail(e.format_message() if hasattr(e, "format_message") else str(e), "InputError", 2, as_json)
    except (typer.Abort, KeyboardInterrupt):
        code = _fail("interrupted", "Interrupted", 4, as_json)
    except QuakeopsError as e:
        if debug:
            traceback.print_exc()
        code = _fail(str(e), type(e).__name__, e.exit_code, as_json)
    except Exception as e:
        if debug:
            traceback.print_exc()
        message = f"{type(e).__name__}: {e}\nThis is a defect of quakeops; run again with --debug for the traceback."
        if started_by_mpi() and (comm := world()) is not None and not all_know(e):
            abort(comm, e)
        code = _fail(message, type(e).__name__, 4, as_json)
    stdout().flush()
    raise SystemExit(code or 0)


def _fail(message: str, kind: str, code: int, as_json: bool) -> int:
    if is_speaker():
        sys.stderr.write(f"quakeops: {message}\n")
        if as_json:
            emit_json({"error": {"type": kind, "message": message}})
    return code
