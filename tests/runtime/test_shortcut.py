import numpy as np

from wug.runtime.corpus import load
from wug.runtime.shortcut import own_words, shortcuts


def row(*tokens: int) -> np.ndarray:
    return np.array([1, *tokens], np.int32)


def test_own_words_are_those_that_tell_the_choices_apart() -> None:
    assert own_words((row(5, 6, 7), row(5, 8, 7))) == ([[6], [8]], [5, 7])


def test_words_that_go_together_answer_the_trained_and_miss_the_reversed(shared) -> None:
    world = load(shared.compiled, [0]).worlds[0]
    habit = shortcuts(world, "finetune", trained=True)["co-occurrence"]
    assert habit.credit_N[world.items.of("trained")].tolist() == [1] * 6
    assert habit.credit_N[world.items.of("reversal")].tolist() == [0] * 6


def test_a_balanced_world_has_no_use_for_frequency(shared) -> None:
    world = load(shared.compiled, [0]).worlds[0]
    assert shortcuts(world, "finetune", trained=True)["frequency"].credit_N.mean() == 0.5


def test_what_was_shown_counts_and_what_was_not_does_not(shared) -> None:
    world = load(shared.compiled, [0]).worlds[0]
    shown = shortcuts(world, "icl", trained=False)["co-occurrence"]
    assert shown.credit_N[world.items.of("trained")].mean() == 1
    nothing = shortcuts(world, "pretrained", trained=False)["co-occurrence"]
    assert nothing.credit_N.tolist() == [0.5] * 12
    assert nothing.share_Q.tolist() == [0.5] * 24
