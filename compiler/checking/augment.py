"""What `augment` takes: scopes, a teacher, and how much of what it may say."""

from __future__ import annotations

from wug.compiler.checking import settings
from wug.compiler.diagnosis.diagnostics import did_you_mean
from wug.compiler.language import syntax
from wug.compiler.plan import Augment

SCOPES = ("local", "global")
TEACHERS = ("oracle", "self")
_EXAMPLE = "augment local by oracle"


def augment(cursor: settings.Cursor, key: syntax.Name) -> Augment | None:
    """`augment local by oracle`, `augment local global by self { samples 2  filter entailed }`."""
    scopes: dict[str, None] = {}
    atom = cursor.peek()
    while isinstance(atom, syntax.Name) and atom.text != "by":
        if atom.text not in SCOPES:
            help = did_you_mean(atom.text, SCOPES) or f"write '{_EXAMPLE}'"
            cursor.report.add("W0203", "'augment' takes scopes: local, global or both", atom.span, help=help)
            return None
        scopes[atom.text] = None
        cursor.index += 1
        atom = cursor.peek()
    by = cursor.take(syntax.Name)
    if not scopes:
        place = (by or key).span
        cursor.report.add("W0107", "'augment' needs a scope: local, global or both", place, help=_EXAMPLE)
        return None
    teacher = cursor.take(syntax.Name) if by is not None else None
    if teacher is None:
        place = (by or key).span
        cursor.report.add("W0107", "'augment' needs a teacher", place, help=f"write '{_EXAMPLE}'")
        return None
    if teacher.text == "self":
        message = f"the teacher '{teacher.text}' is not yet understood by this version"
        cursor.report.add("W0011", message, teacher.span, help="use 'oracle'")
        return None
    if teacher.text not in TEACHERS:
        help = did_you_mean(teacher.text, TEACHERS) or f"teachers are {' and '.join(TEACHERS)}"
        cursor.report.add("W0101", f"unknown teacher '{teacher.text}'", teacher.span, help=help)
        return None
    block = cursor.take(syntax.Settings)
    schema = ASKED if teacher.text == "oracle" else {**ASKED, **SAMPLED}
    inner = settings.read(block, schema, f"augment by {teacher.text}", cursor.report)
    if inner.pop("without", None):
        inner["reversals"] = False
    if inner.pop("rephrase", None):
        inner["rephrase_only"] = True
    return Augment(tuple(scope for scope in SCOPES if scope in scopes), teacher.text, **inner)


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
    "withhold": settings.share,
    "without": _followed_by("reversals"),
    "sentences": settings.word("whole", "independent", "cumulative"),
    "requests": settings.integer(1, 10_000_000),
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
}
"""How a model is sampled, and what of it is kept."""
