"""Names that a file format takes: no blanks, none twice, none that the format reads as something else."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from .bounds import TYPES

RESERVED = frozenset({*TYPES, "SC", "BL", "RHS", "RNG", "RANGE", "RANGES", "BND", "OBJ", "MARKER", "'MARKER'", "ROOT", "'ROOT'"})


def mps_names(names: Iterable[str], taken: Collection[str] = ()) -> list[str]:
    """Return names for free MPS: blanks become underscores, comment signs in front and words of the format get one, doubles a number.

    >>> mps_names(["stock[A,big tents]", "stock[A,big_tents]", "rhs"])
    ['stock[A,big_tents]', 'stock[A,big_tents]_2', 'rhs_']
    """
    return _unique((_apart(re.sub(r"\s+", "_", name)) for name in names), taken)


def _apart(name: str) -> str:
    if not name or name[0] in "*$":
        name = "_" + name
    return name + "_" if name.upper() in RESERVED else name


def _unique(names: Iterable[str], taken: Collection[str]) -> list[str]:
    seen, out = set(taken), []
    for name in names:
        candidate, number = name, 2
        while candidate in seen:
            candidate, number = f"{name}_{number}", number + 1
        seen.add(candidate)
        out.append(candidate)
    return out


_LP_WORD = re.compile(
    r"(max|min)(imi[sz]e|imum)?|st|such|subject|to|bounds?|free|inf(inity)?|gen(erals?)?|int(egers?)?|bin(ar(y|ies))?|semi|sos|sec|end",
    re.I,
)


def lp_names(names: Iterable[str], taken: Collection[str] = ()) -> list[str]:
    """Return names for the LP format: letters, digits, dots and underscores only, beginning with a letter that starts no number or word.

    >>> lp_names(["stock[A,tents]", "2nd", "e1", "free"])
    ['stock_A_tents', '_2nd', '_e1', '_free']
    """

    def clean(name: str) -> str:
        name = re.sub(r"[^A-Za-z0-9_.]+", "_", name).rstrip("_") or "_"
        return "_" + name if re.match(r"[0-9.]|[eE][0-9.]", name) or _LP_WORD.fullmatch(name) else name

    return _unique(map(clean, names), taken)
