from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import pytest
from flax import nnx

from wug.compiler.plan import Model
from wug.runtime.learn import fresh_state, initial_parameters, loss, steps, structure
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


def reference(optimiser: str, rate_C: np.ndarray) -> optax.GradientTransformation:
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
    return optax.chain(optax.clip_by_global_norm(1.0), inner)


@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
def test_steps_are_those_of_optax(optimiser: str) -> None:
    graph, _ = structure(MODEL, VOCABULARY)
    parameters = initial_parameters(MODEL, VOCABULARY, 0)
    tokens_CBT, rate_C = rows(3, 2, 9), np.array([1e-3, 2e-3, 3e-3], np.float32)
    weight_CBT = token_weights(tokens_CBT)
    transform = reference(optimiser, rate_C)

    @jax.jit
    def step(tree: dict, moments: tuple, tokens_BT: jax.Array, weight_BT: jax.Array) -> tuple[dict, tuple]:
        gradient = jax.grad(lambda tree: loss(graph, tree, tokens_BT, weight_BT))(tree)
        update, moments = transform.update(gradient, moments, tree)
        return optax.apply_updates(tree, update), moments

    expected, moments = parameters, jax.jit(transform.init)(parameters)
    for tokens_BT, weight_BT in zip(tokens_CBT, weight_CBT, strict=True):
        expected, moments = step(expected, moments, tokens_BT, weight_BT)
    fresh = jax.jit(fresh_state, static_argnums=1)(parameters, optimiser)
    state, loss_C = steps(graph, optimiser, fresh, tokens_CBT, weight_CBT, rate_C, np.float32(0.1))
    assert loss_C.shape == (3,)
    for left, right in zip(jax.tree.leaves(state["parameters"]), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(left, right, atol=5e-6)
