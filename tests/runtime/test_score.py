import dataclasses

import numpy as np
import pytest

from wug.runtime.corpus import World, load
from wug.runtime.failure import ContextOverflow, Damaged
from wug.runtime.measures import bare
from wug.runtime.score import Scores, answers, asked_of, check_fits, lengths_of, read_scores, write_scores


def rows_of(world: World, arm: str) -> list[np.ndarray]:
    """Context, cue and choice of each question, from what is asked."""
    asked, count = asked_of(world, arm, bare(world)), len(world.questions.tokens)
    return [
        np.concatenate([asked.context(asked.context_N[item]), tokens])
        for item, tokens in zip(asked.item_Q[:count], asked.tokens[:count], strict=True)
    ]


def test_a_row_is_context_cue_and_choice(shared) -> None:
    world = load(shared.compiled, [0]).worlds[0]
    context = world.context_tokens("icl", 0)
    for row, length, start, tokens, cue in zip(
        rows_of(world, "icl"),
        *lengths_of(world, "icl"),
        world.questions.tokens,
        world.questions.start_Q,
        strict=True,
    ):
        np.testing.assert_array_equal(row, np.concatenate([context, tokens]))
        assert start == len(context) + cue
        assert length == len(row)
    for row, tokens in zip(rows_of(world, "finetune"), world.questions.tokens, strict=True):
        np.testing.assert_array_equal(row, tokens)


def test_ties_count_as_fractions(shared) -> None:
    items = load(shared.compiled, [0]).worlds[0].items
    told_Q = np.zeros(24, np.float32)
    right_Q = items.first_question_N + items.answer_N
    told_Q[right_Q[:4]] = 2.0  # four right, the next four wrong, the rest tied
    told_Q[right_Q[4:8]] = -2.0
    told_Q[right_Q[8:]] = 1e-7
    found = answers(items, told_Q)
    assert found.credit_N.tolist() == [1] * 4 + [0] * 4 + [0.5] * 4
    assert found.margin_N[:8].tolist() == [2] * 4 + [-2] * 4
    assert found.share_Q.reshape(-1, 2).sum(axis=1).tolist() == [1] * 12


def test_scores_come_back_by_seed(shared, tmp_path) -> None:
    worlds = list(load(shared.compiled, [0, 1]).worlds)
    told = np.arange(24, dtype=np.float32)
    write_scores(tmp_path / "scores.parquet", worlds, [Scores(told, told + 1), Scores(-told, 2 * told)])
    found = read_scores(tmp_path / "scores.parquet")
    assert sorted(found) == [0, 1]
    np.testing.assert_array_equal(found[0].bare_Q, told + 1)
    np.testing.assert_array_equal(found[1].told_Q, -told)


def test_a_context_that_does_not_fit_says_what_would(shared) -> None:
    corpus = load(shared.compiled, [0, 1])
    check_fits(shared.plan, corpus)
    small = shared.change_model(model=dataclasses.replace(shared.learner.model, context=40)).plan
    with pytest.raises(ContextOverflow) as caught:
        check_fits(small, corpus)
    needed = max(len(row) for row in rows_of(corpus.worlds[0], "icl"))
    assert (caught.value.arm, caught.value.needed, caught.value.available) == ("icl", needed, 40)
    assert f"arm icl: a question with its 6 documents takes {needed} tokens" in str(caught.value)
    assert "oracle(k)" in str(caught.value)


def test_each_arm_must_fit_its_own_model(shared) -> None:
    corpus = load(shared.compiled, [0, 1])
    narrow = dataclasses.replace(
        shared.learner, model=dataclasses.replace(shared.learner.model, name="narrow", context=40)
    )
    (first, icl, *rest) = shared.change(models=(shared.learner, narrow)).plan.arms
    both = shared.change(models=(shared.learner, narrow))
    check_fits(both.change(arms=(dataclasses.replace(first, model="narrow"), icl, *rest)).plan, corpus)
    with pytest.raises(ContextOverflow, match=r"arm icl: .* the model sees at most 40"):
        check_fits(both.change(arms=(first, dataclasses.replace(icl, model="narrow"), *rest)).plan, corpus)


def test_a_document_that_does_not_fit_is_an_error_too(shared) -> None:
    corpus = load(shared.compiled, [0])
    arms = tuple(arm for arm in shared.plan.arms if arm.context == "none")
    small = shared.change_model(model=dataclasses.replace(shared.learner.model, context=10)).plan
    with pytest.raises(ContextOverflow, match="arm finetune: a training document takes"):
        check_fits(dataclasses.replace(small, arms=arms), corpus)


def test_an_arm_without_views_is_an_error(shared) -> None:
    arm = dataclasses.replace(shared.plan.arms[0], name="unknown")
    with pytest.raises(Damaged, match="unknown"):
        check_fits(dataclasses.replace(shared.plan, arms=(arm,)), load(shared.compiled, [0]))
