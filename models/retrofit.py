r"""Retrofit before, repair after: which elements of a road network (bridges) to strengthen, and which to repair in each scenario.

Gomez & Baker's model as printed in Bucher et al. (eds.), ICOSSAR 2017, 1629-1638, eq. 1-4, with costs by element, many pairs, each with a
limit of its own, and x + y <= 1, which the paper does not print. x_e retrofits element e, y_e repairs it in a scenario, z_e = x_e + y_e
restores it:

    min  sum_e c_ret,e x_e  +  r E[ sum_e c_rep,e y_e ]                                                               (1)
    x_e + y_e <= 1                                                                      for all e                    (2)
    x, y binary,   sum_e c_ret,e x_e <= B,   sum_e y_e <= crews                         (where the instance has them) (3)

``requirement="path"``, the paper's: the fixed path p of each pair, whose link a takes t_a under damage and t0_a once its element is
restored,

    sum_{a in p} t0_a z_e(a) + t_a (1 - z_e(a)) <= T_p                                  for all pairs p               (4)

tightened for binary z as :mod:`.retrofit_paths` says (gain, need, must). ``requirement="shortest"``: some path meets T_p, not a given one.
With a unit flow (f on links as they are, g on restored ones) from the pair's origin to its destination,

    sum_a t_a f_pa + t0_a g_pa <= T_p,    f, g >= 0,    g_pa <= z_e(a)                  for all pairs p               (5)

A flow is a mix of paths, of which one is no longer than their mean, and a closed link takes T_p + 1: for binary z, (5) holds exactly if the
shortest path of the restored network meets T_p. With the same times and limits it is a relaxation of (4).
``formulation="cuts"`` writes (6) in place of (5), for networks on which the flows are too many.

``requirement="traffic"``: with all trips at the user equilibrium of the restored network, no pair takes longer than T_p. (4) and (5) assume
that an element changes the times of its own links alone; this does not. It has no closed form. Rows

    sum_{e in S} z_e + sum_{e in N} (1 - z_e) >= 1                                      for the rows (S, N) of a scenario (6)

are generated while solving, each proved by recomputing what it excludes (:mod:`.retrofit_recomputed`), until every decision of the plan
was recomputed and meets its limits.

E is over the year's earthquakes, probabilities being annual rates; a first scenario, in which nothing happens, has what they leave of 1.
r is ``ratio``, the years of operation or the weight of a repair against a retrofit. Units: costs in money, times in the instance's unit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo

from ..errors import InputError, ModelError
from ..instances import RoadBlock, RoadScenario, RoadSource
from ..instances.loader import naming_file
from ..scenario_gen.sources import open_roads
from .protocol import attach_first_stage, parameter, scenario_number
from .protocol import scenario_denouement as scenario_denouement
from .protocol import scenario_names_creator as scenario_names_creator
from .retrofit_equilibrium import EquilibriumTimes
from .retrofit_network import arcs_that_matter, check_restorable, network_limits
from .retrofit_paths import incidence, path_needs
from .retrofit_recomputed import Recomputed
from .retrofit_rows import RowPool, read_pool
from .retrofit_shortest import ShortestTimes

REQUIREMENTS = ("path", "shortest", "traffic")
FORMULATIONS = ("flow", "cuts")


def build(
    source: RoadSource,
    scen: RoadScenario,
    *,
    requirement: str = "path",
    formulation: str = "flow",
    ratio: float = 1.0,
    rows: RowPool | None = None,
) -> pyo.ConcreteModel:
    """Write the algebra of the module's docstring for one scenario; no random number is drawn here.

    Raises
    ------
    ModelError
        A form whose rows are generated, without ``rows``: what is left would be another problem.
    """
    inst = source.instance
    m = pyo.ConcreteModel(scen.name)
    element = {e.name: e for e in inst.elements}

    # sets
    m.elements = pyo.Set(initialize=list(element))
    data = random_data(source, scen, requirement=requirement, formulation=formulation, ratio=ratio, rows=rows)

    # first-stage variables
    m.retrofit = pyo.Var(m.elements, within=pyo.Binary)

    # second-stage variables
    m.repair = pyo.Var(m.elements, within=pyo.Binary)

    @m.Constraint(m.elements)
    def once(m, e):  # (2)
        return m.retrofit[e] + m.repair[e] <= 1

    if inst.retrofit_budget is not None:
        m.budget = pyo.Constraint(expr=sum(element[e].retrofit_cost * m.retrofit[e] for e in m.elements) <= inst.retrofit_budget)  # (3)
    if inst.crews is not None:
        m.crews = pyo.Constraint(expr=sum(m.repair[e] for e in m.elements) <= inst.crews)  # (3)

    if rows is not None:
        _add_rows(m, rows, data)
    elif requirement == "path":
        _add_paths(m, inst, data)
    else:
        _add_network(m, inst, data)

    m.first_stage_cost = pyo.Expression(expr=sum(element[e].retrofit_cost * m.retrofit[e] for e in m.elements))
    m.second_stage_cost = pyo.Expression(expr=ratio * sum(element[e].repair_cost * m.repair[e] for e in m.elements))
    m.total_cost = pyo.Objective(expr=m.first_stage_cost + m.second_stage_cost)  # (1)
    return m


def _add_paths(m, inst, data):
    """Add (4), tightened."""
    m.paths = pyo.Set(initialize=[p.name for p in inst.pairs if p.path])
    m.on_path = pyo.Set(initialize=incidence(inst), dimen=2)
    m.gain = parameter(data["gain"], m.on_path)
    m.need = parameter(data["need"], m.paths)
    m.must = parameter(data["must"], m.elements)
    carriers = {p: [e for q, e in m.on_path if q == p] for p in m.paths}

    @m.Constraint([p for p in m.paths if carriers[p]])
    def in_time(m, p):  # (4)
        return sum(m.gain[p, e] * (m.retrofit[e] + m.repair[e]) for e in carriers[p]) >= m.need[p]

    @m.Constraint(m.elements)
    def essential(m, e):  # (4)
        return m.retrofit[e] + m.repair[e] >= m.must[e]


def _add_network(m, inst, data):
    """Add (5)."""
    limits = network_limits(inst)
    arcs = arcs_that_matter(inst, limits)
    used = [(p, i) for p, own in arcs.items() for i in range(len(own))]
    restored = [(p, i) for p, i in used if inst.links[arcs[p][i].link].element is not None]
    m.arcs = pyo.Set(initialize=used, dimen=2)
    m.restorable = pyo.Set(initialize=restored, dimen=2)
    m.time = parameter(data["time"], m.arcs)
    m.flow = pyo.Var(m.arcs, within=pyo.NonNegativeReals)
    m.restored_flow = pyo.Var(m.restorable, within=pyo.NonNegativeReals)
    m.pairs = pyo.Set(initialize=list(arcs))
    through: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for p, own in arcs.items():
        for i, a in enumerate(own):
            through.setdefault((p, a.tail), []).append((i, 1))
            through.setdefault((p, a.head), []).append((i, -1))
    ends = {p.name: (p.origin, p.destination) for p in inst.pairs}

    @m.Constraint(list(through))
    def conserved(m, p, place):  # (5)
        net = sum(sign * (m.flow[p, i] + (m.restored_flow[p, i] if (p, i) in m.restorable else 0)) for i, sign in through[p, place])
        origin, destination = ends[p]
        return net == (place == origin) - (place == destination)

    @m.Constraint(m.pairs)
    def in_time(m, p):  # (5)
        slow = sum(m.time[p, i] * m.flow[p, i] for i in range(len(arcs[p])))
        own = [(i, inst.links[a.link].time) for i, a in enumerate(arcs[p]) if (p, i) in m.restorable]
        return slow + sum(t * m.restored_flow[p, i] for i, t in own) <= limits[p]

    @m.Constraint(m.restorable)
    def where_restored(m, p, i):  # (5)
        e = inst.links[arcs[p][i].link].element
        return m.restored_flow[p, i] <= m.retrofit[e] + m.repair[e]


def _add_rows(m, rows, data):
    """Add (6)."""
    pool = rows.rows
    m.row_numbers = pyo.RangeSet(0, len(pool) - 1)
    m.row_need = parameter(data["row_need"], m.row_numbers)

    @m.Constraint(m.row_numbers)
    def recomputed(m, i):  # (6)
        z = [(1, e) for e in pool[i].restore] + [(-1, e) for e in pool[i].spare]
        return sum(sign * (m.retrofit[e] + m.repair[e]) for sign, e in z) >= m.row_need[i]


def random_data(
    source: RoadSource,
    scen: RoadScenario | RoadBlock,
    *,
    requirement: str = "path",
    formulation: str = "flow",
    ratio: float = 1.0,
    rows: RowPool | None = None,
) -> dict[str, np.ndarray]:
    """Return the value of every mutable parameter of :func:`build`; a block of B scenarios gives a leading axis B.

    For ``requirement="path"`` ``gain`` (I,) by pair and element, ``need`` (P,) and ``must`` (E,); for ``"shortest"`` ``time`` by pair and
    arc that matters to it, that of a closed link being T_p + 1; with generated rows ``row_need`` (K,).
    """
    inst = source.instance
    single = isinstance(scen, RoadScenario)
    block = scen if isinstance(scen, RoadBlock) else RoadBlock.stack([scen])
    if is_generated(requirement, formulation):
        if rows is None:
            raise ModelError(
                f"retrofit: requirement {requirement!r}, formulation {formulation!r}: its rows are generated by quakeops solve; "
                "give those of a result, --rows RESULT"
            )
        data = {"row_need": rows.needs([scenario_number(name) for name in block.names])}
    elif requirement == "path":
        needs = path_needs(inst, block)
        data = {"gain": needs.gain, "need": needs.need, "must": needs.must}
    else:
        limits = network_limits(inst)
        columns = [(limits[p], a.link) for p, own in arcs_that_matter(inst, limits).items() for a in own]
        most, links = np.array([c[0] for c in columns]) + 1.0, [c[1] for c in columns]
        data = {"time": np.minimum(block.times[:, links], most)}
    return {name: values[0] for name, values in data.items()} if single else data


def random_block(source: RoadSource, start: int, stop: int, **form) -> dict[str, np.ndarray]:
    """Return :func:`random_data` of scenarios ``start, ..., stop - 1``, with a leading scenario axis."""
    return random_data(source, source.block(start, stop), **form)


def is_generated(requirement: str, formulation: str) -> bool:
    """Whether the rows of a form are generated while solving."""
    return requirement == "traffic" or (requirement == "shortest" and formulation == "cuts")


def lazy_rows(*, source: RoadSource, requirement: str = "path", formulation: str = "flow", rows: RowPool | None = None, **_) -> Any:
    """Return what generates the rows (6), where the form needs them."""
    if not is_generated(requirement, formulation):
        return None
    return Recomputed(EquilibriumTimes(source) if requirement == "traffic" else ShortestTimes.of(source), rows)


# -- mpi-sppy scenario-module protocol


def scenario_creator(name, *, source, **form):
    scen = source.scenario(scenario_number(name))
    m = build(source, scen, **form)
    attach_first_stage(m, m.first_stage_cost, [m.retrofit], scen.probability)
    return m


def inparser_adder(cfg):
    cfg.num_scens_required()
    cfg.add_to_config("instance", "packaged instance, drawn family or instance file", str, "grid-town")
    cfg.add_to_config("scenario_file", "scenarios in place of the instance's own", str, None)
    cfg.add_to_config("seed", "seed of a drawn family", int, None)
    cfg.add_to_config("requirement", "on the pairs' fixed paths (path), on shortest paths (shortest), with traffic (traffic)", str, "path")
    cfg.add_to_config("formulation", "of shortest paths: flow or cuts", str, "flow")
    cfg.add_to_config("rows", "result whose generated rows are taken", str, None)
    cfg.add_to_config("ratio", "weight of repair costs against retrofit costs", float, 1.0)


def kw_creator(cfg):
    for name, value, known in (("requirement", cfg.requirement, REQUIREMENTS), ("formulation", cfg.formulation, FORMULATIONS)):
        if value not in known:
            raise InputError(f"{name} {value!r}: expected {' or '.join(known)}")
    if cfg.formulation == "cuts" and cfg.requirement != "shortest":
        raise InputError(f"formulation 'cuts': goes with requirement=shortest, not with {cfg.requirement}")
    if not 0 < cfg.ratio < float("inf"):
        raise InputError(f"ratio {cfg.ratio:g}: must be positive and finite")
    source = open_roads(cfg.instance, scenario_file=cfg.scenario_file, num_scenarios=cfg.num_scens, seed=cfg.seed)
    with naming_file(cfg.instance):
        _check(source, cfg.requirement)
    rows = None
    if cfg.rows is not None:
        if not is_generated(cfg.requirement, cfg.formulation):
            raise InputError(f"rows {cfg.rows}: requirement {cfg.requirement!r}, formulation {cfg.formulation!r} has no generated rows")
        rows = read_pool(cfg.rows)
    return {"source": source, "requirement": cfg.requirement, "formulation": cfg.formulation, "ratio": cfg.ratio, "rows": rows}


def _check(source, requirement):
    """Raise InputError for a pair that lacks what the requirement needs, or that no repair brings in time (paths: those of a file)."""
    inst = source.instance
    pathless = next((i for i, p in enumerate(inst.pairs) if not p.path), None)
    if requirement == "path" and pathless is not None:
        name = inst.pairs[pathless].name
        raise InputError(f"pairs[{pathless}], {name!r}: field 'path' is missing; give it, or --model-arg requirement=shortest")
    if requirement == "path" and inst.scenarios:
        path_needs(inst, source.block(0, source.num_scenarios))
    if requirement == "shortest":
        check_restorable(inst, source.block(0, source.num_scenarios), network_limits(inst))
