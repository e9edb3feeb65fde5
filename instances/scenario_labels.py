"""Find a scenario by its label or number."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import InputError, did_you_mean


def find_label(labels: Sequence[str], name: str) -> int:
    """Return the place of ``name`` among scenarios with these labels: ``scen<k>``, or a label.

    Raises
    ------
    InputError
        No such scenario, or several.
    """
    names = [f"scen{k}" for k in range(len(labels))]
    if name in names:
        return names.index(name)
    found = [k for k, label in enumerate(labels) if label == name]
    if len(found) > 1:
        raise InputError(f"scenario {name!r} is the label of {', '.join(names[k] for k in found[:5])}; give one of these names")
    if not found:
        some = ", ".join(repr(label) for label in labels[:10]) + (", ..." if len(labels) > 10 else "")
        raise InputError(f"unknown scenario {name!r}{did_you_mean(name, list(labels))}; known: {some} (or {names[0]} to {names[-1]})")
    return found[0]
