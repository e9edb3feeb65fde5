"""Puterman, Markov Decision Processes (1994), Example 8.2.2, pages 345-346: a chain with two closed classes, {s1} and {s2, s3}.

Chain and gains are taken from public code that quotes the book. Gain 4.538 of {s2, s3} follows from the quoted chain; the gains quoted for the
transient states s4 and s5 do not, so that a row was misquoted, and they are left out. Rewards are negative costs here.
"""

import numpy as np
import pytest
from quakeops.errors import InputError
from quakeops.solvers.policy_iteration import policy_iteration
from quakeops.solvers.smdp import SMDP
from quakeops.solvers.value_iteration import value_iteration

REWARD = np.array([2.0, 5, 4])
CHAIN = np.array([[1, 0, 0], [0, 0.4, 0.6], [0, 0.7, 0.3]])


def process(rows):
    return SMDP([f"s{i + 1}" for i in rows], range(len(rows)), ["go"] * len(rows), np.ones(len(rows)), -REWARD[rows], CHAIN[rows][:, rows])


def test_two_closed_classes_are_refused_by_name():
    with pytest.raises(InputError, match=r"(?s)multichain.*s1.*s2"):
        policy_iteration(process([0, 1, 2]))


def test_gain_of_the_closed_class():
    inside = process([1, 2])
    assert -policy_iteration(inside).rho == pytest.approx(4.538, abs=5e-4)
    assert -value_iteration(inside).rho == pytest.approx(59 / 13, abs=1e-10)
