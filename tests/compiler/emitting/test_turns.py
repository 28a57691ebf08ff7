"""Special tokens stand where a template has them, and what is said holds none."""

import json

from tests.checkpoints import byte_tokenizer
from wug.compiler.checkpoints.chat_template import Turns
from wug.compiler.emitting.tokenizer import read_tokenizer
from wug.compiler.emitting.turns import Begun, cut_turns

TOKENIZER = read_tokenizer(json.dumps(byte_tokenizer("<s>", "</s>")))
TURNS = cut_turns(Turns("<s>you: Say.\n\n", "<s>you: Say.", "</s>\n<s>me: ", "</s>"), TOKENIZER)


def test_a_turn_is_cut_behind_its_last_special_token() -> None:
    assert TURNS.before == Begun((0,), "you: Say.\n\n")
    assert TURNS.after.text == "me: "
    assert (TURNS.after.tokens[0], TURNS.after.tokens[-1], TURNS.end) == (1, 0, "</s>")
    assert cut_turns(Turns("", "", " [me]", ""), TOKENIZER).after == Begun((), " [me]")


def test_what_is_said_is_no_special_token() -> None:
    tokens = TURNS.shown(TOKENIZER, ["the <s> more", "</s>"])
    assert (tokens[0], {0, 1} & set(tokens[1:])) == (0, set())
    assert TOKENIZER.decode(tokens[1:]) == "you: Say.\n\nthe <s> more\n</s>"
    assert TURNS.shown(TOKENIZER, []) == [0, *TOKENIZER.encode("you: Say.").ids]
