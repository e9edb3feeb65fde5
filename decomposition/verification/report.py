"""What verification says: one line a claim, proved by arithmetic, trusted, or false."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """``PROVED``: follows by arithmetic from the rebuilt data; ``TRUSTED``: taken from the run; ``FALSE``: arithmetic contradicts it."""

    PROVED = "proved"
    TRUSTED = "trusted"
    FALSE = "false"


@dataclass(frozen=True, slots=True)
class Check:
    """One claim of a result."""

    claim: str
    verdict: Verdict
    detail: str


@dataclass(slots=True)
class Verification:
    """All checks of one result; ``lower`` and ``upper`` are the proved sides of the optimum, in the model's own sense."""

    model: str
    instance: str
    method: str
    status: str
    checks: list[Check] = field(default_factory=list)
    lower: float | None = None
    upper: float | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing was found to be false."""
        return all(c.verdict is not Verdict.FALSE for c in self.checks)

    def say(self, claim: str, verdict: Verdict, detail: str) -> None:
        """Add a check."""
        self.checks.append(Check(claim, verdict, detail))

    def holds(self, claim: str, true: bool, detail: str) -> bool:
        """Add a check that is proved or false."""
        self.say(claim, Verdict.PROVED if true else Verdict.FALSE, detail)
        return true

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "model": self.model,
            "instance": self.instance,
            "method": self.method,
            "status": self.status,
            "ok": self.ok,
            "proved_lower": self.lower,
            "proved_upper": self.upper,
            "checks": [{"claim": c.claim, "verdict": c.verdict.value, "detail": c.detail} for c in self.checks],
        }
