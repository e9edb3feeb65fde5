"""Random fields with the same exponential correlation: ours, GSTools' randomization method, and the exact dense Cholesky factor.

``random_field.py [--length 13.57] [--side 116] [--out FILE.json]`` prints processor time of one thread. GSTools (``pip install gstools``)
is measured where it is installed. "error" is the largest |correlation - wanted one|: of ours by arithmetic, over the 1,000 sites that are
closest to another one.
"""

import argparse
import importlib.util
import resource
import time
from pathlib import Path

import numpy as np
from quakeops.scenario_gen.random_field import CholeskySampler, Correlation, FieldSampler, interpolated_correlation
from scipy.spatial import cKDTree
from threadpoolctl import threadpool_limits
from timed_run import save, told_header

HERE = Path(__file__).parent
SEED = 1


def measured(call, repeat=1):
    """Return what a call gives, and the least processor and wall-clock seconds of some repetitions."""
    least = [np.inf, np.inf]
    for _ in range(repeat):
        cpu, wall = time.process_time(), time.perf_counter()
        result = call()
        least = [min(least[0], time.process_time() - cpu), min(least[1], time.perf_counter() - wall)]
    return result, *least


def error(sampler):
    """Return the largest error of a correlation between the most crowded sites."""
    places = np.column_stack(sampler.correlation.isotropic(sampler.x_km, sampler.y_km))
    distance, _ = cKDTree(places).query(places, k=2)
    chosen = np.argsort(distance[:, 1])[:1000]
    exact = sampler.correlation.matrix(sampler.x_km[chosen], sampler.y_km[chosen])
    return float(np.abs(interpolated_correlation(sampler.grid, *places[chosen].T) - exact).max())


def ours(correlation, x, y, fields=20):
    sampler, setup, _ = measured(lambda: FieldSampler(correlation, x, y, seed=SEED))
    _, cpu, wall = measured(lambda: sampler.block(0, fields), repeat=5)
    return {"setup": setup, "cpu": cpu / fields, "wall": wall / fields, "error": error(sampler)}


def gstools(correlation, x, y):
    import gstools as gs

    gs.config.NUM_THREADS = 1
    field = gs.SRF(gs.Exponential(dim=2, var=1, len_scale=correlation.h_x_km), seed=SEED)
    _, cpu, wall = measured(lambda: field((x, y), seed=SEED + 1), repeat=3)
    return {"setup": 0.0, "cpu": cpu, "wall": wall, "error": None}


def dense(correlation, x, y, fields=16):
    sampler, setup, _ = measured(lambda: CholeskySampler(correlation, x, y, seed=SEED))
    _, cpu, wall = measured(lambda: sampler.block(0, fields), repeat=3)
    return {"setup": setup, "cpu": cpu / fields, "wall": wall / fields, "error": 0.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--length", type=float, default=40.7 / 3, help="correlation length in km (default: Jayaram & Baker, clustered PGA)")
    parser.add_argument("--side", type=float, default=116.0, help="side of the square in km")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "random-field.json")
    asked = parser.parse_args()
    correlation = Correlation(asked.length, asked.length)
    head = told_header(f"random fields in a square of {asked.side:g} km, correlation length {asked.length:.2f} km, one thread")
    plan = [(285_400, ours), (100_000, ours), (13_000, ours), (4_000, ours), (1_000, ours)]
    plan += [(100_000, gstools)] if importlib.util.find_spec("gstools") else []
    plan += [(1_000, dense), (4_000, dense), (13_000, dense)]
    print(f"{'method':9s}{'sites':>9s}{'setup s':>10s}{'ms a field':>12s}{'wall ms':>10s}{'error':>9s}{'peak MB':>9s}{'times ours':>12s}")
    rows, of_ours = [], {}
    for n, method in plan:
        x, y = np.random.default_rng(0).uniform(0, asked.side, (2, n))
        row = {"method": method.__name__, "sites": n} | method(correlation, x, y)
        row["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        of_ours.setdefault(n, row["cpu"])
        wrong = "" if row["error"] is None else f"{row['error']:.4f}"
        print(f"{row['method']:9s}{n:9,d}{row['setup']:10.2f}{1e3 * row['cpu']:12.2f}{1e3 * row['wall']:10.2f}{wrong:>9s}", end="")
        print(f"{row['peak_mb']:9.0f}{row['cpu'] / of_ours[n]:12.1f}", flush=True)
        rows.append(row)
    save(head | {"rows": rows}, asked.out)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
