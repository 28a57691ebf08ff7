"""Lexicons, and what an entity is named with: how words may be spelled, and which of them are used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wug.compiler.checking import settings
from wug.compiler.diagnosis.diagnostics import Report, did_you_mean
from wug.compiler.entities import NONCE, Lexicon, Naming, TokenFile
from wug.compiler.language import syntax
from wug.compiler.language.resolve import inside
from wug.compiler.language.source import Span, neighbours

SHORTEST, LONGEST = 3, 11
"""Letters of a word of a lexicon of one's own."""

NONCE_SYLLABLES = (2, 3)

MOST_SHARED = 10_000
"""The most words that names share, in each place: enough for any number of names of two words."""


class LexiconChecker:
    """Reads lexicons and the `named` of entities of a project whose folder is `root`."""

    def __init__(self, root: Path, report: Report) -> None:
        self.root = root
        self.report = report

    def lexicon(self, file: syntax.WorldFile, declaration: syntax.Lexicon) -> Lexicon:
        name = declaration.name
        what = f"lexicon '{name.text}'"
        schema: settings.Schema = {
            "onsets": _spellings,
            "nuclei": _spellings,
            "codas": _spellings,
            "syllables": between(1, 4),
            "letters": between(SHORTEST, LONGEST),
            "tokens": _tokens,
        }
        before = len(self.report.items)
        values = settings.read(declaration.settings, schema, what, self.report)
        if not values.get("nuclei") and len(self.report.items) == before:
            help = 'say them: nuclei "a" "e" "o"'
            self.report.add("W0107", f"{what} has no nuclei", name.span, help=help)
        if not any(values.get("nuclei", ("a",))):
            self.report.add("W0203", "a nucleus has at least one letter", declaration.settings.span)
        return Lexicon(
            name.text,
            tuple(dict.fromkeys(values.get("onsets", [""]))),
            tuple(each for each in dict.fromkeys(values.get("nuclei", ["a"])) if each),
            tuple(dict.fromkeys(values.get("codas", [""]))),
            values.get("syllables", (1, 2)),
            values.get("letters", (4, 6)),
            self._file(file, values.get("tokens")),
            name.span,
        )

    def naming(
        self, file: syntax.WorldFile, named: syntax.Name | syntax.Call | None, known: Mapping[str, Lexicon]
    ) -> Naming | None:
        """What `named LEXICON` or `named LEXICON(...)` means; none where there is no such lexicon."""
        if named is None:
            return Naming()
        name = named.name if isinstance(named, syntax.Call) else named
        if name.text != NONCE.name and name.text not in known:
            near = did_you_mean(name.text, [NONCE.name, *known])
            help = near or "invented names are 'named nonce(syllables 2)', or declare a lexicon"
            self.report.add("W0101", f"unknown lexicon '{name.text}'", name.span, help=help)
            return None
        schema: settings.Schema = {
            "letters": between(*(NONCE.letters if name.text == NONCE.name else (SHORTEST, LONGEST))),
            "words": settings.integer(1, 4),
            "capital": settings.flag,
            "shared": settings.integer(1, MOST_SHARED),
            "tokens": _tokens,
        }
        if name.text == NONCE.name:
            schema = {"syllables": settings.integer(*NONCE_SYLLABLES), **schema}
        values: dict[str, Any] = {}
        if isinstance(named, syntax.Call):
            block = syntax.Settings(named.arguments, named.span)
            values = settings.read(block, schema, f"{name.text}(...)", self.report)
        if "syllables" in values and "letters" in values:
            help = "say either how many syllables or how many letters"
            message = "nonce takes syllables or letters, not both"
            self.report.add("W0203", message, named.span, help=help)
        if "shared" in values and values.get("words", 1) == 1:
            shared = values.pop("shared")
            help = f"give names two words: {name.text}(words 2 shared {shared})"
            self.report.add("W0203", "names of one word cannot share it", named.span, help=help)
        lexicon = known.get(name.text)
        letters = values.get("letters")
        if lexicon and letters:
            low, high = max(letters[0], lexicon.letters[0]), min(letters[1], lexicon.letters[1])
            if low > high:
                span = f"{lexicon.letters[0]}..{lexicon.letters[1]}"
                message = f"words of '{name.text}' have {span} letters"
                self.report.add("W0204", message, named.span)
                letters = None
        tokens = self._file(file, values.get("tokens"))
        if tokens is None and lexicon:
            tokens = lexicon.tokens
        return Naming(
            name.text,
            values.get("syllables", 2) if letters is None else 0,
            letters,
            values.get("words", 1),
            values.get("capital", False),
            tokens,
            values.get("shared", 0),
        )

    def _file(self, file: syntax.WorldFile, written: syntax.Text | None) -> TokenFile | None:
        if written is None:
            return None
        path = inside(file.source.path, written, self.root, self.report)
        if path is None:
            return None
        if not path.is_file():
            help = did_you_mean(path.name, neighbours(path, ".json"))
            message = f"cannot read '{written.text}': there is no such file"
            self.report.add("W0403", message, written.span, help=help)
        return TokenFile(path, written.text, written.span)


def _spellings(cursor: settings.Cursor, key: syntax.Name) -> list[str]:
    """One or more texts of letters a to z."""
    found: list[str] = []
    while (text := cursor.take(syntax.Text)) is not None:
        if re.fullmatch("[a-z]{0,6}", text.text):
            found.append(text.text)
        else:
            message = f"'{key.text}' takes texts of up to six letters a to z, not \"{text.text}\""
            cursor.report.add("W0203", message, text.span)
            found.append("")
    if not found:
        cursor.report.add("W0107", f'\'{key.text}\' needs texts: {key.text} "b" "gl"', key.span)
    return found


def between(low: int, high: int) -> settings.Taker:
    """A number, or a range, within these bounds."""

    def take(cursor: settings.Cursor, key: syntax.Name) -> tuple[int, int] | None:
        atom = cursor.take((syntax.Range, syntax.Number))
        if isinstance(atom, syntax.Range):
            ends = atom.low, atom.high
        elif isinstance(atom, syntax.Number) and atom.kind == "int":
            ends = int(atom.value), int(atom.value)
        else:
            found = atom or cursor.peek()
            code = "W0107" if found is None or isinstance(found, syntax.Name) else "W0203"
            span = found.span if found is not None and code == "W0203" else key.span
            cursor.report.add(code, f"'{key.text}' takes a range such as {low}..{high}", span)
            return None
        if not low <= ends[0] <= ends[1] <= high:
            message = f"'{key.text}' must be a range from low to high within {low}..{high}"
            cursor.report.add("W0204", message, atom.span)
            return None
        return ends

    return take


def _tokens(cursor: settings.Cursor, key: syntax.Name) -> syntax.Text | None:
    """`tokens equal "tokenizer.json"`."""
    equal = cursor.take(syntax.Name)
    text: syntax.Text | None = cursor.take(syntax.Text)
    if equal is None or equal.text != "equal" or text is None:
        span: Span = key.span if equal is None else equal.span
        message = f"'{key.text}' takes 'equal' and a file"
        cursor.report.add("W0203", message, span, help=f'write: {key.text} equal "tokenizer.json"')
        return None
    return text


def named(cursor: settings.Cursor, key: syntax.Name) -> syntax.Name | syntax.Call | None:
    """`named nonce(syllables 2)`, `named soft`, or the column that holds the names."""
    atom: syntax.Name | syntax.Call | None = cursor.take((syntax.Name, syntax.Call))
    if atom is None:
        if (text := cursor.take(syntax.Text)) is not None:
            while cursor.take(syntax.Text) is not None:
                pass
            help = 'names of your own stand in a file: entity person from "people.csv" { named name }'
            message = "'named' takes nonce(syllables 2), or a column, and no texts"
            cursor.report.add("W0203", message, text.span, help=help)
            return None
        cursor.report.add("W0107", "'named' needs a value: nonce(syllables 2), or a column", key.span)
    return atom
