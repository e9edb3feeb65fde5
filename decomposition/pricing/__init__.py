"""Branch-and-price for vehicle routing with soft or hard time windows: set partitioning over routes priced by labelling.

``network`` holds the arrays, ``labels``, ``extension``, ``dominance`` and ``search`` the labelling, ``pricing`` its calls, ``columns`` the
routes, ``master`` the linear program, ``subset_rows`` the cuts, ``relaxation`` a node, ``branching`` and ``tree`` the tree, ``start`` first
columns and incumbents, ``driver`` the whole. The labelling is compiled by numba (extra ``routing``); without numba it runs in plain Python,
many times slower.
"""

from .driver import Priced, branch_and_price

__all__ = ["Priced", "branch_and_price"]
