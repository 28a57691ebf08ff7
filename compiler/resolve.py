"""Which files a spec is made of: imports and the world of an experiment, inside the project root only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wug.compiler import syntax
from wug.compiler.diagnostics import Note, Report, did_you_mean
from wug.compiler.parse import parse_experiment, parse_world, read_source
from wug.compiler.source import neighbours, real_path

ROOT_MARKS = (".git", "pyproject.toml", "wug.lock")


@dataclass(frozen=True)
class WorldFiles:
    """A world's file and all it imports, imported ones first."""

    files: tuple[syntax.WorldFile, ...]
    root: Path


@dataclass(frozen=True)
class ExperimentFiles:
    """An experiment's file and the world it names, none where that could not be read."""

    file: syntax.ExperimentFile
    world: WorldFiles | None
    root: Path


def project_root(spec: Path) -> Path:
    """The nearest ancestor of a spec that marks a project, else the spec's own folder."""
    folder = real_path(spec).parent
    for ancestor in (folder, *folder.parents):
        if any((ancestor / mark).exists() for mark in ROOT_MARKS):
            return ancestor
    return folder


def resolve_world(path: Path, name: str, report: Report) -> WorldFiles | None:
    """Read a `.world` given on the command line, and its imports."""
    root = project_root(path)
    files = _load(path, name, None, root, (), {}, report)
    return WorldFiles(tuple(files), root) if files else None


def resolve_experiment(path: Path, name: str, report: Report) -> ExperimentFiles | None:
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
        return ExperimentFiles(file, None, root)
    for extra in worlds[1:]:
        report.add("W0103", "an experiment has one world", extra.span)
    named = worlds[0].path
    target = inside(path, named, root, report)
    files = _load(target, named.text, named, root, (), {}, report) if target else []
    _no_parameters(worlds[0].settings, report)
    return ExperimentFiles(file, WorldFiles(tuple(files), root) if files else None, root)


def _no_parameters(settings: syntax.Settings | None, report: Report) -> None:
    if settings is not None:
        help = "leave them out for now"
        report.add("W0011", "parameters are not yet understood by this version", settings.span, help=help)


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
    return target


def _load(
    path: Path,
    name: str,
    named: syntax.Text | None,
    root: Path,
    above: tuple[tuple[Path, syntax.Text | None], ...],
    seen: dict[Path, bool],
    report: Report,
) -> list[syntax.WorldFile]:
    """A world file after the files it imports; each once; a cycle is reported where it closes."""
    span = named.span if named else None
    real = real_path(path)
    if real in (p for p, _ in above):
        notes = [Note("the cycle goes through this import", text.span) for _, text in above[1:] if text]
        report.add(
            "W0105",
            f"'{name}' imports itself",
            span,
            notes=notes,
            help="move what both need into a third file",
        )
        return []
    if real in seen:
        return []
    seen[real] = True
    if path.suffix != ".world":
        help = did_you_mean(path.stem + ".world", neighbours(path, ".world"))
        report.add("W0010", f"'{name}' is not a .world file", span, help=help, file="" if span else name)
        return []
    shown = name if named is None else _shown(path, root)
    source = read_source(path, shown, report, span)
    if source is None:
        return []
    file = parse_world(source, report)
    found: list[syntax.WorldFile] = []
    for each in file.imports:
        text = each.path
        if each.alias is not None:
            help = "leave it out for now"
            report.add("W0011", "'as' is not yet understood by this version", each.alias.span, help=help)
        _no_parameters(each.settings, report)
        target = inside(path, text, root, report)
        if target is not None:
            found += _load(target, text.text, text, root, (*above, (real, named)), seen, report)
    return [*found, file]


def _shown(path: Path, root: Path) -> str:
    """How an imported file is called in messages: from the folder the person stands in, if it is below."""
    real = real_path(path)
    here = Path.cwd()
    return (
        str(real.relative_to(here)) if real.is_relative_to(here) else str(real.relative_to(real_path(root)))
    )
