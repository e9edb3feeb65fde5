"""The four metropolitan areas of the ST-ERAO paper and a town, as plans.

The totals are those of the paper's Table 1: area, buildings, infrastructure nodes, historical events, population. Everything else is
synthetic: outlines, faults and soils are rough shapes that resemble the places, building mixes are plausible, and none of it is a
statement about a real building or district.
"""

from __future__ import annotations

from ..exposure import Hazard
from .plan import Core, Plan, Soft, Source

TOKYO = Plan(
    name="tokyo",
    title="Synthetic Tokyo: a bay, a dense core and wooden suburbs, three crustal faults",
    latitude=35.68,
    longitude=139.75,
    area_km2=13_562,
    buildings=285_400,
    components=12_680,
    events=342,
    population=13_960_000,
    zones=53,
    depots=14,
    land=(
        (
            (-72, 48),
            (52, 48),
            (64, 0),
            (58, -40),
            (40, -44),
            (33, -22),
            (26, -6),
            (12, -3),
            (2, -10),
            (-6, -28),
            (-12, -52),
            (-48, -46),
            (-72, -22),
        ),
    ),
    cores=(
        Core((0, 2), 4.0, 9),
        Core((-9, -1), 2.5, 8),
        Core((-14, -25), 1.6, 8),
        Core((-12, 24), 1.2, 9),
        Core((28, 3), 1.0, 9),
        Core((-35, -3), 1.0, 10),
    ),
    rock_vs30_m_s=480,
    soft=(Soft((6, 0), 14, 190), Soft((14, 10), 12, 210), Soft((-8, -24), 8, 220), Soft((30, 0), 8, 220)),
    faults=(
        Source("tachikawa", ((-46, 24), (-30, -9)), 70, 1, 15, "reverse", (6.0, 7.4), 0.004),
        Source("northern-bay", ((-8, -20), (34, -2)), 50, 5, 22, "reverse", (6.0, 7.3), 0.015),
        Source("kozu-matsuda", ((-52, -50), (-66, -24)), 45, 2, 18, "reverse", (6.2, 7.5), 0.006),
    ),
    hazard=Hazard(region="italy-japan", basin="japan", aftershock_regime="ANSR-ABSLSHC"),
    mix=(
        {"W1": 0.42, "C1M": 0.14, "C1H": 0.08, "C2M": 0.1, "C2H": 0.06, "S1M": 0.08, "S1H": 0.06, "S2L": 0.06},
        {"W1": 0.62, "C1L": 0.06, "C1M": 0.1, "C2M": 0.06, "S1L": 0.06, "S2L": 0.06, "RM1L": 0.04},
        {"W1": 0.76, "C1L": 0.06, "S1L": 0.06, "S2L": 0.06, "RM1L": 0.06},
    ),
    codes=(0.42, 0.33, 0.18, 0.07),
    cost_per_m2=2100,
    basin_km=0.35,
)

LOS_ANGELES = Plan(
    name="los-angeles",
    title="Synthetic Los Angeles: a coastal basin, light frames, strike-slip and thrust faults",
    latitude=34.05,
    longitude=-118.25,
    area_km2=12_560,
    buildings=198_750,
    components=9_450,
    events=256,
    population=10_040_000,
    zones=48,
    depots=12,
    land=(((-62, 62), (58, 62), (72, 10), (58, -42), (36, -52), (12, -34), (-6, -38), (-18, -30), (-22, -10), (-40, -2), (-62, 2)),),
    cores=(Core((0, 0), 3.0, 10), Core((-18, 14), 1.6, 9), Core((4, -28), 1.4, 8), Core((30, -22), 1.8, 10), Core((38, 2), 1.0, 10)),
    rock_vs30_m_s=560,
    soft=(Soft((-4, -12), 18, 270), Soft((6, -28), 9, 220), Soft((-20, 16), 11, 260), Soft((30, -26), 12, 250)),
    faults=(
        Source("san-andreas", ((72, 20), (20, 46), (-60, 74)), 90, 0, 15, "strike-slip", (6.5, 7.9), 0.012),
        Source("newport-inglewood", ((-14, 2), (4, -24), (28, -48)), 90, 0, 14, "strike-slip", (6.0, 7.1), 0.006),
        Source("puente-hills", ((34, -12), (-8, -4)), 28, 3, 15, "reverse", (6.0, 7.2), 0.004),
        Source("sierra-madre", ((46, 12), (-22, 24)), 50, 0, 15, "reverse", (6.2, 7.4), 0.005),
    ),
    hazard=Hazard(region="global", basin="california", aftershock_regime="CAL-SCSN"),
    mix=(
        {"W1": 0.46, "W2": 0.16, "RM1L": 0.1, "URML": 0.03, "C2M": 0.06, "C1M": 0.06, "S1M": 0.06, "S4M": 0.04, "PC1": 0.03},
        {"W1": 0.66, "W2": 0.12, "RM1L": 0.09, "URML": 0.02, "C2L": 0.04, "S2L": 0.03, "PC1": 0.04},
        {"W1": 0.78, "W2": 0.06, "RM1L": 0.06, "S3": 0.02, "PC1": 0.03, "MH": 0.05},
    ),
    codes=(0.38, 0.34, 0.18, 0.1),
    cost_per_m2=2300,
    basin_km=0.45,
)

ISTANBUL = Plan(
    name="istanbul",
    title="Synthetic Istanbul: two shores of a strait, concrete frames, a strike-slip fault off the coast",
    latitude=41.03,
    longitude=28.97,
    area_km2=5_461,
    buildings=167_320,
    components=8_230,
    events=198,
    population=15_840_000,
    zones=39,
    depots=12,
    land=(
        ((-74, 26), (-40, 30), (-2, 22), (3, 12), (0, 4), (0, -1), (-8, -5), (-22, -7), (-40, 1), (-58, 2), (-74, 6)),
        ((6, 21), (40, 20), (66, 16), (64, -6), (40, -20), (24, -16), (10, -10), (3, -4), (3, 4), (6, 12)),
    ),
    cores=(
        Core((-4, 1), 3.0, 5),
        Core((-14, 3), 2.2, 6),
        Core((-26, 4), 1.4, 6),
        Core((8, -3), 2.0, 6),
        Core((20, -9), 1.4, 6),
        Core((12, 4), 1.0, 6),
    ),
    rock_vs30_m_s=520,
    soft=(Soft((-24, -3), 9, 230), Soft((-9, -3), 6, 260), Soft((-38, 2), 8, 250), Soft((22, -13), 7, 270)),
    faults=(
        Source("central-marmara", ((-98, -20), (-62, -19), (-22, -16)), 90, 1, 15, "strike-slip", (6.2, 7.5), 0.016),
        Source("princes-islands", ((-22, -16), (8, -24), (44, -38)), 80, 1, 15, "strike-slip", (6.0, 7.3), 0.012),
        Source("cinarcik", ((40, -44), (-6, -36)), 60, 1, 14, "normal", (6.0, 6.9), 0.006),
    ),
    hazard=Hazard(region="china-turkey", aftershock_regime="ANSR-ABSLDEC"),
    mix=(
        {"C3M": 0.3, "C3L": 0.16, "C1M": 0.26, "C1H": 0.12, "URML": 0.08, "S1M": 0.04, "C2H": 0.04},
        {"C1M": 0.34, "C3M": 0.24, "C1L": 0.18, "C1H": 0.1, "URML": 0.08, "C2M": 0.06},
        {"C1L": 0.34, "C3L": 0.24, "C1M": 0.14, "URML": 0.14, "RM1L": 0.08, "W1": 0.06},
    ),
    codes=(0.14, 0.28, 0.34, 0.24),
    cost_per_m2=800,
    crossings=3,
)

CHENGDU = Plan(
    name="chengdu",
    title="Synthetic Chengdu: a plain on deep deposits between two thrust belts",
    latitude=30.66,
    longitude=104.06,
    area_km2=14_335,
    buildings=221_680,
    components=10_870,
    events=187,
    population=16_330_000,
    zones=42,
    depots=12,
    land=(((-76, 20), (-50, 58), (-10, 66), (34, 52), (72, 30), (76, -22), (40, -60), (-10, -62), (-60, -44)),),
    cores=(
        Core((0, 0), 4.0, 10),
        Core((-22, 6), 1.2, 8),
        Core((14, -16), 1.4, 9),
        Core((20, 16), 1.2, 9),
        Core((-30, 38), 0.8, 9),
        Core((-20, -30), 0.8, 10),
    ),
    rock_vs30_m_s=500,
    soft=(Soft((0, 0), 26, 290), Soft((-20, 10), 16, 320), Soft((-6, -26), 14, 300)),
    faults=(
        Source("longmenshan", ((20, 104), (-36, 60), (-96, 6)), 45, 1, 20, "reverse", (6.2, 8.0), 0.006),
        Source("longquanshan", ((12, -56), (30, -6), (44, 42)), 50, 1, 14, "reverse", (5.8, 6.9), 0.006),
    ),
    hazard=Hazard(region="china-turkey", aftershock_regime="ANSR-SHALCON"),
    mix=(
        {"C1M": 0.3, "C1H": 0.24, "C2H": 0.16, "C2M": 0.12, "URML": 0.1, "S1H": 0.08},
        {"C1M": 0.34, "C1L": 0.2, "C2M": 0.14, "URML": 0.16, "URMM": 0.1, "S2L": 0.06},
        {"URML": 0.4, "C1L": 0.3, "W1": 0.14, "RM1L": 0.1, "S3": 0.06},
    ),
    codes=(0.18, 0.3, 0.3, 0.22),
    cost_per_m2=700,
)

TOWN = Plan(
    name="town",
    title="A small synthetic town on a bay, for documentation and tests",
    latitude=38.42,
    longitude=27.14,
    area_km2=120,
    buildings=1_200,
    components=80,
    events=12,
    population=48_000,
    zones=8,
    depots=4,
    land=(((-8, 6), (7, 6), (7, -3), (2, -5), (-1, -3), (-8, -4)),),
    cores=(Core((0, 0), 2.0, 2), Core((4, 2), 1.0, 2)),
    rock_vs30_m_s=600,
    soft=(Soft((0, -2), 3, 250),),
    faults=(Source("bay", ((12, -9), (-12, -7)), 60, 0, 14, "normal", (5.5, 7.0), 0.01),),
    hazard=Hazard(region="china-turkey", aftershock_regime="ANSR-ABSLDEC"),
    mix=(
        {"C1M": 0.4, "C3L": 0.2, "URML": 0.3, "C1L": 0.1},
        {"C1L": 0.4, "URML": 0.3, "RM1L": 0.3},
        {"RM1L": 0.4, "W1": 0.3, "URML": 0.3},
    ),
    codes=(0.2, 0.3, 0.3, 0.2),
    cost_per_m2=900,
)

PLANS = {p.name: p for p in (CHENGDU, ISTANBUL, LOS_ANGELES, TOKYO, TOWN)}
