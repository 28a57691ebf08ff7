"""The front of the compiler: from a path to a checked world or experiment, with every error found.

This is all that `wug check` does. It needs neither numpy nor JAX and draws nothing.
"""

from __future__ import annotations

import re
from pathlib import Path

from wug.compiler.check_experiment import check_experiment
from wug.compiler.check_world import check_world
from wug.compiler.diagnostics import Diagnostic, Report, did_you_mean
from wug.compiler.experiment import Experiment
from wug.compiler.resolve import resolve_experiment, resolve_world
from wug.compiler.source import neighbours
from wug.compiler.world import World

_SYNTAX = ("W0001", "W0002", "W0012")
_MISSING = ("W0402", "W0501")
_DECLARED = re.compile(r"\b(?:entity|table|relation|preamble|form|test|arm|model)\s+(\w+)")


def check(path: Path, name: str, report: Report) -> World | Experiment | None:
    """Check the spec at `path`, which messages call `name`. Errors go to `report`."""
    found = Report()
    result = _check(path, name, found)
    broken = [item.span.source for item in found.items if item.code in _SYNTAX and item.span]
    lost = {name for source in broken for name in _DECLARED.findall(source.text)}
    lines = {_line(item) for item in found.items if item.code in _SYNTAX}
    report.items += [item for item in found.sorted() if not (broken and _echo(item, lost, lines))]
    return result


def _line(item: Diagnostic) -> tuple[str, int]:
    return (
        (item.span.source.name, item.span.source.line_and_column(item.span.start)[0])
        if item.span
        else ("", 0)
    )


def _echo(item: Diagnostic, lost: set[str], lines: set[tuple[str, int]]) -> bool:
    """Whether a finding may only echo a syntax error: what it misses may be where nothing was read."""
    if item.code == "W0101" and item.span:
        return item.span.source.text[item.span.start : item.span.end] in lost
    return item.code in _MISSING or (item.code == "W0107" and _line(item) in lines)


def _check(path: Path, name: str, report: Report) -> World | Experiment | None:
    if path.suffix == ".world":
        files = resolve_world(path, name, report)
        return check_world(files, report) if files else None
    if path.suffix == ".experiment":
        parts = resolve_experiment(path, name, report)
        if parts is None or parts.file.experiment is None or parts.world is None:
            return None
        world = check_world(parts.world, report)
        return check_experiment(parts.file.experiment, world, report)
    near = [p for p in neighbours(path, ".world", ".experiment") if Path(p).stem == path.stem]
    help = did_you_mean(path.name, near) or "a spec ends in .world or .experiment"
    report.add("W0010", f"'{name}' is neither a .world nor an .experiment", file=name, help=help)
    return None
