import jax
import numpy as np
from flax import nnx

from wug.compiler.plan import Model
from wug.runtime.learn import initial_parameters, structure
from wug.runtime.likelihood import end_log_likelihoods

MODEL = Model("tiny", layers=1, width=16, heads=2, kv_heads=1, hidden=32, convolution=2, context=96)


def test_sums_are_those_of_a_plain_loop() -> None:
    graph, _ = structure(MODEL, 20)
    parameters = initial_parameters(MODEL, 20, 0)
    random = np.random.default_rng(0)
    lengths = [5, 16, 17, 9, 30, 16]
    rows = [random.integers(1, 20, length).astype(np.int32) for length in lengths]
    start = np.array([2, 10, 16, 8, 1, 15], np.int32)
    told: list[int] = []
    found = end_log_likelihoods(graph, parameters, rows, start, told.append)
    model = jax.jit(lambda tree, tokens_BT: nnx.merge(graph, tree)(tokens_BT))
    for row, first, sum_ in zip(rows, start, found, strict=True):
        padded = np.pad(row, (0, 32 - len(row)))
        logits_TV = np.asarray(model(parameters, padded[None]), np.float64)[0, : len(row)]
        told_T = logits_TV - np.log(np.exp(logits_TV).sum(axis=-1, keepdims=True))
        expected = sum(told_T[place - 1, row[place]] for place in range(first, len(row)))
        np.testing.assert_allclose(sum_, expected, rtol=1e-5)
    assert told[-1] == len(rows)


def test_no_rows_no_sums() -> None:
    graph, _ = structure(MODEL, 20)
    assert len(end_log_likelihoods(graph, initial_parameters(MODEL, 20, 0), [], np.empty(0, np.int32))) == 0
