import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from wug.compiler.plan import Model
from wug.runtime.learn import fresh_state, initial_parameters, loss, steps, steps_of_seeds, structure

MODEL = Model("tiny", layers=1, width=16, heads=2, kv_heads=1, hidden=32, convolution=2, context=96)
VOCABULARY = 20


def rows(*shape: int) -> np.ndarray:
    tokens = np.random.default_rng(0).integers(1, VOCABULARY, shape).astype(np.int32)
    tokens[..., -2:] = 0
    return tokens


def test_the_loss_is_the_mean_over_all_targets_but_padding() -> None:
    graph, _ = structure(MODEL, VOCABULARY)
    parameters = initial_parameters(MODEL, VOCABULARY, 0)
    tokens_BT = rows(3, 9)
    model = jax.jit(lambda tree: nnx.merge(graph, tree)(tokens_BT))
    logits_BTV = np.asarray(model(parameters), np.float64)
    told = [
        logits_BTV[row, place, target] - np.log(np.exp(logits_BTV[row, place]).sum())
        for row in range(3)
        for place, target in enumerate(tokens_BT[row, 1:])
        if target != 0
    ]
    assert len(told) == 18
    np.testing.assert_allclose(
        jax.jit(loss, static_argnums=0)(graph, parameters, tokens_BT), -np.mean(told), rtol=1e-5
    )


def test_weights_are_a_function_of_the_seed() -> None:
    first, again, other = (initial_parameters(MODEL, VOCABULARY, seed) for seed in (0, 0, 1))
    for left, right in zip(jax.tree.leaves(first), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(left, right)
    assert not np.array_equal(first["embedding"]["embedding"], other["embedding"]["embedding"])


def test_steps_are_those_of_optax_adamw() -> None:
    graph, _ = structure(MODEL, VOCABULARY)
    parameters = initial_parameters(MODEL, VOCABULARY, 0)
    tokens_CBT, rate_C = rows(3, 2, 9), np.array([1e-3, 2e-3, 3e-3], np.float32)
    schedule = jnp.asarray(rate_C)

    def decayed(tree: dict) -> dict:
        return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key in ("kernel", "embedding"), tree)

    transform = optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.adamw(lambda step: schedule[step], b1=0.9, b2=0.98, weight_decay=0.1, mask=decayed),
    )

    @jax.jit
    def step(tree: dict, moments: tuple, tokens_BT: jax.Array) -> tuple[dict, tuple]:
        gradient = jax.grad(lambda tree: loss(graph, tree, tokens_BT))(tree)
        update, moments = transform.update(gradient, moments, tree)
        return optax.apply_updates(tree, update), moments

    expected, moments = parameters, jax.jit(transform.init)(parameters)
    for tokens_BT in tokens_CBT:
        expected, moments = step(expected, moments, tokens_BT)
    state, loss_C = steps(graph, jax.jit(fresh_state)(parameters), tokens_CBT, rate_C, np.float32(0.1))
    assert loss_C.shape == (3,)
    for left, right in zip(jax.tree.leaves(state["parameters"]), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(left, right, atol=2e-6)


def test_seeds_at_once_are_each_as_alone() -> None:
    graph, _ = structure(MODEL, VOCABULARY)
    tokens_SCBT, rate_C = rows(2, 3, 2, 9), np.full(3, 1e-3, np.float32)
    alone = [initial_parameters(MODEL, VOCABULARY, seed) for seed in (0, 1)]
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *alone)
    together, loss_SC = steps_of_seeds(
        graph, jax.jit(jax.vmap(fresh_state))(stacked), tokens_SCBT, rate_C, np.float32(0)
    )
    for seed in (0, 1):
        state, loss_C = steps(
            graph, jax.jit(fresh_state)(alone[seed]), tokens_SCBT[seed], rate_C, np.float32(0)
        )
        np.testing.assert_allclose(loss_SC[seed], loss_C, rtol=1e-5)
        ours = jax.tree.map(lambda leaf, seed=seed: leaf[seed], together["parameters"])
        for left, right in zip(jax.tree.leaves(ours), jax.tree.leaves(state["parameters"]), strict=True):
            np.testing.assert_allclose(left, right, atol=1e-5)
