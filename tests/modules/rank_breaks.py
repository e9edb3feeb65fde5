"""farmer, whose scenario creator fails on one MPI rank alone."""

import os

from farmer import inparser_adder, kw_creator, scenario_denouement, scenario_names_creator  # noqa: F401
from farmer import scenario_creator as create


def scenario_creator(name, **kwargs):
    if os.environ.get("PMI_RANK") == "1":
        raise RuntimeError("disk quota exceeded on this node")
    return create(name, **kwargs)
