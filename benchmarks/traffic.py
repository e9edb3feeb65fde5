"""User equilibrium of the public TNTP networks: seconds to a relative gap, by path Newton, bi-conjugate Frank-Wolfe and AequilibraE.

``traffic.py [--folder FOLDER] [--peer PYTHON] [--scenarios 450] [--out FILE.json]``. FOLDER (or ``QUAKEOPS_TNTP``) holds the files, see
``docs/traffic.md``; PYTHON is an interpreter that has AequilibraE (``pip install aequilibrae``, in an environment of its own). Seconds
are the least of three runs in one process, without reading the files; the peer's are the better of one and two threads and leave out
preparing its graph. "error" is the Beckmann value's relative distance from path Newton's at gap 1e-12, by our arithmetic
for all. Chicago-Sketch comes without trips here: its trips are made up (gravity, seed 1). The last table is Sioux Falls under random
damage, each link closed with probability 0.05 and slowed with 0.2, solved from nothing and from the paths of the undamaged network.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from quakeops.instances.tntp import find_tntp, read_network, read_trips
from quakeops.scenario_gen.traffic import LinkCosts, damaged_equilibria, user_equilibrium
from timed_run import save, told_header

HERE = Path(__file__).parent
NETWORKS = ("sioux-falls", "eastern-massachusetts", "berlin-friedrichshain", "anaheim", "chicago-sketch")
GAPS = (1e-4, 1e-6, 1e-10)
MOST_ITERATIONS = 20_000
LEAST_TIME = 1e-6  # the peer takes no links without time
PEER_COLUMNS = ("tail", "head", "capacity", "free_flow_time", "b", "power")


def load(name, folder):
    files = find_tntp(name, folder)
    network = read_network(files.network, files.nodes)
    return network, gravity(network) if files.trips is None else read_trips(files.trips, network.zones)


def gravity(network, total=300_000.0):
    """Return trips made up: random sizes of zones, falling with the free-flow time between them."""
    size = np.random.default_rng(1).lognormal(0, 1, network.zones)
    apart = user_equilibrium(network, np.zeros((network.zones, network.zones))).travel_costs().filled(np.inf)
    trips = np.outer(size, size) * np.exp(-apart / 15)
    np.fill_diagonal(trips, 0)
    return trips * total / trips.sum()


def least(call, times=3):
    """Return what a call gives, and the least of some seconds; a call of more than 20 s is made once."""
    seconds = []
    while len(seconds) < times and sum(seconds) < 20:
        start = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - start)
    return result, min(seconds)


def ours(network, trips, method, gap):
    found, seconds = least(lambda: user_equilibrium(network, trips, method=method, rel_gap=gap, max_iterations=MOST_ITERATIONS))
    return {"seconds": seconds, "rel_gap": found.rel_gap, "iterations": found.iterations, "flow": found.flow}


def peer(python, network, trips, gap):
    """Return AequilibraE's best of one and two threads."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.json"
        data = {c: getattr(network, c).tolist() for c in PEER_COLUMNS}
        data["free_flow_time"] = np.maximum(network.free_flow_time, LEAST_TIME).tolist()
        data |= {"trips": trips.tolist(), "first_through": network.first_through}
        file.write_text(json.dumps(data), encoding="utf-8")
        told = []
        for cores in (1, 2):
            command = [python, str(HERE / "traffic_peer.py"), str(file), str(gap), str(MOST_ITERATIONS), str(cores)]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800)
            if done.returncode:
                return {"failed": (done.stderr.strip().splitlines() or ["nothing on stderr"])[-1]}
            told.append(json.loads(done.stdout.strip().splitlines()[-1]))
    best = min(told, key=lambda t: t["seconds"])
    return best | {"flow": np.array(best["flow"])}


def compare(name, folder, python):
    network, trips = load(name, folder)
    costs, best = LinkCosts.of(network), user_equilibrium(network, trips, rel_gap=1e-12, max_iterations=100)
    print(
        f"\n{name}: {network.zones} zones, {network.links} links, {np.count_nonzero(trips)} pairs; Beckmann {best.beckmann:.6f}, ", end=""
    )
    print(f"total time {best.total_time:.6f}, gap {best.rel_gap:.1e}")
    print(f"{'method':14s}{'asked':>8s}{'seconds':>10s}{'iterations':>12s}{'gap':>10s}{'error':>10s}", flush=True)
    rows = []
    for gap in GAPS:
        plan = {m: lambda m=m, gap=gap: ours(network, trips, m, gap) for m in ("path-newton", *(["frank-wolfe"] if gap >= 1e-6 else []))}
        if python and gap >= 1e-6 and not (costs.fixed.any()):
            plan["aequilibrae"] = lambda gap=gap: peer(python, network, trips, gap)
        for method, run in plan.items():
            row = {"network": name, "method": method, "asked": gap} | run()
            if "failed" in row:
                print(f"{method:14s}{gap:8.0e}  {row['failed']}", flush=True)
            else:
                row["error"] = costs.beckmann(row.pop("flow")) / best.beckmann - 1
                numbers = f"{row['seconds']:10.3f}{row['iterations']:12d}{row['rel_gap']:10.1e}{row['error']:10.1e}"
                print(f"{method:14s}{gap:8.0e}{numbers}", flush=True)
            rows.append(row)
    return rows


def scenarios(folder, count):
    network, trips = load("sioux-falls", folder)
    rng = np.random.default_rng(1)
    closed, slow = rng.random((count, network.links)) < 0.05, np.where(rng.random((count, network.links)) < 0.2, 2.0, 1.0)
    hit = [network.damaged(closed=c, slow=s) for c, s in zip(closed, slow, strict=True)]
    base = user_equilibrium(network, trips)
    rows = []
    print(f"\nsioux-falls, {count} damaged networks to a gap of 1e-8")
    print(f"{'start':10s}{'seconds':>10s}{'ms each':>10s}{'iterations':>12s}{'worst gap':>12s}", flush=True)
    for start, run in (
        ("nothing", lambda: [user_equilibrium(n, trips) for n in hit]),
        ("paths", lambda: damaged_equilibria(network, trips, closed=closed, slow=slow, base=base)),
    ):
        found, seconds = least(run)
        row = {
            "start": start,
            "seconds": seconds,
            "iterations": np.mean([f.iterations for f in found]),
            "gap": max(f.rel_gap for f in found),
        }
        print(f"{start:10s}{seconds:10.2f}{1000 * seconds / count:10.1f}{row['iterations']:12.1f}{row['gap']:12.1e}", flush=True)
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="folder of the TNTP networks (default: QUAKEOPS_TNTP)")
    parser.add_argument("--peer", help="Python interpreter that has AequilibraE")
    parser.add_argument("--scenarios", type=int, default=450)
    parser.add_argument("--networks", nargs="*", default=NETWORKS)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "traffic.json")
    asked = parser.parse_args()
    head = told_header("user equilibrium of TNTP networks")
    rows = [row for name in asked.networks for row in compare(name, asked.folder, asked.peer)]
    save(head | {"rows": rows, "damaged": scenarios(asked.folder, asked.scenarios)}, asked.out)


if __name__ == "__main__":
    main()
