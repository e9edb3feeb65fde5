"""The network of Sioux Falls under synthetic earthquakes; its files are read from a folder that the user names."""

from .roads import sioux_falls, sioux_falls_roads

__all__ = ["sioux_falls", "sioux_falls_roads"]
