"""Shapes: what rotary frequencies are divided by, and what a document is marked with."""

import math

import pytest

from wug.compiler.plan import Model
from wug.compiler.shape import Marks, Scaling, Shape, divisors, shape_of


def test_a_model_is_a_shape_in_which_nothing_further_was_chosen() -> None:
    model = Model("tiny", layers=3, width=32, heads=4, context=99)
    shape = shape_of(model)
    assert (shape.layers, shape.width, shape.context, shape.channels) == (3, 32, 99, 8)
    assert shape.tied
    assert shape_of(shape) is shape


def test_without_scaling_nothing_is_divided() -> None:
    assert divisors(None, 10_000, 8) == [1.0] * 4


def test_linear_scaling_divides_all_alike() -> None:
    assert divisors(Scaling("linear", 4.0), 10_000, 8) == [4.0] * 4


def test_llama3_scaling_leaves_what_turns_often_and_slows_what_turns_seldom() -> None:
    """As Llama 3.1 does it: 8192 tokens, wave lengths below 2048 stay, above 8192 are eight times as long."""
    found = divisors(Scaling("llama3", 8.0, 1.0, 4.0, 8192), 500_000, 128)
    waves = [2 * math.pi * 500_000 ** (pair / 64) for pair in range(64)]
    for wave, divisor in zip(waves, found, strict=True):
        if wave <= 2048:
            assert divisor == 1
        elif wave >= 8192:
            assert divisor == pytest.approx(8)
        else:
            smooth = (8192 / wave - 1) / 3
            assert 1 / divisor == pytest.approx((1 - smooth) / 8 + smooth)
    assert found == sorted(found)


def test_listed_divisors_are_their_own() -> None:
    assert divisors(Scaling("listed", divisors=(1.0, 2.0)), 10_000, 4) == [1.0, 2.0]


def test_one_mark_between_documents_where_it_closes_and_opens() -> None:
    assert Marks(3, 3).between == ()
    assert Marks(3, 4).between == (4,)
    assert Shape("x").marks == Marks(1, 1, 0)
