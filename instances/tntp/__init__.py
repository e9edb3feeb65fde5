"""Readers of the TNTP text format for road networks, trips, node coordinates and equilibrium flows.

TNTP is the format of the collection TransportationNetworks (https://github.com/bstabler/TransportationNetworks), whose data are for
academic research purposes only and are not part of quakeops. A file opens with tags, ``<NUMBER OF ZONES> 24``, up to
``<END OF METADATA>``; blank lines and lines that begin with ``~`` do not count; records end with ``;``. Nodes are numbered from 1 in
the files and from 0 in what is returned. Files state no units: numbers are kept as they are.
"""

from .coordinates import read_nodes
from .find import TntpFiles, find_tntp
from .flows import LinkFlows, read_flows
from .network import read_network
from .trips import read_trips

__all__ = ["LinkFlows", "TntpFiles", "find_tntp", "read_flows", "read_network", "read_nodes", "read_trips"]
