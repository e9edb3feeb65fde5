"""Many states: the start by value iteration, the order of elimination, the first-order road of the linear program, and the escape search."""

from dataclasses import replace

import numpy as np
import pytest
from quakeops.decomposition import average_cost
from quakeops.decomposition.average_cost import solve_average_cost
from quakeops.errors import InputError
from quakeops.solvers import get
from quakeops.solvers.chain import meeting_state
from quakeops.solvers.policy_iteration import LARGE, head_start, policy_iteration
from quakeops.solvers.policy_value import evaluate
from quakeops.solvers.smdp import SMDP
from quakeops.solvers.value_iteration import value_iteration
from scipy.sparse import csr_array

N, ACTIONS, SUCCESSORS = LARGE + 12, 3, 6


def random_graph(seed=0, twins=False):
    """Random successors; with ``twins`` each state's last action is a copy of its first, cheaper by rounding."""
    rng = np.random.default_rng(seed)
    m = N * ACTIONS
    columns, p = rng.integers(0, N, (m, SUCCESSORS)), rng.dirichlet(np.ones(SUCCESSORS), m)
    time, cost = rng.uniform(0.1, 3, m), rng.uniform(-1, 5, m)
    if twins:
        for values in (columns, p, time, cost):
            values[ACTIONS - 1 :: ACTIONS] = values[::ACTIONS]
        cost[ACTIONS - 1 :: ACTIONS] -= 1e-13
    transition = csr_array((p.ravel(), (np.repeat(np.arange(m), SUCCESSORS), columns.ravel())), shape=(m, N))
    names = tuple("abc"[:ACTIONS]) * N
    return SMDP(tuple(map(str, range(N))), np.repeat(np.arange(N), ACTIONS), names, time, cost, transition)


def test_the_start_saves_evaluations_and_changes_nothing():
    """From first actions and from the head start: the same policy, rate and ties."""
    smdp = random_graph()
    short, long = policy_iteration(smdp), policy_iteration(smdp, smdp.first)
    assert short.iterations <= 2 < long.iterations
    np.testing.assert_array_equal(short.policy, long.policy)
    np.testing.assert_array_equal(short.ties, long.ties)
    assert short.rho == pytest.approx(long.rho, rel=1e-12)
    assert value_iteration(smdp).rho == pytest.approx(short.rho, rel=1e-10)


def test_tied_actions_keep_the_first():
    """Each first action has a twin: neither start takes a twin, and both are reported."""
    smdp = random_graph(1, twins=True)
    found = policy_iteration(smdp)
    assert not np.any(np.array(smdp.actions(head_start(smdp))) == "c") and "c" not in smdp.actions(found.policy)
    first, last = (np.isin(np.arange(i, smdp.num_pairs, ACTIONS), found.ties) for i in (0, ACTIONS - 1))
    assert first.any() and np.array_equal(first, last)


def test_cycles_of_zero_sojourn_start_from_first_actions():
    """Value iteration refuses two states that may follow each other in no time; policy iteration never meets that policy."""
    smdp = random_graph(2)
    time, transition = smdp.time.copy(), smdp.transition.tolil()
    for pair, j in ((2, 1), (ACTIONS + 2, 0)):
        time[pair] = 0.0
        transition[pair] = 0.0
        transition[pair, j] = 1.0
    cost = smdp.cost.copy()
    cost[[2, ACTIONS + 2]] = 1e3
    looped = replace(smdp, time=time, cost=cost, transition=csr_array(transition))
    with pytest.raises(InputError, match="zero sojourn"):
        value_iteration(looped)
    np.testing.assert_array_equal(head_start(looped), looped.first)
    assert policy_iteration(looped, check_all_policies=False).value.stationary.sum() == pytest.approx(1)


def test_a_policy_evaluated_against_dense_algebra():
    """h + rho t = c + P h, and pi P = pi, on a chain whose factors fill in."""
    smdp = random_graph(3)
    value = evaluate(smdp, smdp.first)
    p, h = smdp.transition[smdp.first].toarray(), value.relative
    system = np.vstack([p.T - np.eye(N), np.ones(N)])
    pi = np.linalg.lstsq(system, np.append(np.zeros(N), 1.0), rcond=None)[0]
    assert value.rho == pytest.approx(pi @ smdp.cost[smdp.first] / (pi @ smdp.time[smdp.first]), rel=1e-10)
    np.testing.assert_allclose(h + value.rho * smdp.time[smdp.first], smdp.cost[smdp.first] + p @ h, atol=1e-10)
    np.testing.assert_allclose(value.stationary, pi, atol=1e-12)


def test_first_order_and_simplex_agree(monkeypatch):
    smdp = random_graph(4)
    crossed = solve_average_cost(smdp, get("highs"))
    monkeypatch.setattr(average_cost, "LARGE", N + 1)
    simplex = solve_average_cost(smdp, get("highs"))
    assert crossed.rho == pytest.approx(simplex.rho, rel=1e-10)
    np.testing.assert_allclose(crossed.occupation, simplex.occupation, atol=1e-9)
    np.testing.assert_allclose(crossed.probability, simplex.probability, atol=1e-9)
    np.testing.assert_allclose(crossed.relative, simplex.relative, atol=1e-7)


def test_a_first_order_rate_that_disagrees_is_not_used():
    smdp = random_graph(5)
    x = policy_iteration(smdp).value.occupation
    rho = float(smdp.cost @ x)
    found = average_cost._crossover(smdp, x, rho)
    assert found is not None and found.rho == pytest.approx(rho, rel=1e-10)
    assert average_cost._crossover(smdp, x, rho + 1e-2) is None


def test_no_meeting_state_in_a_random_graph():
    """Some policy avoids any one state: open after a few dozen chains, not one chain a state."""
    smdp = random_graph(6)
    assert meeting_state(smdp) is None


@pytest.mark.parametrize("at", [0, 37, N - 1])
def test_the_only_meeting_state_is_found(at):
    """Every pair leads to one state with some probability, and to others that can be avoided."""
    smdp = random_graph(7)
    home = csr_array((np.ones(smdp.num_pairs), (np.arange(smdp.num_pairs), np.full(smdp.num_pairs, at))), shape=smdp.transition.shape)
    assert meeting_state(replace(smdp, transition=0.9 * smdp.transition + 0.1 * home)) == at


def test_two_classes_of_the_first_chain_are_named():
    """Two halves that first actions never leave: two classes in the first chain."""
    smdp = random_graph(8)
    half = np.arange(N) // (N // 2) * (N // 2)
    transition = smdp.transition.tolil()
    for i, pair in enumerate(smdp.first):
        transition[pair] = 0.0
        transition[pair, half[i] + (i - half[i] + 1) % (N // 2)] = 1.0
    with pytest.raises(InputError, match="multichain"):
        meeting_state(replace(smdp, transition=csr_array(transition)))
