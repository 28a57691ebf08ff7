"""Keys: what changes the bytes changes them, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.conftest import Write, checked
from tests.compiler.small import EXPERIMENT, WORLD, read
from wug.compiler.compile import compile_experiment
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Experiment
from wug.compiler.identity import corpus_key, episodes_key
from wug.compiler.store import Store
from wug.progress import Silent

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
