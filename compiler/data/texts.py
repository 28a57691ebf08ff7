"""The files of given texts, read strictly: every space is kept, and what is wrong is told with its line."""

from __future__ import annotations

import json

from wug.compiler.data.files import rows_of_file
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.record import Record
from wug.compiler.world import Given

MOST_BYTES = 2_000_000
"""Of a larger file `wug check` looks only whether it is there."""


class GivenTexts(Record):
    """The rows of a file: how each begins and goes on, and the choices that it brings, if any."""

    prompts: list[str]
    completions: list[str]
    options: list[list[str]]

    def every(self) -> list[str]:
        """All texts there are, each once."""
        whole = [a + b for a, b in zip(self.prompts, self.completions, strict=True)]
        return list(dict.fromkeys([*whole, *(option for row in self.options for option in row)]))


def read_given(given: Given, report: Report) -> GivenTexts:
    """The texts of a file, spaces and all; what is wrong with it is told with its line."""
    columns = [given.data.name_column, given.completion]
    found = GivenTexts([], [], [])
    rows = rows_of_file(given.data, columns, given.span, report)
    _, header = next(rows, (0, None))
    if header is None:
        return found
    for name in (*columns, *([given.choices] if given.choices else [])):
        if name not in header:
            report.add("W0406", f"'{given.data.written}' has no column '{name}'", given.span)
            return found
    places = [header.index(name) for name in columns]
    lists = iter(_lists(given)) if given.choices else iter(())
    for number, row in rows:
        prompt, completion = (row[place] for place in places)
        problem = _problem(prompt, completion, next(lists, None), given)
        if problem:
            where = f"{given.data.unit} {number} of '{given.data.written}'"
            report.add("W0407", f"{where} {problem}", given.span)
            return found
        found.prompts.append(prompt)
        found.completions.append(completion)
    if given.choices:
        found.options.extend(_lists(given))
    if not found.prompts and not report.failed:
        report.add("W0407", f"'{given.data.written}' has no rows", given.span)
    return found


def _lists(given: Given) -> list[list[str]]:
    """The column of choices: of each line of JSON a list of texts, or what stands there instead."""
    lines = given.data.path.read_text(encoding="utf-8-sig").split("\n")
    return [json.loads(line).get(given.choices) for line in lines if line.strip()]


def _problem(prompt: str, completion: str, options: object, given: Given) -> str:
    """What is wrong with a row, or nothing."""
    for name, text in ((given.data.name_column, prompt), (given.completion, completion)):
        if not text.strip():
            return f"has an empty cell in column '{name}'"
        if any(character.isspace() and character != " " for character in text):
            return f"has a line break or a tab in column '{name}'"
    if not given.choices:
        return ""
    if not isinstance(options, list) or not all(isinstance(each, str) and each.strip() for each in options):
        return f"has no list of texts in column '{given.choices}'"
    if completion not in options:
        return f"does not offer its answer in column '{given.choices}'"
    if len(set(options)) < max(2, len(options)):
        return f"needs two or more choices in column '{given.choices}', each once"
    return ""
