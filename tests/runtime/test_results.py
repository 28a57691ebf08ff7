import json
from dataclasses import replace

import numpy as np
import pytest

from wug.compiler.plan import Expectation, Prices, Term
from wug.runtime.corpus import load
from wug.runtime.expect import wilson
from wug.runtime.price import Augmenting
from wug.runtime.results import ArmResult, results
from wug.runtime.score import answers

PRETRAINING = {
    "seed": 0,
    "reached": True,
    "steps": 6,
    "accuracy": {"exceeds.forward": 1.0},
    "loss": 1.0,
    "tokens": 10,
    "parameters": 1000,
    "train_flops": 60000,
}


def made(tiny, failed: dict[str, str] | None = None, taught: Augmenting | None = None) -> dict:
    """Results where every arm answers the trained rightly and the reversed as the trained ones were said."""
    worlds = load(tiny.compiled, [0, 1]).worlds
    arms = []
    for arm in tiny.plan.arms:
        told = []
        for world in worlds:
            items = world.items
            wanted_N = np.where(items.split_N == "trained", items.answer_N, 1 - items.answer_N)
            told_Q = np.zeros(24)
            told_Q[items.first_question_N + wanted_N] = 1.0
            told.append(answers(items, told_Q))
        why = (failed or {}).get(arm.name)
        augmenting = taught if taught is not None and arm.augment else Augmenting()
        arms.append(ArmResult(arm, () if why else tuple(told), why, augmenting))
    return results(tiny.plan, worlds, arms, [PRETRAINING], {})


@pytest.fixture(scope="module")
def document(shared) -> dict:
    return made(shared)


def found(rows: list[dict], **place: object) -> dict:
    (row,) = [row for row in rows if all(row[name] == value for name, value in place.items())]
    return row


def test_rows_say_what_the_issue_asks_for(document) -> None:
    names = "arm split seed n accuracy chance low high exposed context_docs context_relevant"
    names += " accuracy_exposed low_exposed high_exposed cooccurring"
    names += " accuracy_unexposed low_unexposed high_unexposed answerable accuracy_answerable margin"
    assert {frozenset(row) for row in document["rows"]} == {frozenset(names.split())}
    row = found(document["rows"], arm="icl", split="trained", seed=1)
    assert (row["n"], row["accuracy"], row["chance"]) == (6, 1.0, 0.5)
    assert (row["low"], row["high"]) == pytest.approx(wilson(6, 6), abs=1e-6)
    assert (row["context_docs"], row["context_relevant"]) == (6, 1)
    assert (row["exposed"], row["accuracy_exposed"], row["accuracy_unexposed"]) == (1.0, 1.0, None)
    assert (row["low_exposed"], row["low_unexposed"], row["high_unexposed"]) == (row["low"], None, None)


def test_pooled_rows_join_the_seeds(document) -> None:
    row = found(document["pooled"], arm="finetune", split="reversal")
    assert (row["n"], row["seeds"], row["accuracy"], row["exposed"]) == (12, 2, 0.0, 0.0)
    assert row["high"] == pytest.approx(wilson(0, 12)[1], abs=1e-6)


def test_an_answer_below_chance_is_explained_by_its_shortcut(document) -> None:
    row = found(document["pooled"], arm="finetune", split="reversal")
    assert row["shortcut"] == {"name": "co-occurrence", "accuracy": 0.0, "agreement": 1.0}
    assert row["shortcuts"]["frequency"] == {"accuracy": 0.5, "agreement": 0.5}
    assert found(document["pooled"], arm="finetune", split="trained")["shortcut"] is None


def test_prices(document) -> None:
    arms = document["arms"]
    assert arms["pretrained"]["train_flops"] == arms["icl"]["train_flops"] == 0
    assert arms["finetune"]["train_flops"] > 6 * 1000 * 6 * 4
    assert arms["icl"]["question_flops"] > arms["finetune"]["question_flops"]
    saved = arms["icl"]["question_flops"] - arms["finetune"]["question_flops"]
    worth = arms["finetune"]["breakeven_questions"]
    assert (worth - 1) * saved < arms["finetune"]["train_flops"] <= worth * saved
    assert arms["icl"]["breakeven_questions"] is None


def test_prices_in_money_are_tokens_times_their_price(shared) -> None:
    document = made(shared.change(prices=Prices(2.0, 0.5, 8.0, 25.0, "EUR")))
    arms = document["arms"]
    for price in arms.values():
        told = price["money"]
        asked = 2 * price["input_tokens"] + 8 * price["output_tokens"]
        assert told["question"] * 1e6 == pytest.approx(asked, abs=0.01)
        assert told["training"] * 1e6 == pytest.approx(25 * price["train_tokens"])
        saved = (told["question"] - told["question_reused"]) * 1e6
        assert saved == pytest.approx(1.5 * price["prefix_tokens"], abs=0.01)
        assert told["augmenting"] == price["augment_tokens"] == price["augment_flops"] == 0
    assert arms["icl"]["prefix_tokens"] > 0
    spent, anew = arms["finetune"]["money"], arms["icl"]["money"]
    worth = spent["breakeven_questions"]
    assert spent["training"] + worth * spent["question"] <= worth * anew["question"]
    assert spent["training"] + (worth - 1) * spent["question"] > (worth - 1) * anew["question"]
    assert spent["breakeven_questions_reused"] > worth
    assert document["advice"]["in"] == "EUR"
    assert all(price["money"] is None for price in made(shared)["arms"].values())


def test_what_a_teacher_took_counts_before_the_first_question(shared) -> None:
    prices = Prices(2.0, 2.0, 8.0, 25.0, "EUR")
    plain = made(shared.change(prices=prices))["arms"]["augmented"]
    taught = made(shared.change(prices=prices), taught=Augmenting(1000, 500, 10**12))["arms"]["augmented"]
    assert (taught["augment_prompt_tokens"], taught["augment_tokens"]) == (1000, 500)
    assert taught["money"]["augmenting"] == pytest.approx((2 * 1000 + 8 * 500) / 1e6)
    assert taught["breakeven_questions"] > 10 * plain["breakeven_questions"]
    assert taught["money"]["breakeven_questions"] > plain["money"]["breakeven_questions"]


def test_advice_goes_by_all_questions_together(shared) -> None:
    """All that is trained is right and all that is reversed wrong: half of them, as often as a guess."""
    told = made(shared)["advice"]
    assert {row["arm"]: row["counts"] for row in told["arms"]} == dict.fromkeys(
        ("icl", "finetune", "augmented"), True
    )
    assert told["sentence"].startswith("No arm is clearly more often right than a guess")


def test_expectations_are_told_as_written(shared) -> None:
    expectation = Expectation("same", Term("icl", "trained", 0), "within", Term("", "", 0.95), 0.1)
    (told,) = made(shared.change(expectations=(expectation,)))["expectations"]
    assert (told["left"], told["op"], told["right"], told["margin"]) == ("icl.trained", "within", "0.95", 0.1)
    assert (told["verdict"], told["effect"]) == ("supported", 1.0)
    assert (told["measured"], told["asked"], told["bound"]) == ("accuracy", "within 0.1 of", 0.95)
    assert told["low"] <= 1.0 == told["high"]


def test_the_key_is_that_of_the_whole_spec(shared) -> None:
    """A learning rate has its own key, and the corpora keep theirs; a line that moved is no change."""
    first = made(shared)
    arms = list(shared.plan.arms)
    place = next(place for place, arm in enumerate(arms) if arm.finetune)
    setting = replace(arms[place].finetune, learning_rate=0.5)
    slower = [replace(arm, finetune=setting) if at == place else arm for at, arm in enumerate(arms)]
    other = made(shared.change(arms=tuple(slower)))
    moved = made(shared.change(arms=tuple(replace(arm, line=arm.line + 1) for arm in arms)))
    assert first["key"] == moved["key"] != other["key"]
    assert first["corpus"] == other["corpus"] == shared.plan.key


def test_a_failed_arm_has_its_reason_and_no_rows(shared) -> None:
    document = made(shared, {"finetune": "it came apart"})
    assert document["arms"]["finetune"]["failed"] == "it came apart"
    assert "finetune" not in {row["arm"] for row in document["rows"] + document["pooled"]}


def test_it_is_json_without_nan(document) -> None:
    assert json.loads(json.dumps(document, allow_nan=False)) == document
