"""``quakeops.verify``: a result checked by arithmetic."""

from __future__ import annotations

from .. import parallel
from ..decomposition.verification import Verification, verify_result
from ..result import Result


def verify(result: Result) -> Verification:
    """Check a result by arithmetic on matrices rebuilt from its provenance, without a solver, and say what is proved and what trusted.

    Raises
    ------
    InputError
        The result does not say what was solved, the instance has changed since, or the result's certificate is malformed.

    Examples
    --------
    >>> import quakeops
    >>> plan = quakeops.solve("prepositioning", instance="newsvendor", method="benders", rel_gap=1e-9)
    >>> quakeops.verify(plan).ok
    True
    """
    return parallel.on_rank_0(parallel.world(), lambda: verify_result(result))
