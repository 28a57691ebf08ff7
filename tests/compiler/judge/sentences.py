"""Sentences, read by patterns made from the forms."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from tests.compiler.judge.reading import World
from tests.compiler.judge.reasoning import Fact

SLOT = re.compile(r"\{(\w+)(?:\.(\w+))?\}")


class Reader:
    """Reads sentences back to facts. `texts` are the names or values there are of each type of a table."""

    def __init__(self, world: World, texts: dict[str, set[str]]) -> None:
        self.world = world
        self.patterns: list[tuple[str, str, re.Pattern[str], list[tuple[int, int]]]] = []
        for name, relation in world.relations.items():
            places = {argument: place for place, (argument, _) in enumerate(relation.arguments)}
            for form, sentence in relation.forms.items():
                pattern, slots, end = "", [], 0
                for match in SLOT.finditer(sentence):
                    place = places[match.group(1)]
                    type = relation.arguments[place][1]
                    column = 0
                    options = texts.get(type, set())
                    if type in world.tables:
                        columns, rows = world.tables[type]
                        column = columns.index(match.group(2))
                        options = {row[column] for row in rows}
                    words = "|".join(sorted(map(re.escape, options), key=len, reverse=True))
                    words = "[a-z]+" if type in world.invented else words
                    pattern += re.escape(sentence[end : match.start()]) + f"({words})"
                    slots.append((place, column))
                    end = match.end()
                pattern += re.escape(sentence[end:])
                self.patterns.append((name, form, re.compile(pattern), slots))

    def read(self, sentence: str) -> list[tuple[str, Fact]]:
        """All that a sentence may mean: (form, fact)."""
        found = []
        for name, form, pattern, slots in self.patterns:
            match = pattern.fullmatch(sentence)
            if match:
                found += [(form, (name, fact)) for fact in self._facts(name, slots, match.groups())]
        return found

    def _facts(
        self, name: str, slots: list[tuple[int, int]], cells: tuple[str, ...]
    ) -> Iterator[tuple[str, ...]]:
        arguments = self.world.relations[name].arguments
        options: list[list[str]] = []
        for place, (_, type) in enumerate(arguments):
            said = [(column, cell) for (at, column), cell in zip(slots, cells, strict=True) if at == place]
            if type in self.world.tables:
                rows = self.world.tables[type][1]
                options.append([row[0] for row in rows if all(row[column] == cell for column, cell in said)])
            else:
                options.append(sorted({cell for _, cell in said}) if len({c for _, c in said}) == 1 else [])
        yield from itertools.product(*options)
