"""Plain text of the user's own, read strictly: paragraphs of UTF-8."""

from __future__ import annotations

import re

from wug.compiler.data.files import decoded, missing_file
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.entities import Data
from wug.compiler.language.source import Span

MOST_BYTES = 20_000_000


def read_paragraphs(data: Data, span: Span, report: Report) -> tuple[str, ...]:
    """What stands between blank lines; nothing where the file does not read, which is reported at `span`."""
    if missing_file(data, span, report):
        return ()
    if data.path.stat().st_size > MOST_BYTES:
        message = f"'{data.written}' has more than {MOST_BYTES:,} bytes"
        report.add("W0204", message, span, help="give a part of it: it is read again and again")
        return ()
    text = decoded(data, "the text", "a text", span, report)
    if text is None:
        return ()
    found = (part.strip() for part in re.split(r"\n[^\S\n]*\n", text.replace("\r\n", "\n")))
    paragraphs = tuple(part for part in found if part)
    if not paragraphs:
        report.add("W0407", f"'{data.written}' is empty", span)
    return paragraphs
