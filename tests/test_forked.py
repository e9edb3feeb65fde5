"""Foreign modules compiled in several processes: the arrays of one process, its errors, and no run lost with a process."""

import os
import signal

import numpy as np
import pytest
from quakeops import processes
from quakeops.decomposition import forked
from quakeops.decomposition.forked import compile_forked
from quakeops.decomposition.matrices import compile_program
from quakeops.decomposition.program import from_module
from quakeops.errors import ModelError


@pytest.fixture
def program(foreign, monkeypatch):
    """Forty scenarios, and two processors whatever the machine has."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    monkeypatch.setattr(processes.sys, "platform", "linux")
    return from_module("drawn", num_scenarios=40, arguments={"seed": 3})


def test_as_in_one_process(program):
    ours, theirs = compile_forked(program), compile_program(program)
    assert [s.name for s in ours.scenarios] == [s.name for s in theirs.scenarios] == list(program.scenario_names)
    for a, b in zip(ours.scenarios, theirs.scenarios, strict=True):
        assert a.row_names == b.row_names and a.stage.names == b.stage.names and a.probability == b.probability
        for name in ("T", "W"):
            assert np.array_equal(getattr(a, name).toarray(), getattr(b, name).toarray())
        assert np.array_equal(a.row_lower, b.row_lower) and np.array_equal(a.cost, b.cost) and np.array_equal(a.cost_first, b.cost_first)
    assert np.array_equal(ours.A.toarray(), theirs.A.toarray()) and ours.sign == theirs.sign


def test_an_error_of_the_module_comes_through(program):
    creator = program.creator

    def failing(name, **kwargs):
        if name == program.scenario_names[7]:
            raise ZeroDivisionError("in the seventh")
        return creator(name, **kwargs)

    broken = forked.Program(program.name, program.scenario_names, failing, program.kwargs)
    with pytest.raises(ModelError, match=rf"{program.scenario_names[7]}.*ZeroDivisionError: in the seventh"):
        compile_forked(broken)


def test_a_killed_process_loses_nothing(program):
    """What kills one child (the system's lack of memory) leaves the parent to do the work."""
    parent, creator = os.getpid(), program.creator

    def deadly(name, **kwargs):
        if os.getpid() != parent and name == program.scenario_names[7]:
            os.kill(os.getpid(), signal.SIGKILL)
        return creator(name, **kwargs)

    survived = compile_forked(forked.Program(program.name, program.scenario_names, deadly, program.kwargs))
    assert len(survived.scenarios) == 40


@pytest.mark.parametrize("why", ["mpi", "one processor", "few scenarios", "system"])
def test_where_nothing_is_forked(program, monkeypatch, why):
    monkeypatch.setattr(processes, "ProcessPoolExecutor", None)
    if why == "mpi":
        monkeypatch.setenv("PMI_SIZE", "1")
    elif why == "one processor":
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    elif why == "few scenarios":
        monkeypatch.setattr(forked, "FEWEST", 21)
    else:
        monkeypatch.setattr(processes.sys, "platform", "darwin")
    assert len(compile_forked(program).scenarios) == 40
