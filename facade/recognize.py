"""``quakeops.train_recognizer`` and ``quakeops.recognize``: damage grades of buildings from folders of images (extra ``vision``)."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from .. import parallel
from ..errors import InputError
from ..files import require_writable
from ..scenario_gen.plausible import one_of
from ..scenario_gen.recognition.parameters import TERMS, RiskParameters
from ..scenario_gen.recognition.vision.decoding import pillow
from ..scenario_gen.recognition.vision.folder import read_folder
from ..scenario_gen.recognition.vision.protocol import Protocol
from ..scenario_gen.recognition.vision.site import Recognition, recognise_site
from ..scenario_gen.recognition.vision.training_report import RecognizerTraining, report_of
from ..scenario_gen.recognition.vision.unlabelled import list_images

if TYPE_CHECKING:
    from ..scenario_gen.recognition.vision.recognizer import Epoch, TrainedRecognizer

__all__ = ["OBJECTIVES", "Recognition", "RecognizerTraining", "recognize", "train_recognizer"]

OBJECTIVES = ("functional", "cross-entropy", "both")


def train_recognizer(
    folder: str | Path,
    *,
    out: str | Path | None = None,
    objective: str = "functional",
    risk: RiskParameters | None = None,
    backbone: str = "resnet18",
    head: str = "softmax",
    protocol: Protocol | None = None,
    device: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> RecognizerTraining:
    """Train a recognizer of damage grades on a folder of labelled images.

    Parameters
    ----------
    folder
        With folders ``L0`` to ``L3``, or ``0`` to ``3``, of images in any format that pillow reads.
    out
        File to write the recognizer to, for :func:`recognize`.
    objective
        ``"functional"``, the governance risk functional of SeisRank-Ord; ``"cross-entropy"``; or ``"both"``, their sum.
    risk
        Parameters of the functional. Default: those of ``RiskParameters()``.
    backbone
        ``"resnet18"``, ``"mobilenet"``, ``"resnet50"``, ``"densenet"``, ``"shufflenet"`` (torchvision's) or ``"small-resnet"``, which
        stands in for the first two where torchvision is missing, and says so.
    head
        ``"softmax"``, or ``"sigmoid"`` for three free cumulative probabilities.
    protocol
        How to train. Default: the article's protocol, ``Protocol()``.
    device
        As torch names it. Default: a GPU where torch sees one.
    progress
        Called with what is going on (after an epoch its loss and its validation kappa), epochs done, and in all.

    Raises
    ------
    InputError
        torch or pillow is missing; an unknown name; ``risk`` with cross-entropy alone, or of four weights 0; a device that cannot be used;
        a folder without grades, without an image that can be read, or with too few of a grade; a loss that is not finite; a file that
        cannot be written. Images that cannot be read are left out and named in the report.
    """
    one_of("objective", objective, OBJECTIVES)
    if objective == "cross-entropy" and risk is not None:
        raise InputError("objective 'cross-entropy' has no parameters of risk: expected none, or objective 'functional' or 'both'")
    asked = None if objective == "cross-entropy" else risk or RiskParameters()
    if asked is not None and not any(getattr(asked, term) for term in TERMS):
        raise InputError(f"all four terms of the functional are left out ({', '.join(TERMS)}): expected at least one")
    if out is not None:
        require_writable(Path(out))

    def trained() -> RecognizerTraining:
        _require_extra()
        from ..scenario_gen.recognition.vision.opening import check_names
        from ..scenario_gen.recognition.vision.training import train

        check_names(backbone, head, device)
        chosen = protocol or Protocol()
        if progress is not None:
            progress("reading images, epoch", 0, chosen.epochs)
        found = read_folder(folder, chosen.size)

        def shown(epoch: int, one: Epoch) -> None:
            if progress is not None:
                progress(f"loss {one.loss:.3f}  kappa {one.validation_kappa:.3f}  epoch", epoch + 1, chosen.epochs)

        model = train(
            found.images,
            found.grades,
            chosen,
            risk=asked,
            cross_entropy=0.0 if objective == "functional" else 1.0,
            backbone=backbone,
            head=head,
            device=device,
            progress=shown,
        )
        report = report_of(model, found, folder, objective)
        if out is not None:
            model.save(out)
        return report

    return parallel.on_rank_0(parallel.world(), trained)


def recognize(
    model: str | Path | TrainedRecognizer,
    images: str | Path,
    *,
    out: str | Path | None = None,
    labelled: bool = False,
    grades_out: str | Path | None = None,
    prior: ArrayLike | None = None,
    raw: bool = False,
    device: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Recognition:
    """Recognise the damage grades of the buildings whose images lie in a folder.

    A building is named after its file, without the ending unless two buildings would have the same name.

    Parameters
    ----------
    model
        File of a recognizer, or one.
    images
        Folder of images of any names; subfolders are districts.
    out
        CSV file to write the probabilities to: an instance of ``solve("triage", instance=...)``, ``probabilities`` of ``simulate_triage``.
    labelled
        The folders ``L0`` to ``L3`` in ``images`` are true grades; districts are the folders inside them.
    grades_out
        CSV file to write true grades to, ``grades`` of ``simulate_triage``; goes with ``labelled``, which it implies.
    prior
        Shares (4,) of the grades expected at the site. They take the place of the shares in the recognizer's training, by Bayes' rule; this
        trusts the recognizer's calibration.
    raw
        Leave out the temperature that was fitted to the validation part of the recognizer's training.
    device
        Of a recognizer from a file, as torch names it. Default: a GPU where torch sees one.
    progress
        Called with ``"images"``, how many are done, and in all.

    Raises
    ------
    InputError
        torch or pillow is missing; a file that is no recognizer's; no such folder, or no image in it that can be read; a prior that is not
        four shares, or that the recognizer cannot take; a file that cannot be written. Images that cannot be read are left out and named.
    """
    for path, option in ((out, "--out"), (grades_out, "--grades-out")):
        require_writable(None if path is None else Path(path), option)
    if out is not None and grades_out is not None and Path(out).resolve() == Path(grades_out).resolve():
        raise InputError(f"--grades-out {grades_out}: is --out too: expected another file")

    def recognised() -> Recognition:
        _require_extra()
        from ..scenario_gen.recognition.vision.opening import open_recognizer

        if isinstance(model, str | Path):
            recognizer = open_recognizer(model, device)
        elif device is None:
            recognizer = model
        else:
            raise InputError(f"device {device!r}: goes with a recognizer's file; this one is on {model.device!r}")
        found = list_images(images, labelled=labelled or grades_out is not None)
        done = recognise_site(recognizer, found, prior=prior, raw=raw, progress=progress)
        if out is not None:
            done.save(out)
        if grades_out is not None:
            done.save_grades(grades_out)
        return done

    return parallel.on_rank_0(parallel.world(), recognised)


def _require_extra() -> None:
    """Raise :class:`InputError` where torch or pillow is missing."""
    import_module("..scenario_gen.recognition.vision.torch_extra", __package__)
    pillow()
