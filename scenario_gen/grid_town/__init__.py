"""A synthetic town on a street grid that a river divides: the network for retrofit before and repair after an earthquake."""

from .draw import grid_town
from .paths import free_flow_minutes, shortest_path
from .roads import grid_town_roads, town_roads
from .streets import Streets
from .town import GridTown

__all__ = ["GridTown", "Streets", "free_flow_minutes", "grid_town", "grid_town_roads", "shortest_path", "town_roads"]
