import json

import numpy as np
import pytest

from wug.runtime.episodes import Phase, episodes_digest, load
from wug.runtime.failure import Damaged


def test_probe_questions_are_cue_and_choice_in_one_row(shared) -> None:
    episodes = load(shared.episodes, shared.compiled / "tokenizer.json")
    probe = episodes.probe
    assert episodes.tokens_ET.shape == (64, 64)
    assert episodes.length_E[0] == np.count_nonzero(episodes.tokens_ET[0])
    assert len(probe.rows) == 2 * len(probe.answer_Q) == 16
    cue = np.load(shared.episodes / "probe_cue.npy")[3]
    choice = np.load(shared.episodes / "probe_choices.npy")[3, 1]
    row, start = probe.rows[7], probe.start[7]
    np.testing.assert_array_equal(row[:start], cue[cue != 0])
    np.testing.assert_array_equal(row[start:], choice[choice != 0])


def test_without_a_curriculum_there_is_one_phase(shared) -> None:
    episodes = load(shared.episodes, shared.compiled / "tokenizer.json")
    assert episodes.phases(4, 12) == (Phase(0, 64, 4, 12),)


def test_a_curriculum_goes_through_the_episodes_in_order(tiny) -> None:
    meta = json.loads((tiny.episodes / "meta.json").read_text())
    meta["phases"] = [{"rows": 40, "batch": 8, "steps": 5}, {"rows": 24, "batch": 4, "steps": 3}]
    (tiny.episodes / "meta.json").write_text(json.dumps(meta))
    episodes = load(tiny.episodes, tiny.compiled / "tokenizer.json")
    assert episodes.phases(32, 12) == (Phase(0, 40, 8, 5), Phase(40, 24, 4, 7))
    assert episodes.phases(32, 4) == (Phase(0, 40, 8, 4),)


def test_another_tokenizer_is_an_error(tiny) -> None:
    file = tiny.episodes / "tokenizer.json"
    file.write_text(file.read_text() + "\n")
    with pytest.raises(Damaged, match="other tokenizers"):
        load(tiny.episodes, tiny.compiled / "tokenizer.json")


@pytest.mark.parametrize("name", ["episodes.npy", "probe_cue.npy", "questions.npy", "meta.json"])
def test_a_broken_file_is_an_error(tiny, name: str) -> None:
    (tiny.episodes / name).write_bytes(b"\x93NUMPY but no more")
    with pytest.raises(Damaged, match="cannot be read"):
        load(tiny.episodes, tiny.compiled / "tokenizer.json")


def test_the_digest_follows_the_manifest_where_there_is_one(tiny) -> None:
    before = episodes_digest(tiny.episodes)
    (tiny.episodes / "manifest.json").write_text(json.dumps({"files": {}}))
    assert episodes_digest(tiny.episodes) != before
