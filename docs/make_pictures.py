"""Draw the pictures of the documentation: `.venv/bin/python docs/make_pictures.py` (extra `plot`; about five minutes).

The maps are what the command beside them on their page draws; pictures are reduced to 1400 pixels and 256 colours. With file
names as arguments these pictures are reduced in place and nothing is drawn (for README's, which are drawn elsewhere).
"""

import sys
import tempfile
from pathlib import Path

import quakeops
from PIL import Image  # comes with matplotlib
from quakeops import plots
from quakeops.scenario_gen import scenario_set

PICTURES = Path(__file__).parent / "pictures"
WIDTH = 1400
PLAN_SCENARIO = "scen401"
TOWN_SCENARIO = 25


def shrink(source: Path, target: Path) -> None:
    """Write ``source`` as a small PNG."""
    image = Image.open(source).convert("RGB")
    size = (WIDTH, round(image.height * WIDTH / image.width))
    small = image.resize(size, Image.Resampling.LANCZOS)
    small.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=2).save(target, optimize=True)


def plans_and_convergence() -> None:
    """Draw the pictures of results."""
    plan = quakeops.solve("prepositioning", instance="islands-3", rel_gap=1e-6)
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "picture.png"
        for name, scenario in (("islands-3-plan", "M6.5 Melaki, quay lost"), ("islands-3-largest", None)):
            plots.draw(plan, "plan", drawn, scenario=scenario)
            shrink(drawn, PICTURES / f"{name}.png")
        runs = [
            quakeops.solve("prepositioning", instance="prepositioning-random", scenarios=50, seed=1, method=method, time_limit=120)
            for method in ("ef", "ph")
        ]
        plots.compare(runs, drawn)
        shrink(drawn, PICTURES / "convergence.png")


def scenario_sets() -> None:
    """Draw the pictures of scenario sets: Istanbul, and the cascade of a town, small enough for single dependencies to be seen."""
    istanbul = quakeops.generate("istanbul", scenarios=1000, seed=1)
    town = quakeops.generate("town", scenarios=40, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "picture.png"
        for kind in plots.SET_KINDS:
            plots.draw_set(istanbul, kind, drawn)
            shrink(drawn, PICTURES / f"istanbul-{kind}.png")
        made = Path(folder) / "istanbul.nc"
        scenario_set.save(istanbul, made)
        plan = quakeops.solve("prepositioning", scenario_file=str(made), method="benders", rel_gap=1e-3)
        plots.draw(plan, "plan", drawn, scenario=PLAN_SCENARIO)
        shrink(drawn, PICTURES / "istanbul-plan.png")
        plots.draw_set(town, "cascade", drawn, scenario=TOWN_SCENARIO)
        shrink(drawn, PICTURES / "town-cascade.png")


def main() -> None:
    """Draw them all."""
    PICTURES.mkdir(exist_ok=True)
    plans_and_convergence()
    scenario_sets()


if __name__ == "__main__":
    if sys.argv[1:]:
        for name in sys.argv[1:]:
            shrink(Path(name), Path(name))
    else:
        main()
