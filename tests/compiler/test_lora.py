"""`lora` from a spec to a plan: its defaults, what like arms hand on, and keys that it leaves alone."""

from __future__ import annotations

import shutil

import pytest

from tests.compiler.conftest import Write, checked
from wug import specs
from wug.compiler.lora import TARGETS, Lora
from wug.compiler.plan import Finetuning, Model
from wug.compiler.record import as_plain
from wug.compiler.shape import Shape, adapted, matrices

SPEC = """wug 1

experiment x {
  world "hello.world"
  train exceeds in forward
  test trained { exceeds in forward  choices contradiction }
  model tiny { layers 1  width 32  heads 2 }
  arm base { finetune { steps 5  BASE } }
  arm own  { like base  finetune { batch 4  OWN } }
}
"""


def of_arms(write: Write, base: str, own: str = "") -> list[Lora | None]:
    path = write("x.experiment", SPEC.replace("BASE", base).replace("OWN", own))
    shutil.copy(specs() / "worlds" / "hello.world", path.parent)
    made = checked(path).arms
    assert [arm.finetune.steps for arm in made] == [5, 5]
    return [arm.finetune.lora for arm in made]


@pytest.mark.parametrize(
    ("written", "lora"),
    [
        ("", None),
        ("lora { }", Lora()),
        ("lora { rank 4 }", Lora(4, 8.0)),
        ("lora { rank 4  alpha 2.5 }", Lora(4, 2.5)),
        ("lora { alpha 1 }", Lora(8, 1.0)),
        ("lora { targets value query  rank 2 }", Lora(2, 4.0, ("query", "value"))),
        ("lora { targets down up gate out value key query }", Lora()),
        ("lora none", None),
    ],
)
def test_what_is_written_and_what_is_not(write: Write, written: str, lora: Lora | None) -> None:
    assert of_arms(write, written) == [lora, lora]


@pytest.mark.parametrize(
    ("base", "own", "lora"),
    [
        ("lora { rank 4 }", "lora { targets query }", Lora(4, 8.0, ("query",))),
        ("lora { rank 4  alpha 3 }", "lora { rank 2 }", Lora(2, 3.0)),
        ("lora { rank 4 }", "lora { rank 2 }", Lora(2, 4.0)),
        ("lora { rank 4 }", "lora none", None),
        ("lora none", "lora { rank 2 }", Lora(2, 4.0)),
        ("", "lora { rank 2 }", Lora(2, 4.0)),
    ],
)
def test_an_arm_that_is_like_another(write: Write, base: str, own: str, lora: Lora | None) -> None:
    assert of_arms(write, base, own)[1] == lora


def test_what_has_no_adapter_says_nothing_of_one() -> None:
    assert "lora" not in as_plain(Finetuning(steps=3, match="other"))
    assert as_plain(Finetuning(lora=Lora()))["lora"] == {"rank": 8, "alpha": 16.0, "targets": TARGETS}
    assert "lora" not in as_plain(Shape("x"))


def test_a_model_with_an_adapter_is_the_same_model() -> None:
    model = Model("m", width=32, heads=4, kv_heads=2, hidden=48, qkv_convolution=3)
    assert adapted(model, None) is model
    found = adapted(model, Lora())
    assert (found.lora, found.width, found.layers) == (Lora(), 32, model.layers)
    sizes = matrices(found)
    assert (sizes["query"], sizes["value"], sizes["out"]) == ((96, 32), (96, 16), (32, 32))
    assert (sizes["up"], sizes["down"]) == ((32, 48), (48, 32))
