"""What `augment` takes: scopes, a teacher, and how much of what it may say."""

from __future__ import annotations

from typing import Any

from wug.compiler.checking import settings
from wug.compiler.checking.address import fault
from wug.compiler.diagnosis.diagnostics import did_you_mean
from wug.compiler.language import syntax
from wug.compiler.language.source import Span
from wug.compiler.plan import Augment, Endpoint

SCOPES = ("local", "global")
TEACHERS = ("oracle", "self", "model", "endpoint")
STYLES = ("instruct", "base")
_SHOWN = 3
"""So many worked examples a base model is shown."""
_EXAMPLE = "augment local by oracle"


def augment(cursor: settings.Cursor, key: syntax.Name) -> tuple[Augment, syntax.Name | None] | None:
    """`augment local by oracle`, `augment local global by self { samples 2  filter entailed }`; beside it the
    model that writes, where one is named: `augment local by model big`."""
    scopes: dict[str, None] = {}
    good = True
    atom = cursor.peek()
    while isinstance(atom, syntax.Name) and atom.text != "by":
        if atom.text not in SCOPES:
            help = did_you_mean(atom.text, SCOPES) or f"write '{_EXAMPLE}'"
            cursor.report.add("W0203", "'augment' takes scopes: local, global or both", atom.span, help=help)
            good = False
        elif atom.text in scopes:
            cursor.report.add("W0103", f"'{atom.text}' stands twice in 'augment'", atom.span)
            good = False
        scopes[atom.text] = None
        cursor.index += 1
        atom = cursor.peek()
    by = cursor.take(syntax.Name)
    teacher = cursor.take(syntax.Name) if by is not None else None
    if teacher is None:
        place = (by or key).span
        cursor.report.add("W0107", "'augment' needs a teacher", place, help=f"write '{_EXAMPLE}'")
        return None
    if teacher.text not in TEACHERS:
        help = did_you_mean(teacher.text, TEACHERS) or f"teachers are {' and '.join(TEACHERS)}"
        cursor.report.add("W0101", f"unknown teacher '{teacher.text}'", teacher.span, help=help)
        return None
    server = _server(cursor, teacher) if teacher.text == "endpoint" else None
    writer = cursor.take(syntax.Name) if teacher.text == "model" else None
    if teacher.text == "model" and writer is None:
        help = "write 'augment local by model NAME', a model of this experiment"
        cursor.report.add("W0107", "'by model' needs the name of a model", teacher.span, help=help)
        good = False
    if not scopes:
        help = f"write '{_EXAMPLE}'"
        cursor.report.add("W0107", "'augment' needs a scope: local, global or both", key.span, help=help)
        good = False
    block = cursor.take(syntax.Settings)
    inner = settings.read(block, _SCHEMAS[teacher.text], f"augment by {teacher.text}", cursor.report)
    if teacher.text == "endpoint":
        limits = {name: inner.pop(name) for name in (*SPENT, "style") if name in inner}
        paid = _prices(block, inner, cursor)
        missing = [name for name in ("requests", "tokens") if name not in limits]
        if server is not None and missing:
            message = f"an endpoint needs {' and '.join(repr(name) for name in missing)}"
            help = "what may be spent at most, such as: { requests 500  tokens 200000 }"
            cursor.report.add("W0107", message, teacher.span, help=help)
        if not _shows(block, limits, inner, cursor) or server is None or missing or paid is None:
            return None
        inner["endpoint"] = Endpoint(*server, **limits | paid)
        inner = {"max_tokens": 256, "context": 4096, **inner}
    if not _fits_together(block, inner, cursor) or not good:
        return None
    if inner.pop("without", None):
        inner["reversals"] = False
    if inner.pop("rephrase", None):
        inner["rephrase_only"] = True
    chosen = tuple(scope for scope in SCOPES if scope in scopes)
    return Augment(chosen, "self" if writer is not None else teacher.text, **inner), writer


def _fits_together(block: syntax.Settings | None, inner: dict[str, Any], cursor: settings.Cursor) -> bool:
    """Report settings that say nothing beside the others."""
    said = [name for name in ("top_k", "top_p") if name in inner and not inner.get("temperature")]
    before = len(cursor.report.items)
    for name in said:
        message = f"'{name}' narrows a draw, and at temperature 0 nothing is drawn"
        help = f"add a temperature, or leave out '{name}'"
        cursor.report.add("W0504", message, _place(block, name), help=help)
    if "rephrase" in inner and "without" in inner:
        message, help = "'rephrase only' leaves out reversals, too", "leave out 'without reversals'"
        cursor.report.add("W0504", message, _place(block, "without"), help=help)
    return len(cursor.report.items) == before


def _place(block: syntax.Settings | None, key: str) -> Span:
    """Where a key stands that was read from a block."""
    assert block is not None
    return next(atom.span for atom in block.atoms if settings.written(atom) == key)


def _shows(
    block: syntax.Settings | None, limits: dict[str, Any], inner: dict[str, Any], cursor: settings.Cursor
) -> bool:
    """Fill in how many worked examples a base model is shown; or report examples that nobody would see."""
    goes_on = limits.get("style") == "base"
    if "examples" not in inner:
        if goes_on and "prompt" not in inner:
            inner["examples"] = _SHOWN
        return True
    if goes_on and "prompt" not in inner:
        return True
    span = _place(block, "examples")
    if goes_on:
        message, help = "a prompt of your own holds the examples, too", "leave one of them out"
    else:
        message, help = "worked examples are for a base model, which goes on with them", "add: style base"
    cursor.report.add("W0504", message, span, help=help)
    return False


def _prices(
    block: syntax.Settings | None, inner: dict[str, Any], cursor: settings.Cursor
) -> dict[str, float] | None:
    """What a server's tokens cost, as an endpoint has it; nothing where that is not said."""
    if "prices" not in inner:
        return {}
    values = inner.pop("prices")
    missing = [name for name in PAID if name not in values]
    if missing:
        message = f"the prices of an endpoint lack {' and '.join(missing)}"
        help = "prices { input 0.15  output 0.60 }, of a million tokens, in the currency of the models"
        cursor.report.add("W0107", message, _place(block, "prices"), help=help)
        return None
    return {f"{name}_price": values[name] for name in PAID}


def _server(cursor: settings.Cursor, teacher: syntax.Name) -> tuple[str, str] | None:
    """The address and the model behind `endpoint`."""
    address, model = cursor.take(syntax.Text), cursor.take(syntax.Text)
    if address is None or model is None:
        help = 'endpoint "http://localhost:8000/v1" "MODEL" { requests 500  tokens 200000 }'
        cursor.report.add("W0107", "'endpoint' needs an address and a model", teacher.span, help=help)
        return None
    if (wrong := fault(address.text)) is not None:
        cursor.report.add("W0203", wrong, address.span, help='such as "http://localhost:8000/v1"')
        return None
    return address.text, model.text


def _prompt(cursor: settings.Cursor, key: syntax.Name) -> str | None:
    atom = cursor.take(syntax.Text)
    if atom is None or "{document}" not in atom.text:
        message = "'prompt' takes a text that says where the document stands: {document}"
        cursor.report.add("W0203", message, (atom or key).span)
        return None
    return atom.text


def _withheld(cursor: settings.Cursor, key: syntax.Name) -> float | None:
    """A share that is more than nothing."""
    atom, value = cursor.peek(), settings.share(cursor, key)
    if value == 0 and atom is not None:
        help = "leave it out: then nothing is withheld"
        cursor.report.add("W0204", "'withhold' must be more than 0 %", atom.span, help=help)
        return None
    return value


def _followed_by(word: str) -> settings.Taker:
    """A key that is one word with the next: `rephrase only`, `without reversals`."""

    def take(cursor: settings.Cursor, key: syntax.Name) -> bool | None:
        atom = cursor.take(syntax.Name)
        if atom is not None and atom.text == word:
            return True
        help = f"write '{key.text} {word}'"
        cursor.report.add("W0107", f"'{key.text}' needs '{word}'", (atom or key).span, help=help)
        return None

    return take


ASKED: settings.Schema = {
    "withhold": _withheld,
    "without": _followed_by("reversals"),
    "sentences": settings.word("whole", "independent", "cumulative"),
    "documents": settings.integer(1, 10_000_000),
}
"""What is asked of a teacher."""

SAMPLED: settings.Schema = {
    "rephrase": _followed_by("only"),
    "filter": settings.word("none", "entailed", "not_contradicting"),
    "samples": settings.integer(1, 1000),
    "temperature": settings.decimal(0, 10),
    "top_k": settings.integer(1, 65_536),
    "top_p": settings.decimal(1e-6, 1),
    "max_tokens": settings.integer(1, 10_000),
    "context": settings.integer(64, 100_000_000),
}
"""How a model is sampled, how much it is shown, and what of it is kept."""

SPENT: settings.Schema = {
    "requests": settings.integer(1, 100_000_000),
    "tokens": settings.integer(1, 10_000_000_000),
    "concurrency": settings.integer(1, 1000),
    "timeout_s": settings.decimal(0.1, 3600),
}
"""What may be spent at most of a server, and how it is asked."""

PAID: settings.Schema = {"input": settings.decimal(0, 1_000_000), "output": settings.decimal(0, 1_000_000)}
"""What a million tokens that a server reads and writes cost."""

SERVED: settings.Schema = {
    **SPENT,
    "prices": settings.block(PAID, "the prices of an endpoint"),
    "style": settings.word(*STYLES),
    "examples": settings.integer(1, 8),
    "prompt": _prompt,
}
"""What may be spent at most of a server, and how it is asked: told what to do or shown it, in which words."""

_SCHEMAS: dict[str, settings.Schema] = {
    "oracle": ASKED,
    "self": {**ASKED, **SAMPLED},
    "model": {**ASKED, **SAMPLED},
    "endpoint": {**ASKED, **SAMPLED, **SERVED},
}
