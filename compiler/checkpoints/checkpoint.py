"""A checkpoint: weights, shape and tokenizer that others trained, in a Hugging Face folder or a GGUF file.

Everything that can be wrong with it is found here, in headers and settings: before any memory is taken for
its weights, which are then read one by one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from wug.compiler.canonical import canonical, digest, file_digest
from wug.compiler.checkpoints import gguf, safetensors
from wug.compiler.checkpoints.bad import BadCheckpoint
from wug.compiler.checkpoints.chat_template import Turns, turns_of
from wug.compiler.checkpoints.config import shape_from_config
from wug.compiler.checkpoints.gguf_config import shape_from_gguf
from wug.compiler.checkpoints.gguf_tokenizer import tokenizer_from_gguf
from wug.compiler.checkpoints.names import check_tensors, from_gguf
from wug.compiler.checkpoints.placed import Placed
from wug.compiler.checkpoints.tokenizer import plain_tokenizer
from wug.compiler.regular import regular_text
from wug.compiler.shape import Shape

INDEX, ONE, CONFIG, TOKENIZER = (
    "model.safetensors.index.json",
    "model.safetensors",
    "config.json",
    "tokenizer.json",
)
TOLD, TEMPLATE = "tokenizer_config.json", "chat_template.jinja"
"""Where a folder has its chat template: in the second, or in the first."""
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
_MOST_CONFIG, _MOST_TOKENIZER = 2**22, 2**26
"""Bytes that are read of a configuration, or an index, and of a tokenizer."""


@dataclass(frozen=True)
class Checkpoint:
    """What was found: `tensors` by the names of Hugging Face's files; its identity is that of its `files`.

    `template` is how it is asked in chats, empty where nothing says so; it may name the `ends` of a text.
    """

    path: Path
    shape: Shape
    tensors: dict[str, Placed]
    tokenizer: str
    files: tuple[Path, ...]
    template: str
    ends: tuple[str, str]

    def digest(self) -> str:
        """The identity of its content, wherever it lies: as it was when it was first asked for."""
        return self._content

    @cached_property
    def _content(self) -> str:
        return digest(canonical([[path.name, file_digest(path)] for path in self.files]))

    def tokenizer_digest(self) -> str:
        """The identity of how it cuts texts, and of what it puts around them."""
        said = hashlib.blake2b(self.tokenizer.encode(), digest_size=16).hexdigest()
        return digest(canonical([said, self.shape.marks]))

    def chat(self, instruction: str) -> Turns:
        """How it is told something and then shown documents, in a chat. Raises BadCheckpoint."""
        return turns_of(self.template, instruction, self.ends, str(self.path))


def open_checkpoint(path: Path, name: str = "") -> Checkpoint:
    """The checkpoint of a folder or a GGUF file, checked. Raises BadCheckpoint."""
    if path.is_dir():
        return _of_folder(path, name)
    if path.suffix in _PICKLES:
        raise BadCheckpoint(f"{path} is a pickle, which runs code when it is read: it is not read here")
    if path.suffix == ".gguf":
        return _of_gguf(path, name)
    raise BadCheckpoint(f"{path} is neither a folder nor a GGUF file")


def _of_gguf(path: Path, name: str) -> Checkpoint:
    said, found = gguf.read_header(path)
    shape = shape_from_gguf(said, found, name, str(path))
    found.pop("rope_freqs.weight", None)
    tensors = {from_gguf(own): _as_elsewhere(own, placed, shape) for own, placed in found.items()}
    tokenizer = tokenizer_from_gguf(said, str(path))
    _check_tokens(tokenizer, shape, str(path))
    checked = check_tensors(shape, tensors, str(path))
    template = said.get("tokenizer.chat_template", "")
    ends = _ends(shape, tokenizer)
    return Checkpoint(
        path, shape, checked, tokenizer, (path,), template if isinstance(template, str) else "", ends
    )


def _as_elsewhere(own: str, placed: Placed, shape: Shape) -> Placed:
    """How a tensor of a GGUF file is turned into what a Hugging Face file holds."""
    if shape.family == "llama" and ".attn_q." in own:
        return dataclasses.replace(placed, heads=shape.heads)
    if shape.family == "llama" and ".attn_k." in own:
        return dataclasses.replace(placed, heads=shape.kv_heads)
    if shape.family == "gemma" and own.endswith("norm.weight"):
        return dataclasses.replace(placed, less=1.0)
    return placed


def _of_folder(folder: Path, name: str) -> Checkpoint:
    shape = shape_from_config(_json(folder / CONFIG, _MOST_CONFIG), name, str(folder / CONFIG))
    files = _weights(folder)
    found: dict[str, Placed] = {}
    for file, named in files.items():
        header = safetensors.read_header(file)
        if lacking := [each for each in named if each not in header]:
            raise BadCheckpoint(f"{file} lacks the tensor '{lacking[0][:80]}', which the index says is in it")
        if twice := [each for each in header if each in found]:
            raise BadCheckpoint(f"{folder} holds the tensor '{twice[0][:80]}' in two files")
        found |= header
    tensors = check_tensors(shape, found, str(folder))
    text = _text(folder / TOKENIZER, _MOST_TOKENIZER)
    tokenizer = plain_tokenizer(text, str(folder / TOKENIZER))
    _check_tokens(tokenizer, shape, str(folder))
    every = (folder / CONFIG, folder / TOKENIZER, *files)
    told = _json(folder / TOLD, _MOST_CONFIG) if os.path.lexists(folder / TOLD) else {}
    return Checkpoint(
        folder, shape, tensors, tokenizer, every, _template(folder, told), _ends(shape, tokenizer, told)
    )


def _template(folder: Path, told: dict[str, Any]) -> str:
    """The chat template of a folder; of several, which have names, the one that is called default."""
    if os.path.lexists(folder / TEMPLATE):
        return _text(folder / TEMPLATE, _MOST_CONFIG)
    found = told.get("chat_template")
    if isinstance(found, list):
        named = [each for each in found if isinstance(each, dict) and each.get("name") == "default"]
        found = named[0].get("template") if named else None
    return found if isinstance(found, str) else ""


def _ends(shape: Shape, tokenizer: str, told: Mapping[str, Any] = MappingProxyType({})) -> tuple[str, str]:
    """What stands at the beginning and at the end of a text: as is `told`, or else the marks of documents."""
    names = {each["id"]: each["content"] for each in json.loads(tokenizer)["added_tokens"]}
    found = []
    for name, mark in (("bos_token", shape.marks.opening), ("eos_token", shape.marks.closing)):
        said = told.get(name)
        said = said.get("content") if isinstance(said, dict) else said
        found.append(said if isinstance(said, str) else names.get(mark, ""))
    return found[0], found[1]


def _weights(folder: Path) -> dict[Path, list[str]]:
    """The files of a folder that hold weights, each with the tensors that an index says are in it."""
    if os.path.lexists(folder / INDEX):
        said = _json(folder / INDEX, _MOST_CONFIG).get("weight_map")
        if not isinstance(said, dict) or not all(isinstance(file, str) for file in said.values()):
            raise BadCheckpoint(f"{folder / INDEX} does not say which tensor is in which file")
        files: dict[Path, list[str]] = {}
        for tensor, file in said.items():
            if Path(file).name != file or not file.endswith(".safetensors"):
                raise BadCheckpoint(f"{folder / INDEX} names '{file[:80]}', which is no file of its folder")
            files.setdefault(folder / file, []).append(tensor)
        if missing := [file.name for file in files if not os.path.lexists(file)]:
            raise BadCheckpoint(f"{folder} lacks {', '.join(missing)}: {INDEX} says that weights are in it")
        return files
    if os.path.lexists(folder / ONE):
        return {folder / ONE: []}
    pickled = sorted(each.name for each in folder.iterdir() if each.suffix in _PICKLES)
    if pickled:
        raise BadCheckpoint(
            f"{folder} has its weights in {pickled[0]}: a pickle runs code when it is read, so it is not "
            "read here; save them as safetensors"
        )
    raise BadCheckpoint(f"{folder} holds no {ONE} and no {INDEX}")


def _text(path: Path, most: int) -> str:
    try:
        return regular_text(path, most)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BadCheckpoint(f"{path} cannot be read: {reason}") from error


def _json(path: Path, most: int) -> dict[str, Any]:
    try:
        said = json.loads(_text(path, most))
        json.dumps(said, ensure_ascii=False).encode()  # half a character, as JSON may spell one, is no text
    except (ValueError, RecursionError) as error:
        why = "it holds half a character" if isinstance(error, UnicodeEncodeError) else error
        raise BadCheckpoint(f"{path} cannot be read: {why}") from error
    if not isinstance(said, dict):
        raise BadCheckpoint(f"{path} holds no settings")
    return said


def _check_tokens(tokenizer: str, shape: Shape, of: str) -> None:
    """Every token that a text can be cut into must have an embedding."""
    said = json.loads(tokenizer)
    highest = max(
        (*said["model"]["vocab"].values(), *(each["id"] for each in said["added_tokens"])), default=-1
    )
    if highest >= shape.vocabulary:
        raise BadCheckpoint(
            f"{of}: its tokenizer has a token {highest:,}, but the model has {shape.vocabulary:,} tokens"
        )
