"""The event of a scenario: which fault breaks, how strongly, where, and how far the shaking of all sites lies from the median."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError, did_you_mean
from .exposure import Exposure
from .importance import EventProposal, MagnitudeLaw
from .keyed import keyed_uniforms
from .ruptures import Rupture, place_rupture
from .streams import Stream, generator


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """An event: number of the fault, its rupture, eta of PGA and of SA(1.0) in units of their tau, ln of the importance weight."""

    fault: int
    rupture: Rupture
    eta: float
    eta_sa: float
    log_weight: float


class EventModel:
    """Events of a region's faults, each in proportion to its annual rate, with truncated Gutenberg-Richter magnitudes.

    Parameters
    ----------
    exposure
        The region.
    fault, magnitude
        This fault alone; this magnitude instead of a drawn one.
    proposal
        Importance sampling of magnitude and eta; ``None`` draws from the laws themselves.

    Raises
    ------
    InputError
        Unknown fault, a magnitude out of range, importance sampling of a given magnitude, a region without faults.
    """

    def __init__(
        self, exposure: Exposure, *, fault: str | None = None, magnitude: float | None = None, proposal: EventProposal | None = None
    ):
        if not exposure.faults:
            raise InputError(f"region {exposure.name!r}: field 'faults' is empty; there is nothing to draw events from")
        names = [f.name for f in exposure.faults]
        if fault is not None and fault not in names:
            raise InputError(f"--fault {fault!r}: not a fault of {exposure.name!r}{did_you_mean(fault, names)}; known: {', '.join(names)}")
        if magnitude is not None and not 3 <= magnitude <= 9:
            raise InputError(f"--magnitude {magnitude:g}: expected 3 to 9")
        if magnitude is not None and proposal is not None:
            raise InputError("--importance draws magnitudes; it does not go with --magnitude")
        self.faults = exposure.faults
        self._traces = [np.column_stack(exposure.origin.to_km(*f.trace.T)) for f in exposure.faults]
        rates = np.array([f.annual_rate if fault in (None, f.name) else 0.0 for f in exposure.faults])
        self.annual_rate = float(rates.sum())
        self._cumulative = np.cumsum(rates) / rates.sum()
        self._laws = [MagnitudeLaw(f.b_value, *f.magnitudes) for f in exposure.faults]
        self._magnitude, self._proposal = magnitude, EventProposal(share=1.0) if proposal is None else proposal

    def draw(self, seed: int, k: int, correlation_sa: float) -> Event:
        """Draw the event of scenario ``k``; ``correlation_sa`` is that of the residuals of PGA and SA(1.0)."""
        which, choice, size, along, down = keyed_uniforms(seed, k, Stream.EVENT, 5).tolist()
        normal, other = generator(seed, k, Stream.EVENT_RESIDUAL).standard_normal(2).tolist()
        number = min(int(np.searchsorted(self._cumulative, which, side="right")), len(self.faults) - 1)
        drawn, eta, log_weight = (float(v) for v in self._proposal.draw(self._laws[number], choice, size, normal))
        return Event(
            fault=number,
            rupture=self.rupture(number, drawn if self._magnitude is None else self._magnitude, along, down),
            eta=eta,
            eta_sa=correlation_sa * eta + np.sqrt(1 - correlation_sa**2) * other,
            log_weight=log_weight,
        )

    def rupture(self, number: int, magnitude: float, along: float, down: float) -> Rupture:
        """Place a rupture on fault ``number`` at two numbers of [0, 1]."""
        fault = self.faults[number]
        return place_rupture(
            self._traces[number],
            magnitude,
            along,
            dip_degrees=fault.dip_degrees,
            top_km=fault.top_km,
            bottom_km=fault.bottom_km,
            mechanism=fault.mechanism,
            depth_position=down,
        )
