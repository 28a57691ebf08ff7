"""What the settings of a GGUF file say, as a shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from wug.compiler.checkpoints.config import Said, check_shape
from wug.compiler.checkpoints.placed import Placed, read
from wug.compiler.shape import Marks, Scaling, Shape

FAMILIES = ("llama", "qwen2", "qwen3", "gemma")


def shape_from_gguf(values: dict[str, Any], tensors: Mapping[str, Placed], name: str, of: str) -> Shape:
    """The shape that a GGUF file speaks of, for a model of this name. Raises BadCheckpoint."""
    said = Said(values, of)
    family = values.get("general.architecture")
    if family not in FAMILIES:
        raise said.bad(f"models of type {str(family)[:80]!r} are not read; {', '.join(FAMILIES)} are")
    if said.whole("split.count", 1, least=0) > 1:
        raise said.bad("it is one part of several: join them with llama.cpp's gguf-split --merge")
    if values.get(f"{family}.expert_count") or values.get(f"{family}.attention.sliding_window"):
        raise said.bad("its layers have experts, or see only the last tokens, which is not computed here")
    if values.get(f"{family}.attention.causal", True) is not True:
        raise said.bad("its tokens see those behind them, which is not computed here")
    own = Said({key.removeprefix(f"{family}."): value for key, value in values.items()}, of)
    width, heads = own.whole("embedding_length"), own.whole("attention.head_count", most=2**12)
    head_width = own.whole("attention.key_length", width // heads)
    if own.whole("attention.value_length", head_width) != head_width:
        raise said.bad("keys and values are of two widths, which is not computed here")
    if own.whole("rope.dimension_count", head_width) != head_width:
        raise said.bad("only a part of each head is rotated, which is not computed here")
    embedding = tensors.get("token_embd.weight")
    shape = Shape(
        name,
        layers=own.whole("block_count", most=1000),
        width=width,
        heads=heads,
        kv_heads=own.whole("attention.head_count_kv", heads, most=2**12),
        hidden=own.whole("feed_forward_length"),
        convolution=0,
        context=own.whole("context_length", most=2**31),
        family=family,
        vocabulary=embedding.shape[0] if embedding is not None else 0,
        head_width=head_width,
        rotary_base=_decimal(own, "rope.freq_base", 10_000.0),
        scaling=_scaling(own, tensors, head_width),
        epsilon=_decimal(own, "attention.layer_norm_rms_epsilon", 1e-6),
        attention_bias=_bias(tensors),
        mlp_bias="blk.0.ffn_gate.bias" in tensors,
        activation="gelu" if family == "gemma" else "silu",
        normed_heads=family == "qwen3",
        tied="output.weight" not in tensors,
        scaled=family == "gemma",
        marks=_marks(said),
    )
    return check_shape(shape, said)


def _decimal(said: Said, name: str, default: float) -> float:
    """A number of 32 bits as people would write it: 1e-05, not 9.999999747378752e-06."""
    return float(str(np.float32(said.decimal(name, default))))


def _bias(tensors: Mapping[str, Placed]) -> str:
    if "blk.0.attn_q.bias" not in tensors:
        return "none"
    return "all" if "blk.0.attn_output.bias" in tensors else "inputs"


def _scaling(said: Said, tensors: Mapping[str, Placed], head_width: int) -> Scaling | None:
    """Llama 3's scaling is a tensor of divisors; linear scaling is a setting, and what is meant by a factor
    where no kind is said."""
    if said.values.get("rope.scaling.attn_factor", 1.0) != 1.0:
        raise said.bad("its queries and keys are scaled when they are rotated, which is not computed here")
    if (listed := tensors.get("rope_freqs.weight")) is not None:
        if listed.shape != (head_width // 2,):
            raise said.bad(f"'rope_freqs.weight' is {list(listed.shape)}; one of each pair is read")
        found = [said.number("rope_freqs.weight", float(str(each))) for each in read(listed)]
        return Scaling("listed", divisors=tuple(found))
    older = said.values.get("rope.scale_linear", 1.0)
    factor = said.values.get("rope.scaling.factor", older)
    kind = said.values.get("rope.scaling.type", "none" if factor == 1.0 else "linear")
    if kind == "linear":
        return Scaling("linear", said.number("rope.scaling.factor", factor))
    if kind != "none":
        raise said.bad(f"rotary positions scaled by '{str(kind)[:80]}' are not computed here; linear is")
    return None


def _marks(said: Said) -> Marks:
    names = [f"tokenizer.ggml.{which}_token_id" for which in ("bos", "eos")]
    found = [said.whole(name, least=0, most=2**24) for name in names if name in said.values]
    if not found:
        raise said.bad("it does not say which token a document begins or ends with")
    return Marks(found[0], found[-1], -1)
