"""Solver backends as data: what each is called, can do, and how its options are spelt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..errors import InputError, SolverUnavailableError
from .linear import LazySolver, LinearProgram, RecourseModel, SolverModel


class Feature(StrEnum):
    """What a model or method may need of a solver."""

    LP = "lp"
    MIP = "mip"
    QP = "qp"  # continuous convex quadratic objective
    MIQP = "miqp"
    DUALS = "duals"
    LAZY = "lazy"  # lazy-constraint callbacks


@dataclass(frozen=True, slots=True)
class Probe:
    """Answer of an availability probe: ``problem`` is ``None`` when the solver can be used; ``limit`` says how a licence is bounded."""

    version: str | None = None
    problem: str | None = None
    limit: str | None = None


@dataclass(frozen=True, slots=True)
class Backend:
    """One solver. ``pyomo_name`` is its Pyomo interface, ``pyomo_mip_name`` the one that takes MIP warm starts.

    ``options`` maps the common spelling (``rel_gap``, ``time_limit``, ``threads``, ``seed``) to the solver's. ``solve_lazy`` is there
    where :attr:`Feature.LAZY` is.
    """

    name: str
    pyomo_name: str
    pyomo_mip_name: str
    features: frozenset[Feature]
    options: Mapping[str, str]
    probe: Callable[[], Probe] = field(repr=False)
    open: Callable[[LinearProgram], SolverModel] = field(repr=False)
    open_recourse: Callable[[LinearProgram], RecourseModel] = field(repr=False)
    solve_lazy: LazySolver | None = field(default=None, repr=False)

    def translate(self, **options: Any) -> dict[str, Any]:
        """Return the options in the solver's own spelling; an option it does not have is an error, ``None`` means unset."""
        unknown = sorted(set(options) - set(self.options))
        if unknown:
            raise InputError(f"solver {self.name!r} has no option {unknown[0]!r}; known: {', '.join(sorted(self.options))}")
        return {self.options[k]: v for k, v in options.items() if v is not None}

    def require_available(self) -> Backend:
        """Return ``self`` or raise :class:`SolverUnavailableError` that names the way out."""
        problem = self.probe().problem
        if problem is not None:
            raise SolverUnavailableError(f"solver {self.name!r}: {problem}")
        return self


_REGISTRY: dict[str, Backend] = {}


def register(backend: Backend) -> Backend:
    """Add a backend to the registry (an existing name is replaced)."""
    _REGISTRY[backend.name] = backend
    return backend


def backends() -> list[Backend]:
    """Return every registered backend, installed or not."""
    return list(_REGISTRY.values())


def get(name: str, requires: Iterable[Feature] = ()) -> Backend:
    """Return the usable backend ``name``.

    Raises
    ------
    InputError
        Unknown name, or a required feature is missing (the known ones are listed).
    SolverUnavailableError
        It is not installed or has no usable licence.
    """
    if name not in _REGISTRY:
        raise InputError(f"unknown solver {name!r}; known: {', '.join(sorted(_REGISTRY))}")
    backend = _REGISTRY[name]
    missing = sorted(set(requires) - backend.features)
    if missing:
        able = [b.name for b in _REGISTRY.values() if set(requires) <= b.features]
        raise InputError(f"solver {name!r} lacks {', '.join(missing)}; solvers that have it: {', '.join(able) or 'none'}")
    return backend.require_available()
