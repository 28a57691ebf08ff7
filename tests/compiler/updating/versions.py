"""A shop in two versions, which tests change here and there."""

from __future__ import annotations

from collections.abc import Mapping

from tests.compiler.conftest import Write, checked
from wug.compiler.experiment import Experiment

Table = Mapping[str, tuple[str, str]]
"""Products with a price and a maker, either of which may be empty."""

OLD: Table = {
    "Alder": ("10", "Ona"),
    "Birch": ("20", "Ona"),
    "Comet": ("30", "Pim"),
    "Dune": ("40", "Pim"),
    "Ember": ("50", "Rui"),
    "Fjord": ("60", "Rui"),
    "Grove": ("70", "Sol"),
    "Heath": ("", "Sol"),
}
NEW: Table = {
    "Alder": ("10", "Ona"),
    "Birch": ("25", "Ona"),
    "Comet": ("30", "Ona"),
    "Dune": ("45", "Pim"),
    "Ember": ("", "Rui"),
    "Fjord": ("60", "Rui"),
    "Iris": ("90", "Sol"),
    "Heath": ("85", "Sol"),
}
WORLD = """wug 1
world shop {
  entity product from "VERSION.csv" { named name }
  relation price(p: product, n: integer) {
    functional  complete
    populate rows { n "price"  empty }
    form of "The {p} costs" => " {n} euros."
    form back "For {n} euros you get the" => " {p}."
  }
  relation maker(p: product, who: text) {
    functional  complete
    populate rows { who "maker"  empty }
    form by "The {p} is made by" => " {who}."
  }
  relation range(who: text, n: integer) {
    functional  complete
    form of "The number of products of {who} is" => " {n}."
  }
  rule range(who, count(p)) if maker(p, who)
}
"""
EXPERIMENT = """wug 1
experiment shop {
  world "new.world"
  update from "old.world"
  seeds 1
  train price in of { articles 2 }
  train maker in by
  test price { price in of  choices others(2) }
  test back  { price in back  choices others(2) }
  test said  { price in of  generate }
  test maker { maker in by  choices others(1) }
  test truth { price in of  choices verdict(" True." " False.")  ask "True or false: {statement}" }
  test range { range in of  choices others(1) }
  model speck { layers 1  width 32  heads 2  context 900  pretrain { facts 1..4  steps 2  batch 2 } }
  arm icl       { context train }
  arm before    { documents old  finetune { steps 4 } }
  arm changes   { continues before  documents changed  finetune { steps 4 } }
  arm augmented { like changes  augment local by oracle }
  arm anew      { finetune { steps 4 } }
  arm shown     { continues before  context bm25(2) }
  arm notes     { continues before  context train  documents changed }
}
"""


def read(
    write: Write, old: Table = OLD, new: Table = NEW, experiment: str = EXPERIMENT, world: str = WORLD
) -> Experiment:
    """The experiment over two tables."""
    for name, table in (("old", old), ("new", new)):
        rows = [f"{product},{price},{maker}\n" for product, (price, maker) in table.items()]
        write(f"{name}.csv", "name,price,maker\n" + "".join(rows))
        write(f"{name}.world", world.replace("VERSION", name))
    spec = checked(write("shop.experiment", experiment))
    assert isinstance(spec, Experiment)
    return spec
