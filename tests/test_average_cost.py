"""The linear program of an average-cost SMDP against policy iteration, and with limits against brute force over a grid of policies."""

import numpy as np
import pytest
from quakeops.decomposition.average_cost import solve_average_cost
from quakeops.errors import NoSolutionError
from quakeops.solvers import get
from quakeops.solvers.policy_iteration import policy_iteration
from quakeops.solvers.policy_value import evaluate
from quakeops.solvers.smdp import SMDP


def random_smdp(seed, n=6, actions=3, zero=False):
    """Return a model in which every state leads to every other; with ``zero`` state 0 takes no time."""
    rng = np.random.default_rng(seed)
    transition = rng.dirichlet(np.full(n, 0.7), n * actions)
    time = rng.uniform(0.5, 5, n * actions)
    if zero:
        time[:actions] = 0
    state = np.repeat(np.arange(n), actions)
    names = tuple(f"s{i}" for i in range(n)), tuple(f"a{k % actions}" for k in range(n * actions))
    return SMDP(names[0], state, names[1], time, rng.uniform(-2, 10, n * actions), transition)


@pytest.mark.parametrize("seed", range(8))
def test_policy_iteration_finds_the_same(seed):
    smdp = random_smdp(seed, zero=seed % 2 == 1)
    lp, other = solve_average_cost(smdp, get("highs")), policy_iteration(smdp)
    assert lp.rho == pytest.approx(other.rho, abs=1e-10)
    assert lp.randomised == ()
    assert evaluate(smdp, lp.probability).rho == pytest.approx(other.rho, abs=1e-10)
    assert lp.relative == pytest.approx(other.value.relative, abs=1e-8)
    assert lp.occupation @ smdp.time == pytest.approx(1, abs=1e-9)


def test_a_limit_makes_one_state_randomise():
    """Two actions in the one state that matters: cost 1 or 3 an hour, damage 5 or 1; at most 2 of damage: a quarter and three quarters."""
    smdp = SMDP(("s",), [0, 0], ("cheap", "dear"), [1.0, 1.0], [1.0, 3.0], [[1.0], [1.0]])
    damage = np.array([5.0, 1.0])
    found = solve_average_cost(smdp, get("highs"), {"damage": (damage, 2.0)})
    assert found.rho == pytest.approx(2.5) and found.randomised == ("s",)
    assert found.probability == pytest.approx([0.25, 0.75]) and found.price == {"damage": pytest.approx(0.5)}
    loose = solve_average_cost(smdp, get("highs"), {"damage": (damage, 5.0)})
    assert loose.rho == pytest.approx(1) and loose.randomised == () and loose.price == {"damage": 0.0}
    with pytest.raises(NoSolutionError, match="infeasible"):
        solve_average_cost(smdp, get("highs"), {"damage": (damage, 0.5)})


@pytest.mark.parametrize("seed", range(4))
def test_limits_are_kept_and_the_price_is_the_slope(seed):
    smdp = random_smdp(100 + seed)
    damage = np.random.default_rng(seed).uniform(0, 4, smdp.num_pairs)
    free = solve_average_cost(smdp, get("highs"))
    at = float(damage @ free.occupation)
    tight = at - 0.05 * abs(at)
    found = solve_average_cost(smdp, get("highs"), {"damage": (damage, tight)})
    assert damage @ found.occupation <= tight + 1e-9 and found.rho >= free.rho - 1e-12
    mixed = evaluate(smdp, found.probability)
    assert mixed.rho == pytest.approx(found.rho, abs=1e-9) and damage @ mixed.occupation == pytest.approx(tight, abs=1e-8)
    more = solve_average_cost(smdp, get("highs"), {"damage": (damage, tight + 1e-6)})
    assert (found.rho - more.rho) / 1e-6 == pytest.approx(found.price["damage"], rel=1e-3)
    assert len(found.randomised) == 1
