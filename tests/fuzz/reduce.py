"""A spec made smaller: what can be left out while something stays as it is."""

from __future__ import annotations

from collections.abc import Callable

from tests.fuzz.mutators import PIECE

MOST_TRIES = 600


def reduced(text: str, same: Callable[[str], bool], most: int = MOST_TRIES) -> str:
    """The text with lines, then tokens, left out as long as `same` holds of what is left."""
    tries = 0

    def still(parts: list[str]) -> bool:
        nonlocal tries
        tries += 1
        return tries <= most and same("".join(parts))

    lines = text.splitlines(keepends=True)
    text = "".join(_without(lines, still))
    text = "".join(_without(PIECE.findall(text), still))
    return "".join(_without(text.splitlines(keepends=True), still))


def _without(parts: list[str], still: Callable[[list[str]], bool]) -> list[str]:
    """Leave out runs of parts, long ones first."""
    size = max(1, len(parts) // 2)
    while parts:
        start = 0
        while start < len(parts):
            fewer = parts[:start] + parts[start + size :]
            if still(fewer):
                parts = fewer
            else:
                start += size
        if size == 1:
            break
        size //= 2
    return parts
