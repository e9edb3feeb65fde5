"""What there is to tell of the instances of one model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.table import Table

Inst = TypeVar("Inst")


@dataclass(frozen=True, slots=True)
class Kind(Generic[Inst]):
    """``sizes``: fields whose lengths are the size of an instance, and their headings.

    ``facts`` are lines ``(what, text)`` and ``tables`` come below them, of one instance with the scenarios written in it.
    """

    sizes: Mapping[str, str]
    facts: Callable[[Inst], Iterable[tuple[str, str]]]
    tables: Callable[[Inst], Iterable[Table]]

    def counts(self, instance: Inst) -> dict[str, int]:
        """Return the size of an instance by field."""
        return {field: len(getattr(instance, field)) for field in self.sizes}


def table(title: str, *headings: str, left: Iterable[str] = ()) -> Table:
    """Return an empty table below a title; columns are numbers but the first one and those named in ``left``."""
    out = Table(title=f"\n{title}", title_justify="left", box=None, padding=(0, 2, 0, 0))
    words = {headings[0], *left}
    for heading in headings:
        out.add_column(heading, justify="left" if heading in words else "right")
    return out
