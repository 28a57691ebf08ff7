"""One experiment from its spec to the folder of its results."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from wug.compiler.compile import Compiled, compile_experiment
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.emitting.augmentation import Scribe
from wug.compiler.emitting.tuning import tuning_draft
from wug.compiler.experiment import Experiment
from wug.compiler.mesh import Mesh
from wug.compiler.store import Store
from wug.progress import Progress
from wug.runtime.run import run


def carried_out(
    spec: Experiment, store: Store, progress: Progress, mesh: Mesh | None, known: Collection[str] = ()
) -> tuple[Compiled, Path]:
    """Compile an experiment and run it, or find it done; returns it compiled and the folder of its results.
    The compiler's warnings are told, but for those that are `known`. Raises what compiling and running do."""
    compiled = compile_experiment(spec, store, progress, Report())
    for warning in compiled.warnings:
        if warning not in known:
            progress.warn(warning)
    tuning = Scribe(spec, lambda: tuning_draft(spec, compiled.path, Report()))
    scribe = Scribe(spec)
    folder = run(compiled.plan, compiled.path, store, progress, scribe, tuning_scribe=tuning, mesh=mesh)
    return compiled, folder
