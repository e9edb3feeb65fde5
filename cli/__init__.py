"""The ``quakeops`` command: thin commands over the facade."""

from .app import main

__all__ = ["main"]
