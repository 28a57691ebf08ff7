"""Tuning: what is chosen among candidates, and a run that chooses by itself, killed or not."""

from __future__ import annotations

import dataclasses
import io
import json
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from tests.compiler.conftest import checked
from wug import specs
from wug.compiler.compile import compile_experiment
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.emitting.augmentation import Scribe
from wug.compiler.emitting.tuning import tuning_draft
from wug.compiler.experiment import Experiment
from wug.compiler.plan import Arm, Finetuning, Plan, Tune, Tuning
from wug.compiler.store import Store
from wug.progress import Silent
from wug.runtime.report import print_report
from wug.runtime.run import run
from wug.runtime.tuning import Candidate, choose, settled, tuning_plans

SETTING = Finetuning(steps=10, learning_rate=1e-3)


def candidate(steps: int, rate: float, right: int, failed: str | None = None, of: int = 100) -> Candidate:
    """One that knows the first `right` of the items."""
    credit_N = (np.arange(of) < right).astype(float)
    setting = dataclasses.replace(SETTING, steps=steps, learning_rate=rate)
    return Candidate(setting, credit_N if failed is None else np.empty(0), failed)


@pytest.mark.parametrize(
    ("tried", "chosen"),
    [
        ([candidate(100, 1e-3, 50), candidate(100, 3e-3, 99), candidate(200, 1e-3, 60)], 1),
        ([candidate(200, 1e-3, 99), candidate(100, 3e-3, 97), candidate(100, 1e-2, 97)], 1),  # noise
        ([candidate(200, 1e-3, 99), candidate(100, 3e-3, 95), candidate(100, 1e-2, 90)], 0),  # no noise
        ([candidate(100, 1e-2, 100), candidate(100, 1e-3, 100), candidate(200, 1e-4, 100)], 1),
        ([candidate(50, 1e-2, 0, "came apart"), candidate(100, 1e-3, 20)], 1),
        ([candidate(50, 1e-2, 0, "came apart"), candidate(50, 1e-3, 0, "came apart")], 1),
        ([candidate(50, 1e-2, 1, of=1), candidate(40, 1e-3, 0, of=1)], 0),
    ],
)
def test_the_best_is_taken_and_of_those_as_good_the_shortest_and_gentlest(
    tried: list[Candidate], chosen: int
) -> None:
    assert choose(tried) == chosen


def test_noise_is_that_of_the_difference_and_not_of_each(shared) -> None:
    """Two that know other items differ by more than chance may, where two with the same misses do not."""
    whole, half = candidate(200, 1e-3, 60), candidate(100, 1e-3, 52)
    assert choose([whole, half]) == 0
    crossed = dataclasses.replace(half, credit_N=half.credit_N[::-1])
    assert choose([whole, crossed]) == 1


def test_every_rate_is_tried_with_every_number_of_steps() -> None:
    both = Tune("a", (1e-3, 1e-2), (5, 50)).candidates(SETTING)
    assert [(each.steps, each.learning_rate) for each in both] == [
        (5, 1e-3),
        (5, 1e-2),
        (50, 1e-3),
        (50, 1e-2),
    ]
    assert [each.steps for each in Tune("a", (1e-2,), ()).candidates(SETTING)] == [10]
    assert [each.learning_rate for each in Tune("a", (), (5,)).candidates(SETTING)] == [1e-3]


def test_plans_go_by_the_number_of_worlds_and_what_is_matched_comes_first(shared) -> None:
    learn = SETTING
    arms = (
        Arm("longer", finetune=dataclasses.replace(learn, match="augmented")),
        Arm("augmented", "train", finetune=learn),
        Arm("finetune", finetune=learn),
    )
    tunes = (Tune("longer", (1e-3,), (), 2), Tune("finetune", (1e-3,), (), 1))
    plan = shared.change(arms=arms, tuning=Tuning("t" * 32, shared.plan.splits[:1], tunes)).plan
    two, one = tuning_plans(plan).values()
    assert [arm.name for arm in two.arms] == ["augmented", "longer"]
    assert [arm.name for arm in one.arms] == ["finetune"]
    assert (two.seeds, one.seeds) == ((0, 1), (0,))
    assert {arm.context for arm in two.arms} == {"none"}
    assert two.splits == shared.plan.splits[:1]
    assert tuning_plans(shared.plan) == {}
    assert settled(plan, {}) == plan.arms


# Whole runs

TRIED = "finetune { batch 4  tune { learning_rate 1e-9 1e-2  steps 40 60  worlds 2 } }"


@dataclasses.dataclass(frozen=True)
class Hello:
    """The shipped hello with tuned arms, compiled."""

    spec: Experiment
    plan: Plan
    compiled: Path
    store: Store

    def run(self, progress: Any = None) -> dict[str, Any]:
        """Carry it out, with a checkpoint after every dispatch, and read results.json."""
        tuning = Scribe(self.spec, lambda: tuning_draft(self.spec, self.compiled, Report()))
        given = self.plan, self.compiled, self.store, progress or Silent(), Scribe(self.spec)
        return json.loads((run(*given, 0.0, tuning) / "results.json").read_bytes())


def hello(folder: Path, *more: str) -> Hello:
    (folder / "wug.lock").touch()
    for kind in ("worlds", "experiments"):
        (folder / kind).mkdir(exist_ok=True)
    (folder / "worlds" / "hello.world").write_text((specs() / "worlds" / "hello.world").read_text())
    lines = (specs() / "experiments" / "hello.experiment").read_text().splitlines()
    kept = [line for line in lines if "  arm augmented" not in line and "  arm finetune" not in line]
    kept[-1:] = [f"  arm finetune {{ {TRIED} }}", *more, "}"]
    path = folder / "experiments" / "hello.experiment"
    path.write_text("\n".join(kept) + "\n")
    spec = checked(path)
    assert isinstance(spec, Experiment)
    store = Store(folder / "build")
    compiled = compile_experiment(spec, store, Silent(), Report())
    return Hello(spec, compiled.plan, compiled.path, store)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Hello, dict[str, Any]]:
    """A run in which one arm is tuned by itself and another goes by it."""
    made = hello(
        tmp_path_factory.mktemp("tuned"),
        "  arm taught { like finetune  finetune { tune { steps 20 40 }  learning_rate 1e-2 }"
        "  augment local by self { temperature 1.0 } }",
        "  arm longer { like finetune  finetune { match taught } }",
    )
    return made, made.run()


def test_a_good_learning_rate_is_chosen_over_a_hopeless_one(tuned) -> None:
    _, document = tuned
    price = document["arms"]["finetune"]
    told = price["tuned"]
    assert (told["learning_rate"], told["tests"], told["worlds"]) == (1e-2, ["trained"], 2)
    assert price["train_steps"] == told["steps"]
    hopeless, good = told["candidates"][:2]
    assert [(each["learning_rate"], each["steps"], each["n"]) for each in (hopeless, good)] == [
        (1e-9, 40, 8),
        (1e-2, 40, 8),
    ]
    assert hopeless["accuracy"] < 0.75 < good["accuracy"]
    assert [hopeless["level"], good["level"]] == [False, True]
    assert "tuned" not in document["arms"]["icl"]
    rows = [row for row in document["pooled"] if (row["arm"], row["split"]) == ("finetune", "trained")]
    assert rows[0]["accuracy"] > 0.75


def test_tuning_is_paid_once_and_counts_before_the_first_question(tuned) -> None:
    arms = tuned[1]["arms"]
    price, icl = arms["finetune"], arms["icl"]
    of_a_step = price["train_tokens"] / price["train_steps"]
    assert price["tuning_tokens"] == pytest.approx(2 * 2 * (40 + 60) * of_a_step, rel=0.1)
    assert price["tuning_flops"] > 2 * price["train_flops"]
    spent, saved = (
        price["train_flops"] + price["tuning_flops"],
        icl["question_flops"] - price["question_flops"],
    )
    worth = price["breakeven_questions"]
    assert (worth - 1) * saved < spent <= worth * saved


def test_what_follows_from_a_tuned_arm_follows_from_what_was_chosen(tuned) -> None:
    arms = tuned[1]["arms"]
    assert arms["taught"]["train_steps"] == arms["taught"]["tuned"]["steps"]
    assert {each["learning_rate"] for each in arms["taught"]["tuned"]["candidates"]} == {1e-2}
    assert arms["taught"]["tuning_tokens"] > 0
    assert arms["longer"]["match"] == "taught"
    assert arms["longer"]["train_tokens"] == pytest.approx(arms["taught"]["train_tokens"], rel=0.05)
    assert [each["learning_rate"] for each in arms["longer"]["tuned"]["candidates"]] == [1e-9, 1e-2]


def test_the_report_says_what_was_chosen(tuned) -> None:
    out = io.StringIO()
    print_report(tuned[1], Console(width=400, file=out))
    told = out.getvalue()
    assert (
        "finetune: tuned on 8 questions about what is trained in 2 worlds apart: learning rate 0.01 and"
        in told
    )
    assert (
        "longer: tuned on 8 questions about what is trained in 2 worlds apart: learning rate 0.01, of 2"
        in told
    )


class Counting(Silent):
    """Counts the fine-tunings that begin, and stops in the midst of one."""

    def __init__(self, stop_in: int = 0) -> None:
        self.begun, self.stop_in = 0, stop_in

    @contextmanager
    def stage(self, name: str, total: int, unit: str = "") -> Any:
        self.begun += "fine-tuning" in name
        stops = "fine-tuning" in name and self.begun == self.stop_in

        class Stage:
            def update(self, done: int, **figures: float) -> None:
                if stops:
                    raise KeyboardInterrupt

        yield Stage()


def test_a_run_that_was_stopped_while_it_tuned_goes_on_and_ends_the_same(tuned, tmp_path: Path) -> None:
    whole = hello(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        whole.run(Counting(stop_in=3))
    first = {path.name for path in (tmp_path / "build" / "hello" / "trained").iterdir()}
    again = Counting()
    document = whole.run(again)
    assert again.begun == 2 + 1, (
        "two of four candidates were done; what was chosen is trained on the tests' worlds"
    )
    assert first - {name for name in first if ".partial" in name} <= {
        path.name for path in (tmp_path / "build" / "hello" / "trained").iterdir()
    }
    assert document["arms"]["finetune"] == tuned[1]["arms"]["finetune"]
    ran_again = Counting()
    assert whole.run(ran_again) == document
    assert ran_again.begun == 0
