"""Coefficients of Boore, Stewart, Seyhan & Atkinson (2014) for PGA, PGV and SA(1.0 s).

Source: Boore, D. M., Stewart, J. P., Seyhan, E. and Atkinson, G. M. (2014). NGA-West2 equations for predicting PGA, PGV, and 5% damped PSA
for shallow crustal earthquakes. Earthquake Spectra 30(3), 1057-1085, doi:10.1193/070113EQS184M, electronic supplement (revised 2014-07-15),
as tabulated in pygmm (A. Kottke, MIT licence). Names are the paper's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Imt = Literal["PGA", "PGV", "SA(1.0)"]
Mechanism = Literal["strike-slip", "reverse", "normal", "unspecified"]
Region = Literal["global", "china-turkey", "italy-japan"]

M_REF, R_REF_KM, V_REF_M_S = 4.5, 1.0, 760.0
"""Reference magnitude and distance of eq. 3, reference Vs30 of eq. 6: the same for all intensity measures."""

F_1, F_3_G = 0.0, 0.1
"""f_1 and f_3 (in g) of eq. 7: the same for all intensity measures."""

E_OF_MECHANISM: dict[Mechanism, str] = {"unspecified": "e_0", "strike-slip": "e_1", "normal": "e_2", "reverse": "e_3"}
DC_3_OF_REGION: dict[Region, str] = {"global": "dc_3_global", "china-turkey": "dc_3_ct", "italy-japan": "dc_3_ij"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The coefficients of one intensity measure; h, R_1, R_2 in km, V_c, V_1, V_2 in m/s, f_6 per km."""

    e_0: float
    e_1: float
    e_2: float
    e_3: float
    e_4: float
    e_5: float
    e_6: float
    M_h: float
    c_1: float
    c_2: float
    c_3: float
    h: float
    dc_3_global: float
    dc_3_ct: float
    dc_3_ij: float
    c: float
    V_c: float
    f_4: float
    f_5: float
    f_6: float
    f_7: float
    R_1: float
    R_2: float
    dphi_R: float
    dphi_V: float
    V_1: float
    V_2: float
    phi_1: float
    phi_2: float
    tau_1: float
    tau_2: float


# f_6 and f_7 of PGA and PGV are 0 here: there is no basin term below 0.65 s, and the source prints -9.9 as a mark for that.
_TEXT = """
                 PGA        PGV    SA(1.0)
e_0           0.4473      5.037     0.3932
e_1           0.4856      5.078     0.4218
e_2           0.2459      4.849      0.207
e_3           0.4539      5.033     0.4124
e_4            1.431      1.073     1.5004
e_5          0.05053    -0.1536   -0.18983
e_6          -0.1662     0.2252    0.17895
M_h              5.5        6.2        6.2
c_1           -1.134     -1.243     -1.193
c_2           0.1917     0.1489    0.10248
c_3        -0.008088   -0.00344   -0.00121
h                4.5        5.3       5.74
dc_3_global        0          0          0
dc_3_ct    0.0028576   0.004345  0.0029211
dc_3_ij     -0.00255   -0.00033 -0.0020894
c               -0.6      -0.84      -1.05
V_c             1500       1300    1109.95
f_4            -0.15       -0.1   -0.10521
f_5         -0.00701   -0.00844   -0.00844
f_6                0          0    0.36695
f_7                0          0    0.20789
R_1              110        105     116.39
R_2              270        272        270
dphi_R           0.1      0.082      0.098
dphi_V          0.07       0.08       0.02
V_1              225        225        225
V_2              300        300        300
phi_1          0.695      0.644      0.553
phi_2          0.495      0.552      0.625
tau_1          0.398      0.401      0.498
tau_2          0.348      0.346      0.298
"""


def _read(column: int) -> Row:
    lines = [line.split() for line in _TEXT.splitlines()[2:]]
    return Row(**{words[0]: float(words[column]) for words in lines})


TABLE: dict[Imt, Row] = {"PGA": _read(1), "PGV": _read(2), "SA(1.0)": _read(3)}
