"""Average-cost SMDPs: policy iteration, value iteration and a linear program against each other, brute force, print and closed forms."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quakeops.errors import InputError
from quakeops.solvers.chain import check_unichain, meeting_state, recurrent_classes
from quakeops.solvers.policy_iteration import policy_iteration, reduced_costs
from quakeops.solvers.policy_value import evaluate
from quakeops.solvers.ranges import Range, cost_time_range, transition_range
from quakeops.solvers.smdp import SMDP
from quakeops.solvers.value_iteration import value_iteration
from scipy.optimize import linprog
from scipy.sparse import csr_array

AGREE = {"rel": 1e-10, "abs": 1e-10}


def model(rows, states=None):
    """An SMDP from rows (state, action, time, cost, [probabilities])."""
    rows = sorted(rows, key=lambda row: row[0])
    n = len(rows[0][4])
    return SMDP(
        states=states or tuple(f"s{i}" for i in range(n)),
        state=np.array([row[0] for row in rows]),
        action=tuple(row[1] for row in rows),
        time=np.array([row[2] for row in rows], dtype=float),
        cost=np.array([row[3] for row in rows], dtype=float),
        transition=csr_array(np.array([row[4] for row in rows], dtype=float)),
    )


def random_model(seed, n=None, zero=0.0):
    """Random rows that all lead to state 0 with some probability; pairs of zero sojourn (never in state 0) lead to state 0 only."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n or rng.integers(1, 5)):
        for a in range(rng.integers(1, 4)):
            rows.append((i, f"a{a}", rng.uniform(0.1, 3), rng.uniform(-1, 5), None))
    n = rows[-1][0] + 1
    out = []
    for i, a, t, c, _ in rows:
        p = rng.dirichlet(np.ones(n)) * rng.integers(0, 2, n)
        p[0] += 1 - p.sum()
        if i and rng.random() < zero:
            t, p = 0.0, np.eye(n)[0] if rng.random() < 0.5 or i == 1 else (np.eye(n)[0] + np.eye(n)[i - 1]) / 2
        out.append((i, a, t, c, p))
    return model(out)


def dense_rate(smdp, policy):
    """Cost per unit of time by the stationary distribution, dense least squares: pi P = pi, sum pi = 1."""
    p = smdp.transition.toarray()[policy]
    system = np.vstack([p.T - np.eye(len(p)), np.ones(len(p))])
    pi = np.linalg.lstsq(system, np.append(np.zeros(len(p)), 1.0), rcond=None)[0]
    return pi @ smdp.cost[policy] / (pi @ smdp.time[policy])


def every_policy(smdp):
    choices = [np.flatnonzero(smdp.state == i) for i in range(smdp.num_states)]
    return [np.array(p) for p in itertools.product(*choices)]


def linear_program(smdp):
    """min c x, sum_a x(j, a) = sum P(i, a, j) x(i, a), t x = 1, x >= 0."""
    balance = np.eye(smdp.num_states)[smdp.state].T - smdp.transition.toarray().T
    system = np.vstack([balance[1:], smdp.time])
    return linprog(smdp.cost, A_eq=system, b_eq=np.append(np.zeros(smdp.num_states - 1), 1.0), method="highs-ds")


# Tijms, A First Course in Stochastic Models (2003), Example 6.1.1 and Table 6.4.1, solved on pages 249-251.
DETERIORATION = [[0.9, 0.1, 0, 0, 0], [0, 0.8, 0.1, 0.05, 0.05], [0, 0, 0.7, 0.1, 0.2], [0, 0, 0, 0.5, 0.5]]


def tijms_maintenance():
    rows = [(i, "0", 1, 0, [*q, 0]) for i, q in enumerate(DETERIORATION)]
    rows += [(i, "1", 1, cost, [1, 0, 0, 0, 0, 0]) for i, cost in ((1, 7), (2, 7), (3, 5))]
    rows += [(4, "2", 1, 10, [0, 0, 0, 0, 0, 1]), (5, "2", 1, 0, [1, 0, 0, 0, 0, 0])]
    return model(rows, tuple("123456"))


@pytest.mark.parametrize(
    "actions, rate, values",
    [
        ("000022", 0.5128, [0.5128, 5.6410, 7.4359, 8.4615, 9.4872, 0]),
        ("001122", 0.4462, [0.4462, 4.9077, 7.0000, 5.0000, 9.5538, 0]),
        ("000122", 0.4338, [0.4338, 4.7717, 6.5982, 5.0000, 9.5662, 0]),
    ],
)
def test_tijms_policies_to_the_printed_digits(actions, rate, values):
    """Average cost and relative values (0 in state 6) of the three policies that the book's policy iteration meets."""
    smdp = tijms_maintenance()
    value = evaluate(smdp, smdp.policy(actions))
    assert value.rho == pytest.approx(rate, abs=5e-5)
    np.testing.assert_allclose(value.relative - value.relative[5], values, atol=5e-5)


def test_tijms_policy_iteration():
    """From R(1) = (0,0,0,0,2,2) the book needs three policies and ends at (0,0,0,1,2,2), 0.4338 a day (page 251)."""
    smdp = tijms_maintenance()
    found = policy_iteration(smdp, smdp.policy("000022"))
    assert (smdp.actions(found.policy), found.iterations) == (tuple("000122"), 3)
    assert found.rho == pytest.approx(0.4338, abs=5e-5)
    assert value_iteration(smdp).rho == pytest.approx(found.rho, **AGREE)


def test_tijms_as_a_semi_markov_process():
    """State 6 is the second day of the enforced repair: without it state 5 lasts two days, and nothing else changes."""
    rows = [(i, "0", 1, 0, q) for i, q in enumerate(DETERIORATION)]
    rows += [(i, "1", 1, cost, [1, 0, 0, 0, 0]) for i, cost in ((1, 7), (2, 7), (3, 5))]
    smdp = model([*rows, (4, "2", 2, 10, [1, 0, 0, 0, 0])])
    assert policy_iteration(smdp).rho == pytest.approx(policy_iteration(tijms_maintenance()).rho, **AGREE)


@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.4]))
def test_three_roads_and_brute_force(seed, zero):
    smdp = random_model(seed, zero=zero)
    found, swept, program = policy_iteration(smdp), value_iteration(smdp), linear_program(smdp)
    rates = [dense_rate(smdp, policy) for policy in every_policy(smdp)]
    assert found.rho == pytest.approx(min(rates), **AGREE)
    assert swept.rho == pytest.approx(found.rho, **AGREE)
    assert program.fun == pytest.approx(found.rho, **AGREE)
    assert swept.converged and swept.lower - 1e-10 <= found.rho <= swept.upper + 1e-10
    first = value_iteration(smdp, max_iterations=1, polish=False)
    assert first.lower - 1e-10 <= found.rho <= first.upper + 1e-10
    assert dense_rate(smdp, swept.policy) == pytest.approx(min(rates), **AGREE)
    assert found.meeting_state is not None
    np.testing.assert_allclose(swept.relative, found.value.relative, atol=1e-8)


@given(st.integers(0, 10**6))
def test_randomised_policies(seed):
    """A mixture is evaluated by its mixed chain; occupations balance, take time 1 and cost rho."""
    smdp = random_model(seed, zero=0.3)
    mix = np.random.default_rng(seed).uniform(0.1, 1, smdp.num_pairs)
    mix /= np.bincount(smdp.state, mix)[smdp.state]
    value = evaluate(smdp, mix)
    x = value.occupation
    assert smdp.time @ x == pytest.approx(1, abs=1e-12) and smdp.cost @ x == pytest.approx(value.rho, **AGREE)
    np.testing.assert_allclose(np.bincount(smdp.state, x, smdp.num_states), smdp.transition.T @ x, atol=1e-12)
    chain = csr_array((mix, (smdp.state, np.arange(smdp.num_pairs)))) @ smdp.transition
    np.testing.assert_allclose(value.stationary @ chain, value.stationary, atol=1e-12)
    assert value.rho >= policy_iteration(smdp).rho - 1e-10


@given(st.integers(0, 10**6))
def test_any_root_gives_the_same_value(seed):
    smdp = random_model(seed, n=4)
    policy = smdp.first
    values = [evaluate(smdp, policy, root) for root in check_unichain(smdp, policy)]
    for value in values:
        assert value.rho == pytest.approx(values[0].rho, **AGREE)
        np.testing.assert_allclose(value.relative, values[0].relative, atol=1e-9)
        assert value.time_to_root[value.root] == value.cycle_time


def admission(arrivals, service, room, holding, refusal):
    """M/M/1 with at most ``room`` inside: in each state admit the next customer or refuse (a cost a refused customer)."""
    rows = []
    for k in range(room + 1):
        eye = np.eye(room + 1)
        if k < room:
            rate = arrivals + service * (k > 0)
            up, down = arrivals / rate, service * (k > 0) / rate
            rows.append((k, "admit", 1 / rate, holding * k / rate, up * eye[k + 1] + down * eye[max(k - 1, 0)]))
        if k:
            rows.append((k, "refuse", 1 / service, (holding * k + refusal * arrivals) / service, eye[k - 1]))
    return model(rows)


@pytest.mark.parametrize("refusal", [2.0, 9.0, 40.0])
def test_admission_to_a_queue_closed_form(refusal):
    """The best threshold, and its cost from the truncated geometric distribution p_k ~ (lambda / mu)^k."""
    arrivals, service, holding, room = 0.8, 1.0, 1.0, 12

    def rate(full):
        p = (arrivals / service) ** np.arange(full + 1)
        return p @ np.arange(full + 1) * holding / p.sum() + refusal * arrivals * p[-1] / p.sum()

    rates = [rate(full) for full in range(1, room + 1)]
    smdp = admission(arrivals, service, room, holding, refusal)
    found = policy_iteration(smdp)
    assert found.rho == pytest.approx(min(rates), **AGREE)
    assert smdp.actions(found.policy).index("refuse") == 1 + int(np.argmin(rates))
    assert value_iteration(smdp).rho == pytest.approx(found.rho, **AGREE)


@given(st.integers(0, 10**6), st.floats(0.01, 100))
def test_scales(seed, factor):
    """Costs times k: rho times k, same policy. Times times k: rho over k, same policy."""
    smdp = random_model(seed)
    found = policy_iteration(smdp)
    dearer = policy_iteration(SMDP(smdp.states, smdp.state, smdp.action, smdp.time, factor * smdp.cost, smdp.transition))
    slower = policy_iteration(SMDP(smdp.states, smdp.state, smdp.action, factor * smdp.time, smdp.cost, smdp.transition))
    assert dearer.rho == pytest.approx(factor * found.rho, rel=1e-10) and slower.rho == pytest.approx(found.rho / factor, rel=1e-10)
    for other in (dearer, slower):
        np.testing.assert_array_equal(other.policy, found.policy)


@given(st.integers(0, 10**6))
def test_rho_is_concave_in_the_costs(seed):
    """A minimum of policies' rates, each linear in the costs."""
    smdp = random_model(seed)
    change = np.random.default_rng(seed).uniform(0, 1, smdp.num_pairs)
    rates = [
        policy_iteration(SMDP(smdp.states, smdp.state, smdp.action, smdp.time, smdp.cost + s * change, smdp.transition)).rho
        for s in range(5)
    ]
    assert np.all(np.diff(rates) >= -1e-12) and np.all(np.diff(rates, 2) <= 1e-10)


def test_ties_are_reported():
    """Two identical actions and one that is dearer: both of the first are named, the policy takes the first."""
    smdp = model([(0, "x", 1, 1, [0, 1]), (0, "y", 1, 1, [0, 1]), (0, "z", 1, 1.001, [0, 1]), (1, "back", 2, 3, [1, 0])])
    found = policy_iteration(smdp, smdp.policy(["z", "back"]))
    assert [smdp.action[pair] for pair in found.ties] == ["x", "y", "back"]
    assert smdp.actions(found.policy) == ("x", "back") and found.test[2] == pytest.approx(0.001)
    assert smdp.actions(policy_iteration(smdp, smdp.policy(["y", "back"])).policy) == ("y", "back")


def test_ties_of_zero_costs():
    smdp = model([(0, "x", 1, 0, [0, 1]), (0, "y", 3, 0, [0, 1]), (1, "back", 2, 0, [1, 0])])
    assert policy_iteration(smdp).ties.tolist() == [0, 1, 2] and value_iteration(smdp).rho == 0


TWO_CLASSES = [(0, "stay", 1, 1, [1, 0, 0]), (1, "stay", 1, 2, [0, 1, 0]), (2, "go", 1, 3, [0.5, 0.5, 0])]


def test_multichain_is_refused():
    smdp = model(TWO_CLASSES, ("quiet", "burnt", "shaken"))
    for check in (lambda: policy_iteration(smdp), lambda: check_unichain(smdp, smdp.first), lambda: evaluate(smdp, smdp.first)):
        with pytest.raises(InputError, match=r"multichain.*\{quiet\}.*\{burnt\}"):
            check()
    lower, upper = (getattr(value_iteration(smdp, polish=False, max_iterations=50), side) for side in ("lower", "upper"))
    assert (lower, upper) == (1, 2)


def test_a_stored_zero_is_no_transition():
    """Two states that never meet, with zeros stored between them."""
    stored = csr_array((np.array([1.0, 0.0, 0.0, 1.0]), (np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))), shape=(2, 2))
    smdp = SMDP(("a", "b"), np.array([0, 1]), ("x", "x"), np.ones(2), np.ones(2), stored)
    with pytest.raises(InputError, match="multichain"):
        meeting_state(smdp)


def test_multichain_policy_found_that_no_single_step_shows():
    """Each state's first action leads to s0, but staying in s1 and s0's own loop make two classes."""
    rows = [*[(i, "home", 1, 1, [1, 0, 0]) for i in range(3)], (1, "on", 1, 0.5, [0, 0, 1]), (2, "back", 1, 0.5, [0, 1, 0])]
    smdp = model(rows)
    with pytest.raises(InputError, match=r"multichain.*\{s0\}.*\{s1, s2\}"):
        policy_iteration(smdp)
    with pytest.raises(InputError, match="multichain"):
        policy_iteration(smdp, smdp.policy(["home", "on", "back"]), check_all_policies=False)


def test_unichain_without_a_common_state():
    """Three states, each going to one of the two others: any two of the 2-cycles meet, but no state is in all. Undecided, solved."""
    rng = np.random.default_rng(3)
    rows = [(i, f"to{j}", rng.uniform(1, 2), rng.uniform(1, 2), np.eye(3)[j]) for i in range(3) for j in range(3) if i != j]
    smdp = model(rows)
    found = policy_iteration(smdp)
    assert found.meeting_state is None is meeting_state(smdp)
    assert found.rho == pytest.approx(min(dense_rate(smdp, policy) for policy in every_policy(smdp)), **AGREE)
    assert value_iteration(smdp).rho == pytest.approx(found.rho, **AGREE)


@given(st.integers(0, 10**6))
def test_meeting_state_against_all_policies(seed):
    """Sparse random models, many multichain: what is said is true, and only the third answer may be open."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 5))
    rows = [(i, f"a{a}", 1, 1, rng.multinomial(2, np.ones(n) / n) / 2) for i in range(n) for a in range(rng.integers(1, 3))]
    smdp = model(rows)
    classes = [recurrent_classes(csr_array(smdp.transition[policy])) for policy in every_policy(smdp)]
    multi = any(len(found) > 1 for found in classes)
    try:
        state = meeting_state(smdp)
    except InputError:
        assert multi
    else:
        common = set.intersection(*(set(found[0].tolist()) for found in classes if len(found) == 1)) if not multi else set()
        assert state in common if state is not None else not multi and not common


def test_zero_sojourn():
    """A state of zero sojourn in front of two others, and one with both kinds of action; by hand: 0 -> 1 -> 0 costs 2 in 2 hours, or 1 in 4."""
    rows = [(0, "out", 1, 1, [0, 1, 0]), (1, "quick", 0, 1, [0, 0, 1]), (1, "slow", 2, 0, [1, 0, 0]), (2, "home", 1, 0, [1, 0, 0])]
    smdp = model(rows)
    found, swept = policy_iteration(smdp), value_iteration(smdp)
    assert found.rho == pytest.approx(1 / 3, **AGREE) and swept.rho == pytest.approx(1 / 3, **AGREE)
    assert smdp.actions(found.policy) == smdp.actions(swept.policy) == ("out", "slow", "home")
    np.testing.assert_allclose(swept.relative, found.value.relative, atol=1e-10)


def test_zero_sojourn_cycles():
    loop = model([(0, "a", 0, 1, [0, 1]), (1, "a", 0, 1, [1, 0])], ("here", "there"))
    with pytest.raises(InputError, match="takes no time"):
        policy_iteration(loop)
    with pytest.raises(InputError, match=r"zero sojourn.*here, there"):
        value_iteration(loop)


def test_value_iteration_polishes_when_it_is_slow():
    """Sojourns from 0.001 to 1000: the step is tiny, the bounds still apart; the exact values of the policy close them."""
    rows = [(0, "a", 1000, 1, [0, 1]), (0, "b", 900, 1, [0, 1]), (1, "a", 0.001, 5, [1, 0]), (1, "b", 2, 4.9, [1, 0])]
    smdp = model(rows)
    rough, fine = value_iteration(smdp, max_iterations=100, polish=False), value_iteration(smdp, max_iterations=100)
    best = policy_iteration(smdp).rho
    assert not rough.converged and rough.lower <= best <= rough.upper
    assert fine.converged and fine.polished and fine.rho == pytest.approx(best, **AGREE)
    assert fine.lower - 1e-12 <= best <= fine.upper + 1e-12


def machine():
    """Run (1 h, free) until it fails; then a cheap repair (cost 2, 3 h) or a dear one (cost 4, 1 h): rates 2/4 and 4/2."""
    return model([(0, "run", 1, 0, [0, 1]), (1, "cheap", 3, 2, [1, 0]), (1, "dear", 1, 4, [1, 0])])


def test_cost_range_by_hand():
    """(2 + s)/4 = 4/2 at s = 6."""
    assert cost_time_range(machine(), [0, 1], cost=[0, 1, 0]) == Range(-np.inf, 6.0, None, 2)
    assert cost_time_range(machine(), [0, 1], cost=[0, 0, 1]) == Range(-3.0, np.inf, 2, None)


def test_time_range_by_hand():
    """2/(4 + s) = 2 at s = -3, where the sojourn is 0; the dear repair would need 4/(2 + s) = 1/2: s = 6."""
    assert cost_time_range(machine(), [0, 1], time=[0, 1, 0]) == Range(-3.0, np.inf, 2, None)
    assert cost_time_range(machine(), [0, 1], time=[0, 0, 1]) == Range(-1.0, 6.0, None, 2)


def test_joint_range_by_hand():
    """(2 + s)/(4 + s) = 4/2 at s = -6, beyond the end of the model at -3; (2 + 2s)/(4 - s) = 2 at s = 1.5."""
    assert cost_time_range(machine(), [0, 1], cost=[0, 1, 0], time=[0, 1, 0]) == Range(-3.0, np.inf, None, None)
    assert cost_time_range(machine(), [0, 1], cost=[0, 2, 0], time=[0, -1, 0]).upper == pytest.approx(1.5, abs=1e-12)


def optimal(smdp, policy):
    test, scale = reduced_costs(smdp, evaluate(smdp, policy))
    return bool(np.all(test >= -1e-11 * scale))


@given(st.integers(0, 10**6))
def test_policy_on_both_sides_of_the_ends_of_its_range(seed):
    smdp = random_model(seed)
    policy = policy_iteration(smdp).policy
    cost, time = np.random.default_rng(seed).normal(size=(2, smdp.num_pairs))
    found = cost_time_range(smdp, policy, cost, time)

    def at(s):
        return replace(smdp, cost=smdp.cost + s * cost, time=smdp.time + s * time)

    for end, taker in ((found.lower, found.below), (found.upper, found.above)):
        for s in np.linspace(0, np.clip(end, -50, 50), 9)[:-1]:
            assert optimal(at(s), policy)
        if taker is not None:
            beyond = end + np.sign(end) * 1e-6
            if np.all(smdp.time + beyond * time > 0):
                assert not optimal(at(beyond), policy)
                changed = policy.copy()
                changed[smdp.state[taker]] = taker
                assert evaluate(at(beyond), changed).rho <= evaluate(at(beyond), policy).rho + 1e-12


def test_ties_end_the_range_at_once_and_twins_never():
    """x and y tie: y becomes better for s > 0 when it is made cheaper; an identical twin that moves along never takes over."""
    smdp = model([(0, "x", 1, 1, [0, 1]), (0, "y", 1, 1, [0, 1]), (1, "back", 2, 3, [1, 0])])
    assert cost_time_range(smdp, [0, 2], cost=[0, -1, 0]) == Range(-np.inf, 0.0, None, 1)
    assert cost_time_range(smdp, [0, 2], cost=[1, 1, 5]) == Range(-np.inf, np.inf, None, None)


@given(st.integers(0, 10**6))
def test_twins_leave_the_range_alone(seed):
    """A copy of every chosen action that moves along with it changes no end."""
    smdp = random_model(seed)
    policy = policy_iteration(smdp).policy
    cost = np.random.default_rng(seed).normal(size=smdp.num_pairs)
    rows = np.concatenate([np.arange(smdp.num_pairs), policy])
    rows = rows[np.argsort(smdp.state[rows], kind="stable")]
    names = tuple(f"{smdp.action[row]}/{k}" for k, row in enumerate(rows))
    doubled = SMDP(smdp.states, smdp.state[rows], names, smdp.time[rows], smdp.cost[rows], smdp.transition[rows])
    chosen = np.array([np.flatnonzero(rows == pair)[0] for pair in policy])
    alone, beside = cost_time_range(smdp, policy, cost), cost_time_range(doubled, chosen, cost[rows])
    assert (beside.lower, beside.upper) == pytest.approx((alone.lower, alone.upper), rel=1e-9)


def test_transition_range_by_hand():
    """A repair that works with probability 1/2 + s, cost 1 a try, against a sure one at cost 3: 1/(1/2 + s) = 3 at s = -1/6 (times 0)."""
    rows = [(0, "run", 1, 0, [0, 1]), (1, "try", 0, 1, [0.5, 0.5]), (1, "sure", 0, 3, [1, 0])]
    change = csr_array(np.array([[0, 0], [1.0, -1.0], [0, 0]]))
    found = transition_range(model(rows), [0, 1], change)
    assert found.lower == pytest.approx(-1 / 6, abs=1e-10) and found.below == 2
    assert (found.upper, found.above) == (0.5, None)
    assert transition_range(model(rows), [0, 1], csr_array((3, 2))) == Range(-np.inf, np.inf, None, None)


def test_bad_ranges():
    with pytest.raises(InputError, match="not optimal at s = 0, state s1, action cheap improves it"):
        cost_time_range(machine(), [0, 2])
    with pytest.raises(InputError, match="not optimal at s = 0"):
        transition_range(machine(), [0, 2], csr_array((3, 2)))
    with pytest.raises(InputError, match="direction of cost: expected 3"):
        cost_time_range(machine(), [0, 1], cost=[1, 2])
    with pytest.raises(InputError, match="state s0, action run: the row sums to 1"):
        transition_range(machine(), [0, 1], csr_array(np.array([[0, 1.0], [0, 0], [0, 0]])))


def domino_model(incidents=12, agencies=4):
    """Subsets of incidents; handling one may trigger one more first; afterwards calm, then the next event."""
    n = 2**incidents
    rng = np.random.default_rng(7)
    base = np.repeat(np.arange(n), np.where(np.arange(n) == 0, 1, agencies))
    weights = np.array([bin(i).count("1") for i in range(n)], dtype=float)
    travel, speed = rng.uniform(0.5, 3, agencies), rng.uniform(0.5, 2, agencies)
    agency = np.concatenate([[0], np.tile(np.arange(agencies), n - 1)])
    rows, columns, data = [], [], []
    event = rng.dirichlet(np.ones(n - 1))
    rows.append(np.zeros(n - 1, dtype=int)), columns.append(np.arange(1, n)), data.append(event)
    for pair in range(1, len(base)):
        i, worse = base[pair], 0.1 + 0.05 * agency[pair]
        more = [i | 1 << k for k in range(incidents) if not i & 1 << k]
        targets = np.array([0, *more])
        share = np.append(1 - worse, np.full(len(more), worse / len(more))) if more else np.ones(1)
        rows.append(np.full(len(targets), pair)), columns.append(targets), data.append(share)
    matrix = csr_array((np.concatenate(data), (np.concatenate(rows), np.concatenate(columns))), shape=(len(base), n))
    time = np.where(base == 0, 0.0, travel[agency] + weights[base] * speed[agency])
    return SMDP(tuple(map(str, range(n))), base, tuple(map(str, agency)), time, weights[base] ** 1.5 * time, matrix)


def test_4096_states():
    smdp = domino_model()
    found, swept = policy_iteration(smdp), value_iteration(smdp)
    assert smdp.num_states == 4096 and found.meeting_state is not None
    assert swept.rho == pytest.approx(found.rho, **AGREE)
    assert found.test.min() >= -1e-10 * abs(found.rho) * smdp.time.max()


BAD = {
    "sums": ({"transition": [[0.5, 0.4], [1, 0]]}, "state a, action x: probabilities sum to 0.9, expected 1"),
    "negative": ({"transition": [[1.5, -0.5], [1, 0]]}, "state a, action x: probability -0.5 is negative"),
    "nan": ({"transition": [[np.nan, 1], [1, 0]]}, "state a, action x: probability nan is not finite"),
    "time": ({"time": [1, -2]}, "state b, action x: time -2 is negative"),
    "endless": ({"time": [1, np.inf]}, "state b, action x: time inf is not finite"),
    "cost": ({"cost": [np.inf, 0]}, "state a, action x: cost inf is not finite"),
    "no action": ({"state": [0, 0], "action": ("x", "y")}, "state b: no action"),
    "twice": ({"states": ("a",), "state": [0, 0], "transition": [[1], [1]]}, "state a, action x: named twice"),
    "order": ({"state": [1, 0]}, "sorted by state"),
    "names": ({"states": ("a", "a")}, "same name"),
    "number": ({"state": [0, 2]}, "0..1"),
    "shape": ({"transition": [[1, 0]]}, "transition has shape"),
    "length": ({"cost": [1]}, "cost has shape"),
}


@pytest.mark.parametrize("change, message", BAD.values(), ids=BAD)
def test_bad_models(change, message):
    good = {"states": ("a", "b"), "state": [0, 1], "action": ("x", "x"), "time": [1, 1], "cost": [1, 1], "transition": [[0, 1], [1, 0]]}
    SMDP(**good)
    with pytest.raises(InputError) as caught:
        SMDP(**good | change)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "policy, message",
    [
        (np.array([0, 2]), "no action of state s1"),
        (np.array([0]), "shape"),
        (np.array([1.0, 0.5, 0.6, 0.0]), "state s1: probabilities sum to 1.1"),
        (np.array([1.0, -0.5, 1.5, 0.0]), "must be >= 0"),
        (np.array([1.0, 0.5]), "shape"),
    ],
)
def test_bad_policies(policy, message):
    smdp = model([(0, "x", 1, 1, [0, 1]), (1, "x", 1, 1, [1, 0]), (1, "y", 1, 1, [1, 0]), (1, "z", 1, 1, [1, 0])])
    policy = np.array([0, 9]) if message.startswith("no action") else policy
    with pytest.raises(InputError, match=message):
        evaluate(smdp, policy)


def test_policies_by_name():
    smdp = tijms_maintenance()
    assert smdp.actions(smdp.policy("000122")) == tuple("000122")
    with pytest.raises(InputError, match="state 1 has no action 9"):
        smdp.policy("900122")
    with pytest.raises(InputError, match="5 actions"):
        smdp.policy("00012")
    with pytest.raises(InputError, match="transient"):
        evaluate(smdp, smdp.policy("010122"), root=2)
