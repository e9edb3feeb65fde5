"""The three files of an SMPS problem, read together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from .core import Core
from .mps import read_core
from .paths import find
from .periods import Periods, read_periods
from .records import is_fixed, read_text
from .scenarios import Scenarios
from .stoch import read_stoch


@dataclass(frozen=True, slots=True, eq=False)
class SmpsProblem:
    """A two-stage problem: its core, the second period's rows and columns, and its scenarios as changes to the core.

    ``files`` are core, time and stoch file; ``digest`` is a hash of their bytes.
    """

    core: Core
    periods: Periods
    scenarios: Scenarios
    files: tuple[Path, ...] = ()
    digest: str = ""


def read(name: str | Path) -> SmpsProblem:
    """Read an SMPS problem given by stem, folder or one of its files (:func:`~quakeops.instances.smps.paths.find`).

    Raises
    ------
    InputError
        A file is missing, malformed, or holds what is not treated; the message names file, line, field and value.
    """
    files = find(name)
    core_lines, time_lines, stoch_lines = (read_text(path) for path in files)
    fixed = is_fixed(core_lines)
    core = read_core(files[0], core_lines, fixed=fixed)
    periods = read_periods(files[1], time_lines, core, fixed=fixed)
    scenarios = read_stoch(files[2], stoch_lines, core, periods, fixed=fixed)
    digest = hashlib.sha256(b"|".join(path.read_bytes() for path in files)).hexdigest()[:16]
    return SmpsProblem(core, periods, scenarios, files, digest)
