"""A small experiment, that tests change here and there."""

from __future__ import annotations

from tests.compiler.conftest import Write, checked
from wug.compiler.experiment import Experiment

WORLD = """wug 1
world small {
  entity creature { count 8  named nonce(syllables 2) }
  table feature(word, opposite) { "taller" <-> "shorter"  "louder" <-> "quieter" }
  relation exceeds(a: creature, b: creature, on: feature) {
    asymmetric  converse on
    populate pairs { count 4 }
    form forward "{a} are" => " {on.word} than {b}."
    form reverse "{b} are" => " {on.opposite} than {a}."
  }
  preamble said { ""  "Did you know that" }
}
"""
EXPERIMENT = """wug 1
experiment small {
  world "small.world"
  seeds 2
  train exceeds in forward { articles 2  preamble said }
  test trained  { exceeds in forward  choices contradiction }
  test reversal { exceeds in reverse  choices contradiction }
  model speck { layers 1  width 32  heads 2  context 200  pretrain { facts 1..4  steps 4  batch 4 } }
  arm icl       { context train }
  arm finetune  { finetune { steps 10  learning_rate 1e-3 } }
  arm augmented { like finetune  augment local by oracle }
}
"""


def read(write: Write, world: str, experiment: str) -> Experiment:
    write("small.world", world)
    spec = checked(write("small.experiment", experiment))
    assert isinstance(spec, Experiment)
    return spec
