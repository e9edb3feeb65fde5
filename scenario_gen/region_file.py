"""A user's own region: a JSON file that names tables of buildings and infrastructure, faults, zones and a pre-positioning instance.

``buildings`` is a CSV or GeoJSON file, ``components`` and ``dependencies`` (optional) CSV files, ``relief`` an instance without scenarios
whose nodes are the zones; paths are relative to the region file. Column names are those in common use, see
:data:`.building_tables.BUILDING_COLUMNS`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..errors import InstanceError
from ..files import read_json_text
from ..instances import Prepositioning, load_as
from ..instances.json_lines import at_line
from ..instances.loader import explain
from .building_tables import read_buildings
from .component_tables import no_components, read_components
from .exposure import Exposure, Fault, Hazard, Zones
from .fragility_tables import read_fragilities
from .geometry import Projection

Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ZoneRecord(_Record):
    """A zone: its name is that of a node of the instance, which gives its place."""

    name: str
    area_km2: Positive = 1.0
    population: Annotated[int, Field(ge=0)]


class FaultRecord(_Record):
    """A fault; ``trace`` as [latitude, longitude] pairs, dipping to the right of the way along it."""

    name: str
    trace: Annotated[list[tuple[Latitude, Longitude]], Field(min_length=2)]
    dip_degrees: Annotated[float, Field(ge=1, le=90)] = 90.0
    top_km: Annotated[float, Field(ge=0)] = 0.0
    bottom_km: Positive = 15.0
    mechanism: Literal["strike-slip", "reverse", "normal", "unspecified"] = "unspecified"
    magnitudes: tuple[Annotated[float, Field(ge=3, le=9)], Annotated[float, Field(ge=3, le=9)]]
    b_value: Annotated[float, Field(ge=0)] = 1.0
    annual_rate: Positive

    @model_validator(mode="after")
    def _ordered(self) -> FaultRecord:
        if self.magnitudes[0] >= self.magnitudes[1]:
            raise ValueError(f"magnitudes {self.magnitudes}: expected the smaller one first")
        if self.top_km >= self.bottom_km:
            raise ValueError(f"bottom_km {self.bottom_km:g}: expected a depth below top_km {self.top_km:g}")
        return self


class HazardRecord(_Record):
    """Settings of the ground motion; see :class:`.exposure.Hazard`."""

    region: Literal["global", "china-turkey", "italy-japan"] = "global"
    basin: Literal["california", "japan"] | None = None
    h_x_km: Positive = 40.7 / 3
    h_y_km: Positive = 40.7 / 3
    azimuth_deg: float = 0.0
    aftershock_regime: str = "ANSR-SHALCON"


class RegionRecord(_Record):
    """The region file."""

    format: Literal["quakeops/region/1"]
    name: str
    title: str = ""
    buildings: str
    components: str | None = None
    dependencies: str | None = None
    fragilities: str | None = None
    acyclic: bool = False
    relief: str
    zones: Annotated[list[ZoneRecord], Field(min_length=1)]
    faults: Annotated[list[FaultRecord], Field(min_length=1)]
    hazard: HazardRecord = HazardRecord()


def read_region(path: str | Path) -> Exposure:
    """Read a region file and the files that it names.

    Raises
    ------
    InputError
        A file is missing or malformed; the message names file, row or line and field, value and what was expected.
    """
    data, text = read_json_text(path)
    record = _validated(data, text, str(path))
    folder = Path(path).parent
    relief = load_as(Prepositioning, folder / record.relief)
    nodes = {n.name: n for n in relief.nodes}
    names = tuple(z.name for z in record.zones)
    if list(names) != [n.name for n in relief.nodes]:
        odd = next((n for n in names if n not in nodes), None) or next((n for n in nodes if n not in names), "their order")
        where = at_line(str(path), text, ("zones",))
        raise InstanceError(f"{where}: field 'zones': names must be those of the nodes of {record.relief}, in their order; {odd!r} differs")
    latitude = np.array([nodes[n].latitude for n in names])
    longitude = np.array([nodes[n].longitude for n in names])
    origin = Projection(float(latitude.mean()), float(longitude.mean()))
    links = [link.name for link in relief.links]
    components = (
        no_components()
        if record.components is None
        else read_components(
            folder / record.components,
            None if record.dependencies is None else folder / record.dependencies,
            names,
            links,
            origin,
            () if record.fragilities is None else read_fragilities(folder / record.fragilities),
            strict=record.acyclic,
        )
    )
    return Exposure(
        name=record.name,
        title=record.title or record.name,
        origin=origin,
        zones=Zones(
            names,
            latitude,
            longitude,
            np.array([z.area_km2 for z in record.zones]),
            np.array([z.population for z in record.zones], dtype=np.int64),
        ),
        buildings=read_buildings(folder / record.buildings, names, (latitude, longitude), origin),
        infrastructure=components,
        faults=tuple(Fault(**f.model_dump() | {"trace": np.array(f.trace)}) for f in record.faults),
        hazard=Hazard(**record.hazard.model_dump()),
        relief=relief,
    )


def _validated(data: Any, text: str, where: str) -> RegionRecord:
    if not isinstance(data, dict):
        raise InstanceError(f"{where}: a region is a JSON object, found {type(data).__name__}")
    try:
        return RegionRecord.model_validate(data)
    except ValidationError as e:
        raise InstanceError(explain(e, where, data, text)) from None
