"""Triage of Yushu's 3,501 buildings: what better recognition is worth in days, the price of each rule of fairness, and seconds.

.venv/bin/python benchmarks/triage.py worth     waits under recognisers of growing accuracy, by how long grades stay unknown
.venv/bin/python benchmarks/triage.py price     waits under each rule of fairness, and with --out the same as JSON
.venv/bin/python benchmarks/triage.py speed     3,501 buildings as 40 classes and one by one, 50 and 200 scenarios; 1,000,000 simulated

A recogniser of accuracy a tells the true grade with probability a and errs by one grade twice as often as by two, and so on (weights 1,
1/2, 1/4 over the other grades, rescaled). Its label is turned into probabilities by Bayes' rule with the shares of the grades in the
building's district; ``none`` is no label at all. Days lost are those beyond severity-first with all grades known, in the same scenarios.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import quakeops
from quakeops.decomposition.triage_schedule import triage_schedule
from quakeops.instances import load
from quakeops.instances.damage_grades import YUSHU, yushu_grades
from quakeops.instances.recognised_buildings import RecognisedBuildings, write_recognised
from quakeops.instances.triage_source import expected_grades
from quakeops.scenario_gen.recognition.likelihood import observation_likelihoods
from timed_run import save, told_header

SCENARIOS, GAP = 20, 1e-6
RULES = [
    {},
    {"max_wait": 37},
    {"max_wait": 38},
    {"quota": 0.5},
    {"quota": 0.8},
    {"quota": 0.9},
    {"quota": 0.95},
    {"quota": 1.0},
    {"gini": 0.05},
    {"gini": 0.0},
    {"cvar_days": 38.0},
    {"cvar_days": 36.5},
    {"max_wait": 40, "quota": 0.9},
]


def confusion_of(accuracy):
    """Return the rates (4, 4) of a recogniser, rows the true grade."""
    away = np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    errors = np.where(away > 0, 0.5 ** (away - 1.0), 0.0)
    return accuracy * np.eye(4) + (1 - accuracy) * errors / errors.sum(axis=1, keepdims=True)


def yushu_buildings():
    """Return grades and district names (3501,): Yushu's grades, spread over the districts of triage-yushu by its classes."""
    instance = load("triage-yushu")
    share = {}
    for group, row in zip(instance.classes, expected_grades(instance), strict=True):
        share[group.district] = share.get(group.district, 0) + row
    names, table = list(share), np.array(list(share.values()))
    grades = yushu_grades()
    cuts = [np.searchsorted(np.cumsum(table[:, k]) / table[:, k].sum(), (np.arange(n) + 0.5) / n) for k, n in enumerate(YUSHU)]
    return grades, np.array(names)[np.concatenate(cuts)]


def recognised(grades, districts, accuracy, seed):
    """Return what a recogniser says of the buildings; ``accuracy`` None says nothing but the district's shares."""
    names, place = np.unique(districts, return_inverse=True)
    prior = np.array([np.bincount(grades[place == d], minlength=4) for d in range(len(names))], dtype=float)[place]
    likelihood = np.ones((len(grades), 4))
    if accuracy is not None:
        rates = confusion_of(accuracy)
        label = np.array([np.random.default_rng([seed, k]).choice(4, p=rates[g]) for k, g in enumerate(grades)])
        likelihood = observation_likelihoods(np.eye(4)[label], confusion=1e6 * rates, dirichlet=1e-6)
    posterior = prior * likelihood
    return RecognisedBuildings(posterior / posterior.sum(axis=1, keepdims=True), tuple(districts))


def measured(instance, scenarios, arguments):
    """Return what a plan proved to 1e-6 does."""
    start = time.perf_counter()
    found = quakeops.solve("triage", instance=instance, scenarios=scenarios, method="benders", rel_gap=GAP, arguments=arguments)
    seconds = time.perf_counter() - start
    if found.objective is None:
        return {"status": str(found.status), "seconds": seconds}
    schedule = triage_schedule(found)
    done = schedule.done
    days = schedule.district_day
    return {
        "status": str(found.status),
        "objective": found.objective,
        "gap": found.gap,
        "wait": done.mean_wait,
        "severe wait": done.severe_wait,
        "T50": done.first_day(0.5),
        "T90": done.first_day(0.9),
        "known wait": schedule.known.mean_wait,
        "first district": float(days.min()),
        "last district": float(days.max()),
        "seconds": seconds,
    }


def line(name, row, free=None):
    """Print one measurement, with its price against ``free`` where that is given."""
    if "objective" not in row:
        print(f"{name:34}{row['status']}")
        return
    price = "" if free is None else f"{100 * (row['objective'] / free['objective'] - 1):9.3f} %"
    spread = f"{row['first district']:.1f} to {row['last district']:.1f}"
    lost = row["wait"] - row["known wait"]
    shown = f"{row['wait']:8.2f}{lost:8.2f}{row['severe wait']:9.2f}{row['T50']:5d}{row['T90']:5d}{spread:>15}"
    print(f"{name:34}{shown}{price}{row['gap']:10.1e}{row['seconds']:7.1f} s", flush=True)


def heading(*more):
    print(f"\n{'':34}{'wait':>8}{'lost':>8}{'severe':>9}{'T50':>5}{'T90':>5}{'districts':>15}{''.join(more)}")


def worth(asked):
    grades, districts = yushu_buildings()
    out = {}
    for first_days in (5, 20, 70):
        print(f"\ngrades known after day {first_days}", end="")
        heading()
        for accuracy in (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, None):
            path = asked.folder / "recognised.csv"
            buildings = recognised(grades, districts, accuracy, asked.seed)
            write_recognised(path, buildings.probabilities, districts=buildings.district)
            name = "none" if accuracy is None else f"accuracy {accuracy:g}"
            row = measured(str(path), SCENARIOS, {"first_days": first_days})
            out[f"{first_days} days, {name}"] = row
            line(name, row)
    return out


def price(asked):
    out = {}
    heading(f"{'price':>11}")
    for rules in RULES:
        name = ", ".join(f"{k}={v:g}" for k, v in rules.items()) or "no rule"
        out[name] = measured("triage-yushu", SCENARIOS, rules)
        line(name, out[name], out["no rule"])
    return out


def speed(asked):
    out = {}
    grades, districts = yushu_buildings()
    rng = np.random.default_rng(asked.seed)
    p = np.array([rng.dirichlet(8 * row + 0.05) for row in confusion_of(0.7)[grades]])
    path = asked.folder / "each.csv"
    write_recognised(path, p, districts=tuple(districts))
    for what, instance in (("40 classes", "triage-yushu"), ("3,501 classes", str(path))):
        for scenarios in (50, 200):
            start = time.perf_counter()
            found = quakeops.solve("triage", instance=instance, scenarios=scenarios, method="benders", rel_gap=1e-4)
            name = f"{what}, {scenarios} scenarios"
            out[name] = {"seconds": time.perf_counter() - start, "gap": found.gap, "objective": found.objective}
            print(f"{name:34}{out[name]['seconds']:8.1f} s   gap {found.gap:.1e}", flush=True)
    many = rng.choice(4, 1_000_000, p=np.array(YUSHU) / sum(YUSHU))
    p = rng.dirichlet(np.ones(4), len(many))
    for what, options in (
        ("severity-first alone", {"policies": "A", "draws": 0}),
        ("A, B, C", {"draws": 0}),
        ("A, B, C, 100 random orders", {}),
    ):
        start = time.perf_counter()
        quakeops.simulate_triage(many, p, **options)
        out[f"simulated, {what}"] = time.perf_counter() - start
        print(f"{'1,000,000 simulated, ' + what:48}{out[f'simulated, {what}']:6.2f} s", flush=True)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["worth", "price", "speed"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path(), help="where tables of recognised buildings are written")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    head = told_header(f"triage: {asked.part}")
    found = {"worth": worth, "price": price, "speed": speed}[asked.part](asked)
    if asked.out:
        save(head | {"seed": asked.seed, asked.part: found}, asked.out)


if __name__ == "__main__":
    main()
