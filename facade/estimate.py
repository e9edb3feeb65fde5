"""``quakeops.estimate``: a responder instance from a log of events."""

from __future__ import annotations

from pathlib import Path

from .. import parallel
from ..errors import InputError
from ..files import require_writable, write_atomically
from ..instances import Responder
from ..scenario_gen.responder_from_log import FromLog, estimate_from_file
from ..scenario_gen.sources import open_responders


def estimate(
    log: str | Path,
    *,
    instance: str | Path | Responder,
    prior_weight: float = 0.0,
    name: str | None = None,
    out: str | Path | None = None,
) -> FromLog:
    """Estimate a responder instance from a log of events.

    Start probabilities, dominoes and their counts, travel and response times come from the log, everything else from ``instance``
    (:mod:`quakeops.scenario_gen.responder_estimate` has the formulas).

    Parameters
    ----------
    log
        CSV file with a row an event and the columns ``event``, ``state``, ``action``, ``next_state``, ``travel_h``, ``response_h``.
    instance
        Packaged instance, drawn family, instance file, or an instance: incidents, agencies, decision states, and the prior.
    prior_weight
        How many observations the probabilities of ``instance`` are worth, of the starts and of each row of dominoes.
    name
        Of the estimated instance. Default: that of ``instance`` and ``-estimated``.
    out
        Instance file to write, for ``solve(..., instance=...)``.

    Raises
    ------
    InputError
        A log that is missing or malformed (the message names file, line, field and value), a negative prior weight, or with weight 0 a
        state and agency that the log does not have.
    """
    if name is not None and not name:
        raise InputError("--name '': expected a text")
    if out is not None:
        require_writable(Path(out))

    def estimated() -> FromLog:
        skeleton = open_responders(instance if isinstance(instance, Responder) else str(instance)).instance
        found = estimate_from_file(log, skeleton, prior_weight=prior_weight, name=name)
        if out is not None:
            write_atomically(out, found.instance.model_dump_json(indent=1) + "\n")
        return found

    return parallel.on_rank_0(parallel.world(), estimated)
