"""The tensors that a shape has, by the names of Hugging Face's files, and what GGUF calls them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from wug.compiler.checkpoints.bad import BadCheckpoint
from wug.compiler.checkpoints.placed import FLOATS, Placed
from wug.compiler.shape import Shape

EMBEDDING, NORM, HEAD = "model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"

_GGUF = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_NEEDLESS = re.compile(r"(.*\.)?rotary_emb\.inv_freq")


def of_layer(shape: Shape) -> dict[str, tuple[int, ...]]:
    """The tensors of one layer, without the layer's own prefix, each with its shape [out, in]."""
    inner, kv_width = shape.heads * shape.channels, shape.kv_heads * shape.channels
    matrices = {
        "self_attn.q_proj": (inner, shape.width, shape.attention_bias != "none"),
        "self_attn.k_proj": (kv_width, shape.width, shape.attention_bias != "none"),
        "self_attn.v_proj": (kv_width, shape.width, shape.attention_bias != "none"),
        "self_attn.o_proj": (shape.width, inner, shape.attention_bias == "all"),
        "mlp.gate_proj": (shape.hidden, shape.width, shape.mlp_bias),
        "mlp.up_proj": (shape.hidden, shape.width, shape.mlp_bias),
        "mlp.down_proj": (shape.width, shape.hidden, shape.mlp_bias),
    }
    found: dict[str, tuple[int, ...]] = {}
    for name, (out, read, bias) in matrices.items():
        found[f"{name}.weight"] = (out, read)
        if bias:
            found[f"{name}.bias"] = (out,)
    norms = {"input_layernorm": shape.width, "post_attention_layernorm": shape.width}
    if shape.normed_heads:
        norms |= {"self_attn.q_norm": shape.channels, "self_attn.k_norm": shape.channels}
    return found | {f"{name}.weight": (width,) for name, width in norms.items()}


def tensors_of(shape: Shape) -> dict[str, tuple[int, ...]]:
    """All tensors of a model."""
    found: dict[str, tuple[int, ...]] = {EMBEDDING: (shape.vocabulary, shape.width), NORM: (shape.width,)}
    if not shape.tied:
        found[HEAD] = (shape.vocabulary, shape.width)
    layer = of_layer(shape)
    for number in range(shape.layers):
        found |= {f"model.layers.{number}.{name}": of for name, of in layer.items()}
    return found


def from_gguf(name: str) -> str:
    """What Hugging Face's files call a tensor of a GGUF file; its own name where they have none."""
    within = re.fullmatch(r"(blk\.(\d+)\.)?(\w+)\.(weight|bias)", name)
    if within is None or within[3] not in _GGUF:
        return name
    layer = f"model.layers.{int(within[2])}." if within[1] else ""
    return f"{layer}{_GGUF[within[3]]}.{within[4]}"


def check_tensors(shape: Shape, found: Mapping[str, Placed], of: str) -> dict[str, Placed]:
    """The tensors that a shape has, each there and of its size, and no other. Raises BadCheckpoint."""
    expected = tensors_of(shape)
    if missing := [name for name in expected if name not in found]:
        several = f"{len(missing):,} tensors of its model, such as"
        raise BadCheckpoint(f"{of} lacks {several if len(missing) > 1 else 'the tensor'} '{missing[0]}'")
    for name, sizes in expected.items():
        placed = found[name]
        if placed.shape != sizes:
            raise BadCheckpoint(
                f"{of}: '{name}' is {list(placed.shape)}; what it says of itself makes {list(sizes)}"
            )
        if placed.file.suffix == ".safetensors" and placed.kind not in FLOATS:
            raise BadCheckpoint(f"{of}: '{name}' is of type {placed.kind}; {', '.join(FLOATS)} are read")
    idle = [name for name in found if name not in expected and not _NEEDLESS.fullmatch(name)]
    if over := [name for name in idle if not (shape.tied and name == HEAD)]:
        raise BadCheckpoint(f"{of} holds tensors that its model has no place for, such as '{over[0][:80]}'")
    return {name: found[name] for name in expected}
