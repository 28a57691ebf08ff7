"""How findings look on a terminal: colours where they are wanted, plain text where they are not.

Rich is imported where it is used: a spec that is well is told so without it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from wug.compiler.diagnosis.diagnostics import TOO_MANY, Diagnostic, as_json, layout

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {
    "error": "bold red",
    "warning": "bold yellow",
    "place": "blue",
    "excerpt": "",
    "mark": "bold red",
    "help": "bold green",
    "plain": "",
}


def console(stderr: bool = False) -> Console:
    """A console that wraps nothing; Rich itself honours NO_COLOR and what is not a terminal."""
    from wug.screen import Screen

    return Screen(stderr=stderr, soft_wrap=True, highlight=False, emoji=False, markup=False)


def print_diagnostics(items: Sequence[Diagnostic], format: str) -> None:
    """Findings for a person on stderr, or as one JSON document on stdout."""
    if format == "json":
        sys.stdout.write(as_json(items) + "\n")
        return
    from rich.text import Text

    out = console(stderr=True)
    for item in items:
        text = Text()
        for piece, role in layout(item):
            text.append(piece, _STYLES[role])
        out.print(text)
    errors = sum(item.severity == "error" and item.code != TOO_MANY for item in items)
    if errors:
        codes = list(dict.fromkeys(item.code for item in items if item.severity == "error"))
        out.print(
            f"{errors} error{'s' if errors > 1 else ''}; 'wug explain {codes[0]}' says more", style="bold"
        )


def say_error(message: str) -> None:
    """One line about what went wrong."""
    from rich.text import Text

    out = console(stderr=True)
    out.print(Text.assemble(("error", "bold red"), f": {message}"))
