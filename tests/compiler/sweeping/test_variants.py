"""Variants: each is the experiment that it would be if it were written by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.sweeping.small import EXPERIMENT, swept, written
from wug.compiler.canonical import canonical
from wug.compiler.checking.check import check
from wug.compiler.diagnosis.diagnostics import Report, as_text
from wug.compiler.experiment import Experiment


@pytest.mark.parametrize(
    ("line", "old", "new"),
    [
        ("vary arm finetune steps 30", "steps 10  learning", "steps 30  learning"),
        ("vary arm finetune batch 4", "learning_rate 1e-3", "learning_rate 1e-3  batch 4"),
        ("vary arm finetune lora rank 4", "learning_rate 1e-3", "learning_rate 1e-3  lora { rank 4 }"),
        ("vary arm augmented steps 30", "by oracle", "by oracle  finetune { steps 30 }"),
        ("vary arm augmented augment documents 5", "by oracle", "by oracle { documents 5 }"),
        ("vary arm augmented augment local global by oracle", "local by", "local global by"),
        ("vary arm icl context bm25(2)", "context train", "context bm25(2)"),
        ("vary model tiny width 64", "width 32", "width 64"),
        ("vary model tiny pretrain steps 20", "steps 10  batch", "steps 20  batch"),
        ("vary model tiny pretrain facts 1", "facts 1..2", "facts 1"),
        ("vary test trained count 2", "forward  choices", "forward  count 2  choices"),
        ("vary train exceeds articles 3", "in forward\n", "in forward { articles 3 }\n"),
        ("vary train exceeds in forward articles 3", "in forward\n", "in forward { articles 3 }\n"),
        ("vary holdout apart 50%", "= 2 creature", "= 50% creature"),
        ("vary world creatures 8", '"small.world"', '"small.world" { creatures 8 }'),
        ("vary seeds 3", "  train", "  seeds 3\n  train"),
    ],
)
def test_a_variant_is_the_experiment_that_says_so(line: str, old: str, new: str, tmp_path: Path) -> None:
    (variant,) = swept(line).variants
    path = written("", tmp_path)
    assert EXPERIMENT.count(old) == 1
    path.write_text(path.read_text().replace(old, new))
    report = Report()
    by_hand = check(path, path.name, report)
    assert not report.items, as_text(report.items)
    assert canonical(variant.experiment) == canonical(by_hand)


def test_without_its_sweep_it_is_the_experiment_but_for_what_varies(tmp_path: Path) -> None:
    spec, path = swept("vary arm finetune steps 10, 20"), written("", tmp_path)
    by_hand = check(path, path.name, Report())
    assert isinstance(by_hand, Experiment)
    assert canonical(spec.variants[0].experiment) == canonical(by_hand)
    assert canonical(spec) != canonical(by_hand), "what varies is part of what it says"
    assert b"axes" not in canonical(by_hand), "and an experiment without a sweep keeps its keys"


def test_what_is_wrong_with_variants_is_told_once_with_the_values_that_they_share(tmp_path: Path) -> None:
    path, report = written("vary seeds 1, 2\n vary model tiny width 32, 33", tmp_path), Report()
    check(path, path.name, report)
    (item,) = report.items
    assert (item.code, [note.text for note in item.notes]) == ("W0204", ["so it is with model tiny width 33"])


def test_an_experiment_that_is_wrong_by_itself_has_no_variants(tmp_path: Path) -> None:
    path, report = written("vary arm finetune steps 1, 0", tmp_path), Report()
    path.write_text(path.read_text().replace("context train", "context trian"))
    check(path, path.name, report)
    assert [item.code for item in report.items] == ["W0203"]
    assert not report.items[0].notes


def test_what_varies_is_not_set_on_the_command_line_too(tmp_path: Path) -> None:
    path, report = written("vary world creatures 6, 8", tmp_path), Report()
    check(path, path.name, report, ["creatures=9"])
    assert [(item.code, item.message) for item in report.items] == [
        ("W0103", "'creatures' varies, and the command line sets it")
    ]
