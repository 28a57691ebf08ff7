"""One sentence: which arms count, what is said of them, and when nothing can be advised."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wug.runtime.advice import about, advice
from wug.runtime.expect import Outcome

ITEMS = 200


def outcome(right: float) -> list[Outcome]:
    """Two seeds in which this share of the questions is answered rightly, the first ones."""
    credit = (np.arange(ITEMS) < right * ITEMS).astype(np.float64)
    cluster = np.array([f"thing {n}" for n in range(ITEMS)])
    return [Outcome(credit, cluster, np.ones(ITEMS, np.bool_))] * 2


def price(fixed: int, each: int, context: str = "none", augment: str = "", prefix: int = 0) -> dict[str, Any]:
    return {
        "context": context,
        "augment": augment,
        "train_tokens": fixed,
        "train_flops": fixed,
        "augment_flops": 0,
        "prefix_flops": prefix,
        "question_flops": each,
        "question_flops_reused": each - prefix,
        "money": None,
    }


PRICES = {
    "pretrained": price(0, 1),
    "icl": price(0, 100, "train", prefix=95),
    "near": price(0, 2, "oracle"),
    "found": price(0, 20, "bm25"),
    "finetune": price(5_000, 1),
    "hybrid": price(396_000, 1, augment="local by self"),
    "told": price(396_000, 1, augment="local by endpoint"),
    "augmented": price(400_000, 1, augment="local by oracle"),
    "half": price(400_000, 1, augment="local by oracle"),
}


def told(accuracy: dict[str, float], chance: float = 0.5) -> dict[str, Any]:
    found = advice(PRICES, {arm: outcome(right) for arm, right in accuracy.items()}, chance)
    assert found is not None
    return found


def test_only_arms_that_are_not_clearly_below_the_best_count() -> None:
    accuracy = {"pretrained": 0.5, "icl": 0.96, "near": 1.0, "found": 0.9, "finetune": 0.6, "hybrid": 0.97}
    found = told(accuracy)
    counts = {row["arm"]: row["counts"] for row in found["arms"]}
    assert counts == {"icl": True, "found": False, "finetune": False, "hybrid": True}
    assert found["anew"] == [{"arm": "icl", "from": 1}, {"arm": "hybrid", "from": 4000}]
    assert found["reused"] == [{"arm": "icl", "from": 1}, {"arm": "hybrid", "from": 98977}]
    assert found["bounds"] == []
    assert found["sentence"] == (
        "Below 4,000 questions use context (icl), from there on fine-tuning on augmented data (hybrid). "
        "If the shared context is read only once: below 99,000 questions use context (icl), from there on "
        "fine-tuning on augmented data (hybrid). Right answers: icl 96 %, hybrid 97 %; "
        "clearly fewer: found 90 %, finetune 60 %."
    )


def test_what_an_oracle_writes_is_a_bound_beside_what_can_be_bought() -> None:
    """Without it the hybrid would never be advised, as the oracle's arm is right more often."""
    found = told({"icl": 0.8, "hybrid": 0.9, "half": 0.85, "augmented": 1.0})
    assert found["best"] == "hybrid"
    assert [row["arm"] for row in found["arms"]] == ["icl", "hybrid"]
    assert found["bounds"] == [{"arm": "half", "accuracy": 0.85}, {"arm": "augmented", "accuracy": 1.0}]
    assert found["sentence"] == (
        "Use fine-tuning on augmented data (hybrid) for any number of questions. Right answers: hybrid 90 %; "
        "clearly fewer: icl 80 %. A bound, not an offer, as an oracle wrote for it: augmented 100 %."
    )
    assert advice(PRICES, {"augmented": outcome(1.0)}, 0.5) is None


def test_the_best_is_named_beside_a_cheaper_one() -> None:
    found = told({"finetune": 0.9, "hybrid": 0.91, "near": 0.9})
    assert found["anew"] == found["reused"] == [{"arm": "finetune", "from": 1}]
    assert found["best"] == "hybrid"
    assert found["sentence"] == (
        "Use fine-tuning (finetune) for any number of questions. Right answers: finetune 90 %; "
        "the most, by no clear lead, hybrid 91 %."
    )


def test_what_a_server_took_is_said_to_be_left_out() -> None:
    found = told({"icl": 0.8, "told": 0.9})
    assert found["in"] == "operations"
    assert found["sentence"].endswith("What a server took to write is not known and left out: told.")
    assert "left out" not in told({"icl": 0.9, "told": 0.5})["sentence"]


@pytest.mark.parametrize("chance", [0.5, 0.9])
def test_who_only_guesses_is_not_advised(chance: float) -> None:
    found = told({"icl": chance, "finetune": chance - 0.01}, chance)
    assert found["anew"] == found["reused"] == []
    assert "guess" in found["sentence"]


def test_without_an_arm_that_one_can_have_there_is_no_advice() -> None:
    assert advice(PRICES, {"pretrained": outcome(0.5), "near": outcome(1.0)}, 0.5) is None


@pytest.mark.parametrize(
    ("count", "said"), [(1, "1"), (64, "64"), (125, "120"), (3942, "3,900"), (98977, "99,000")]
)
def test_numbers_are_said_to_two_digits(count: int, said: str) -> None:
    assert about(count) == said
