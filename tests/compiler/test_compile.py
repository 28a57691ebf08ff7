"""What a spec's identity is: keys, bytes, and what a change elsewhere leaves as it was."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.compiler.conftest import Write, checked
from wug import specs
from wug.compiler.canonical import digest
from wug.compiler.compile import CORPUS_VERSION, compile_experiment, compile_world, corpus_key, episodes_key
from wug.compiler.diagnosis.diagnostics import Report, SpecError
from wug.compiler.draft import draft
from wug.compiler.emitting.emit import emit_seed, write_manifest
from wug.compiler.emitting.episodes import compile_probe
from wug.compiler.emitting.tokenizer import build_tokenizer
from wug.compiler.experiment import Experiment, probed_tests
from wug.compiler.populating.sheets import characters, read_data
from wug.compiler.store import Store
from wug.progress import Silent

SHIPPED = sorted(path.stem for path in (specs() / "experiments").glob("*.experiment"))

WORLD = """wug 1
world small {
  entity creature { count 8  named nonce(syllables 2) }
  table feature(word, opposite) { "taller" <-> "shorter"  "louder" <-> "quieter" }
  relation exceeds(a: creature, b: creature, on: feature) {
    asymmetric  converse on
    populate pairs { count 4 }
    form forward "{a} are" => " {on.word} than {b}."
    form reverse "{b} are" => " {on.opposite} than {a}."
  }
  preamble said { ""  "Did you know that" }
}
"""
EXPERIMENT = """wug 1
experiment small {
  world "small.world"
  seeds 2
  train exceeds in forward { articles 2  preamble said }
  test trained  { exceeds in forward  choices contradiction }
  test reversal { exceeds in reverse  choices contradiction }
  model speck { layers 1  width 32  heads 2  context 200  pretrain { facts 1..4  steps 4  batch 4 } }
  arm icl       { context train }
  arm finetune  { finetune { steps 10  learning_rate 1e-3 } }
  arm augmented { like finetune  augment local by oracle }
}
"""


def read(write: Write, world: str, experiment: str) -> Experiment:
    write("small.world", world)
    spec = checked(write("small.experiment", experiment))
    assert isinstance(spec, Experiment)
    return spec


@pytest.fixture
def small(write: Write) -> Experiment:
    return read(write, WORLD, EXPERIMENT)


def corpus(experiment: Experiment, folder: Path) -> str:
    """The hash of all JSON lines, as the manifest has it."""
    drawn = draft(experiment, Report())
    for of in range(experiment.seeds):
        seed = folder / f"seed-{of}"
        seed.mkdir(parents=True)
        emit_seed(drawn, of, seed)
    write_manifest(folder, {})
    return str(json.loads((folder / "manifest.json").read_bytes())["corpus"])


# The shipped specs


def test_golden_corpora(golden: Callable[[str, str], None], tmp_path: Path) -> None:
    """A corpus that changes for the same spec needs a higher CORPUS_VERSION: else old ones pass for new."""
    lines = [f"CORPUS_VERSION {CORPUS_VERSION}"]
    for name in SHIPPED:
        experiment = checked(specs() / "experiments" / f"{name}.experiment")
        assert isinstance(experiment, Experiment)
        lines.append(f"{name} {corpus(experiment, tmp_path / name)}")
    golden("corpora.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize("name", SHIPPED)
def test_every_test_of_a_shipped_spec_is_probed(name: str) -> None:
    """A fresh world is small: some facts in it have no other value beside theirs, and are not asked."""
    experiment = checked(specs() / "experiments" / f"{name}.experiment")
    assert isinstance(experiment, Experiment)
    report = Report()
    table = characters(read_data(experiment.world, report))
    learner = experiment.models[0]
    probe = compile_probe(experiment, learner, build_tokenizer(experiment.world, table), report)
    assert not report.items
    wanted = probed_tests(experiment.world, experiment.tests, experiment.trains, learner.episodes)
    assert set(probe.kinds) == {f"{test.relation}.{test.form}" for test in wanted}
    assert np.bincount(probe.kind, minlength=len(probe.kinds)).min() >= 50
    assert (probe.choices[:, 0] != probe.choices[:, 1]).any(axis=1).all()


def test_other_hash_seeds_give_the_same_bytes(write: Write, tmp_path: Path, small: Experiment) -> None:
    """Two processes that order their sets and dicts otherwise write the same files, the binary ones too."""
    found = []
    for seed in ("1", "4242"):
        build = tmp_path / f"build-{seed}"
        command = [
            sys.executable,
            "-m",
            "wug",
            "compile",
            str(tmp_path / "small.experiment"),
            "--build",
            str(build),
        ]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed})
        files = [path for path in build.rglob("*") if path.is_file() and path.suffix != ".lock"]
        found.append({str(path.relative_to(build)): digest(path.read_bytes()) for path in files})
    assert found[0] == found[1]
    names = {Path(name).name for name in found[0]}
    assert {"documents.parquet", "items.jsonl", "episodes.npy", "tokenizer.json", "manifest.json"} <= names


# Keys


LAYOUT = (
    ("  seeds 2\n", "\n\n  // two of them\n  seeds\n    2 "),
    ("articles 2  preamble said", "preamble said\n articles 2"),
    ("experiment small {", "/// What it shows.\nexperiment small {"),
    ("learning_rate 1e-3", "learning_rate 0.001"),
    ("context 200", "context\t200"),
)


@pytest.mark.parametrize(("old", "new"), LAYOUT)
def test_layout_and_comments_change_no_key(small: Experiment, write: Write, old: str, new: str) -> None:
    assert EXPERIMENT.count(old) == 1
    changed = read(write, WORLD.replace("  table", "  // a table\r\n\t table"), EXPERIMENT.replace(old, new))
    assert changed == small
    assert (corpus_key(changed), episodes_key(changed, changed.models[0])) == (
        corpus_key(small),
        episodes_key(small, small.models[0]),
    )


@pytest.mark.parametrize(
    ("old", "new", "corpus", "episodes"),
    [
        ("learning_rate 1e-3", "learning_rate 1e-4", False, False),
        ("steps 10", "steps 20", False, False),
        ("layers 1", "layers 2", False, False),
        ("seeds 2", "seeds 3", True, False),
        ("articles 2", "articles 3", True, False),
        ("arm icl       { context train }\n", "", True, False),
        ("augment local by oracle", "augment local by oracle { withhold 50% }", True, False),
        ("facts 1..4", "facts 1..3", False, True),
        ("test trained  { exceeds in forward", "test trained  { exceeds in reverse", True, True),
        ("  test reversal { exceeds in reverse  choices contradiction }\n", "", True, True),
        ("preamble said", "", True, True),
    ],
)
def test_what_changes_a_key(
    small: Experiment, write: Write, old: str, new: str, corpus: bool, episodes: bool
) -> None:
    assert EXPERIMENT.count(old) == 1
    changed = read(write, WORLD, EXPERIMENT.replace(old, new))
    assert (corpus_key(changed) != corpus_key(small)) is corpus
    assert (episodes_key(changed, changed.models[0]) != episodes_key(small, small.models[0])) is episodes


LARGE = (
    "  model large { layers 2  width 32  heads 2  context 200  pretrain { facts 1..4  steps 9  batch 4 } }\n"
)
OTHER = "  arm other { like finetune  augment local by self }\n"


def with_arms(write: Write, models: str, arms: str) -> Experiment:
    """The experiment with other models behind its own, and more arms."""
    text = EXPERIMENT.replace("  arm icl", models + "  arm icl").removesuffix("}\n")
    return read(write, WORLD, f"{text}{arms}}}\n")


def test_whose_an_arm_is_counts_in_its_corpora_for_how_much_can_be_seen_alone(write: Write) -> None:
    own = corpus_key(with_arms(write, "", OTHER))
    hers = OTHER.replace("like finetune", "like finetune  model large")
    taught = OTHER.replace("by self", "by model large")
    for arm in (hers, taught):
        assert corpus_key(with_arms(write, LARGE, arm)) == own
        wider = with_arms(write, LARGE.replace("context 200", "context 300"), arm)
        assert corpus_key(wider) != own
        assert corpus_key(with_arms(write, LARGE.replace("context 200", "context 301"), arm)) != corpus_key(
            wider
        )


@pytest.mark.parametrize(("scope", "counts"), [("local", False), ("global", True)])
def test_how_much_may_be_written_counts_where_the_rest_must_leave_room_for_it(
    write: Write, scope: str, counts: bool
) -> None:
    arm = OTHER.replace("local by self", f"{scope} by self {{ max_tokens 20 }}")
    more = arm.replace("20", "24")
    assert (corpus_key(with_arms(write, "", arm)) != corpus_key(with_arms(write, "", more))) is counts


def test_a_second_model_leaves_the_episodes_of_the_first_as_they_are(small: Experiment, write: Write) -> None:
    both = with_arms(write, LARGE, "  arm other { model large  context train }\n")
    first, second = (episodes_key(both, model) for model in both.models)
    assert first == episodes_key(small, small.models[0])
    assert second != first, "phases of another length are other episodes"
    alike = with_arms(write, LARGE.replace("steps 9", "steps 4"), "  arm other { model large }\n")
    assert [episodes_key(alike, model) for model in alike.models] == [first, first]


def test_the_only_model_need_not_be_named(small: Experiment, write: Write, tmp_path: Path) -> None:
    named = EXPERIMENT.replace("context train", "context train  model speck")
    assert read(write, WORLD, named) == small
    store = Store(tmp_path / "build")
    said = compile_experiment(small, store, Silent(), Report()).plan.spec()
    assert {"model", "pretraining", "pretraining_key", "pretrainings", "prices"} <= said.keys()
    assert all(arm.keys() == {"name", "context", "finetune", "augment"} for arm in said["arms"])
    both = with_arms(write, LARGE, "  arm other { model large }\n")
    several = compile_experiment(both, store, Silent(), Report()).plan.spec()
    assert [each["model"]["name"] for each in several["models"]] == ["speck", "large"]
    assert [arm["model"] for arm in several["arms"]] == ["speck", "speck", "speck", "large"]


@pytest.mark.parametrize(
    ("old", "new", "episodes"),
    [
        ("count 8", "count 16", None),  # proportions change with the one, and not with both
        ("than {b}", "then {b}", True),
        ('"Did you know that"', '"Do you know that"', True),
        ('"louder" <-> "quieter"', "", True),
        ("world small", "world other", False),
    ],
)
def test_a_changed_world(small: Experiment, write: Write, old: str, new: str, episodes: bool | None) -> None:
    world = WORLD.replace(old, new)
    changed = read(write, world if episodes is not None else world.replace("count 4", "count 8"), EXPERIMENT)
    assert corpus_key(changed) != corpus_key(small)
    assert (episodes_key(changed, changed.models[0]) != episodes_key(small, small.models[0])) is bool(
        episodes
    )


def test_a_changed_table_changes_the_keys(write: Write) -> None:
    def keys(csv: str) -> tuple[str, str]:
        write("metals.csv", csv)
        world = (
            'wug 1\nworld small {\n  entity metal from "metals.csv" { named name }\n'
            "  relation symbol(m: metal, sign: text) {\n    functional  injective  complete\n"
            "    populate rows\n"
            '    form says "The symbol of {m} is" => " {sign}."\n  }\n}\n'
        )
        experiment = (
            'wug 1\nexperiment small {\n  world "small.world"\n  train symbol in says\n'
            "  test trained { symbol in says  choices others(1) }\n"
            "  model speck { layers 1  width 32  heads 2  pretrain { facts 1..2  steps 4  batch 4 } }\n"
            "  arm icl { context train }\n}\n"
        )
        spec = read(write, world, experiment)
        return corpus_key(spec), episodes_key(spec, spec.models[0])

    first, second = keys("name,sign\niron,Fe\ngold,Au\n"), keys("name,sign\niron,Fe\ngold,Ag\n")
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_keys_do_not_depend_on_where_the_files_lie(small: Experiment, tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("small.world", "small.experiment"):
        (tmp_path / "deep" / "er" / name).write_bytes((tmp_path / name).read_bytes())
    moved = checked(tmp_path / "deep" / "er" / "small.experiment")
    assert isinstance(moved, Experiment)
    assert corpus_key(moved) == corpus_key(small)


# The store


def test_a_model_with_less_context_is_refused_although_the_corpus_is_there(
    small: Experiment, write: Write, tmp_path: Path
) -> None:
    store = Store(tmp_path / "build")
    compile_experiment(small, store, Silent(), Report())
    changed = read(write, WORLD, EXPERIMENT.replace("context 200", "context 64"))
    with pytest.raises(SpecError) as caught:
        compile_experiment(changed, store, Silent(), Report())
    assert {item.code for item in caught.value.report.items} == {"W0502"}


def test_a_second_compile_writes_nothing(small: Experiment, tmp_path: Path) -> None:
    store = Store(tmp_path / "build")
    first = compile_experiment(small, store, Silent(), Report())
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "build").rglob("*")}
    assert compile_experiment(small, store, Silent(), Report()) == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "build").rglob("*")} == before
    assert compile_world(small.world, store, Silent(), Report()).is_dir()


def test_the_manifest_hashes_every_file(small: Experiment, tmp_path: Path) -> None:
    folder = compile_experiment(small, Store(tmp_path / "build"), Silent(), Report()).path
    manifest = json.loads((folder / "manifest.json").read_bytes())
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert set(manifest["files"]) == files - {"manifest.json"}
    for name, value in manifest["files"].items():
        assert digest((folder / name).read_bytes()) == value
    assert manifest["counts"]["items"] == {"trained": 8, "reversal": 8}
    assert manifest["seeds"] == [0, 1]
    card = (folder / "README.md").read_text()
    assert "## Test items" in card
    assert "chance 0.50, best constant answer 0.50" in card
    reworded = dataclasses.replace(small, doc="Another comment.")
    other = compile_experiment(reworded, Store(tmp_path / "other"), Silent(), Report()).path
    assert (other.name, (other / "README.md").read_text()) == (folder.name, card), "the card is never stale"
