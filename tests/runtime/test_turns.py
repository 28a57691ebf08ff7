"""Questions in a chat: token for token what the template makes of a whole conversation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from tests.checkpoints import write_folder
from wug.cli import main
from wug.compiler.checkpoints.checkpoint import open_checkpoint
from wug.runtime.corpus import Corpus, load

WORLD = """wug 1

world w {
  entity person { count 5  named nonce(letters 4) }
  entity town   { count 5  named nonce(letters 5) }
  relation lives_in(p: person, t: town) {
    functional  injective  complete
    populate permutation
    form told "{p} lives in" => " {t}."
  }
}
"""
SPEC = """wug 1

experiment x {
  world "w.world"
  train lives_in in told
  test trained { lives_in in told  choices others(2) }
  test said    { lives_in in told  generate { max_tokens 12 } }
  model small { from "tiny"  chat "Say what is true." }
  arm pretrained { }
  arm icl        { context train }
}
"""
TEMPLATE = (
    "{{ bos_token }}{% for each in messages %}<{{ each.role }}>{{ each.content }}END<|eos|>\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def run(folder: Path, template: str) -> Corpus:
    """The corpus of a project whose model is asked in a chat, once it was run."""
    (folder / "wug.lock").touch()
    (folder / "w.world").write_text(WORLD)
    (folder / "x.experiment").write_text(SPEC)
    write_folder(folder / "tiny", "llama")
    (folder / "tiny" / "tokenizer_config.json").write_text(
        json.dumps({"bos_token": {"content": "<|bos|>"}, "chat_template": template})
    )
    assert main(["run", str(folder / "x.experiment")]) == 0
    (compiled,) = (each for each in folder.glob("build/x/compiled/*") if (each / "manifest.json").exists())
    return load(compiled, [0])


def said(folder: Path) -> list[str]:
    (found,) = folder.glob("build/x/runs/*/generations.jsonl")
    return [json.loads(line)["text"] for line in found.read_text().splitlines()]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Corpus]:
    folder = tmp_path_factory.mktemp("chat")
    return folder, run(folder, TEMPLATE)


def test_a_question_is_the_conversation_token_for_token(project: tuple[Path, Corpus]) -> None:
    _, corpus = project
    (world,) = corpus.worlds
    finding = Tokenizer.from_str(corpus.tokenizer.to_str())
    finding.encode_special_tokens = False  # as transformers does
    texts, sets = world.documents.text_D, world.documents.set_D
    for arm in ("pretrained", "icl"):
        view, questions = world.views[arm], world.questions
        shown = [texts[row] for row in view.contexts[0]]
        known = [text for text, of in zip(texts, sets, strict=True) if of == "train" and arm == "icl"]
        assert sorted(shown) == sorted(known)
        content = "\n\n" + "\n".join(shown) if shown else ""
        for row, (tokens, text) in enumerate(zip(questions.tokens, questions.text, strict=True)):
            whole = f"<|bos|><user>Say what is true.{content}END<|eos|>\n<assistant>{text}"
            read = [*world.context_tokens(arm, int(view.context_N[questions.item_Q[row]])), *tokens]
            assert read == finding.encode(whole, add_special_tokens=False).ids
            assert read[0] == 0
            choice = corpus.tokenizer.decode(tokens[questions.start_Q[row] :].tolist())
            cue = world.items.cue[questions.item_Q[row]]
            assert (cue + choice, choice != "") == (text, True)


def test_documents_are_trained_as_they_are(project: tuple[Path, Corpus]) -> None:
    _, corpus = project
    documents = corpus.worlds[0].documents
    for row, text in enumerate(documents.text_D):
        tokens = documents.tokens_DT[row, : documents.length_D[row]].tolist()
        assert tokens == [0, *corpus.tokenizer.encode(text).ids, 1]


def test_an_answer_ends_with_its_turn(project: tuple[Path, Corpus], tmp_path: Path) -> None:
    folder, _ = project
    texts = said(folder)
    sign = next(letter for text in texts for letter in text[1:] if letter.isascii() and letter.isalnum())
    run(tmp_path, TEMPLATE.replace("END<|eos|>", sign))
    cut = said(tmp_path)
    assert len(cut) == len(texts)
    assert all(sign not in text for text in cut)


def test_choices_without_a_context_stand_behind_the_mark_of_a_document(project: tuple[Path, Corpus]) -> None:
    from wug.runtime.measures import bare

    _, corpus = project
    for tokens in bare(corpus.worlds[0]).tokens:
        assert tokens[0] == corpus.worlds[0].documents.marks.opening
        assert tokens.dtype == np.int32


def test_the_template_goes_with_what_is_exported(project: tuple[Path, Corpus], tmp_path: Path) -> None:
    folder, _ = project
    assert main(["export", str(folder / "x.experiment"), "pretrained", str(tmp_path / "saved")]) == 0
    assert open_checkpoint(tmp_path / "saved").template == TEMPLATE
