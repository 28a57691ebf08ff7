"""The front of the compiler: from a path to a checked world or experiment, with every error found.

This is all that `wug check` does. It needs neither numpy nor JAX and draws nothing.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from wug.compiler.checking.entities import within
from wug.compiler.checking.experiment import check_experiment
from wug.compiler.checking.updates import of_the_old
from wug.compiler.checking.world import check_world
from wug.compiler.diagnosis.diagnostics import Diagnostic, Report, SpecError, did_you_mean
from wug.compiler.experiment import Experiment
from wug.compiler.language import syntax_experiment
from wug.compiler.language.modules import flatten
from wug.compiler.language.parameters import Setting, command_line, set_parameters, written_settings
from wug.compiler.language.resolve import ReadExperiment, ReadWorld, resolve_experiment, resolve_world
from wug.compiler.language.source import Span, neighbours, real_path
from wug.compiler.world import World

_SYNTAX = ("W0001", "W0002", "W0012", "W0015")
_MISSING = ("W0402", "W0501")
_PREFIX = re.compile(r"\b[A-Za-z_]\w*\.(?=\w)")
_DECLARED = re.compile(
    r"\b(?:entity|table|relation|preamble|form|test|arm|model|param|lexicon|document|scene|terms|given)\s+(\w+)"
)


def check(path: Path, name: str, report: Report, parameters: Iterable[str] = ()) -> World | Experiment | None:
    """Check the spec at `path`, which messages call `name`. Errors go to `report`.

    `parameters` are values such as "people=500" for those of the world.
    """
    found = Report()
    with _uncollected():
        try:
            result = _check(path, name, command_line(parameters, found), found)
        except SpecError:  # there is too much
            result = None
    broken = [item.span.source for item in found.items if item.code in _SYNTAX and item.span]
    lost = {name for source in broken for name in _DECLARED.findall(source.text)}
    lines = {_line(item) for item in found.items if item.code in _SYNTAX}
    odd = [item.span for item in found.items if item.code == "W0015" and item.span]
    kept = [
        item for item in found.sorted() if not (broken and (_echo(item, lost, lines) or _holds(item, odd)))
    ]
    report.items += once(kept)
    return result


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without a search for garbage in between. A tree of a large spec is none, and searching it again and
    again takes longer than the check does."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()


def once(items: list[Diagnostic]) -> list[Diagnostic]:
    """What is wrong in a file that is imported under two names, or by two specs, is said once."""
    seen: dict[tuple[object, ...], Diagnostic] = {}
    for number, item in enumerate(items):
        span = item.span
        place = (real_path(span.source.path), span.start, span.end) if span else (number,)
        seen.setdefault((item.code, *place, _PREFIX.sub("", item.message)), item)
    return list(seen.values())


def _line(item: Diagnostic) -> tuple[str, int]:
    return (
        (item.span.source.name, item.span.source.line_and_column(item.span.start)[0])
        if item.span
        else ("", 0)
    )


def _holds(item: Diagnostic, odd: list[Span]) -> bool:
    """Whether an unknown name is unknown for a letter that was reported."""
    span = item.span
    return item.code == "W0101" and span is not None and any(within(each, span) for each in odd)


def _echo(item: Diagnostic, lost: set[str], lines: set[tuple[str, int]]) -> bool:
    """Whether a finding may only echo a syntax error: what it misses may be where nothing was read."""
    if item.code == "W0101" and item.span:
        return item.span.source.text[item.span.start : item.span.end] in lost
    return item.code in _MISSING or (item.code == "W0107" and _line(item) in lines)


def _check(path: Path, name: str, given: list[Setting], report: Report) -> World | Experiment | None:
    if path.suffix == ".world":
        read = resolve_world(path, name, report)
        return _world(read, [given], report) if read else None
    if path.suffix == ".experiment":
        parts = resolve_experiment(path, name, report)
        if parts is None or parts.file.experiment is None or parts.world is None:
            return None
        return _experiment(parts.file.experiment, parts, given, report)
    near = [p for p in neighbours(path, ".world", ".experiment") if Path(p).stem == path.stem]
    help = did_you_mean(path.name, near) or "a spec ends in .world or .experiment"
    report.add("W0010", f"'{name}' is neither a .world nor an .experiment", file=name, help=help)
    return None


def _experiment(
    declared: syntax_experiment.Experiment, parts: ReadExperiment, given: list[Setting], report: Report
) -> Experiment | None:
    """An experiment and, where it has a sweep, all of its variants."""
    assert parts.world is not None
    read, old = parts.world, _old_world(parts, given, report)
    worlds: dict[tuple[Setting, ...], World] = {}

    def one(declared: syntax_experiment.Experiment, report: Report) -> Experiment | None:
        used = written_settings(declared.worlds[0].settings, report)
        if (key := tuple(used)) not in worlds:
            worlds[key] = _world(read, [used, given], report)
        return check_experiment(declared, worlds[key], report, old)

    if not declared.sweeps:
        return one(declared, report)
    from wug.compiler.sweeping.variants import swept

    return swept(declared, one, {each.name.text for each in given}, report)


def _old_world(parts: ReadExperiment, given: list[Setting], report: Report) -> World | None:
    """The world as it was, where an experiment updates one."""
    if parts.old is None or parts.file.experiment is None:
        return None
    used, found = written_settings(parts.file.experiment.updates[0].settings, report), Report()
    old = _world(parts.old, [used, given], found)
    of_the_old(found, report)
    return old


def _world(read: ReadWorld, given: list[list[Setting]], report: Report) -> World:
    """A world with its parameters set and its imports' names resolved."""
    scope = set_parameters(read.scope, given, report)
    return check_world(flatten(scope, read.root, report), report)
