"""Packaged instances, one JSON file each (format: :mod:`quakeops.instances.schema`)."""
