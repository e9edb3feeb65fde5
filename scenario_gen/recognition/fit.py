r"""A linear model of damage grades on features, fitted by L-BFGS to the governance risk functional or to cross-entropy.

With standardised features x (mean 0, standard deviation 1 over the training set; a constant feature becomes 0),

    min over W, b   C(z(x), y) + kappa CE(z(x), y) + l2 / 2 ||W||^2

where the logits are z = x W + b. Kinds: ``softmax`` (multinomial, W (d, 4)), ``sigmoid`` (three free cumulative probabilities, W (d, 3)),
and ``coral`` (one w: z_k = b_k - w'x with b_k = b_{k-1} + exp(e_k), so the biases are ordered and the cumulative probabilities monotone;
with cross-entropy this is the proportional-odds model of McCullagh 1980, J. R. Stat. Soc. B 42, 109-142). The penalty leaves b free.

The start is W = 0 and the biases that give the grades' frequencies (one building added to each), so a fit is deterministic. Cross-entropy
with a softmax is convex; the functional is not (an expected cost is not convex in logits) and its hinge has kinks, so what is returned is a
local minimum and L-BFGS may stop at a kink: ``converged`` and ``message`` say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from ...errors import InputError
from ...instances.grade_checks import NUM_GRADES, Grades, checked_grades, checked_rows
from ..plausible import one_of, within
from .heads import HEADS
from .parameters import RiskParameters
from .risk import cross_entropy_of_logits, risk_of_logits

Array = NDArray[np.float64]

KINDS = {"softmax": "softmax", "sigmoid": "sigmoid", "coral": "sigmoid"}
"""Kinds of model, and the head each one reads its probabilities from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeModel:
    """A fitted model: coefficients on standardised features, and how the fit ended.

    ``weights`` (d, m) and ``bias`` (m,) make the logits, m = 4 for ``softmax`` and 3 otherwise; ``mean`` and ``scale`` (d,) standardise;
    ``objective`` includes the penalty.
    """

    kind: str
    weights: Array
    bias: Array
    mean: Array
    scale: Array
    objective: float
    iterations: int
    converged: bool
    message: str
    note: str | None

    def logits(self, features: ArrayLike) -> Array:
        """Return logits (n, m) of features (n, d); InputError where the shape differs or a feature is not finite."""
        return _standardised(checked_rows("features", features, len(self.mean)), self.mean, self.scale) @ self.weights + self.bias

    def predict_proba(self, features: ArrayLike) -> Array:
        """Return probabilities of the four grades (n, 4); InputError as in :meth:`logits`."""
        return HEADS[KINDS[self.kind]].forward(self.logits(features)).probabilities


def fit_grades(
    features: ArrayLike,
    grades: ArrayLike,
    *,
    risk: RiskParameters | None = None,
    cross_entropy: float = 0.0,
    kind: str = "softmax",
    l2: float = 1e-3,
    max_iterations: int = 500,
) -> GradeModel:
    """Return the fitted model.

    Parameters
    ----------
    features
        (n, d), finite.
    grades
        True grades 0..3, (n,).
    risk
        Parameters of the functional; None leaves it out, and then ``cross_entropy`` must be above 0.
    cross_entropy
        kappa, the weight of the mean cross-entropy: 1 with no risk is the baseline.
    kind
        ``softmax``, ``sigmoid`` or ``coral``.
    l2
        Penalty on the weights of standardised features.
    max_iterations
        Limit of L-BFGS.

    Raises
    ------
    InputError
        Bad shapes or numbers (row named), grades outside 0..3, an unknown kind, a negative weight, or no objective at all.
    """
    x = checked_rows("features", features, None)
    y = checked_grades(grades, len(x))
    one_of("kind", kind, KINDS)
    within("cross_entropy", cross_entropy, 0, 1e9)
    within("l2", l2, 0, 1e9)
    within("max_iterations", max_iterations, 1, 1e9)
    if risk is None and not cross_entropy:
        raise InputError("risk is None and cross_entropy is 0: expected an objective, e.g. risk=RiskParameters() or cross_entropy=1")
    mean, spread = x.mean(axis=0), x.std(axis=0)
    scale = np.where(spread > 1e-12 * np.maximum(1.0, np.abs(mean)), spread, 0.0)
    x = _standardised(x, mean, scale)
    notes: list[str | None] = [None]

    def objective(theta: Array) -> tuple[float, Array]:
        weights, bias = _unpacked(theta, kind, x.shape[1])
        z = x @ weights + bias
        value, slope = l2 / 2 * _penalised(theta, kind, x.shape[1]), np.zeros_like(z)
        if risk is not None:
            found = risk_of_logits(z, y, risk, KINDS[kind])
            value, slope, notes[0] = value + found.value, slope + found.gradient, found.note
        if cross_entropy:
            ce, by_ce = cross_entropy_of_logits(z, y, KINDS[kind])
            value, slope = value + cross_entropy * ce, slope + cross_entropy * by_ce
        return value, _packed_gradient(theta, kind, x, slope, l2)

    options = {"maxiter": int(max_iterations), "maxfun": 20 * int(max_iterations), "ftol": 1e-13, "gtol": 1e-7}
    end = minimize(objective, _start(y, kind, x.shape[1]), jac=True, method="L-BFGS-B", options=options)
    weights, bias = _unpacked(end.x, kind, x.shape[1])
    return GradeModel(
        kind=kind,
        weights=weights,
        bias=bias,
        mean=mean,
        scale=scale,
        objective=float(end.fun),
        iterations=int(end.nit),
        converged=bool(end.success),
        message=str(end.message),
        note=notes[0],
    )


def _standardised(x: Array, mean: Array, scale: Array) -> Array:
    return np.divide(x - mean, scale, out=np.zeros_like(x), where=scale > 0)


def _start(y: Grades, kind: str, num_features: int) -> Array:
    share = (np.bincount(y, minlength=NUM_GRADES) + 1) / (len(y) + NUM_GRADES)
    below = np.cumsum(share)[:-1]
    bias = np.log(share) if kind == "softmax" else np.log(below / (1 - below))
    if kind == "coral":
        return np.concatenate([np.zeros(num_features), bias[:1], np.log(np.diff(bias))])
    return np.concatenate([np.zeros(num_features * len(bias)), bias])


def _unpacked(theta: Array, kind: str, num_features: int) -> tuple[Array, Array]:
    """Return W (d, m) and b (m,)."""
    if kind == "coral":
        w, bias = theta[:num_features], np.cumsum(np.append(theta[num_features], np.exp(theta[num_features + 1 :])))
        return np.tile(-w[:, None], NUM_GRADES - 1), bias
    m = HEADS[KINDS[kind]].num_logits
    return theta[:-m].reshape(num_features, m), theta[-m:]


def _penalised(theta: Array, kind: str, num_features: int) -> float:
    """Return ||W||^2, w counted once for ``coral``."""
    width = 1 if kind == "coral" else HEADS[KINDS[kind]].num_logits
    return float(np.sum(theta[: num_features * width] ** 2))


def _packed_gradient(theta: Array, kind: str, x: Array, by_logits: Array, l2: float) -> Array:
    d = x.shape[1]
    by_weights, by_bias = x.T @ by_logits, by_logits.sum(axis=0)
    if kind == "coral":
        after = np.cumsum(by_bias[::-1])[::-1]
        return np.concatenate([l2 * theta[:d] - by_weights.sum(axis=1), after[:1], after[1:] * np.exp(theta[d + 1 :])])
    return np.concatenate([by_weights.ravel() + l2 * theta[: d * by_logits.shape[1]], by_bias])
