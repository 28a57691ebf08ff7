import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from wug.progress import Silent
from wug.runtime.checkpoint import load_parameters
from wug.runtime.episodes import load
from wug.runtime.failure import Diverged, RuntimeFailure
from wug.runtime.files import read_json
from wug.runtime.interruption import Interruption
from wug.runtime.journal import Journal
from wug.runtime.learn import structure
from wug.runtime.pretrain import pretrain


class Watched(Silent):
    """Calls back at each update, and remembers what was said."""

    def __init__(self, at: Callable[[int], None] = lambda done: None) -> None:
        self.said: list[str] = []
        self.update_at = at

    def note(self, text: str) -> None:
        self.said.append(text)

    warn = note

    def stage(self, name: str, total: int, unit: str = ""):
        outer = self

        class Context:
            def __enter__(self):
                return self

            def __exit__(self, *error) -> None:
                return None

            def update(self, done: int, **figures: float) -> None:
                outer.update_at(done)

        return Context()


def learn(tiny, folder: Path, progress: Silent, interruption: Interruption | None = None, **changes) -> dict:
    folder.mkdir(exist_ok=True)
    pretrain(
        tiny.learner.model,
        dataclasses.replace(tiny.learner.pretraining, **changes),
        load(tiny.episodes, tiny.compiled / "tokenizer.json"),
        3,
        folder,
        progress,
        Interruption() if interruption is None else interruption,
        checkpoint_every_s=0,
    )
    _, like = structure(tiny.learner.model, read_json(tiny.episodes / "meta.json")["vocab"])
    return load_parameters(folder / "parameters", like)


def same(left: dict, right: dict) -> None:
    for one, other in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_killed_training_resumes_with_the_same_bits(shared, tmp_path: Path) -> None:
    whole = learn(shared, tmp_path / "whole", Watched())

    def fall(done: int) -> None:
        if done == 12:
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        learn(shared, tmp_path / "resumed", Watched(fall))
    again = Watched()
    same(whole, learn(shared, tmp_path / "resumed", again))
    assert "pretraining goes on from step 6" in again.said
    for name in ("log.jsonl", "outcome.json"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "resumed" / name).read_bytes()
    assert sorted(file.name for file in (tmp_path / "whole").iterdir()) == [
        "log.jsonl",
        "outcome.json",
        "parameters",
        "timing.json",
    ]
    records = [json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records] == [6, 12]
    assert set(records[1]["probe"]) == {"exceeds.forward", "exceeds.reverse"}


def test_a_training_that_an_earlier_version_began_goes_on(
    shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall(done: int) -> None:
        if done == 12:
            raise RuntimeError("killed")

    whole = learn(shared, tmp_path / "whole", Watched())
    with pytest.raises(RuntimeError, match="killed"):
        learn(shared, tmp_path / "resumed", Watched(fall))
    resume = Journal.resume

    def of_old(journal: Journal, *given: Any) -> Any:
        found = resume(journal, *given)
        del journal.log[0]["first"]
        return found

    monkeypatch.setattr(Journal, "resume", of_old)
    same(whole, learn(shared, tmp_path / "resumed", Watched()))


def test_an_interruption_saves_and_stops(shared, tmp_path: Path) -> None:
    interruption = Interruption()

    def interrupt(done: int) -> None:
        interruption.signal = 2

    with pytest.raises(KeyboardInterrupt):
        learn(shared, tmp_path / "p", Watched(interrupt), interruption)
    again = Watched()
    learn(shared, tmp_path / "p", again)
    assert "pretraining goes on from step 6" in again.said


def test_it_stops_at_the_first_probe_that_is_good_enough(shared, tmp_path: Path) -> None:
    learn(shared, tmp_path / "p", Silent(), accuracy=0.0)
    outcome = read_json(tmp_path / "p" / "outcome.json")
    assert (outcome["reached"], outcome["steps"], outcome["seed"]) == (True, 6, 3)


def test_a_probe_that_never_got_there_is_said(shared, tmp_path: Path) -> None:
    progress = Watched()
    learn(shared, tmp_path / "p", progress)
    outcome = read_json(tmp_path / "p" / "outcome.json")
    assert (outcome["reached"], outcome["steps"]) == (False, 12)
    assert any("pretraining fell short" in text for text in progress.said)
    assert outcome["train_flops"] > 6 * outcome["parameters"] * (outcome["tokens"] - 48)


def test_a_loss_that_is_no_number_ends_it(shared, tmp_path: Path) -> None:
    with pytest.raises(Diverged, match="lower its learning rate"):
        learn(shared, tmp_path / "p", Silent(), learning_rate=1e30)


def test_episodes_must_fit_the_model(shared, tmp_path: Path) -> None:
    model = dataclasses.replace(shared.learner.model, context=20)
    with pytest.raises(RuntimeFailure, match="model tiny: an episode takes"):
        learn(shared.change_model(model=model), tmp_path / "p", Silent())


def test_without_steps_the_weights_are_as_drawn(tiny, tmp_path: Path) -> None:
    drawn = learn(tiny, tmp_path / "none", Watched(), steps=0)
    same(drawn, learn(tiny, tmp_path / "again", Watched(), steps=0))
    outcome = read_json(tmp_path / "none" / "outcome.json")
    assert (outcome["steps"], outcome["accuracy"], outcome["tokens"]) == (0, {}, 0)
    assert outcome["reached"]
