"""Prices: what each arm costs to prepare and to ask, and after how many questions one is the cheaper.

An arm is a straight line: what is spent before the first question (tuning it, writing what it is augmented
with, training it, reading a context that all questions share), and what each question takes. In operations a
question is asked as here, all of its choices scored; in money its right answer is written once. How many
operations a server takes to write is not known, nor how much money where its endpoint has no prices: that is
left out, and `left_out` says of which arms it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from wug.compiler.plan import Arm, Finetuning, Plan
from wug.compiler.record import as_plain
from wug.runtime.corpus import World
from wug.runtime.cost import QuestionCost, adapter_parameters, forward_flops, question_cost, train_flops
from wug.runtime.schedule import added_tokens, replayed_lengths, training_lengths
from wug.runtime.stopping import measured_lengths
from wug.runtime.tuning import Tuned

MILLION = 1_000_000


@dataclass(frozen=True)
class Augmenting:
    """What a teacher took to write the texts of one seed, the mean over all; nothing for the oracle."""

    prompt_tokens: int = 0
    tokens: int = 0
    flops: int = 0


def tuning_price(plan: Plan, arm: Arm, tuned: Tuned, parameters: int) -> dict[str, Any]:
    """What it took, once for all seeds, to tune an arm: training every candidate in every world, asking it,
    and what a teacher wrote of these worlds. A candidate that came apart is charged as a whole. `parameters`
    are those of its model."""
    model, name, count = plan.learner(arm).model, arm.name, len(tuned.candidates)
    asked = [(question_cost(model, parameters, w, name), len(w.items.item_id_N)) for w in tuned.worlds]
    lengths = [
        training_lengths(world, name, each.setting) for each in tuned.candidates for world in tuned.worlds
    ]
    lora = tuned.setting.lora
    tokens = sum(int(each.sum()) for each in lengths)
    flops = sum(train_flops(model, parameters, each, lora) for each in lengths)
    flops += count * round(sum(cost.flops * n for cost, n in asked))
    taught = Augmenting()
    if tuned.audit is not None:
        taught = Augmenting(tuned.audit.prompt_tokens, tuned.audit.tokens, tuned.audit.flops)
    told = {"tuning_tokens": tokens, "tuning_flops": flops + taught.flops, "tuning_money": None}
    prices, written = plan.learner(arm).prices, _written(plan, arm, taught)
    if prices is None or written is None:
        return told
    money = prices.training * tokens
    money += prices.input * count * sum(cost.input_tokens * n for cost, n in asked)
    money += prices.output * count * sum(cost.output_tokens * n for cost, n in asked)
    money += written
    return {**told, "tuning_money": _exact(money / MILLION)}


@dataclass(frozen=True)
class Line:
    """What is spent before the first question, and for each."""

    fixed: float
    each: float

    def of(self, questions: int) -> float:
        return self.fixed + self.each * questions


def priced(
    plan: Plan,
    worlds: Sequence[World],
    arm: Arm,
    augmenting: Augmenting,
    parameters: int,
    stopped: Mapping[str, Sequence[Any]] = MappingProxyType({}),
) -> dict[str, Any]:
    """What an arm takes, as it stands in the results, but for comparisons with other arms. `parameters` are
    those of its model; `stopped` says when its seeds ended, where they stop early."""
    learner = plan.learner(arm)
    each = [question_cost(learner.model, parameters, world, arm.name) for world in worlds]
    cost = {name: sum(getattr(one, name) for one in each) / len(each) for name in vars(each[0])}
    training = _training(plan, worlds, arm, parameters, stopped)
    return {
        **training,
        "augment_prompt_tokens": augmenting.prompt_tokens,
        "augment_tokens": augmenting.tokens,
        "augment_flops": augmenting.flops,
        "prefix_flops": round(cost["prefix_flops"]),
        "prefix_tokens": round(cost["prefix_tokens"], 3),
        "question_flops": round(cost["flops"]),
        "question_flops_reused": round(cost["flops_reused"]),
        "question_tokens": round(cost["tokens"], 3),
        "question_tokens_reused": round(cost["tokens_reused"], 3),
        "input_tokens": round(cost["input_tokens"], 3),
        "output_tokens": round(cost["output_tokens"], 3),
        "money": _money(plan, arm, training, augmenting, QuestionCost(**cost)),
    }


def _training(
    plan: Plan, worlds: Sequence[World], arm: Arm, parameters: int, stopped: Mapping[str, Sequence[Any]]
) -> dict[str, Any]:
    """What it takes to train one seed, on top of pretraining: the mean over all of them, each with the steps
    that it took."""
    match = next((a.finetune.match for a in plan.arms if a.name == arm.name and a.finetune), "")
    whole = arm.finetune
    if whole is None:
        return {"train_steps": 0, "match": match, "train_tokens": 0, "added_tokens": 0, "train_flops": 0}
    settings = [replace(whole, steps=steps) for steps in stopped.get("steps", [whole.steps] * len(worlds))]
    taken = list(zip(worlds, settings, strict=True))
    lengths = [training_lengths(world, arm.name, setting) for world, setting in taken]
    model, lora = plan.learner(arm).model, whole.lora
    flops = [train_flops(model, parameters, each, lora) for each in lengths]
    looked = [measured_lengths(world, arm.name, setting, setting.steps) for world, setting in taken]
    flops += [forward_flops(model, parameters, each) for each in looked]
    added = sum(added_tokens(world, arm.name, setting) for world, setting in taken)
    return {
        "train_steps": whole.steps,
        "match": match,
        "train_tokens": round(sum(int(each.sum()) for each in lengths) / len(worlds)),
        "added_tokens": round(added / len(worlds)),
        "train_flops": round(sum(flops) / len(worlds)),
        **_stop(plan, worlds, arm, parameters, stopped, looked),
        **_replay(taken, arm),
        **({"lora": {**as_plain(lora), "parameters": adapter_parameters(model, lora)}} if lora else {}),
    }


def _stop(
    plan: Plan,
    worlds: Sequence[World],
    arm: Arm,
    parameters: int,
    stopped: Mapping[str, Sequence[Any]],
    looked: Sequence[npt.NDArray[np.integer]],
) -> dict[str, Any]:
    """When an arm stopped, what it read to know that, a seed, and what it would take to train to the end."""
    setting = arm.finetune
    if setting is None or setting.stop is None:
        return {}
    model, most = plan.learner(arm).model, 0
    for world in worlds:
        most += train_flops(model, parameters, training_lengths(world, arm.name, setting), setting.lora)
        most += forward_flops(model, parameters, measured_lengths(world, arm.name, setting, setting.steps))
    tokens = round(sum(int(each.sum()) for each in looked) / len(worlds))
    spent = {"measured_tokens": tokens, "most_flops": round(most / len(worlds))}
    return {"stop": {**as_plain(setting.stop), **{name: [*each] for name, each in stopped.items()}, **spent}}


def _replay(taken: Sequence[tuple[World, Finetuning]], arm: Arm) -> dict[str, Any]:
    """What of the tokens that a seed is trained on is replayed; nothing where nothing is."""
    replay = arm.finetune.replay if arm.finetune is not None else None
    if replay is None:
        return {}
    tokens = sum(int(replayed_lengths(world, arm.name, setting).sum()) for world, setting in taken)
    kind = "text" if replay.key else "pretraining"
    return {"replay": {"of": kind, "share": replay.share, "tokens": round(tokens / len(taken))}}


def _money(
    plan: Plan, arm: Arm, training: Mapping[str, Any], augmenting: Augmenting, cost: QuestionCost
) -> dict[str, Any] | None:
    """The same in money, each model's tokens at its own prices; what comes again in a shared context is
    charged as cached."""
    prices = plan.learner(arm).prices
    if prices is None:
        return None
    asked = prices.input * cost.input_tokens + prices.output * cost.output_tokens
    saved = (prices.input - prices.cached) * cost.prefix_tokens
    looked = training["stop"]["measured_tokens"] if "stop" in training else 0
    amounts = {
        "training": prices.training * training["train_tokens"] + prices.input * looked,
        "augmenting": _written(plan, arm, augmenting),
        "prefix": saved,  # the first reading is charged in full
        "question": asked,
        "question_reused": asked - saved,
    }
    return {
        "currency": prices.currency,
        **{name: None if each is None else _exact(each / MILLION) for name, each in amounts.items()},
    }


def _written(plan: Plan, arm: Arm, augmenting: Augmenting) -> float | None:
    """What a million times the writing costs, at the prices of whoever writes; None where it has none."""
    server = arm.augment.endpoint if arm.augment is not None else None
    prices = plan.writer(arm).prices
    if server is None:
        read, said = (prices.input, prices.output) if prices is not None else (None, None)
    else:
        read, said = server.input_price, server.output_price
    if read is None or said is None:
        return None
    return read * augmenting.prompt_tokens + said * augmenting.tokens


def _exact(amount: float) -> float:
    """Nine significant digits: money is not rounded to cents before it is multiplied."""
    return float(f"{amount:.9g}")


# Lines, and where they meet

MEASURES = ("breakeven_questions", "breakeven_questions_reused")


def line(price: Mapping[str, Any], reused: bool, money: bool) -> Line:
    """An arm's line, a shared context read anew for each question or once for all. What a server took that
    nobody knows is left out."""
    if money:
        told = price["money"]
        spent = told["training"] + (told["augmenting"] or 0) + (told.get("tuning") or 0)
        return (
            Line(spent + told["prefix"], told["question_reused"]) if reused else Line(spent, told["question"])
        )
    spent = price["train_flops"] + price["augment_flops"] + price.get("tuning_flops", 0)
    if reused:
        return Line(spent + price["prefix_flops"], price["question_flops_reused"])
    return Line(spent, price["question_flops"])


def left_out(price: Mapping[str, Any], money: bool) -> bool:
    """Whether nobody knows what it took to write what an arm is augmented with."""
    if money:
        return price["money"]["augmenting"] is None
    return bool(price["augment"].endswith("by endpoint"))


def compare(prices: dict[str, dict[str, Any]], whole: Mapping[str, str]) -> None:
    """Add to each arm's price with which arm it is compared, the one of `whole` that shows all, and after how
    many questions it is cheaper than that; in money nothing where its price is not known."""
    for arm, price in prices.items():
        other_arm = whole.get(arm)
        price["breakeven_with"] = other_arm
        for place, name in enumerate(MEASURES):
            for money, told in ((False, price), (True, price["money"])):
                if told is None:
                    continue
                mine = line(price, place == 1, money)
                other = line(prices[other_arm], place == 1, money) if other_arm is not None else None
                known = other is not None and not (money and left_out(price, money))
                told[name] = breakeven(mine, other) if known and other is not None else None


def breakeven(mine: Line, other: Line) -> int | None:
    """The number of questions from which on an arm costs no more than another: 0 where it never costs more,
    None where it does not come to that."""
    if mine.each >= other.each:
        return None
    return max(0, math.ceil((mine.fixed - other.fixed) / (other.each - mine.each)))


def cheapest(lines: Mapping[str, Line]) -> list[tuple[str, int]]:
    """Which arm is the cheapest from which number of questions on, beginning with one."""
    at, found = 1, []
    arm = min(lines, key=lambda name: (lines[name].of(1), lines[name].each))
    while True:
        found.append((arm, at))
        mine = lines[arm]
        later = [
            (max(at + 1, breakeven(each, mine) or 0), name)
            for name, each in lines.items()
            if each.each < mine.each
        ]
        if not later:
            return found
        at, arm = min(later, key=lambda place: (place[0], lines[place[1]].of(place[0]), lines[place[1]].each))
