"""Tiny checkpoints with random weights, one of each family, as folders and as GGUF files; written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

SHAPE: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "intermediate_size": 48,
    "max_position_embeddings": 512,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10_000.0,
    "hidden_act": "silu",
    "tie_word_embeddings": True,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "vocab_size": 300,
}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}
CONFIGS: dict[str, dict[str, Any]] = {
    "llama": {"model_type": "llama", "tie_word_embeddings": False, "eos_token_id": 1},
    "smollm2": {"model_type": "llama", "rope_theta": 100_000.0},
    "llama3": {"model_type": "llama", "rope_theta": 500_000.0, "rope_scaling": LLAMA3},
    "linear": {
        "model_type": "llama",
        "rope_scaling": {"rope_type": "linear", "factor": 4.0},
        "attention_bias": True,
        "mlp_bias": True,
    },
    "qwen2": {"model_type": "qwen2", "rope_theta": 1_000_000.0},
    "qwen3": {"model_type": "qwen3", "head_dim": 12, "rope_theta": 1_000_000.0},
    "gemma": {"model_type": "gemma", "head_dim": 16, "hidden_act": "gelu_pytorch_tanh"},
}
"""What each says beside, or instead of, SHAPE."""


def config_of(name: str) -> dict[str, Any]:
    return {**SHAPE, **CONFIGS[name]}


def tensors_of(config: dict[str, Any], seed: int = 0) -> dict[str, np.ndarray]:
    """Random weights, with norms and biases that a reader cannot mistake for ones and zeros."""
    random = np.random.default_rng(seed)
    width, hidden, head = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    inner, kv = config["num_attention_heads"] * head, config["num_key_value_heads"] * head
    found: dict[str, np.ndarray] = {}

    def matrix(name: str, out: int, read: int, bias: bool = False) -> None:
        found[f"{name}.weight"] = random.normal(0, read**-0.5, (out, read)).astype(np.float32)
        if bias:
            found[f"{name}.bias"] = random.normal(0, 0.3, out).astype(np.float32)

    def norm(name: str, size: int) -> None:
        found[f"{name}.weight"] = random.normal(0 if gemma else 1, 0.2, size).astype(np.float32)

    gemma, family = config["model_type"] == "gemma", config["model_type"]
    every = config.get("attention_bias", False)
    matrix("model.embed_tokens", config["vocab_size"], width)
    for number in range(config["num_hidden_layers"]):
        at = f"model.layers.{number}"
        norm(f"{at}.input_layernorm", width)
        for part, out in (("q", inner), ("k", kv), ("v", kv)):
            matrix(f"{at}.self_attn.{part}_proj", out, width, every or family == "qwen2")
        matrix(f"{at}.self_attn.o_proj", width, inner, every)
        if family == "qwen3":
            norm(f"{at}.self_attn.q_norm", head)
            norm(f"{at}.self_attn.k_norm", head)
        norm(f"{at}.post_attention_layernorm", width)
        for part, out, read in (("gate", hidden, width), ("up", hidden, width), ("down", width, hidden)):
            matrix(f"{at}.mlp.{part}_proj", out, read, config.get("mlp_bias", False))
    norm("model.norm", width)
    if not config["tie_word_embeddings"]:
        matrix("lm_head", config["vocab_size"], width)
    return found


def safetensors_of(tensors: dict[str, np.ndarray], header: dict[str, Any] | None = None) -> bytes:
    """A safetensors file; `header` says otherwise of some tensors."""
    said: dict[str, Any] = {}
    at = 0
    for name, array in tensors.items():
        kind = {"float32": "F32", "float16": "F16", "uint16": "BF16"}[array.dtype.name]
        said[name] = {"dtype": kind, "shape": [*array.shape], "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps({**said, **(header or {})}).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(each.tobytes() for each in tensors.values())


def byte_tokenizer(*marks: str) -> dict[str, Any]:
    """A byte-level BPE of two marks, all bytes and a few merges."""
    from tokenizers.pre_tokenizers import ByteLevel

    marks = marks or ("<|bos|>", "<|eos|>")
    letters = sorted(ByteLevel.alphabet())
    merges = [("Ġ", "t"), ("h", "e"), ("Ġt", "he"), ("a", "r"), ("ar", "e"), ("Ġ", "are")]
    merges = [*merges, ("Ġ", "m"), ("o", "r"), ("or", "e"), ("Ġm", "ore"), ("i", "n"), ("e", "s")]
    tokens = [*marks, *letters, *(a + b for a, b in merges)]
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    added = [{"id": n, "content": mark, "special": True, **flags} for n, mark in enumerate(marks)]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": [list(pair) for pair in merges],
        },
    }


def write_folder(folder: Path, name: str = "smollm2", shards: int = 1, **changes: Any) -> dict[str, Any]:
    """A checkpoint of a family as a Hugging Face folder; its config."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {**config_of(name), **changes}
    tensors = tensors_of(config)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(byte_tokenizer()))
    if shards == 1:
        (folder / "model.safetensors").write_bytes(safetensors_of(tensors))
        return config
    files = {key: f"model-{n % shards + 1:05}-of-{shards:05}.safetensors" for n, key in enumerate(tensors)}
    for file in sorted(set(files.values())):
        part = {key: array for key, array in tensors.items() if files[key] == file}
        (folder / file).write_bytes(safetensors_of(part))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": files}))
    return config


_GGUF = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def write_gguf(
    path: Path,
    name: str = "smollm2",
    kinds: dict[str, str] | None = None,
    pre: str = "smollm",
    settings: dict[str, Any] | None = None,
    tokenizer: dict[str, Any] | None = None,
    **changes: Any,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A checkpoint of a family as a GGUF file, as llama.cpp's converter writes it; its config, and its
    tensors as they are once dequantised. `kinds` says by the end of a name as what a tensor is stored."""
    import gguf

    config = {**config_of(name), **changes}
    family = config["model_type"]
    writer = gguf.GGUFWriter(path, family)
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_rope_dimension_count(config["head_dim"])
    scaling = config.get("rope_scaling")
    if scaling and scaling["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(scaling["factor"])
    elif scaling:
        writer.add_tensor("rope_freqs.weight", _divisors(config))
    tokenizer = tokenizer or byte_tokenizer()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    tokens = [*tokenizer["model"]["vocab"]]
    writer.add_token_list(tokens)
    writer.add_token_types([3 if n < len(tokenizer["added_tokens"]) else 1 for n in range(len(tokens))])
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
    for key, value in (settings or {}).items():
        writer.add_string(key, value)
    known: dict[str, np.ndarray] = {}
    for full, array in tensors_of(config).items():
        part, kind = full.rsplit(".", 1)
        layer = part.removeprefix("model.layers.").split(".", 1)[0] if ".layers." in part else ""
        own = part.removeprefix(f"model.layers.{layer}.") if layer else part
        stored = f"blk.{layer}.{_GGUF[own]}.{kind}" if layer else f"{_GGUF[own]}.{kind}"
        heads = {"self_attn.q_proj": "num_attention_heads", "self_attn.k_proj": "num_key_value_heads"}
        pairs = config[heads[own]] if family == "llama" and own in heads else 0
        less = np.float32(family == "gemma" and part.endswith("norm"))
        data = (_by_pairs(array, pairs, 2, -1) if pairs else array) + less
        quantised = next((of for end, of in (kinds or {}).items() if own.endswith(end)), "F32")
        if data.ndim > 1 and quantised != "F32":
            type_ = gguf.GGMLQuantizationType[quantised]
            stored_as = gguf.quants.quantize(data, type_)
            writer.add_tensor(stored, stored_as, raw_dtype=type_)
            data = gguf.quants.dequantize(stored_as, type_).reshape(data.shape)
        else:
            writer.add_tensor(stored, data)
        known[full] = (_by_pairs(data, pairs, -1, 2) if pairs else data) - less
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return config, known


def _by_pairs(array: np.ndarray, heads: int, *halves: int) -> np.ndarray:
    """The rows of each head, two halves turned into pairs or back."""
    return array.reshape(heads, *halves, *array.shape[1:]).swapaxes(1, 2).reshape(array.shape)


def _divisors(config: dict[str, Any]) -> np.ndarray:
    """What the converter writes for Llama 3's scaling."""
    from tests.runtime.llama_numpy import angle

    head = config["head_dim"]
    plain = {**config, "rope_scaling": None}
    return np.array(
        [angle(plain, 1, pair, head) / angle(config, 1, pair, head) for pair in range(head // 2)], np.float32
    )
