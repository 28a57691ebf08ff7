"""The axes of a sweep: which settings, through which values."""

from __future__ import annotations

import pytest

from tests.compiler.sweeping.small import swept


@pytest.mark.parametrize(
    ("line", "setting", "values"),
    [
        ("vary arm finetune steps 50, 100", "arm finetune steps", [50, 100]),
        ("vary arm finetune finetune steps 50, 100", "arm finetune steps", [50, 100]),
        (
            "vary arm finetune learning_rate 1e-4..1e-2 log 3",
            "arm finetune learning_rate",
            [1e-4, 1e-3, 1e-2],
        ),
        (
            "vary arm finetune learning_rate 1e-3, 0.5..1.0 linear 3",
            "arm finetune learning_rate",
            [1e-3, 0.5, 0.75, 1],
        ),
        ("vary arm finetune steps 10..1000 log 4", "arm finetune steps", [10, 46, 215, 1000]),
        ("vary arm finetune optimizer adamw, muon", "arm finetune optimizer", ["adamw", "muon"]),
        ("vary arm finetune lora none, { rank 4 }", "arm finetune lora", ["none", "{ rank 4 }"]),
        ("vary arm icl context train, oracle(2)", "arm icl context", ["train", "oracle(2)"]),
        ("vary arm augmented augment documents 5, 10", "arm augmented augment documents", [5, 10]),
        ("vary model tiny pretrain facts 1..2, 1", "model tiny pretrain facts", ["1..2", 1]),
        ("vary model tiny pretrain until 90%, 95%", "model tiny pretrain until", ["90%", "95%"]),
        ("vary test trained count 1, 2", "test trained count", [1, 2]),
        ("vary train exceeds in forward articles 1, 2", "train exceeds in forward articles", [1, 2]),
        ("vary holdout apart 1, 50%", "holdout apart", [1, "50%"]),
        ("vary world creatures 6, 8", "world creatures", [6, 8]),
        ("vary seeds 2, 4", "seeds", [2, 4]),
    ],
)
def test_what_a_line_says(line: str, setting: str, values: list[object]) -> None:
    spec = swept(line)
    (axis,) = spec.axes
    assert axis.settings == (setting,)
    assert [point[0] for point in axis.points] == values
    assert [each.values for each in spec.variants] == [(value,) for value in values]


def test_the_digits_between_the_ends_are_few_and_the_ends_as_they_are_written() -> None:
    spec = swept("vary arm finetune learning_rate 0.0001234567..1e-2 log 5")
    told = [point[0] for point in spec.axes[0].points]
    assert (told[0], told[-1]) == (0.0001234567, 1e-2)
    assert [len(f"{each:e}".partition("e")[0].rstrip("0")) <= 5 for each in told[1:-1]] == [True] * 3


def test_settings_side_by_side_are_one_axis_and_lines_a_grid() -> None:
    spec = swept("vary arm finetune steps 1, 2 with batch 4, 8\n vary seeds 1, 2, 3")
    assert [axis.settings for axis in spec.axes] == [("arm finetune steps", "arm finetune batch"), ("seeds",)]
    assert [each.values for each in spec.variants] == [
        (s, b, n) for s, b in ((1, 4), (2, 8)) for n in (1, 2, 3)
    ]
