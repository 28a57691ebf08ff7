"""Turns of a chat as tokens: special ones where the template has them, and nowhere in what is said.

A text that holds the name of a special token, as a document may, must not become one. So only what the
template says is searched for them, and cut behind the last; what follows is cut together with what is said.
"""

from __future__ import annotations

from dataclasses import dataclass

from tokenizers import Tokenizer

from wug.compiler.checkpoints.chat_template import Turns


@dataclass(frozen=True)
class Begun:
    """The beginning of a turn: tokens, the last of them a special one, and the text that follows them."""

    tokens: tuple[int, ...]
    text: str

    def encoded(self, tokenizer: Tokenizer, said: list[str]) -> list[list[int]]:
        """The tokens of the turn for each text that goes on from here."""
        found = tokenizer.encode_batch([self.text + each for each in said], add_special_tokens=False)
        return [[*self.tokens, *each.ids] for each in found]


@dataclass(frozen=True)
class CutTurns:
    """`Turns` in tokens."""

    before: Begun
    bare: Begun
    after: Begun
    end: str

    def shown(self, tokenizer: Tokenizer, texts: list[str]) -> list[int]:
        """The turn of a user who shows these documents, a line each."""
        begun = self.before if texts else self.bare
        return begun.encoded(tokenizer, ["\n".join(texts)])[0]


def cut_turns(turns: Turns, tokenizer: Tokenizer) -> CutTurns:
    """Turns in the tokens of a `tokenizer` that finds no special ones in texts."""
    finding = Tokenizer.from_str(tokenizer.to_str())
    finding.encode_special_tokens = False
    special = {number for number, token in finding.get_added_tokens_decoder().items() if token.special}

    def begun(text: str) -> Begun:
        found = finding.encode(text, add_special_tokens=False)
        last = max((place for place, token in enumerate(found.ids) if token in special), default=-1)
        if last < 0:
            return Begun((), text)
        return Begun(tuple(found.ids[: last + 1]), text[found.offsets[last][1] :])

    return CutTurns(begun(turns.before), begun(turns.bare), begun(turns.after), turns.end)
