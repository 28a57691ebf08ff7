"""`wug fmt`: specs in the one layout, each written whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from wug.compiler.diagnosis.diagnostics import Report, did_you_mean
from wug.compiler.language.parse import read_source
from wug.compiler.language.source import neighbours, real_path
from wug.compiler.layout.formatter import formatted
from wug.compiler.store import environment


def format_specs(paths: list[Path], check: bool, report: Report) -> list[Path]:
    """Lay out specs, or only find out which of them would change (`check`); returns those.

    A spec with errors in its syntax is left alone, and the errors go to `report`.
    """
    changed: list[Path] = []
    for path in paths:
        if path.suffix not in (".world", ".experiment"):
            help = did_you_mean(path.name, neighbours(path, ".world", ".experiment"))
            report.add("W0010", f"'{path}' is neither a .world nor an .experiment", file=str(path), help=help)
            continue
        source = read_source(path, str(path), report)
        text = formatted(source, report) if source else None
        if source is None or text is None or text == source.text:
            continue
        changed.append(path)
        if not check:
            _replace(path, text)
    return changed


def _replace(path: Path, text: str) -> None:
    """Put a text in a file's place in one step; a link goes on pointing to it."""
    target = real_path(path)
    with environment(target):
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            shutil.copymode(target, name)
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
