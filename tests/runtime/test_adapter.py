"""Adapters: they begin with the model as it is, and added into its weights they compute the same."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from flax import nnx

from wug.compiler.lora import TARGETS, Lora
from wug.compiler.plan import Model, Sampling
from wug.compiler.shape import adapted, matrices
from wug.runtime.adapter import adapter_shapes, fresh_adapter, merged
from wug.runtime.checkpoint import tree_digest
from wug.runtime.corpus import load
from wug.runtime.cost import adapter_parameters
from wug.runtime.learn import initial_parameters, joined, structure
from wug.runtime.sample import prompt_of, sample
from wug.runtime.score import score

MODEL = Model("tiny", layers=2, width=16, heads=2, kv_heads=1, hidden=32, convolution=2, context=96)
WINDOW = Model("w", layers=1, width=16, heads=2, kv_heads=2, hidden=32, convolution=2, qkv_convolution=2)
VOCABULARY = 20
LORA = Lora(3, 7.0)


def learnt(model: Model, vocabulary: int, lora: Lora) -> dict:
    """An adapter as training leaves it: no matrix is zero."""
    random = np.random.default_rng(0)
    return jax.tree.map(
        lambda leaf: random.normal(0, 0.3, leaf.shape).astype(np.float32),
        adapter_shapes(model, vocabulary, lora),
    )


def logits(model: Model, parameters: dict) -> np.ndarray:
    graph, _ = structure(model, VOCABULARY)
    tokens_BT = np.random.default_rng(1).integers(1, VOCABULARY, (3, 9))
    return np.asarray(jax.jit(lambda tree: nnx.merge(graph, tree)(tokens_BT))(parameters))


@pytest.mark.parametrize("targets", [TARGETS, ("query", "value"), ("down",)])
def test_an_adapter_stands_beside_its_targets_alone(targets: tuple[str, ...]) -> None:
    lora = Lora(3, 6.0, targets)
    layers = adapter_shapes(WINDOW, VOCABULARY, lora)["layers"]
    found = {name: both for part in layers.values() for name, both in part.items()}
    assert set(found) == set(targets)
    for name, (read, out) in matrices(WINDOW).items():
        if name in found:
            assert {key: leaf.shape for key, leaf in found[name].items()} == {
                "lora_a": (1, read, 3),
                "lora_b": (1, 3, out),
            }
    sizes = [leaf.size for leaf in jax.tree.leaves(layers)]
    assert sum(sizes) == adapter_parameters(WINDOW, lora)


def test_an_adapter_is_drawn_by_seed_and_target() -> None:
    first, again, other = (fresh_adapter(MODEL, VOCABULARY, LORA, seed) for seed in (0, 0, 1))
    assert tree_digest(first) == tree_digest(again) != tree_digest(other)
    few = fresh_adapter(MODEL, VOCABULARY, Lora(3, 7.0, ("key", "up")), 0)
    for part, name in (("attention", "key"), ("mlp", "up")):
        np.testing.assert_array_equal(
            few["layers"][part][name]["lora_a"], first["layers"][part][name]["lora_a"]
        )
    query, key = (first["layers"]["attention"][name]["lora_a"] for name in ("query", "key"))
    assert not np.array_equal(query, key)
    assert not np.array_equal(query[0], query[1]), "each layer has numbers of its own"
    assert 0.2 < np.abs(query).max() <= 0.25
    assert not np.any(first["layers"]["mlp"]["down"]["lora_b"])


def test_a_fresh_adapter_changes_not_a_bit() -> None:
    weights = initial_parameters(MODEL, VOCABULARY, 0)
    adapter = fresh_adapter(MODEL, VOCABULARY, LORA, 0)
    expected = logits(MODEL, weights)
    np.testing.assert_array_equal(logits(adapted(MODEL, LORA), joined(weights, adapter)), expected)
    assert tree_digest(merged(weights, adapter, LORA)) == tree_digest(weights)


def test_what_is_added_into_the_weights() -> None:
    weights, adapter = initial_parameters(MODEL, VOCABULARY, 0), learnt(MODEL, VOCABULARY, LORA)
    before = tree_digest(weights)
    whole = merged(weights, adapter, LORA)
    assert tree_digest(weights) == before
    beside = logits(adapted(MODEL, LORA), joined(weights, adapter))
    np.testing.assert_allclose(logits(MODEL, whole), beside, atol=2e-5)
    assert np.abs(beside - logits(MODEL, weights)).max() > 0.1
    assert whole["embedding"]["embedding"] is weights["embedding"]["embedding"], "not copied"
    up = adapter["layers"]["mlp"]["up"]
    np.testing.assert_allclose(
        whole["layers"]["mlp"]["up"]["kernel"] - weights["layers"]["mlp"]["up"]["kernel"],
        7 / 3 * np.einsum("lir,lro->lio", up["lora_a"], up["lora_b"]),
        atol=1e-6,
    )


def test_beside_and_added_in_it_scores_and_says_the_same(shared) -> None:
    model, corpus = shared.learner.model, load(shared.compiled, [0])
    weights = initial_parameters(model, corpus.vocabulary, 0)
    adapter = learnt(model, corpus.vocabulary, LORA)
    ways = (adapted(model, LORA), joined(weights, adapter)), (model, merged(weights, adapter, LORA))
    world = corpus.worlds[0]
    all_ways = (*ways, (model, weights))
    beside, whole, untaught = (
        score(which, corpus.vocabulary, tree, world, "finetune") for which, tree in all_ways
    )
    np.testing.assert_allclose(beside.told_Q, whole.told_Q, atol=1e-4)
    np.testing.assert_allclose(beside.bare_Q, whole.bare_Q, atol=1e-4)
    assert np.abs(untaught.told_Q - whole.told_Q).max() > 0.1
    prompts = [prompt_of(name, corpus.tokenizer) for name in ("zumbix are", "keldov are")]
    said = [sample(which, tree, corpus.tokenizer, prompts, Sampling(max_tokens=6)) for which, tree in ways]
    assert said[0] == said[1]
