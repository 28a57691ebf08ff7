"""What was forgotten: as a plain pass over the same texts tells it, and nothing else moves for it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from tests.checkpoints import write_folder
from wug.compiler.checkpoints.checkpoint import open_checkpoint
from wug.compiler.emitting.tokenizer import read_tokenizer
from wug.compiler.plan import Learner, Pretraining, Source
from wug.compiler.shape import Marks
from wug.runtime.checkpoint import load_parameters
from wug.runtime.episodes import load
from wug.runtime.forgetting import measure, told
from wug.runtime.learn import initial_parameters, structure
from wug.runtime.likelihood import end_log_likelihoods
from wug.runtime.weights import load_weights
from wug.runtime.yardstick import Yardstick, of_general_text, of_probe


def plainly(graph, parameters, yardstick: Yardstick) -> tuple[float, np.ndarray]:
    """The loss, and by how much the right choice of each question leads, each text a row of its own."""
    asked = yardstick.asked
    before = [asked.context(int(asked.context_N[item])) for item in asked.item_Q]
    rows = [np.concatenate(pair) for pair in zip(before, asked.tokens, strict=True)]
    start_Q = np.array([len(context) for context in before]) + asked.start_Q
    found = end_log_likelihoods(graph, parameters, rows, start_Q)
    told_Q2 = found[yardstick.texts :].reshape(-1, 2)
    at = np.arange(len(told_Q2))
    lead_Q = told_Q2[at, yardstick.right_Q] - told_Q2[at, 1 - yardstick.right_Q]
    return -float(found[: yardstick.texts].sum()) / yardstick.tokens, lead_Q


def same(measured: dict, graph, parameters, yardstick: Yardstick) -> None:
    loss, lead_Q = plainly(graph, parameters, yardstick)
    assert measured["loss"] == pytest.approx(loss, abs=1e-4)
    clear_Q = np.abs(lead_Q) > 1e-4
    assert clear_Q.sum() > 0.8 * len(clear_Q)
    assert np.array(measured["credit"])[clear_Q].tolist() == (lead_Q > 0)[clear_Q].tolist()


def test_a_run_tells_what_its_arms_forgot(finished) -> None:
    tiny, folder = finished
    forgot = json.loads((folder / "results.json").read_bytes())["forgetting"]
    assert list(forgot) == ["finetune", "augmented"]  # the others train nothing
    episodes = load(tiny.episodes, tiny.compiled / "tokenizer.json")
    yardstick, vocabulary = of_probe(episodes.probe), episodes.vocabulary
    graph, like = structure(tiny.learner.model, vocabulary)
    (entry,) = (tiny.store.root / "tiny" / "pretrained").glob("*/parameters")
    known = load_parameters(entry, like)
    same(measure(tiny.learner, vocabulary, known, yardstick), graph, known, yardstick)
    loss, _ = plainly(graph, known, yardstick)
    fresh, _ = plainly(graph, initial_parameters(tiny.learner.model, vocabulary, 0), yardstick)
    assert loss < fresh
    for arm in forgot.values():
        assert arm["of"] == "pretraining"
        assert arm["loss_before"] == pytest.approx(loss, abs=1e-4)
        assert arm["loss_after"] != arm["loss_before"]
        assert [each["seed"] for each in arm["seeds"]] == [0, 1]
        assert arm["loss_after"] == pytest.approx(np.mean([each["loss_after"] for each in arm["seeds"]]))
        assert (arm["n"], arm["chance"], arm["tokens"]) == (8, 0.5, yardstick.tokens)
        for share in (arm["before"], arm["after"]):
            assert share["low"] <= share["accuracy"] <= share["high"]


def test_it_can_be_left_out_and_moves_no_other_key(continued) -> None:
    tiny = continued
    stages = ("pretrained", "trained", "scores", "forgetting")

    def entries() -> dict[str, list[str]]:
        return {kind: sorted(p.name for p in (tiny.store.root / "tiny" / kind).iterdir()) for kind in stages}

    before = entries()
    assert "forgetting" not in json.dumps(tiny.plan.to_json())
    silent = tuple(dataclasses.replace(arm, forgetting=arm.name != "augmented") for arm in tiny.plan.arms)
    assert list(tiny.change(arms=silent).run()["forgetting"]) == ["finetune"]
    assert entries() == before


def test_a_checkpoint_is_measured_with_general_text(tmp_path: Path) -> None:
    write_folder(tmp_path, "llama")
    checkpoint = open_checkpoint(tmp_path)
    model = dataclasses.replace(checkpoint.shape, name="real", context=512)
    learner = Learner(model, Pretraining(0, steps=0), "", checkpoint=Source(checkpoint.digest(), ""))
    yardstick = of_general_text(read_tokenizer(checkpoint.tokenizer), Marks(0, 1), 512)
    parameters = load_weights(checkpoint)
    measured = measure(learner, 0, parameters, yardstick)
    same(measured, structure(model, 0)[0], parameters, yardstick)
    forgot = told(learner, [0], [measured], [measured])
    assert (forgot["of"], forgot["n"]) == ("general text", len(yardstick.right_Q))
    assert forgot["loss_before"] == forgot["loss_after"]


def test_numbers_that_are_none_are_told_as_none(finished) -> None:
    tiny, _ = finished
    episodes = load(tiny.episodes, tiny.compiled / "tokenizer.json")
    yardstick, vocabulary = of_probe(episodes.probe), episodes.vocabulary
    parameters = initial_parameters(tiny.learner.model, vocabulary, 0)
    parameters["norm"]["scale"] = np.full_like(parameters["norm"]["scale"], np.nan)
    measured = measure(tiny.learner, vocabulary, parameters, yardstick)
    assert measured["loss"] is None
    assert set(measured["credit"]) == {0.5}
    assert told(tiny.learner, [0], [measured], [measured])["loss_after"] is None
