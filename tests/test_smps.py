"""SMPS files: what is read, against HiGHS' own MPS reader and against matrices put together by hand; and what is refused."""

import itertools
import json
import math
from pathlib import Path

import highspy
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from quakeops import InputError, Result, evaluate, solve
from quakeops.decomposition.matrices import compile_program
from quakeops.decomposition.smps import from_smps
from quakeops.instances.smps import What, read
from quakeops.instances.smps.paths import find

SIPLIB = Path(__file__).parents[2] / "shared/data/siplib"
needs_siplib = pytest.mark.skipif(not SIPLIB.is_dir(), reason=f"{SIPLIB} (SIPLIB instances) is not there")

COR = """\
* a comment
NAME          TOY
ROWS
 N  COST
 L  BUDGET
 G  DEMAND
 L  CAP
 E  BAL
COLUMNS
    X1        COST         2.0   BUDGET       1.0
    X1        CAP         -1.0
    X2        COST         3.0   BUDGET       1.0
    X2        BAL         -1.0
    Y1        COST         4.0   DEMAND       1.0
    Y1        CAP          1.0
    Y2        COST         6.0   DEMAND       1.0
    Y2        BAL          1.0
    Y3        COST        10.0   DEMAND       1.0
RHS
    RIGHT     BUDGET      10.0   DEMAND       5.0
BOUNDS
 UP BND       X1           6.0
 UP BND       Y3          20.0
ENDATA
"""
TIM = """\
TIME          TOY
PERIODS
    X1        BUDGET                   STAGE1
    Y1        DEMAND                   STAGE2
ENDATA
"""
STO = """\
STOCH         TOY
SCENARIOS     DISCRETE
 SC LOW       'ROOT'       0.4         STAGE2
    RIGHT     DEMAND       4.0
 SC HIGH      'ROOT'       0.6         STAGE2
    RIGHT     DEMAND       8.0
ENDATA
"""


@pytest.fixture
def put(tmp_path):
    """``put(cor=, tim=, sto=)`` writes TOY.cor, TOY.tim and TOY.sto and returns the stem."""

    def put(cor=COR, tim=TIM, sto=STO):
        for suffix, text in (("cor", cor), ("tim", tim), ("sto", sto)):
            (tmp_path / f"toy.{suffix}").write_text(text, encoding="utf-8")
        return tmp_path / "toy"

    return put


def stoch(body):
    return f"STOCH         TOY\n{body}ENDATA\n"


def core(
    sections, columns="    X  OBJ  1.0  R1  1.0\n    X  R2  1.0\n    Y  OBJ  1.0\n", head="", rows=" N  OBJ\n L  R1\n E  R2\n G  R3\n"
):
    return f"NAME  T\n{head}ROWS\n{rows}COLUMNS\n{columns}{sections}ENDATA\n"


def by_highs(path):
    """The arrays that HiGHS reads."""
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    assert highs.readModel(str(path)) != highspy.HighsStatus.kError
    lp = highs.getLp()
    whole = [kind == highspy.HighsVarType.kInteger for kind in lp.integrality_] or [False] * lp.num_col_
    matrix = np.zeros((lp.num_row_, lp.num_col_))
    for j, (begin, end) in enumerate(itertools.pairwise(lp.a_matrix_.start_)):
        matrix[lp.a_matrix_.index_[begin:end], j] = lp.a_matrix_.value_[begin:end]
    maximize = lp.sense_ == highspy.ObjSense.kMaximize
    return maximize, lp.offset_, lp.col_cost_, matrix, lp.row_lower_, lp.row_upper_, lp.col_lower_, lp.col_upper_, whole


def ours(path):
    from quakeops.instances.smps.mps import read_core
    from quakeops.instances.smps.records import is_fixed, read_text

    lines = read_text(path)
    c = read_core(path, lines, fixed=is_fixed(lines))
    return c.maximize, c.offset, c.cost, c.matrix.toarray(), c.row_lower, c.row_upper, c.lower, c.upper, c.integer


def assert_same(path):
    for here, there in zip(ours(path), by_highs(path), strict=True):
        np.testing.assert_array_equal(here, there)


@pytest.mark.parametrize("head", ["", "OBJSENSE\n    MAX\n", "OBJSENSE MAX\n", "OBJSENSE\n    MAXIMIZE\n", "OBJSENSE\n    MIN\n"])
@pytest.mark.parametrize("name", ["    RHS  ", "    "])
def test_core_as_highs_reads_it(write, head, name):
    assert_same(write("t.mps", core(f"RHS\n{name}OBJ  7.5\n{name}R1  -3.25  R3  1e1\n", head=head)))


@given(
    rhs=st.lists(st.integers(-9, 9), min_size=3, max_size=3),
    ranges=st.lists(st.sampled_from([None, 2, -2.5, 1e30]), min_size=3, max_size=3),
    bounds=st.lists(st.tuples(st.sampled_from(["UP", "LO", "FX", "FR", "MI", "PL", "BV", "LI", "UI"]), st.integers(0, 9)), max_size=3),
    marked=st.booleans(),
)
def test_rows_and_bounds_as_highs_reads_them(tmp_path_factory, rhs, ranges, bounds, marked):
    touched = [side for kind, _ in bounds for side in {"UP": "u", "UI": "u", "PL": "u", "LO": "l", "LI": "l", "MI": "l"}.get(kind, "lu")]
    assume(len(touched) == len(set(touched)))  # of two bounds of one side HiGHS takes the first and warns; ours is an error
    folder = tmp_path_factory.getbasetemp()
    columns = "    X  OBJ  1.0  R1  2.0\n    X  R2  1.0  R3  -1.0\n"
    if marked:
        columns = f"    M1  'MARKER'  'INTORG'\n{columns}    M2  'MARKER'  'INTEND'\n"
    sections = "RHS\n" + "".join(f"    RHS  R{i + 1}  {v}\n" for i, v in enumerate(rhs))
    sections += "RANGES\n" + "".join(f"    RNG  R{i + 1}  {v}\n" for i, v in enumerate(ranges) if v is not None)
    sections += "BOUNDS\n" + "".join(
        f" {kind} BND  X" + (f"  {v}" if kind not in ("FR", "MI", "PL", "BV") else "") + "\n" for kind, v in bounds
    )
    path = folder / "bounds.mps"
    path.write_text(core(sections, columns), encoding="utf-8")
    if ours_or_none(path) is not None:
        assert_same(path)


def ours_or_none(path):
    """``None`` where bounds cross, which HiGHS lets pass with a warning."""
    try:
        return ours(path)
    except InputError as e:
        assert "above its upper bound" in str(e)
        return None


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (" UP B  X  -3\n", (-math.inf, -3)),  # CPLEX and Gurobi; HiGHS 1.15 keeps 0, which is infeasible
        (" UI B  X  -3\n", (-math.inf, -3)),
        (" UP B  X  0\n", (0, 0)),
        (" LO B  X  -5\n UP B  X  -3\n", (-5, -3)),
        (" UP B  X  -3\n LO B  X  -5\n", (-5, -3)),
        (" UP  X  7\n", (0, 7)),
        (" MI B  X  0\n UP B  X  1e20\n", (-math.inf, math.inf)),
        (" LO one  X  1\n UP another  X  2\n", (1, 2)),
    ],
)
def test_bounds_where_readers_differ(write, bounds, expected):
    low, high = ours(write("t.mps", core("BOUNDS\n" + bounds)))[-3:-1]
    assert (low[0], high[0]) == expected


def test_further_n_rows_are_dropped(write):
    rows = " N  OBJ\n L  R1\n N  EXTRA\n E  R2\n"
    path = write("t.mps", core("RHS\n    RHS  EXTRA  5  R2  2\n", "    X  OBJ  1  EXTRA  9\n    X  R2  3\n", rows=rows))
    _, offset, cost, matrix, low, high, *_ = ours(path)
    assert (offset, cost.tolist(), matrix.tolist(), low.tolist(), high.tolist()) == (0, [1], [[0], [3]], [-math.inf, 2], [0, 2])


FIXED = """\
NAME          FIXED
ROWS
 N  COST
 L  ROW 1
 E  ROW 2
COLUMNS
    X 1       COST                -1   ROW 1              1.5
    X 1       ROW 2         -1.25D+1
    YY        COST               2.0   ROW 2              1.0
RHS
              ROW 1              4.0   ROW 2             -2.0
BOUNDS
 UP BND SET   X 1                  3
 MI BND SET   YY
ENDATA
"""


def test_fixed_format_with_blanks_in_names(put):
    tim = "TIME          FIXED\nPERIODS\n    X 1       ROW 1                    STAGE 1\n    YY        ROW 2                    STAGE 2\nENDATA\n"
    sto = (
        "STOCH         FIXED\nBLOCKS        DISCRETE\n BL BLOCK 1   STAGE 2   0.5\n    X 1       ROW 2              -12\n"
        " BL BLOCK 1   STAGE 2   0.5\n    RHS       ROW 2               -3\nENDATA\n"
    )
    p = read(put(FIXED, tim, sto))
    assert p.core.row_names == ("ROW 1", "ROW 2") and p.core.column_names == ("X 1", "YY") and p.periods.names == ("STAGE 1", "STAGE 2")
    assert p.core.matrix.toarray().tolist() == [[1.5, 0], [-12.5, 1]]
    assert (p.core.rhs.tolist(), p.core.upper.tolist(), p.core.lower.tolist()) == ([4, -2], [3, math.inf], [0, -math.inf])
    assert table(p) == [
        ("scen0", 0.5, {("MATRIX", "ROW 2", "X 1"): -12}),
        ("scen1", 0.5, {("MATRIX", "ROW 2", "X 1"): -12, ("RHS", "ROW 2", None): -3}),
    ]


def table(p):
    """The scenarios as (name, probability, {(what, row, column): value})."""
    out = []
    for s in p.scenarios:
        c = s.changes
        named = zip(c.what.tolist(), c.row.tolist(), c.column.tolist(), c.value.tolist(), strict=True)
        name = lambda i, names: names[i] if i >= 0 else None  # noqa: E731
        values = {(What(w).name, name(i, p.core.row_names), name(j, p.core.column_names)): v for w, i, j, v in named}
        out.append((s.name, pytest.approx(s.probability, abs=1e-15), values))
    return out


EXPLICIT = """\
TIME          TOY
PERIODS       EXPLICIT
    STAGE1
    STAGE2
ROWS
    BUDGET    STAGE1
    CAP       STAGE2
    DEMAND    STAGE2
    BAL       STAGE2
    COST      STAGE1
COLUMNS
    X1        STAGE1
    X2        STAGE1
    Y1        STAGE2
    Y2        STAGE2
    Y3        STAGE2
ENDATA
"""


@pytest.mark.parametrize(
    "tim",
    [
        TIM,
        TIM.replace("PERIODS", "PERIODS       LP"),
        TIM.replace("PERIODS", "PERIODS IMPLICIT"),
        TIM.replace("BUDGET", "COST  "),
        EXPLICIT,
    ],
)
def test_time_file(put, tim):
    p = read(put(tim=tim)).periods
    assert (p.names, p.columns.tolist(), p.rows.tolist()) == (
        ("STAGE1", "STAGE2"),
        [False, False, True, True, True],
        [False, True, True, True],
    )


def test_explicit_periods_need_not_be_in_order(put):
    tim = EXPLICIT.replace("X2        STAGE1", "X2        STAGE2").replace("BUDGET    STAGE1", "BUDGET    STAGE2")
    data = compile_program(from_smps(put(tim=tim)))
    assert data.first.names == ("X1",) and data.scenarios[0].stage.names == ("X2", "Y1", "Y2", "Y3")
    assert data.A.shape == (0, 1) and data.scenarios[0].T.toarray().tolist() == [[1], [0], [-1], [0]]


CASES = {
    "parents": (
        "SCENARIOS     DISCRETE\n SC A  ROOT  0.25  STAGE1\n    RIGHT  DEMAND  4.0  CAP  1.0\n SC B  A  0.5  STAGE2\n    RIGHT  CAP  2\n"
        "    Y1  COST  7  DEMAND  0.5\n SC C  B  0.25  STAGE2\n    X1  CAP  -2\n",
        [
            ("A", 0.25, {("RHS", "DEMAND", None): 4, ("RHS", "CAP", None): 1}),
            ("B", 0.5, {("RHS", "DEMAND", None): 4, ("RHS", "CAP", None): 2, ("COST", None, "Y1"): 7, ("MATRIX", "DEMAND", "Y1"): 0.5}),
            (
                "C",
                0.25,
                {("RHS", "DEMAND", None): 4, ("RHS", "CAP", None): 2, ("COST", None, "Y1"): 7, ("MATRIX", "DEMAND", "Y1"): 0.5}
                | {("MATRIX", "CAP", "X1"): -2},
            ),
        ],
    ),
    "bounds, ranges, constant": (
        "SCENARIOS DISCRETE\n SC A ROOT 0.5\n UP BND Y3 9\n MI BND Y1\n    RNG  CAP  3\n SC B ROOT 0.5\n FX BND Y3 2\n UP Y2 1e30\n    RHS COST -5\n",
        [
            ("A", 0.5, {("UPPER", None, "Y3"): 9, ("LOWER", None, "Y1"): -math.inf, ("RANGE", "CAP", None): 3}),
            ("B", 0.5, {("LOWER", None, "Y3"): 2, ("UPPER", None, "Y3"): 2, ("UPPER", None, "Y2"): math.inf, ("OFFSET", None, None): 5}),
        ],
    ),
    "independent": (
        "INDEP  DISCRETE\n    RIGHT  DEMAND  4  STAGE2  0.4\n    RIGHT  DEMAND  8  STAGE2  0.6\n UP BND  Y3  20  STAGE2  0.5\n UP BND  Y3  1  0.5\n",
        [
            ("scen0", 0.2, {("RHS", "DEMAND", None): 4, ("UPPER", None, "Y3"): 20}),
            ("scen1", 0.2, {("RHS", "DEMAND", None): 4, ("UPPER", None, "Y3"): 1}),
            ("scen2", 0.3, {("RHS", "DEMAND", None): 8, ("UPPER", None, "Y3"): 20}),
            ("scen3", 0.3, {("RHS", "DEMAND", None): 8, ("UPPER", None, "Y3"): 1}),
        ],
    ),
    "blocks keep what their first realisation gives": (
        "BLOCKS  DISCRETE\n BL B1  STAGE2  0.5\n    RIGHT  DEMAND  4  CAP  1\n BL B1  STAGE2  0.25\n    RIGHT  DEMAND  5\n BL B1  STAGE2  0.25\n",
        [
            ("scen0", 0.5, {("RHS", "DEMAND", None): 4, ("RHS", "CAP", None): 1}),
            ("scen1", 0.25, {("RHS", "DEMAND", None): 5, ("RHS", "CAP", None): 1}),
            ("scen2", 0.25, {("RHS", "DEMAND", None): 4, ("RHS", "CAP", None): 1}),
        ],
    ),
    "product of both": (
        "BLOCKS  DISCRETE\n BL B1  STAGE2  0.5\n    Y1  CAP  2\n BL B1  STAGE2  0.5\n    Y1  CAP  3\n"
        "INDEP  DISCRETE\n    Y2  COST  1  0.3\n    Y2  COST  2  0.7\n",
        [
            ("scen0", 0.15, {("MATRIX", "CAP", "Y1"): 2, ("COST", None, "Y2"): 1}),
            ("scen1", 0.35, {("MATRIX", "CAP", "Y1"): 2, ("COST", None, "Y2"): 2}),
            ("scen2", 0.15, {("MATRIX", "CAP", "Y1"): 3, ("COST", None, "Y2"): 1}),
            ("scen3", 0.35, {("MATRIX", "CAP", "Y1"): 3, ("COST", None, "Y2"): 2}),
        ],
    ),
    "add and multiply": (
        "INDEP  DISCRETE  ADD\n    RIGHT  DEMAND  -1  0.5\n    RIGHT  DEMAND  1  0.5\n"
        "BLOCKS  DISCRETE  MULTIPLY\n BL B  STAGE2  1\n    Y1  COST  1.5\n UP BND  Y3  0.5\n",
        [
            ("scen0", 0.5, {("RHS", "DEMAND", None): 4, ("COST", None, "Y1"): 6, ("UPPER", None, "Y3"): 10}),
            ("scen1", 0.5, {("RHS", "DEMAND", None): 6, ("COST", None, "Y1"): 6, ("UPPER", None, "Y3"): 10}),
        ],
    ),
    "no probability, and probabilities of six digits": (
        "SCENARIOS DISCRETE REPLACE\n SC A ROOT 0.333333\n SC B ROOT 0.333333\n SC C ROOT 0.333333\n SC D ROOT 0\n",
        [("A", 1 / 3, {}), ("B", 1 / 3, {}), ("C", 1 / 3, {}), ("D", 0, {})],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_stoch_file(put, case):
    body, expected = CASES[case]
    assert table(read(put(sto=stoch(body)))) == expected


def test_scenarios_of_a_product_are_made_on_demand(put):
    values = "".join(f"    X{i % 2 + 1}  {row}  {k}  STAGE2  0.1\n" for i, row in enumerate(("CAP", "BAL")) for k in range(10))
    values += "".join(f"    Y{j}  COST  {k}  STAGE2  0.1\n" for j in (1, 2, 3) for k in range(10))
    p = read(put(sto=stoch("INDEP  DISCRETE\n" + values)))
    assert len(p.scenarios) == 10**5 and p.scenarios.probabilities.sum() == pytest.approx(1)
    every = list(itertools.product(range(10), repeat=5))
    for k in (0, 1, 12345, 99999):
        assert p.scenarios[k].changes.value.tolist() == list(every[k]) and p.scenarios[k].name == f"scen{k}"
    assert [s.name for s in p.scenarios[7:9]] == ["scen7", "scen8"] and p.scenarios[-1].name == "scen99999"
    with pytest.raises(IndexError):
        p.scenarios[10**5]


def test_too_many_scenarios_are_counted_not_made(put):
    columns = "".join(f"    Z{j}  COST  1\n" for j in range(20))
    cor = COR.replace("RHS\n", columns + "RHS\n")
    sto = stoch("INDEP  DISCRETE\n" + "".join(f"    Z{j}  COST  {k}  0.1\n" for j in range(20) for k in range(10)))
    with pytest.raises(InputError, match=r"20 independent distributions make 100,000,000,000,000,000,000 scenarios.*draw a sample"):
        read(put(cor, sto=sto))


@given(seed=st.integers(0, 10**6))
def test_stage_matrices_are_the_core_with_the_changes_applied(tmp_path_factory, seed):
    """Two roads: the compiled arrays, and a dense copy of the core changed entry by entry."""
    rng = np.random.default_rng(seed)
    folder = tmp_path_factory.getbasetemp() / "dense"
    folder.mkdir(exist_ok=True)
    pick = lambda n: rng.permutation(n)[: rng.integers(0, n + 1)]  # noqa: E731
    body = "SCENARIOS  DISCRETE\n"
    columns, rows = ["X1", "X2", "Y1", "Y2", "Y3"], ["DEMAND", "CAP", "BAL"]
    for k in range(3):
        body += f" SC S{k}  ROOT  {[0.5, 0.25, 0.25][k]}  STAGE2\n"
        body += "".join(f"    {columns[i % 5]}  {rows[i // 5]}  {rng.integers(-2, 3)}\n" for i in pick(15))
        body += "".join(f"    {columns[2 + j]}  COST  {rng.integers(-5, 5)}\n" for j in pick(3))
        body += "".join(f"    RIGHT  {rows[i]}  {rng.integers(-5, 5)}\n" for i in pick(3))
        body += "".join(f"    RNG  {rows[i]}  {rng.integers(-5, 5)}\n" for i in pick(3))
        body += "".join(f" LO BND  {columns[2 + j]}  {rng.integers(-5, 1)}\n" for j in pick(3))
    for suffix, text in (("cor", COR), ("tim", TIM), ("sto", stoch(body))):
        (folder / f"toy.{suffix}").write_text(text, encoding="utf-8")
    p, data = read(folder), compile_program(from_smps(folder))
    c = p.core
    for s, compiled in zip(p.scenarios, data.scenarios, strict=True):
        matrix, cost, low, high, lower = c.matrix.toarray(), c.cost.copy(), c.row_lower.copy(), c.row_upper.copy(), c.lower.copy()
        rhs, ranges = c.rhs.copy(), dict.fromkeys(range(4), None)
        for what, i, j, value in zip(s.changes.what, s.changes.row, s.changes.column, s.changes.value, strict=True):
            if what == What.MATRIX:
                matrix[i, j] = value
            elif what == What.COST:
                cost[j] = value
            elif what == What.RHS:
                rhs[i] = value
            elif what == What.RANGE:
                ranges[i] = value
            else:
                lower[j] = value
        for i, kind in enumerate(c.kinds):
            wide = ranges[i]
            low[i] = {"L": -math.inf if wide is None else rhs[i] - abs(wide), "G": rhs[i], "E": rhs[i] + min(wide or 0, 0)}[kind]
            high[i] = {"G": math.inf if wide is None else rhs[i] + abs(wide), "L": rhs[i], "E": rhs[i] + max(wide or 0, 0)}[kind]
        np.testing.assert_array_equal(compiled.T.toarray(), matrix[1:, :2])
        np.testing.assert_array_equal(compiled.W.toarray(), matrix[1:, 2:])
        assert compiled.T.data.all() and compiled.W.data.all()
        np.testing.assert_array_equal(compiled.cost, cost[2:])
        np.testing.assert_array_equal((compiled.row_lower, compiled.row_upper), (low[1:], high[1:]))
        np.testing.assert_array_equal((compiled.stage.lower, compiled.stage.upper), (lower[2:], c.upper[2:]))
    assert data.A.toarray().tolist() == [[1, 1]] and data.row_upper.tolist() == [10] and data.first.upper.tolist() == [6, math.inf]


def test_what_a_scenario_does_not_change_is_shared(put):
    a, b = compile_program(from_smps(put())).scenarios
    assert a.W is b.W and a.T is b.T and a.cost is b.cost and a.stage is b.stage and a.row_lower is not b.row_lower


WRONG = {
    "no such row": (COR.replace("    X1        CAP ", "    X1        CUP "), TIM, STO, r"toy.cor:11: section COLUMNS: field 'row' is 'CUP'"),
    "row twice": (COR.replace(" L  CAP", " L  DEMAND"), TIM, STO, r"toy.cor:7: section ROWS: field 'row' is 'DEMAND': named twice"),
    "row type": (COR.replace(" L  CAP", " X  CAP"), TIM, STO, r"toy.cor:7: .* field 'type' is 'X'"),
    "no number": (COR.replace("-1.0\n    X2        COST", "one\n    X2        COST"), TIM, STO, r"toy.cor:11: .* field 'value' is 'one'"),
    "infinite": (COR.replace("4.0", "inf"), TIM, STO, r"toy.cor:14: .* 'inf': expected a finite number"),
    "scattered column": (COR.replace("    Y3  ", "    X1  ", 1), TIM, STO, r"field 'column' is 'X1': its entries do not stand together"),
    "entry twice": (COR.replace("    X1        CAP ", "    X1        COST"), TIM, STO, r"toy.cor:11: .* two entries"),
    "missing value": (COR.replace("   BUDGET       1.0\n    X1", "   BUDGET\n    X1"), TIM, STO, r"toy.cor:10: section COLUMNS: expected a column"),
    "marker": (COR.replace("    X1 ", "    M  'MARKER'  'SOSORG'\n    X1 ", 1), TIM, STO, r"toy.cor:10: .* field 'marker' is \"'SOSORG'\""),
    "rhs twice": (COR.replace("DEMAND       5.0", "BUDGET  5.0"), TIM, STO, r"toy.cor:20: section RHS: field 'row' is 'BUDGET': given twice"),
    "two rhs sets": (COR.replace("BOUNDS", "    OTHER  CAP  3\nBOUNDS"), TIM, STO, r"toy.cor:21: .* field 'set' is 'OTHER': a second one after 'RIGHT'"),
    "semicontinuous": (COR.replace(" UP BND       X1", " SC BND       X1"), TIM, STO, r"toy.cor:22: .* 'SC': semicontinuous"),
    "bound type": (COR.replace(" UP BND       X1", " XX BND       X1"), TIM, STO, r"toy.cor:22: .* 'XX': expected one of UP, LO"),
    "bound column": (COR.replace(" UP BND       X1", " UP BND       XX"), TIM, STO, r"toy.cor:22: .* field 'column' is 'XX'"),
    "bound value": (COR.replace("20.0\n", "\n"), TIM, STO, r"toy.cor:23: .* field 'column' is 'BND'"),
    "crossed": (COR.replace("BOUNDS", "BOUNDS\n LO BND       X1           7.0"), TIM, STO, r"toy.cor:23: .*'X1' has lower bound 7 above its upper bound 6"),
    "bound twice": (COR.replace("BOUNDS", "BOUNDS\n UP BND       X1           7.0"), TIM, STO, r"toy.cor:23: .* UP sets the upper bound .* has one already, 7, to 6"),
    "section": (COR.replace("BOUNDS", "QUADOBJ"), TIM, STO, r"toy.cor:21: section QUADOBJ: such a section is not read"),
    "sense": (COR.replace("ROWS", "OBJSENSE\n  UP\nROWS"), TIM, STO, r"toy.cor:4: section OBJSENSE: field 'sense' is 'UP': expected MAX or MIN"),
    "cut short": (COR.replace("ENDATA", ""), TIM, STO, r"toy.cor: ENDATA is missing"),
    "no objective": (COR.replace(" N  COST", " L  COST"), TIM, STO, r"toy.cor: an N row \(the objective\) is missing"),
    "three periods": (COR, TIM.replace("ENDATA", "    Y3        BAL                      STAGE3\nENDATA"), STO, r"toy.tim: periods STAGE1, STAGE2, STAGE3: only two-stage"),
    "one period": (COR, TIM.replace("    Y1        DEMAND                   STAGE2\n", ""), STO, r"toy.tim: periods STAGE1: only two-stage"),
    "period form": (COR, TIM.replace("PERIODS", "PERIODS  NETWORK"), STO, r"toy.tim:2: .* field 'form' is 'NETWORK'"),
    "marker column": (COR, TIM.replace("Y1", "Z1"), STO, r"toy.tim:4: section PERIODS: field 'column' is 'Z1': no such column"),
    "marker order": (COR, TIM.replace("Y1", "X1"), STO, r"toy.tim:4: .* 'X1': does not stand behind 'X1'"),
    "before": (COR, TIM.replace("X1", "X2"), STO, r"toy.tim:3: .* 'X2': column 'X1' stands before it"),
    "first row, second column": (COR, TIM.replace("DEMAND", "CAP   "), STO, r"toy.tim: row 'DEMAND' is in the first period, but holds column 'Y1'"),
    "unlisted row": (COR, EXPLICIT.replace("    CAP       STAGE2\n", ""), STO, r"toy.tim: section ROWS: row 'CAP' of the core file is in no period"),
    "unknown period": (COR, EXPLICIT.replace("CAP       STAGE2", "CAP       STAGE3"), STO, r"toy.tim:7: .* field 'period' is 'STAGE3'"),
    "time section": (COR, TIM.replace("PERIODS", "NODES"), STO, r"toy.tim:2: section NODES: such a section is not read"),
    "normal": (COR, TIM, stoch("INDEP  NORMAL\n    RIGHT  DEMAND  1  0.5\n"), r"toy.sto:2: section INDEP: field 'distribution' is 'NORMAL': only DISCRETE"),
    "sub": (COR, TIM, stoch("BLOCKS  SUB\n"), r"toy.sto:2: section BLOCKS: field 'distribution' is 'SUB'"),
    "rule": (COR, TIM, stoch("INDEP  DISCRETE  DIVIDE\n"), r"toy.sto:2: .* field 'rule' is 'DIVIDE'"),
    "stoch section": (COR, TIM, stoch("CHANCE\n"), r"toy.sto:2: section CHANCE: such a section is not read"),
    "mixture": (COR, TIM, STO.replace("ENDATA", "INDEP DISCRETE\nENDATA"), r"toy.sto:7: section INDEP: SCENARIOS stand with INDEP or BLOCKS"),
    "nothing random": (COR, TIM, stoch("INDEP DISCRETE\n"), r"toy.sto: no scenarios"),
    "parent": (COR, TIM, STO.replace("HIGH      'ROOT'", "HIGH      MIDDLE"), r"toy.sto:5: .* field 'parent' is 'MIDDLE'"),
    "scenario twice": (COR, TIM, STO.replace("HIGH", "LOW "), r"toy.sto:5: .* field 'scenario' is 'LOW': named twice"),
    "branching": (COR, TIM, STO.replace("'ROOT'       0.6         STAGE2", "LOW  0.6  STAGE1"), r"toy.sto:5: .* field 'period' is 'STAGE1': random data in the first period"),
    "add to a parent": (COR, TIM, STO.replace("DISCRETE", "DISCRETE  ADD").replace("HIGH      'ROOT'", "HIGH LOW"), r"toy.sto:5: .* with ADD every scenario"),
    "period": (COR, TIM, STO.replace("0.6         STAGE2", "0.6         STAGE7"), r"toy.sto:5: .* field 'period' is 'STAGE7': expected 'STAGE2'"),
    "probability": (COR, TIM, STO.replace("0.6", "1.6"), r"toy.sto:5: .* field 'probability' is '1.6'"),
    "sum": (COR, TIM, STO.replace("0.6", "0.5"), r"toy.sto: the probabilities of the scenarios sum to 0.9, expected 1"),
    "sum of an entry": (COR, TIM, stoch("INDEP DISCRETE\n    RIGHT DEMAND 1 0.5\n"), r"toy.sto: the probabilities of INDEP entry row 'DEMAND' sum to 0.5"),
    "sum of a block": (COR, TIM, stoch("BLOCKS DISCRETE\n BL B STAGE2 0.5\n    RIGHT DEMAND 1\n"), r"toy.sto: the probabilities of block 'B' sum to 0.5"),
    "two owners": (
        COR, TIM, stoch("INDEP DISCRETE\n    RIGHT DEMAND 1 1\nBLOCKS DISCRETE\n BL B STAGE2 1\n    RIGHT DEMAND 2\n"),
        r"toy.sto: block 'B' and INDEP entry row 'DEMAND' both change row 'DEMAND'",
    ),
    "random first-stage row": (COR, TIM, STO.replace("DEMAND       8.0", "BUDGET  8"), r"toy.sto:6: .* field 'row' is 'BUDGET': random data in a row of the first period"),
    "random first-stage cost": (COR, TIM, STO.replace("RIGHT     DEMAND       8.0", "X1 COST 8"), r"toy.sto:6: .* field 'column' is 'X1': a random cost in the first period"),
    "random first-stage bound": (COR, TIM, STO.replace("   RIGHT     DEMAND       8.0", "UP BND X1 8"), r"toy.sto:6: .* field 'column' is 'X1': a random bound in the first"),
    "random integrality": (COR, TIM, STO.replace("   RIGHT     DEMAND       8.0", "BV BND Y1"), r"toy.sto:6: .* field 'type' is 'BV': .*integrality cannot be random"),
    "stoch column": (COR, TIM, STO.replace("RIGHT     DEMAND       8.0", "LEFT  DEMAND  8"), r"toy.sto:6: .* field 'column' is 'LEFT': no such column.* RHS set 'RIGHT'"),
    "stoch row": (COR, TIM, STO.replace("DEMAND       8.0", "DEMANDS  8"), r"toy.sto:6: .* field 'row' is 'DEMANDS'"),
    "given twice": (COR, TIM, STO.replace("DEMAND       8.0", "DEMAND  8\n    RHS  DEMAND  9"), r"toy.sto:7: .* a second time"),
    "before SC": (COR, TIM, stoch("SCENARIOS DISCRETE\n    RIGHT DEMAND 1\n"), r"toy.sto:3: .* stands before the first SC record"),
    "add to infinity": (COR, TIM, stoch("INDEP DISCRETE ADD\n UP BND Y1 3 1\n"), r"toy.sto:3: section INDEP: ADD: the core's value \(inf\)"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_errors_name_file_line_field_and_value(put, case):
    cor, tim, sto, message = WRONG[case]
    with pytest.raises(InputError, match=message):
        read(put(cor, tim, sto))


def test_crossed_bounds_of_a_scenario(put):
    with pytest.raises(InputError, match=r"toy.sto: scenario 'HIGH': column 'Y3' has lower bound 21 above its upper bound 20"):
        compile_program(from_smps(put(sto=STO.replace("   RIGHT     DEMAND       8.0", "LO BND Y3 21"))))


def test_files_are_found(put, tmp_path):
    stem = put()
    assert [f.name for f in find(stem)] == ["toy.cor", "toy.tim", "toy.sto"] == [f.name for f in find(tmp_path)]
    (tmp_path / "toy.cor").rename(tmp_path / "toy.MPS")
    (tmp_path / "toy.tim").rename(tmp_path / "toy.Time")
    assert [f.name for f in find(stem)] == ["toy.MPS", "toy.Time", "toy.sto"] == [f.name for f in find(tmp_path / "toy.MPS")]
    (tmp_path / "other.sto").write_text(STO, encoding="utf-8")
    assert find(tmp_path)[2].name == "toy.sto"  # the only triple of one name
    assert [f.name for f in find(tmp_path / "other.sto")] == ["toy.MPS", "toy.Time", "other.sto"]
    (tmp_path / "toy.core").write_text(COR, encoding="utf-8")
    assert find(stem)[0].name == "toy.core"  # a core's own suffix goes before .mps


def test_files_that_are_not_found(put, tmp_path):
    stem = put()
    for name, message in ((tmp_path / "tow", "tow: no such SMPS problem"), (tmp_path / "no" / "toy", "no such SMPS problem")):
        with pytest.raises(InputError, match=message):
            find(name)
    (tmp_path / "toy.COR").write_text(COR, encoding="utf-8")
    if len(list(tmp_path.iterdir())) == 4:  # letter case counts in this file system
        with pytest.raises(InputError, match=r"several core files fit: toy\.COR, toy\.cor"):
            find(stem)
        (tmp_path / "toy.COR").unlink()
    for suffix in ("cor", "tim", "sto"):
        (tmp_path / f"too.{suffix}").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"holds several SMPS problems \(too, toy\)"):
        find(tmp_path)
    (tmp_path / "toy.tim").unlink()
    with pytest.raises(InputError, match="the time file is missing"):
        find(stem)


def test_latin_1_in_a_comment(put):
    stem = put()
    stem.with_suffix(".cor").write_bytes("* Zürich\n".encode("latin-1") + COR.encode())
    assert read(stem).core.name == "TOY"


def test_plan_by_hand(put):
    """Demand 4 or 8: X1 = 6 serves 6 at cost 2 + 4 each; X2 costs 3 + 6, as much as what is left costs with Y3 (10) at 0.6."""
    result = solve(smps=put(), rel_gap=1e-9)
    assert result.objective == pytest.approx(6 * 2 + 0.4 * 4 * 4 + 0.6 * (6 * 4 + 2 * 10))
    assert dict(result.first_stage) == pytest.approx({"X1": 6, "X2": 0})
    assert result.provenance["recipe"] == {"smps": str(put())} and result.model == "toy"


def test_three_spellings_of_one_problem(put):
    values = {"LOW": 4, "HIGH": 8}
    indep = "INDEP DISCRETE\n    RIGHT  DEMAND  4  STAGE2  0.4\n    RIGHT  DEMAND  8  STAGE2  0.6\n"
    blocks = "BLOCKS DISCRETE\n BL B STAGE2 0.4\n    RHS DEMAND 4\n BL B STAGE2 0.6\n    RHS DEMAND 8\n"
    add = "INDEP DISCRETE ADD\n    RIGHT  DEMAND  -1  STAGE2  0.4\n    RIGHT  DEMAND  3  STAGE2  0.6\n"
    known = solve(smps=put(), rel_gap=1e-9).objective
    for body in (indep, blocks, add):
        assert solve(smps=put(sto=stoch(body)), rel_gap=1e-9).objective == pytest.approx(known, rel=1e-9)
    assert len(values) == 2


def test_maximisation_is_the_same_with_signs_turned(put):
    known = solve(smps=put(), rel_gap=1e-9)
    turned = COR
    for cost in ("2.0", "3.0", "4.0", "6.0", "10.0"):
        turned = turned.replace(f"COST         {cost}", f"COST        -{cost}").replace(f"COST        {cost}", f"COST       -{cost}")
    turned = turned.replace("ROWS", "OBJSENSE\n    MAX\nROWS").replace("    RIGHT  ", "    RIGHT     COST  -100.0\n    RIGHT  ", 1)
    result = solve(smps=put(turned), rel_gap=1e-9)
    assert result.sense == "maximize" and result.objective == pytest.approx(100 - known.objective)


def test_progressive_hedging_and_evaluation(put, tmp_path):
    result = solve(smps=put(), method="ph", rel_gap=1e-6)
    assert result.objective == pytest.approx(solve(smps=put(), rel_gap=1e-9).objective, rel=1e-6)
    result.save(tmp_path / "plan.json")
    plan = Result.load(tmp_path / "plan.json")
    again = evaluate(plan)
    assert again.expected_cost.value == pytest.approx(result.objective) and not again.sampled
    drawn = evaluate(plan, scenarios=400, seed=1, evpi=False, vss=False)
    assert drawn.sampled and drawn.expected_cost.low < result.objective < drawn.expected_cost.high
    with pytest.raises(InputError, match="goes with a model"):
        evaluate(plan, scenario_file="x.json")
    put(sto=STO.replace("8.0", "9.0"))
    with pytest.raises(InputError, match="has changed since the plan was computed"):
        evaluate(plan)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": "prepositioning"}, "give either a model or --module or --smps"),
        ({"module": "farmer"}, "and only one of them"),
        ({"scenarios": 3}, "--scenarios does not go with --smps"),
        ({"seed": 3}, "--seed does not go with --smps"),
        ({"instance": "x"}, "--instance does not go with --smps"),
        ({"scenario_file": "x"}, "--scenario-file does not go with --smps"),
        ({"arguments": {"a": "b"}}, "--module-arg does not go with --smps"),
    ],
)
def test_options_that_do_not_go_with_smps(put, given, message):
    with pytest.raises(InputError, match=message):
        solve(smps=put(), **given)


def test_command_line(put, subprocess_run):
    done = subprocess_run("-m", "quakeops", "solve", "--smps", put(), "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["first_stage"] == pytest.approx({"X1": 6, "X2": 0})
    done = subprocess_run("-m", "quakeops", "solve", "--smps", put(tim=TIM.replace("Y1", "Z1")), "--json")
    assert done.returncode == 2 and json.loads(done.stdout)["error"]["message"].startswith(str(put("", "", "")))


@needs_siplib
@pytest.mark.parametrize("name", ["lands", "lands/lands.sto", "lands/lands-blocks.sto"])
def test_lands(name):
    """Louveaux and Smeers (1988): 381.853333."""
    result = solve(smps=SIPLIB / name, rel_gap=1e-9)
    assert result.objective == pytest.approx(381.853333, abs=5e-7)
    assert list(result.first_stage) == ["X1", "X2", "X3", "X4"]


@needs_siplib
@pytest.mark.parametrize(("name", "sizes"), [("sslp_5_25_50", (5, 1, 130, 30, 50)), ("sslp_15_45_5", (15, 1, 690, 60, 5))])
def test_sslp_sizes(name, sizes):
    """Columns and rows of the first and of the second stage, scenarios; as SIPLIB states them."""
    data = compile_program(from_smps(SIPLIB / name))
    s = data.scenarios[0]
    assert (len(data.first), data.A.shape[0], len(s.stage), s.W.shape[0], len(data.scenarios)) == sizes
    assert data.first.integer.all() and (data.first.upper == 1).all() and s.stage.integer.sum() == sizes[2] - sizes[0]
