"""What commands begin with: a checked spec, where finished work is, how devices share it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from wug.compiler.checking.check import check as check_spec
from wug.compiler.diagnosis.diagnostics import Report, SpecError
from wug.compiler.experiment import Experiment
from wug.compiler.world import World
from wug.console import say_error

if TYPE_CHECKING:
    from wug.compiler.mesh import Mesh
    from wug.compiler.store import Store
    from wug.progress import Progress


def checked(options: argparse.Namespace) -> World | Experiment:
    """The spec that a command is about. Raises SpecError with everything that is wrong with it."""
    report = Report()
    spec = check_spec(options.file, str(options.file), report, options.parameters)
    report.stop_if_failed()
    if spec is None:
        raise SpecError(report)
    return spec


def opened(options: argparse.Namespace, spec: Path | None, compare: bool = True) -> tuple[Store, Progress]:
    """Where finished work is, and where is told what is done."""
    from wug.compiler.language.resolve import project_root
    from wug.compiler.store import Store
    from wug.progress import open_progress

    progress = open_progress()
    root = options.build or project_root(spec or Path("x")) / "build"
    return Store(root, progress.warn, compare, options.shared), progress


def mesh_of(options: argparse.Namespace, spec: Experiment) -> Mesh | None:
    """How devices share the work: as the command line says, else the experiment. Raises RuntimeFailure where
    that does not go up evenly."""
    from wug.compiler.mesh import misfit
    from wug.runtime.failure import RuntimeFailure

    mesh: Mesh | None = options.mesh
    if mesh is None:
        return spec.mesh
    if (found := misfit(mesh, spec.models, spec.arms)) is not None:
        message, help = found
        raise RuntimeFailure(f"--mesh {mesh}: {message}: {help}")
    return mesh


def counted(number: int, what: str) -> str:
    plural = what.replace("file", "files") if what.startswith("file") else f"{what}s"
    return f"{number} {what if number == 1 else plural}"


def can_be_shared(options: argparse.Namespace, count: int, what: str) -> bool:
    """Whether so many things can be shared out as the command line wants it; says why not."""
    parts = options.shard.count if options.shard is not None else options.ray
    both = options.shard is not None and options.ray
    if parts <= count and not both:
        return True
    told = f"{options.file.name} has {counted(count, what)} to share out among {parts} parts"
    say_error("--ray makes all parts, and --shard one: give one of them" if both else told)
    return False
