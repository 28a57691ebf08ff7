"""A small experiment with a sweep, checked."""

from __future__ import annotations

import tempfile
from pathlib import Path

from wug.compiler.checking.check import check
from wug.compiler.diagnosis.diagnostics import Report, as_text
from wug.compiler.experiment import Experiment

WORLD = """wug 1

world small {
  param creatures = 6
  entity creature { count creatures  named nonce(syllables 2) }
  table feature(word, opposite) { "taller" <-> "shorter"  "louder" <-> "quieter" }
  relation exceeds(a: creature, b: creature, on: feature) {
    asymmetric  converse on
    populate pairs { count 4 }
    form forward "{a} are" => " {on.word} than {b}."
    form reverse "{b} are" => " {on.opposite} than {a}."
  }
}
"""
EXPERIMENT = """wug 1

experiment swept {
  world "small.world"
  holdout apart = 2 creature { keep exceeds }
  train exceeds in forward
  test trained  { exceeds in forward  choices contradiction }
  test reversal { exceeds in reverse  choices contradiction }

  model tiny { layers 1  width 32  heads 2  pretrain { facts 1..2  steps 10  batch 4 } }

  arm icl       { context train }
  arm finetune  { finetune { steps 10  learning_rate 1e-3 } }
  arm augmented { like finetune  augment local by oracle }
  SWEEP
}
"""


def written(sweep: str, folder: Path) -> Path:
    """The experiment with these lines in its sweep, or without a sweep."""
    (folder / "small.world").write_text(WORLD)
    path = folder / "swept.experiment"
    path.write_text(EXPERIMENT.replace("SWEEP", f"sweep {{ {sweep} }}" if sweep else ""))
    return path


def swept(sweep: str) -> Experiment:
    """It checked, without a fault."""
    with tempfile.TemporaryDirectory() as folder:
        path, report = written(sweep, Path(folder)), Report()
        spec = check(path, path.name, report)
    assert not report.items, as_text(report.items)
    assert isinstance(spec, Experiment)
    return spec
