"""In which line of a JSON file a field stands: looked for only once something is wrong, for the message."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

Location = tuple[str | int, ...]
"""Keys of objects and numbers of items in arrays, from the outermost value inwards."""

_DECODER = json.JSONDecoder()
_BLANKS = re.compile(r"[ \t\n\r]*")
_FIELD = re.compile(r"([A-Za-z_]\w*)((?:\[\d+\]|\.[^\s.:\[\]]+)*)")
_STEP = re.compile(r"\[(\d+)\]|\.([^.\[]+)")
_QUOTED = re.compile(r"(['\"])(.+?)\1")


def at_line(file: str, text: str | None, location: Sequence[str | int]) -> str:
    """Return the name of a file, with the line of the field at ``location`` if ``text``, which the file holds, tells it."""
    line = None if text is None else line_of(text, location)
    return file if line is None else f"{file}: line {line}"


def line_of(text: str, location: Sequence[str | int]) -> int | None:
    """Return the line, from 1 on, of the field at ``location`` in JSON that can be parsed.

    Where the text has no such field, the line of the innermost one on the way there that it has; ``None`` if it has none.
    """
    begin, at = None, _skip(text, 0)
    for step in location:
        found = [(start, value) for key, start, value in _members(text, at) if key == step]
        if not found:
            break
        begin, at = found[-1]  # of a key that comes twice, json keeps the last
    return None if begin is None else text.count("\n", 0, begin) + 1


def location_of(message: str, data: Any) -> Location:
    """Return what a message is about that begins with a field of ``data``, such as ``pairs[0].path: 'b' is not a link``.

    If the field holds what the message quotes first, as a key, an item or the name of one (the last), then it is about that.
    """
    match = _FIELD.match(message)
    if match is None:
        return ()
    steps: list[str | int] = [match[1], *(int(number) if number else key for number, key in _STEP.findall(match[2]))]
    for step in steps:
        try:
            data = data[step]
        except (LookupError, TypeError):
            return tuple(steps)
    quoted = _QUOTED.search(message, match.end())
    inner = [] if quoted is None else list(_named(data, quoted[2]))
    return (*steps, *inner[-1:])


def _named(data: Any, name: str) -> Iterator[str | int]:
    """Yield the steps from an object or array to what has that name."""
    if isinstance(data, dict) and name in data:
        yield name
    elif isinstance(data, list):
        yield from (i for i, item in enumerate(data) if item == name or (isinstance(item, dict) and item.get("name") == name))


def _members(text: str, at: int) -> Iterator[tuple[str | int, int, int]]:
    """Yield key or number of each member of the object or array that begins at ``at``, where it begins and where its value does."""
    if text[at] not in "{[":
        return
    number, begin = 0, _skip(text, at + 1)
    while text[begin] not in "}]":
        key: str | int = number
        value = begin
        if text[at] == "{":
            key, end = _DECODER.raw_decode(text, begin)
            value = _skip(text, _skip(text, end) + 1)
        yield key, begin, value
        end = _skip(text, _DECODER.raw_decode(text, value)[1])
        begin = _skip(text, end + 1) if text[end] == "," else end
        number += 1


def _skip(text: str, at: int) -> int:
    """Return the place of the first character from ``at`` on that is not blank."""
    match = _BLANKS.match(text, at)
    return at if match is None else match.end()
