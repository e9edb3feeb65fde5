"""Scenario generation: how long a region takes, with how much memory, and where the time goes.

``regions``  the default: istanbul x 1,000 by `quakeops generate`; tokyo x 10,000: fields, four damage states, losses, cascade, sums by zone
``parts``    one thread, milliseconds a scenario: BSSA14, distances, field, damage, cascade
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from timed_run import save, told_header

HERE = Path(__file__).parent


def regions(arguments: argparse.Namespace) -> dict:
    data = told_header("quakeops generate REGION, each in a process of its own, file written")
    print(f"{'':28} {'sites':>8} {'whole s':>8} {'CPU s':>8} {'MB':>7} {'ms/scenario':>12}")
    data["runs"] = []
    for region, count in arguments.runs:
        with tempfile.TemporaryDirectory() as folder:
            begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            command = [sys.executable, "-m", "quakeops", "generate", region, "--scenarios", str(count), "--seed", "1"]
            script = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
            script += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
            done = subprocess.run(
                [sys.executable, "-c", script, *command, "--out", f"{folder}/set.nc"], capture_output=True, text=True, check=True
            )
            seconds, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
            size = Path(folder, "set.nc").stat().st_size
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        peak = int(done.stdout.strip().splitlines()[-1]) / 1024
        sites = sites_of(region)
        print(f"{f'{region} x {count:,}':28} {sites:8,d} {seconds:8.1f} {cpu:8.1f} {peak:7.0f} {1000 * seconds / count:12.1f}", flush=True)
        run = {"region": region, "scenarios": count, "sites": sites, "whole_s": seconds, "cpu_s": cpu, "peak_mb": peak, "file_bytes": size}
        data["runs"].append(run)
    return data


def sites_of(region: str) -> int:
    from quakeops.scenario_gen.regions import open_region

    return len(open_region(region).buildings)


def parts(arguments: argparse.Namespace) -> dict:
    import numpy as np
    from quakeops.scenario_gen.generation import ScenarioGenerator
    from quakeops.scenario_gen.ground_motion import bssa14
    from quakeops.scenario_gen.regions import open_region
    from quakeops.scenario_gen.ruptures import rjb_km

    exposure = open_region(arguments.region)
    data = told_header(f"{arguments.region}: {len(exposure.buildings):,} buildings, one thread, median of {arguments.repeat}")
    generator = ScenarioGenerator(exposure, seed=1)
    shaking = generator.shaking
    x, y = exposure.building_km
    rupture = shaking.event(0).rupture
    distance = rjb_km(rupture, x, y)
    shaken = shaking.block(0, 2)
    failed = np.array([generator.damage.of(k, s).failed for k, s in enumerate(shaken)] * 8)
    from quakeops.scenario_gen.cascade import sample_function

    rows = {
        "bssa14, PGA, all buildings": (1, lambda: bssa14(7.2, distance, exposure.buildings.vs30_m_s)),
        "R_JB from the rupture": (1, lambda: rjb_km(rupture, x, y)),
        "field at all sites": (2, lambda: shaking._field.block(0, 2)),
        "shaking in all": (2, lambda: shaking.block(0, 2)),
        "damage, losses, sums by zone": (1, lambda: generator.damage.of(0, shaken[0])),
        "cascade": (16, lambda: sample_function(generator.graph, failed, seed=1, first_scenario=0, threads=1)),
        "everything": (16, lambda: generator.block(0, 16)),
    }
    data["ms"] = {}
    for name, (scenarios, work) in rows.items():
        times = []
        for _ in range(arguments.repeat):
            begin = time.perf_counter()
            work()
            times.append(time.perf_counter() - begin)
        data["ms"][name] = 1000 * sorted(times)[len(times) // 2] / scenarios
        print(f"{name:32} {data['ms'][name]:8.2f} ms a scenario", flush=True)
    return data


def run(text: str) -> tuple[str, int]:
    region, _, count = text.partition(":")
    return region, int(count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    sub = commands.add_parser("regions")
    sub.add_argument("--runs", type=run, nargs="+", default=[("istanbul", 1000), ("tokyo", 10_000)], metavar="REGION:N")
    sub.set_defaults(command=regions)
    sub = commands.add_parser("parts")
    sub.add_argument("--region", default="tokyo")
    sub.add_argument("--repeat", type=int, default=5)
    sub.set_defaults(command=parts)
    for each in commands.choices.values():
        each.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    data = arguments.command(arguments)
    save(data, arguments.out or HERE / "results" / f"scenarios-{arguments.command.__name__}.json")


if __name__ == "__main__":
    main()
