"""Event logs: counts and estimators to the digit, posteriors, response times, and what is refused with file and line."""

import math

import numpy as np
import pytest
from quakeops.errors import InputError
from quakeops.instances import FixedResponder, load
from quakeops.instances.csv_table import write_csv
from quakeops.instances.responder_log import COLUMNS, read_log
from quakeops.scenario_gen.responder_estimate import estimate, response_log_times
from quakeops.scenario_gen.sources import open_responders

ROWS = [
    ["e1", "GL", "local", "GL", "0.4", "10"],
    ["e2", "GL", "local", "GL+FR", "0.6", "45"],
    ["e3", "GL", "local", "FR+GL", "0.5", "50"],
    ["e4", "GL", "local", "GL", "0.5", "14"],
    ["e5", "GL", "central", "GL", "1.5", "12"],
    ["e6", "GL+FR", "central", "GL+FR", "1.4", "36"],
    ["e7", "GL+FR", "local", "GL+FR+FL", "0.6", "240"],
    ["e8", "BC", "central", "BC", "1.6", "48"],
]
GL, FR, BC, FL = 1, 2, 4, 8


@pytest.fixture
def log_file(tmp_path):
    """``log_file(row, column, cell)`` writes the log with one cell changed and returns the path; the header is line 2."""

    def make(row=None, column=None, cell=None):
        rows = [list(r) for r in ROWS]
        if row is not None:
            rows[row][COLUMNS.index(column)] = cell
        write_csv(tmp_path / "log.csv", COLUMNS, rows, comment="events of the test")
        return tmp_path / "log.csv"

    return make


@pytest.fixture
def skeleton():
    return load("responder-case-1")


def probabilities(inst, state, agency):
    row = next(d for d in inst.dominoes if d.state == state and d.agency == agency)
    return {"+".join(r.state): r.probability for r in row.to}, row.count


def test_counts(log_file, skeleton):
    log = read_log(log_file(), skeleton)
    assert len(log) == 8
    assert log.starts() == {GL: 5, GL | FR: 2, BC: 1}
    assert log.transitions() == {
        (GL, 0, GL): 2,
        (GL, 0, GL | FR): 2,
        (GL, 1, GL): 1,
        (GL | FR, 1, GL | FR): 1,
        (GL | FR, 0, GL | FR | FL): 1,
        (BC, 1, BC): 1,
    }


def two_states(skeleton):
    """The skeleton with the decision states GL and GL+FR alone."""
    starts = [s.model_copy(update={"probability": 0.5}) for s in skeleton.starts if s.state in (["GL"], ["GL", "FR"])]
    dominoes = [d for d in skeleton.dominoes if d.state in (["GL"], ["GL", "FR"])]
    return type(skeleton).model_validate(skeleton.model_dump() | {"starts": starts, "dominoes": dominoes, "published": None})


def test_estimators_of_the_appendix(tmp_path, skeleton):
    """N / sum N and M / sum M to the digit."""
    write_csv(tmp_path / "log.csv", COLUMNS, ROWS[:7])
    few = two_states(skeleton)
    inst = estimate(read_log(tmp_path / "log.csv", few), few, name="mine")
    assert inst.name == "mine" and [(s.state, s.probability) for s in inst.starts] == [(["GL"], 5 / 7), (["GL", "FR"], 2 / 7)]
    got, count = probabilities(inst, ["GL"], "local")
    assert {k: v for k, v in got.items() if v} == {"GL": 0.5, "GL+FR": 0.5} and count == 4
    got, count = probabilities(inst, ["GL", "FR"], "local")
    assert {k: v for k, v in got.items() if v} == {"GL+FR+FL": 1.0} and count == 1
    assert inst.uncertainty.start_count == 7
    assert inst.agencies[0].travel_time_h == pytest.approx((0.4 + 0.6 + 0.5 + 0.5 + 0.6) / 5)
    assert inst.provenance["dominoes"] == inst.provenance["agencies"] == "estimated" and "dominoes.to" not in inst.provenance
    assert inst.provenance["incidents.hazard"] == "published"
    assert FixedResponder.nominal(inst).scenario(0).start.tolist() == [5 / 7, 2 / 7]


def test_posterior_means(log_file, skeleton):
    """(w p0 + N) / (w + sum N); a pair that the log does not have keeps the prior."""
    inst = estimate(read_log(log_file(), skeleton), skeleton, prior_weight=10)
    prior = {tuple(s.state): s.probability for s in skeleton.starts}
    for s in inst.starts:
        n = {("GL",): 5, ("GL", "FR"): 2, ("BC",): 1}.get(tuple(s.state), 0)
        assert s.probability == pytest.approx((10 * prior[tuple(s.state)] + n) / 18, rel=1e-14)
    before, (after, count) = probabilities(skeleton, ["GL"], "local")[0], probabilities(inst, ["GL"], "local")
    assert count == 14
    for state, p in after.items():
        assert p == pytest.approx((10 * before.get(state, 0) + {"GL": 2, "GL+FR": 2}.get(state, 0)) / 14, rel=1e-14)
    assert probabilities(inst, ["FR"], "local")[0] == pytest.approx(probabilities(skeleton, ["FR"], "local")[0], rel=1e-12)
    assert probabilities(inst, ["FR"], "local")[1] == 10
    assert open_responders(inst, num_scenarios=3, seed=1).block(0, 3).time.shape == (3, 7, 2)


def test_log_times(log_file, skeleton):
    times = response_log_times(read_log(log_file(), skeleton))
    gas = times[GL, "local"]
    assert gas.count == 2 and gas.mean == pytest.approx((math.log(10) + math.log(14)) / 2)
    assert gas.sigma == pytest.approx(abs(math.log(14 / 10)) / math.sqrt(2))
    assert times[BC, "central"].sigma is None and times[GL | FR | FL, "local"].count == 1


def test_response_times_are_found_again(tmp_path, skeleton):
    """Exact sums in the log give the skeleton's times back; what was never met keeps them."""
    rows, sets = [], skeleton.sets
    for a, agency in enumerate(skeleton.agencies):
        for m in range(1, 8):
            hours = sum(2 * agency.response_times_h[n] for n in sets.members(m))
            rows.append([f"e{a}{m}", sets.name(m), agency.name, sets.name(m), "1", repr(hours)])
    write_csv(tmp_path / "log.csv", COLUMNS, rows)
    inst = estimate(read_log(tmp_path / "log.csv", skeleton), skeleton)
    for before, after in zip(skeleton.agencies, inst.agencies, strict=True):
        for name in ("GL", "FR", "BC"):
            assert after.response_times_h[name] == pytest.approx(2 * before.response_times_h[name], rel=1e-9)
        assert after.response_times_h["FL"] == before.response_times_h["FL"] and after.travel_time_h == 1
    assert inst.uncertainty.response_sigma == inst.uncertainty.travel_sigma == 0


def test_a_drawn_log_gives_its_law_back(tmp_path, skeleton):
    """4,000 events drawn from case 1: probabilities within 4.5 standard errors, sigma of log response times within 6 %."""
    rng, rows, sets = np.random.default_rng(5), [], skeleton.sets
    for e in range(4000):
        state = skeleton.starts[rng.choice(7, p=[s.probability for s in skeleton.starts])].state
        agency = skeleton.agencies[e % 2]
        row = next(d for d in skeleton.dominoes if d.state == state and d.agency == agency.name)
        to = row.to[rng.choice(len(row.to), p=[r.probability for r in row.to])].state
        hours = sum(agency.response_times_h[n] for n in to) * rng.lognormal(-0.02, 0.2)
        rows.append([f"e{e}", "+".join(state), agency.name, "+".join(to), repr(agency.travel_time_h), repr(float(hours))])
    write_csv(tmp_path / "log.csv", COLUMNS, rows)
    log = read_log(tmp_path / "log.csv", skeleton)
    inst = estimate(log, skeleton)
    for before, after in zip(skeleton.starts, inst.starts, strict=True):
        p = before.probability
        assert abs(after.probability - p) <= 4.5 * math.sqrt(p * (1 - p) / 4000)
    for before in skeleton.dominoes:
        after, count = probabilities(inst, before.state, before.agency)
        for r in before.to:
            p = r.probability
            assert abs(after["+".join(r.state)] - p) <= 4.5 * math.sqrt(p * (1 - p) / count) + 1e-12
    assert response_log_times(log)[GL, "local"].sigma == pytest.approx(0.2, rel=0.15)
    assert inst.uncertainty.response_sigma == pytest.approx(0.2 / math.sqrt(2000), rel=0.06)
    for before, after in zip(skeleton.agencies, inst.agencies, strict=True):
        for name, hours in before.response_times_h.items():
            assert after.response_times_h[name] == pytest.approx(hours, rel=0.12)
    assert sets.name(15) == "GL+FR+BC+FL"


@pytest.mark.parametrize(
    ("column", "cell", "parts"),
    [
        ("state", "GL+XX", ["'state' is 'GL+XX'", "'XX' is not a known incident"]),
        ("state", "FL", ["'state' is 'FL'", "expected a decision state: GL, FR, GL+FR"]),
        ("state", "stable", ["'state' is 'stable'", "expected a decision state"]),
        ("state", "GL+GL", ["the incident 'GL' appears twice"]),
        ("state", "", ["'state' is ''"]),
        ("action", "regional", ["'action' is 'regional'", "expected an agency: local, central"]),
        ("next_state", "FR", ["'next_state' is 'FR'", "'GL' of the state to be there still"]),
        ("next_state", "GL+", ["'next_state' is 'GL+'", "'' is not a known incident"]),
        ("travel_h", "-1", ["'travel_h' is '-1'"]),
        ("travel_h", "soon", ["'travel_h' is 'soon'", "a finite number"]),
        ("response_h", "0", ["'response_h' is '0'", "hours above 0"]),
        ("response_h", "-2", ["'response_h' is '-2'", "hours above 0"]),
        ("response_h", "nan", ["'response_h' is 'nan'"]),
        ("event", "e1", ["'event' is 'e1'", "line 3 has it too"]),
    ],
)
def test_refused_with_file_and_line(log_file, skeleton, column, cell, parts):
    with pytest.raises(InputError) as caught:
        read_log(log_file(3, column, cell), skeleton)
    for part in ("log.csv: line 6: ", *parts):
        assert part in str(caught.value)


def test_columns(tmp_path, skeleton):
    write_csv(tmp_path / "log.csv", [*COLUMNS[:-1], "respons_h"], ROWS)
    with pytest.raises(InputError, match=r"log.csv: line 1: the column 'response_h' is missing; is it 'respons_h'"):
        read_log(tmp_path / "log.csv", skeleton)
    write_csv(tmp_path / "log.csv", [*COLUMNS, "who"], [[*r, "x"] for r in ROWS])
    with pytest.raises(InputError, match="the column 'who' is unknown"):
        read_log(tmp_path / "log.csv", skeleton)
    with pytest.raises(InputError, match="no such file"):
        read_log(tmp_path / "none.csv", skeleton)


def test_nothing_known_of_a_pair(log_file, skeleton):
    log = read_log(log_file(), skeleton)
    with pytest.raises(InputError, match="state 'FR' and agency 'local' are not in the log: expected a prior_weight above 0"):
        estimate(log, skeleton)
    for weight in (-1, math.nan, math.inf):
        with pytest.raises(InputError, match="prior_weight"):
            estimate(log, skeleton, prior_weight=weight)
