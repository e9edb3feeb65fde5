r"""A site's buildings as a recognizer sees them: probabilities of the grades from images, part by part, and the tables to go on with.

A recognizer's probabilities p carry the shares pi of the grades it was trained on. With shares q expected at the site in their place,
P(d | image) is proportional to q_d p_d / pi_d (:func:`..likelihood.observation_likelihoods`, l2). That holds as far as p is calibrated,
so p is taken at the recognizer's temperature.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....errors import InputError
from ....instances.csv_table import write_csv
from ....instances.grade_checks import NUM_GRADES, SEVERE, SUM_TOLERANCE, Grades
from ....instances.recognised_buildings import write_recognised
from ..calibration import tempered
from ..likelihood import observation_likelihoods
from ..metrics import Counts, Metrics, confusion_counts, metrics_of, predicted_grades
from .unlabelled import ImageList, building_names, districts_of, read_part

if TYPE_CHECKING:
    from .recognizer import TrainedRecognizer

Array = NDArray[np.float64]

_PART = 512
"""Images in memory at once, or one batch of the recognizer's if that is more."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recognition:
    """Recognised buildings: names, probabilities (n, 4), districts and true grades (n,), None where there are none.

    ``prior`` (4,) are the shares at the site where they were given, ``training_shares`` (4,) those of the recognizer's training;
    ``temperature`` is that of its probabilities, None where there is none or it was left out.
    ``unreadable`` has files left out, each with the reason.
    """

    buildings: list[str]
    probabilities: Array
    districts: list[str] | None
    grades: Grades | None
    prior: tuple[float, ...] | None
    temperature: float | None
    training_shares: tuple[float, ...]
    unreadable: list[tuple[str, str]]
    notes: list[str]

    @property
    def metrics(self) -> Metrics | None:
        """Metrics against the true grades, None without."""
        return None if self.grades is None else metrics_of(self.probabilities, self.grades)

    @property
    def confusion(self) -> Counts | None:
        """Counts (4, 4), rows true, columns predicted; None without true grades."""
        return None if self.grades is None else confusion_counts(self.grades, predicted_grades(self.probabilities))

    def save(self, path: str | Path) -> None:
        """Write columns ``building``, ``district`` where there is one, and ``p0`` to ``p3``; InputError where it cannot be written."""
        write_recognised(path, self.probabilities, names=self.buildings, districts=self.districts)

    def save_grades(self, path: str | Path) -> None:
        """Write columns ``building``, ``district`` where there is one, and ``grade``; InputError without true grades."""
        if self.grades is None:
            raise InputError(f"{path}: there are no true grades to write: expected images in folders L0 to L3 (labelled)")
        columns = {"building": self.buildings, "district": self.districts, "grade": [str(grade) for grade in self.grades]}
        given = {name: values for name, values in columns.items() if values is not None}
        write_csv(path, given, zip(*given.values(), strict=True))

    def summary(self) -> dict[str, Any]:
        """Return how many buildings there are, the predicted ones by grade, the mean probabilities and the mean P(severe)."""
        return _summary(self.probabilities)

    def by_district(self) -> dict[str, dict[str, Any]]:
        """Return the summary of each district, none where there are no districts."""
        places = np.array(self.districts or [])
        return {name: _summary(self.probabilities[places == name]) for name in dict.fromkeys(self.districts or [])}

    def to_dict(self) -> dict[str, Any]:
        """Return what there is to tell beside the tables, as plain data for JSON."""
        return {
            **self.summary(),
            "districts": self.by_district(),
            "prior": None if self.prior is None else list(self.prior),
            "temperature": self.temperature,
            "training_shares": list(self.training_shares),
            "metrics": None if self.metrics is None else asdict(self.metrics),
            "confusion": None if self.confusion is None else self.confusion.tolist(),
            "unreadable": [{"file": file, "reason": reason} for file, reason in self.unreadable],
            "notes": self.notes,
        }


def recognise_site(
    model: TrainedRecognizer,
    found: ImageList,
    *,
    prior: ArrayLike | None = None,
    raw: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> Recognition:
    """Return what a recognizer makes of the images of a list.

    Parameters
    ----------
    model
        The recognizer.
    found
        From :func:`.unlabelled.list_images`.
    prior
        Shares (4,) of the grades expected at the site, in place of those of the training.
    raw
        Leave the recognizer's temperature out.
    progress
        Called with ``"images"``, how many are done, and in all.

    Raises
    ------
    InputError
        A prior that is not four shares, or with a recognizer that never saw one of the grades; no image that can be read; a building to
        which the recognizer gives only grades that the prior rules out.
    """
    counts = np.array(model.training_counts)
    expected = None if prior is None else _checked_prior(prior, counts)
    step = model.protocol.batch_size * -(-_PART // model.protocol.batch_size)
    rows: list[int] = []
    parts: list[Array] = []
    unreadable: list[tuple[str, str]] = []
    for start in range(0, len(found.files), step):
        kept, images, bad = read_part(found, range(start, min(start + step, len(found.files))), model.protocol.size)
        rows += kept
        unreadable += bad
        if kept:
            parts.append(model.predict_proba(images))
        if progress is not None:
            progress("images", min(start + step, len(found.files)), len(found.files))
    if not rows:
        first = f"the first of {len(unreadable)} files, {unreadable[0][0]}: {unreadable[0][1]}"
        raise InputError(f"{found.root}: holds no image that can be read; {first}")
    names = building_names([found.files[row] for row in rows])
    districts, note = districts_of([found.places[row] for row in rows], found.grades is not None)
    temperature = None if raw else model.temperature
    p = np.concatenate(parts)
    if temperature is not None:
        p = tempered(p, temperature)
    return Recognition(
        buildings=names,
        probabilities=p if expected is None else _at_site(p, expected, counts / counts.sum(), names),
        districts=districts,
        grades=None if found.grades is None else found.grades[rows],
        prior=None if expected is None else tuple(expected.tolist()),
        temperature=temperature,
        training_shares=tuple((counts / counts.sum()).tolist()),
        unreadable=unreadable,
        notes=found.notes + ([] if note is None else [f"{found.root}: {note}"]),
    )


def _summary(probabilities: Array) -> dict[str, Any]:
    mean = probabilities.mean(axis=0)
    predicted = np.bincount(predicted_grades(probabilities), minlength=NUM_GRADES)
    told = {"predicted": predicted.tolist(), "mean_probabilities": mean.tolist(), "severe": float(mean[SEVERE:].sum())}
    return {"buildings": len(probabilities), **told}


def _checked_prior(prior: ArrayLike, counts: NDArray[np.int64]) -> Array:
    """Return a prior whose sum is exactly 1."""
    try:
        q = np.asarray(prior, dtype=float)
    except (TypeError, ValueError):
        q = np.empty(0)
    if q.shape != (NUM_GRADES,) or not ((q >= 0) & (q <= 1)).all() or abs(q.sum() - 1) > SUM_TOLERANCE:
        raise InputError(f"prior is {prior!r}: expected shares of grades 0 to 3, four numbers from 0 to 1 whose sum is 1")
    if not counts.all():
        raise InputError(f"prior: the recognizer was trained without an image of grade {int(np.argmin(counts))}: expected all four")
    out: Array = q / q.sum()
    return out


def _at_site(probabilities: Array, prior: Array, training: Array, names: Sequence[str]) -> Array:
    """Return q_d p_d / pi_d, scaled to the sum 1 by building."""
    joint = prior * observation_likelihoods(probabilities, training_prior=training)
    total = joint.sum(axis=1, keepdims=True)
    if not total.all():
        name = names[int(np.argmin(total))]
        raise InputError(f"prior {prior.tolist()}: building {name!r} is recognised as none of the grades that it allows")
    out: Array = joint / total
    return out
