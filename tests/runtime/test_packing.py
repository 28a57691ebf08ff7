"""Packed rows: nothing lost, nothing seen of another document, and trained on as one document a row."""

import dataclasses

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wug.compiler.plan import Model
from wug.runtime.corpus import PAD
from wug.runtime.learn import initial_parameters, loss, structure
from wug.runtime.packing import packed
from wug.runtime.schedule import token_weights

MODEL = Model("tiny", layers=2, width=16, heads=2, kv_heads=1, hidden=32, convolution=3, context=96)
VOCABULARY, WIDTH = 20, 17


def documents(lengths: list[int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Tokens [1, 1, B, T] of documents of these lengths, and weights of which some are nothing."""
    random = np.random.default_rng(seed)
    tokens_BT = np.full((len(lengths), WIDTH), PAD, np.int32)
    for row, length in enumerate(lengths):
        tokens_BT[row, :length] = random.integers(1, VOCABULARY, length)
    weight_BT = token_weights(tokens_BT) * random.choice([0.0, 0.1, 1.0], (len(lengths), WIDTH - 1))
    return tokens_BT[None, None], weight_BT[None, None].astype(np.float32)


def taken_apart(tokens_RT: np.ndarray, weight_RT: np.ndarray, document_RT: np.ndarray) -> list[tuple]:
    """The documents of rows, and what their tokens but the first count."""
    found = []
    for tokens_T, weight_T, document_T in zip(tokens_RT, weight_RT, document_RT, strict=True):
        for number in range(1, document_T.max() + 1):
            at = np.flatnonzero(document_T == number)
            assert (np.diff(at) == 1).all()
            found.append((*tokens_T[at].tolist(), *weight_T[at[1:] - 1].tolist()))
    return found


@given(st.lists(st.integers(2, WIDTH), min_size=1, max_size=12))
def test_every_document_lies_whole_in_one_row_and_counts_as_before(lengths: list[int]) -> None:
    tokens, weight = documents(lengths)
    tokens_R, weight_R, document_R = packed(tokens, weight)
    if document_R is None:
        assert tokens_R is tokens
        assert weight_R is weight
        return
    assert tokens_R.shape[2] < len(lengths)
    given = [
        (*row[:n].tolist(), *counted[: n - 1].tolist())
        for row, counted, n in zip(tokens[0, 0], weight[0, 0], lengths, strict=True)
    ]
    assert sorted(taken_apart(tokens_R[0, 0], weight_R[0, 0], document_R[0, 0])) == sorted(given)
    assert weight_R.sum() == pytest.approx(weight.sum()), "no document predicts the next one's beginning"
    assert ((document_R == 0) == (tokens_R == PAD)).all()


@pytest.mark.parametrize("taps", [{}, {"convolution": 0}, {"convolution": 0, "qkv_convolution": 4}])
def test_a_step_teaches_the_same_as_one_document_a_row(taps: dict[str, int]) -> None:
    model = dataclasses.replace(MODEL, **taps)
    graph, _ = structure(model, VOCABULARY)
    parameters = initial_parameters(model, VOCABULARY, 0)
    tokens, weight = documents([17, 3, 5, 4, 9, 6, 2])
    rows = packed(tokens, weight)
    assert rows[0].shape == (1, 1, 3, WIDTH)
    taught = jax.jit(jax.value_and_grad(loss, argnums=1), static_argnums=0)
    alone, alone_gradient = taught(graph, parameters, tokens[0, 0], weight[0, 0])
    assert rows[2] is not None
    value, gradient = taught(graph, parameters, rows[0][0, 0], rows[1][0, 0], rows[2][0, 0])
    np.testing.assert_allclose(value, alone, rtol=1e-5)
    for left, right in zip(jax.tree.leaves(gradient), jax.tree.leaves(alone_gradient), strict=True):
        np.testing.assert_allclose(left, right, atol=2e-6)
    blind, _ = taught(graph, parameters, rows[0][0, 0], rows[1][0, 0])
    assert abs(float(blind) - float(alone)) > 1e-3, "without the mask documents are read beside each other"


def test_documents_of_one_length_stay_one_a_row() -> None:
    tokens, weight = documents([9] * 8)
    assert packed(tokens, weight) == (tokens, weight, None)


def test_all_steps_of_a_dispatch_have_as_many_rows() -> None:
    tokens = np.concatenate([documents(lengths)[0] for lengths in ([17] * 2 + [2] * 6, [3] * 8)], axis=1)
    weight = token_weights(tokens)
    packed_SCRT, _, document = packed(tokens, weight)
    assert packed_SCRT.shape == (1, 2, 3, WIDTH)
    assert document is not None
    assert document[0, 1].max(axis=-1).tolist() == [5, 3, 0]
