"""Epochs of training: batches, steps, validation, and the weights worth keeping."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from math import isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError
from ..metrics import cohen_kappa, confusion_counts, predicted_grades
from .images import normalised, probabilities_of
from .loss import GovernanceRisk, note_of
from .protocol import Protocol
from .recognizer import Epoch
from .torch_extra import torch

Index = NDArray[np.int64]


class Labelled(NamedTuple):
    """Images as bytes (n, 3, size, size), their grades (n,), and row numbers by part."""

    pixels: torch.Tensor
    grades: Index
    split: dict[str, Index]


class Trained(NamedTuple):
    """What the epochs left: history, the best epoch, its weights, and notes of the loss with the number of batches they are about."""

    history: list[Epoch]
    best: int
    weights: dict[str, torch.Tensor]
    notes: Counter[str]


def run_epochs(
    network: torch.nn.Module,
    objective: GovernanceRisk,
    data: Labelled,
    protocol: Protocol,
    device: torch.device,
    progress: Callable[[int, Epoch], None] | None,
) -> Trained:
    """Train ``network`` in place, all epochs; InputError where a loss is not finite."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=protocol.learning_rate, weight_decay=protocol.weight_decay)
    order = torch.Generator().manual_seed(protocol.seed)
    rows, validation = torch.from_numpy(data.split["training"]), data.split["validation"]
    out = Trained([], 0, {}, Counter())
    kappas: list[float] = []
    for epoch in range(protocol.epochs):
        start = time.perf_counter()
        batches = torch.tensor_split(rows[torch.randperm(len(rows), generator=order)], protocol.num_batches(len(rows)))
        loss, terms, notes = _one_epoch(network, objective, data, batches, optimizer, protocol, epoch, device)
        out.notes.update(notes)
        p = probabilities_of(network, data.pixels[validation], objective.head, protocol.batch_size, device)
        kappas.append(cohen_kappa(confusion_counts(data.grades[validation], predicted_grades(p))) or 0.0)
        rate, seconds = optimizer.param_groups[0]["lr"], time.perf_counter() - start
        out.history.append(Epoch(loss=loss, terms=terms, validation_kappa=kappas[-1], rate=rate, seconds=seconds))
        best = protocol.best_epoch(kappas)
        if best == epoch:
            out = out._replace(best=best, weights={name: tensor.detach().clone() for name, tensor in network.state_dict().items()})
        if progress is not None:
            progress(epoch, out.history[-1])
    return out


def _one_epoch(
    network: torch.nn.Module,
    objective: GovernanceRisk,
    data: Labelled,
    batches: tuple[torch.Tensor, ...],
    optimizer: torch.optim.Optimizer,
    protocol: Protocol,
    epoch: int,
    device: torch.device,
) -> tuple[float, dict[str, float], list[str]]:
    """Return the mean objective, the mean terms and the notes of the batches; the device is waited for once, at the end."""
    network.train()
    grades, told = torch.from_numpy(data.grades), []
    names: list[str] = []
    for b, batch in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = protocol.rate(epoch + (b + 0.5) / len(batches))
        optimizer.zero_grad(set_to_none=True)
        terms = objective.terms(network(normalised(data.pixels[batch], device)), grades[batch].to(device))
        loss = objective.weighted(terms)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), protocol.clip)
        optimizer.step()
        names = list(terms)
        told.append(torch.stack([loss.detach(), *(term.detach() for term in terms.values()), *objective.sides]))
    table = np.array(torch.stack(told).tolist())
    for b, value in enumerate(table[:, 0]):
        if not isfinite(value):
            raise InputError(
                f"epoch {epoch + 1}, batch {b + 1}: the loss is {value}: training diverged; try a lower learning_rate "
                f"(now {protocol.learning_rate:g})"
            )
    mean = table.mean(axis=0)
    notes = [note_of(int(severe), int(others)) for severe, others in table[:, -2:]] if "pairwise" in names else []
    return float(mean[0]), dict(zip(names, mean[1:-2].tolist(), strict=True)), [note for note in notes if note]
