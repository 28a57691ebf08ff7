"""The decoder: its shape, and the properties that its parts promise."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from wug.compiler.plan import Model
from wug.runtime.model import Attention, Convolution, Decoder, Window, parameter_count, rotate

TINY = Model("tiny", layers=3, width=32, heads=4, kv_heads=2, hidden=48, convolution=3, context=64)
VOCABULARY = 40


def initialised(model: Model, seed: int) -> Decoder:
    decoder: Decoder = nnx.jit(lambda: Decoder(model, VOCABULARY, rngs=nnx.Rngs(seed)))()
    return decoder


@nnx.jit
def logits(decoder: Decoder, tokens_BT: jax.Array) -> jax.Array:
    return decoder(tokens_BT)


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return initialised(TINY, 0)


def tokens(rows: int, length: int) -> jax.Array:
    return jax.random.randint(jax.random.key(1), (rows, length), 0, VOCABULARY)


def test_logits_have_one_row_per_token(decoder: Decoder) -> None:
    logits_BTV = logits(decoder, tokens(2, 12))
    assert logits_BTV.shape == (2, 12, VOCABULARY)
    assert logits_BTV.dtype == jnp.float32


@pytest.mark.parametrize("taps", [{"convolution": 0}, {"convolution": 3}, {"qkv_convolution": 5}])
def test_a_token_changes_nothing_before_it(taps: dict[str, int]) -> None:
    decoder = initialised(dataclasses.replace(TINY, **taps), 0)
    before_BT = tokens(1, 12)
    before, after = logits(decoder, jnp.concatenate([before_BT, before_BT.at[0, 7].add(1)]))
    np.testing.assert_array_equal(before[:7], after[:7])
    assert (jnp.abs(before[7:] - after[7:]).max(axis=-1) > 1e-4).all()


def test_padding_on_the_right_is_unseen(decoder: Decoder) -> None:
    row_BT = tokens(2, 12)
    cut_BT = row_BT.at[:, 9:].set(0)
    np.testing.assert_allclose(logits(decoder, cut_BT)[:, :9], logits(decoder, row_BT)[:, :9], atol=1e-5)


def test_initial_loss_is_near_that_of_a_uniform_guess(decoder: Decoder) -> None:
    log_BTV = jax.nn.log_softmax(logits(decoder, tokens(2, 12)))
    assert abs(float(-log_BTV.mean()) - np.log(VOCABULARY)) < 1.0


def test_rotary_scores_depend_on_distance_alone() -> None:
    query_C, key_C = jax.random.normal(jax.random.key(0), (2, 16))
    q_TC = rotate(jnp.tile(query_C, (1, 20, 1, 1)))[0, :, 0]
    k_TC = rotate(jnp.tile(key_C, (1, 20, 1, 1)))[0, :, 0]
    scores_TT = q_TC @ k_TC.T
    np.testing.assert_allclose(scores_TT[5:, 5:], scores_TT[:-5, :-5], atol=1e-4)
    assert abs(float(scores_TT[0, 0] - scores_TT[5, 0])) > 1e-3


def test_rotation_keeps_lengths() -> None:
    x_BTHC = jax.random.normal(jax.random.key(0), (2, 7, 3, 8))
    np.testing.assert_allclose(
        jnp.linalg.norm(rotate(x_BTHC), axis=-1), jnp.linalg.norm(x_BTHC, axis=-1), rtol=1e-5
    )


def test_grouped_queries_equal_repeated_key_and_value_heads() -> None:
    grouped = Attention(TINY, rngs=nnx.Rngs(0))
    full = Attention(dataclasses.replace(TINY, kv_heads=TINY.heads), rngs=nnx.Rngs(0))
    channels = TINY.width // TINY.heads

    def repeat(kernel_DN: jax.Array) -> jax.Array:
        kernel_DKC = kernel_DN.reshape(TINY.width, TINY.kv_heads, channels)
        return jnp.repeat(kernel_DKC, TINY.heads // TINY.kv_heads, axis=1).reshape(TINY.width, TINY.width)

    full.query.kernel[...], full.out.kernel[...] = grouped.query.kernel[...], grouped.out.kernel[...]
    full.key.kernel[...], full.value.kernel[...] = (
        repeat(grouped.key.kernel[...]),
        repeat(grouped.value.kernel[...]),
    )
    x_BTD = jax.random.normal(jax.random.key(2), (2, 9, TINY.width))
    np.testing.assert_allclose(full(x_BTD), grouped(x_BTD), atol=1e-5)


def test_a_convolution_adds_the_weighted_tokens_before() -> None:
    convolution = Convolution(3, 2, rngs=nnx.Rngs(0))
    kernel_WD = np.asarray(convolution.kernel_WD[...])
    x_TD = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    expected_TD = x_TD.copy()
    for t in range(6):
        for back in range(3):
            if t - back >= 0:
                expected_TD[t] += kernel_WD[2 - back] * x_TD[t - back]
    np.testing.assert_allclose(np.asarray(convolution(jnp.asarray(x_TD[None])))[0], expected_TD, atol=1e-6)


def test_the_scan_equals_a_loop_over_layers(decoder: Decoder) -> None:
    @nnx.jit
    def loop(decoder: Decoder, tokens_BT: jax.Array) -> jax.Array:
        layer, weights_L = nnx.split(decoder.layers)
        x_BTD = decoder.embedding(tokens_BT) * TINY.width**0.5
        for index in range(TINY.layers):
            weights = jax.tree.map(lambda weight_L, index=index: weight_L[index], weights_L)
            x_BTD = nnx.merge(layer, weights)(x_BTD)
        return decoder.embedding.attend(decoder.norm(x_BTD))

    tokens_BT = tokens(2, 12)
    np.testing.assert_allclose(logits(decoder, tokens_BT), loop(decoder, tokens_BT), atol=1e-5)


def test_layers_start_different(decoder: Decoder) -> None:
    kernel_LDD = decoder.layers.attention.query.kernel[...]
    assert kernel_LDD.shape == (TINY.layers, TINY.width, TINY.width)
    assert not np.allclose(kernel_LDD[0], kernel_LDD[1])


def test_a_seed_is_a_model(decoder: Decoder) -> None:
    again, other = (initialised(TINY, seed) for seed in (0, 1))
    tokens_BT = tokens(2, 12)
    np.testing.assert_array_equal(logits(decoder, tokens_BT), logits(again, tokens_BT))
    assert not np.allclose(logits(decoder, tokens_BT), logits(other, tokens_BT))


def test_parameter_count_is_the_sum_over_the_parts(decoder: Decoder) -> None:
    width, hidden, kv_width = 32, 48, 16
    attention = 2 * width * width + 2 * width * kv_width
    layer = attention + 3 * width * hidden + 2 * width + 2 * 3 * width
    assert parameter_count(decoder) == VOCABULARY * width + 3 * layer + width


def test_every_weight_gets_a_gradient(decoder: Decoder) -> None:
    @nnx.jit
    @nnx.grad
    def gradients(model: Decoder) -> jax.Array:
        return jnp.square(model(tokens(2, 12))).mean()

    for gradient in jax.tree.leaves(gradients(decoder)):
        assert float(jnp.abs(gradient).max()) > 0


def test_a_window_holds_the_tokens_before_side_by_side_and_nothing_where_there_are_none() -> None:
    x_TD = np.arange(8, dtype=np.float32).reshape(4, 2) + 1
    expected_TR = [
        np.concatenate([x_TD[t - back] if t >= back else np.zeros(2) for back in (2, 1, 0)]) for t in range(4)
    ]
    np.testing.assert_array_equal(np.asarray(Window(3)(jnp.asarray(x_TD[None])))[0], expected_TR)
    past_WD = jnp.asarray(x_TD[:2])
    np.testing.assert_array_equal(
        np.asarray(Window(3)(jnp.asarray(x_TD[None, 2:]), past_WD[None]))[0], expected_TR[2:]
    )


def test_queries_keys_and_values_see_as_many_tokens_as_they_are_told_to() -> None:
    """Of one layer and one head: a key two tokens back is within reach of three taps and not of two."""
    x_1TD = jax.random.normal(jax.random.key(0), (1, 6, 32))
    moved_1TD = x_1TD.at[0, 2].add(1.0)
    for taps, reached in (
        (2, [False, False, True, True, False, False]),
        (3, [False, False, True, True, True, False]),
    ):
        model = dataclasses.replace(TINY, layers=1, heads=1, kv_heads=1, convolution=0, qkv_convolution=taps)
        attention, window = Attention(model, rngs=nnx.Rngs(0)), Window(taps)
        difference_TD = attention.key(window(moved_1TD))[0] - attention.key(window(x_1TD))[0]
        assert np.any(np.abs(np.asarray(difference_TD)) > 1e-6, axis=-1).tolist() == reached
