"""Objects as plain data: a tree that JSON holds and a few arrays, to the last bit, and back.

Numbers, texts, lists, tuples and mappings stand in the tree; arrays, sparse matrices too, get a name there. Any dataclass of this package
is written field by field (a field added later is not lost), an object met twice once. Cuts, of which there are thousands, stand in one
table with an array a field.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .cuts import Cut

PACKAGE = __name__.rpartition(".")[0].rpartition(".")[0]
"""Dataclasses of this package (and of those below it) are written; no other class is ever looked up."""

Arrays = dict[str, NDArray[Any]]


@dataclass(slots=True)
class Writer:
    """Turns objects into trees; :meth:`finish` returns what several trees share."""

    arrays: Arrays = field(default_factory=dict)
    _cuts: list[Cut] = field(default_factory=list)
    _number: dict[int, int] = field(default_factory=dict)
    _kept: list[Any] = field(default_factory=list)

    def finish(self) -> Any:
        """Return the tree of the table of cuts; after all others."""
        if not self._cuts:
            return None
        return {f.name: self._column([getattr(c, f.name) for c in self._cuts]) for f in fields(Cut)}

    def tree(self, value: Any) -> Any:
        """Return a value's tree.

        Raises
        ------
        TypeError
            The value is of a kind that is not written.
        """
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, np.ndarray):
            return {"array": self._array(value)}
        if isinstance(value, csr_array):
            return {"sparse": [self._array(part) for part in (value.data, value.indices, value.indptr)], "shape": list(value.shape)}
        if isinstance(value, Cut):
            return {"cut": self._row(value)}
        if isinstance(value, list | tuple):
            kind = "list" if isinstance(value, list) else "tuple"
            if value and all(isinstance(v, Cut) for v in value):
                return {"cuts": self._array(np.array([self._row(v) for v in value])), "kind": kind}
            return {kind: [self.tree(v) for v in value]}
        if isinstance(value, Mapping):
            return {"mapping": [[self.tree(k), self.tree(v)] for k, v in value.items()]}
        if is_dataclass(value) and type(value).__module__.startswith(PACKAGE):
            return self._object(value)
        raise TypeError(f"a checkpoint cannot hold a {type(value).__module__}.{type(value).__name__}")

    def _object(self, value: Any) -> Any:
        if id(value) in self._number:
            return {"same": self._number[id(value)]}
        number = self._new(value)
        name = f"{type(value).__module__.removeprefix(PACKAGE)}:{type(value).__name__}"
        return {"class": name, "number": number, "fields": {f.name: self.tree(getattr(value, f.name)) for f in fields(value)}}

    def _new(self, value: Any) -> int:
        """Number an object, and keep it, so that no other one gets its id."""
        self._number[id(value)] = len(self._kept)
        self._kept.append(value)
        return len(self._kept) - 1

    def _array(self, value: NDArray[Any]) -> str:
        if value.dtype.hasobject:
            raise TypeError("a checkpoint cannot hold an array of objects")
        if id(value) not in self._number:
            self._new(value)
        name = f"a{self._number[id(value)]}"
        self.arrays[name] = value
        return name

    def _row(self, cut: Cut) -> int:
        if id(cut) not in self._number:
            self._number[id(cut)] = len(self._cuts)
            self._cuts.append(cut)
        return self._number[id(cut)]

    def _column(self, values: list[Any]) -> Any:
        kinds = {type(v) for v in values}
        if len(kinds) == 1 and kinds <= {float, int, bool}:
            return {"numbers": self._array(np.array(values))}
        if kinds == {np.ndarray} and len({(v.shape, v.dtype) for v in values}) == 1 and len({id(v) for v in values}) == len(values):
            return {"rows": self._array(np.array(values))}
        if kinds == {tuple} and all(type(n) is int for v in values for n in v):
            flat = np.array([n for v in values for n in v], dtype=np.int64)
            return {"tuples": self._array(flat), "ends": self._array(np.cumsum([len(v) for v in values]))}
        return {"values": [self.tree(v) for v in values]}


@dataclass(slots=True)
class Reader:
    """Turns trees back into objects, in the order in which they were written; ``cuts`` is the table of cuts.

    Whatever does not fit raises ``KeyError``, ``ValueError``, ``TypeError``, ``IndexError`` or ``AttributeError``.
    """

    arrays: Arrays
    cuts: Any = None
    table: list[Cut] = field(init=False)
    objects: dict[int, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.table = []
        if self.cuts is not None:
            columns = [self._column(self.cuts[f.name]) for f in fields(Cut)]
            self.table = [Cut(*row) for row in zip(*columns, strict=True)]

    def value(self, tree: Any) -> Any:
        """Return the value of a tree."""
        if not isinstance(tree, dict):
            return tree
        kind = next(iter(tree))
        return _READERS[kind](self, tree)

    def instance(self, tree: dict[str, Any]) -> Any:
        """Return a new object of a dataclass."""
        module, _, name = tree["class"].partition(":")
        cls = getattr(importlib.import_module(PACKAGE + module), name)
        names = {f.name for f in fields(cls)}
        if names != set(tree["fields"]):
            raise ValueError(f"{name} has fields {sorted(names)}, found {sorted(tree['fields'])}")
        out = cls.__new__(cls)
        for key, part in tree["fields"].items():
            object.__setattr__(out, key, self.value(part))
        self.objects[tree["number"]] = out
        return out

    def sparse(self, tree: dict[str, Any]) -> csr_array:
        """Return a sparse matrix."""
        data, indices, indptr = (self.arrays[name] for name in tree["sparse"])
        return csr_array((data, indices, indptr), shape=tuple(tree["shape"]))

    def several_cuts(self, tree: dict[str, Any]) -> Sequence[Cut]:
        """Return a list or tuple of cuts."""
        cuts = [self.table[i] for i in self.arrays[tree["cuts"]].tolist()]
        return cuts if tree["kind"] == "list" else tuple(cuts)

    def _column(self, tree: dict[str, Any]) -> list[Any]:
        if "numbers" in tree:
            return list(self.arrays[tree["numbers"]].tolist())
        if "rows" in tree:
            return list(self.arrays[tree["rows"]])
        if "tuples" in tree:
            parts = np.split(self.arrays[tree["tuples"]], self.arrays[tree["ends"]][:-1])
            return [tuple(p.tolist()) for p in parts]
        return [self.value(v) for v in tree["values"]]


_READERS: dict[str, Callable[[Reader, dict[str, Any]], Any]] = {
    "array": lambda reader, tree: reader.arrays[tree["array"]],
    "sparse": Reader.sparse,
    "cut": lambda reader, tree: reader.table[tree["cut"]],
    "cuts": Reader.several_cuts,
    "list": lambda reader, tree: [reader.value(v) for v in tree["list"]],
    "tuple": lambda reader, tree: tuple(reader.value(v) for v in tree["tuple"]),
    "mapping": lambda reader, tree: {reader.value(k): reader.value(v) for k, v in tree["mapping"]},
    "same": lambda reader, tree: reader.objects[tree["same"]],
    "class": Reader.instance,
}
