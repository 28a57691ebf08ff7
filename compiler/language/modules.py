"""Imports with names: what a file declares becomes ALIAS.NAME, inside it and outside. Syntax in, syntax out.

All that comes after sees one set of files with names that are different, so a file that is imported under
two names is two worlds, with draws of their own.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from wug.compiler.data.typed import VALUE_TYPES
from wug.compiler.diagnosis.diagnostics import Note, Report
from wug.compiler.language import syntax
from wug.compiler.language.resolve import Named, Scope, WorldFiles
from wug.compiler.language.source import Span
from wug.compiler.language.walk import nodes, replaced

_DECLARING = (
    syntax.Lexicon
    | syntax.Entity
    | syntax.Table
    | syntax.Relation
    | syntax.Preamble
    | syntax.Document
    | syntax.Scene
    | syntax.Terms
    | syntax.Operator
    | syntax.Given
)


def flatten(scope: Scope, root: Path, report: Report) -> WorldFiles:
    """All files of a world with the names by which the outermost one knows them."""
    return WorldFiles(tuple(_flat(scope, "", report)), root)


def _flat(scope: Scope, prefix: str, report: Report) -> list[syntax.WorldFile]:
    known = _known(scope, report)
    files: list[syntax.WorldFile] = []
    for part in scope.parts:
        if isinstance(part, Named):
            if known[part.alias.text] is not part.alias.span:
                continue  # it collides, which is reported: all that it declares would do so again
            files += _flat(part.scope, f"{prefix}{part.alias.text}.", report)
        else:
            files.append(_Qualifier(prefix, known).file(part) if prefix else part)
    return files


def _known(scope: Scope, report: Report) -> dict[str, Span]:
    """The names that a scope declares, and those of its imports, which are reported where they collide."""
    known: dict[str, Span] = {}
    for file in scope.files:
        for node in nodes(file.world):
            if isinstance(node, _DECLARING):
                known.setdefault(node.name.text, node.name.span)
    for named in scope.named:
        name = named.alias.text
        if name in known:
            notes = [Note("first declared here", known[name])]
            help = "choose another name behind 'as'"
            report.add("W0103", f"'{name}' is declared twice", named.alias.span, notes=notes, help=help)
        known.setdefault(name, named.alias.span)
    return known


class _Qualifier:
    """Puts a prefix before every name that a scope knows."""

    def __init__(self, prefix: str, known: dict[str, Span]) -> None:
        self.prefix = prefix
        self.known = known

    def file(self, file: syntax.WorldFile) -> syntax.WorldFile:
        return file if file.world is None else dataclasses.replace(file, world=self._world(file.world))

    def _world(self, world: syntax.World) -> syntax.World:
        return dataclasses.replace(world, declarations=replaced(world.declarations, self._change))

    def _change(self, node: Any) -> Any:
        if isinstance(node, _DECLARING):
            named = dataclasses.replace(node, name=self._full(node.name))
            fields = [f.name for f in dataclasses.fields(named) if f.name not in ("name", "span", "doc")]
            below = {name: replaced(getattr(named, name), self._change) for name in fields}
            return dataclasses.replace(named, **below)
        if isinstance(node, syntax.Param):
            return node if node.type.text in VALUE_TYPES else self._with(node, type=self._full(node.type))
        if isinstance(node, syntax.Literal):
            return self._with(node, relation=self._full(node.relation))
        if isinstance(node, syntax.Shape):
            return dataclasses.replace(
                node,
                name=self._reference(node.name) if node.parts else node.name,
                parts=replaced(node.parts, self._change),
            )
        if isinstance(node, syntax.Settings):
            return syntax.Settings(tuple(self._atom(each) for each in node.atoms), node.span)
        if isinstance(node, syntax.Call):
            return syntax.Call(
                self._reference(node.name), tuple(self._atom(each) for each in node.arguments), node.span
            )
        return None

    def _with(self, node: Any, **names: syntax.Name) -> Any:
        return dataclasses.replace(node, **names)

    def _atom(self, atom: syntax.Atom) -> syntax.Atom:
        return self._reference(atom) if isinstance(atom, syntax.Name) else replaced(atom, self._change)

    def _reference(self, name: syntax.Name) -> syntax.Name:
        """A name that may be a key or a word of the language: only what is known gets the prefix."""
        return self._full(name) if name.text.partition(".")[0] in self.known else name

    def _full(self, name: syntax.Name) -> syntax.Name:
        return syntax.Name(self.prefix + name.text, name.span)
