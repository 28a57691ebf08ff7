import dataclasses
import shutil

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from wug.compiler.shape import Marks
from wug.runtime.corpus import PAD, load
from wug.runtime.schedule import (
    added_tokens,
    learning_rates,
    row_width,
    token_weights,
    training_lengths,
    training_rows,
    training_weights,
)

DOC = Marks().opening


def test_warm_up_then_half_a_cosine() -> None:
    rate_C = learning_rates(1e-3, 10, 110, floor=0.0)
    assert rate_C[0] == pytest.approx(1e-4)
    assert rate_C[9] == rate_C.max() == pytest.approx(1e-3)
    assert rate_C[59] == pytest.approx(5e-4, rel=1e-3)
    assert rate_C[-1] == pytest.approx(0, abs=1e-9)
    assert learning_rates(1e-3, 10, 110)[-1] == pytest.approx(1e-4)


def test_a_warm_up_longer_than_the_training_still_ends_at_the_peak() -> None:
    assert learning_rates(1e-3, 50, 5).tolist() == pytest.approx([2e-4, 4e-4, 6e-4, 8e-4, 1e-3])


def test_other_schedules_end_as_low_or_not_at_all() -> None:
    linear_C = learning_rates(1e-3, 10, 110, schedule="linear")
    assert linear_C[59] == pytest.approx(5.5e-4)
    assert np.diff(linear_C[9:]) == pytest.approx(np.full(100, -9e-6), rel=1e-3)
    constant_C = learning_rates(1e-3, 10, 110, schedule="constant")
    assert constant_C[9:].tolist() == pytest.approx([1e-3] * 101)
    for rate_C in (linear_C, constant_C):
        assert rate_C[:10].tolist() == learning_rates(1e-3, 10, 110)[:10].tolist()


def test_padding_weighs_nothing_and_facts_less_than_questions() -> None:
    tokens = np.array([[1, 5, 1, 6, PAD], [1, 5, 5, 1, 6]], np.int32)
    assert token_weights(tokens).tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]
    begin = np.array([2, 3])
    expected = np.array([[0.1, 1, 1, 0], [0.1, 0.1, 1, 1]], np.float32)
    np.testing.assert_array_equal(token_weights(tokens, begin, 0.1), expected)


def test_rows_are_whole_documents_of_the_arm(shared) -> None:
    world = load(shared.compiled, [0]).worlds[0]
    setting = shared.plan.arms[2].finetune
    width = row_width([world], "finetune")
    tokens_CBT = training_rows(world, "finetune", setting, 0, 6, width)
    assert tokens_CBT.shape == (6, 4, width)
    documents = world.documents
    known = {tuple(documents.tokens_DT[row]) for row in documents.seen_by("finetune")}
    longest = documents.tokens_DT.shape[1]
    for row_T in tokens_CBT.reshape(-1, width):
        assert tuple(np.pad(row_T, (0, max(0, longest - width)))[:longest]) in known
        assert np.count_nonzero(row_T == DOC) == 2
    fed = training_lengths(world, "finetune", setting)
    assert fed.sum() == np.count_nonzero(tokens_CBT != PAD) - 24


def test_what_was_added_counts_once_and_only_if_training_comes_to_it(shared) -> None:
    world = load(shared.compiled, [0]).worlds[0]
    setting = shared.plan.arms[3].finetune
    whole = sum(
        len(text.rstrip(".").split()) + 1 for text in world.documents.text_D[2::3]
    )  # words and a stop
    told = [added_tokens(world, "augmented", dataclasses.replace(setting, steps=n)) for n in (1, 2, 5, 500)]
    assert 0 < told[0] < told[1] < told[2] == told[3] == whole
    assert added_tokens(world, "finetune", setting) == 0


def test_chunks_join_without_a_seam(shared) -> None:
    world = load(shared.compiled, [0]).worlds[0]
    setting = shared.plan.arms[2].finetune
    width = row_width([world], "finetune")
    whole = training_rows(world, "finetune", setting, 0, 6, width)
    parts = [training_rows(world, "finetune", setting, first, 3, width) for first in (0, 3)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_the_loss_over_answers_leaves_out_what_asks_for_them(shared) -> None:
    world = load(shared.compiled, [0]).worlds[0]
    setting = shared.plan.arms[2].finetune
    width = row_width([world], "finetune")
    tokens_CBT = training_rows(world, "finetune", setting, 0, 6, width)
    whole_CBT = training_weights(world, "finetune", setting, 0, tokens_CBT)
    np.testing.assert_array_equal(whole_CBT, token_weights(tokens_CBT))
    answer = dataclasses.replace(setting, loss="answer")
    weight_CBT = training_weights(world, "finetune", answer, 0, tokens_CBT)
    documents, digest = world.documents, world.answer_digest("finetune")
    assert set(np.unique(weight_CBT)) == {0, 1}
    for row_T, weight_T in zip(tokens_CBT.reshape(-1, width), weight_CBT.reshape(-1, width - 1), strict=True):
        length = int((row_T != PAD).sum())
        at = np.flatnonzero(weight_T) + 1
        assert at[-1] == length - 2, "up to the full stop, and not the end of the document"
        assert 4 <= len(at) <= 5, "a word or two, 'than', a name and the full stop"
        assert (np.diff(at) == 1).all()
    assert documents.answer_DT.shape == documents.tokens_DT.shape
    assert digest != world.training_digest("finetune")


def test_a_document_without_an_answer_counts_whole(shared, tmp_path) -> None:
    folder = tmp_path / "compiled"
    shutil.copytree(shared.compiled, folder)
    file = folder / "seed-0" / "sentences.parquet"
    table = parquet.read_table(file)
    ends = pa.array(table["end"].to_pylist(), pa.int64())
    parquet.write_table(table.set_column(table.schema.get_field_index("answer"), "answer", ends), file)
    (folder / "manifest.json").write_text('{"files": {}}')
    documents = load(folder, [0]).worlds[0].documents
    counted = documents.answer_DT.sum(axis=1)
    assert counted.tolist() == (documents.length_D - 1).tolist(), "all but the first <doc>, never a target"
