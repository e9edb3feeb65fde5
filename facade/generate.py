"""``quakeops.generate``: scenario sets of a region."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .. import parallel
from ..files import require_writable

if TYPE_CHECKING:
    import xarray as xr


def generate(
    region: str | Path,
    *,
    scenarios: int,
    seed: int = 0,
    time_of_day: str = "night",
    fault: str | None = None,
    magnitude: float | None = None,
    importance: bool = False,
    aftershocks: bool = False,
    reduce_to: int | None = None,
    reduction: str = "forward",
    threads: int | None = None,
    out: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Generate a scenario set of a region: ground motion, damage, cascade, losses, relief needed.

    Parameters
    ----------
    region
        Packaged region (``"istanbul"``, ``"tokyo"``, ``"los-angeles"``, ``"chengdu"``, ``"town"``) or a region file.
    scenarios, seed
        How many; scenario k depends on the seed and k alone.
    time_of_day
        Where people are: ``"night"``, ``"day"`` or ``"commute"``.
    fault, magnitude
        This fault alone; this magnitude instead of drawn ones.
    importance
        Draw large magnitudes and residuals more often, and weight.
    aftershocks
        Add the damage of aftershocks within 72 h.
    reduce_to, reduction
        Keep so many scenarios with optimal probabilities, chosen by ``"forward"`` selection or ``"medoids"``.
    threads
        Default: one a core. No number depends on it.
    out
        NetCDF file to write, for ``solve(..., scenario_file=...)``.
    progress
        Called with scenarios done and in all.

    Returns
    -------
    xarray.Dataset
        Variables of :data:`quakeops.scenario_gen.scenario_set.VARIABLES`, each with its units.

    Raises
    ------
    InputError
        An unknown name, a value out of range, a file that is missing or malformed; the message says what.

    Examples
    --------
    >>> import quakeops
    >>> town = quakeops.generate("town", scenarios=4, seed=1)
    >>> dict(town.sizes)["scenario"], town["loss"].units
    (4, 'money')
    """
    from ..scenario_gen.make_set import make_set
    from ..scenario_gen.regions import open_region
    from ..scenario_gen.scenario_set import save as save_set

    if out is not None:
        require_writable(Path(out))

    def made() -> xr.Dataset:
        data = make_set(
            open_region(region),
            scenarios,
            seed=seed,
            time_of_day=time_of_day,
            fault=fault,
            magnitude=magnitude,
            importance=importance,
            aftershocks=aftershocks,
            reduce_to=reduce_to,
            reduction=reduction,
            threads=threads,
            progress=progress,
        )
        if out is not None:
            save_set(data, out)
        return data

    return parallel.on_rank_0(parallel.world(), made)
