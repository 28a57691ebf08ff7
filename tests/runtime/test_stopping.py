"""Early stopping: each seed keeps its best, a frozen one learns no more, and alone it is as in a block."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import jax
import numpy as np
import pytest
from rich.console import Console

from tests.runtime.test_finetune import LORA, interrupted_and_whole, learn
from wug.compiler.plan import Replay, Stop
from wug.runtime import finetune as module
from wug.runtime.corpus import PAD, load
from wug.runtime.failure import RuntimeFailure
from wug.runtime.files import read_json
from wug.runtime.learn import structure
from wug.runtime.likelihood import end_log_likelihoods
from wug.runtime.price import Augmenting, priced
from wug.runtime.report import print_report
from wug.runtime.schedule import training_lengths
from wug.runtime.stopping import (
    held_out,
    held_out_digest,
    held_out_rows,
    measured,
    measured_lengths,
    nothing_measured,
    stopped,
)

STOP = Stop("reversal", every=3, patience=1)


@pytest.fixture(autouse=True)
def _short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "chunk_of", lambda steps: min(steps, 3))


def test_right_answers_are_asked_as_the_arm_is(shared) -> None:
    world = load(shared.compiled, [0]).worlds[0]
    found = held_out(world, "finetune", STOP)
    items = world.items.of("reversal")
    assert len(found) == len(items) == 6
    for (tokens, start), item in zip(found, items, strict=True):
        row = world.items.first_question_N[item] + world.items.answer_N[item]
        assert world.items.accept_Q[row]
        assert tokens.tolist() == world.questions.tokens[row].tolist()
        assert start == world.questions.start_Q[row]
    shown = held_out(world, "icl", STOP)
    context = world.context_tokens("icl", 0)
    assert shown[0][0].tolist() == [*context.tolist(), *found[0][0].tolist()]
    assert shown[0][1] == len(context) + found[0][1]
    assert held_out_digest(world, "icl", STOP) != held_out_digest(world, "finetune", STOP)
    tokens_SPNT, weight_SPNT = held_out_rows([world, world], "finetune", STOP)
    assert weight_SPNT.sum() == 2 * sum(len(tokens) - start for tokens, start in found)
    assert (tokens_SPNT != PAD).sum() == 2 * sum(len(tokens) for tokens, _ in found)
    setting = dataclasses.replace(shared.plan.arms[2].finetune, stop=STOP)
    once = [len(tokens) - 1 for tokens, _ in found]
    assert measured_lengths(world, "finetune", setting, 7).tolist() == once * 3
    with pytest.raises(RuntimeFailure, match="test nowhere, on which it stops, asks nothing"):
        held_out(world, "finetune", Stop("nowhere"))


def test_patience_and_the_best() -> None:
    """Seed 0 gets worse twice and stops, though it would have been better later; seed 1 goes on; the loss of
    seed 2 is no number, which is better than nothing that came before."""
    stop = Stop("reversal", every=10, patience=2)
    kept = nothing_measured({"w": np.zeros((3, 2))}, 3)
    losses = ([3.0, 3.0, 1.0], [3.5, 2.0, np.nan], [3.0, 2.5, np.nan], [0.0, 1.0, 0.5])
    for number, loss_S in enumerate(losses, start=1):
        now = {"w": np.full((3, 2), 10.0 * number)}
        kept = measured(kept, now, np.array(loss_S), 10 * number, stop)
    assert kept["stopped"].tolist() == [30, 0, 30]
    assert kept["at"].tolist() == [10, 40, 10]
    assert np.asarray(kept["best"]["w"]).tolist() == [[10, 10], [40, 40], [10, 10]]
    assert stopped(kept, 40) == {"steps": [30, 40, 30], "best": [10, 40, 10], "loss": [3.0, 1.0, 1.0]}


def loss_of(tiny, parameters, seed: int) -> float:
    """The loss of the right answers, each in a row of its own."""
    corpus = load(tiny.compiled, [seed])
    graph, _ = structure(tiny.learner.model, corpus.vocabulary)
    found = held_out(corpus.worlds[0], "finetune", STOP)
    starts = np.array([start for _, start in found])
    told = end_log_likelihoods(graph, parameters, [tokens for tokens, _ in found], starts)
    return -told.sum() / sum(len(tokens) - start for tokens, start in found)


def test_each_seed_stops_where_it_would_alone_with_the_best_it_had(shared, tmp_path: Path) -> None:
    """At such a rate training on what is stated soon makes the reversals worse."""
    changes = {"learning_rate": 0.1, "stop": STOP}
    together = learn(shared, tmp_path / "together", [0, 1], **changes)
    told = read_json(tmp_path / "together" / "outcome.json")
    assert told["failed"] is None
    for seed in (0, 1):
        alone = learn(shared, tmp_path / f"alone{seed}", [seed], **changes)
        own = read_json(tmp_path / f"alone{seed}" / "outcome.json")["stopped"]
        for name in ("steps", "best"):
            assert own[name] == [told["stopped"][name][seed]]
        for left, right in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
            np.testing.assert_allclose(left[seed], right[0], atol=1e-4)
        mine = jax.tree.map(lambda leaf, seed=seed: leaf[seed], together)
        assert told["stopped"]["loss"][seed] == pytest.approx(loss_of(shared, mine, seed), abs=1e-4)
        best, end = told["stopped"]["best"][seed], told["stopped"]["steps"][seed]
        assert end in (best + 3, 12)
    assert min(told["stopped"]["steps"]) < 12, "nothing stopped: this shows nothing"
    lines = (tmp_path / "together" / "log.jsonl").read_text().splitlines()
    assert told["steps"] == max(told["stopped"]["steps"]) == 3 * len(lines)
    assert all(isinstance(loss, float) for loss in told["loss"])


@pytest.mark.parametrize(
    "more",
    [{}, {"average": 0.9, "replay": Replay(0.4)}, {"lora": LORA, "average": 0.9}],
    ids=["alone", "an average, with replay", "an adapter's average"],
)
def test_an_interrupted_training_stops_at_the_same_bits(more: dict, shared, tmp_path: Path) -> None:
    """It is interrupted with a measurement behind it, and more to come. What is kept is the best average."""
    changes = {"learning_rate": 0.1, "schedule": "constant", "stop": STOP, **more}
    whole = interrupted_and_whole(shared, tmp_path, **changes)
    (best, *_) = read_json(tmp_path / "whole" / "outcome.json")["stopped"]["best"]
    until = learn(shared, tmp_path / "until", [0, 1], **{**changes, "steps": best, "stop": None})
    for left, right in zip(jax.tree.leaves(whole), jax.tree.leaves(until), strict=True):
        np.testing.assert_allclose(left[0], right[0], atol=1e-4)


def test_the_price_is_of_the_steps_that_were_taken(shared) -> None:
    worlds = load(shared.compiled, [0, 1]).worlds
    plan = shared.change_arm("finetune", steps=12, stop=STOP).plan
    arm, ended = plan.arms[2], {"steps": [6, 12], "best": [3, 12], "loss": [1.5, 1.0]}
    price = priced(plan, worlds, arm, Augmenting(), 1000, ended)
    fed = [
        training_lengths(world, "finetune", dataclasses.replace(arm.finetune, steps=steps)).sum()
        for world, steps in zip(worlds, (6, 12), strict=True)
    ]
    assert price["train_tokens"] == round(sum(fed) / 2)
    assert price["train_steps"] == 12  # the most there are
    told = price["stop"]
    assert (told["on"], told["every"], told["patience"]) == ("reversal", 3, 1)
    assert (told["steps"], told["best"], told["loss"]) == ([6, 12], [3, 12], [1.5, 1.0])
    once = sum(len(tokens) - 1 for world in worlds for tokens, _ in held_out(world, "finetune", STOP)) / 2
    assert told["measured_tokens"] == pytest.approx(once * (2 + 4) / 2, abs=1)
    whole = priced(
        plan, worlds, arm, Augmenting(), 1000, {"steps": [12, 12], "best": [12, 12], "loss": [1, 1]}
    )
    assert whole["train_flops"] == told["most_flops"] > price["train_flops"]
    never = priced(shared.plan, worlds, shared.plan.arms[2], Augmenting(), 1000)
    assert "stop" not in never


def test_a_run_says_when_its_seeds_stopped(continued) -> None:
    document = continued.change_arm("finetune", steps=9, learning_rate=0.1, stop=STOP).run()
    told = document["arms"]["finetune"]["stop"]
    assert [len(told[name]) for name in ("steps", "best", "loss")] == [2, 2, 2]
    assert all(best <= steps <= 9 for best, steps in zip(told["best"], told["steps"], strict=True))
    assert "stop" not in document["arms"]["augmented"]
    stream = io.StringIO()
    print_report(document, Console(file=stream, width=120))
    assert "finetune: measured on reversal every 3 steps: stopped after" in stream.getvalue()
