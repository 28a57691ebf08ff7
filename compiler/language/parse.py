"""Source text to syntax tree: reads a file, parses it, and goes on after an error.

LALR through Lark. After an unexpected token the parser's stack is popped until it accepts the next
declaration keyword that starts a line, so that five faults in a file give five errors.
"""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import Any

from lark import Token
from lark.exceptions import UnexpectedToken, VisitError
from lark.parsers.lalr_interactive_parser import InteractiveParser

from wug.compiler.diagnosis.diagnostics import Report, did_you_mean
from wug.compiler.language import syntax, syntax_experiment
from wug.compiler.language.declared import check_names
from wug.compiler.language.lookalikes import check_characters, lookalike
from wug.compiler.language.source import LARGEST_SOURCE, Source, Span, neighbours
from wug.compiler.language.tables import parser
from wug.compiler.language.tree import Builder

EDITION = 1
DEEPEST = 16
"""Levels of braces. No construct needs more than five; a deeper file is a mistake or an attack."""
MOST_ERRORS = 20

_STARTERS = {
    "world": (
        "PARAM",
        "LEXICON",
        "ENTITY",
        "TABLE",
        "RELATION",
        "RULE",
        "NEVER",
        "PREAMBLE",
        "DOCUMENT",
        "SCENE",
        "TERMS",
        "GIVEN",
        "POPULATE",
        "FORM",
    ),
    "experiment": (
        "WORLD",
        "UPDATE",
        "SEEDS",
        "TRAIN",
        "TEST",
        "HOLDOUT",
        "MODEL",
        "ARM",
        "MESH",
        "EXPECT",
        "SWEEP",
        "VARY",
    ),
}
_INNER = ("PARTITION", "POPULATE", "FORM", "REWRITE", "CASE", "OPERATOR")
_SHOWN = {
    "NAME": "a name",
    "STRING": "a text in quotes",
    "INT": "a number",
    "DECIMAL": "a decimal number",
    "PERCENT": "a percentage",
    "RANGE": "a range",
    "VALUE_RANGE": "a range of values",
    "DATE": "a date",
    "DOC": "a doc comment",
    "$END": "the end of the file",
    "COMPARE": "a comparison",
    "SIGN": "'+' or '-'",
}


_VALUES = {
    "INT": "number",
    "DECIMAL": "number",
    "PERCENT": "number",
    "DATE": "date",
    "RANGE": "range_atom",
    "VALUE_RANGE": "range_atom",
    "STRING": "string_atom",
}
"""Tokens that are a value by themselves, and how the tree builder calls them."""


def read_source(path: Path, name: str, report: Report, span: Span | None = None) -> Source | None:
    """Read a spec, or report why it cannot be one. `span` is the place that named it, if a file did."""
    place: dict[str, Any] = {"file": "" if span else name}
    try:
        size = path.stat().st_size
        if not path.is_file():  # a pipe would keep us waiting
            what = "a folder, not a file" if path.is_dir() else "no regular file"
            report.add("W0009", f"'{name}' is {what}", span, **place)
            return None
        if size > LARGEST_SOURCE:
            report.add(
                "W0007",
                f"'{name}' has {size:,} bytes; a spec may have at most {LARGEST_SOURCE:,}",
                span,
                help="put the data into a CSV and read it with 'entity ... from \"data.csv\"'",
                **place,
            )
            return None
        data = path.read_bytes()
    except OSError as error:
        reason = (
            "there is no such file"
            if isinstance(error, FileNotFoundError)
            else (error.strerror or "unreadable")
        )
        near = neighbours(path, path.suffix)
        report.add(
            "W0009", f"cannot read '{name}': {reason}", span, help=did_you_mean(path.name, near), **place
        )
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        report.add(
            "W0006",
            f"'{name}' is not UTF-8 text (line {line})",
            span,
            help="save it as UTF-8",
            **place,
        )
        return None
    if "\0" in text:
        report.add("W0006", f"'{name}' is a binary file, not a spec", span, **place)
        return None
    if not text.strip():
        report.add(
            "W0005", f"'{name}' is empty", span, help="start from a shipped spec: 'wug new hello'", **place
        )
        return None
    return Source(path, name, text)


def parse_world(source: Source, report: Report) -> syntax.WorldFile:
    """Parse a `.world`; its `world` is none where too little could be read."""
    tree = _parse(source, "world", report)
    if tree is None:
        return syntax.WorldFile(source, None, (), None)
    file: syntax.WorldFile = _built(tree, source, report)
    check_names((file.imports, file.world), report)
    return file


def parse_experiment(source: Source, report: Report) -> syntax_experiment.ExperimentFile:
    """Parse an `.experiment`; its `experiment` is none where too little could be read."""
    tree = _parse(source, "experiment", report)
    if tree is None:
        return syntax_experiment.ExperimentFile(source, None, None)
    file: syntax_experiment.ExperimentFile = _built(tree, source, report)
    check_names(file.experiment, report)
    return file


def parse_value(source: Source, start: int) -> syntax.Atom | None:
    """The one value that a text holds from `start` on, none where it is something else."""
    tokens = list(parser("world").lex(" " * start + source.text[start:]))
    method = _VALUES.get(tokens[0].type) if len(tokens) == 1 else None
    if method is None:
        return None
    value: syntax.Atom = getattr(Builder(source, Report()), method)(tokens[0], tokens)
    return value


def _parse(source: Source, kind: str, report: Report) -> Any:
    tokens = list(parser(kind).lex(source.text))
    if _too_deep(tokens, source, report):
        return None
    check_characters(source, tokens, report)
    _check_edition(tokens, source, kind, report)
    state = parser(kind).parse_interactive("")
    index, errors = 0, 0
    while index < len(tokens):
        try:
            state.feed_token(tokens[index])
            index += 1
        except UnexpectedToken:
            _report_unexpected(tokens[index], state, source, kind, report)
            errors += 1
            index = _recover(tokens, index, state, kind) if errors < MOST_ERRORS else len(tokens)
    if errors >= MOST_ERRORS:
        return None
    return _finish(state, source, errors, report)


def _built(tree: Any, source: Source, report: Report) -> Any:
    try:
        return Builder(source, report).transform(tree)
    except VisitError as error:
        raise error.orig_exc from None


def _finish(state: InteractiveParser, source: Source, errors: int, report: Report) -> Any:
    """Feed the end of the file, closing what was left open after reporting it."""
    for missing in range(DEEPEST):
        accepts = state.accepts()
        if "$END" in accepts:
            return state.feed_eof()
        if missing == 0 and errors == 0:
            end = len(source.text.rstrip())
            span = Span(source, max(0, end - 1), end)
            report.add("W0001", "the file ends too early", span, help=f"expected {_expected(accepts)}")
        try:
            state.feed_token(Token("RBRACE", "}", start_pos=len(source.text), end_pos=len(source.text)))
        except UnexpectedToken:
            return None
    return None


def _too_deep(tokens: list[Token], source: Source, report: Report) -> bool:
    depth = 0
    for token in tokens:
        depth += (token.type in ("LBRACE", "LPAR")) - (token.type in ("RBRACE", "RPAR"))
        if depth > DEEPEST:
            report.add(
                "W0008",
                f"braces are nested more than {DEEPEST} deep",
                Span(source, token.start_pos or 0, token.end_pos or 0),
                help="no construct of the language needs that; is a '}' missing?",
            )
            return True
    return False


def _check_edition(tokens: list[Token], source: Source, kind: str, report: Report) -> None:
    """The first line must say `wug 1`; where it does not, report it and go on as if it did."""
    if tokens and tokens[0].type == "WUG":
        if len(tokens) > 1 and tokens[1].type == "INT" and tokens[1].lstrip("0") != str(EDITION):
            report.add(
                "W0004",
                f"edition {tokens[1][:20]} is not known to this version of wug",
                Span(source, tokens[1].start_pos or 0, tokens[1].end_pos or 0),
                help=f"this version reads 'wug {EDITION}'",
            )
        return
    end = len(tokens[0]) if tokens else 0
    start = (tokens[0].start_pos or 0) if tokens else 0
    report.add(
        "W0003",
        "the edition line is missing",
        Span(source, start, start + end),
        help=f"the first line of a .{kind} file is 'wug {EDITION}'",
    )
    tokens[:0] = [
        Token("WUG", "wug", start_pos=0, end_pos=0),
        Token("INT", str(EDITION), start_pos=0, end_pos=0),
    ]


def _recover(tokens: list[Token], index: int, state: InteractiveParser, kind: str) -> int:
    """Skip to the next declaration that starts a line and pop the stack until it is welcome there."""
    starters = (*_STARTERS[kind], *(_INNER if kind == "world" else ()))
    stacks = state.parser_state
    for position in range(index, len(tokens)):
        token = tokens[position]
        first_on_line = position == 0 or tokens[position - 1].line != token.line
        if (position == index and not first_on_line) or token.type not in starters or not first_on_line:
            continue
        trial = state.copy(deepcopy_values=False)
        trial.parser_state.parse_conf = copy(trial.parser_state.parse_conf)
        trial.parser_state.parse_conf.callbacks = {}  # so nothing is built, and the values may be shared
        for height in range(len(stacks.state_stack), 1, -1):
            trial.parser_state.state_stack[:] = stacks.state_stack[:height]
            trial.parser_state.value_stack[:] = stacks.value_stack[: height - 1]
            try:
                trial.feed_token(token)
            except UnexpectedToken:
                continue
            del stacks.state_stack[height:], stacks.value_stack[height - 1 :]
            return position
    return len(tokens)


def _report_unexpected(
    token: Token, state: InteractiveParser, source: Source, kind: str, report: Report
) -> None:
    span = Span(source, token.start_pos or 0, max(token.end_pos or 0, (token.start_pos or 0) + 1))
    accepts = state.accepts()
    code, message, help = "W0001", f"unexpected {_show(token)}", f"expected {_expected(accepts)}"
    if token.type == "UNCLOSED":
        code, message, help = "W0002", "this text never ends", 'close it with " on the same line'
    elif token.type == "STRAY":
        shown = token.value if token.value.isprintable() else f"U+{ord(token.value):04X}"
        message = f"unexpected character '{shown}'"
        if token.value in "\u201c\u201d\u2018\u2019'":
            help = 'texts stand in straight double quotes: "..."'
        elif token.value == "-":
            help = "numbers are never negative here"
        elif found := lookalike(token.value):
            code = "W0015"
            message, help = found
    elif token.type == "DOC":
        help = "a doc comment (///) stands before a declaration; elsewhere write //"
    elif token.type == "NAME" and accepts & set(_STARTERS[kind]) and "NAME" not in accepts:
        keywords = [name.lower() for name in accepts if name in _STARTERS[kind]]
        message, help = f"unknown declaration '{token}'", did_you_mean(token.value, keywords)
    elif token.type in _STARTERS[kind] and source.begins_line(token.start_pos or 0):
        message = f"unexpected declaration '{token}'"
        help = "is a '}' missing above it?" if "RBRACE" in accepts else help
    elif token.type == "WHERE" and "NAME" in accepts and kind == "experiment" and "RBRACE" in accepts:
        message, help = "'where' is too late here", "it stands behind the form, before all other settings"
    elif "NAME" in accepts and token.value.isidentifier():
        code, message = "W0012", f"'{token}' is a reserved word and cannot be a name"
        there = ", in the world too if it has this one" if kind == "experiment" else ""
        help = f"choose another name{there}"
    report.add(code, message, span, help=help)


def _show(token: Token) -> str:
    return "doc comment" if token.type == "DOC" else f"'{token}'" if token.type != "STRING" else str(token)


def _expected(accepts: set[str]) -> str:
    symbols = {t.name: t.pattern.value for k in ("world", "experiment") for t in parser(k).terminals}
    words = sorted(_SHOWN.get(name) or f"'{symbols.get(name, name.lower())}'" for name in accepts - {"DOC"})
    words = [word.replace("\\", "") for word in words]
    return (
        words[0]
        if len(words) == 1
        else ", ".join(words[:-1]) + " or " + words[-1]
        if words
        else "nothing more"
    )
