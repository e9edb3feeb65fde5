r"""A problem whose scenarios own variables (:mod:`..owned`), with these fixed: an ordinary two-stage problem in the common ones.

    h_s - t_s z_s   in place of   h_s,      c_z'z_s   into the scenario's offset                            (1)

t_s z_s is linear in the products of xi_s and z_s, which become further components of xi_s.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, hstack

from ...errors import ModelError
from ...result import Result
from ..matrices import Array, Stage
from ..owned import JointRows, Split, joint_rows, own_name, split
from ..program import Program
from .problem import Entries, Group, Problem


@dataclass(frozen=True, slots=True, eq=False)
class OwnedProblem:
    """``problem`` holds one owner's variables in its first stage; ``columns`` tells which, ``joint`` the rows that join the scenarios."""

    problem: Problem
    columns: Split
    joint: JointRows

    @classmethod
    def of(cls, problem: Problem, program: Program) -> OwnedProblem:
        """Return the problem of a program with owned variables.

        Raises
        ------
        ModelError
            No row joins the scenarios.
        """
        columns = split(problem.first, program.owned)
        if not np.diff(csr_array(problem.A[:, columns.own]).indptr).any():
            raise ModelError(
                f"{program.name}: scenarios own {', '.join(program.owned)}, but no row of the first stage joins them; a row that holds "
                "random data and no second-stage variable makes all first-stage rows the scenarios' own"
            )
        rows = joint_rows(problem.A, problem.row_lower, problem.row_upper, columns, problem.first.integer, problem.probabilities)
        return cls(problem, columns, rows)

    @property
    def own(self) -> Stage:
        """The owned variables of any scenario."""
        return part_of(self.problem.first, self.columns.own)

    def names(self) -> list[list[str]]:
        """Return the names (S, o) of all scenarios' owned variables."""
        base = [self.problem.first.names[j] for j in self.columns.own]
        return [[own_name(n, str(label)) for n in base] for label in self.problem.labels]

    def values(self, result: Result) -> tuple[Array, Array]:
        """Return the common part (n,) and the owned parts (S, o) of a result's plan."""
        plan = result.first_stage
        x = np.array([plan[self.problem.first.names[j]] for j in self.columns.common], dtype=float)
        return x, np.array([[plan[n] for n in row] for row in self.names()], dtype=float).reshape(
            len(self.problem.labels), len(self.columns.own)
        )

    def joint_violation(self, x: Array, z: Array) -> tuple[float, str]:
        """Return the largest relative violation of the joint rows at x (n,) and Z (S, o), and the row's name."""
        joint, worst, name = self.joint, 0.0, ""
        if not len(joint.rows):
            return worst, name
        own = (joint.weight * np.asarray(joint.own @ z.T)).sum(axis=1)
        activity = joint.common @ x + own
        scale = np.maximum(1.0, abs(joint.common) @ np.abs(x) + (joint.weight * np.asarray(abs(joint.own) @ np.abs(z).T)).sum(axis=1))
        missed = np.maximum(joint.lower - activity, activity - joint.upper) / scale
        i = int(np.argmax(missed))
        return float(missed[i]), self.problem.row_names[int(joint.rows[i])]

    def fixed(self, z: Array) -> Problem:
        """Return the problem in the common variables at owned ones ``z`` (S, o)."""
        problem, (common, own) = self.problem, (self.columns.common, self.columns.own)
        alone = np.setdiff1d(np.arange(problem.A.shape[0]), self.joint.rows)
        joint = self.joint
        moved = (joint.weight * np.asarray(joint.own @ z.T)).sum(axis=1)
        A = csr_array(problem.A[:, common])
        lower, upper = problem.row_lower.copy(), problem.row_upper.copy()
        lower[joint.rows], upper[joint.rows] = joint.lower - moved, joint.upper - moved
        kept = np.sort(np.concatenate([alone, joint.rows[np.diff(joint.common.indptr) > 0]])).astype(np.int64)
        groups, start = [], 0
        for group in problem.groups:
            groups.append(_fixed(group, common, own, z[start : start + len(group)], problem.cost[own]))
            start += len(group)
        return replace(
            problem,
            first=part_of(problem.first, common),
            cost=problem.cost[common],
            A=csr_array(A[kept]),
            row_lower=lower[kept],
            row_upper=upper[kept],
            row_names=tuple(problem.row_names[i] for i in kept.tolist()),
            groups=tuple(groups),
        )


def part_of(stage: Stage, columns: np.ndarray) -> Stage:
    """Return some variables of a stage."""
    return Stage(tuple(stage.names[j] for j in columns), stage.lower[columns], stage.upper[columns], stage.integer[columns])


def _fixed(group: Group, common: np.ndarray, own: np.ndarray, z: Array, cost: Array) -> Group:
    """Return a group at owned variables ``z`` (n, o) of its scenarios; ``cost`` (o,) is theirs."""
    e = group.T_entries
    place = np.full(group.T_0.shape[1], -1)
    place[common] = np.arange(len(common))
    of_own = np.full(group.T_0.shape[1], -1)
    of_own[own] = np.arange(len(own))
    mine = of_own[e.column] >= 0
    d = group.xi.shape[1]
    # further components of xi: z itself, then xi_k z_j for every pair (k, j) of a random entry
    pairs, which = np.unique(np.stack([e.component[mine], of_own[e.column[mine]]]), axis=1, return_inverse=True)
    products = group.xi[:, pairs[0]] * z[:, pairs[1]]
    random = csr_array((-e.coefficient[mine], (e.row[mine], np.reshape(which, -1))), shape=(group.T_0.shape[0], pairs.shape[1]))
    rhs_xi = csr_array(hstack([group.rhs_xi, -csr_array(group.T_0[:, own]), random], format="csr"))
    offset = group.offset + z @ cost
    deviation = group.cost_first
    if deviation is not None:
        offset = offset + np.asarray((deviation[:, own].multiply(z)).sum(axis=1)).reshape(-1)
        deviation = csr_array(deviation[:, common])
    assert rhs_xi.shape[1] == d + len(own) + pairs.shape[1]
    return replace(
        group,
        rhs_xi=rhs_xi,
        T_0=csr_array(group.T_0[:, common]),
        T_entries=Entries(e.row[~mine], place[e.column[~mine]], e.component[~mine], e.coefficient[~mine]),
        xi=np.ascontiguousarray(np.hstack([group.xi, z, products])),
        offset=offset,
        cost_first=deviation,
        costs_xi=None,
    )
