"""Sentences that stand in a text: what is looked up is what reading all of it finds."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wug.compiler.asking import standing as module
from wug.compiler.asking.standing import standing

WORDS = st.lists(st.sampled_from(["a", "ab", "b", "ä", "äb", "_", "1", ".", "-", "\n", "字"]), max_size=12)


def read(text: str, sentence: str) -> bool:
    """The plain way: every place is looked at."""
    starts = [at for at in range(len(text)) if text.startswith(sentence, at)] if sentence else []
    cut = re.compile(r"\w\w")
    return any(
        not cut.fullmatch(text[max(0, at - 1) : at + 1] if at else "")
        and not cut.fullmatch(text[at + len(sentence) - 1 : at + len(sentence) + 1])
        for at in starts
    )


@given(st.lists(WORDS, max_size=8), st.lists(WORDS, max_size=8), st.sampled_from([" ", ""]))
@pytest.mark.parametrize(("small", "piece"), [(1 << 24, 1 << 22), (0, 1 << 22), (0, 5)])
def test_a_sentence_stands_where_reading_the_whole_text_finds_it(
    small: int, piece: int, said: list[list[str]], sought: list[list[str]], joint: str
) -> None:
    text, sentences = "\n".join(joint.join(each) for each in said), [joint.join(each) for each in sought]
    before = module.SMALL, module.PIECE
    module.SMALL, module.PIECE = small, piece
    try:
        found = standing(text, sentences)
    finally:
        module.SMALL, module.PIECE = before
    assert found.tolist() == [read(text, sentence) for sentence in sentences]


def test_a_part_of_a_word_does_not_stand() -> None:
    text = "the parent of zum is kel.\nzumbo is tall."
    found = standing(text, ["zum is kel", "zum", "zumb", "bo is tall.", "", "is kel.\nzumbo"])
    np.testing.assert_array_equal(found, [True, True, False, False, False, True])
