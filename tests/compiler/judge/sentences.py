"""Sentences, read by patterns made from the forms."""

from __future__ import annotations

import datetime
import functools
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.compiler.judge.reading import Document, Wording, World
from tests.compiler.judge.reasoning import Fact

SLOT = re.compile(r"\{(\w+)((?:\.\w+)*)(\*?)\}")
PART = re.compile(r"\[\[|\]\]|\[[^\[\]]*\]|\{[^{}]*\}|[^\[\]{}]+")


@dataclass
class Pattern:
    """One way to say a form, in which `slots` are what the groups hold: (argument, column, inflections)."""

    relation: str
    form: str
    held: bool
    regex: re.Pattern[str]
    slots: list[tuple[int, int, tuple[str, ...]]]
    pronoun: bool = False


class Reader:
    """Reads sentences back to facts. `texts` are the names or values there are of each type of a table."""

    def __init__(self, world: World, texts: dict[str, set[str]]) -> None:
        self.world = world
        self.texts = texts
        self.patterns = [
            self._pattern(name, form, wording.cue + wording.answer, wording.held)
            for name, relation in world.relations.items()
            for form, wordings in relation.forms.items()
            for wording in wordings
        ]

    def read(self, sentence: str) -> list[tuple[str, Fact]]:
        """All that a sentence may mean: (form, fact)."""
        found = []
        for pattern in self.patterns:
            match = pattern.regex.fullmatch(sentence)
            if match:
                found += [(pattern.form, fact) for facts in self._facts(pattern, match, "") for fact in facts]
        return found

    def document(self, document: Document, text: str) -> list[tuple[int, int, str, list[Fact]]]:
        """The sentences of a document: from where to where, in which form, and the facts of each."""
        told = [(*each, document.type, document.pronoun) for each in document.tells]
        patterns = [pattern for each in told for pattern in self._told(*each)]
        start, about, cast = 0, "", None
        if document.title:
            title = self._title(document.title, document.type, document.scene)
            match = title.regex.match(text)
            assert match, f"no title: {text}"
            start = match.end() + 1
            values = self._values(title, match)
            about, cast = ("", set(values[0])) if document.scene else (values[0][0], None)
        found = self._sentences(patterns, text, start, about)
        assert found, f"does not read as a document: {text}"
        if cast is not None:
            named = {name for _, _, _, facts in found for _, arguments in facts for name in arguments}
            assert named <= cast, f"the title names others: {text}"
        return found

    @functools.cache  # noqa: B019
    def _title(self, title: str, type: str, scene: bool) -> Pattern:
        """The title of a document: it names whom that is about, or lists the members of its scene."""
        (slot,) = SLOT.finditer(title)
        named = (slot.group(1), slot.group(1) if scene else type)
        return self._pattern("", "", title, False, [named])

    def _sentences(
        self, patterns: list[tuple[Pattern, int]], text: str, start: int, about: str
    ) -> list[tuple[int, int, str, list[Fact]]]:
        for pattern, subject in patterns:
            match = pattern.regex.match(text, start)
            if not match or text[match.end() : match.end() + 1] not in ("", " "):
                continue
            for facts in self._facts(pattern, match, about if pattern.pronoun else "", subject):
                who = facts[0][1][subject] if subject >= 0 else ""
                if about and who != about:
                    continue
                mine = (start, match.end(), pattern.form, facts)
                if match.end() == len(text):
                    return [mine]
                rest = self._sentences(patterns, text, match.end() + 1, who)
                if rest:
                    return [mine, *rest]
        return []

    @functools.cache  # noqa: B019
    def _told(self, relation: str, form: str, about: str, pronoun: str) -> list[tuple[Pattern, int]]:
        """The ways in which a document about a type says a form, and which argument it is about; -1 where
        that is none, but a scene."""
        found = []
        arguments = self.world.relations[relation].arguments
        names = [name for name, _ in arguments]
        for wording in self.world.relations[relation].forms[form]:
            if wording.held:
                continue
            whole = wording.cue + wording.answer
            mentioned = [names.index(match.group(1)) for match in SLOT.finditer(whole)]
            subject = next((place for place in mentioned if arguments[place][1] == about), -1)
            found.append((self._pattern(relation, form, whole, False), subject))
            if wording.answer:
                asked = f"Question: {wording.cue.rstrip(' :,')}? Answer: {wording.answer.strip(' ')}"
                found.append((self._pattern(relation, form, asked, False), subject))
            first = SLOT.match(whole)
            if pronoun and first and names.index(first.group(1)) == subject:
                word = pronoun[0].upper() + pronoun[1:]
                turned = self._pattern(relation, form, word + whole[first.end() :], False)
                turned.pronoun = True
                found.append((turned, subject))
        return found

    # Patterns

    def _pattern(
        self,
        name: str,
        form: str,
        text: str,
        held: bool,
        arguments: Sequence[tuple[str, str]] | None = None,
    ) -> Pattern:
        if arguments is None:
            arguments = self.world.relations[name].arguments
        slots: list[tuple[int, int, tuple[str, ...]]] = []
        pattern = "".join(self._part(part, arguments, slots) for part in spaced(PART.findall(text)))
        return Pattern(name, form, held, re.compile(pattern), slots)

    def _part(
        self, part: str, arguments: Sequence[tuple[str, str]], slots: list[tuple[int, int, tuple[str, ...]]]
    ) -> str:
        if part in ("[[", "]]"):
            return re.escape(part[0])
        if part.startswith("["):
            alternatives = [
                "".join(self._part(inner, arguments, slots) for inner in PART.findall(each))
                for each in part[1:-1].split("|")
            ]
            return f"(?:{'|'.join(alternatives)})" + ("" if len(alternatives) > 1 else "?")
        match = SLOT.fullmatch(part)
        if not match:
            return re.escape(part)
        place = [name for name, _ in arguments].index(match.group(1))
        type, column = arguments[place][1], 0
        behind = match.group(2).split(".")[1:]
        if type in self.world.tables:
            columns, rows = self.world.tables[type]
            column = columns.index(behind.pop(0))
            known = {row[column] for row in rows}
        else:
            known = self.texts.get(type, set())
        slots.append((place, column, tuple(behind)))
        words = "|".join(sorted({re.escape(inflected(k, behind)) for k in known}, key=len, reverse=True))
        if type in self.world.invented and not behind:
            words = self.world.invented[type]
        return f"({words}(?:, (?:{words}))*(?: and (?:{words}))?)" if match.group(3) else f"({words})"

    # Facts

    def _values(self, pattern: Pattern, match: re.Match[str]) -> list[list[str]]:
        """For each group the words or cells that it may hold, uninflected where they are of a type."""
        found = []
        for (_, _, behind), said in zip(pattern.slots, match.groups(), strict=True):
            each = re.split(", | and ", said)
            found.append(
                [text for one in each for text in self._stems(behind).get(one, ())] if behind else each
            )
        return found

    @functools.cache  # noqa: B019
    def _stems(self, behind: tuple[str, ...], type: str = "") -> dict[str, set[str]]:
        """Names and values, of one type or of all, by how they read inflected."""
        found: dict[str, set[str]] = {}
        for name, texts in self.texts.items():
            for text in texts if type in ("", name) else ():
                found.setdefault(inflected(text, behind), set()).add(text)
        return found

    def _facts(
        self, pattern: Pattern, match: re.Match[str], about: str, subject: int = -1
    ) -> Iterator[list[Fact]]:
        """All facts that a sentence may state; a list states several together."""
        arguments = self.world.relations[pattern.relation].arguments
        options: list[list[str]] = []
        listed = -1
        for place, (_, type) in enumerate(arguments):
            said = [
                (column, behind, cell)
                for (at, column, behind), cell in zip(pattern.slots, match.groups(), strict=True)
                if at == place and cell is not None
            ]
            if place == subject and about and not said:
                options.append([about])
            elif type in self.world.tables:
                rows = self.world.tables[type][1]
                options.append(
                    [
                        row[0]
                        for row in rows
                        if all(inflected(row[column], behind) == cell for column, behind, cell in said)
                    ]
                )
            else:
                one = [
                    self._stems(behind, type).get(cell) or ({cell} if not behind else set())
                    for _, behind, cell in said
                ]
                values = sorted(set.intersection(*one)) if one else []
                whole = len(said) != 1 or said[0][1] or said[0][2] in self.texts.get(type, ())
                if not whole and re.search(", | and ", said[0][2]):
                    values, listed = re.split(", | and ", said[0][2]), place
                options.append(values)
        facts: list[Fact] = [(pattern.relation, each) for each in itertools.product(*options)]
        if listed >= 0 and facts:
            yield facts
        else:
            yield from ([fact] for fact in facts)


def spaced(parts: list[str]) -> list[str]:
    """The space beside a part that may be nothing belongs to it."""
    parts = list(parts)
    for place, part in enumerate(parts):
        optional = part.startswith("[") and len(part) > 2 and ("|" not in part or "" in part[1:-1].split("|"))
        before = parts[place - 1] if place else " "
        after = parts[place + 1] if place + 1 < len(parts) else ""
        if not optional or not before.endswith(" "):
            continue
        inner = [each for each in part[1:-1].split("|") if each]
        behind, ahead = (
            "[" + "|".join([*each, ""]) + "]" for each in ([f"{i} " for i in inner], [f" {i}" for i in inner])
        )
        if after.startswith(" "):
            parts[place], parts[place + 1] = behind, after[1:]
        elif place and not re.match(r"[\w{\[]", after):
            parts[place], parts[place - 1] = ahead, before[:-1]
    return parts


def inflected(text: str, kinds: Sequence[str]) -> str:
    """The regular English inflections of invented words and short adjectives, and of days."""
    for kind in kinds:
        if kind == "plural":
            text += "es" if re.search(r"(s|x|z|ch|sh)$", text) else "s"
        elif kind == "a":
            text = ("an " if text[0] in "aeiou" else "a ") + text
        elif kind == "the":
            text = f"the {text}"
        elif kind == "capital":
            text = text[0].upper() + text[1:]
        elif kind == "long":
            day = datetime.date.fromisoformat(text)
            text = f"{day.day} {day:%B} {day.year}"
        elif kind == "possessive":
            text += "'" if text.endswith("s") else "'s"
        elif kind in ("comparative", "superlative"):
            stem = text[:-1] if text.endswith("e") else text
            if re.search(r"[^aeiou][aeiou][^aeiouwxy]$", text):
                stem += text[-1]
            text = stem + ("er" if kind == "comparative" else "est")
        else:
            raise AssertionError(f"the judge does not know '{kind}'")
    return text


def every_way(wordings: Sequence[Wording]) -> Iterator[str]:
    """Every wording, held ones too, with every alternative of each option."""
    for wording in wordings:
        parts = [
            part[1:-1].split("|") + ([""] if "|" not in part else [])
            if part.startswith("[") and part[:2] != "[["
            else [part]
            for part in spaced(PART.findall(wording.cue + wording.answer))
        ]
        yield from map("".join, itertools.product(*parts))


def plainly(wordings: Sequence[Wording]) -> str:
    """The first wording that is not held, with the first alternative of each option."""
    wording = next(wording for wording in wordings if not wording.held)
    parts = spaced(PART.findall(wording.cue + wording.answer))
    return "".join(
        part[1:-1].split("|")[0] if part.startswith("[") and part[:2] != "[[" else part for part in parts
    )
