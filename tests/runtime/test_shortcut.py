import numpy as np

from wug.runtime.corpus import load
from wug.runtime.shortcut import of_training, shortcuts


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


def test_training_alone_is_what_every_trained_arm_starts_from(shared) -> None:
    world = load(shared.compiled, [0]).worlds[0]
    for name, habit in of_training(world).items():
        np.testing.assert_array_equal(habit.share_Q, shortcuts(world, "finetune", trained=True)[name].share_Q)
