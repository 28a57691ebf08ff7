"""`wug status`: of each spec whether it is compiled and run, and what is not as it was locked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from wug.compiler.checking.check import check
from wug.compiler.compile import compile_experiment
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Experiment
from wug.compiler.language.resolve import project_root
from wug.compiler.locking.lock import Section, read_lock
from wug.compiler.locking.pins import late, place
from wug.compiler.store import Store
from wug.compiler.sweeping.compilations import Compilations
from wug.lock import made_of, made_of_sweep, moved
from wug.progress import Silent


@dataclass(frozen=True)
class State:
    """How far a spec is. `compiled` and `run` are of the spec as it is now, none of a world; `changed` says
    what is not as it was locked, `results` whether those here are those in the lock (none: one has none)."""

    spec: str
    errors: int
    locked: bool
    changed: list[str]
    compiled: bool | None
    run: bool | None
    results: bool | None
    late: list[str]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def wording(self) -> tuple[str, str]:
        """It in words, and whether that is good, a warning or bad."""
        if self.errors:
            return f"{self.errors} error{'s' if self.errors > 1 else ''}: see 'wug check'", "red"
        parts = []
        if self.compiled is not None:
            parts.append("run" if self.run else "compiled" if self.compiled else "not compiled")
        if self.results is False:
            parts.append("with other results than were locked")
        if not self.locked:
            parts.append("not locked")
        elif self.changed:
            parts.append(f"stale: {'; '.join(self.changed)}")
        else:
            parts.append("as it was locked")
        stands = self.locked and not self.changed and self.results is not False
        return ", ".join(parts), "green" if stands and self.run is not False else "yellow"


def state(path: Path, store: Store) -> State:
    """How far one spec is. Nothing is compiled for it."""
    root, report = project_root(path), Report()
    name, spec = place(path, root), check(path, str(path), report)
    section: Section = read_lock(root).get(name, {})
    if spec is None or report.failed:
        return State(name, len(report.items), bool(section), [], None, None, None, [])
    changed = moved(path, spec) if section else []
    if not isinstance(spec, Experiment):
        return State(name, 0, bool(section), changed, None, None, None, [])
    if spec.axes:
        made = made_of_sweep(spec, store)
    else:
        there = Compilations(store).of(spec) is not None
        made = made_of(compile_experiment(spec, store, Silent(), Report()), store) if there else {}
    results = made["results"] == section["results"] if "results" in made and "results" in section else None
    return State(
        name, 0, bool(section), changed, bool(made), "results" in made, results, sorted(late(section))
    )


def print_status(states: Sequence[State], console: Console) -> None:
    """One line a spec."""
    width = max((len(each.spec) for each in states), default=0)
    for each in states:
        told, colour = each.wording()
        console.print(Text.assemble(f"{each.spec:<{width}}  ", (told, colour)))
        for text in each.late:
            console.print(Text(f"{'':<{width}}  written after the results: {text}", "yellow"))
    if not states:
        console.print("there are no specs here; 'wug new hello' copies one")
