"""Export: the weights of an arm as a Hugging Face folder, which `transformers` and this project read.

Tensors are written one after the other, so the weights are never held twice.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from wug.compiler.checkpoints.bad import BadCheckpoint
from wug.compiler.checkpoints.config import config_from_shape
from wug.compiler.checkpoints.names import EMBEDDING, HEAD, NORM, of_layer, tensors_of
from wug.compiler.checkpoints.placed import Floats
from wug.compiler.plan import Source
from wug.compiler.shape import Shape
from wug.runtime.failure import RuntimeFailure
from wug.runtime.source import opened

if TYPE_CHECKING:
    from wug.runtime.run import Run, Scribe


def export(run: Run, name: str, seed: int, folder: Path, tuning_scribe: Scribe | None = None) -> None:
    """Write the weights with which an arm answers in the world of a seed, and what goes with them.

    What of the arm is not yet trained is trained. Raises RuntimeFailure where there are no such weights, no
    such file could say what they are, or the folder holds something already.
    """
    arm = next(each for each in run.plan.arms if each.name == name)
    learner = run.plan.learner(arm)
    shape = learner.model
    if learner.checkpoint is None or not isinstance(shape, Shape):
        raise RuntimeFailure(
            f"model '{learner.name}' is trained from scratch, in a shape that others do not know: "
            "models that are checkpoints are exported"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RuntimeFailure(f"{folder} holds something already: name a new folder")
    try:
        config = config_from_shape(shape)
        source = opened(learner.checkpoint)
    except BadCheckpoint as error:
        raise RuntimeFailure(str(error)) from error
    from wug.runtime.weights import tensors_from

    parameters = run.answering(name, seed, tuning_scribe)
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    (partial / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    _write_tokenizer(learner.checkpoint, source.tokenizer, partial)
    with (partial / "model.safetensors").open("wb") as file:
        file.write(header_of(shape))
        for array in _in_order(shape, tensors_from(shape, parameters)):
            file.write(array.data)
        file.flush()
        os.fsync(file.fileno())
    if folder.exists():
        folder.rmdir()
    os.replace(partial, folder)


def order_of(shape: Shape) -> list[str]:
    """The names of a model's tensors in the order in which they are written: as they are computed."""
    layers = [f"model.layers.{number}.{name}" for number in range(shape.layers) for name in of_layer(shape)]
    return [EMBEDDING, *layers, NORM, *([] if shape.tied else [HEAD])]


def header_of(shape: Shape) -> bytes:
    """The beginning of a safetensors file of a model, in float32."""
    sizes, at = tensors_of(shape), 0
    said: dict[str, object] = {"__metadata__": {"format": "pt"}}
    for name in order_of(shape):
        end = at + 4 * prod(sizes[name])
        said[name] = {"dtype": "F32", "shape": list(sizes[name]), "data_offsets": [at, end]}
        at = end
    text = json.dumps(said, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _in_order(shape: Shape, tensors: Iterator[tuple[str, Floats]]) -> Iterator[Floats]:
    """The tensors, each of which is the one that the header says is next."""
    sizes = tensors_of(shape)
    for expected, (name, array) in zip(order_of(shape), tensors, strict=True):
        if name != expected or array.shape != sizes[name]:
            raise ValueError(f"{name} of {array.shape} stands where {expected} of {sizes[expected]} belongs")
        yield array.astype("<f4", copy=False)


def _write_tokenizer(source: Source, plain: str, folder: Path) -> None:
    """The tokenizer as it was, with what stands beside it; of a GGUF file the one that was built of it."""
    (folder / "tokenizer.json").write_text(plain, encoding="utf-8")
    for name in (
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "generation_config.json",
    ):
        if (Path(source.path) / name).is_file():
            shutil.copyfile(Path(source.path) / name, folder / name)
