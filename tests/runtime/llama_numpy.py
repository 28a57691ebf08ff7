"""A judge of the decoder: the forward pass of a Llama-family model in plain numpy, float64, token by token.

It reads the tensors by the names and in the layout of a Hugging Face file, and shares no line with the model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

Tensors = Mapping[str, np.ndarray]


def norm(x: np.ndarray, weight: np.ndarray, epsilon: float) -> np.ndarray:
    return x / np.sqrt(np.mean(x * x) + epsilon) * weight


def angle(config: dict[str, Any], position: int, pair: int, head_dim: int) -> float:
    """How far a pair of channels is turned at a position."""
    frequency = config["rope_theta"] ** (-2 * pair / head_dim)
    scaling = config.get("rope_scaling")
    if scaling and scaling["rope_type"] == "linear":
        frequency /= scaling["factor"]
    elif scaling:  # llama3
        original, low, high = (
            scaling[name]
            for name in ("original_max_position_embeddings", "low_freq_factor", "high_freq_factor")
        )
        wave = 2 * math.pi / frequency
        if wave > original / low:
            frequency /= scaling["factor"]
        elif wave >= original / high:
            smooth = (original / wave - low) / (high - low)
            frequency = (1 - smooth) * frequency / scaling["factor"] + smooth * frequency
    return position * frequency


def rotated(x: np.ndarray, config: dict[str, Any], position: int) -> np.ndarray:
    half = len(x) // 2
    turned = x.copy()
    for pair in range(half):
        sin, cos = (f(angle(config, position, pair, len(x))) for f in (math.sin, math.cos))
        turned[pair] = x[pair] * cos - x[pair + half] * sin
        turned[pair + half] = x[pair + half] * cos + x[pair] * sin
    return turned


def activated(x: np.ndarray, act: str) -> np.ndarray:
    if act == "silu":
        return x / (1 + np.exp(-x))
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def logits(config: dict[str, Any], tensors: Tensors, tokens: list[int]) -> np.ndarray:
    """The logits of what follows each token [T, V]."""
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    head_dim, epsilon = config["head_dim"], config["rms_norm_eps"]
    gemma = config["model_type"] == "gemma"

    def weight(name: str) -> np.ndarray:
        return np.asarray(tensors[name], np.float64)

    def norm_weight(name: str) -> np.ndarray:
        return weight(name) + 1 if gemma else weight(name)

    def linear(name: str, x: np.ndarray) -> np.ndarray:
        bias = weight(f"{name}.bias") if f"{name}.bias" in tensors else 0.0
        return weight(f"{name}.weight") @ x + bias

    streams = [weight("model.embed_tokens.weight")[token] for token in tokens]
    if gemma:
        streams = [x * math.sqrt(len(x)) for x in streams]
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}"
        keys: list[list[np.ndarray]] = []
        values: list[list[np.ndarray]] = []
        for position, x in enumerate(streams):
            read = norm(x, norm_weight(f"{at}.input_layernorm.weight"), epsilon)
            query, key, value = (
                linear(f"{at}.self_attn.{name}_proj", read).reshape(-1, head_dim) for name in "qkv"
            )
            if f"{at}.self_attn.q_norm.weight" in tensors:
                query = [norm(each, weight(f"{at}.self_attn.q_norm.weight"), epsilon) for each in query]
                key = [norm(each, weight(f"{at}.self_attn.k_norm.weight"), epsilon) for each in key]
            keys.append([rotated(each, config, position) for each in key])
            values.append(list(value))
            mixed = []
            for head in range(heads):
                group = head // (heads // kv_heads)
                turned = rotated(query[head], config, position)
                scores = np.array([turned @ seen[group] for seen in keys]) / math.sqrt(head_dim)
                share = np.exp(scores - scores.max())
                share /= share.sum()
                mixed.append(sum(part * seen[group] for part, seen in zip(share, values, strict=True)))
            x = x + linear(f"{at}.self_attn.o_proj", np.concatenate(mixed))
            read = norm(x, norm_weight(f"{at}.post_attention_layernorm.weight"), epsilon)
            gate = activated(linear(f"{at}.mlp.gate_proj", read), config["hidden_act"])
            streams[position] = x + linear(f"{at}.mlp.down_proj", gate * linear(f"{at}.mlp.up_proj", read))
    head = "model.embed_tokens" if config["tie_word_embeddings"] else "lm_head"
    return np.stack(
        [weight(f"{head}.weight") @ norm(x, norm_weight("model.norm.weight"), epsilon) for x in streams]
    )
