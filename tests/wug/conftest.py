"""A small project in a folder of its own: a world, and an experiment that takes seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from wug.compiler.locking.lock import FILE

EXPERIMENT = """wug 1

experiment small {
  world "hello.world"
  seeds 1
  train exceeds in forward { articles 1 }
  test trained { exceeds in forward  choices contradiction }
  model speck { layers 1  width 16  heads 2  context 128  pretrain { facts 2  steps 2  batch 2 } }
  arm pretrained { }
  expect "something is known" pretrained.trained > 0
}
"""


@pytest.fixture
def project(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / FILE).touch()
    (tmp_path / "hello.world").write_text((root / "specs" / "worlds" / "hello.world").read_text())
    (tmp_path / "small.experiment").write_text(EXPERIMENT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path
