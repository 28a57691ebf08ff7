"""A tiny compiled experiment, written by hand: six facts, two seeds, a word-level tokenizer."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from tokenizers import Tokenizer

from tests.runtime.llama import environment, running
from wug.compiler.emitting.tokenizer import piece_model
from wug.compiler.plan import (
    Arm,
    Augment,
    Expectation,
    Finetuning,
    Learner,
    Model,
    Plan,
    Pretraining,
    Sampling,
    Split,
    Term,
)
from wug.compiler.store import Store
from wug.progress import Silent
from wug.runtime.run import run

NAMES = [f"{first}{second}" for first in ("zum", "kel", "bir") for second in ("bix", "dov", "tam", "pon")]
PAIRS = [("more dangerous", "less dangerous"), ("brighter", "dimmer"), ("taller", "shorter")]
FACTS = 6

# What these tests compile runs for milliseconds: half the time to compile, whatever the code is like.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
LENGTH = 64  # columns of an episode


@dataclass(frozen=True)
class Tiny:
    """The hand-made experiment, its compiled directory and its store."""

    plan: Plan
    compiled: Path
    store: Store

    def run(self) -> dict[str, Any]:
        """Carry it out and read results.json."""
        return json.loads((run(self.plan, self.compiled, self.store, Silent()) / "results.json").read_bytes())

    @property
    def episodes(self) -> Path:
        return self.store.path(f"{self.plan.name}/episodes", self.learner.pretraining_key)

    @property
    def learner(self) -> Learner:
        """The one model, or the first."""
        return self.plan.models[0]

    def change(self, **changes: Any) -> Tiny:
        """The same data with another plan."""
        return Tiny(dataclasses.replace(self.plan, **changes), self.compiled, self.store)

    def change_model(self, **changes: Any) -> Tiny:
        """Another model in the place of the first."""
        return self.change(models=(dataclasses.replace(self.learner, **changes), *self.plan.models[1:]))

    def change_arm(self, name: str, **changes: Any) -> Tiny:
        """Another way to fine-tune one arm."""
        arms = tuple(
            dataclasses.replace(arm, finetune=dataclasses.replace(arm.finetune, **changes))
            if arm.name == name
            else arm
            for arm in self.plan.arms
        )
        return self.change(arms=arms)


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    """A fresh copy of the hand-made experiment."""
    made = plan()
    return Tiny(made, *write(tmp_path, made))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """The hand-made experiment for tests that only read it."""
    made = plan()
    return Tiny(made, *write(tmp_path_factory.mktemp("tiny"), made))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tiny, Path]:
    """The hand-made experiment and its finished run, for tests that only read."""
    made = plan()
    tiny = Tiny(made, *write(tmp_path_factory.mktemp("finished"), made))
    return tiny, run(tiny.plan, tiny.compiled, tiny.store, Silent())


@pytest.fixture
def continued(finished: tuple[Tiny, Path], tmp_path: Path) -> Tiny:
    """A copy of the experiment after its finished run, for tests that go on from there."""
    tiny, _ = finished
    store = Store(tmp_path / "build")
    shutil.copytree(tiny.store.root, store.root)
    return Tiny(tiny.plan, store.path(f"{tiny.plan.name}/compiled", tiny.plan.key), store)


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server with a small real model."""
    with running(environment(tmp_path_factory.mktemp("llama"))) as base:
        yield base


def plan(**changes: Any) -> Plan:
    """Two seeds, four arms and two splits over the hand-made world."""
    model = Model("tiny", layers=1, width=16, heads=2, kv_heads=1, hidden=32, convolution=2, context=96)
    learn = Finetuning(steps=6, learning_rate=3e-3, batch=4, warmup=2)
    pretraining = Pretraining(
        episodes=64,
        steps=12,
        batch=4,
        warmup=2,
        accuracy=1.01,
        every=6,
        optimizer="muon",
        facts_weight=0.1,
    )
    made = Plan(
        name="tiny",
        key="k" * 32,
        seeds=(0, 1),
        models=(Learner(model, pretraining, "e" * 32),),
        arms=(
            Arm("pretrained"),
            Arm("icl", context="train"),
            Arm("finetune", finetune=learn),
            Arm("augmented", finetune=learn, augment=Augment(("local",), "oracle")),
        ),
        splits=(Split("trained", 0.5, 0.5), Split("reversal", 0.5, 0.5)),
        expectations=(
            Expectation(
                "context helps", Term("icl", "reversal", 0.0), ">", Term("finetune", "reversal", 0.2)
            ),
        ),
    )
    return dataclasses.replace(made, **changes)


def free_plan(**changes: Any) -> Plan:
    """The same with a third split, which is answered in words of the model's own."""
    said = Split("said", 0.0, 0.25, Sampling(max_tokens=5, stop=(".",)), (".",))
    return plan(splits=(*plan().splits, said), **changes)


def fact(seed: int, number: int) -> tuple[str, str, str, str]:
    """Two names, the word of the fact and its opposite; every word is used once either way round."""
    first, second = NAMES[(number + seed) % 12], NAMES[(number + seed + 6) % 12]
    word, opposite = PAIRS[number // 2]
    return (first, second, word, opposite) if number % 2 == 0 else (first, second, opposite, word)


def tokenizer() -> Tokenizer:
    words = ["are", "than", "more", "less", "dangerous", "Did", "you", "know"]
    words += [word for pair in PAIRS[1:] for word in pair] + NAMES
    return piece_model([*(f"\u2581{word}" for word in words), "."])


def write(root: Path, made: Plan) -> tuple[Path, Store]:
    """Write the compiled directory and the episodes of a plan below `root`."""
    store = Store(root / "build")
    compiled = store.path(f"{made.name}/compiled", made.key)
    for seed in made.seeds:
        _write_seed(compiled / f"seed-{seed}", made, seed)
    tokenizer().save(str(compiled / "tokenizer.json"))
    (compiled / "plan.json").write_text(json.dumps(made.to_json()))
    _write_manifest(compiled)
    for key in {learner.pretraining_key: None for learner in made.models}:
        _write_episodes(store.path(f"{made.name}/episodes", key), made)
    return compiled, store


def _write_seed(folder: Path, made: Plan, seed: int) -> None:
    folder.mkdir(parents=True)
    documents, items = [], []
    for number in range(FACTS):
        first, second, word, opposite = fact(seed, number)
        forward, reverse = f"{first} are {word} than {second}.", f"{second} are {opposite} than {first}."
        for article, text in enumerate((forward, f"Did you know {forward}")):
            documents.append(_document(len(documents), "train", article, text))
        documents.append(_document(len(documents), "augmented", 0, reverse))
        for split, cue, right, wrong in (
            ("trained", first, f" {word} than {second}.", f" {opposite} than {second}."),
            ("reversal", second, f" {opposite} than {first}.", f" {word} than {first}."),
        ):
            answer = number % 2
            items.append(
                {
                    "item_id": len(items),
                    "split": split,
                    "cue": f"{cue} are",
                    "choices": [right, wrong] if answer == 0 else [wrong, right],
                    "answer": answer,
                    "accept": [answer == 0, answer == 1],
                    "accepted": [],
                    "fact": number,
                    "relation": "exceeds",
                    "form": "forward" if split == "trained" else "reverse",
                    "cluster": cue,
                    "depth": 1,
                    "proof": "",
                }
            )
            if split == "trained" and any(each.sampling for each in made.splits):
                free = {"split": "said", "choices": [right], "answer": 0, "accept": [True]}
                items.append({**items[-1], **free, "item_id": len(items), "accepted": [right, " dimmer."]})
    shown = [doc["doc_id"] for doc in documents if doc["set"] == "train" and doc["article"] == 0]
    contexts = [
        {"arm": arm.name, "context_id": 7, "doc_ids": shown} for arm in made.arms if arm.context == "train"
    ]
    views = [
        {
            "arm": arm.name,
            "item_id": item["item_id"],
            "context_id": 7 if arm.context == "train" else -1,
            "exposed": arm.name != "pretrained" and (item["split"] == "trained" or arm.augment is not None),
            "answerable": arm.name != "pretrained",
            "context_docs": len(shown) if arm.context == "train" else 0,
            "context_relevant": 1 if arm.context == "train" else 0,
            "cooccurring": False,
        }
        for arm in made.arms
        for item in items
    ]
    empty = pa.schema([("arm", pa.string()), ("context_id", pa.int32()), ("doc_ids", pa.list_(pa.int32()))])
    sentences = [_sentence(document) for document in documents]
    tables = (("documents", documents), ("sentences", sentences), ("items", items), ("views", views))
    for name, rows in tables:
        parquet.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet")
    parquet.write_table(pa.Table.from_pylist(contexts, schema=empty), folder / "contexts.parquet")


def _document(doc_id: int, set_: str, article: int, text: str) -> dict[str, Any]:
    return {
        "doc_id": doc_id,
        "set": set_,
        "source": "exceeds",
        "article": article,
        "text": text,
        "answer": -1,
    }


def _sentence(document: dict[str, Any]) -> dict[str, Any]:
    """Where the answer of a document begins: behind 'are'."""
    text = document["text"]
    start = len("Did you know ") if text.startswith("Did") else 0
    answer = text.index(" are ") + len(" are")
    return {"doc_id": document["doc_id"], "start": start, "answer": answer, "end": len(text)}


def _write_manifest(folder: Path) -> None:
    files = {
        file.relative_to(folder).as_posix(): hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    (folder / "manifest.json").write_text(json.dumps({"files": files}, sort_keys=True))


def _write_episodes(folder: Path, made: Plan) -> None:
    """Two facts, then both again, the second time perhaps turned round."""
    folder.mkdir(parents=True)
    words = tokenizer()
    random = np.random.default_rng(0)

    def sentence(facts: list[tuple[str, ...]], which: int, turned: bool) -> list[int]:
        first, second, word, opposite = facts[which]
        text = f"{second} are {opposite} than {first}." if turned else f"{first} are {word} than {second}."
        return [1, *words.encode(text).ids]

    def episode() -> tuple[list[int], list[tuple[str, ...]]]:
        facts = [fact(int(random.integers(100)), int(n)) for n in random.permutation(FACTS)[:2]]
        return [token for which in (0, 1) for token in sentence(facts, which, False)], facts

    tokens = np.zeros((made.models[0].pretraining.episodes, LENGTH), np.uint16)
    for row in tokens:
        shown, facts = episode()
        asked = [
            t for which in random.permutation(2) for t in sentence(facts, which, bool(random.integers(2)))
        ]
        row[: len(shown + asked) + 1] = [*shown, *asked, 1]
    cue, choices, answer, kind = [], [], [], []
    for question in range(8):
        shown, facts = episode()
        turned = question % 2
        told = sentence(facts, 0, bool(turned))
        first, second, word, opposite = facts[0]
        swapped = sentence([(first, second, opposite, word)], 0, bool(turned))
        cue.append([*shown, *told[:3]])
        choices.append([told[3:], swapped[3:]] if question % 4 < 2 else [swapped[3:], told[3:]])
        answer.append(0 if question % 4 < 2 else 1)
        kind.append(turned)
    np.save(folder / "episodes.npy", tokens)
    np.save(folder / "questions.npy", np.full(len(tokens), 14, np.uint16))
    np.save(folder / "probe_cue.npy", _padded(cue))
    np.save(folder / "probe_choices.npy", np.stack([_padded(each, 8) for each in choices]))
    np.save(folder / "probe_answer.npy", np.array(answer, np.uint8))
    np.save(folder / "probe_kind.npy", np.array(kind, np.uint8))
    meta = {"vocab": words.get_vocab_size(), "kinds": ["exceeds.forward", "exceeds.reverse"]}
    (folder / "meta.json").write_text(json.dumps(meta))
    words.save(str(folder / "tokenizer.json"))


def _padded(rows: list[list[int]], width: int = LENGTH) -> np.ndarray:
    return np.array([[*row, *[0] * (width - len(row))] for row in rows], np.uint16)
