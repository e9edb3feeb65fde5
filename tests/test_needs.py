"""From displaced people and casualties to demand."""

import numpy as np
import pytest
from quakeops.errors import InputError
from quakeops.scenario_gen.needs import Need, demand, displaced_shares


def test_by_hand():
    """100 displaced, 50 without water, 10 + 4 + 2 + 1 casualties: 100 * 45 l + 50 * 9 l, 900 rations, 6 kits, 1 + 4 + 2 kits."""
    out = demand(["water", "food", "shelter", "medical"], np.array([100.0]), np.array([50.0]), np.array([[10.0, 4.0, 2.0, 1.0]]))
    assert out[0] == pytest.approx([4.95, 0.9, 6.0, 7.0])


def test_shapes_and_own_rules():
    displaced = np.arange(6.0).reshape(2, 3)
    out = demand(["tents"], displaced, 0 * displaced, np.zeros((2, 3, 4)), {"tents": Need(displaced=0.25)})
    assert out.shape == (2, 3, 1) and np.array_equal(out[..., 0], displaced / 4)


def test_a_commodity_without_a_rule():
    with pytest.raises(InputError, match="commodity 'blankets' has no rule of need; known: water, food, shelter, medical"):
        demand(["water", "blankets"], np.zeros(1), np.zeros(1), np.zeros((1, 4)))


def test_shares_of_hazus():
    """A single-family dwelling is lost at complete damage, 90 % of an apartment house at extensive; an office displaces nobody."""
    assert displaced_shares(["RES1", "RES3", "COM4"]).tolist() == [[0, 0, 0, 0, 1], [0, 0, 0, 0.9, 1], [0, 0, 0, 0, 0]]
