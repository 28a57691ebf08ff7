"""Replay: the arm's own batches as ever, behind them the share that is wanted, in whatever parts."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.runtime.conftest import tokenizer
from wug.compiler.emitting.replayed import emit_replayed
from wug.compiler.plan import Finetuning, Replay
from wug.compiler.shape import Marks
from wug.runtime.corpus import PAD, load
from wug.runtime.episodes import load as load_episodes
from wug.runtime.packing import packed
from wug.runtime.replay import Replayed, of_episodes, of_text, reread
from wug.runtime.schedule import Reading, rereading, step_tokens, token_weights, training_lengths

SETTING = Finetuning(steps=12, batch=4, replay=Replay(0.3))


@pytest.fixture
def replayed(shared) -> Replayed:
    episodes = load_episodes(shared.episodes, shared.compiled / "tokenizer.json")
    return of_episodes(episodes, shared.learner.pretraining)


@pytest.fixture
def worlds(shared, replayed):
    loaded = load(shared.compiled, [0, 1]).worlds
    return [dataclasses.replace(world, replayed={"finetune": replayed}) for world in loaded]


@pytest.mark.parametrize("share", [0.05, 0.3, 0.8])
def test_after_each_step_the_share_is_there_and_no_document_too_many(replayed, share: float) -> None:
    own_C = np.random.default_rng(0).integers(20, 90, 50)
    reading = reread(replayed, 3, share, own_C)
    read_N = np.cumsum(replayed.length_D[reading.document_N] - 1)
    for own, end in zip(np.cumsum(own_C), reading.end_C, strict=True):
        assert read_N[end - 1] >= share * (own + read_N[end - 1]) - 1e-6
        less = read_N[end - 2] if end > 1 else 0
        assert less < share * (own + less)
    assert len(reading.document_N) == reading.end_C[-1]
    fewer = reread(replayed, 3, share, own_C[:20])
    assert fewer.end_C.tolist() == reading.end_C[:20].tolist()
    assert fewer.document_N.tolist() == reading.document_N[: fewer.end_C[-1]].tolist()
    other = reread(replayed, 4, share, own_C)
    assert other.document_N[:8].tolist() != reading.document_N[:8].tolist()


def test_replayed_rows_stand_behind_the_same_batches_as_ever(worlds, replayed) -> None:
    reading = Reading(worlds, "finetune", SETTING)
    tokens_SCBT, weight_SCBT = reading.rows(0, 12)
    own = dataclasses.replace(SETTING, replay=None)
    plain_SCBT, plain_weight_SCBT = Reading(worlds, "finetune", own).rows(0, 12)
    width = min(plain_SCBT.shape[-1], tokens_SCBT.shape[-1])
    assert tokens_SCBT[:, :, :4, :width].tolist() == plain_SCBT[..., :width].tolist()
    assert weight_SCBT[:, :, :4, : width - 1].tolist() == plain_weight_SCBT[..., : width - 1].tolist()
    facts = token_weights(
        replayed.rows(np.arange(len(replayed.length_D)), tokens_SCBT.shape[-1]), replayed.begin_D, 0.1
    )
    for seed, world in enumerate(worlds):
        expected = rereading(world, "finetune", SETTING)
        behind = tokens_SCBT[seed, :, 4:].reshape(-1, tokens_SCBT.shape[-1])
        weights = weight_SCBT[seed, :, 4:].reshape(-1, weight_SCBT.shape[-1])
        there = (behind != PAD).any(axis=1)
        assert there.sum() == len(expected.document_N) > 3
        assert not weights[~there].any()
        for row, weight, document in zip(behind[there], weights[there], expected.document_N, strict=True):
            length = replayed.length_D[document]
            assert row[:length].tolist() == replayed.tokens_DT[document, :length].tolist()
            assert weight.tolist() == facts[document].tolist()
        told = np.count_nonzero(tokens_SCBT[seed] != PAD, axis=-1)
        fed_C = np.where(told > 0, told - 1, 0).sum(axis=1)
        assert fed_C.tolist() == step_tokens(world, "finetune", SETTING).tolist()
        assert fed_C.sum() == training_lengths(world, "finetune", SETTING).sum()
    parts = [reading.rows(first, count)[0] for first, count in ((0, 5), (5, 6), (11, 1))]
    assert np.concatenate(parts, axis=1).tolist() == tokens_SCBT.tolist()


def test_rows_without_a_document_take_no_room(worlds) -> None:
    tokens_SCBT, weight_SCBT = Reading(worlds, "finetune", SETTING).rows(0, 12)
    assert ((tokens_SCBT != PAD).sum(axis=-1) == 0).any()  # some step replays less than another
    rows_SCRT, counted_SCRT, _ = packed(tokens_SCBT, weight_SCBT)
    assert rows_SCRT.shape[2] < tokens_SCBT.shape[2]
    assert (rows_SCRT != PAD).sum() == (tokens_SCBT != PAD).sum()
    assert counted_SCRT.sum() == pytest.approx(weight_SCBT.sum())


def test_a_text_is_cut_into_documents(tmp_path: Path) -> None:
    texts = [" ".join(["Did you know"] * 20), "zumbix are taller than keldov."]
    emit_replayed(texts, tokenizer(), Marks(2, 3), 42, tmp_path)
    found = of_text(tmp_path)
    assert found.length_D.tolist() == [42, 22, 8]
    rows = found.rows(np.arange(3), 42)
    assert rows[:, 0].tolist() == [2, 2, 2]
    assert [row[row != PAD][-1] for row in rows] == [3, 3, 3]
    said = "".join(tokenizer().decode(row[row != PAD][1:-1].tolist()) + " " for row in rows[:2]).split()
    assert said == texts[0].split()
    assert token_weights(rows, found.begin_D, found.before).sum() == found.length_D.sum() - 3


def test_less_is_forgotten_with_replay(continued) -> None:
    settings = {"steps": 60, "learning_rate": 1e-2}
    without = continued.change_arm("finetune", **settings).run()
    with_it = continued.change_arm("finetune", **settings, replay=Replay(0.5)).run()
    losses = [document["forgetting"]["finetune"]["loss_after"] for document in (without, with_it)]
    assert losses[1] < losses[0] - 0.5
    price, plain = with_it["arms"]["finetune"], without["arms"]["finetune"]
    told = price["replay"]
    assert (told["of"], told["share"]) == ("pretraining", 0.5)
    assert told["tokens"] == price["train_tokens"] - plain["train_tokens"]
    assert 0.5 <= told["tokens"] / price["train_tokens"] < 0.53
    assert price["train_flops"] > 1.9 * plain["train_flops"]
    assert "replay" not in plain
