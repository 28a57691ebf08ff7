"""A shipped spec to start from: an experiment, its world and their data, copied into one folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from wug import specs
from wug.compiler.diagnosis.diagnostics import Report, did_you_mean
from wug.compiler.language import syntax
from wug.compiler.language.parse import parse_experiment, parse_world, read_source
from wug.compiler.store import environment
from wug.runtime.failure import RuntimeFailure


def shipped() -> dict[str, str]:
    """The shipped experiments: name and the first sentence of its doc comment."""
    found: dict[str, str] = {}
    for path in sorted((specs() / "experiments").glob("*.experiment")):
        source = read_source(path, path.name, Report())
        experiment = parse_experiment(source, Report()).experiment if source else None
        if experiment is not None:
            found[path.stem] = experiment.doc.split("\n")[0]
    return found


def copy_spec(name: str, into: Path) -> list[Path]:
    """Copy an experiment with all it needs into `into`, side by side; returns the new files.

    Raises RuntimeFailure where there is no such spec or a file is there already; then nothing is written.
    """
    name = name.removesuffix(".experiment")
    experiment = specs() / "experiments" / f"{name}.experiment"
    if name not in shipped():
        raise RuntimeFailure(f"no shipped spec is called '{name}': {did_you_mean(name, shipped())}")
    texts: dict[str, str | Path] = {}
    _collect(experiment, texts)
    for file in texts:
        if (into / file).exists():
            raise RuntimeFailure(f"'{into / file}' is there already; nothing was copied")
    with environment(into, "--into DIR"):
        into.mkdir(parents=True, exist_ok=True)
        for file, content in texts.items():
            if isinstance(content, Path):
                shutil.copyfile(content, into / file)
            else:
                (into / file).write_text(content, encoding="utf-8")
    return [into / file for file in texts]


def _collect(path: Path, texts: dict[str, str | Path]) -> None:
    """The text of a spec with every path in it cut to a bare file name, and all that these name."""
    report = Report()
    source = read_source(path, path.name, report)
    assert source is not None, f"a shipped spec cannot be read: {path}"
    named: list[syntax.Text] = []
    if path.suffix == ".experiment":
        experiment = parse_experiment(source, report).experiment
        named += [used.path for used in experiment.worlds] if experiment else []
    else:
        file = parse_world(source, report)
        named += [each.path for each in file.imports]
        declarations = file.world.declarations if file.world else ()
        named += [d.source for d in declarations if isinstance(d, syntax.Entity) and d.source]
    text = source.text
    for place in sorted(named, key=lambda place: place.span.start, reverse=True):
        text = text[: place.span.start] + f'"{Path(place.text).name}"' + text[place.span.end :]
    texts[path.name] = text
    for place in named:
        target = path.parent / place.text
        if target.suffix == ".world":
            _collect(target, texts)
        else:
            texts[target.name] = target
