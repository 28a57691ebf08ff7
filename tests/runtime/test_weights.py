"""Weights of checkpoints: the logits of each family are those of a judge in plain numpy, from either file."""

from pathlib import Path

import jax
import numpy as np
import pytest
from flax import nnx

from tests.checkpoints import CONFIGS, tensors_of, write_folder, write_gguf
from tests.runtime.llama_numpy import logits
from wug.compiler.checkpoints.checkpoint import Checkpoint, open_checkpoint
from wug.runtime.learn import structure
from wug.runtime.weights import load_weights, tensors_from

TOKENS = np.random.default_rng(0).integers(2, 260, 20).tolist()


def computed(checkpoint: Checkpoint) -> np.ndarray:
    """Logits of the decoder [T, V]."""
    graph, like = structure(checkpoint.shape, 0)
    parameters = load_weights(checkpoint)
    assert jax.tree.map(lambda leaf: leaf.shape, parameters) == jax.tree.map(lambda leaf: leaf.shape, like)
    read = jax.jit(lambda parameters, tokens_BT: nnx.merge(graph, parameters)(tokens_BT))
    return np.asarray(read(parameters, np.array([TOKENS])))[0]


@pytest.mark.parametrize("name", CONFIGS)
def test_a_folder_gives_the_logits_of_the_judge(name: str, tmp_path: Path) -> None:
    config = write_folder(tmp_path, name, shards=1 + ("llama" in name))
    expected = logits(config, tensors_of(config), TOKENS)
    np.testing.assert_allclose(computed(open_checkpoint(tmp_path)), expected, atol=2e-5)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_gguf_file_gives_the_logits_of_the_judge(name: str, tmp_path: Path) -> None:
    """Quantised, so that what is compared is what the file holds."""
    kinds = {"q_proj": "Q4_1", "v_proj": "Q8_0", "embed_tokens": "Q8_0", "o_proj": "F16", "up_proj": "BF16"}
    config, tensors = write_gguf(tmp_path / "m.gguf", name, kinds)
    found = computed(open_checkpoint(tmp_path / "m.gguf"))
    np.testing.assert_allclose(found, logits(config, tensors, TOKENS), atol=2e-5)


@pytest.mark.parametrize("name", ["llama", "gemma", "qwen3"])
def test_what_was_read_is_written_as_it_was(name: str, tmp_path: Path) -> None:
    config = write_folder(tmp_path, name)
    checkpoint = open_checkpoint(tmp_path)
    back = dict(tensors_from(checkpoint.shape, load_weights(checkpoint)))
    expected = tensors_of(config)
    assert back.keys() == expected.keys()
    for key, array in expected.items():
        np.testing.assert_allclose(back[key], array, rtol=0, atol=2e-7)
