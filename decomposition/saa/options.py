"""What a user may choose of the statistical bounds, checked."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...errors import InputError
from .intervals import require_confidence
from .procedures import PROCEDURES
from .program_source import METHODS

REPLICATIONS = 30
"""Replications of the multiple replications procedure where none are given, as in Mak, Morton & Wood."""

LOOKS = 8
"""Most looks of sequential sampling where none are given: the last draws 128 times as many scenarios as the first."""

EVALUATION = 10
"""The candidate is evaluated on so many times the sample size, where nothing is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """See :func:`quakeops.saa`; ``until_gap`` is the relative gap at which sequential sampling stops, if it is asked for."""

    procedure: str
    sample: int
    replications: int
    evaluation: int | None
    confidence: float
    until_gap: float | None
    most_looks: int
    rel_gap: float

    def to_evaluate(self, sample: int) -> int:
        """Return how many fresh scenarios the candidate of a sample size is evaluated on."""
        return self.evaluation or EVALUATION * sample


def checked(
    *,
    procedure: str | None,
    sample: int,
    replications: int | None,
    evaluation: int | None,
    confidence: float,
    until_gap: float | None,
    iterations: int | None,
    rel_gap: float | None,
    method: str,
) -> Options:
    """Return the options with their defaults.

    Raises
    ------
    InputError
        A value out of range, or options that do not go together; the message names them.
    """
    if method not in METHODS:
        raise InputError(f"--method {method!r}: expected {' or '.join(METHODS)}")
    procedure = procedure or ("mrp" if until_gap is None else "a2rp")
    if procedure not in PROCEDURES:
        raise InputError(f"--procedure {procedure!r}: expected {' or '.join(PROCEDURES)}")
    for name, count in (("sample", sample), ("evaluation", evaluation)):
        if count is not None and count < 2:
            raise InputError(f"--{name} {count}: must be at least 2, since a variance is estimated from it")
    if replications is not None and replications < 2:
        raise InputError(f"--replications {replications}: must be at least 2, since a variance is estimated from them")
    if procedure == "a2rp" and replications not in (None, 2):
        raise InputError(f"--replications {replications}: --procedure a2rp has 2; more go with mrp")
    if until_gap is not None and not 0 < until_gap < math.inf:
        raise InputError(f"--until-gap {until_gap}: must be positive (relative to the candidate's cost)")
    if iterations is not None and until_gap is None:
        raise InputError("--iterations goes with --until-gap")
    if iterations is not None and iterations < 1:
        raise InputError(f"--iterations {iterations}: must be at least 1")
    if rel_gap is not None and not rel_gap >= 0:
        raise InputError(f"--rel-gap {rel_gap}: must not be negative")
    if rel_gap is not None and until_gap is not None and rel_gap >= until_gap:
        raise InputError(f"--rel-gap {rel_gap}: must be below --until-gap {until_gap}, since what solves leave open counts as gap")
    if rel_gap is None:
        rel_gap = 1e-3 if until_gap is None else min(1e-3, until_gap / 10)
    return Options(
        procedure=procedure,
        sample=sample,
        replications=2 if procedure == "a2rp" else replications or REPLICATIONS,
        evaluation=evaluation,
        confidence=require_confidence(confidence),
        until_gap=until_gap,
        most_looks=iterations or LOOKS,
        rel_gap=rel_gap,
    )
