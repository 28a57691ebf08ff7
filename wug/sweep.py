"""A sweep: its variants run one after another, each as an experiment, and their results as one document.

What is done lies in the store like that of any experiment, so whatever variants share is done once, a sweep
that was stopped goes on where it was, and its parts may be run anywhere.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wug.compiler.compile import Compiled
from wug.compiler.diagnosis.diagnostics import SpecError
from wug.compiler.experiment import Experiment, Variant
from wug.compiler.mesh import Mesh
from wug.compiler.store import Store
from wug.compiler.sweeping.compilations import Compilations
from wug.progress import Progress
from wug.runtime.files import write_json
from wug.runtime.keys import key
from wug.runtime.report import exit_status
from wug.runtime.run import finished
from wug.runtime.sweep_results import Ran, sweep_results


@dataclass(frozen=True)
class Outcome:
    """What came of a variant: the folder of its results, or why there are none, and its exit status."""

    folder: Path | None
    failed: str
    status: int


def run_variants(
    spec: Experiment,
    numbers: Iterable[int],
    store: Store,
    progress: Progress,
    mesh: Callable[[Experiment], Mesh | None],
    strict: bool = False,
) -> list[Outcome]:
    """Run these variants of a sweep, by number from 0 on, or find them done. One that fails is told, and the
    others go on. `mesh` says how devices share the work of one; where it is `strict`, an undecided hypothesis
    is a failure."""
    from wug.cli import ending
    from wug.running import carried_out

    outcomes, known = [], set[str]()
    done = finished_variants(spec, store)
    for number in numbers:
        variant = spec.variants[number]
        folder, failed, status = done[number], "", 0
        if folder is None:
            told = f"variant {number + 1:,} of {len(spec.variants):,}: {wording(spec, variant)}"
            print(told, file=sys.stderr, flush=True)
            try:
                own = mesh(variant.experiment)
                compiled, folder = carried_out(variant.experiment, store, progress, own, known)
                known.update(compiled.warnings)
            except Exception as error:
                status, failed = ending(error, "text"), _reason(error)
        if folder is not None:
            status = exit_status(json.loads((folder / "results.json").read_bytes()), strict)
        outcomes.append(Outcome(folder, failed, status))
    return outcomes


def _reason(error: Exception) -> str:
    """Why a variant has no results, in a line."""
    if isinstance(error, SpecError):
        return next(item.message for item in error.report.items if item.severity == "error")
    return next(iter(str(error).splitlines()), type(error).__name__)


def wording(spec: Experiment, variant: Variant) -> str:
    """The values of a variant."""
    names = (name for axis in spec.axes for name in axis.settings)
    return ", ".join(f"{name} {value}" for name, value in zip(names, variant.values, strict=True))


def compiled_variants(spec: Experiment, store: Store) -> list[Compiled | None]:
    """Each variant as it is compiled; none for one that is not. Nothing is compiled for it."""
    compilations = Compilations(store)
    return [compilations.of(variant.experiment) for variant in spec.variants]


def finished_variants(spec: Experiment, store: Store) -> list[Path | None]:
    """For each variant the folder of its results; none for one that was not run."""
    return [
        finished(each.plan, each.path, store) if each is not None else None
        for each in compiled_variants(spec, store)
    ]


def missing(spec: Experiment, store: Store) -> list[int]:
    """The variants, by number, that are still to be run."""
    return [number for number, folder in enumerate(finished_variants(spec, store)) if folder is None]


def assembled(spec: Experiment, outcomes: Sequence[Outcome], store: Store) -> Path:
    """The entry of the results of a sweep, of what came of each variant."""
    name = _key(spec, [each.folder for each in outcomes], [each.failed for each in outcomes])
    with store.entry(f"{spec.name}/sweeps", name) as entry:
        if not entry.ready:
            ran = [
                Ran(variant.values, each.folder, each.failed)
                for variant, each in zip(spec.variants, outcomes, strict=True)
            ]
            axes = [(axis.settings, axis.points) for axis in spec.axes]
            write_json(entry.scratch / "results.json", sweep_results(spec.name, name, axes, ran))
            entry.commit()
    return entry.path


def finished_sweep(spec: Experiment, store: Store) -> Path | None:
    """The folder of the results of a sweep, if all of its variants were run and put together."""
    folders = finished_variants(spec, store)
    kind, name = f"{spec.name}/sweeps", _key(spec, folders, [""] * len(folders))
    return store.path(kind, name) if None not in folders and store.has(kind, name) else None


def _key(spec: Experiment, folders: Sequence[Path | None], failed: Sequence[str]) -> str:
    axes = [[list(axis.settings), [list(point) for point in axis.points]] for axis in spec.axes]
    runs = [[each.name if each is not None else None, why] for each, why in zip(folders, failed, strict=True)]
    return key("sweeps", {"axes": axes, "runs": runs})
