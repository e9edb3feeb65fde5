r"""Sets of points f (P, K), all objectives minimised: dominance, hypervolume, knee.

*Dominance*: p dominates q if p <= q in every objective and p < q in one.

*Hypervolume*: the volume of the union of the boxes [p, r] over the points p that lie below a reference point r, by slicing along the last
objective (While et al. 2006, IEEE Trans. Evol. Comput. 10(1), 29-38, the method HSO): exact, for any number of objectives.

*Knee*: the point farthest from the hyperplane through the anchors, on the ideal point's side (Das 1999, Structural Optimization 18,
107-115); with normalised objectives. ``None`` if no point lies on that side.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..matrices import Array


def nondominated(points: Array, tolerance: float = 0.0) -> NDArray[np.bool_]:
    """Return which points (P,) no other dominates; of points within ``tolerance`` of each other in every objective the first stays."""
    kept = np.ones(len(points), dtype=bool)
    for i, p in enumerate(points):
        others = kept.copy()
        others[i] = False
        at_least = (points <= p).all(axis=1) & (points < p).any(axis=1)
        same = (np.abs(points - p) <= tolerance).all(axis=1)
        same[i:] = False
        kept[i] = not (at_least.any() or (same & others).any())
    return kept


def hypervolume(points: Array, reference: Array) -> float:
    """Return the volume dominated by ``points`` (P, K) and bounded by ``reference`` (K,); points beyond it count for nothing."""
    below = points[(points < reference).all(axis=1)]
    below = below[nondominated(below)] if len(below) else below
    return _volume(below, reference)


def _volume(points: Array, reference: Array) -> float:
    if not len(points):
        return 0.0
    if len(reference) == 1:
        return float(reference[0] - points[:, 0].min())
    order = np.argsort(points[:, -1], kind="stable")
    points = points[order]
    if len(reference) == 2:
        lowest = np.minimum.accumulate(points[:, 0])
        heights = np.diff(np.append(points[:, 1], reference[1]))
        return float(((reference[0] - lowest) * heights).sum())
    total = 0.0
    levels = np.append(points[:, -1], reference[-1])
    for i in range(len(points)):
        if levels[i + 1] > levels[i]:
            slice_ = points[: i + 1, :-1]
            total += (levels[i + 1] - levels[i]) * _volume(slice_[nondominated(slice_)], reference[:-1])
    return total


def knee(points: Array, anchors: Array) -> int | None:
    """Return the number of the knee among normalised ``points`` (P, K); ``anchors`` (K, K) are the normalised anchors, one a row."""
    normal = plane_normal(anchors)
    if normal is None or not len(points):
        return None
    depth = (anchors[0] - points) @ normal
    best = int(np.argmax(depth))
    return best if depth[best] > 1e-9 else None


def plane_normal(anchors: Array) -> Array | None:
    """Return the unit normal (K,) of the hyperplane through the anchors, towards larger objectives; ``None`` if they span none."""
    differences = anchors[:-1] - anchors[-1]
    _, singular, right = np.linalg.svd(differences)
    if len(singular) and singular[-1] < 1e-9 * max(1.0, singular[0]):
        return None
    normal = right[-1]
    return np.asarray(normal if normal.sum() >= 0 else -normal)
