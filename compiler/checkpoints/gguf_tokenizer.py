"""The tokenizer of a GGUF file, built of its vocabulary and its merges.

How a text is cut before anything is merged a file does not say: it names one of the ways that llama.cpp
knows. Those of SmolLM2, Llama 3 and Qwen are written down here.
"""

from __future__ import annotations

import json
from typing import Any

from tokenizers import Tokenizer

from wug.compiler.checkpoints.bad import BadCheckpoint

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}


def _by(pattern: str) -> list[dict[str, Any]]:
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    return [split, _BYTES]


WAYS = {
    "smollm": [{"type": "Digits", "individual_digits": True}, {**_BYTES, "use_regex": True}],
    "llama-bpe": _by(_CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + _REST),
    "qwen2": _by(_CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + _REST),
}
"""How a text is cut into words, by the name that `tokenizer.ggml.pre` has for it."""

_NORMAL, _CONTROL, _USER = 1, 3, 4
"""Types of tokens; a control token is special, one of the user's is found in texts before they are cut."""


def tokenizer_from_gguf(said: dict[str, Any], of: str) -> str:
    """The tokenizer.json of a GGUF file. Raises BadCheckpoint."""
    kind, way = said.get("tokenizer.ggml.model"), said.get("tokenizer.ggml.pre", "default")
    if kind != "gpt2":
        raise BadCheckpoint(
            f"{of}: its tokenizer is of kind '{str(kind)[:80]}'; gpt2 (byte-level BPE) is read"
        )
    if not isinstance(way, str) or way not in WAYS:
        raise BadCheckpoint(f"{of}: it cuts texts by '{str(way)[:80]}'; {', '.join(WAYS)} are known")
    tokens, merges = (_texts(said.get(f"tokenizer.ggml.{name}")) for name in ("tokens", "merges"))
    types = said.get("tokenizer.ggml.token_type") or [_NORMAL] * len(tokens or ())
    if not tokens or merges is None or not isinstance(types, list) or len(types) != len(tokens):
        raise BadCheckpoint(f"{of}: its tokenizer lacks tokens, their types or merges")
    if len(set(tokens)) < len(tokens):
        raise BadCheckpoint(f"{of}: its tokenizer has one token twice")
    added = [
        {
            "id": number,
            "content": token,
            "special": type_ == _CONTROL,
            "normalized": False,
            **dict.fromkeys(("single_word", "lstrip", "rstrip"), False),
        }
        for number, (token, type_) in enumerate(zip(tokens, types, strict=True))
        if type_ in (_CONTROL, _USER)
    ]
    model = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": way == "llama-bpe",
        "vocab": {token: number for number, token in enumerate(tokens)},
        "merges": [pair.split(" ", 1) for pair in merges],
    }
    made = json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": added,
            "normalizer": {"type": "NFC"} if way == "qwen2" else None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": WAYS[way]},
            "post_processor": None,
            "decoder": {**_BYTES, "add_prefix_space": True, "use_regex": True},
            "model": model,
        },
        ensure_ascii=False,
    )
    try:
        Tokenizer.from_str(made)
    except Exception as error:  # the library has no exception of its own
        raise BadCheckpoint(f"{of}: its tokenizer cannot be built: {error}") from error
    return made


def _texts(value: Any) -> list[str] | None:
    """A setting that is a list of texts; None where it is anything else."""
    return value if isinstance(value, list) and all(isinstance(each, str) for each in value) else None
