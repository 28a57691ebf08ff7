"""Free answers: said, judged, kept, and the same however often a run is killed."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from tests.runtime.conftest import Tiny, free_plan, write
from tests.runtime.test_run import KILLER, entries, script
from wug.compiler.plan import Arm, Expectation, Plan, Sampling, Split, Term
from wug.progress import Silent
from wug.runtime.corpus import load
from wug.runtime.failure import ContextOverflow
from wug.runtime.free import Said, read_said, write_said, wrong_texts
from wug.runtime.run import run
from wug.runtime.score import answers, check_fits

ARMS = ("icl", "finetune")


def chosen() -> Plan:
    made = free_plan(expectations=(Expectation("so", Term("icl", "said", 0), "<", Term("", "", 0.9)),))
    return dataclasses.replace(made, arms=tuple(arm for arm in made.arms if arm.name in ARMS))


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tiny, Path]:
    made = chosen()
    tiny = Tiny(made, *write(tmp_path_factory.mktemp("answered"), made))
    return tiny, run(tiny.plan, tiny.compiled, tiny.store, Silent())


def test_every_answer_is_kept_and_the_wrong_ones_are_shown(answered) -> None:
    tiny, folder = answered
    lines = [json.loads(line) for line in (folder / "generations.jsonl").read_text().splitlines()]
    assert len(lines) == len(ARMS) * 2 * 6
    items = {(world.seed, i): world.items for world in load(tiny.compiled, [0, 1]).worlds for i in range(18)}
    for line in lines:
        accepted = items[line["seed"], line["item_id"]].accepted[line["item_id"]]
        assert line["right"] == (line["text"].strip() in {text.strip(" .") for text in accepted})
        assert "." not in line["text"], "it stops at the ending of the form"
        assert 1 <= line["tokens"] <= 5
    document = json.loads((folder / "results.json").read_bytes())
    for row in document["pooled"]:
        own = [line for line in lines if line["arm"] == row["arm"]] if row["split"] == "said" else []
        if own:
            assert row["accuracy"] == pytest.approx(sum(line["right"] for line in own) / 12, abs=1e-6)
            assert (row["n"], row["chance"], row["constant"], row["margin"]) == (12, 0.0, 0.25, None)
            assert row["shortcuts"]["overlap"] == {"accuracy": None, "agreement": None}
        wrong = [line["text"].strip() for line in own if not line["right"]]
        assert sum(each["n"] for each in row["wrong"]) == len(wrong)
        assert {each["text"] for each in row["wrong"]} == set(wrong)
    split = document["splits"][2]
    assert (split["split"], split["chance"], split["overlap"]) == ("said", 0.0, None)
    assert document["expectations"][0]["verdict"] in ("supported", "refuted", "undecided")


def test_a_killed_run_answers_the_same(answered, tmp_path: Path) -> None:
    made = chosen()
    tiny = Tiny(made, *write(tmp_path, made))
    programs = "compiled-programs"
    shutil.copytree(answered[0].store.root / programs, tiny.store.root / programs)
    script(tiny, "STAGE, AT = 'icl: answering', 1\n" + KILLER, killed=True)
    assert (len(entries(tiny, "scores")), len(entries(tiny, "free"))) == (1, 0)
    script(tiny, "STAGE, AT = 'finetune: answering', 7\n" + KILLER, killed=True)
    assert len(entries(tiny, "free")) == 1
    folder = run(tiny.plan, tiny.compiled, tiny.store, Silent())
    for name in ("results.json", "generations.jsonl"):
        assert (folder / name).read_bytes() == (answered[1] / name).read_bytes()


def test_other_settings_ask_again_and_train_nothing(answered) -> None:
    tiny, _ = answered
    before = {kind: entries(tiny, kind) for kind in ("trained", "scores", "free")}
    (*others, said) = tiny.plan.splits
    drawn = dataclasses.replace(said, sampling=Sampling(temperature=1.0, max_tokens=5, stop=(".",)))
    tiny.change(splits=(*others, drawn)).run()
    added = {kind: len(entries(tiny, kind) - before[kind]) for kind in before}
    assert added == {"trained": 0, "scores": 0, "free": 2}


def test_room_for_an_answer_is_counted(answered) -> None:
    corpus = load(answered[0].compiled, [0, 1])
    (*others, said) = answered[0].plan.splits
    long = dataclasses.replace(said, sampling=Sampling(max_tokens=90))
    with pytest.raises(ContextOverflow, match="arm icl: a question with its 6 documents takes"):
        check_fits(dataclasses.replace(answered[0].plan, splits=(*others, long)), corpus)


def test_a_free_answer_is_right_or_wrong_whatever_the_choices_say(answered) -> None:
    items = load(answered[0].compiled, [0]).worlds[0].items
    at = items.of("said").tolist()
    said = [Said(0, "said", items.item_id_N[i].item(), "", "", 1, "stop", i == at[2]) for i in at]
    found = answers(items, [0.0] * len(items.accept_Q), said)
    assert found.credit_N[at].tolist() == [0, 0, 1, 0, 0, 0]
    assert items.chance_N[at].tolist() == [0.0] * 6
    assert found.credit_N[items.of("trained")].tolist() == [0.5] * 6


def test_texts_survive_and_are_counted(tmp_path: Path) -> None:
    said = [
        Said(0, "t", n, "cue", text, 2, "stop", text == "c") for n, text in enumerate(["b ", "a", "b", "c"])
    ]
    write_said(tmp_path / "x.jsonl", [(Arm("icl"), each) for each in said])
    assert read_said(tmp_path / "x.jsonl") == said
    assert wrong_texts(said, "t") == [{"text": "b", "n": 2}, {"text": "a", "n": 1}]
    assert wrong_texts(said, "u") == []


def test_a_split_survives_json() -> None:
    for split in free_plan().splits:
        assert Split.from_json(json.loads(json.dumps(dataclasses.asdict(split)))) == split
