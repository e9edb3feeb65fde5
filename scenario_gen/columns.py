"""Tables of a user's own data: CSV columns under the names in common use, each value checked, errors that name file, row and field."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, did_you_mean

Array = NDArray[np.float64]


class Table:
    """Rows of a CSV file with a header, or the features of a GeoJSON file: points, with properties for columns.

    ``names`` maps each field to the column names it may have (matched without regard to case, spaces and underscores). Rows are counted
    from 1, the header left out.
    """

    def __init__(self, path: Path, names: Mapping[str, Sequence[str]]):
        self.path = path
        header, self.rows = _features(path) if path.suffix.lower() in (".geojson", ".json") else _lines(path)
        if not self.rows:
            raise InputError(f"{path}: holds no rows")
        found = {_plain(column): column for column in header}
        self._column: dict[str, str] = {}
        for field, accepted in names.items():
            for name in (field, *accepted):
                if _plain(name) in found:
                    self._column[field] = found[_plain(name)]
                    break
        self._names, self._header = names, header

    def __contains__(self, field: str) -> bool:
        return field in self._column

    def text(self, field: str, default: str | None = None) -> list[str]:
        """Return a column as text; without ``default`` it must exist and no cell may be empty."""
        if field not in self._column:
            if default is not None:
                return [default] * len(self.rows)
            accepted = ", ".join((field, *self._names[field]))
            raise InputError(f"{self.path}: column {field!r} is missing (accepted names: {accepted}); found: {', '.join(self._header)}")
        column = self._column[field]
        out = []
        for number, row in enumerate(self.rows, 1):
            value = str(row.get(column) if row.get(column) is not None else "").strip()
            if not value and default is None:
                raise self.error(number, field, value, "a value")
            out.append(value or str(default))
        return out

    def numbers(self, field: str, *, least: float = -np.inf, most: float = np.inf, default: float | None = None, hint: str = "") -> Array:
        """Return a column as numbers within a range."""
        texts = self.text(field, None if default is None else repr(default))
        out = np.empty(len(texts))
        for number, value in enumerate(texts, 1):
            try:
                out[number - 1] = float(value)
            except ValueError:
                raise self.error(number, field, value, "a number") from None
            if not least <= out[number - 1] <= most:
                raise self.error(number, field, value, f"{least:g} to {most:g}{hint}")
        return out

    def choices(self, field: str, known: Sequence[str], default: str | None = None) -> NDArray[np.int64]:
        """Return a column as numbers of the known names."""
        place = {name: i for i, name in enumerate(known)}
        out = []
        for number, value in enumerate(self.text(field, default), 1):
            if value not in place:
                shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
                raise self.error(number, field, value, f"one of {shown}{did_you_mean(value, list(known))}")
            out.append(place[value])
        return np.array(out, dtype=np.int64)

    def error(self, row: int, field: str, value: object, expected: str) -> InputError:
        """Return the error for a value."""
        column = self._column.get(field, field)
        return InputError(f"{self.path}: row {row}: field {column!r} is {str(value)!r}: expected {expected}")


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace(" ", "").replace("-", "")


def _lines(path: Path) -> tuple[list[str], list[dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows: list[dict[str, Any]] = []
            for number, row in enumerate(reader, 1):
                if None in row or None in row.values():
                    raise InputError(f"{path}: row {number} has not as many cells as the header ({len(reader.fieldnames or [])})")
                rows.append(row)
            return list(reader.fieldnames or []), rows
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as e:
        raise InputError(f"{path}: cannot be read: {e}") from None


def _features(path: Path) -> tuple[list[str], list[dict[str, Any]]]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as e:
        raise InputError(f"{path}: cannot be read as GeoJSON: {e}") from None
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list):
        raise InputError(f"{path}: field 'features' is missing: expected a GeoJSON FeatureCollection")
    rows: list[dict[str, Any]] = []
    for number, feature in enumerate(features, 1):
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        if not isinstance(geometry, dict) or geometry.get("type") != "Point" or len(geometry.get("coordinates") or ()) < 2:
            raise InputError(f"{path}: row {number}: field 'geometry' must be a Point with longitude and latitude")
        longitude, latitude = geometry["coordinates"][:2]
        rows.append({**(feature.get("properties") or {}), "longitude": longitude, "latitude": latitude})
    return sorted({name for row in rows for name in row}), rows
