"""Read a stoch file: SCENARIOS, or INDEP and BLOCKS, each with a DISCRETE distribution.

A scenario takes over what its parent changes. A realisation of a block takes over what the block's first realisation gives and it does not
list itself. ``REPLACE`` (default), ``ADD`` and ``MULTIPLY`` behind DISCRETE say how a value acts on the core's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import InputError
from .core import Array, Core
from .entries import Entries, Rule, probability
from .periods import Periods
from .records import Record, bare, records
from .scenarios import Distribution, Key, ListedScenarios, ProductScenarios, Scenarios, SmpsScenario, changes

MOST = 1_000_000
"""Most scenarios a product of independent distributions may have."""

_RULES: tuple[Rule, ...] = ("REPLACE", "ADD", "MULTIPLY")


def read_stoch(path: Path, lines: list[str], core: Core, periods: Periods, *, fixed: bool) -> Scenarios:
    """Return the scenarios of a stoch file."""
    reader = _Reader(path, core, periods)
    for record in records(path, lines, fixed=fixed):
        (reader.header if record.header else reader.data)(record)
    return reader.scenarios()


class _Reader:
    def __init__(self, path: Path, core: Core, periods: Periods):
        self.path, self.core, self.periods, self.entries = path, core, periods, Entries(core, periods)
        self.rule: Rule = "REPLACE"
        self.section = ""
        self.seen: set[str] = set()
        self.listed: dict[str, tuple[float, dict[Key, float]]] = {}
        self.random: dict[str | tuple[Key, ...], list[tuple[float, dict[Key, float]]]] = {}  # blocks by name, INDEP by entries
        self.open: dict[Key, float] | None = None  # entries of the scenario or realisation being read
        self.own: set[Key] = set()

    def header(self, record: Record) -> None:
        """Take a section's header: its distribution and rule."""
        self.section, self.open = record.section, None
        if self.section == "STOCH":
            return
        if self.section not in ("SCENARIOS", "INDEP", "BLOCKS"):
            raise record.error("such a section is not read; known: STOCH, SCENARIOS, INDEP, BLOCKS, ENDATA")
        words = [word.upper() for word in record.fields[1:]] or ["DISCRETE"]
        if words[0] != "DISCRETE":
            raise record.wrong(
                "distribution", record.fields[1], "only DISCRETE is read, since others cannot be listed; write a sample of it"
            )
        rule = words[1] if len(words) > 1 else "REPLACE"
        if rule not in _RULES:
            raise record.wrong("rule", record.fields[2], f"expected one of {', '.join(_RULES)}")
        self.rule = _RULES[_RULES.index(rule)]
        self.seen.add(self.section)
        if "SCENARIOS" in self.seen and len(self.seen) > 1:
            raise record.error("SCENARIOS stand with INDEP or BLOCKS; a file holds one or the other")

    def data(self, record: Record) -> None:
        """Take a data record."""
        if self.section == "INDEP":
            return self._indep(record)
        opener = {"SCENARIOS": "SC", "BLOCKS": "BL"}.get(self.section)
        if opener is None:
            raise record.error(f"{' '.join(record.fields)!r} is out of place")
        if record.fields[0].upper() == opener and (opener not in self.core.column_index or len(record.fields) > 3):
            return self._scenario(record) if opener == "SC" else self._block(record)
        if self.open is None:
            raise record.error(f"{' '.join(record.fields)!r} stands before the first {opener} record")
        found = self.entries.data(record, self.rule)
        if self.own & found.keys():
            raise record.error(f"{' '.join(record.fields)!r} gives an entry a second time")
        self.own |= found.keys()
        self.open |= found

    def _scenario(self, record: Record) -> None:
        if len(record.fields) not in (4, 5):
            raise record.error(f"expected SC, name, parent, probability and period, found {' '.join(record.fields)!r}")
        name, parent = record.fields[1], bare(record.fields[2])
        if name in self.listed:
            raise record.wrong("scenario", name, "named twice")
        rooted = parent.upper() == "ROOT" and parent not in self.listed
        if not rooted and parent not in self.listed:
            raise record.wrong("parent", record.fields[2], "expected ROOT or a scenario that stands before")
        if not rooted and self.rule != "REPLACE":
            raise record.wrong("parent", record.fields[2], f"with {self.rule} every scenario must have the parent ROOT")
        if len(record.fields) == 5:
            self._period(record, record.fields[4], first=rooted)
        self.open, self.own = ({} if rooted else dict(self.listed[parent][1])), set()
        self.listed[name] = probability(record, 3), self.open

    def _block(self, record: Record) -> None:
        if len(record.fields) not in (3, 4):
            raise record.error(f"expected BL, name, period and probability, found {' '.join(record.fields)!r}")
        if len(record.fields) == 4:
            self._period(record, record.fields[2])
        realisations = self.random.setdefault(record.fields[1], [])
        self.open, self.own = (dict(realisations[0][1]) if realisations else {}), set()
        realisations.append((probability(record, len(record.fields) - 1), self.open))

    def _indep(self, record: Record) -> None:
        fields = record.fields
        if self.entries.is_bound(record):
            body = fields[1:-1]
            period = len(body) == 4 or (len(body) == 3 and body[1] not in self.core.column_index)
            found = self.entries.bound(record, body[:-1] if period else body, self.rule)
        else:
            if len(fields) not in (4, 5):
                raise record.error(f"expected column, row, value, period and probability, found {' '.join(fields)!r}")
            period = len(fields) == 5
            if self.entries.dropped(fields[1]):
                return
            value = self.entries.value(record, 2, fields[0])
            found = dict([self.entries.entry(record, fields[0], fields[1], value, self.rule)])
        if period:
            self._period(record, fields[-2])
        self.random.setdefault(tuple(found), []).append((probability(record, len(fields) - 1), found))

    def _period(self, record: Record, name: str, *, first: bool = False) -> None:
        if name not in self.periods.names:
            raise record.wrong("period", name, f"expected {self.periods.names[1]!r}")
        if name == self.periods.names[0] and not first:
            raise record.wrong("period", name, f"random data in the first period; only {self.periods.names[1]!r} may be random")

    def scenarios(self) -> Scenarios:
        """Return what was read."""
        if self.listed:
            p = self._normalised(np.array([p for p, _ in self.listed.values()]), "the scenarios")
            entries = [e for _, e in self.listed.values()]
            return ListedScenarios([SmpsScenario(name, float(q), changes(e)) for name, q, e in zip(self.listed, p, entries, strict=True)])
        if not self.random:
            raise InputError(f"{self.path}: no scenarios: SCENARIOS, INDEP or BLOCKS is missing or empty")
        distributions: list[Distribution] = []
        owner: dict[Key, str] = {}
        for key, realisations in self.random.items():
            name = f"block {key!r}" if isinstance(key, str) else f"INDEP entry {self.core.describe(*key[0])}"
            for entry in {e for _, values in realisations for e in values}:
                if owner.setdefault(entry, name) != name:
                    raise InputError(f"{self.path}: {name} and {owner[entry]} both change {self.core.describe(*entry)}")
            p = self._normalised(np.array([p for p, _ in realisations]), name)
            distributions.append(Distribution(name, p, tuple(changes(values) for _, values in realisations)))
        product = ProductScenarios(distributions)
        if (count := product.combinations) > MOST:
            raise InputError(
                f"{self.path}: {len(distributions)} independent distributions make {count:,} scenarios, more than {MOST:,}; "
                "draw a sample of them and write it as SCENARIOS DISCRETE"
            )
        return product

    def _normalised(self, p: Array, what: str) -> Array:
        """Return probabilities that sum to 1; allowed are 1e-6 and six digits' rounding of each, up to 1e-5 in all."""
        total = float(p.sum())
        if abs(total - 1) > min(1e-6 + 5e-7 * len(p), 1e-5):
            raise InputError(f"{self.path}: the probabilities of {what} sum to {total:.9g}, expected 1")
        return p if abs(total - 1) < 1e-12 else p / total
