import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import pytest
from flax import nnx

from wug.compiler.plan import Model
from wug.runtime import cross_entropy
from wug.runtime.learn import (
    Recipe,
    fresh_state,
    gradient_in_parts,
    initial_parameters,
    learned,
    loss,
    steps,
    structure,
)
from wug.runtime.schedule import token_weights

MODEL = Model("tiny", layers=1, width=16, heads=2, kv_heads=1, hidden=32, convolution=2, context=96)
VOCABULARY = 20


def rows(*shape: int) -> np.ndarray:
    tokens = np.random.default_rng(0).integers(1, VOCABULARY, shape).astype(np.int32)
    tokens[..., -2:] = 0
    return tokens


def test_the_loss_is_the_weighted_mean_over_all_targets() -> None:
    graph, _ = structure(MODEL, VOCABULARY)
    parameters = initial_parameters(MODEL, VOCABULARY, 0)
    tokens_BT = rows(3, 9)
    weight_BT = token_weights(tokens_BT, np.array([2, 4, 4]), 0.1)
    model = jax.jit(lambda tree: nnx.merge(graph, tree)(tokens_BT))
    logits_BTV = np.asarray(model(parameters), np.float64)
    total = weight = 0.0
    for row, place in np.ndindex(3, 8):
        told_V = logits_BTV[row, place] - np.log(np.exp(logits_BTV[row, place]).sum())
        total -= weight_BT[row, place] * told_V[tokens_BT[row, place + 1]]
        weight += weight_BT[row, place]
    found = jax.jit(loss, static_argnums=0)(graph, parameters, tokens_BT, weight_BT)
    np.testing.assert_allclose(found, total / weight, rtol=1e-5)


def test_weights_are_a_function_of_the_seed() -> None:
    first, again, other = (initial_parameters(MODEL, VOCABULARY, seed) for seed in (0, 0, 1))
    for left, right in zip(jax.tree.leaves(first), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(left, right)
    assert not np.array_equal(first["embedding"]["embedding"], other["embedding"]["embedding"])


def reference(optimiser: str, rate_C: np.ndarray, clip: float) -> optax.GradientTransformation:
    """What optax itself makes of a schedule."""
    schedule = jnp.asarray(rate_C)

    def named(tree: dict, names: tuple[str, ...], yes: object, no: object) -> dict:
        return jax.tree_util.tree_map_with_path(
            lambda path, leaf: yes if path[-1].key in names and leaf.ndim in (2, 3) else no, tree
        )

    if optimiser == "adamw":
        mask = partial(named, names=("kernel", "embedding"), yes=True, no=False)
        inner = optax.adamw(lambda step: schedule[step], b1=0.9, b2=0.98, weight_decay=0.1, mask=mask)
    else:
        inner = optax.contrib.muon(
            lambda step: 4 * schedule[step],
            adam_learning_rate=lambda step: schedule[step],
            adam_b2=0.98,
            weight_decay=0.1,
            muon_weight_dimension_numbers=partial(
                named, names=("kernel",), yes=optax.contrib.MuonDimensionNumbers(1, 2), no=None
            ),
        )
    return optax.chain(optax.clip_by_global_norm(clip), inner)


@pytest.mark.parametrize(("optimiser", "clip"), [("adamw", 0.01), ("muon", 1.0)])
def test_steps_are_those_of_optax(optimiser: str, clip: float) -> None:
    graph, _ = structure(MODEL, VOCABULARY)
    parameters = initial_parameters(MODEL, VOCABULARY, 0)
    tokens_CBT, rate_C = rows(3, 2, 9), np.array([1e-3, 2e-3, 3e-3], np.float32)
    weight_CBT = token_weights(tokens_CBT)
    transform = reference(optimiser, rate_C, clip)

    @jax.jit
    def step(tree: dict, moments: tuple, tokens_BT: jax.Array, weight_BT: jax.Array) -> tuple[dict, tuple]:
        gradient = jax.grad(lambda tree: loss(graph, tree, tokens_BT, weight_BT))(tree)
        update, moments = transform.update(gradient, moments, tree)
        return optax.apply_updates(tree, update), moments

    expected, moments = parameters, jax.jit(transform.init)(parameters)
    for tokens_BT, weight_BT in zip(tokens_CBT, weight_CBT, strict=True):
        expected, moments = step(expected, moments, tokens_BT, weight_BT)
    recipe = Recipe(optimiser, clip)
    fresh = jax.jit(fresh_state, static_argnums=1)(parameters, recipe)
    state, loss_C = steps(graph, recipe, fresh, tokens_CBT, weight_CBT, None, rate_C, np.float32(0.1))
    assert loss_C.shape == (3,)
    for left, right in zip(jax.tree.leaves(state["parameters"]), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(left, right, atol=5e-6)


@pytest.mark.parametrize("parts", [2, 3])
def test_a_batch_in_parts_has_the_gradient_of_the_whole(parts: int) -> None:
    """Rows of different lengths, so that parts do not count alike; and parts that are not equally many."""
    graph, _ = structure(MODEL, VOCABULARY)
    parameters = initial_parameters(MODEL, VOCABULARY, 0)
    tokens_BT = rows(4, 9)
    tokens_BT[0, 3:] = tokens_BT[3, 4:] = 0
    weight_BT = token_weights(tokens_BT, padding=0)
    assert len(set(weight_BT.sum(axis=1).tolist())) > 2
    told = partial(loss, graph)
    whole = jax.jit(partial(gradient_in_parts, told, 1))(parameters, tokens_BT, weight_BT)
    apart = jax.jit(partial(gradient_in_parts, told, parts))(parameters, tokens_BT, weight_BT)
    for left, right in zip(jax.tree.leaves(whole), jax.tree.leaves(apart), strict=True):
        np.testing.assert_allclose(left, right, atol=2e-6)


def test_memory_is_saved_at_the_same_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers and logits that are computed again are the same ones; bfloat16 is near, and leaves float32."""
    tokens_BT = rows(3, 9)
    weight_BT = token_weights(tokens_BT, padding=0)
    parameters = initial_parameters(MODEL, VOCABULARY, 0)

    def found(model: Model) -> tuple[jax.Array, dict]:
        graph, _ = structure(model, VOCABULARY)
        told = jax.jit(jax.value_and_grad(partial(loss, graph)))
        return told(parameters, tokens_BT, weight_BT, document_BT)

    document_BT = np.array([[0] * 5 + [1] * 4] * 3, np.int32)
    plain = found(MODEL)
    half = found(dataclasses.replace(MODEL, compute="bfloat16"))
    monkeypatch.setattr(cross_entropy, "AT_ONCE", 1)
    monkeypatch.setattr(cross_entropy, "CHUNK", 7 * VOCABULARY)
    saved = found(dataclasses.replace(MODEL, remat=True))
    for left, right, near in zip(*map(jax.tree.leaves, (plain, saved, half)), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-6)
        assert near.dtype == np.float32
        assert np.linalg.norm(left - near) < 0.1 * np.linalg.norm(left)
    assert not np.allclose(plain[0], half[0], rtol=1e-6)


def test_the_average_is_that_of_all_steps_each_less_than_the_next() -> None:
    graph, _ = structure(MODEL, VOCABULARY)
    recipe, share = Recipe(average=0.5, accumulate=2), 0.5
    tokens_CBT, rate_C = rows(3, 2, 9), np.full(3, 1e-2, np.float32)
    weight_CBT = token_weights(tokens_CBT)
    state = jax.jit(fresh_state, static_argnums=1)(initial_parameters(MODEL, VOCABULARY, 0), recipe)
    for left, right in zip(
        *map(jax.tree.leaves, (learned(state, recipe, 0), state["parameters"])), strict=True
    ):
        np.testing.assert_array_equal(left, right)
    passed = []
    for step in range(3):
        now = slice(step, step + 1)
        state, _ = steps(
            graph, recipe, state, tokens_CBT[now], weight_CBT[now], None, rate_C[now], np.float32(0)
        )
        passed.append(jax.tree.map(np.asarray, state["parameters"]))
    weight_C = np.array([share**2, share, 1]) / (1 + share + share**2)
    expected = jax.tree.map(
        lambda *leaves: sum(w * x for w, x in zip(weight_C, leaves, strict=True)), *passed
    )
    for left, right in zip(*map(jax.tree.leaves, (learned(state, recipe, 3), expected)), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-6)
    assert not np.allclose(
        learned(state, recipe, 3)["embedding"]["embedding"], passed[2]["embedding"]["embedding"]
    )
