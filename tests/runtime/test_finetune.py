import dataclasses
import re
from pathlib import Path

import jax
import numpy as np
import pytest

from wug.compiler.lora import Lora
from wug.compiler.plan import Replay
from wug.progress import Progress, Silent
from wug.runtime import finetune as module
from wug.runtime.adapter import adapter_shapes, fresh_adapter
from wug.runtime.checkpoint import load_parameters, tree_digest
from wug.runtime.corpus import load
from wug.runtime.episodes import load as episodes
from wug.runtime.files import read_json
from wug.runtime.finetune import chunk_of, finetune, stacked
from wug.runtime.interruption import Interruption
from wug.runtime.learn import initial_parameters, structure
from wug.runtime.replay import of_episodes

LORA = Lora(2)


@pytest.fixture(autouse=True)
def _short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "chunk_of", lambda steps: 6)


def learn(
    tiny,
    folder: Path,
    seeds: list[int],
    interruption: Interruption | None = None,
    shares: bool = True,
    **changes,
) -> dict:
    """Train an arm; with an adapter, beside weights that the seeds share, or that each has for itself."""
    folder.mkdir(exist_ok=True)
    corpus = load(tiny.compiled, seeds)
    again = of_episodes(episodes(tiny.episodes, tiny.compiled / "tokenizer.json"), tiny.learner.pretraining)
    worlds = [dataclasses.replace(world, replayed={"finetune": again}) for world in corpus.worlds]
    arm = tiny.plan.arms[2]
    arm = dataclasses.replace(arm, finetune=dataclasses.replace(arm.finetune, **{"steps": 12, **changes}))
    model, vocabulary, lora = tiny.learner.model, corpus.vocabulary, arm.finetune.lora
    start, beside = [initial_parameters(model, vocabulary, 0)] * len(seeds), []
    if lora is not None:
        start, beside = [fresh_adapter(model, vocabulary, lora, seed) for seed in seeds], start
        beside = beside if shares else [jax.tree.map(np.array, each) for each in beside]
    before = [tree_digest(each) for each in beside]
    progress: Progress = Silent()
    finetune(
        model,
        vocabulary,
        arm,
        worlds,
        stacked(start),
        folder,
        progress,
        Interruption() if interruption is None else interruption,
        checkpoint_every_s=0,
        beside=beside,
    )
    assert [tree_digest(each) for each in beside] == before, "what stands beside stays as it was"
    like = adapter_shapes(model, vocabulary, lora) if lora else structure(model, vocabulary)[1]
    like = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((len(seeds), *leaf.shape), leaf.dtype), like)
    return load_parameters(folder / "parameters", like)


def interrupted_and_whole(tiny, tmp_path: Path, **changes: object) -> dict:
    """A training of two seeds, once it is shown that one which was interrupted ends with the same bits."""
    whole = learn(tiny, tmp_path / "whole", [0, 1], **changes)
    interruption = Interruption()
    interruption.signal = 2
    with pytest.raises(KeyboardInterrupt):
        learn(tiny, tmp_path / "resumed", [0, 1], interruption, **changes)
    resumed = learn(tiny, tmp_path / "resumed", [0, 1], **changes)
    for left, right in zip(jax.tree.leaves(whole), jax.tree.leaves(resumed), strict=True):
        np.testing.assert_array_equal(left, right)
    for name in ("log.jsonl", "outcome.json"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "resumed" / name).read_bytes()
    return whole


@pytest.mark.parametrize("lora", [None, LORA], ids=["all weights", "an adapter"])
def test_an_interrupted_training_resumes_with_the_same_bits(
    lora: Lora | None, shared, tmp_path: Path
) -> None:
    changes = {"optimizer": "muon", "average": 0.9, "lora": lora}  # all that is carried from step to step
    changes |= {"replay": Replay(0.4)} if lora is None else {}
    whole = interrupted_and_whole(shared, tmp_path, **changes)
    outcome = read_json(tmp_path / "whole" / "outcome.json")
    assert (outcome["failed"], outcome["steps"], outcome["seeds"]) == (None, 12, [0, 1])
    assert len(outcome["loss"]) == 2
    late = learn(shared, tmp_path / "late", [0, 1], **(changes | {"average": 0.1}))
    assert not all(map(np.allclose, jax.tree.leaves(whole), jax.tree.leaves(late)))


def test_seeds_together_learn_as_each_alone(shared, tmp_path: Path) -> None:
    together = learn(shared, tmp_path / "together", [0, 1])
    alone = learn(shared, tmp_path / "alone", [1])
    for left, right in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(left[1], right[0], atol=1e-5)


def test_adapters_learn_as_each_alone_whether_or_not_they_share_the_weights_beside(
    shared, tmp_path: Path
) -> None:
    together = learn(shared, tmp_path / "together", [0, 1], lora=LORA)
    apart = learn(shared, tmp_path / "apart", [0, 1], shares=False, lora=LORA)
    alone = learn(shared, tmp_path / "alone", [1], lora=LORA)
    begun = fresh_adapter(shared.learner.model, load(shared.compiled, [1]).vocabulary, LORA, 1)
    every = map(jax.tree.leaves, (together, apart, alone, begun))
    for first, second, third, before in zip(*every, strict=True):
        np.testing.assert_allclose(first[1], third[0], atol=1e-5)
        np.testing.assert_allclose(first, second, atol=1e-5)
        assert np.abs(third[0] - before).max() > 1e-4, "every matrix of it has learnt"


def test_a_training_that_comes_apart_says_so(shared, tmp_path: Path) -> None:
    learn(shared, tmp_path / "p", [0, 1], learning_rate=1e30)
    failed = read_json(tmp_path / "p" / "outcome.json")["failed"]
    assert "arm finetune: training came apart" in failed
    assert "seeds 0, 1" in failed
    assert "learning rate 1e+30" in failed


def test_a_loss_that_explodes_is_told_with_what_it_was(shared, tmp_path: Path) -> None:
    learn(shared, tmp_path / "p", [0, 1], learning_rate=30.0)
    failed = read_json(tmp_path / "p" / "outcome.json")["failed"]
    assert re.search(r"training came apart \(the loss rose from [34]\.\d to [\d,]{3,}\.\d\)", failed), failed
    assert "learning rate 30 is too high" in failed


def test_chunks_divide_the_steps_where_they_can() -> None:
    assert [chunk_of(steps) for steps in (150, 60, 200, 6, 31, 97)] == [25, 20, 25, 6, 20, 20]


def test_the_loss_over_answers_learns_other_weights(shared, tmp_path: Path) -> None:
    whole = learn(shared, tmp_path / "whole", [0])
    answer = learn(shared, tmp_path / "answer", [0], loss="answer")
    same = [
        np.array_equal(left, right)
        for left, right in zip(jax.tree.leaves(whole), jax.tree.leaves(answer), strict=True)
    ]
    assert not all(same)
