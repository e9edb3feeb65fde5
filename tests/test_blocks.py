"""Blocks of scenarios: stacked, taken and single ones hold the same numbers."""

import numpy as np
from quakeops.scenario_gen.sources import open_responders


def test_stack_take_and_scenario_agree():
    source = open_responders("responder-case-1", scenario_file=None, num_scenarios=4, seed=3)
    block = source.block(0, 4)
    block = type(block)(block.names, block.labels, np.array([0.4, 0.3, 0.2, 0.1]), *block._arrays())
    again = type(block).stack([block.scenario(b) for b in range(4)])
    taken = block.take([2, 0, 2])
    assert taken.names == (block.names[2], block.names[0], block.names[2]) and len(taken) == 3
    assert taken.probability.tolist() == [0.2, 0.4, 0.2] and again.probability.tolist() == block.probability.tolist()
    for whole, stacked, part in zip(block._arrays(), again._arrays(), taken._arrays(), strict=True):
        assert np.array_equal(whole, stacked) and np.array_equal(part, whole[[2, 0, 2]])
    assert block.scenario(1).probability == 0.3
