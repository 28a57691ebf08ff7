import dataclasses
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import wug.runtime.run
from wug.compiler.plan import Expectation, Term
from wug.compiler.store import Store
from wug.progress import Plain, Silent
from wug.runtime.failure import ContextOverflow
from wug.runtime.run import run


def entries(tiny, kind: str) -> set[str]:
    folder = tiny.store.root / "tiny" / kind
    return {path.name for path in folder.iterdir() if path.suffix == ""} if folder.exists() else set()


def test_a_run_leaves_results_picture_timing_and_plan(finished) -> None:
    tiny, folder = finished
    names = ["plan.json", "price.svg", "results.json", "results.svg", "timing.json"]
    assert sorted(file.name for file in folder.iterdir()) == names
    document = json.loads((folder / "results.json").read_bytes())
    assert [document["schema"], document["name"], document["corpus"]] == [4, "tiny", tiny.plan.key]
    assert len(document["rows"]) == 4 * 2 * 2
    assert "seconds" not in (folder / "results.json").read_text()
    assert {"pretraining tiny 0", "finetune 0"} <= set(
        json.loads((folder / "timing.json").read_bytes())["stages"]
    )
    assert [len(entries(tiny, kind)) for kind in ("pretrained", "trained", "scores")] == [1, 2, 4]


def test_a_second_computation_has_the_same_bits(finished, tiny) -> None:
    folder = run(tiny.plan, tiny.compiled, tiny.store, Silent())
    assert (folder / "results.json").read_bytes() == (finished[1] / "results.json").read_bytes()
    assert (folder / "results.svg").read_bytes() == (finished[1] / "results.svg").read_bytes()


def test_a_changed_learning_rate_trains_one_arm_alone(continued) -> None:
    tiny = continued
    before = {kind: entries(tiny, kind) for kind in ("pretrained", "trained", "scores")}
    tiny.change_arm("augmented", learning_rate=1e-3).run()
    added = {kind: len(entries(tiny, kind) - before[kind]) for kind in before}
    assert added == {"pretrained": 0, "trained": 1, "scores": 1}


def test_a_run_that_was_done_before_it_could_stop_says_so(continued, monkeypatch) -> None:
    picture = wug.runtime.run.picture

    def interrupted(document: dict) -> str:
        signal.raise_signal(signal.SIGINT)
        return picture(document)

    monkeypatch.setattr(wug.runtime.run, "picture", interrupted)
    told = io.StringIO()
    changed = continued.change(
        expectations=(Expectation("so", Term("icl", "trained", 0.1), ">", Term("", "", 0.0)),)
    )
    run(changed.plan, changed.compiled, changed.store, Plain(told))
    assert told.getvalue().splitlines()[-2:] == [
        "stopping as soon as the work so far is safe (again to stop at once)",
        "all was done before it could stop: these are the whole results",
    ]


def script(tiny, body: str, *, killed: bool = False) -> str:
    """Run Python in a process of its own, with the experiment as `plan, compiled, store`."""
    head = (
        "import json, os, signal, sys\n"
        "from pathlib import Path\n"
        "from wug.compiler.plan import *\n"
        "from wug.compiler.store import Store\n"
        "from wug.progress import Plain, Silent\n"
        "from wug.runtime.run import run\n"
        f"plan = {tiny.plan!r}\n"
        f"compiled, store = Path({str(tiny.compiled)!r}), Store(Path({str(tiny.store.root)!r}))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", head + body], capture_output=True, text=True, env=environment, timeout=240
    )
    assert done.returncode == (-signal.SIGKILL if killed else 0), done.stderr
    return done.stdout


def test_a_cached_run_needs_no_jax(finished) -> None:
    tiny, folder = finished
    body = (
        "print(run(plan, compiled, store, Silent()))\nassert not {'jax', 'orbax', 'flax'} & set(sys.modules)"
    )
    assert script(tiny, body).strip() == str(folder)


def test_a_changed_expectation_recomputes_the_verdicts_alone(continued) -> None:
    tiny = continued
    expectation = Expectation("new", Term("icl", "trained", 0.0), ">=", Term("", "", -1.0))
    changed = tiny.change(expectations=(expectation,), key="x" * 32)
    before = {kind: entries(tiny, kind) for kind in ("pretrained", "trained", "scores")}
    body = (
        "folder = run(plan, compiled, store, Silent())\n"
        "assert 'jax' not in sys.modules\n"
        "print(json.loads((folder / 'results.json').read_bytes())['expectations'][0]['verdict'])"
    )
    assert script(changed, body).strip() == "supported"
    assert before == {kind: entries(tiny, kind) for kind in before}


KILLER = """
class Killer(Silent):
    def stage(self, name, total, unit=""):
        class Stage:
            def __enter__(self): return self
            def __exit__(self, *error): return None
            def update(self, done, **figures):
                if STAGE in name and done >= AT: os.kill(os.getpid(), signal.SIGKILL)
        return Stage()
run(plan, compiled, store, Killer(), checkpoint_every_s=0)
"""


def test_a_run_killed_again_and_again_ends_with_the_same_bits(finished, tiny) -> None:
    programs = "compiled-programs"
    shutil.copytree(finished[0].store.root / programs, tiny.store.root / programs)
    script(tiny, "STAGE, AT = 'pretraining', 12\n" + KILLER, killed=True)
    assert list((tiny.store.root / "tiny" / "pretrained").glob("*.partial/checkpoints/*"))
    script(tiny, "STAGE, AT = 'augmented: fine-tuning', 6\n" + KILLER, killed=True)
    assert len(entries(tiny, "scores")) == 3
    script(tiny, "STAGE, AT = 'augmented: scoring', 2\n" + KILLER, killed=True)
    folder = run(tiny.plan, tiny.compiled, tiny.store, Silent())
    for name in ("results.json", "results.svg"):
        assert (folder / name).read_bytes() == (finished[1] / name).read_bytes()


IN_A_SAVE = """
def watch(event, arguments):
    if event == EVENT and str(arguments[0]).endswith(PATH):
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
run(plan, compiled, store, Silent(), checkpoint_every_s=0)
"""


def test_a_run_killed_in_the_middle_of_saves_ends_with_the_same_bits(finished, tiny) -> None:
    """Orbax writes a step beside its place and renames it; Python tells of such a call before it is made."""
    programs = "compiled-programs"
    shutil.copytree(finished[0].store.root / programs, tiny.store.root / programs)

    def kill(kind: str, event: str, path: str) -> list[str]:
        """Kill a run before that call on that path; the unfinished saves that are left in its entry."""
        script(tiny, f"EVENT, PATH = {event!r}, {path!r}\n" + IN_A_SAVE, killed=True)
        [entry] = (tiny.store.root / "tiny" / kind).glob("*.partial")
        return sorted(
            found.relative_to(entry).as_posix() for found in entry.rglob(f"*{unfinished}") if found.is_dir()
        )

    unfinished = ".orbax-checkpoint-tmp"
    step = f"checkpoints/12{unfinished}"
    # the arrays are written, their folder has not its name yet
    assert f"{step}/tree{unfinished}" in kill("pretrained", "os.rename", f"{step}/tree{unfinished}")
    # no array is written yet
    step = f"checkpoints/6{unfinished}"
    assert step in kill("trained", "os.mkdir", f"{step}/tree{unfinished}")

    folder = run(tiny.plan, tiny.compiled, tiny.store, Silent())
    for name in ("results.json", "results.svg"):
        assert (folder / name).read_bytes() == (finished[1] / name).read_bytes()
    assert not list(tiny.store.root.rglob(f"*{unfinished}"))


def harm(file: Path) -> None:
    """Flip a bit in the middle of a file."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize(
    ("pattern", "kinds"),
    [
        ("runs/*/results.json", ["runs"]),
        ("scores/*/scores.parquet", ["runs", "scores"]),
        ("trained/*/parameters/0/tree/d/*", ["runs", "scores", "trained"]),
        ("pretrained/*/log.jsonl", ["runs", "scores", "trained", "pretrained"]),
    ],
)
def test_damaged_work_is_named_and_made_anew(finished, continued, pattern: str, kinds: list[str]) -> None:
    """A bit is another in finished work, of which what was made of it is gone."""
    tiny = continued
    for kind in kinds[:-1]:
        shutil.rmtree(tiny.store.root / "tiny" / kind)
    root, said = tiny.store.root / "tiny", list[str]()
    told = set()
    for entry in root.glob("/".join(pattern.split("/")[:2])):
        if files := sorted(entry.glob(pattern.split("/", 2)[2])):
            harm(files[0])
            name = files[0].relative_to(entry).as_posix()
            told.add(f"{entry} is damaged ({name} is not as it was written): it is made anew")
    folder = run(tiny.plan, tiny.compiled, Store(tiny.store.root, said.append), Silent())
    assert told
    assert sorted(said) == sorted(told)
    for name in ("results.json", "results.svg"):
        assert (folder / name).read_bytes() == (finished[1] / name).read_bytes()


def test_an_arm_that_comes_apart_fails_alone(continued) -> None:
    tiny = continued
    document = tiny.change_arm("finetune", learning_rate=1e30).run()
    assert "came apart" in document["arms"]["finetune"]["failed"]
    assert list(document["forgetting"]) == ["augmented"]
    assert {row["arm"] for row in document["rows"]} == {"pretrained", "icl", "augmented"}
    assert document["expectations"][0]["verdict"] == "undecided"
    assert "came apart" in document["expectations"][0]["reason"]


def test_a_context_that_does_not_fit_stops_before_anything_is_trained(tiny) -> None:
    small = tiny.change_model(model=dataclasses.replace(tiny.learner.model, context=40))
    with pytest.raises(ContextOverflow):
        small.run()
    assert not (tiny.store.root / "tiny" / "pretrained").exists()


def test_worlds_take_turns_at_pretrainings(finished, continued) -> None:
    tiny = continued
    three = tiny.change_model(pretrainings=3).learner
    assert [three.pretraining_seed(seed) for seed in range(5)] == [0, 1, 2, 0, 1]
    document = tiny.change_model(pretrainings=2).change(arms=tiny.plan.arms[:1], expectations=()).run()
    assert [outcome["seed"] for outcome in document["pretraining"]] == [0, 1]
    shared_one = json.loads((finished[1] / "results.json").read_bytes())["pretraining"][0]
    assert document["pretraining"][0] == shared_one


def test_where_an_arm_stands_in_the_spec_changes_nothing(continued) -> None:
    tiny, folder = continued, run(continued.plan, continued.compiled, continued.store, Silent())
    moved = tuple(dataclasses.replace(arm, line=arm.line + 7) for arm in tiny.plan.arms)
    assert run(tiny.change(arms=moved).plan, tiny.compiled, tiny.store, Silent()) == folder
