"""The governance risk functional against cross-entropy, and its terms removed one at a time, trained on synthetic chips: 10 seeds, paired.

.venv/bin/python benchmarks/vision.py --out FILE.json [--seeds 10] [--chips 3501] [--size 32] [--epochs 40] [--batch 128]
                                      [--backbone small-resnet] [--ambiguity 1.0] [--processes 2]

A seed draws the chips, the split (70/10/20, by grade), the first weights and the order of the images; all variants of a seed share them.
The protocol is the article's but for the size of the images and the number of epochs. Metrics are of the test part; tables as printed by
``recognition.py``. Each training is added to FILE.json when it is done, so a run that was stopped goes on where it was.
"""

import argparse
import hashlib
import json
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

import torch
from paired import ABLATION, FULL, comparison, print_tables, shown
from quakeops.errors import InputError
from quakeops.files import write_atomically
from quakeops.scenario_gen.recognition.chips import synthetic_chips
from quakeops.scenario_gen.recognition.vision.protocol import Protocol
from quakeops.scenario_gen.recognition.vision.training import train
from timed_run import told_header

VARIANTS = {**ABLATION, "cross-entropy + full": dict(risk=FULL, cross_entropy=1.0)}


def one_training(seed, variant, settings):
    """Return the metrics of one variant, and how the training went."""
    start = time.perf_counter()
    images, grades = synthetic_chips(settings["chips"], seed, size=settings["size"], ambiguity=settings["ambiguity"])
    protocol = Protocol(seed=seed, **{name: settings[name] for name in ("epochs", "size", "batch_size")})
    model = train(images, grades, protocol, backbone=settings["backbone"], device="cpu", **VARIANTS[variant])
    test = model.split["test"]
    return {
        "metrics": shown(model.predict_proba(images[test]), grades[test]),
        "backbone": model.backbone,
        "best_epoch": model.best_epoch,
        "validation_kappa": [epoch.validation_kappa for epoch in model.history],
        "notes": list(model.notes),
        "seconds": time.perf_counter() - start,
    }


def resumed(path, head, settings):
    """Return what the file holds of a run with the same settings, or an empty one."""
    if not path.exists():
        return head | {"settings": settings, "trainings": {}}
    told = json.loads(path.read_text(encoding="utf-8"))
    if told["settings"] != settings:
        raise InputError(f"{path} holds a run with other settings, {told['settings']}: give another file")
    print(f"{path}: {sum(map(len, told['trainings'].values()))} trainings are there already")
    return told


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--chips", type=int, default=3501)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch", dest="batch_size", type=int, default=128)
    parser.add_argument("--backbone", default="small-resnet")
    parser.add_argument("--ambiguity", type=float, default=1.0)
    parser.add_argument("--processes", type=int, default=2, help="each trains on one thread")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    settings = {name: getattr(asked, name) for name in ("chips", "size", "epochs", "batch_size", "backbone", "ambiguity")}
    first, _ = synthetic_chips(20, 0, size=asked.size, ambiguity=asked.ambiguity)
    settings |= {"risk": asdict(FULL), "torch": str(torch.__version__), "first_chips": hashlib.sha256(first.tobytes()).hexdigest()[:16]}
    head = told_header(f"vision: {asked.seeds} seeds, {settings}")
    told = resumed(asked.out, head, settings)
    done = told["trainings"]
    tasks = [(seed, v) for seed in range(asked.seeds) for v in VARIANTS if v not in done.get(str(seed), {})]
    start = time.perf_counter()
    with ProcessPoolExecutor(asked.processes, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        futures = {pool.submit(one_training, *task, settings): task for task in tasks}
        for future in as_completed(futures):
            (seed, variant), outcome = futures[future], future.result()
            done.setdefault(str(seed), {})[variant] = outcome
            write_atomically(asked.out, json.dumps(told, indent=1) + "\n")
            print(f"seed {seed} {variant:22} kappa {outcome['metrics']['kappa']:.3f}, {outcome['seconds']:.0f} s", flush=True)
    print(f"{len(tasks)} trainings in {time.perf_counter() - start:.0f} s")
    found = comparison([{v: done[str(seed)][v]["metrics"] for v in VARIANTS} for seed in range(asked.seeds)])
    print_tables(found)
    write_atomically(asked.out, json.dumps(told | {"seeds": asked.seeds} | found, indent=1) + "\n")


if __name__ == "__main__":
    main()
