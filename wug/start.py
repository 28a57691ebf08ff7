"""A shipped spec to start from: an experiment, its world and all files they name, copied into one folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wug import specs
from wug.compiler.diagnosis.diagnostics import Report, did_you_mean
from wug.compiler.language import syntax, syntax_experiment
from wug.compiler.language.parse import parse_experiment, parse_world, read_source
from wug.compiler.language.walk import nodes
from wug.compiler.store import environment
from wug.runtime.failure import RuntimeFailure


@dataclass(frozen=True)
class Copied:
    """The files that were written, and those that a spec names but wug does not ship: where they must lie."""

    files: list[Path]
    missing: list[Path]


def shipped() -> dict[str, str]:
    """The shipped experiments: name and the first sentence of its doc comment."""
    found: dict[str, str] = {}
    for name, path in _experiments().items():
        source = read_source(path, path.name, Report())
        experiment = parse_experiment(source, Report()).experiment if source else None
        if experiment is not None:
            found[name] = experiment.doc.split("\n")[0]
    return found


def _experiments() -> dict[str, Path]:
    """By name: those to begin with, those of the study and of real models, which are called by their folders
    too, then those over published data, which lies elsewhere."""
    every = specs() / "experiments"
    folders = (
        ("", every),
        ("study/", every / "study"),
        ("real/", every / "real"),
        ("", specs() / "original"),
    )
    return {
        prefix + path.stem: path for prefix, folder in folders for path in sorted(folder.glob("*.experiment"))
    }


def copy_spec(name: str, into: Path) -> Copied:
    """Copy an experiment with all it needs into `into`, side by side.

    Raises RuntimeFailure where there is no such spec or a file is there already; then nothing is written.
    """
    name = name.removesuffix(".experiment")
    experiment = _experiments().get(name)
    if experiment is None:
        raise RuntimeFailure(f"no shipped spec is called '{name}': {did_you_mean(name, shipped())}")
    found = _Collection()
    found.spec(experiment)
    for file in found.named.values():
        if (into / file).exists():
            raise RuntimeFailure(f"'{into / file}' is there already; nothing was copied")
    with environment(into, "--into DIR"):
        into.mkdir(parents=True, exist_ok=True)
        for path, file in found.named.items():
            if path in found.texts:
                (into / file).write_text(found.texts[path], encoding="utf-8")
            else:
                shutil.copyfile(path, into / file)
    return Copied([into / file for file in found.named.values()], [into / path for path in found.missing])


@dataclass
class _Collection:
    """All files of a spec: what each is called in the copy, and the text of those that name others."""

    named: dict[Path, str] = field(default_factory=dict)
    texts: dict[Path, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def spec(self, path: Path) -> None:
        """A spec whose paths are cut to the names in the copy, and all that these name."""
        self._name(path)
        report = Report()
        source = read_source(path, path.name, report)
        assert source is not None, f"a shipped spec cannot be read: {path}"
        parse = parse_experiment if path.suffix == ".experiment" else parse_world
        file = parse(source, report)
        text, ends = "", 0
        for place in sorted(_paths(file), key=lambda place: place.span.start):
            target = (path.parent / place.text).resolve()
            if not target.is_file():
                self.missing += [place.text] * (place.text not in self.missing)
                continue
            if target not in self.named:
                self.spec(target) if target.suffix == ".world" else self._name(target)
            text += source.text[ends : place.span.start] + f'"{self.named[target]}"'
            ends = place.span.end
        self.texts[path.resolve()] = text + source.text[ends:]

    def _name(self, path: Path) -> None:
        """A name of its own; of two files of one name the second is told by its folder."""
        path, name = path.resolve(), path.name
        for folder in path.parents:
            if name not in self.named.values():
                break
            name = f"{folder.name}-{name}"
        self.named[path] = name


def _paths(file: syntax.WorldFile | syntax_experiment.ExperimentFile) -> Iterator[syntax.Text]:
    """Every text of a spec that names a file."""
    for node in nodes(file):
        if isinstance(node, syntax.Import):
            yield node.path
        elif isinstance(node, syntax.Entity | syntax.Given) and node.source is not None:
            yield node.source
        elif isinstance(node, syntax_experiment.UsedWorld | syntax_experiment.Update):
            yield node.path
        elif isinstance(node, syntax.Settings | syntax.Call):
            atoms = node.atoms if isinstance(node, syntax.Settings) else node.arguments
            for key, equal, value in zip(atoms, atoms[1:], atoms[2:], strict=False):
                words = [each.text for each in (key, equal) if isinstance(each, syntax.Name)]
                if words == ["tokens", "equal"] and isinstance(value, syntax.Text):
                    yield value
