"""Export: the weights of an arm as a Hugging Face folder, which `transformers` and this project read, or its
adapter as a folder of PEFT.

Tensors are written one after the other, so the weights are never held twice.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from wug.compiler.checkpoints.bad import BadCheckpoint
from wug.compiler.checkpoints.checkpoint import TEMPLATE, Checkpoint
from wug.compiler.checkpoints.config import config_from_shape
from wug.compiler.checkpoints.names import EMBEDDING, HEAD, NORM, of_layer, tensors_of
from wug.compiler.checkpoints.placed import Floats
from wug.compiler.lora import Lora
from wug.compiler.plan import Source
from wug.compiler.shape import Shape
from wug.compiler.store import environment
from wug.runtime.failure import RuntimeFailure
from wug.runtime.source import opened

if TYPE_CHECKING:
    from wug.runtime.learn import Tree
    from wug.runtime.run import Run, Scribe


def export(
    run: Run,
    name: str,
    seed: int,
    folder: Path,
    tuning_scribe: Scribe | None = None,
    adapter: bool = False,
) -> None:
    """Write the weights with which an arm answers in the world of a seed, and what goes with them; or the
    `adapter` alone.

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
    lora = arm.finetune.lora if arm.finetune is not None else None
    if adapter and lora is None:
        raise RuntimeFailure(
            f"arm '{name}' has no adapter: leave --adapter out, or train one: finetune {{ lora {{ }} }}"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RuntimeFailure(f"{folder} holds something already: name a new folder")
    try:
        config = config_from_shape(shape)
        source = opened(learner.checkpoint)
    except BadCheckpoint as error:
        raise RuntimeFailure(str(error)) from error
    from wug.runtime.weights import adapter_tensors

    with _new(folder) as partial:
        parameters = run.answering(name, seed, tuning_scribe, adapter)
        if adapter and lora is not None:
            said = adapter_config(lora, learner.checkpoint)
            tensors = dict(adapter_tensors(shape, lora, parameters))
            sizes = {name: array.shape for name, array in tensors.items()}
            _write_json(partial / "adapter_config.json", said)
            _write_tensors(partial / "adapter_model.safetensors", sizes, iter(tensors.items()))
        else:
            _write_json(partial / "config.json", config)
            _write_tokenizer(source, partial)
            write_weights(partial / "model.safetensors", shape, parameters)


@contextmanager
def _new(folder: Path) -> Iterator[Path]:
    """A place for files that come to the folder once they are whole. Raises EnvironmentFailure where nothing
    can be written, before there is anything to write."""
    with environment(folder, "FOLDER"):
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.absolute().name}.", dir=folder.absolute().parent))
    try:
        yield partial
        with environment(folder, "FOLDER"):
            folder.mkdir(exist_ok=True)
            for file in sorted(partial.iterdir()):
                os.replace(file, folder / file.name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def order_of(shape: Shape) -> list[str]:
    """The names of a model's tensors in the order in which they are written: as they are computed."""
    layers = [f"model.layers.{number}.{name}" for number in range(shape.layers) for name in of_layer(shape)]
    return [EMBEDDING, *layers, NORM, *([] if shape.tied else [HEAD])]


def write_weights(path: Path, shape: Shape, parameters: Tree) -> None:
    """A safetensors file of a model's weights, as transformers reads it."""
    from wug.runtime.weights import tensors_from

    sizes = {name: tensors_of(shape)[name] for name in order_of(shape)}
    _write_tensors(path, sizes, tensors_from(shape, parameters))


def adapter_config(lora: Lora, source: Source) -> dict[str, object]:
    """What PEFT reads of an adapter, and the model that it stands beside."""
    from wug.runtime.weights import projections

    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": source.path,
        "r": lora.rank,
        "lora_alpha": int(lora.alpha) if lora.alpha == int(lora.alpha) else lora.alpha,
        "lora_dropout": 0.0,
        "target_modules": [part.rpartition(".")[2] for part in projections(lora)],
        "bias": "none",
        "inference_mode": True,
    }


def _write_json(path: Path, said: dict[str, object]) -> None:
    path.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")


def _write_tensors(
    path: Path, sizes: Mapping[str, tuple[int, ...]], tensors: Iterator[tuple[str, Floats]]
) -> None:
    """A safetensors file in float32 of tensors of these sizes, which come in this order."""
    with path.open("wb") as file:
        file.write(header_of(sizes))
        for (expected, size), (name, array) in zip(sizes.items(), tensors, strict=True):
            if name != expected or array.shape != size:
                raise ValueError(f"{name} of {array.shape} stands where {expected} of {size} belongs")
            file.write(array.astype("<f4", copy=False).data)
        file.flush()
        os.fsync(file.fileno())


def header_of(sizes: Mapping[str, tuple[int, ...]]) -> bytes:
    """The beginning of a safetensors file of such tensors, in float32."""
    at = 0
    said: dict[str, object] = {"__metadata__": {"format": "pt"}}
    for name, size in sizes.items():
        end = at + 4 * prod(size)
        said[name] = {"dtype": "F32", "shape": list(size), "data_offsets": [at, end]}
        at = end
    text = json.dumps(said, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _write_tokenizer(source: Checkpoint, folder: Path) -> None:
    """The tokenizer as it was, with the chat template and what stands beside it; of a GGUF file the one that
    was built of it."""
    (folder / "tokenizer.json").write_text(source.tokenizer, encoding="utf-8")
    if source.template:
        (folder / TEMPLATE).write_text(source.template, encoding="utf-8")
    for name in (
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "generation_config.json",
    ):
        if (source.path / name).is_file():
            shutil.copyfile(source.path / name, folder / name)
