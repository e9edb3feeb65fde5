"""What came out of training on a folder of images. No torch here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....instances.grade_checks import NUM_GRADES
from ..calibration import tempered
from ..metrics import Counts, Metrics, confusion_counts, metrics_of, predicted_grades

if TYPE_CHECKING:
    from .folder import ImageFolder
    from .recognizer import TrainedRecognizer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecognizerTraining:
    """A trained recognizer and what it was trained on.

    ``by_grade`` (4,) counts the images that could be read, ``unreadable`` has files left out, each with the reason. ``confusion`` (4, 4)
    counts those of the test part, rows true, columns predicted; ``calibrated`` are its metrics at the model's temperature, None without
    one. ``notes`` say what else was not as asked for.
    """

    model: TrainedRecognizer
    folder: str
    objective: str
    by_grade: tuple[int, ...]
    unreadable: list[tuple[str, str]]
    confusion: Counts
    calibrated: Metrics | None
    notes: list[str]

    @property
    def epoch(self) -> int:
        """The epoch whose weights were kept, counted from 1."""
        return self.model.best_epoch + 1

    def to_dict(self) -> dict[str, Any]:
        """Return all of it but the network as plain data for JSON; epochs are counted from 1."""
        m = self.model
        return {
            "folder": self.folder,
            "images": sum(self.by_grade),
            "by_grade": list(self.by_grade),
            "unreadable": [{"file": file, "reason": reason} for file, reason in self.unreadable],
            "backbone": m.backbone,
            "head": m.head,
            "objective": self.objective,
            "risk": asdict(m.risk) if m.risk else None,
            "protocol": asdict(m.protocol),
            "device": m.device,
            "torch": m.torch_version,
            "epoch": self.epoch,
            "history": [{"epoch": e, **asdict(one)} for e, one in enumerate(m.history, 1)],
            "split": {part: len(rows) for part, rows in m.split.items()},
            "training_counts": list(m.training_counts),
            "temperature": m.temperature,
            "metrics": asdict(m.metrics),
            "calibrated_metrics": asdict(self.calibrated) if self.calibrated else None,
            "confusion": self.confusion.tolist(),
            "notes": self.notes,
        }


def report_of(model: TrainedRecognizer, found: ImageFolder, path: str | Path, objective: str) -> RecognizerTraining:
    """Return the report of a model that was trained on the images of a folder; the test part is recognised once more for its counts."""
    test = model.split["test"]
    p = model.predict_proba(found.images[test])
    told = {f"{path}: {file} cannot be read and is left out: {reason}" for file, reason in found.unreadable}
    return RecognizerTraining(
        model=model,
        folder=str(path),
        objective=objective,
        by_grade=tuple(int((found.grades == grade).sum()) for grade in range(NUM_GRADES)),
        unreadable=found.unreadable,
        confusion=confusion_counts(found.grades[test], predicted_grades(p)),
        calibrated=None if model.temperature is None else metrics_of(tempered(p, model.temperature), found.grades[test]),
        notes=[note for note in found.notes if note not in told] + list(model.notes),
    )
