"""A console for texts that others wrote: it shows them, and does nothing that is written in them."""

from __future__ import annotations

import re
from typing import Any

from rich.console import Console
from rich.text import Text

_ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """A text without what a terminal would act on: in the place of each such character stands a mark."""
    return _ACTING.sub("\N{REPLACEMENT CHARACTER}", text)


class Screen(Console):
    """Rich's console; texts are made visible, and a reader that goes away is a BrokenPipeError."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*map(_visible, objects), **options)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _visible(item: Any) -> Any:
    if isinstance(item, str):
        return visible(item)
    if isinstance(item, Text):
        item = item.copy()
        item.plain = visible(item.plain)
    return item
