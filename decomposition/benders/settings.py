"""What a user may choose of the engine."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...errors import InputError
from .risk import Risk
from .stabilization import STABILIZATIONS

CUTS = ("single", "clustered", "multi", "adaptive")
CLUSTERS = 50
"""Clusters of ``clustered``; ``adaptive`` starts from a tenth of it and splits up to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """``cuts`` aggregates duals by cluster, ``pool`` offers dual vertices to all scenarios, ``retain`` scenarios stay in the master.

    Raises
    ------
    InputError
        An unknown name or a number out of range.
    """

    cuts: str = "clustered"
    clusters: int = CLUSTERS
    stabilization: str = "in-out"
    pool: bool = True
    retain: int = 0
    risk: Risk = field(default_factory=Risk)
    iterations: int | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.cuts not in CUTS:
            raise InputError(f"--cuts {self.cuts!r}: expected {', '.join(CUTS)}")
        if self.stabilization not in STABILIZATIONS:
            raise InputError(f"--stabilization {self.stabilization!r}: expected {', '.join(STABILIZATIONS)}")
        if self.clusters < 1:
            raise InputError(f"--clusters {self.clusters}: must be at least 1")
        if self.retain < 0:
            raise InputError(f"--retain {self.retain}: must not be negative")
        if self.retain and self.risk != Risk():
            raise InputError(f"--retain {self.retain}: goes with --risk mean, not with {self.risk}")

    def num_clusters(self, num_scenarios: int) -> int:
        """Return how many clusters the run starts with."""
        wanted = {"single": 1, "multi": num_scenarios, "clustered": self.clusters, "adaptive": max(1, self.clusters // 10)}[self.cuts]
        return min(wanted, num_scenarios)
