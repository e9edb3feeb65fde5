"""gulf-coast-51 by extensive form to 1e-6 and by PH on three ranks; PH's bounds must bracket the optimum, evaluate must reproduce it."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

QUAKEOPS = [sys.executable, "-m", "quakeops"]
MPIEXEC = str(Path(sys.executable).with_name("mpiexec"))


def run(*command: str) -> tuple[dict, float]:
    """Run a command that prints one JSON object; returns it and the seconds of the whole process."""
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return json.loads(done.stdout), time.perf_counter() - start


def main() -> None:
    problem = ["solve", "prepositioning", "--instance", "gulf-coast-51", "--json"]
    with tempfile.TemporaryDirectory() as folder:
        plan = str(Path(folder) / "plan.json")
        ef, ef_s = run(*QUAKEOPS, *problem, "--method", "ef", "--rel-gap", "1e-6", "--out", plan)
        evaluated, evaluate_s = run(*QUAKEOPS, "evaluate", plan, "--json")
    rows = [("extensive form, 1e-6", ef, ef_s)]
    for gap in ("5e-3", "1e-3"):
        ph, ph_s = run(MPIEXEC, "-n", "3", *QUAKEOPS, *problem, "--method", "ph", "--rel-gap", gap, "--time-limit", "150")
        rows.append((f"PH on 3 ranks, {gap}", ph, ph_s))
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, "
        f"{ef['provenance']['versions']}"
    )
    print(f"{'method':24} {'status':10} {'objective':>16} {'bound':>16} {'gap':>10} {'seconds':>8}")
    for name, r, seconds in rows:
        print(f"{name:24} {r['status']:10} {r['objective']:16,.2f} {r['bound']:16,.2f} {r['gap']:10.2e} {seconds:8.1f}")
    cost = evaluated["expected_cost"]["value"]
    print(f"evaluate: expected cost {cost:,.2f} in {evaluate_s:.1f} s, relative difference {abs(cost / ef['objective'] - 1):.1e}")
    print(f"          EVPI {evaluated['evpi']['value']:,.2f}, VSS {evaluated['vss']['value']:,.2f}, demand met {evaluated['demand_met']}")
    brackets = all(r["bound"] <= ef["objective"] * (1 + 1e-6) and ef["bound"] <= r["objective"] * (1 + 1e-6) for _, r, _ in rows)
    print("PH brackets the optimum" if brackets else "PH DOES NOT BRACKET THE OPTIMUM")
    raise SystemExit(not brackets)


if __name__ == "__main__":
    main()
