"""The tokenizer of a Hugging Face folder, as corpora use it: it cuts a text and puts nothing around it."""

from __future__ import annotations

import json
from typing import Any

from tokenizers import Tokenizer

from wug.compiler.checkpoints.bad import BadCheckpoint

_AROUND = ("post_processor", "truncation", "padding")
"""What is done to a text that was cut: corpora put the marks of documents there themselves."""


def plain_tokenizer(text: str, of: str) -> str:
    """A tokenizer.json that cuts texts and no more. Raises BadCheckpoint."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadCheckpoint(f"{of} is no tokenizer: {error}") from error
    model = said.get("model") if isinstance(said, dict) else None
    if not isinstance(model, dict):
        raise BadCheckpoint(f"{of} is no tokenizer: it does not say how it cuts texts into words")
    if not isinstance(model.get("vocab"), dict):
        raise BadCheckpoint(f"{of} is no byte-level BPE, nor another tokenizer of words with numbers")
    if model.get("dropout"):
        raise BadCheckpoint(f"{of} cuts a text at random ('dropout' is {str(model['dropout'])[:80]})")
    said |= dict.fromkeys(_AROUND)
    said.setdefault("added_tokens", [])
    made = json.dumps(said, ensure_ascii=False)
    try:
        tokenizer = Tokenizer.from_str(made)
    except Exception as error:  # the library has no exception of its own
        raise BadCheckpoint(f"{of} is no tokenizer: {error}") from error
    _check_numbers(tokenizer, said["added_tokens"], of)
    return made


def _check_numbers(tokenizer: Tokenizer, added: list[dict[str, Any]], of: str) -> None:
    """That each word has a number of its own, and the one that the file says."""
    words: dict[int, str] = {}
    for word, number in tokenizer.get_vocab().items():
        if (other := words.setdefault(number, word)) != word:
            both = " and ".join(f"'{each[:80]}'" for each in sorted((word, other)))
            raise BadCheckpoint(f"{of}: its words {both} are both token {number:,}")
    for each in added:
        if tokenizer.token_to_id(each["content"]) != each["id"]:
            raise BadCheckpoint(
                f"{of}: its word '{each['content'][:80]}' is not token {each['id']:,}, as it says"
            )
