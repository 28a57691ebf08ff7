"""The front of the compiler: from a path to a checked world or experiment, with every error found.

This is all that `wug check` does. It needs neither numpy nor JAX and draws nothing.
"""

from __future__ import annotations

from pathlib import Path

from wug.compiler.check_experiment import check_experiment
from wug.compiler.check_world import check_world
from wug.compiler.diagnostics import Report, did_you_mean
from wug.compiler.experiment import Experiment
from wug.compiler.resolve import resolve_experiment, resolve_world
from wug.compiler.world import World

_SYNTAX = ("W0001", "W0002", "W0012")
_ECHOES = ("W0101", "W0402", "W0501")
"""Findings that may only echo a syntax error: what they miss may stand in the part that did not parse."""


def check(path: Path, name: str, report: Report) -> World | Experiment | None:
    """Check the spec at `path`, which messages call `name`. Errors go to `report`."""
    found = Report()
    result = _check(path, name, found)
    broken = any(item.code in _SYNTAX for item in found.items)
    report.items += [item for item in found.sorted() if not (broken and item.code in _ECHOES)]
    return result


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
    near = [p.name for p in path.parent.glob(path.stem + ".*") if p.suffix in (".world", ".experiment")]
    help = did_you_mean(path.name, near) or "a spec ends in .world or .experiment"
    report.add("W0010", f"'{name}' is neither a .world nor an .experiment", file=name, help=help)
    return None
