"""Draw the pictures of the documentation: `.venv/bin/python docs/make_pictures.py` (extra `plot`; about four minutes).

The maps are what the command beside them on their page draws; pictures are reduced to 1400 pixels and 256 colours. With file
names as arguments these pictures are reduced in place and nothing is drawn (for README's, which are drawn elsewhere).
"""

import sys
import tempfile
from pathlib import Path

import quakeops
from PIL import Image  # comes with matplotlib
from quakeops import plots

PICTURES = Path(__file__).parent / "pictures"
WIDTH = 1400


def shrink(source: Path, target: Path) -> None:
    """Write ``source`` as a small PNG."""
    image = Image.open(source).convert("RGB")
    size = (WIDTH, round(image.height * WIDTH / image.width))
    image.resize(size, Image.Resampling.LANCZOS).quantize(256).save(target, optimize=True)


def main() -> None:
    """Draw them all."""
    PICTURES.mkdir(exist_ok=True)
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


if __name__ == "__main__":
    if sys.argv[1:]:
        for name in sys.argv[1:]:
            shrink(Path(name), Path(name))
    else:
        main()
