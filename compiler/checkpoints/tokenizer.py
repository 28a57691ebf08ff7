"""The tokenizer of a Hugging Face folder, as corpora use it: it cuts a text and puts nothing around it."""

from __future__ import annotations

import json

from tokenizers import Tokenizer

from wug.compiler.checkpoints.bad import BadCheckpoint

_AROUND = ("post_processor", "truncation", "padding")
"""What is done to a text that was cut: corpora put the marks of documents there themselves."""


def plain_tokenizer(text: str, of: str) -> str:
    """A tokenizer.json that cuts texts and no more. Raises BadCheckpoint."""
    try:
        said = json.loads(text)
        if not isinstance(said["model"]["vocab"], dict):
            raise BadCheckpoint(f"{of} is no byte-level BPE, nor another tokenizer of words with numbers")
        said |= dict.fromkeys(_AROUND)
        said.setdefault("added_tokens", [])
        made = json.dumps(said, ensure_ascii=False)
        Tokenizer.from_str(made)
    except BadCheckpoint:
        raise
    except Exception as error:  # the library has no exception of its own
        raise BadCheckpoint(f"{of} is no tokenizer: {error}") from error
    return made
