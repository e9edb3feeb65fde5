"""A HiGHS object that says nothing, not even its banner."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def _silent_class() -> type[Any]:
    import highspy

    class SilentHighs(highspy.Highs):  # type: ignore[misc]
        """HiGHS 1.16 prints its banner when its constructor sets the callbacks, so that the flag must be down before."""

        def enableCallbacks(self) -> None:
            self.setOptionValue("output_flag", False)
            super().enableCallbacks()

    return SilentHighs


def new_highs() -> Any:
    """Return a ``highspy.Highs`` object with its output off."""
    highs = _silent_class()()
    highs.setOptionValue("output_flag", False)  # where the constructor sets no callbacks
    return highs
