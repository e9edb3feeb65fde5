"""Parameters of the aftershock rate by tectonic regime: Page et al. (2016), California: Hardebeck et al. (2019).

Page, M. T., van der Elst, N., Hardebeck, J., Felzer, K. and Michael, A. J. (2016). Three ingredients for improved global aftershock
forecasts: tectonic region, time-dependent catalog incompleteness, and intersequence variability. Bull. Seism. Soc. Am. 106(5), 2290-2301.
Hardebeck, J. L., Llenos, A. L., Michael, A. J., Page, M. T. and van der Elst, N. (2019). Updated California aftershock parameters.
Seism. Res. Lett. 90(1), 262-270. Numbers as in OpenSHA's data files (CC0).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class AftershockParameters:
    """a, b, p and c (days) of the rate; ``sigma_0``, ``sigma_1``: the spread of a between sequences of one regime.

    ``a`` is the mean over sequences, so that 10^a is the productivity of a median sequence.
    """

    a: float
    p: float
    c_days: float
    b: float = 1.0
    sigma_0: float = 0.0
    sigma_1: float = 0.0

    def sigma(self, mainshock_magnitude: float) -> float:
        """Standard deviation of a: sqrt(sigma_0^2 + sigma_1^2 10^-max(M, 6)), as in OpenSHA."""
        return float(np.hypot(self.sigma_0, self.sigma_1 * 10 ** (-max(mainshock_magnitude, 6.0) / 2)))


_TEXT = """
regime               a     p       c  sigma_0  sigma_1
ANSR-ABSLDEC     -2.29  1.01   0.018     0.49      560
ANSR-ABSLOCB     -2.82  0.64   0.018     0.49      890
ANSR-ABSLSHC     -2.85  1.06   0.018     0.49      800
ANSR-DEEPCON     -2.13  0.98   0.018     0.49      250
ANSR-HOTSPOT     -3.00  1.12   0.018     0.49      680
ANSR-OCEANBD     -3.19  1.08   0.018     0.49      500
ANSR-SHALCON     -2.42  0.98   0.018     0.49      570
SCR-GENERIC      -2.85  0.73   0.018     0.49      870
SCR-ABVSLAB      -2.85  0.73   0.018     0.49      870
SOR-GENERIC      -3.04  0.97   0.018     0.49      650
SOR-ABVSLAB      -3.04  0.97   0.018     0.49      650
SZ-GENERIC       -2.47  0.88   0.018     0.49      570
SZ-INLBACK       -2.43  0.86   0.018     0.49      640
SZ-ONSHORE       -2.34  0.81   0.018     0.49      500
SZ-OUTERTR       -2.42  0.92   0.018     0.49      540
CAL-SCSN         -2.30  0.83  0.0033     0.50        0
CAL-NCSS         -2.64  0.96   0.012     0.48        0
CAL-MENDOCINO    -3.18  1.15   0.050     0.47        0
CAL-HYDROTHERMAL -1.79  0.94   0.026     0.29        0
"""


def _read() -> dict[str, AftershockParameters]:
    lines = [line.split() for line in _TEXT.splitlines()[2:]]
    numbers = {name: [float(v) for v in values] for name, *values in lines}
    return {name: AftershockParameters(a, p, c, sigma_0=s_0, sigma_1=s_1) for name, (a, p, c, s_0, s_1) in numbers.items()}


REGIMES: dict[str, AftershockParameters] = _read()
"""By name: ANSR active continents and oceans, SCR stable continents, SOR stable oceans, SZ subduction zones, CAL California; b = 1."""
