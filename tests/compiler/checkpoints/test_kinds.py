"""Settings of checkpoints that are of another kind than they should be: each is read, or told, and none is an
exception of ours."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.checkpoints import CONFIGS, byte_tokenizer, write_folder, write_gguf
from wug.compiler.checkpoints import gguf
from wug.compiler.checkpoints.bad import BadCheckpoint
from wug.compiler.checkpoints.checkpoint import Checkpoint, open_checkpoint
from wug.compiler.checkpoints.gguf_config import shape_from_gguf
from wug.compiler.checkpoints.gguf_tokenizer import tokenizer_from_gguf
from wug.compiler.checkpoints.tokenizer import plain_tokenizer
from wug.compiler.shape import Shape, divisors

KINDS: list[Any] = [
    *(None, True, False, 0, -1, 1, 1.5, 1e-300, math.nan, math.inf, 10**400),
    *("x", "", "\ud800", [], {}, [1], [[]], ["x"], {"x": 1}, {"x": {}}),
]
FURTHER = (
    *("hidden_activation", "layer_types", "use_sliding_window", "partial_rotary_factor", "mlp_bias"),
    *("rope_scaling", "rope_parameters", "original_max_position_embeddings", "quantization_config"),
    *("use_bidirectional_attention", "is_causal", "per_layer_config", "attention_bias"),
)
"""Settings that are looked at and that no tiny checkpoint has."""
TOLD = (
    *("model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", "head_dim", "vocab_size"),
    *("hidden_act", "rms_norm_eps", "rope_scaling", "partial_rotary_factor", "layer_types", "is_causal"),
    *("use_sliding_window", "quantization_config", "per_layer_config", "tie_word_embeddings", "eos_token_id"),
)
"""Settings of which some kind is told in every family."""


def others(said: Any, within: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Copies of a document with one value replaced, each with the path to it."""
    keys = range(len(said[:2])) if isinstance(said, list) else [*said][:40]
    for key in keys:
        for kind in KINDS:
            changed = said.copy()
            changed[key] = kind
            yield (*within, key), changed
        if isinstance(said[key], dict | list):
            for path, inner in others(said[key], (*within, key)):
                changed = said.copy()
                changed[key] = inner
                yield path, changed


def check_shape(shape: Shape) -> None:
    """A shape that was accepted is one that can be computed."""
    found = divisors(shape.scaling, shape.rotary_base, shape.channels)
    assert all(0 < each < math.inf for each in found)
    assert 0 < shape.epsilon < math.inf


def reason(make: Callable[[], Any]) -> str | None:
    """Why a checkpoint, or a part of one, is refused; in words of ours, not of Python's."""
    try:
        made = make()
    except BadCheckpoint as error:
        return str(error)
    if isinstance(made, Checkpoint):
        check_shape(made.shape)
    return None


def refused(make: Callable[[], Any]) -> bool:
    why = reason(make)
    assert not any(words in (why or "") for words in ("has no attribute", "indices", "object is not")), why
    return why is not None


@pytest.mark.parametrize("name", CONFIGS)
def test_a_setting_of_another_kind_is_read_or_told(name: str, tmp_path: Path) -> None:
    config = {**dict.fromkeys(FURTHER), **write_folder(tmp_path, name)}
    config["rope_scaling"] = config["rope_scaling"] or {"rope_type": "default", "rope_theta": 500.0}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert not refused(lambda: open_checkpoint(tmp_path))
    told = set()
    for path, changed in others(config):
        (tmp_path / "config.json").write_text(json.dumps(changed))
        if refused(lambda: open_checkpoint(tmp_path)):
            told.add(path[0])
    assert {*TOLD} <= told


def test_a_tokenizer_of_another_kind_is_read_or_told() -> None:
    said = byte_tokenizer()
    for changed in [*KINDS, *(each for _, each in others({**said, "normalizer": {"type": "NFC"}}))]:
        text = json.dumps(changed)
        refused(lambda text=text: plain_tokenizer(text, "here"))  # type: ignore[misc]


def test_what_stands_beside_a_tokenizer_is_read_or_told(tmp_path: Path) -> None:
    write_folder(tmp_path)
    said = {
        "bos_token": {"content": "<|bos|>"},
        "eos_token": "<|eos|>",
        "chat_template": [{"name": "default"}],
    }
    for _, changed in others(said):
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(changed))
        refused(lambda: open_checkpoint(tmp_path))


def test_an_index_of_another_kind_is_told(tmp_path: Path) -> None:
    write_folder(tmp_path, shards=2)
    index = tmp_path / "model.safetensors.index.json"
    said = json.loads(index.read_text())
    for path, changed in others(said):
        index.write_text(json.dumps(changed))
        assert refused(lambda: open_checkpoint(tmp_path)) or path[0] == "metadata", path


@pytest.mark.parametrize("name", ["llama3", "linear", "gemma"])
def test_a_setting_of_a_gguf_file_of_another_kind_is_read_or_told(name: str, tmp_path: Path) -> None:
    write_gguf(tmp_path / "m.gguf", name)
    said, tensors = gguf.read_header(tmp_path / "m.gguf")
    family = said["general.architecture"]
    further = ("attention.causal", "expert_count", "rope.scaling.attn_factor", "rope.scale_linear")
    told = set()
    for path, changed in others({**said, **{f"{family}.{key}": None for key in further}}):
        said = {key: value for key, value in changed.items() if value is not None}

        def make(said: dict[str, Any] = said) -> None:
            check_shape(shape_from_gguf(said, tensors, "m", "here"))
            tokenizer_from_gguf(said, "here")

        if refused(make):
            told.add(path[0])
    assert {f"{family}.attention.head_count", "tokenizer.ggml.pre", "tokenizer.ggml.merges"} <= told
