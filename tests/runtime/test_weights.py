"""Weights of checkpoints: the logits of each family are those of a judge in plain numpy, from either file;
and what is no number is told."""

import json
import shutil
from pathlib import Path

import jax
import numpy as np
import pytest
from flax import nnx

from tests.checkpoints import CONFIGS, safetensors_of, tensors_of, write_folder, write_gguf
from tests.runtime.llama_numpy import logits
from wug import specs
from wug.cli import main
from wug.compiler.checkpoints.bad import BadCheckpoint
from wug.compiler.checkpoints.checkpoint import Checkpoint, open_checkpoint
from wug.runtime.learn import structure
from wug.runtime.weights import load_weights, tensors_from

SPEC = """wug 1

experiment x {
  world "hello.world"
  train exceeds in forward
  test reversal { exceeds in reverse  choices contradiction }
  model small { from "tiny" }
  arm pretrained { }
}
"""
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


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["model.norm.weight", "model.layers.1.self_attn.k_proj.weight"])
def test_a_tensor_that_holds_what_is_no_number_is_named(name: str, value: float, tmp_path: Path) -> None:
    config = write_folder(tmp_path, "gemma")
    tensors = tensors_of(config)
    tensors[name].flat[-1] = value
    (tmp_path / "model.safetensors").write_bytes(safetensors_of(tensors))
    checkpoint = open_checkpoint(tmp_path)
    with pytest.raises(BadCheckpoint) as error:
        load_weights(checkpoint)
    size = f"{tensors[name].size:,}"
    assert f"model.safetensors: the tensor '{name}' holds 1 of {size} values that are no finite" in str(
        error.value
    )


def test_a_run_with_weights_that_are_no_numbers_ends_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """NaN is told before anything is computed; what overflows on the way, of each arm."""
    shutil.copy(specs() / "worlds" / "hello.world", tmp_path)
    (tmp_path / "x.experiment").write_text(SPEC)
    tensors = tensors_of(write_folder(tmp_path / "tiny", "llama"))
    file, norm = tmp_path / "tiny" / "model.safetensors", tensors["model.norm.weight"]
    for value, status, why in (
        (np.nan, 1, "holds 32 of 32 values that are no finite numbers"),
        (3e38, 1, "arm pretrained: what its weights make of the questions of seed 0 is no number"),
    ):
        norm[:] = value
        file.write_bytes(safetensors_of(tensors))
        assert main(["run", str(tmp_path / "x.experiment"), "--build", str(tmp_path / "build")]) == status
        assert why in " ".join("".join(capsys.readouterr()).split())
    (results,) = tmp_path.glob("build/x/runs/*/results.json")
    assert "is no number" in json.loads(results.read_bytes())["arms"]["pretrained"]["failed"]
