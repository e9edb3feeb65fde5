"""Which column of a bridge inventory holds what: our own format, and extracts of the public inventories of the San Francisco Bay Area.

The public data come from github.com/bakerjw/bayAreaTransportation and github.com/gbhattacharjee/sobol (GPL-3), as Python pickles; neither
they nor the CSV extracts whose columns stand here are part of this package. Medians are of SA(1.0) in g; element ids are in the column
``original_id``, and damage maps name a bridge ``b1165`` by it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

STATES = ("slight", "moderate", "extensive", "complete")
"""Damage states of Hazus for which an inventory may have medians."""

MEASURES = ("SA(1.0)", "PGA")
"""Intensity measures; without a column for it the first is meant."""


def _each(pattern: str, states: tuple[str, ...] = STATES) -> Mapping[str, str]:
    return MappingProxyType({state: pattern.format(state) for state in states})


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeColumns:
    """Names of the columns; only ``name``, ``latitude``, ``longitude``, one median and a beta need to exist.

    ``prefix`` is put before each name; ``medians`` maps damage states, from light to heavy, to columns in g; ``beta`` is one column for all
    states, ``betas`` a column each, ``common_beta`` a number for files that give none; ``no_year`` is how the file writes an unknown year;
    ``square_feet`` tells that deck areas are in ft2; ``unread`` are columns that are known and not used. ``lift_medians`` takes a median
    below that of a lighter state as equal to it, with a note, in place of an error: a state is then reached only if the lighter ones are.
    """

    name: str = "name"
    prefix: str = ""
    title: str = "title"
    latitude: str = "lat"
    longitude: str = "lon"
    measure: str = "imt"
    medians: Mapping[str, str] = field(default_factory=lambda: _each("{}_g"))
    beta: str = "beta"
    betas: Mapping[str, str] = field(default_factory=lambda: _each("{}_beta"))
    common_beta: float | None = None
    year: str = "year"
    no_year: str = ""
    length: str = "length_m"
    deck_area: str = "deck_area_m2"
    square_feet: bool = False
    repair_cost: str = "repair_cost"
    retrofit_cost: str = "retrofit_cost"
    links: str = "links"
    links_below: str = "links_below"
    unread: tuple[str, ...] = ()
    lift_medians: bool = False

    @property
    def known(self) -> tuple[str, ...]:
        """All columns that a file may have."""
        alone = (self.name, self.title, self.latitude, self.longitude, self.measure, self.beta, self.year, self.length, self.deck_area)
        return (
            *alone,
            self.repair_cost,
            self.retrofit_cost,
            self.links,
            self.links_below,
            *self.medians.values(),
            *self.betas.values(),
            *self.unread,
        )

    def amounts(self, among: Container[str]) -> Iterator[tuple[str, str]]:
        """Yield field of the inventory and column of every quantity that must not be negative and is ``among`` the file's columns."""
        for name, column in (
            ("length_m", self.length),
            ("deck_area_m2", self.deck_area),
            ("repair_cost", self.repair_cost),
            ("retrofit_cost", self.retrofit_cost),
        ):
            if column in among:
                yield name, column

    def all_in(self, header: tuple[str, ...]) -> bool:
        """Whether a file's header has the name, every median and every unread column."""
        return {self.name, *self.medians.values(), *self.unread} <= set(header)


QUAKEOPS = BridgeColumns()
"""Our own format: ``name, lat, lon``, any of ``slight_g, moderate_g, extensive_g, complete_g``, ``beta`` or ``slight_beta, ...``; optional
``title, imt, year, length_m, deck_area_m2, repair_cost, retrofit_cost, links, links_below``."""

_PUBLIC_MEDIANS = MappingProxyType({"moderate": "mod_Sa1", "extensive": "ext_Sa1", "complete": "com_Sa1"})

BAY_AREA = BridgeColumns(
    name="original_id",
    prefix="b",
    title="name",
    medians=_PUBLIC_MEDIANS,
    year="year_built",
    no_year="0",
    deck_area="deck_area_ft2",
    square_feet=True,
    links="edges_direct",
    links_below="edges_indirect",
    unread=("new_id", "bridge_number", "county", "route", "postmile", "material", "design", "omega"),
    lift_medians=True,
)
"""The 1,743 bridges of the Bay Area. One of them, b1884, has an extensive median below its moderate one."""

SAN_FRANCISCO_71 = BridgeColumns(
    name="original_id",
    prefix="b",
    title="name",
    medians=_PUBLIC_MEDIANS,
    common_beta=0.6,
    deck_area="deck_area_ft2",
    square_feet=True,
    repair_cost="repair_usd_293x0.25xarea",
    retrofit_cost="retrofit_usd_0.30xrepair",
    links="edges_direct",
    links_below="edges_indirect",
    unread=("new_id", "age", "traffic_2010", "omega"),
)
"""71 bridges of San Francisco, with costs. The file gives no beta: 0.6 is that of the same bridges in the larger one."""

PRESETS = (BAY_AREA, SAN_FRANCISCO_71)
