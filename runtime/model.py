"""The model: a small decoder-only transformer in Flax NNX.

RMSNorm before each part, rotary positions, grouped-query attention, a gated MLP, embeddings tied in the
forward pass, and layers that are stacked and scanned. A short causal convolution may stand before attention
and before the MLP: it joins the tokens of a name, so that attention does not have to learn it. Or queries,
keys and values are themselves computed of the last few tokens, each with weights of its own: so a fact can be
looked up by what stands at one place in its sentence and not at another. Models of the Llama family are the
same decoder without convolutions, and with what else their `Shape` says.

Letters in names are axes: B rows, T tokens, D width, H heads, K key-value heads, C head width, F hidden width
of the MLP, W taps of a convolution, L layers, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial, reduce
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from wug.compiler.plan import Model
from wug.compiler.shape import Shape, matrices, shape_of
from wug.runtime.lora import LoraLinear
from wug.runtime.mesh import by_rows
from wug.runtime.rotary import rotary_of, rotate


def with_past(x_BTD: jax.Array, taps: int, past_BWD: jax.Array | None) -> jax.Array:
    """A row and the `taps` - 1 inputs that stand before it, which are nothing unless they are told."""
    if past_BWD is None:
        return jnp.pad(x_BTD, ((0, 0), (taps - 1, 0), (0, 0)))
    return jnp.concatenate([past_BWD, x_BTD], axis=1)


def same_document(document_BT: jax.Array, back: int) -> jax.Array:
    """Whether the token `back` places before each belongs to the same document [B, T, 1]."""
    before_BT = jnp.pad(document_BT, ((0, 0), (back, 0)), constant_values=-1)[:, : document_BT.shape[1]]
    return (before_BT == document_BT)[..., None]


def copies(
    x_BTD: jax.Array, taps: int, past_BWD: jax.Array | None, document_BT: jax.Array | None
) -> list[jax.Array]:
    """The row moved back by `taps` - 1 places, by one less, ... by none; of other documents, nothing."""
    tokens, whole_BTD = x_BTD.shape[1], with_past(x_BTD, taps, past_BWD)
    moved = [whole_BTD[:, w : w + tokens] for w in range(taps)]
    if document_BT is None:
        return moved
    return [x * same_document(document_BT, taps - 1 - w) for w, x in enumerate(moved)]


_BLOCK = 256
_FEW = 64  # rows for which cutting out the blocks of a matrix takes longer than the product


def blocks_of(size: int) -> int:
    """Into how many equal blocks of up to `_BLOCK` an axis of so many is cut."""
    return next(count for count in range(-(-size // _BLOCK), size + 1) if size % count == 0)


def in_blocks(x: jax.Array, kernel: jax.Array, numbers: Any, **how: Any) -> jax.Array:
    """A product, on a CPU summed up in blocks of the axis that goes.

    There XLA adds up a whole row, term by term. Trained models have a few activations that are a thousand
    times the others, and what is rounded away beside those is seen in the logits: of SmolLM2-135M they were
    twice as far from the true ones. Blocks take no longer, but where few rows read a matrix: then its blocks
    should be cut already [blocks, in, out], as decoding has them (runtime/memory.py).
    """
    size = kernel.shape[0]
    if kernel.ndim == 3:
        x = x.reshape(*x.shape[:-1], size, -1)
        if math.prod(x.shape[:-2]) > _FEW:
            return reduce(jnp.add, (x[..., block, :] @ kernel[block] for block in range(size)))
        numbers = ((x.ndim - 1,), (1,)), ((x.ndim - 2,), (0,))
        return jnp.sum(jax.lax.dot_general(x, kernel, numbers, **how), axis=0)
    if jax.default_backend() != "cpu" or size <= _BLOCK:
        return jax.lax.dot_general(x, kernel, numbers, **how)
    blocks = (slice(at, at + _BLOCK) for at in range(0, size, _BLOCK))
    parts = (jax.lax.dot_general(x[..., block], kernel[block], numbers, **how) for block in blocks)
    return reduce(jnp.add, parts)


def linear(shape: Shape, name: str, bias: bool, rngs: nnx.Rngs) -> nnx.Linear:
    """A matrix of a layer, and its adapter where it has one."""
    read, out = matrices(shape)[name]
    product = in_blocks if shape.family else jax.lax.dot_general
    if shape.lora is not None and name in shape.lora.targets:
        return LoraLinear(read, out, shape.lora, use_bias=bias, dot_general=product, rngs=rngs)
    return nnx.Linear(read, out, use_bias=bias, dot_general=product, rngs=rngs)


class Convolution(nnx.Module):
    """A causal depthwise convolution over the last `taps` tokens, added to its input.

    The "Canon layer" of Allen-Zhu, "Physics of language models: part 4.1" (2025).
    """

    def __init__(self, taps: int, width: int, *, rngs: nnx.Rngs):
        self.kernel_WD = nnx.Param(jax.random.normal(rngs.params(), (taps, width)) * taps**-0.5)

    def __call__(
        self, x_BTD: jax.Array, past_BWD: jax.Array | None = None, document_BT: jax.Array | None = None
    ) -> jax.Array:
        kernel_WD = self.kernel_WD[...]
        moved = copies(x_BTD, kernel_WD.shape[0], past_BWD, document_BT)
        # A sum of shifted copies: on a CPU many times faster, above all backwards, than a convolution.
        return x_BTD + sum(x * kernel_WD[w] for w, x in enumerate(moved))


class Window(nnx.Module):
    """The last `taps` tokens side by side, [B, T, W D]. A linear map of it is a dense causal convolution.

    Queries and keys of a window are the convolutional self-attention of Li et al., arXiv 1907.00235.
    """

    def __init__(self, taps: int):
        self.taps = taps

    def __call__(
        self, x_BTD: jax.Array, past_BWD: jax.Array | None = None, document_BT: jax.Array | None = None
    ) -> jax.Array:
        return jnp.concatenate(copies(x_BTD, self.taps, past_BWD, document_BT), axis=-1)


class Attention(nnx.Module):
    """Causal self-attention in which `heads / kv_heads` query heads share one key and value head.

    It reads R channels a token: the width, or that of a window.
    """

    def __init__(self, model: Model, *, rngs: nnx.Rngs):
        shape = shape_of(model)
        self.heads, self.kv_heads, self.rotary = shape.heads, shape.kv_heads, rotary_of(shape)
        bias = shape.attention_bias != "none"
        self.query = linear(shape, "query", bias, rngs)
        self.key = linear(shape, "key", bias, rngs)
        self.value = linear(shape, "value", bias, rngs)
        self.out = linear(shape, "out", shape.attention_bias == "all", rngs)
        self.query_norm, self.key_norm = (
            nnx.RMSNorm(shape.channels, epsilon=shape.epsilon, rngs=rngs) if shape.normed_heads else None
            for _ in range(2)
        )

    def __call__(self, x_BTR: jax.Array, document_BT: jax.Array | None = None) -> jax.Array:
        q_BTHC, k_BTKC, v_BTKC = self.heads_of(x_BTR)
        mask = None if document_BT is None else (document_BT[:, :, None] == document_BT[:, None, :])[:, None]
        return self.joined(jax.nn.dot_product_attention(q_BTHC, k_BTKC, v_BTKC, mask=mask, is_causal=True))

    def heads_of(
        self, x_BTR: jax.Array, first_B: jax.Array | int = 0
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Queries, keys and values of tokens that stand behind `first` others."""
        rows = x_BTR.shape[:2]
        q_BTHC = self.query(x_BTR).reshape(*rows, self.heads, -1)
        k_BTKC = self.key(x_BTR).reshape(*rows, self.kv_heads, -1)
        v_BTKC = self.value(x_BTR).reshape(k_BTKC.shape)
        if self.query_norm is not None and self.key_norm is not None:
            q_BTHC, k_BTKC = self.query_norm(q_BTHC), self.key_norm(k_BTKC)
        q_BTHC, k_BTKC = rotate(q_BTHC, first_B, self.rotary), rotate(k_BTKC, first_B, self.rotary)
        return q_BTHC.astype(v_BTKC.dtype), k_BTKC.astype(v_BTKC.dtype), v_BTKC

    def joined(self, mixed_BTHC: jax.Array) -> jax.Array:
        """What the heads found, as the stream takes it."""
        return self.out(mixed_BTHC.reshape(*mixed_BTHC.shape[:2], -1))


ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "silu": nnx.silu,
    "gelu": partial(nnx.gelu, approximate=True),
}


class GatedMLP(nnx.Module):
    """SwiGLU or GeGLU (Shazeer, arXiv 2002.05202)."""

    def __init__(self, model: Model, *, rngs: nnx.Rngs):
        shape = shape_of(model)
        self.activation = shape.activation
        self.gate = linear(shape, "gate", shape.mlp_bias, rngs)
        self.up = linear(shape, "up", shape.mlp_bias, rngs)
        self.down = linear(shape, "down", shape.mlp_bias, rngs)

    def __call__(self, x_BTD: jax.Array) -> jax.Array:
        return self.down(ACTIVATIONS[self.activation](self.gate(x_BTD)) * self.up(x_BTD))


def reading(model: Model, *, window: int = 0, rngs: nnx.Rngs) -> nnx.Sequential:
    """How a part of a layer reads the stream: normalised, and with the tokens just before, if so declared."""
    norm = nnx.RMSNorm(model.width, epsilon=shape_of(model).epsilon, rngs=rngs)
    if window:
        return nnx.Sequential(norm, Window(window))
    if not model.convolution:
        return nnx.Sequential(norm)
    return nnx.Sequential(norm, Convolution(model.convolution, model.width, rngs=rngs))


def read(parts: nnx.Sequential, x_BTD: jax.Array, document_BT: jax.Array | None) -> jax.Array:
    """What a part of a layer reads, of the same document."""
    norm, *joined = parts.layers
    x_BTD = norm(x_BTD)
    return joined[0](x_BTD, document_BT=document_BT) if joined else x_BTD


class Layer(nnx.Module):
    """Attention, then the MLP: each adds what it makes of its reading to the stream."""

    def __init__(self, model: Model, *, rngs: nnx.Rngs):
        self.attention_reading = reading(model, window=model.qkv_convolution, rngs=rngs)
        self.attention = Attention(model, rngs=rngs)
        self.mlp_reading = reading(model, rngs=rngs)
        self.mlp = GatedMLP(model, rngs=rngs)

    def __call__(self, x_BTD: jax.Array, document_BT: jax.Array | None = None) -> jax.Array:
        x_BTD = x_BTD + self.attention(read(self.attention_reading, x_BTD, document_BT), document_BT)
        return x_BTD + self.mlp(read(self.mlp_reading, x_BTD, document_BT))


class Decoder(nnx.Module):
    """Tokens to the logits of each next token. Rows are padded on the right, where causality hides it.

    A row may hold several documents; where they are told, none sees another, and each is as if it stood alone
    (positions are only ever compared within one).

    `vocabulary` is that of a tokenizer; a shape that has one of its own goes before it.
    """

    def __init__(self, model: Model, vocabulary: int, *, rngs: nnx.Rngs):
        shape = shape_of(model)
        rows = shape.vocabulary or vocabulary

        @nnx.split_rngs(splits=model.layers)
        @nnx.vmap(in_axes=0, out_axes=0)
        def stack(rngs: nnx.Rngs) -> Layer:
            return Layer(model, rngs=rngs)

        self.embedding = nnx.Embed(
            rows, model.width, embedding_init=nnx.initializers.normal(model.width**-0.5), rngs=rngs
        )
        self.layers = stack(rngs)
        self.norm = nnx.RMSNorm(model.width, epsilon=shape.epsilon, rngs=rngs)
        self.head = None if shape.tied else nnx.Linear(model.width, rows, use_bias=False, rngs=rngs)
        self.scaled = shape.scaled
        self.compute, self.remat = jnp.dtype(shape.compute), shape.remat

    def __call__(self, tokens_BT: jax.Array, document_BT: jax.Array | None = None) -> jax.Array:
        """Logits [B, T, V], float32, for token ids [B, T] and the number of the document of each."""
        return self.unembed(self.stream(tokens_BT, document_BT))

    def stream(
        self, tokens_BT: jax.Array, document_BT: jax.Array | None = None, training: bool = False
    ) -> jax.Array:
        """What the last layer leaves [B, T, D]; in `training` computed as the model says, else in float32."""
        layer, weights_L = nnx.split(self.layers)
        kind = self.compute if training else jnp.dtype(jnp.float32)

        def through(x_BTD: jax.Array, weights: Any) -> tuple[jax.Array, None]:
            weights = jax.tree.map(lambda weight: weight.astype(kind), weights)
            return by_rows(nnx.merge(layer, weights)(x_BTD, document_BT)), None

        step = jax.checkpoint(through, prevent_cse=False) if training and self.remat else through
        x_BTD, _ = jax.lax.scan(step, by_rows(self.embed(tokens_BT).astype(kind)), weights_L)
        return x_BTD

    def embed(self, tokens_BT: jax.Array) -> jax.Array:
        """What the first layer reads."""
        x_BTD = self.embedding(tokens_BT)
        return x_BTD * self.embedding.features**0.5 if self.scaled else x_BTD

    def unembed(self, x_BTD: jax.Array) -> jax.Array:
        """Logits, float32, of what the last layer leaves."""
        kind, x_BTD = x_BTD.dtype, self.norm(x_BTD)
        if kind == jnp.float32:
            return self.embedding.attend(x_BTD) if self.head is None else self.head(x_BTD)
        matrix_DV = self.embedding.embedding[...].T if self.head is None else self.head.kernel[...]
        return jnp.dot(x_BTD.astype(kind), matrix_DV.astype(kind), preferred_element_type=jnp.float32)


def parameter_count(decoder: Decoder) -> int:
    """How many numbers training moves; tied embeddings count once."""
    return sum(weight.size for weight in jax.tree.leaves(nnx.state(decoder, nnx.Param)))
