"""The errors quakeops raises on purpose.

Every message names what was wrong (file, field, value) and what was expected. The command line turns an error into its
``exit_code`` and prints the message alone; the traceback appears only with ``--debug``.
"""

from difflib import get_close_matches


class QuakeopsError(Exception):
    """Base of all deliberate errors; ``exit_code`` is what the command line returns."""

    exit_code = 4


class InputError(QuakeopsError, ValueError):
    """A value that the caller gave is wrong: unknown name, bad file, impossible option."""

    exit_code = 2


class InstanceError(InputError):
    """An instance or scenario file is malformed; the message names file, field and value."""


class ModelError(InputError):
    """A model or scenario module is outside what a method can treat (nonlinear, multistage, ...)."""


class NoSolutionError(QuakeopsError):
    """A plan was asked of a result that holds none (infeasible, unbounded, or stopped too early)."""

    exit_code = 3


class SolverError(QuakeopsError):
    """A solver failed while it ran."""


class SolverUnavailableError(SolverError):
    """A solver is not installed, or installed without a usable licence."""


def did_you_mean(name: str, known: list[str]) -> str:
    """Return ``'; did you mean X?'`` when a known name is close, else the empty string."""
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
