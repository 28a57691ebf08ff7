"""Weights of a checkpoint as the decoder has them, and back: tensor by tensor, never all of them twice.

A tensor of a checkpoint belongs to one layer, and its matrices are [out, in]. The decoder has one array for
all layers, and multiplies from the other side: [layer, in, out]. Norms of the Gemma family are stored less 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from wug.compiler.checkpoints.bad import BadCheckpoint
from wug.compiler.checkpoints.checkpoint import Checkpoint
from wug.compiler.checkpoints.names import EMBEDDING, HEAD, NORM, of_layer
from wug.compiler.checkpoints.placed import Floats, read
from wug.compiler.lora import Lora
from wug.compiler.plan import Source
from wug.compiler.shape import Shape
from wug.runtime.failure import RuntimeFailure
from wug.runtime.learn import Tree
from wug.runtime.source import opened

_LAYER: dict[str, tuple[str | int, ...]] = {
    "input_layernorm": ("attention_reading", "layers", 0),
    "self_attn.q_proj": ("attention", "query"),
    "self_attn.k_proj": ("attention", "key"),
    "self_attn.v_proj": ("attention", "value"),
    "self_attn.o_proj": ("attention", "out"),
    "self_attn.q_norm": ("attention", "query_norm"),
    "self_attn.k_norm": ("attention", "key_norm"),
    "post_attention_layernorm": ("mlp_reading", "layers", 0),
    "mlp.gate_proj": ("mlp", "gate"),
    "mlp.up_proj": ("mlp", "up"),
    "mlp.down_proj": ("mlp", "down"),
}
"""Where the decoder has a part of a layer."""


def checkpoint_weights(source: Source, on_host: bool = False) -> Tree:
    """The weights of the checkpoint that a plan names. Raises RuntimeFailure where it is not as it was."""
    try:
        return load_weights(opened(source), on_host)
    except BadCheckpoint as error:
        raise RuntimeFailure(str(error)) from error


def load_weights(checkpoint: Checkpoint, on_host: bool = False) -> Tree:
    """All weights, read from where they lie, on the device or on its host. Raises BadCheckpoint."""
    shape = checkpoint.shape
    tree: Tree = {}
    ours = np.ascontiguousarray if on_host else jnp.asarray
    for name, sizes in of_layer(shape).items():
        matrix = len(sizes) == 2
        whole = np.empty((shape.layers, *(sizes[::-1] if matrix else sizes)), np.float32)
        for number in range(shape.layers):
            whole[number] = _own(checkpoint, f"model.layers.{number}.{name}", matrix)
        _put(tree, ("layers", *_place(name)), ours(whole))
    _put(tree, ("embedding", "embedding"), ours(_own(checkpoint, EMBEDDING, False)))
    _put(tree, ("norm", "scale"), ours(_own(checkpoint, NORM, False)))
    if not shape.tied:
        _put(tree, ("head", "kernel"), ours(_own(checkpoint, HEAD, True)))
    return tree


def tensors_from(shape: Shape, parameters: Tree) -> Iterator[tuple[str, Floats]]:
    """The weights by the names of Hugging Face's files, as those have them, one after the other."""

    def stored(name: str, found: Any, turned: bool) -> tuple[str, Floats]:
        array = np.asarray(found, np.float32)
        if shape.family == "gemma" and name.endswith("norm.weight"):
            array = array - np.float32(1)
        return name, np.ascontiguousarray(array.T if turned else array)

    yield stored(EMBEDDING, parameters["embedding"]["embedding"], False)
    for number in range(shape.layers):
        for name, sizes in of_layer(shape).items():
            whole = _at(parameters, ("layers", *_place(name)))
            yield stored(f"model.layers.{number}.{name}", whole[number], len(sizes) == 2)
    yield stored(NORM, parameters["norm"]["scale"], False)
    if not shape.tied:
        yield stored(HEAD, parameters["head"]["kernel"], True)


def adapter_tensors(shape: Shape, lora: Lora, adapter: Tree) -> Iterator[tuple[str, Floats]]:
    """An adapter by the names of PEFT's files: A is [rank, in] there and B [out, rank]."""
    for number in range(shape.layers):
        for part in projections(lora):
            both = _at(adapter, ("layers", *_LAYER[part]))
            for letter in "AB":
                array = np.asarray(both[f"lora_{letter.lower()}"][number], np.float32)
                name = f"base_model.model.model.layers.{number}.{part}.lora_{letter}.weight"
                yield name, np.ascontiguousarray(array.T)


def projections(lora: Lora) -> list[str]:
    """What Hugging Face's files call the targets of an adapter."""
    return [part for part, (_, name, *_) in _LAYER.items() if name in lora.targets]


def _own(checkpoint: Checkpoint, name: str, turned: bool) -> Floats:
    """A tensor as the decoder has it. Raises BadCheckpoint where it does not hold numbers alone."""
    placed = checkpoint.tensors[name]
    found = read(placed)
    if lost := found.size - np.count_nonzero(np.isfinite(found)):
        raise BadCheckpoint(
            f"{placed.file}: the tensor '{name}' holds {lost:,} of {found.size:,} values that are no finite "
            "numbers in float32"
        )
    if checkpoint.shape.family == "gemma" and name.endswith("norm.weight"):
        found = found + np.float32(1)
    return found.T if turned else found


def _place(name: str) -> tuple[str | int, ...]:
    """Where the decoder has a tensor of a layer."""
    part, kind = name.rsplit(".", 1)
    path = _LAYER[part]
    if kind == "bias":
        return (*path, "bias")
    return (*path, "scale" if part.endswith("norm") else "kernel")


def _put(tree: Tree, path: tuple[str | int, ...], array: Any) -> None:
    at: Any = tree
    for part in path[:-1]:
        at = at.setdefault(part, {})
    at[path[-1]] = jax.block_until_ready(array)


def _at(tree: Tree, path: tuple[str | int, ...]) -> Any:
    at: Any = tree
    for part in path:
        at = at[part]
    return at
