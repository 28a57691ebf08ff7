"""Which files a spec is made of: imports and the world of an experiment, inside the project root only."""

from __future__ import annotations

import errno
from pathlib import Path

from wug.compiler.diagnosis.diagnostics import Note, Report, did_you_mean
from wug.compiler.language import syntax, syntax_experiment
from wug.compiler.language.parse import parse_experiment, parse_world, read_source
from wug.compiler.language.source import neighbours, real_path
from wug.compiler.record import Record

ROOT_MARKS = (".git", "pyproject.toml", "wug.lock")


MOST_FILES = 1000
"""How often files may be imported, all in all: every name of an import is the whole file once more."""


class Named(Record):
    """An import with a name, which stands before what it declares; `setting` sets its parameters."""

    alias: syntax.Name
    setting: syntax.Settings | None
    scope: Scope


class Scope(Record):
    """Files that share one set of names and the imports with names among them, what is imported first."""

    parts: tuple[syntax.WorldFile | Named, ...]

    @property
    def files(self) -> tuple[syntax.WorldFile, ...]:
        """The files of this scope alone."""
        return tuple(part for part in self.parts if isinstance(part, syntax.WorldFile))

    @property
    def named(self) -> tuple[Named, ...]:
        return tuple(part for part in self.parts if isinstance(part, Named))


class WorldFiles(Record):
    """The files of a world, imported ones first, in one set of names."""

    files: tuple[syntax.WorldFile, ...]
    root: Path


class ReadWorld(Record):
    """A world as it is read: its file and all it imports."""

    scope: Scope
    root: Path


class ReadExperiment(Record):
    """An experiment's file and the world it names, none where that could not be read; and the world as it
    was before, where it is one in two versions."""

    file: syntax_experiment.ExperimentFile
    world: ReadWorld | None
    old: ReadWorld | None = None


def project_root(spec: Path) -> Path:
    """The nearest ancestor of a spec that marks a project, else the spec's own folder."""
    folder = real_path(spec).parent
    for ancestor in (folder, *folder.parents):
        if any((ancestor / mark).exists() for mark in ROOT_MARKS):
            return ancestor
    return folder


def resolve_world(path: Path, name: str, report: Report) -> ReadWorld | None:
    """Read a `.world` given on the command line, and its imports."""
    root = project_root(path)
    scope = _Reader(root, report).scope(path, name, None, ())
    return ReadWorld(scope, root) if scope.parts else None


def resolve_experiment(path: Path, name: str, report: Report) -> ReadExperiment | None:
    """Read an `.experiment` given on the command line, its world and the world's imports."""
    source = read_source(path, name, report)
    if source is None:
        return None
    file = parse_experiment(source, report)
    root = project_root(path)
    if file.experiment is None:
        return None
    worlds = file.experiment.worlds
    if not worlds:
        help = 'say which: world "some.world"'
        report.add("W0501", "the experiment names no world", file.experiment.name.span, help=help)
        return ReadExperiment(file, None)
    for extra in worlds[1:]:
        report.add("W0103", "an experiment has one world", extra.span)
    for again in file.experiment.updates[1:]:
        report.add("W0103", "an experiment updates one world", again.span)

    def read(named: syntax.Text) -> ReadWorld | None:
        target = inside(path, named, root, report)
        scope = _Reader(root, report).scope(target, named.text, named, ()) if target else Scope(())
        return ReadWorld(scope, root) if scope.parts else None

    old = next((read(update.path) for update in file.experiment.updates), None)
    return ReadExperiment(file, read(worlds[0].path), old)


def inside(spec: Path, written: syntax.Text, root: Path, report: Report) -> Path | None:
    """The file that a spec names, resolved against the spec's folder; reported if outside the root."""
    target = real_path(spec.parent / written.text)
    if not target.is_relative_to(real_path(root)):
        report.add(
            "W0104",
            f"'{written.text}' is outside the project",
            written.span,
            help="a spec may only read files below the folder that holds .git, pyproject.toml or wug.lock",
        )
        return None
    try:
        target.lstat()
    except OSError as error:
        if error.errno not in _NOT_THERE:  # a name that no file can have, a folder that is closed to us
            shown = written.text if len(written.text) <= 60 else written.text[:60] + "..."
            report.add("W0009", f"cannot read '{shown}': {error.strerror}", written.span)
            return None
    return target


_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""What whoever reads a file says better: that it is not there."""


_Above = tuple[tuple[Path, syntax.Text | None], ...]


class _Reader:
    """Reads world files; each is parsed once, however often it is imported."""

    def __init__(self, root: Path, report: Report) -> None:
        self.root = root
        self.report = report
        self.parsed: dict[Path, syntax.WorldFile | None] = {}
        self.count = 0

    def scope(self, path: Path, name: str, named: syntax.Text | None, above: _Above) -> Scope:
        """A file with all that shares its names. `named` is what imports it, `above` the way there."""
        return Scope(tuple(self._load(path, name, named, above, set())))

    def _load(
        self, path: Path, name: str, named: syntax.Text | None, above: _Above, seen: set[Path]
    ) -> list[syntax.WorldFile | Named]:
        """A file after those it imports, each once in a scope; a cycle is reported where it closes."""
        span = named.span if named else None
        real = real_path(path)
        if real in (p for p, _ in above):
            notes = [Note("the cycle goes through this import", text.span) for _, text in above[1:] if text]
            help = "move what both need into a third file"
            self.report.add("W0105", f"'{name}' imports itself", span, notes=notes, help=help)
            return []
        if real in seen:
            return []
        seen.add(real)
        self.count += 1
        if self.count > MOST_FILES:
            if self.count == MOST_FILES + 1:
                message = f"more than {MOST_FILES} files are imported"
                help = "an import with a name is the whole file once more: do without some"
                self.report.add("W0204", message, span, help=help)
            return []
        file = self._parsed(path, real, name, named)
        if file is None:
            return []
        found: list[syntax.WorldFile | Named] = []
        for each in file.imports:
            target = inside(path, each.path, self.root, self.report)
            if target is None:
                continue
            way = (*above, (real, named))
            if each.alias is None:
                found += self._load(target, each.path.text, each.path, way, seen)
            else:
                scope = self.scope(target, each.path.text, each.path, way)
                found.append(Named(each.alias, each.settings, scope))
        return [*found, file]

    def _parsed(
        self, path: Path, real: Path, name: str, named: syntax.Text | None
    ) -> syntax.WorldFile | None:
        if real not in self.parsed:
            self.parsed[real] = self._parse(path, name, named)
        return self.parsed[real]

    def _parse(self, path: Path, name: str, named: syntax.Text | None) -> syntax.WorldFile | None:
        span = named.span if named else None
        if path.suffix != ".world":
            help = did_you_mean(path.stem + ".world", neighbours(path, ".world"))
            message = f"'{name}' is not a .world file"
            self.report.add("W0010", message, span, help=help, file="" if span else name)
            return None
        source = read_source(path, name if named is None else _shown(path, self.root), self.report, span)
        return parse_world(source, self.report) if source else None


def _shown(path: Path, root: Path) -> str:
    """How an imported file is called in messages: from the folder the person stands in, if it is below."""
    real = real_path(path)
    here = Path.cwd()
    return (
        str(real.relative_to(here)) if real.is_relative_to(here) else str(real.relative_to(real_path(root)))
    )
