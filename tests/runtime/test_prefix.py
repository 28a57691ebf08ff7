"""Prefix: whatever is read once, in whatever rows, the likelihoods are those of each text read by itself."""

import dataclasses
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from flax import nnx

from tests.runtime.shapes import UNLIKE
from wug.compiler.plan import Model
from wug.runtime import layout as layouts
from wug.runtime import prefix, widths
from wug.runtime.kept import Kept
from wug.runtime.layout import Asked, Work, _cached, _grown, _tries
from wug.runtime.learn import initial_parameters, structure
from wug.runtime.prefix import log_likelihoods

VOCABULARY = 30
MODEL = Model("tiny", layers=2, width=32, heads=4, kv_heads=2, hidden=48, convolution=4, context=64)
MODELS = [
    MODEL,
    dataclasses.replace(MODEL, convolution=3, qkv_convolution=5, kv_heads=4),
    dataclasses.replace(UNLIKE, family="llama", vocabulary=40),
]
WORK = Work(layers=1000, unembedding=1000, pair=10, heads=4)


def tokens(random: np.random.Generator, length: int) -> np.ndarray:
    return random.integers(1, VOCABULARY, length).astype(np.int32)


def asked_of(contexts: list[int], seed: int = 0) -> Asked:
    """Questions of all sorts behind contexts of some lengths, and behind none."""
    random = np.random.default_rng(seed)
    texts, start, item_Q, context_N = [], [], [], []

    def ask(
        context: int, cue: np.ndarray, choices: list[np.ndarray], starts: list[int] | None = None
    ) -> None:
        for place, choice in enumerate(choices):
            texts.append(np.concatenate([cue, choice]).astype(np.int32))
            start.append(starts[place] if starts else len(cue))
            item_Q.append(len(context_N))
        context_N.append(context)

    for context in range(-1, len(contexts)):
        cue = tokens(random, 6)
        first = tokens(random, 3)
        ask(context, cue, [tokens(random, length) for length in (3, 1, 5)])
        ask(context, tokens(random, 9), [tokens(random, 1) for _ in range(4)])
        ask(
            context, cue[:1], [first, first[:2], np.append(first, 7), first]
        )  # prefixes of one another, twins
        ask(context, cue, [np.append(first[:2], 4), np.append(first, 5)], [5, 7])  # other tokens at the seam
        ask(context, tokens(random, 4), [tokens(random, 2)])
    return Asked(
        tuple(tokens(random, length) for length in contexts),
        np.array(context_N, np.int32),
        np.array(item_Q, np.int32),
        tuple(texts),
        np.array(start, np.int32),
    )


@partial(jax.jit, static_argnums=0)
def log_probabilities(model: Model, parameters: dict, tokens_BT: jax.Array) -> jax.Array:
    graph, _ = structure(model, VOCABULARY)
    return jax.nn.log_softmax(nnx.merge(graph, parameters)(tokens_BT))


def plainly(model: Model, parameters: dict, asked: Asked) -> np.ndarray:
    """Each text read by itself, behind its context."""
    context = [asked.context(asked.context_N[item]) for item in asked.item_Q]
    rows = [np.concatenate(pair) for pair in zip(context, asked.tokens, strict=True)]
    tokens_BT = np.zeros((len(rows), max(map(len, rows))), np.int32)
    for number, row in enumerate(rows):
        tokens_BT[number, : len(row)] = row
    told_BTV = np.asarray(log_probabilities(model, parameters, tokens_BT), np.float64)
    return np.array(
        [
            sum(told_BTV[number, place - 1, row[place]] for place in range(len(before) + start, len(row)))
            for number, (row, before, start) in enumerate(zip(rows, context, asked.start_Q, strict=True))
        ]
    )


@pytest.mark.parametrize("model", MODELS)
def test_likelihoods_are_those_of_the_plain_way(model: Model, monkeypatch) -> None:
    """With the contexts in the rows, and read before: of no tokens, of some chunks, and to the end of one."""
    for module in (widths, prefix, layouts):
        monkeypatch.setattr(module, "CHUNK", 32)
    asked = asked_of([0, 70, 96])
    graph, _ = structure(model, VOCABULARY)
    parameters = initial_parameters(model, VOCABULARY, 3)
    expected = plainly(model, parameters, asked)
    tries = _tries(asked)
    for layout in (next(_grown(WORK, asked, tries)), next(_cached(WORK, asked, tries))):
        told: list[int] = []
        found = log_likelihoods(graph, model, parameters, asked, layout, told.append)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        assert told == sorted(told)
        assert told[-1] == len(asked.tokens)


def test_batches_that_were_kept_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends after any batch leaves what it tells to the next one, which ends with the same."""
    asked = asked_of([0, 30, 40])
    graph, _ = structure(MODEL, VOCABULARY)
    parameters = initial_parameters(MODEL, VOCABULARY, 3)
    layout = next(_cached(WORK, asked, _tries(asked)))
    whole, told = log_likelihoods(graph, MODEL, parameters, asked, layout), prefix.told
    read: list[int] = []

    def counted(*given: Any) -> jax.Array:
        if read:
            raise KeyboardInterrupt
        read.append(1)
        return told(*given)

    monkeypatch.setattr(prefix, "told", counted)
    found, lives = None, 0
    while found is None:
        lives += 1
        read.clear()
        with suppress(KeyboardInterrupt), Kept(tmp_path / "kept") as kept:
            before = len(kept)
            found = log_likelihoods(graph, MODEL, parameters, asked, layout, lambda texts: None, kept, "part")
        assert len(kept) == before + 1
    assert lives == len(list(layout.batches())) > 2
    np.testing.assert_array_equal(found, whole)
