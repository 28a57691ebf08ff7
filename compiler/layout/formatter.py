"""A spec in the one layout, with the proof that it still says the same."""

from __future__ import annotations

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.language.parse import parse_experiment, parse_world
from wug.compiler.language.source import Source
from wug.compiler.layout.layout import laid_out
from wug.compiler.layout.pieces import pieces


class LayoutError(Exception):
    """The layout would have changed what a spec says: a bug of the formatter, and nothing is written."""


def formatted(source: Source, report: Report) -> str | None:
    """A spec's text as it should look; none where its syntax has errors, which go to `report`.

    Before it is given out it is read again: the same tree, and every comment in its place among the tokens.
    """
    kind = source.path.suffix.removeprefix(".")
    parse = parse_world if kind == "world" else parse_experiment
    found = Report()
    before = parse(source, found)
    report.items += found.sorted()
    if found.failed:
        return None
    text = laid_out(source.text, kind)
    after = parse(Source(source.path, source.name, text), found)
    if found.failed or not _same(before, after) or _texts(source.text, kind) != _texts(text, kind):
        raise LayoutError(f"laying out '{source.name}' would change what it says")
    return text


def _same(before: object, after: object) -> bool:
    """Whether two trees are equal; their sources, which differ, are no part of that."""
    parts = ("edition", "imports", "world", "experiment")
    return all(getattr(before, part, None) == getattr(after, part, None) for part in parts)


def _texts(text: str, kind: str) -> list[tuple[str, str]]:
    return [(piece.kind, piece.text) for piece in pieces(text, kind)]
