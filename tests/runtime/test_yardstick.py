from pathlib import Path

import numpy as np

from tests.checkpoints import write_folder
from wug.compiler.checkpoints.checkpoint import open_checkpoint
from wug.compiler.emitting.tokenizer import read_tokenizer
from wug.compiler.general.texts import prose, stories
from wug.compiler.shape import Marks
from wug.runtime.episodes import load
from wug.runtime.yardstick import QUESTIONS, WORLDS, of_general_text, of_probe


def test_a_probe_gives_worlds_with_their_questions(shared) -> None:
    probe = load(shared.episodes, shared.compiled / "tokenizer.json").probe
    yardstick = of_probe(probe)
    asked = yardstick.asked
    worlds = yardstick.texts
    assert worlds <= WORLDS
    assert len(asked.contexts) == worlds
    assert len(yardstick.right_Q) <= worlds * QUESTIONS
    assert len(asked.tokens) == worlds + 2 * len(yardstick.right_Q)
    told = {row.tobytes(): probe.answer_Q[at // 2] == at % 2 for at, row in enumerate(probe.rows)}
    for number, right in enumerate(yardstick.right_Q):
        context = asked.context(int(asked.context_N[worlds + number]))
        for choice in (0, 1):
            own = asked.tokens[worlds + 2 * number + choice]
            whole = np.concatenate([context, own])
            assert told[whole.tobytes()] == (choice == right)  # a question of the probe, and its key
            assert own[0] == 1
    for text, context in zip(asked.tokens[:worlds], asked.contexts, strict=True):
        assert text[: len(context)].tolist() == context.tolist()
        assert len(text) > len(context)
    assert yardstick.tokens == sum(len(text) - 1 for text in asked.tokens[:worlds])


def test_a_checkpoint_gets_prose_and_stories_in_its_own_tokens(tmp_path: Path) -> None:
    write_folder(tmp_path, "llama")
    tokenizer = read_tokenizer(open_checkpoint(tmp_path).tokenizer)
    yardstick = of_general_text(tokenizer, Marks(0, 1), 4096)
    asked = yardstick.asked
    assert "".join(tokenizer.decode(row.tolist()[1:]) for row in asked.tokens[: yardstick.texts]) == "".join(
        prose()
    )
    assert max(map(len, asked.tokens)) <= 256
    first, number = stories()[0], yardstick.texts
    assert len(yardstick.right_Q) == 60
    assert tokenizer.decode(asked.context(int(asked.context_N[number])).tolist()[1:]) == first.text
    for choice, text in enumerate((first.questions[0].right, first.questions[0].wrong)):
        row, start = asked.tokens[number + choice], asked.start_Q[number + choice]
        assert tokenizer.decode(row.tolist()) == f" {first.questions[0].cue}{text}"
        assert tokenizer.decode(row.tolist()[start:]) == text
    few = of_general_text(tokenizer, Marks(0, 1), 64)  # no story fits
    assert len(few.right_Q) == 0
    assert max(map(len, few.asked.tokens)) <= 64
