"""A family whose parents are trained, with arms that augment."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.compiler.conftest import Write, checked
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import Draft, draft
from wug.compiler.experiment import Experiment

WORLD = """wug 1
world kin {
  entity person { count 12 }
  relation parent(a: person, b: person) {
    complete  populate forest { roots 2  children 1..3 }
    form down {
      "{a} is the parent of" => " {b}."
      "{a} brought up" => " {b}."
    }
    form up "The parent of {b} is" => " {a}."
  }
  relation grandparent(a: person, b: person) {
    complete
    form down "{a} is the grandparent of" => " {b}."
  }
  rule grandparent(a, c) if parent(a, b), parent(b, c)
  relation sibling(a: person, b: person) {
    complete  symmetric
    form says "{a} has a sibling," => " {b}."
  }
  rule sibling(a, b) if parent(p, a), parent(p, b), a != b
  relation older(a: person, b: person) {
    asymmetric
    form says "{a} is older than" => " {b}."
  }
  rule older(a, b) if parent(a, b)
}
"""

Drafted = Callable[[str], Draft]


@pytest.fixture
def drafted(write: Write) -> Drafted:
    """Draws an experiment over the family with an arm `more`, which augments as is said. Its model `speck`
    sees 128 tokens, and another one, `narrow`, 40."""

    def made(augment: str) -> Draft:
        write("kin.world", WORLD)
        path = write(
            "kin.experiment",
            "wug 1\n"
            "experiment kin {\n"
            '  world "kin.world"\n'
            "  seeds 2\n"
            "  train parent in down { articles 2 }\n"
            "  test up { parent in up  choices others(1) }\n"
            "  test grand { grandparent in down  choices others(1) }\n"
            "  model speck { layers 1  width 32  heads 2  context 128 }\n"
            "  model narrow { layers 1  width 16  heads 2  context 40 }\n"
            f"  arm more {{ finetune {{ steps 5 }}  {augment} }}\n"
            "  arm wide { model speck }\n"
            "  arm other { model narrow }\n"
            "}\n",
        )
        spec = checked(path)
        assert isinstance(spec, Experiment)
        return draft(spec, Report())

    return made
