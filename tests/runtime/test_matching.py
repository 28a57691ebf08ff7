"""Arms that train on as many tokens as another, and an arm that is both trained and shown documents."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.runtime.conftest import Tiny, plan, write
from wug.compiler.plan import Arm, Finetuning
from wug.progress import Silent
from wug.runtime.corpus import load
from wug.runtime.matching import matched, tokens_by_step
from wug.runtime.run import run


def total(worlds, arm: Arm) -> int:
    return int(tokens_by_step(worlds, arm.name, arm.finetune)[-1])


@pytest.mark.parametrize("steps", [1, 7, 100])
@pytest.mark.parametrize("batch", [1, 4, 30])
def test_no_other_number_of_steps_comes_closer(shared, steps: int, batch: int) -> None:
    worlds = load(shared.compiled, [0, 1]).worlds
    other = Arm("augmented", finetune=Finetuning(steps=steps, batch=4))
    arm = Arm("finetune", finetune=Finetuning(batch=batch, match="augmented"))
    found, _ = matched((arm, other), worlds)
    wanted, steps = total(worlds, other), found.finetune.steps
    assert found == replace(arm, finetune=Finetuning(batch=batch, steps=steps))
    off = {
        n: abs(total(worlds, replace(found, finetune=Finetuning(batch=batch, steps=n))) - wanted)
        for n in (max(1, steps - 1), steps, steps + 1)
    }
    assert off[steps] == min(off.values())


def test_matches_follow_one_another_whatever_their_order(shared) -> None:
    worlds = load(shared.compiled, [0, 1]).worlds
    learn = Finetuning(batch=2, match="augmented")
    arms = (
        Arm("pretrained", finetune=replace(learn, match="finetune")),
        Arm("finetune", finetune=learn),
        Arm("augmented", finetune=Finetuning(steps=50, batch=4)),
    )
    first, second, third = matched(arms, worlds)
    assert third == arms[2]
    assert abs(total(worlds, first) - total(worlds, third)) <= 2 * 2 * 12
    assert first.finetune.steps == second.finetune.steps > 90


def test_a_matched_arm_and_one_with_context_run_to_their_end(tmp_path: Path) -> None:
    base = plan()
    learn = next(arm.finetune for arm in base.arms if arm.name == "finetune")
    arms = (
        *base.arms,
        Arm("longer", finetune=replace(learn, batch=2, match="augmented")),
        Arm("both", context="train", finetune=learn),
        Arm("wider", finetune=replace(learn, batch=2, match="augmented"), model="wide"),
    )
    (tiny,) = base.models
    wide = replace(tiny, model=replace(tiny.model, name="wide", width=32, hidden=64))
    made = plan(arms=arms, models=(tiny, wide))
    tiny = Tiny(made, *write(tmp_path, made))
    folder = run(tiny.plan, tiny.compiled, tiny.store, Silent())
    document = json.loads((folder / "results.json").read_bytes())
    priced = document["arms"]
    accuracy = {(row["arm"], row["split"]): row["accuracy"] for row in document["pooled"]}
    assert {("both", "trained"), ("longer", "reversal")} <= accuracy.keys()
    assert priced["longer"]["train_tokens"] == pytest.approx(priced["augmented"]["train_tokens"], rel=0.1)
    assert priced["longer"]["train_steps"] == pytest.approx(2 * priced["augmented"]["train_steps"], abs=1)
    assert priced["longer"]["match"] == "augmented"
    assert priced["wider"]["train_tokens"] == priced["longer"]["train_tokens"], "in another model as well"
    assert priced["wider"]["train_flops"] > 2 * priced["longer"]["train_flops"]
    sizes = {each["model"]: each["parameters"] for each in document["pretraining"]}
    assert sizes["wide"] > 2 * sizes["tiny"]
    both, icl, finetune = (priced[name] for name in ("both", "icl", "finetune"))
    assert both["train_flops"] == finetune["train_flops"]
    assert both["question_flops"] == icl["question_flops"]
    assert both["breakeven_questions"] is None
    shown = {row["arm"]: row["context_docs"] for row in document["pooled"]}
    assert shown["both"] == shown["icl"] == 6
    pooled = {(row["arm"], row["split"]): row["margin"] for row in document["pooled"]}
    margins = {pooled[arm, "trained"] for arm in ("both", "icl", "finetune")}
    assert len(margins) == 3, "both the weights and the context tell"
