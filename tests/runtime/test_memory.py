"""The memory: what was read once is read the same when it is gone on with."""

import dataclasses
from functools import partial

import jax
import numpy as np
import pytest
from flax import nnx

from tests.runtime.shapes import UNLIKE
from wug.compiler.plan import Model
from wug.runtime.learn import initial_parameters, structure
from wug.runtime.memory import branched, empty, encoded, read, unrolled

MODEL = Model("tiny", layers=2, width=32, heads=4, kv_heads=2, hidden=48, convolution=4, context=64)
VOCABULARY = 30


@partial(jax.jit, static_argnums=0)
def at_once(model: Model, parameters: dict, tokens_BT: jax.Array) -> jax.Array:
    graph, _ = structure(model, VOCABULARY)
    return nnx.merge(graph, parameters)(tokens_BT)


def whole(model: Model, parameters: dict, tokens_T: np.ndarray) -> np.ndarray:
    """The logits of what follows some tokens, all read at once."""
    padded_BT = np.pad(tokens_T, (0, 40 - len(tokens_T)))[None]
    return np.asarray(at_once(model, parameters, padded_BT))[0, len(tokens_T) - 1]


def tokens(length: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, VOCABULARY, length).astype(np.int32)


SHALLOW = dataclasses.replace(MODEL, layers=1)
MODELS = [
    MODEL,
    *(dataclasses.replace(SHALLOW, convolution=taps) for taps in (0, 1)),
    *(dataclasses.replace(MODEL, convolution=taps, qkv_convolution=5) for taps in (0, 4)),
    UNLIKE,
]


@pytest.mark.parametrize("model", MODELS)
def test_reading_on_equals_reading_at_once(model: Model) -> None:
    """Two contexts of other lengths, two prompts with padding, then token by token."""
    graph, _ = structure(model, VOCABULARY)
    parameters = initial_parameters(model, VOCABULARY, 3)
    layers = unrolled(model, parameters)
    step = jax.jit(partial(read, graph, parameters, layers))
    contexts, prompts = [tokens(19, 0), tokens(0, 0)], [tokens(3, 1), tokens(7, 2)]
    later = [tokens(5, 3), tokens(5, 4)]
    memory = branched([encoded(graph, model, parameters, layers, each) for each in contexts], 48)
    tokens_BT = np.zeros((2, 8), np.int32)
    for row, prompt in enumerate(prompts):
        tokens_BT[row, : len(prompt)] = prompt
    first = np.array([len(each) for each in contexts], np.int32)
    length = np.array([len(each) for each in prompts], np.int32)
    for number in range(6):
        logits_BV, memory = step(memory, tokens_BT, first, length)
        for row in range(2):
            read_T = np.concatenate([contexts[row], prompts[row], later[row][:number]])
            expected_V = whole(model, parameters, read_T)
            np.testing.assert_allclose(logits_BV[row], expected_V, atol=2e-5)
        if number < 5:
            tokens_BT = np.stack([each[number : number + 1] for each in later])
            first, length = first + length, np.ones(2, np.int32)


def test_a_row_has_the_same_bits_in_every_place_of_a_batch() -> None:
    """Whatever stands beside it: what makes batches that are filled otherwise give the same texts."""
    graph, _ = structure(MODEL, VOCABULARY)
    parameters = initial_parameters(MODEL, VOCABULARY, 5)
    layers = unrolled(MODEL, parameters)
    step = jax.jit(partial(read, graph, parameters, layers))
    context = encoded(graph, MODEL, parameters, layers, tokens(9, 0))
    random = np.random.default_rng(1)
    found = set()
    for place in range(16):
        memory = branched([context] * 16, 32)
        tokens_BT = random.integers(1, VOCABULARY, (16, 16)).astype(np.int32)
        tokens_BT[place] = tokens(16, 2)
        first, length = np.full(16, 9, np.int32), random.integers(1, 17, 16).astype(np.int32)
        length[place] = 6
        logits_BV, memory = step(memory, tokens_BT, first, length)
        told = [np.asarray(logits_BV)[place].tobytes()]
        tokens_B1 = random.integers(1, VOCABULARY, (16, 1)).astype(np.int32)
        tokens_B1[place] = 4
        logits_BV, memory = step(memory, tokens_B1, first + length, np.ones(16, np.int32))
        found.add((*told, np.asarray(logits_BV)[place].tobytes()))
    assert len(found) == 1


def test_a_memory_of_nothing_has_room() -> None:
    memory = branched([empty(MODEL, 1, 0)] * 3, 16)
    assert memory[0]["key"].shape == (3, 16, 2, 8)
    assert memory[1]["mlp"].shape == (3, 3, 32)


def test_a_memory_of_one_row_is_nobody_elses() -> None:
    """It is donated: what it was branched from is still needed, and no two of its parts may be one."""
    before = empty(MODEL, 1, 8)
    after = branched([before], 8)
    place = {leaf.unsafe_buffer_pointer() for leaf in jax.tree.leaves(after) if leaf.size}
    assert len(place) == sum(leaf.size > 0 for leaf in jax.tree.leaves(after))
    assert not place & {leaf.unsafe_buffer_pointer() for leaf in jax.tree.leaves(before)}
