import json

import numpy as np
import pytest
from tokenizers import Tokenizer

from wug.compiler.shape import Marks
from wug.runtime.corpus import PAD, load, manifest_digest
from wug.runtime.failure import Damaged

DOC = Marks().opening


def test_documents_stand_between_two_marks(shared) -> None:
    world = load(shared.compiled, [0]).worlds[0]
    documents = world.documents
    words = Tokenizer.from_file(str(shared.compiled / "tokenizer.json"))
    for row, text in enumerate(documents.text_D):
        length = documents.length_D[row]
        tokens = documents.tokens_DT[row]
        assert tokens[0] == tokens[length - 1] == DOC
        assert np.all(tokens[length:] == PAD)
        assert words.decode(tokens[1 : length - 1].tolist()).replace(" .", ".") == text


def test_an_arm_sees_common_documents_and_its_own(shared) -> None:
    documents = load(shared.compiled, [0]).worlds[0].documents
    assert set(documents.set_D[documents.seen_by("finetune")]) == {"train"}
    assert set(documents.set_D[documents.seen_by("augmented")]) == {"train", "augmented"}


def test_a_choice_begins_where_its_cue_ends(shared) -> None:
    world = load(shared.compiled, [0]).worlds[0]
    words = Tokenizer.from_file(str(shared.compiled / "tokenizer.json"))
    questions = world.questions
    assert len(questions.tokens) == world.items.choices_N.sum() == 24
    for tokens, start in zip(questions.tokens, questions.start_Q, strict=True):
        assert tokens[0] == DOC
        assert words.decode(tokens[1:start].tolist()).endswith(" are")


def test_a_context_is_its_documents_with_one_mark_before_each(shared) -> None:
    world = load(shared.compiled, [0]).worlds[0]
    tokens = world.context_tokens("icl", 0)
    shown = world.views["icl"].contexts[0]
    assert np.count_nonzero(tokens == DOC) == len(shown) == 6
    assert tokens[0] == DOC
    assert tokens[-1] != DOC
    assert len(world.context_tokens("icl", -1)) == 0


def test_digests_tell_what_training_and_questions_depend_on(shared) -> None:
    first, second = load(shared.compiled, [0, 1]).worlds
    assert first.training_digest("finetune") != first.training_digest("augmented")
    assert first.training_digest("finetune") != second.training_digest("finetune")
    assert first.question_digest("icl") != first.question_digest("finetune")
    assert first.question_digest("finetune") == first.question_digest("augmented")


def test_a_changed_file_is_an_error_that_names_it(tiny) -> None:
    file = tiny.compiled / "seed-1" / "items.parquet"
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(Damaged, match=r"seed-1/items\.parquet is not as it was compiled"):
        load(tiny.compiled, [0])


def test_a_missing_file_is_an_error_that_names_it(tiny) -> None:
    (tiny.compiled / "tokenizer.json").unlink()
    with pytest.raises(Damaged, match=r"tokenizer\.json is missing"):
        load(tiny.compiled, [0])


def test_a_folder_in_the_place_of_a_file_is_an_error_that_names_it(tiny) -> None:
    (tiny.compiled / "tokenizer.json").unlink()
    (tiny.compiled / "tokenizer.json").mkdir()
    with pytest.raises(Damaged, match=r"tokenizer\.json is missing"):
        load(tiny.compiled, [0])


def test_a_bad_manifest_is_an_error(tiny) -> None:
    (tiny.compiled / "manifest.json").write_text(json.dumps({"nothing": 1}))
    with pytest.raises(Damaged, match="cannot be read"):
        load(tiny.compiled, [0])
    (tiny.compiled / "manifest.json").unlink()
    with pytest.raises(Damaged, match=r"no manifest\.json"):
        manifest_digest(tiny.compiled)
