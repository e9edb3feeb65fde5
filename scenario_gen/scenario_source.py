"""A scenario set as the scenarios of the pre-positioning model."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

from ..errors import InputError
from ..instances.arrays import Array, Scenario, ScenarioBlock
from ..instances.schema import Prepositioning
from .scenario_set import instance_of, load


class ScenarioSetSource:
    """The scenarios of a NetCDF file, for the instance that it carries or another one on the same zones, roads and goods."""

    def __init__(self, path: str | Path, instance: Prepositioning | None = None):
        data = load(path)
        self.instance = instance_of(data, str(path)) if instance is None else instance
        self._check_names(data, str(path))
        self._data = data
        self._demand, self._usable = (np.ascontiguousarray(data[n].values, dtype=float) for n in ("demand", "depot_usable"))
        self._with_hours = False
        self._slower = np.asarray(data["link_time_factor"].values, dtype=float)
        self._factor = np.asarray(data["link_capacity_factor"].values, dtype=float)
        self._casualties = np.asarray(data["casualties"].values, dtype=float).sum(axis=2)
        self._loss = np.asarray(data["loss"].values, dtype=float)
        self._p = np.asarray(data["probability"].values, dtype=float)
        self._labels = tuple(
            f"k {k}, M {m:.2f}" for k, m in zip(data["number"].values.tolist(), data["magnitude"].values.tolist(), strict=True)
        )

    def with_hours(self) -> ScenarioSetSource:
        """Return the same scenarios with shortest travel times (N, N), which only the impact terms need.

        A road takes its hours times the scenario's ``link_time_factor``, infinite where it is closed.
        """
        other = copy.copy(self)
        other._with_hours = self.instance.impact is not None
        return other

    def _check_names(self, data: xr.Dataset, where: str) -> None:
        inst = self.instance
        for dimension, expected in (
            ("zone", [n.name for n in inst.nodes]),
            ("commodity", [c.name for c in inst.commodities]),
            ("link", [link.name for link in inst.links]),
        ):
            found = [str(v) for v in data[dimension].values]
            if found != expected:
                odd = next(
                    (f"{a!r} for {b!r}" for a, b in zip(found, expected, strict=False) if a != b), f"{len(found)} for {len(expected)}"
                )
                raise InputError(f"{where}: {dimension} names differ from those of instance {inst.name!r}: {odd}")

    @property
    def num_scenarios(self) -> int:
        """How many scenarios the file holds."""
        return len(self._p)

    @property
    def probabilities(self) -> Array:
        """Probabilities of the file (S,)."""
        return self._p.copy()

    @property
    def limited_links(self) -> NDArray[np.bool_]:
        """Every road with a capacity; damage takes a share of it."""
        return np.array([link.capacity is not None for link in self.instance.links], dtype=bool)

    def scenario(self, k: int) -> Scenario:
        """Return scenario number ``k`` of the file."""
        return self.block(k, k + 1).scenario(0)

    def block(self, start: int, stop: int) -> ScenarioBlock:
        """Return scenarios ``start, ..., stop - 1`` of the file."""
        full = np.array([np.inf if link.capacity is None else link.capacity for link in self.instance.links])
        limited = self.limited_links
        capacity = np.full((stop - start, len(full)), np.inf)
        capacity[:, limited] = self._factor[start:stop][:, limited] * full[limited]
        return ScenarioBlock(
            names=tuple(f"scen{k}" for k in range(start, stop)),
            labels=self._labels[start:stop],
            probability=self._p[start:stop],
            demand=self._demand[start:stop],
            usable=self._usable[start:stop],
            link_capacity=capacity,
            casualties=self._casualties[start:stop],
            loss=self._loss[start:stop],
            hours=self._hours(start, stop) if self._with_hours else None,
        )

    def _hours(self, start: int, stop: int) -> Array:
        """Return shortest travel times (B, N, N) over the roads that are open."""
        place = {n.name: i for i, n in enumerate(self.instance.nodes)}
        n, links = len(place), self.instance.links
        ends = np.array([[place[a], place[b]] for a, b in (link.ends for link in links)], dtype=np.intp).reshape(len(links), 2)
        intact = np.array([np.inf if link.hours is None else max(link.hours, 1e-9) for link in links])  # a stored zero is "no edge"
        out = np.empty((stop - start, n, n))
        for b, factor in enumerate(self._slower[start:stop]):
            hours = intact * factor
            passable = np.isfinite(hours)
            graph = csr_array((hours[passable], (ends[passable, 0], ends[passable, 1])), shape=(n, n))
            out[b] = shortest_path(graph, directed=False)
        return out
