"""`wug lock` and what `wug run` leaves in the lock: what specs say, and what was made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from wug.compiler.canonical import digest, file_digest
from wug.compiler.compile import Compiled
from wug.compiler.diagnosis.diagnostics import NOT_AS_LOCKED, Report
from wug.compiler.experiment import Experiment
from wug.compiler.language.resolve import project_root
from wug.compiler.locking.lock import LockFailure, Section, change, named, read_lock
from wug.compiler.locking.pins import differences, evidence, kept, pins, place
from wug.compiler.store import EnvironmentFailure, Store
from wug.compiler.world import World
from wug.progress import Progress
from wug.runtime.run import finished
from wug.sweep import compiled_variants, finished_sweep

SPECS = (".world", ".experiment")


def specs_of(paths: Sequence[Path], settle: bool = False) -> list[Path]:
    """The specs that are meant: these, all below these folders; without any those of the lock of this project
    or, where it has none, all below this folder."""
    if not paths:
        root = project_root(Path("x"))
        locked = [root / name for name in read_lock(root, settle)]
        paths = [path for path in locked if path.is_file()] or [Path()]
    found: dict[Path, None] = {}
    for path in paths:
        found.update(dict.fromkeys(specs_below(path) if path.is_dir() else [path]))
    return list(found)


def specs_below(folder: Path) -> Iterator[Path]:
    """The specs of a folder and those in it, but for what is hidden."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith(".") and not path.is_symlink():
            yield from specs_below(path)
        elif path.suffix in SPECS:
            yield path


def made_of(compiled: Compiled, store: Store) -> dict[str, str]:
    """Entries about what was made of an experiment, by content."""
    plan = compiled.plan
    made = {"corpus": store.digest(f"{plan.name}/compiled", plan.key)}
    for learner in plan.models:
        if learner.checkpoint is None:
            found = store.digest(f"{plan.name}/episodes", learner.pretraining_key)
            made[named("episodes", learner.model.name)] = found
    if (folder := finished(plan, compiled.path, store)) is not None:
        made["results"] = file_digest(folder / "results.json")
    return made


def made_of_sweep(spec: Experiment, store: Store) -> dict[str, str]:
    """The same about the variants of a sweep, all of them as one; nothing where not all are compiled."""
    found = compiled_variants(spec, store)
    if None in found:
        return {}
    corpora = [store.digest(f"{spec.name}/compiled", each.plan.key) for each in found if each is not None]
    made = {"corpus": digest("\n".join(corpora).encode())}
    if (folder := finished_sweep(spec, store)) is not None:
        made["results"] = file_digest(folder / "results.json")
    return made


def lock(
    path: Path, spec: World | Experiment, made: Section, progress: Progress, settle: bool = False
) -> Section:
    """Put a checked spec and what was made of it into the lock of its project."""
    root, pinned = project_root(path), pins(path, spec)
    of = evidence(spec, pinned) if isinstance(spec, Experiment) else ""

    def changed(before: Section) -> Section:
        if not differences(before, pinned):
            for key, value in made.items():
                if before.get(key, value) != value:
                    progress.warn(f"{place(path, root)}: {_not_as_locked(key)}")
        return kept(before, pinned, of, made)

    return change(root, place(path, root), changed, settle)


def _not_as_locked(key: str) -> str:
    if key == "results":
        return "its results are not those in wug.lock, which another machine may have computed"
    what = "its corpora" if key == "corpus" else f"the {key}"
    return f"{what} came out otherwise than wug.lock has it of the same spec"


def locked(path: Path, spec: Experiment, made: Section, progress: Progress) -> Section:
    """The same for a run, which goes on where there can be no lock."""
    try:
        return lock(path, spec, made, progress)
    except (LockFailure, EnvironmentFailure) as error:
        progress.warn(f"nothing is pinned: {error}")
        return {}


def check_locked(path: Path, spec: World | Experiment, report: Report) -> None:
    """Report where a checked spec is not as it was locked."""
    if found := moved(path, spec):
        help = "look at what changed; 'wug lock' pins it as it is now"
        report.add(NOT_AS_LOCKED, f"not as it was locked: {'; '.join(found)}", file=str(path), help=help)


def moved(path: Path, spec: World | Experiment) -> list[str]:
    """What of a checked spec is not as it was locked, in words."""
    root = project_root(path)
    section = read_lock(root).get(place(path, root))
    return ["it is not in wug.lock"] if section is None else differences(section, pins(path, spec))
