import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from wug.compiler.plan import Augment, Endpoint, Expectation, Prices, Term
from wug.runtime.arm_result import ArmResult
from wug.runtime.corpus import load
from wug.runtime.expect import wilson
from wug.runtime.price import Augmenting
from wug.runtime.report import print_report
from wug.runtime.results import results
from wug.runtime.score import answers
from wug.runtime.wording import money as words

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
            told.append(answers(items, told_Q, (), {"normalised": -told_Q, "corrected": told_Q}))
        why = (failed or {}).get(arm.name)
        augmenting = taught if taught is not None and arm.augment else Augmenting()
        arms.append(ArmResult(arm, () if why else tuple(told), why, augmenting))
    known = {"tiny": [PRETRAINING], "large": [{**PRETRAINING, "parameters": 3000}]}
    return results(tiny.plan, worlds, arms, known, {})


def printed(document: dict) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    print_report(document, console)
    return console.export_text()


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
    names += " accuracy_normalised accuracy_corrected"
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
    assert (row["accuracy_normalised"], row["accuracy_corrected"]) == (1.0, 0.0)
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
    document = made(shared.change_model(prices=Prices(2.0, 0.5, 8.0, 25.0, "EUR")))
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
    plain = made(shared.change_model(prices=prices))["arms"]["augmented"]
    taught = made(shared.change_model(prices=prices), taught=Augmenting(1000, 500, 10**12))["arms"][
        "augmented"
    ]
    assert (taught["augment_prompt_tokens"], taught["augment_tokens"]) == (1000, 500)
    assert taught["money"]["augmenting"] == pytest.approx((2 * 1000 + 8 * 500) / 1e6)
    assert taught["breakeven_questions"] > 10 * plain["breakeven_questions"]
    assert taught["money"]["breakeven_questions"] > plain["money"]["breakeven_questions"]


def with_server(tiny, **prices: float):
    """With a server that writes for the arm `augmented`."""
    server = Endpoint("http://localhost:1/v1", "far", 1, 1, **prices)
    augment = Augment(("local",), "endpoint", endpoint=server)
    arms = (replace(arm, augment=augment) if arm.augment else arm for arm in tiny.plan.arms)
    return tiny.change(arms=tuple(arms))


def test_what_a_server_writes_is_paid_at_its_own_price(shared) -> None:
    tiny = with_server(
        shared.change_model(prices=Prices(2.0, 2.0, 8.0, 25.0, "EUR")), input_price=1.0, output_price=5.0
    )
    money = made(tiny, taught=Augmenting(1000, 500, 0))["arms"]["augmented"]["money"]
    assert money["augmenting"] == pytest.approx((1 * 1000 + 5 * 500) / 1e6)
    assert money["breakeven_questions"] > 0


def test_the_price_of_a_server_without_one_is_not_known(shared) -> None:
    paid = shared.change_model(prices=Prices(2.0, 2.0, 8.0, 25.0, "EUR"))
    document = made(with_server(paid), taught=Augmenting(1000, 500, 0))
    money = document["arms"]["augmented"]["money"]
    assert money["augmenting"] is None
    assert money["breakeven_questions"] is money["breakeven_questions_reused"] is None
    assert document["arms"]["finetune"]["money"]["breakeven_questions"] > 0
    text = printed(document)
    assert f"{words(money['training'])} + ?" in text
    assert "no price and no break-even (their endpoints have no prices): augmented" in text
    free = made(with_server(shared), taught=Augmenting(1000, 500, 0))
    assert "no break-even (operations of a server are not known): augmented" in printed(free)
    assert "break-even" not in printed(made(paid))


def with_large(tiny, prices: Prices | None = None, dear: Prices | None = None, **models: str):
    """With a second model, which these arms are of."""
    large = replace(tiny.learner, model=replace(tiny.learner.model, name="large", layers=2), prices=dear)
    arms = (replace(arm, model=models.get(arm.name, "tiny")) for arm in tiny.plan.arms)
    return tiny.change_model(prices=prices).change(
        models=(replace(tiny.learner, prices=prices), large), arms=tuple(arms)
    )


def test_an_arm_costs_what_its_own_model_takes(shared) -> None:
    small = made(shared)["arms"]
    several = made(with_large(shared, finetune="large"))
    arms = several["arms"]
    assert {name: price["model"] for name, price in arms.items()} == {
        "pretrained": "tiny",
        "icl": "tiny",
        "finetune": "large",
        "augmented": "tiny",
    }
    assert arms["finetune"]["train_tokens"] == small["finetune"]["train_tokens"], "tokens remain tokens"
    for each in ("train_flops", "question_flops"):
        ratio = arms["finetune"][each] / small["finetune"][each]
        assert 2.5 < ratio < 3, "three times the parameters, twice the layers"
    for name in ("pretrained", "icl", "augmented"):
        assert arms[name] == small[name]
    told = [(row["model"], row["parameters"]) for row in several["pretraining"]]
    assert told == [("tiny", 1000), ("large", 3000)]


def test_an_arm_is_compared_with_context_in_its_own_model_where_there_is_one(shared) -> None:
    other = made(with_large(shared, finetune="large"))["arms"]
    assert {name: price["breakeven_with"] for name, price in other.items()} == {
        "pretrained": "icl",
        "icl": None,
        "finetune": "icl",
        "augmented": "icl",
    }
    tiny = with_large(shared, icl="large", finetune="large")
    second = replace(tiny.plan.arms[0], context="train")
    mixed = made(tiny.change(arms=(second, *tiny.plan.arms[1:])))["arms"]
    assert {name: price["breakeven_with"] for name, price in mixed.items()} == {
        "pretrained": None,
        "icl": None,
        "finetune": "icl",
        "augmented": "pretrained",
    }


def test_what_a_model_writes_is_paid_at_its_own_price(shared) -> None:
    prices, dear = Prices(2.0, 2.0, 8.0, 25.0, "EUR"), Prices(20.0, 20.0, 80.0, 250.0, "EUR")
    tiny = with_large(shared, prices, dear)
    arms = tuple(replace(arm, writer="large") if arm.augment else arm for arm in tiny.plan.arms)
    taught = made(tiny.change(arms=arms), taught=Augmenting(1000, 500, 10**12))["arms"]["augmented"]
    assert taught["augment"] == "local by model large"
    assert taught["money"]["augmenting"] == pytest.approx((20 * 1000 + 80 * 500) / 1e6)
    assert taught["money"]["training"] == pytest.approx(25 * taught["train_tokens"] / 1e6)


def test_advice_goes_by_all_questions_together(shared) -> None:
    """All that is trained is right and all that is reversed wrong: half of them, as often as a guess."""
    told = made(shared)["advice"]
    assert {row["arm"]: row["counts"] for row in told["arms"]} == dict.fromkeys(("icl", "finetune"), True)
    assert [row["arm"] for row in told["bounds"]] == ["augmented"]
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
