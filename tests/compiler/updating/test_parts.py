"""Which documents arms read of a world in two versions, what follows from them, and the audit of all that."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.compiler.conftest import Write
from tests.compiler.judge.case import Case
from tests.compiler.judge.updates import judge_update
from tests.compiler.updating.versions import EXPERIMENT, NEW, OLD, WORLD, Table, read
from wug.compiler.compile import compile_experiment
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import draft
from wug.compiler.emitting.audit import audit
from wug.compiler.experiment import Experiment
from wug.compiler.identity import corpus_key, episodes_key
from wug.compiler.store import Store
from wug.progress import Silent


def test_documents_of_each_part(write: Write) -> None:
    drawn = draft(read(write), Report())
    arms = {arm.name: arm for arm in drawn.experiment.arms}
    new, old = drawn.world_documents(0), drawn.told_before(0)

    def texts(name: str) -> set[str]:
        return set(new.text[drawn.read(arms[name], new)].tolist())

    prices = {f"The {name} costs {price} euros." for name, (price, _) in NEW.items() if price}
    makers = {f"The {name} is made by {maker}." for name, (_, maker) in NEW.items()}
    assert texts("anew") == prices | makers
    was = {f"The {name} costs {price} euros." for name, (price, _) in OLD.items() if price}
    was |= {f"The {name} is made by {maker}." for name, (_, maker) in OLD.items()}
    assert texts("changes") == (prices | makers) - was
    assert set(old.text[drawn.read(arms["before"], old)].tolist()) == was
    added = texts("augmented") - texts("changes")
    assert added == {
        f"For {price} euros you get the {name}."
        for name, price in (("Birch", 25), ("Dune", 45), ("Iris", 90), ("Heath", 85))
    }


def test_what_arms_can_answer(write: Write) -> None:
    drawn = draft(read(write), Report())
    items = drawn.world_tests(0)[0]
    assert items.change is not None
    for number, arm in enumerate(drawn.experiment.arms):
        view = drawn.view(number, 0)
        for item, change in enumerate(items.change.tolist()):
            stated = arm.name != "before" or change == "kept"
            answerable = stated if arm.context != "bm25" else view.answerable[item]
            assert view.answerable[item] == answerable, (arm.name, item)
            assert view.exposed[item] == stated or arm.context != "none", (arm.name, item)


def test_a_count_of_what_is_left_is_not_known(write: Write) -> None:
    """Of Pim's products one is left: that is the count now, but the old list says two."""
    drawn = draft(read(write), Report())
    before = [arm.name for arm in drawn.experiment.arms].index("before")
    view, first = drawn.view(before, 0), sum(map(len, drawn.world_tests(0)[:-1]))
    items = drawn.world_tests(0)[-1]
    answerable = dict(zip(items.cue.tolist(), view.answerable[first:], strict=True))
    assert not answerable["The number of products of Pim is"]
    assert answerable["The number of products of Rui is"]


def test_keys_depend_on_the_old_version(write: Write) -> None:
    def keys(old: Table = OLD, experiment: str = EXPERIMENT) -> tuple[str, str]:
        spec = read(write, old, experiment=experiment)
        return corpus_key(spec), episodes_key(spec, spec.models[0])

    own = keys()
    other = keys({**OLD, "Alder": ("11", "Ona")})
    assert own[0] != other[0]
    assert own[1] != other[1], "its letters are among the tokens"
    alone = keys(experiment=EXPERIMENT.replace("continues before  context bm25(2)", "context bm25(2)"))
    assert own[0] != alone[0]
    assert own[1] == alone[1]


def compiled(spec: Experiment, tmp_path: Path) -> Path:
    return compile_experiment(spec, Store(tmp_path / "build"), Silent(), Report()).path


def test_the_card_says_what_changed(write: Write, tmp_path: Path) -> None:
    card = (compiled(read(write), tmp_path) / "README.md").read_text()
    told = card.split("## What changed\n\n")[1].split("\n\n")[0].splitlines()
    assert told == [
        "- `maker`: 6 kept, 1 changed, 1 added, 1 removed",
        "- `price`: 3 kept, 2 changed, 2 added, 2 removed",
        "- `range`: 2 kept, 2 changed",
    ]


def test_an_independent_judge_agrees(write: Write, tmp_path: Path) -> None:
    experiment = EXPERIMENT.replace("local by oracle", "local global by oracle")
    folder = compiled(read(write, experiment=experiment), tmp_path) / "seed-0"
    old = Case(folder / "before", WORLD, experiment, set())
    case = Case(folder, WORLD, experiment, set(), old)
    case.answer_keys()
    case.documents_are_true()
    case.augmentation()
    case.exposure()
    judge_update(case, folder)


def test_the_audit_is_content(write: Write, tmp_path: Path) -> None:
    spec = read(write)
    assert audit(spec, compiled(spec, tmp_path), [], Report()).faults == ()


def _another_state(row: dict[str, Any]) -> None:
    row["change"] = "kept"


def _another_price(row: dict[str, Any]) -> None:
    row["text"] = row["text"].replace("costs 40", "costs 45")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("changes", _another_state, "row 1 of changes.jsonl is not as it follows from both versions"),
        ("asked", _another_state, "row 1 of asked.jsonl is not as it follows from both versions"),
        ("before/documents", _another_price, "in the old version, documents.jsonl and documents.parquet say"),
    ],
)
def test_the_audit_finds_what_was_changed(
    write: Write, tmp_path: Path, name: str, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    spec = read(write)
    folder = compiled(spec, tmp_path)
    path = folder / "seed-0" / f"{name}.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        change(row)
    path.write_text(
        "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    )
    said = [fault.message for fault in audit(spec, folder, [], Report()).faults]
    assert any(each.startswith(message) for each in said), said
