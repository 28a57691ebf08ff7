"""Files of JSON lines give back what was written, whatever letters its texts hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wug.compiler.emitting.files import read_rows
from wug.compiler.plan import Arm
from wug.runtime.files import read_lines
from wug.runtime.free import Said, read_said, write_said
from wug.runtime.teach import Text, read_texts, write_texts

ODD = pytest.mark.parametrize("letter", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e", "\r"])
"""Letters that end a line elsewhere."""


@ODD
def test_texts_of_a_teacher(tmp_path: Path, letter: str) -> None:
    texts = [Text(0, 0, f"zum{letter}zam are louder.", 3, "stop", 7, 3), Text(1, 0, "", 0, "error", 0, 0)]
    write_texts(tmp_path / "seed-0.jsonl", texts)
    assert read_texts(tmp_path / "seed-0.jsonl") == texts


@ODD
def test_answers_in_words_of_its_own(tmp_path: Path, letter: str) -> None:
    said = [Said(0, "reversal", 3, f"zum{letter} are", "zam", 2, "stop", True)] * 2
    write_said(tmp_path / "said.jsonl", ((Arm("icl"), each) for each in said))
    assert read_said(tmp_path / "said.jsonl") == said


@ODD
def test_tables(tmp_path: Path, letter: str) -> None:
    rows = [{"text": f"zum{letter}zam"}, {"text": "zim"}]
    path = tmp_path / "documents.jsonl"
    path.write_bytes(b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows))
    assert read_rows(path) == rows
    assert read_lines(path) == rows
