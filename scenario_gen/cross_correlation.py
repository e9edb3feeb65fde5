"""Correlation of the residuals of two spectral accelerations: Baker & Jayaram (2008), Earthquake Spectra 24(1), 299-317, eq. 9-10."""

from __future__ import annotations

import numpy as np


def baker_jayaram_2008(period_1_s: float, period_2_s: float) -> float:
    """Return the correlation coefficient of ln SA residuals at two periods between 0.01 and 10 s (0.01 s stands for PGA).

    Examples
    --------
    >>> round(baker_jayaram_2008(0.01, 1.0), 4), round(baker_jayaram_2008(0.5, 0.5), 12)
    (0.5191, 1.0)
    """
    short, long = sorted((period_1_s, period_2_s))
    c_1 = 1 - np.cos(np.pi / 2 - 0.366 * np.log(long / max(short, 0.109)))
    c_2 = 1 - 0.105 * (1 - 1 / (1 + np.exp(100 * long - 5))) * (long - short) / (long - 0.0099) if long < 0.2 else 0.0
    c_3 = c_2 if long < 0.109 else c_1
    c_4 = c_1 + 0.5 * (np.sqrt(c_3) - c_3) * (1 + np.cos(np.pi * short / 0.109))
    if long < 0.109:
        return float(c_2)
    if short > 0.109:
        return float(c_1)
    return float(min(c_2, c_4)) if long < 0.2 else float(c_4)
