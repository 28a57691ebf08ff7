import copy
import io
import re
from collections.abc import Callable

import pytest
from rich.console import Console

from wug.runtime.report import exit_status, print_report, tables


def row(arm: str, split: str, accuracy: float, **more: object) -> dict:
    plain = {
        "arm": arm,
        "split": split,
        "seeds": 20,
        "n": 160,
        "accuracy": accuracy,
        "low": max(0.0, accuracy - 0.07),
        "high": min(1.0, accuracy + 0.07),
        "chance": 0.5,
        "exposed": 0.0,
        "accuracy_exposed": None,
        "accuracy_unexposed": accuracy,
        "context_docs": 0,
        "shortcut": None,
        "wrong": [],
        "compared": {"n": 160, "accuracy": accuracy, "low": accuracy, "high": accuracy},
    }
    return {**plain, **more}


def price(context: str = "none", augment: str = "", train: int = 0, ask: int = 31_000_000) -> dict:
    return {
        "model": "tiny",
        "context": context,
        "augment": augment,
        "train_flops": train,
        "augment_flops": 0,
        "question_flops": ask,
        "breakeven_with": "icl" if context == "none" else None,
        "breakeven_questions": 640 if train else None,
        "breakeven_questions_reused": 5200 if train else None,
        "money": None,
        "failed": None,
    }


@pytest.fixture
def document() -> dict:
    shortcut = {"name": "co-occurrence", "accuracy": 0.02, "agreement": 0.79}
    half = {"exposed": 0.5, "accuracy_exposed": 0.99, "accuracy_unexposed": 0.51}
    half |= {"low_exposed": 0.95, "high_exposed": 1.0, "low_unexposed": 0.44, "high_unexposed": 0.58}
    return {
        "name": "reversals <& more>",
        "pooled": [
            row("icl", "trained", 0.994, context_docs=8),
            row("icl", "reversal", 0.956, context_docs=8),
            row("finetune", "trained", 1.0, exposed=1.0),
            row("finetune", "reversal", 0.21, shortcut=shortcut),
            row("half", "trained", 1.0),
            row("half", "reversal", 0.75, **half),
        ],
        "splits": [
            {
                "split": split,
                "chance": 0.5,
                "constant": 0.55,
                "frequency": 0.5,
                "co-occurrence": 0.25,
                "overlap": 0,
            }
            for split in ("trained", "reversal", "symbol", "by_symbol", "number", "by_number")
        ],
        "arms": {
            "icl": price("train", ask=360_000_000),
            "finetune": price(train=210_000_000_000),
            "half": price(augment="local by oracle", train=210_000_000_000),
        },
        "forgetting": {},
        "augmentation": {},
        "advice": {"sentence": "Below 640 questions use context (icl), from there on fine-tuning (half)."},
        "pretraining": [
            {
                "model": "tiny",
                "seed": 0,
                "reached": True,
                "asked": 0.97,
                "steps": 1400,
                "accuracy": {"exceeds.reverse": 0.98},
            }
        ],
        "expectations": [
            {
                "text": "context reverses",
                "left": "icl.reversal",
                "op": ">",
                "right": "finetune.reversal +0.2",
                "margin": 0.0,
                "confidence": 0.95,
                "verdict": "supported",
                "measured": "difference",
                "effect": 0.546,
                "low": 0.46,
                "high": 0.62,
                "asked": ">",
                "bound": 0.2,
                "reason": "",
            }
        ],
    }


def printed(document: dict, width: int = 120) -> str:
    stream = io.StringIO()
    print_report(document, Console(file=stream, width=width))
    return stream.getvalue()


def test_the_table_holds_what_one_wants_to_show(document) -> None:
    text = printed(document)
    for words in (
        "160 questions a cell over 20 seeds",
        "99 %",
        "8 docs",
        "210 G",
        "360 M",
        "● 99 %  95–100",
        "○ 51 %  44–58",
        "chance",
        "79 % of its answers are what the shortcut co-occurrence gives",
        "finetune 640, half 640",
        "the same, where that context is read only once: finetune 5,200, half 5,200",
        "Below 640 questions use context (icl)",
        "in context: exceeds.reverse 98 %, 97 % was asked for",
        "one pretraining: the intervals do not cover its luck",
        "✓ supported",
        "icl.reversal > finetune.reversal +0.2  difference +0.55 [+0.46, +0.62], asked for: > +0.2",
    ):
        assert words in text
    assert max(len(line) for line in text.splitlines()) <= 120


def test_how_much_luck_of_pretraining_is_in_the_intervals(document) -> None:
    once = document["pretraining"][0]
    for count, words in (
        (3, "3 pretrainings for 20 seeds: the intervals cover their luck in part"),
        (20, "each seed"),
    ):
        document["pretraining"] = [{**once, "seed": seed} for seed in range(count)]
        assert words in printed(document)


def test_several_models_are_told_apart(document) -> None:
    assert "model" not in printed(document)
    document["arms"]["half"] |= {"model": "large", "breakeven_with": "large_icl"}
    document["pretraining"].append({**document["pretraining"][0], "model": "large", "steps": 700})
    text = printed(document)
    (row,) = [line for line in text.splitlines() if line.startswith(" half")]
    assert row.split()[:2] == ["half", "large"]
    assert "pretraining (tiny, seed 0): 1,400 steps" in text
    assert "pretraining (large, seed 0): 700 steps" in text
    assert "finetune 640 (than icl), half 640 (than large_icl)" in text
    assert "one pretraining of some model: the intervals do not cover its luck" in text


def test_a_narrow_table_puts_intervals_below_and_cuts_no_name(document) -> None:
    splits = {"trained": "symbol", "reversal": "by_symbol"}
    rows = [{**row, "split": splits[row["split"]]} for row in document["pooled"]]
    numbers = {"symbol": "number", "by_symbol": "by_number"}
    document["pooled"] = rows + [{**row, "split": numbers[row["split"]]} for row in rows]
    table = printed(document, 80).partition("stated outright")[0]
    for name in ("symbol", "by_symbol", "number", "by_number", "finetune", "question"):
        assert name in table.split()
    assert "100 % ●" in table
    assert "…" not in table
    assert max(len(line) for line in table.splitlines()) <= 80


MANY = ["trained", "rephrased", "reversal", "composed", "inherited", "category_holdout"]
MANY += ["left_out", "of_friends", "how_many", "verdict"]


def many_tests(document: dict) -> dict:
    """Ten tests, half of which have parts that were stated and parts that were not."""
    rows = document["pooled"][::2], document["pooled"][1::2]
    pooled = [{**row, "split": split} for at, split in enumerate(MANY) for row in rows[at % 2]]
    splits = [{**document["splits"][0], "split": split} for split in MANY]
    return {**document, "pooled": pooled, "splits": splits}


def forgot(**more: object) -> dict:
    share = {"accuracy": 0.98, "low": 0.95, "high": 0.99}
    losses = {"loss_before": 1.234, "loss_after": 2.345}
    shares = {"before": share, "after": {"accuracy": 0.61, "low": 0.54, "high": 0.68}}
    plain = {"of": "pretraining", "tokens": 2345, "n": 192, "chance": 0.5, "seeds": []}
    return {**plain, **losses, **shares, **more}


def test_what_was_forgotten_has_a_table_of_its_own(document, golden: Callable[[str, str], None]) -> None:
    assert "forgotten" not in printed(document)
    nothing = {"accuracy": None, "low": None, "high": None}
    document["forgetting"] = {
        "finetune": forgot(),
        "half": forgot(of="general text", tokens=1700, loss_after=None, n=0, before=nothing, after=nothing),
    }
    text = printed(document, 80).partition("what was forgotten")
    assert "nats a token" in text[2]
    told = "".join(text[1:]).partition("Below 640")[0]
    assert max(len(line) for line in told.splitlines()) <= 80
    golden("report-forgotten-80.txt", "\n".join(line.rstrip() for line in told.splitlines()) + "\n")


def test_many_tests_stand_in_blocks(document: dict, golden: Callable[[str, str], None]) -> None:
    table = printed(many_tests(document), 80).partition("● stated outright")[0]
    assert max(len(line) for line in table.splitlines()) <= 80
    words = table.split()
    assert all(words.count(split) == 1 for split in MANY)
    blocks = words.count("arm")
    assert blocks > 1
    assert all(words.count(arm) == blocks for arm in document["arms"])
    assert words.count("question") == 1
    golden("report-80.txt", "\n".join(line.rstrip() for line in table.splitlines()) + "\n")


def test_where_no_width_is_enough_each_test_is_a_block(document: dict) -> None:
    assert len(tables(many_tests(document), Console(width=20))) == len(MANY)
    assert len(tables(many_tests(document), Console(width=400))) == 1


def test_an_equivalence_is_spelled_out(document) -> None:
    told = {"op": "within", "right": "0.5", "margin": 0.1, "verdict": "refuted"}
    found = {"measured": "accuracy", "asked": "within 0.1 of", "bound": 0.5}
    document["expectations"][0].update(**told, **found)
    shown = "icl.reversal within 0.1 of 0.5  accuracy 0.55 [0.46, 0.62], asked for: within 0.1 of 0.5"
    assert shown in printed(document)


def test_a_pretraining_that_never_got_there_is_loud(document) -> None:
    document["pretraining"][0]["reached"] = False
    assert "less than was asked for" in printed(document)


def test_a_failed_arm_is_told(document) -> None:
    document["arms"]["icl"]["failed"] = "arm icl: it came apart"
    document["pooled"] = document["pooled"][2:]
    text = printed(document)
    assert "no result" in text
    assert "it came apart" in text


def test_exit_status(document) -> None:
    assert exit_status(document) == 0
    refuted, undecided, failed = (copy.deepcopy(document) for _ in range(3))
    refuted["expectations"][0]["verdict"] = "refuted"
    undecided["expectations"][0]["verdict"] = "undecided"
    failed["arms"]["icl"]["failed"] = "it came apart"
    assert [exit_status(each) for each in (refuted, undecided, failed)] == [1, 0, 1]


def test_where_not_all_can_be_answered_the_rest_is_compared(document: dict) -> None:
    document["pooled"][1]["compared"] = {"n": 90, "accuracy": 0.5, "low": 0.4, "high": 0.6}
    shown = printed(document)
    assert "50 %" in shown
    assert "of 90 of 160" in shown
    assert "every arm which sees anything can answer" in shown


def test_the_baselines_stand_below_the_arms(document: dict) -> None:
    lines = [line.split() for line in printed(document).splitlines()]
    below = {words[0]: words[1] for words in lines if len(words) == 5 and words[2] == "%"}
    assert below == {
        "chance": "50",
        "constant": "55",
        "frequency": "50",
        "co-occurrence": "25",
        "overlap": "0",
    }


def test_where_tokens_have_prices_the_table_shows_money(document: dict) -> None:
    for arm, price in document["arms"].items():
        spent = 0.0 if arm == "icl" else 12.3456
        price["money"] = {
            "currency": "EUR",
            "training": spent,
            "augmenting": spent / 2,
            "question": 0.0000345,
        }
        price["money"] |= {"breakeven_questions": None if arm == "icl" else 77000}
        price["money"] |= {"breakeven_questions_reused": None}
    text = printed(document)
    head = next(line for line in text.splitlines() if "trained" in line)
    assert head.split()[-4:] == ["training", "EUR", "1,000", "asked"]
    assert [line.split()[-2:] for line in text.splitlines() if line.split()[:1] in (["icl"], ["half"])] == [
        ["–", "0.0345"],
        ["18.5", "0.0345"],
    ]
    assert "at what a million tokens cost" in text
    assert "from so many questions on: finetune 77,000, half 77,000" in text
    assert "read only once" not in text


def test_free_answers_have_no_baselines_and_show_what_was_said_instead(document) -> None:
    split = document["splits"][0]
    for name in ("frequency", "co-occurrence", "overlap"):
        split[name] = None
    row = document["pooled"][0]
    row["chance"], row["wrong"] = 0.0, [{"text": "taller than kelbix", "n": 12}, {"text": "", "n": 1}]
    text = printed(document)
    assert re.search(r"overlap +– ", text)
    assert "icl, trained: its commonest wrong answers: 'taller than kelbix' 12, '' 1" in text


def test_an_undecided_hypothesis_fails_where_it_is_strict() -> None:
    undecided = {"expectations": [{"verdict": "undecided"}], "arms": {}}
    assert (exit_status(undecided), exit_status(undecided, strict=True)) == (0, 1)
    supported = {"expectations": [{"verdict": "supported"}], "arms": {}}
    assert exit_status(supported, strict=True) == 0


def test_many_hypotheses_are_said_to_be_many(document) -> None:
    (one,) = document["expectations"]
    told = printed({**document, "expectations": [{**one, "confidence": 0.995833}] * 12}, width=200)
    assert (
        "of 12 hypotheses some come out by chance: these are intervals of 99.58 %, so that all hold" in told
    )
    assert "by chance" not in printed(document)
