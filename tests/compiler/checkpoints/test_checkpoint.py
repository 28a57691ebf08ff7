"""Checkpoints: what is found in them, and that a bad one is told apart before anything is read."""

import dataclasses
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.checkpoints import (
    CONFIGS,
    LLAMA3,
    byte_tokenizer,
    config_of,
    safetensors_of,
    tensors_of,
    write_folder,
    write_gguf,
)
from wug.compiler.checkpoints import gguf
from wug.compiler.checkpoints.bad import BadCheckpoint
from wug.compiler.checkpoints.checkpoint import open_checkpoint
from wug.compiler.checkpoints.gguf_config import shape_from_gguf
from wug.compiler.shape import Marks, Scaling, Shape, divisors

VALUES, NORM = "model.layers.0.self_attn.v_proj.weight", "model.norm.weight"


def change(path: Path, **changes: Any) -> None:
    """Another config; None takes a setting out."""
    said = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in said.items() if value is not None}))


def told(path: Path) -> str:
    """What is wrong with a checkpoint."""
    with pytest.raises(BadCheckpoint) as error:
        open_checkpoint(path)
    return str(error.value)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_folder_and_a_gguf_file_say_the_same(name: str, tmp_path: Path) -> None:
    write_folder(tmp_path / "folder", name)
    write_gguf(tmp_path / "m.gguf", name)
    folder, file = open_checkpoint(tmp_path / "folder").shape, open_checkpoint(tmp_path / "m.gguf").shape
    if name == "llama3":  # listed one by one in the file
        assert file.scaling is not None
        listed = divisors(folder.scaling, folder.rotary_base, 8)
        np.testing.assert_allclose(file.scaling.divisors, listed, rtol=1e-6)
        file = dataclasses.replace(file, scaling=folder.scaling)
    assert file == folder


def test_what_a_config_says_is_the_shape(tmp_path: Path) -> None:
    write_folder(tmp_path, "llama3", eos_token_id=[1, 0])
    shape = open_checkpoint(tmp_path, "small").shape
    assert (shape.name, shape.layers, shape.width, shape.heads, shape.kv_heads) == ("small", 2, 32, 4, 2)
    assert (shape.hidden, shape.context, shape.vocabulary, shape.convolution) == (48, 512, 300, 0)
    assert (shape.rotary_base, shape.epsilon, shape.tied, shape.scaled) == (500_000.0, 1e-5, True, False)
    assert shape.scaling == Scaling("llama3", 8.0, 1.0, 4.0, 16)
    assert shape.marks == Marks(0, 1, -1)


def test_the_newer_way_to_say_rotary_positions_is_read(tmp_path: Path) -> None:
    write_folder(tmp_path)
    newer = {"rope_type": "linear", "factor": 2.0, "rope_theta": 5000.0}
    change(tmp_path / "config.json", rope_theta=None, rope_parameters=newer)
    shape = open_checkpoint(tmp_path).shape
    assert (shape.rotary_base, shape.scaling) == (5000.0, Scaling("linear", 2.0))


def test_identity_is_of_the_content_and_not_of_the_place(tmp_path: Path) -> None:
    for place in ("a", "b"):
        write_folder(tmp_path / place)
    write_folder(tmp_path / "c", vocab_size=301)
    one, same, other = (open_checkpoint(tmp_path / place) for place in "abc")
    assert one.digest() == same.digest() != other.digest()
    assert one.tokenizer_digest() == same.tokenizer_digest() == other.tokenizer_digest()


SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"model_type": "mamba"}, "models of type 'mamba' are not read"),
    ({"model_type": None}, "models of type missing are not read"),
    ({"num_hidden_layers": 10**9}, "'num_hidden_layers' is 1000000000"),
    ({"num_hidden_layers": 3}, "lacks 9 tensors of its model"),
    ({"num_hidden_layers": 1}, "no place for, such as 'model.layers.1."),
    ({"hidden_size": "32"}, "'hidden_size' is '32'"),
    ({"hidden_size": 64}, "makes [300, 64]"),
    ({"num_key_value_heads": 3}, "4 heads do not divide into 3"),
    ({"head_dim": 7}, "heads 7 wide cannot be rotated"),
    ({"rms_norm_eps": 0}, "'rms_norm_eps' is 0"),
    ({"rope_scaling": {"rope_type": "yarn"}}, "scaled by 'yarn' are not computed"),
    ({"rope_scaling": {"rope_type": "llama3", "low_freq_factor": 9.0}}, "'low_freq_factor' is not below"),
    ({"rope_scaling": "linear"}, "cannot be understood"),
    ({"partial_rotary_factor": 0.5}, "only a part of each head"),
    ({"rope_scaling": {"full_attention": {"rope_theta": 9.0}}}, "rotary positions cannot be understood"),
    ({"rope_scaling": {"rope_theta": 0}}, "'rope_theta' is 0"),
    ({"hidden_act": "relu"}, "the activation 'relu' is not computed"),
    ({"hidden_act": ["silu"]}, "the activation ['silu'] is not computed"),
    ({"model_type": ["llama"]}, "models of type ['llama'] are not read"),
    ({"is_causal": False}, "its tokens see those behind them"),
    ({"per_layer_config": {"0": {"intermediate_size": 8}}}, "its layers differ"),
    ({"layer_types": ["sliding_attention"]}, "see only the last tokens"),
    ({"quantization_config": {"bits": 4}}, "its weights are quantised"),
    ({"bos_token_id": None, "eos_token_id": None}, "neither 'bos_token_id' nor 'eos_token_id'"),
    ({"eos_token_id": 300}, "token 300 begins or ends a document"),
    ({"tie_word_embeddings": False}, "lacks the tensor 'lm_head.weight'"),
    ({"tie_word_embeddings": 1}, "true or false is read"),
]


@pytest.mark.parametrize(("changes", "why"), SETTINGS)
def test_a_config_that_does_not_fit_is_told(changes: dict[str, Any], why: str, tmp_path: Path) -> None:
    write_folder(tmp_path)
    change(tmp_path / "config.json", **changes)
    assert why in told(tmp_path)


GEMMA: list[tuple[dict[str, Any], str]] = [
    ({"use_bidirectional_attention": True}, "its tokens see those behind them"),
    ({"hidden_activation": "silu"}, "'hidden_activation' is 'silu', but 'hidden_act' is 'gelu_pytorch_tanh'"),
]


@pytest.mark.parametrize(("changes", "why"), GEMMA)
def test_what_would_compute_otherwise_in_gemma_alone_is_told(
    changes: dict[str, Any], why: str, tmp_path: Path
) -> None:
    write_folder(tmp_path / "gemma", "gemma")
    change(tmp_path / "gemma" / "config.json", **changes)
    assert why in told(tmp_path / "gemma")
    write_folder(tmp_path / "llama", "llama")
    expected = open_checkpoint(tmp_path / "llama").shape
    change(tmp_path / "llama" / "config.json", **changes)
    assert open_checkpoint(tmp_path / "llama").shape == expected, "others have no such setting"


def test_gemma_is_approximate_where_nothing_else_is_said(tmp_path: Path) -> None:
    write_folder(tmp_path, "gemma")
    for said in (None, "gelu", "gelu_pytorch_tanh"):
        change(tmp_path / "config.json", hidden_act=said)
        assert open_checkpoint(tmp_path).shape.activation == "gelu"


IGNORED = {
    "final_logit_softcapping": 30.0,
    "attn_logit_softcapping": 50.0,
    "num_local_experts": 8,
    "logit_scale": 0.1,
    "logits_scaling": 8.0,
    "embedding_multiplier": 12.0,
    "attention_multiplier": 0.1,
    "residual_multiplier": 0.2,
    "query_pre_attn_scalar": 256,
}
"""Settings of other families, which no class of these four looks at: transformers 5.24."""


@pytest.mark.parametrize("name", ["llama", "qwen2", "qwen3", "gemma"])
def test_settings_of_other_families_change_nothing(name: str, tmp_path: Path) -> None:
    write_folder(tmp_path, name)
    expected = open_checkpoint(tmp_path).shape
    change(tmp_path / "config.json", **IGNORED)
    assert open_checkpoint(tmp_path).shape == expected


def test_where_rotary_positions_are_said_twice_the_inner_one_counts(tmp_path: Path) -> None:
    write_folder(tmp_path, "llama3")
    config = tmp_path / "config.json"
    change(config, rope_scaling={**LLAMA3, "rope_theta": 7000.0}, rope_parameters={"rope_type": "linear"})
    shape = open_checkpoint(tmp_path).shape
    assert (shape.rotary_base, shape.scaling) == (7000.0, Scaling("llama3", 8.0, 1.0, 4.0, 16))
    change(config, original_max_position_embeddings=32)
    assert open_checkpoint(tmp_path).shape.scaling == Scaling("llama3", 8.0, 1.0, 4.0, 32)
    left = {key: value for key, value in LLAMA3.items() if not key.startswith("original")}
    change(config, original_max_position_embeddings=None, rope_scaling=left)
    assert open_checkpoint(tmp_path).shape.scaling == Scaling("llama3", 8.0, 1.0, 4.0, 512)


def test_a_tokenizer_with_more_tokens_than_the_model_is_told(tmp_path: Path) -> None:
    write_folder(tmp_path)
    said = byte_tokenizer()
    said["model"]["vocab"]["zzz"] = 300
    (tmp_path / "tokenizer.json").write_text(json.dumps(said))
    assert "has a token 300, but the model has 300 tokens" in told(tmp_path)


TOKENIZERS: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda said: said["model"].update(dropout=0.5), "cuts a text at random ('dropout' is 0.5)"),
    (lambda said: said["model"]["vocab"].update(zz=5), "are both token 5"),
    (lambda said: said["added_tokens"][1].update(id=0), "its word '<|eos|>' is not token 0, as it says"),
    (lambda said: said.update(model=7), "is no tokenizer: it does not say how it cuts texts into words"),
    (lambda said: said["model"].update(vocab=[["a", 0.0]]), "is no byte-level BPE"),
    (lambda said: said["model"].update(merges=7), "is no tokenizer"),
]


@pytest.mark.parametrize(("damage", "why"), TOKENIZERS)
def test_a_tokenizer_that_cannot_be_used_is_told(
    damage: Callable[[dict[str, Any]], object], why: str, tmp_path: Path
) -> None:
    write_folder(tmp_path)
    said = byte_tokenizer()
    said["model"]["dropout"] = 0.0
    (tmp_path / "tokenizer.json").write_text(json.dumps(said))
    open_checkpoint(tmp_path)
    damage(said)
    (tmp_path / "tokenizer.json").write_text(json.dumps(said))
    assert why in told(tmp_path)


def test_a_tokenizer_that_is_a_list_is_told(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "tokenizer.json").write_text("[]")
    assert "tokenizer.json is no tokenizer: it does not say how it cuts" in told(tmp_path)


FOLDERS: list[tuple[Callable[[Path], object], str]] = [
    (lambda folder: (folder / "config.json").unlink(), "config.json cannot be read: No such file"),
    (lambda folder: (folder / "config.json").write_text("[" * 100_000), "cannot be read"),
    (lambda folder: (folder / "config.json").write_text("[]"), "holds no settings"),
    (lambda folder: (folder / "config.json").write_bytes(b"\xff\xfe"), "it is no text"),
    (lambda folder: os.truncate(folder / "config.json", 2**23), "is larger than"),
    (lambda folder: (folder / "tokenizer.json").unlink(), "tokenizer.json cannot be read"),
    (lambda folder: (folder / "tokenizer.json").write_text("{}"), "is no tokenizer"),
    (lambda folder: (folder / "model-00002-of-00002.safetensors").unlink(), "lacks model-00002-of-00002"),
    (
        lambda folder: (folder / "model.safetensors.index.json").write_text(
            json.dumps({"weight_map": {NORM: "../elsewhere.safetensors"}})
        ),
        "is no file of its folder",
    ),
    (
        lambda folder: (folder / "model.safetensors.index.json").write_text(
            json.dumps({"weight_map": {"other": "model-00001-of-00002.safetensors"}})
        ),
        "lacks the tensor 'other'",
    ),
    (lambda folder: (folder / "model.safetensors.index.json").write_text("{}"), "does not say which tensor"),
    (lambda folder: (folder / "model.safetensors.index.json").unlink(), "holds no model.safetensors"),
]


@pytest.mark.parametrize(("damage", "why"), FOLDERS)
def test_a_folder_that_is_damaged_is_told(damage: Callable[[Path], object], why: str, tmp_path: Path) -> None:
    write_folder(tmp_path, shards=2)
    damage(tmp_path)
    assert why in told(tmp_path)


def no_pipe(path: Path) -> None:
    os.mkfifo(path)


def no_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def no_folder(path: Path) -> None:
    path.mkdir()


def no_loop(path: Path) -> None:
    path.symlink_to(path)


def nothing(path: Path) -> None:
    path.symlink_to("elsewhere")


def no_end(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**27)


@pytest.mark.parametrize("kind", [no_pipe, no_device, no_folder, no_loop, nothing, no_end])
@pytest.mark.parametrize(
    "name",
    [
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
        "model.safetensors.index.json",
        "model-00001-of-00002.safetensors",
        "model.safetensors",
        "m.gguf",
    ],
)
def test_what_is_no_regular_file_is_told(name: str, kind: Callable[[Path], None], tmp_path: Path) -> None:
    """It neither keeps us waiting nor fills the memory."""
    write_folder(tmp_path, shards=1 if name == "model.safetensors" else 2)
    (tmp_path / name).unlink(missing_ok=True)
    kind(tmp_path / name)
    why = told(tmp_path / name if name == "m.gguf" else tmp_path)
    assert name in why
    reasons = {no_pipe: "no regular file", no_device: "no regular file", no_folder: "it is a folder"}
    assert kind not in reasons or reasons[kind] in why or name == "m.gguf"


def test_the_lines_of_a_template_end_alike_everywhere(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "chat_template.jinja").write_bytes(b"a\r\nb\rc\n")
    assert open_checkpoint(tmp_path).template == "a\nb\nc\n"


def test_pickles_are_refused_by_name(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    assert "pytorch_model.bin: a pickle runs code" in told(tmp_path)
    assert "is a pickle" in told(tmp_path / "pytorch_model.bin")
    assert "neither a folder nor a GGUF file" in told(tmp_path / "nowhere")


HEADERS: list[tuple[dict[str, Any], str]] = [
    ({NORM: {"dtype": "F32", "shape": [32]}}, "cannot be understood"),
    ({NORM: {"dtype": "F31", "shape": [32], "data_offsets": [0, 128]}}, "cannot be understood"),
    ({NORM: {"dtype": "F32", "shape": [-32], "data_offsets": [0, 128]}}, "cannot be understood"),
    ({NORM: {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}}, "should hold"),
    ({NORM: {"dtype": "F32", "shape": [33], "data_offsets": [0, 128]}}, "should hold [33]"),
    ({NORM: {"dtype": "F32", "shape": [32], "data_offsets": [0, 128]}}, "does not begin where"),
]


@pytest.mark.parametrize(("header", "why"), HEADERS)
def test_a_header_that_lies_is_told(header: dict[str, Any], why: str, tmp_path: Path) -> None:
    write_folder(tmp_path)
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors_of(tensors_of(config_of("smollm2")), header))
    assert why in told(tmp_path)


def test_wrong_shapes_types_and_ends_are_told(tmp_path: Path) -> None:
    write_folder(tmp_path)
    path, tensors = tmp_path / "model.safetensors", tensors_of(config_of("smollm2"))
    good = path.read_bytes()
    path.write_bytes(good[:-1])
    assert "should hold" in told(tmp_path)
    path.write_bytes(good + b"x")
    assert "bytes long, and is" in told(tmp_path)
    path.write_bytes(good[:5])
    assert "was cut off" in told(tmp_path)
    path.write_bytes((2**60).to_bytes(8, "little") + good[8:])
    assert "header should be 1,152,921,504,606,846,976 bytes" in told(tmp_path)
    path.write_bytes((30).to_bytes(8, "little") + b'{"a":1,"a":2}'.ljust(30))
    assert "a name stands in it twice" in told(tmp_path)
    path.write_bytes((30).to_bytes(8, "little") + b"[]".ljust(30))
    assert "is no table of tensors" in told(tmp_path)
    path.write_bytes(safetensors_of({**tensors, VALUES: tensors[VALUES].T.copy()}))
    assert f"'{VALUES}' is [32, 16]; what it says of itself makes [16, 32]" in told(tmp_path)
    header = {NORM: {"dtype": "I32", "shape": [32], "data_offsets": _place(tensors, NORM)}}
    path.write_bytes(safetensors_of(tensors, header))
    assert f"'{NORM}' is of type I32" in told(tmp_path)


def _place(tensors: dict[str, np.ndarray], name: str) -> list[int]:
    before = sum(array.nbytes for array in [*tensors.values()][: [*tensors].index(name)])
    return [before, before + tensors[name].nbytes]


def test_a_gguf_file_that_was_cut_off_anywhere_is_told(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    write_gguf(path)
    whole = path.read_bytes()
    for length in (*range(0, 400, 7), *range(400, len(whole), len(whole) // 60), len(whole) - 40):
        path.write_bytes(whole[:length])
        assert str(path) in told(path)


def gguf_header(*settings: bytes, tensors: bytes = b"", count: int = 0, kv: int | None = None) -> bytes:
    number = len(settings) if kv is None else kv
    return b"GGUF" + struct.pack("<IQQ", 3, count, number) + b"".join(settings) + tensors + b"\0" * 64


def gguf_text(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()


FILES: list[tuple[bytes, str]] = [
    (b"GGML" + b"\0" * 64, "is no GGUF file"),
    (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "of GGUF version 50,331,648"),
    (gguf_header(kv=2**60), "1,152,921,504,606,846,976 parts"),
    (gguf_header(count=2**50), "parts, in"),
    (gguf_header(struct.pack("<Q", 2**40) + b"x"), "1,099,511,627,776 parts"),
    (gguf_header(gguf_text("a") + struct.pack("<I", 99)), "a setting of type 99"),
    (gguf_header(*[gguf_text("a") + struct.pack("<IB", 0, 1)] * 2), "'a' is said twice"),
    (gguf_header(gguf_text("a") + struct.pack("<IIQ", 9, 9, 1) + b"\0" * 12), "a setting of type 9"),
    (gguf_header(gguf_text("a") + struct.pack("<IIQ", 9, 4, 2**23) + b"\0" * 12), "parts, in"),
    (gguf_header(gguf_text("general.alignment") + struct.pack("<II", 4, 0)), "its alignment is 0"),
    (gguf_header(tensors=gguf_text("t") + struct.pack("<I", 9), count=1), "'t' has 9 axes"),
    (
        gguf_header(tensors=gguf_text("t") + struct.pack("<IQIQ", 1, 8, 77, 0), count=1),
        "'t' is of type 77",
    ),
    (
        gguf_header(tensors=gguf_text("t") + struct.pack("<IQIQ", 1, 33, 8, 0), count=1),
        "'t' of [33] cannot be of type Q8_0",
    ),
    (
        gguf_header(tensors=gguf_text("t") + struct.pack("<IQIQ", 1, 2**39, 0, 0), count=1),
        "with 2,199,023,255,552 bytes",
    ),
    (
        gguf_header(tensors=gguf_text("t") + struct.pack("<IQIQ", 1, 2, 0, 2**63), count=1),
        "should lie at 9,223,372,036,854,775,808",
    ),
    (
        gguf_header(tensors=2 * (gguf_text("t") + struct.pack("<IQIQ", 1, 2, 0, 0)), count=2),
        "stands in it twice",
    ),
    (gguf_header(), "models of type 'None' are not read"),
]


@pytest.mark.parametrize(("content", "why"), FILES)
def test_a_gguf_file_that_lies_is_told(content: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    assert why in told(path)


def test_a_gguf_tokenizer_that_is_not_known_is_told(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    write_gguf(path, pre="tekken")
    assert "it cuts texts by 'tekken'; smollm, llama-bpe, qwen2 are known" in told(path)
    write_gguf(path, settings={"llama.rope.scaling.type": "yarn"})
    assert "scaled by 'yarn' are not computed" in told(path)


def gguf_shape(path: Path, **settings: Any) -> Shape:
    """What a GGUF file is that says this besides."""
    write_gguf(path)
    said, tensors = gguf.read_header(path)
    return shape_from_gguf({**said, **settings}, tensors, "m", "m.gguf")


def test_a_factor_of_a_gguf_file_is_linear_where_no_kind_is_said(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    for name in ("llama.rope.scaling.factor", "llama.rope.scale_linear"):
        assert gguf_shape(path, **{name: 4.0}).scaling == Scaling("linear", 4.0)
    assert (
        gguf_shape(path, **{"llama.rope.scaling.factor": 4.0, "llama.rope.scaling.type": "none"}).scaling
        is None
    )
    assert gguf_shape(path).scaling is None


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"llama.attention.causal": False}, "see those behind them"),
        ({"llama.rope.scaling.attn_factor": 1.2}, "scaled when they are rotated"),
        ({"llama.expert_count": 8}, "have experts"),
    ],
)
def test_what_a_gguf_file_computes_otherwise_is_told(
    settings: dict[str, Any], why: str, tmp_path: Path
) -> None:
    with pytest.raises(BadCheckpoint, match=why):
        gguf_shape(tmp_path / "m.gguf", **settings)


def test_divisors_of_a_gguf_file_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    write_gguf(path, "llama3")
    _, tensors = gguf.read_header(path)
    content = bytearray(path.read_bytes())
    start = tensors["rope_freqs.weight"].start
    for value in (float("nan"), 0.0, float("inf")):
        content[start : start + 4] = struct.pack("<f", value)
        path.write_bytes(content)
        assert f"'rope_freqs.weight' is {value}" in told(path)
