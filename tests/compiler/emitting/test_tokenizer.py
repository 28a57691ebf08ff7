"""The tokenizer: texts give their pieces, which give the text back, whatever stands in it."""

from __future__ import annotations

import pytest

from tests.compiler.conftest import Write, checked
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.emitting.tokenizer import DOCUMENT, PAD, UNKNOWN, build_tokenizer, read_tokenizer
from wug.compiler.emitting.tokens import Pieces
from wug.compiler.populating.sheets import characters, read_data
from wug.compiler.world import World

WORLD = """wug 1
world tags {
  entity tag from "tags.csv" { named name }
  relation says(a: tag, word: text) {
    populate rows
    form plain "<pad> {a}<doc> says <unk>" => " {word}."
  }
}
"""


@pytest.fixture
def world(write: Write) -> World:
    write("tags.csv", f"name,word\n{DOCUMENT},a{PAD}\n{UNKNOWN} b,c\n")
    spec = checked(write("tags.world", WORLD))
    assert isinstance(spec, World)
    return spec


@pytest.mark.parametrize("text", ["<pad> <doc><doc> says <unk> a<pad>.", "<doc>", "<unk> b", "<pad>"])
def test_what_looks_like_a_special_token_is_text(world: World, text: str) -> None:
    made = build_tokenizer(world, characters(read_data(world, Report())))
    for tokenizer in (made, read_tokenizer(made.to_str()), Pieces(made).tokenizer):
        ids = tokenizer.encode(text).ids
        assert not {0, 1, 2} & set(ids)
        assert tokenizer.decode(ids, skip_special_tokens=False) == text
    assert [made.token_to_id(token) for token in (PAD, DOCUMENT, UNKNOWN)] == [0, 1, 2]
