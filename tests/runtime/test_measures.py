"""Measures: a choice by its length, and less what it has anyway."""

import dataclasses

import numpy as np

from wug.runtime.corpus import load
from wug.runtime.measures import bare, characters, measured
from wug.runtime.score import answers, asked_of


def test_a_choice_alone_is_its_tokens_behind_the_mark_of_a_document(shared) -> None:
    world = load(shared.compiled, [0]).worlds[0]
    questions, alone = world.questions, bare(load(shared.compiled, [0]).worlds[0])
    assert len(alone.tokens) <= len(questions.tokens)
    for row, place in enumerate(alone.place_Q):
        expected = [questions.tokens[row][0], *questions.tokens[row][questions.start_Q[row] :]]
        assert alone.tokens[place].tolist() == expected


def test_items_with_the_same_choices_share_them(shared) -> None:
    world = load(shared.compiled, [0]).worlds[0]
    items, questions = world.items, world.questions
    same = dataclasses.replace(
        questions, tokens=questions.tokens[:2] * 12, start_Q=np.tile(questions.start_Q[:2], 12)
    )
    alone = bare(dataclasses.replace(world, questions=same))
    assert (len(alone.tokens), alone.set_U.tolist()) == (2, [0, 0])
    assert alone.place_Q.tolist() == [0, 1] * len(items.item_id_N)


def test_they_are_asked_behind_all_else_and_without_a_context(shared) -> None:
    world = load(shared.compiled, [0]).worlds[0]
    alone, count = bare(world), len(world.questions.tokens)
    asked = asked_of(world, "icl", alone)
    assert len(asked.tokens) == len(asked.start_Q) == len(asked.item_Q) == count + len(alone.tokens)
    assert set(asked.context_N[asked.item_Q[:count]]) == {0}
    assert set(asked.context_N[asked.item_Q[count:]]) == {-1}
    assert (np.diff(asked.item_Q) >= 0).all()


def test_a_long_choice_and_a_rare_one_are_at_no_disadvantage(shared) -> None:
    world = load(shared.compiled, [0]).worlds[0]
    items, questions = world.items, world.questions
    long = items.cue[0] + " " + 9 * "long"
    short = items.cue[0] + " to"
    world = dataclasses.replace(
        world, questions=dataclasses.replace(questions, text=(long, short, *questions.text[2:]))
    )
    assert characters(world)[:2].tolist() == [36, 2]
    told_Q = np.full(24, -4.0)
    told_Q[:2] = -9, -3
    bare_Q = np.full(24, -4.0)
    bare_Q[:2] = -15, -3.5
    values = measured(world, told_Q, bare_Q)
    assert values["normalised"][:2].tolist() == [-0.25, -1.5]
    assert values["corrected"][:2].tolist() == [6, 0.5]
    found = answers(items, told_Q, (), values)
    right = bool(items.accept_Q[0])
    assert (found.credit_N[0], found.other_N["normalised"][0]) == ((0, 1) if right else (1, 0))
    assert found.other_N["corrected"].tolist() == [float(right), *[0.5] * 11]
