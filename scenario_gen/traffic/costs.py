r"""Cost of a link as a function of its flow: the BPR formula (Bureau of Public Roads 1964) and fixed charges.

    t_a(v) = t0_a (1 + b_a (v / c_a)^n_a)                          travel time                                   (1)
    g_a(v) = t_a(v) + w_toll toll_a + w_length length_a            cost that drivers minimise                    (2)
    G_a(v) = integral of g_a from 0 to v
           = v (t0_a (1 + b_a / (n_a + 1) (v / c_a)^n_a) + fixed_a)                                              (3)
    g_a'(v) = t0_a b_a n_a / c_a (v / c_a)^(n_a - 1)                                                             (4)

The Beckmann value of flows v (L,) is sum_a G_a(v_a) (Beckmann, McGuire & Winsten 1956). Flow and capacity have one unit, time another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...instances.road_network import RoadNetwork

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LinkCosts:
    """Equations (1)-(4) for all links at once; every method takes flows (L,) of at least 0.

    Raises
    ------
    InputError
        A power between 0 and 1 on a link whose time depends on its flow: the slope (4) would be infinite at no flow.
    """

    free_flow_time: Array
    b: Array
    power: Array
    capacity: Array
    fixed: Array

    @classmethod
    def of(cls, network: RoadNetwork) -> LinkCosts:
        """Return the costs on a network."""
        rising = network.b * network.free_flow_time > 0
        steep = rising & (network.power > 0) & (network.power < 1)
        if steep.any():
            link = int(np.argmax(steep))
            raise InputError(f"{network.name}: power[{link}] is {network.power[link]:g}: expected 0 or a number of at least 1")
        capacity = np.where(rising, network.capacity, 1.0)
        fixed = network.toll_weight * network.toll + network.length_weight * network.length
        return cls(network.free_flow_time, np.where(rising, network.b, 0.0), network.power, capacity, fixed)

    def time(self, flow: Array) -> Array:
        """Return (1)."""
        return np.asarray(self.free_flow_time * (1 + self.b * (flow / self.capacity) ** self.power))

    def cost(self, flow: Array) -> Array:
        """Return (2)."""
        return self.time(flow) + self.fixed

    def slope(self, flow: Array) -> Array:
        """Return (4)."""
        exponent = np.maximum(self.power - 1, 0)
        return np.asarray(self.free_flow_time * self.b * self.power / self.capacity * (flow / self.capacity) ** exponent)

    def beckmann(self, flow: Array) -> float:
        """Return the sum of (3)."""
        part = self.b / (self.power + 1) * (flow / self.capacity) ** self.power
        return float(np.sum(flow * (self.free_flow_time * (1 + part) + self.fixed)))
