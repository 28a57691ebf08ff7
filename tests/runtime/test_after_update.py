"""A run over a world in two versions: who goes on from whom, what is trained, and how stale answers count."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as parquet
import pytest
from rich.console import Console

from tests.compiler.conftest import checked
from tests.compiler.updating.versions import EXPERIMENT, NEW, OLD, WORLD
from wug.compiler.asking.free import exact
from wug.compiler.compile import Compiled, compile_experiment
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Experiment
from wug.compiler.plan import Arm
from wug.compiler.store import Store
from wug.progress import Silent
from wug.runtime.corpus import load
from wug.runtime.report import print_report
from wug.runtime.run import run
from wug.runtime.training import Training

ARMS = """
  arm before  { documents old  finetune { steps 4 }  forgetting none }
  arm idle    { continues before }
  arm changes { like before  continues before  documents changed }
  arm lora    { like changes  finetune { lora { rank 2 } } }
  arm shown   { continues before  context bm25(2) }
}
"""


class Done:
    """The small shop, compiled and run."""

    def __init__(self, folder: Path) -> None:
        (folder / "wug.lock").touch()
        for name, table in (("old", OLD), ("new", NEW)):
            rows = [f"{product},{price},{maker}\n" for product, (price, maker) in table.items()]
            (folder / f"{name}.csv").write_text("name,price,maker\n" + "".join(rows))
            (folder / f"{name}.world").write_text(WORLD.replace("VERSION", name))
        (folder / "shop.experiment").write_text(EXPERIMENT.split("  arm icl")[0] + ARMS)
        spec = checked(folder / "shop.experiment")
        assert isinstance(spec, Experiment)
        self.store = Store(folder / "build")
        self.compiled: Compiled = compile_experiment(spec, self.store, Silent(), Report())
        self.folder = run(self.compiled.plan, self.compiled.path, self.store, Silent())
        self.document: dict[str, Any] = json.loads((self.folder / "results.json").read_bytes())

    def lines(self, name: str) -> list[dict[str, Any]]:
        text = (self.compiled.path / "seed-0" / f"{name}.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def rows(self, arm: str) -> dict[str, Any]:
        return {row["split"]: row for row in self.document["update"] if row["arm"] == arm}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    return Done(tmp_path_factory.mktemp("shop"))


def test_documents_of_each_arm(done: Done) -> None:
    documents = load(done.compiled.path, [0]).worlds[0].documents

    def texts(arm: str) -> set[str]:
        return {documents.text_D[row] for row in documents.seen_by(arm).tolist()}

    assert "The Birch costs 20 euros." in texts("before")
    assert "The Grove costs 70 euros." in texts("before")
    assert not any("Iris" in text for text in texts("before"))
    assert texts("changes") == {
        *(f"The {name} costs {NEW[name][0]} euros." for name in ("Birch", "Dune", "Iris", "Heath")),
        "The Comet is made by Ona.",
        "The Iris is made by Sol.",
    }
    every = {f"The {name} costs {price} euros." for name, (price, _) in NEW.items() if price}
    assert texts("shown") == every | {f"The {name} is made by {maker}." for name, (_, maker) in NEW.items()}


def test_an_arm_goes_on_from_another(done: Done) -> None:
    """One that does nothing more answers as that one does, choice by choice."""

    def margins(arm: str) -> list[float | None]:
        return [row["margin"] for row in done.document["rows"] if row["arm"] == arm]

    assert margins("idle") == margins("before")
    assert margins("changes") != margins("before")
    assert margins("lora") not in (margins("before"), margins("changes"))
    prices = done.document["arms"]
    assert prices["idle"]["train_tokens"] == prices["shown"]["train_tokens"] == 0
    assert 0 < prices["changes"]["train_tokens"] < prices["before"]["train_tokens"]


def test_states_and_stale_answers_are_counted(done: Done) -> None:
    asked = {row["item_id"]: row for row in done.lines("asked")}
    items = {row["item_id"]: row for row in done.lines("items")}
    said = [json.loads(line) for line in (done.folder / "generations.jsonl").read_text().splitlines()]
    for arm in ("before", "changes", "shown"):
        (scores,) = [
            parquet.read_table(path.with_name("scores.parquet")).to_pylist()
            for path in (done.store.root / "shop" / "scores").glob("*/outcome.json")
            if json.loads(path.read_bytes())["arm"] == arm
        ]
        for split, row in done.rows(arm).items():
            mine = {number: item for number, item in items.items() if item["split"] == split}
            right: dict[str, list[float]] = {"kept": [], "changed": [], "added": []}
            stale = []
            for number, item in mine.items():
                if split == "said":
                    (text,) = [
                        each["text"] for each in said if (each["arm"], each["item_id"]) == (arm, number)
                    ]
                    good = exact(text, item["accepted"], (".",))
                    once = exact(text, asked[number]["old"], (".",))
                else:
                    told = [each["log_likelihood"] for each in scores if each["item_id"] == number]
                    best = int(np.argmax(told))
                    good, once = item["accept"][best], item["choices"][best] in asked[number]["old"]
                right[asked[number]["change"]].append(float(good))
                if asked[number]["old"]:
                    stale.append(float(once))
            for state, credit in right.items():
                assert row[state]["n"] == len(credit)
                assert row[state]["accuracy"] == (pytest.approx(np.mean(credit)) if credit else None)
            assert row["stale"]["n"] == len(stale)
            assert row["stale"]["share"] == (pytest.approx(np.mean(stale)) if stale else None)


def test_the_report_has_a_table_for_each_test(done: Done) -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    print_report(done.document, console)
    text = console.export_text()
    for split in ("price", "back", "said", "maker", "truth", "range"):
        assert f"after the update: {split}" in text
    assert "what was right before" in text


def test_an_arm_whose_start_came_apart_says_so(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    arms = [each for each in done.compiled.plan.arms if each.name in ("before", "changes")]
    plan = done.compiled.plan
    made = json.loads((done.folder / "results.json").read_bytes())
    assert all(made["arms"][arm.name]["failed"] is None for arm in arms)

    def apart(self: Training, arm: Arm, worlds: object, label: str) -> str | None:
        return "it came apart" if arm.continues else None

    monkeypatch.setattr(Training, "started", apart)
    store = Store(done.store.root.parent / "apart")
    for kind in ("compiled", "episodes", "pretrained"):
        (store.root / "shop").mkdir(parents=True, exist_ok=True)
        (store.root / "shop" / kind).symlink_to(done.store.root / "shop" / kind)
    told = json.loads((run(plan, done.compiled.path, store, Silent()) / "results.json").read_bytes())
    assert told["arms"]["before"]["failed"] is None
    assert told["arms"]["changes"]["failed"] == (
        "arm changes continues before, which has no weights: it came apart"
    )
    scored = {row["arm"] for row in told["update"]}
    assert scored == {"before", "idle"}, "whoever has the same weights is scored once"
