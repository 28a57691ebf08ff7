"""A forecast is what a run then does: entries, tokens and operations."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from wug.runtime.corpus import load
from wug.runtime.files import read_json
from wug.runtime.forecast import forecast, parameters_of, speed
from wug.runtime.learn import initial_parameters
from wug.runtime.schedule import read_lengths, training_lengths


def stages(tiny) -> dict[tuple[str, str], tuple[int, int]]:
    found = forecast(tiny.plan, tiny.compiled, tiny.store.root)
    return {(each.kind, each.name): (each.count, each.done) for each in found}


def test_nothing_is_done_and_then_all_is(tiny, finished) -> None:
    every = stages(tiny)
    assert list(every)[:2] == [("pretraining", "tiny"), ("scoring", "pretrained")]
    assert {done for _, done in every.values()} == {0}
    assert ("fine-tuning", "augmented") in every
    assert not list(tiny.store.root.glob("tiny/pretrained/*")), "nothing is made"
    done = stages(finished[0])
    assert done.keys() == every.keys()
    assert all(count == there for count, there in done.values())


def test_what_a_change_leaves_to_do(finished) -> None:
    tiny, _ = finished
    found = stages(tiny.change_arm("finetune", learning_rate=1e-3))
    left = {place for place, (count, done) in found.items() if done < count}
    assert left == {("fine-tuning", "finetune"), ("scoring", "finetune")}


def test_tokens_and_operations_are_those_of_the_run(tiny, finished) -> None:
    document = json.loads((finished[1] / "results.json").read_bytes())
    found = {(each.kind, each.name): each for each in forecast(tiny.plan, tiny.compiled, tiny.store.root)}
    (pretraining,) = document["pretraining"]
    told = found["pretraining", "tiny"]
    assert told.bound == "most"
    assert told.tokens == pytest.approx(pretraining["tokens"], rel=0.2)
    assert told.flops == pytest.approx(pretraining["train_flops"], rel=0.3)
    for name in ("finetune", "augmented"):
        each = found["fine-tuning", name]
        assert each.tokens == 2 * document["arms"][name]["train_tokens"], "two seeds"
        assert each.flops == pytest.approx(2 * document["arms"][name]["train_flops"], rel=0.15)
        assert each.memory > 0
    rate, count = speed(finished[0].store.root)
    assert count == 1
    (outcome,) = finished[0].store.root.glob("tiny/pretrained/*/outcome.json")
    seconds = read_json(outcome.with_name("timing.json"))["seconds"]
    assert rate == pytest.approx(pretraining["train_flops"] / seconds, rel=1e-3)
    assert speed(tiny.store.root) is None


def test_a_model_is_as_large_as_it_is(shared) -> None:
    model, vocabulary = shared.learner.model, load(shared.compiled, [0]).vocabulary
    bare = dataclasses.replace(model, convolution=0)
    weights = initial_parameters(bare, vocabulary, 0)
    sizes: list[int] = []

    def count(tree: object) -> None:
        if isinstance(tree, dict):
            for each in tree.values():
                count(each)
        else:
            sizes.append(np.asarray(tree).size)

    count(weights)
    assert parameters_of(bare, vocabulary) == pytest.approx(sum(sizes), rel=0.06)


def test_what_is_read_is_known_without_its_order(tiny) -> None:
    (world, _) = load(tiny.compiled, tiny.plan.seeds).worlds
    arm = next(arm for arm in tiny.plan.arms if arm.finetune is not None)
    for steps in (1, 3, 50):
        setting = dataclasses.replace(arm.finetune, steps=steps)
        read, drawn = (f(world, arm.name, setting) for f in (read_lengths, training_lengths))
        assert sorted(read.tolist()) == sorted(drawn.tolist())
