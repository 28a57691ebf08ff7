"""What is pinned of a spec before anything is made of it: itself and all that it reads, by meaning.

Layout and comments count for nothing, so a spec that `wug fmt` lays out anew is still as it was locked; of
data each byte counts. This draws nothing, and is as quick as a check.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

from wug.compiler.canonical import canonical, digest, file_digest
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Experiment
from wug.compiler.language.resolve import Scope, project_root, resolve_experiment, resolve_world
from wug.compiler.language.source import real_path
from wug.compiler.language.syntax import WorldFile
from wug.compiler.locking.lock import Section, named, names
from wug.compiler.versions import COMPILER
from wug.compiler.world import World

EDITION = "1"
MADE = ("corpus", "episodes", "results")
"""Kinds of entries about what was made of a spec."""
LATE = "after results: "
"""Stands before what was expected once the results were there."""


def place(path: Path, root: Path) -> str:
    """How a lock calls a file: its path from the root, with slashes."""
    return Path(os.path.relpath(real_path(path), real_path(root))).as_posix()


def pins(path: Path, spec: World | Experiment) -> dict[str, str]:
    """What is pinned of a checked spec."""
    root, own = project_root(path), real_path(path)
    found = {"compiler": COMPILER, "edition": EDITION}
    for file, said in _files(path):
        found["spec" if real_path(file) == own else named("reads", place(file, root))] = said
    worlds = [spec.world] if isinstance(spec, Experiment) else [spec]
    if isinstance(spec, Experiment) and spec.before is not None:
        worlds.append(spec.before.world)
    data = [each for world in worlds for _, each in world.files()]
    if isinstance(spec, Experiment):
        data += [arm.replayed.path for arm in spec.arms if arm.replayed is not None]
        for learner in spec.models:
            if learner.checkpoint is not None:
                found[named("checkpoint", learner.name)] = learner.checkpoint.digest()
        found |= {named("expect", each.text): each.claim() for each in spec.expectations}
    return found | {named("reads", place(each, root)): file_digest(each) for each in data}


def evidence(spec: Experiment, pinned: Section) -> str:
    """What the results of an experiment depend on: all but what is expected of them."""
    silent = dataclasses.replace(spec, expectations=())
    read = {
        key: value for key, value in pinned.items() if key.startswith(("reads", "checkpoint", "compiler"))
    }
    return digest(canonical([silent, sorted(read.items())]))


def kept(before: Section, pinned: Section, evidence: str, made: Section) -> dict[str, str]:
    """The new section of a spec, of the one `before` and of what was `made` of the spec by now.

    What was made of the same inputs stays, whoever made it. An expectation that is new, or that claims
    something else, while the results of the very same `evidence` have been there, is marked as written after
    them.
    """
    section = dict(pinned)
    was, seen = names(before, "expect"), before.get("measured") == evidence
    for text, claim in names(pinned, "expect").items():
        told = was.get(text, "")
        late = told == LATE + claim or (seen and told != claim)
        section[named("expect", text)] = (LATE if late else "") + claim
    if not differences(before, pinned):
        section |= {key: value for key, value in before.items() if key.partition(".")[0] in MADE}
    section |= made
    if "results" in made:
        section["measured"] = evidence
    elif "measured" in before:
        section["measured"] = before["measured"]
    return section


def late(section: Section) -> frozenset[str]:
    """The expectations that were written after the results were there."""
    return frozenset(text for text, told in names(section, "expect").items() if told.startswith(LATE))


def differences(locked: Section, pinned: Section) -> list[str]:
    """What is not as it was locked, in words; nothing where all is."""
    said = []
    if locked.get("compiler") != pinned["compiler"]:
        said.append(f"the compiler was '{locked.get('compiler', '')}' and is '{pinned['compiler']}'")
    if locked.get("edition") != pinned["edition"]:
        said.append(f"the edition was {locked.get('edition', 'none')} and is {pinned['edition']}")
    for kind, what in (("reads", ""), ("checkpoint", "the checkpoint of model ")):
        was, now = names(locked, kind), names(pinned, kind)
        for name in sorted(was.keys() | now.keys()):
            if was.get(name) != now.get(name):
                change = (
                    "changed" if name in was and name in now else "is new" if name in now else "is not read"
                )
                said.append(f"{what}{name} {change}")
    if locked.get("spec") != pinned["spec"]:
        said.insert(0, "it changed itself")
    return said


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """The specs that a spec is made of, itself among them, and the digest of what each says by itself."""
    report = Report()
    if path.suffix == ".world":
        world = resolve_world(path, str(path), report)
    else:
        read = resolve_experiment(path, str(path), report)
        world = read.world if read else None
        if read is not None:
            yield path, digest(canonical([read.file.edition, read.file.experiment]))
            for file in _worlds(read.old.scope) if read.old is not None else ():
                yield file.source.path, digest(canonical([file.edition, file.imports, file.world]))
    for file in _worlds(world.scope) if world is not None else ():
        yield file.source.path, digest(canonical([file.edition, file.imports, file.world]))


def _worlds(scope: Scope) -> Iterator[WorldFile]:
    yield from scope.files
    for each in scope.named:
        yield from _worlds(each.scope)
