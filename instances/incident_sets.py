"""States as sets of incidents: a bit an incident, in the order of the instance, and the name ``GL+FR`` of a set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

STABLE = "stable"
"""Name of the state without incidents."""


class IncidentSets:
    """Sets of the incidents ``names`` as integers: bit k stands for the k-th."""

    def __init__(self, names: Sequence[str]):
        self.names = tuple(names)
        self._bit = {name: 1 << k for k, name in enumerate(names)}

    def mask(self, where: str, state: Iterable[str]) -> int:
        """Return the set as bits; ``ValueError`` naming the field ``where`` if an incident is unknown or comes twice."""
        out = 0
        for name in state:
            bit = self._bit.get(name)
            if bit is None:
                raise ValueError(f"{where}: {name!r} is not a known incident (known: {', '.join(self.names)})")
            if out & bit:
                raise ValueError(f"{where}: the incident {name!r} appears twice")
            out |= bit
        return out

    def members(self, mask: int) -> list[str]:
        """Return the incidents of a set, in the order of the instance."""
        return [name for name, bit in self._bit.items() if mask & bit]

    def name(self, mask: int) -> str:
        """Return the name of a set: its incidents joined by ``+``, ``stable`` if it has none."""
        return "+".join(self.members(mask)) or STABLE

    def parse(self, where: str, text: str) -> int:
        """Return the set that a name such as ``FR+GL`` or ``stable`` stands for, in any order; raises as :meth:`mask` does."""
        return 0 if text == STABLE else self.mask(where, text.split("+"))
