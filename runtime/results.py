"""Results: results.json, the whole outcome of a run as one document, a function of its inputs alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from wug.compiler.asking.shortcut import NAMES
from wug.compiler.plan import Arm, Learner, Plan, Split
from wug.runtime.advice import advice
from wug.runtime.after_update import after_update
from wug.runtime.arm_result import ArmResult
from wug.runtime.audit import Audit
from wug.runtime.corpus import World
from wug.runtime.curves import augmentation_curves
from wug.runtime.expect import Outcome, confidence_of, judge, wilson
from wug.runtime.free import wrong_texts
from wug.runtime.keys import canonical, digest
from wug.runtime.measures import MEASURES
from wug.runtime.price import compare, priced, tuning_price
from wug.runtime.score import Answers
from wug.runtime.shortcut import Shortcut, of_training, shortcuts
from wug.runtime.tuning import Tuned

SCHEMA = 4
BELOW = 0.05  # an interval this far below chance calls for an explanation


def results(
    plan: Plan,
    worlds: Sequence[World],
    arms: Sequence[ArmResult],
    pretraining: Mapping[str, Sequence[dict[str, Any]]],
    audits: Mapping[str, Audit],
    tuned: Mapping[str, Tuned] | None = None,
    forgetting: Mapping[str, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """The document: rows (arm x split x seed), pooled (arm x split), arms, what they forgot, what their
    teachers wrote, pretraining, expectations. `pretraining` are the outcomes by model."""
    rows, pooled, outcomes = [], [], {}
    told = [result for result in arms if result.failed is None]
    common = [_common(told, world) for world in worlds]
    for result in told:
        habits = [shortcuts(world, result.arm.name, result.arm.finetune is not None) for world in worlds]
        for split in plan.splits:
            each = [_row(result, split, place, world) for place, world in enumerate(worlds)]
            rows.extend(each)
            pooled.append(_pooled(result, split, worlds, habits, common))
            outcomes[result.arm.name, split.name] = [
                Outcome(
                    answers.credit_N[(at := world.items.of(split.name))],
                    world.items.cluster_N[at],
                    _answerable(result.arm, world)[at],
                )
                for world, answers in zip(worlds, result.answers, strict=True)
            ]
    failed = {result.arm.name: result.failed for result in arms if result.failed is not None}
    parameters = {model: int(each[0]["parameters"]) for model, each in pretraining.items()}
    prices = _prices(plan, worlds, arms, parameters, tuned or {})
    return {
        "schema": SCHEMA,
        "name": plan.name,
        "key": digest(canonical(plan.spec())),
        "corpus": plan.key,
        "rows": rows,
        "pooled": pooled,
        "splits": _splits(plan, worlds),
        "arms": prices,
        "forgetting": dict(forgetting or {}),
        **after_update(plan, worlds, told, prices),
        "augmentation_curves": augmentation_curves(
            plan, worlds, {arm: price["added_tokens"] for arm, price in prices.items()}
        ),
        "advice": _advice(worlds, told, prices),
        "augmentation": {name: audit.to_json() for name, audit in audits.items()},
        "pretraining": [
            _pretraining(model, outcome) for model in plan.models for outcome in pretraining[model.name]
        ],
        "expectations": [
            {
                "text": expectation.text,
                "left": expectation.left.spelled(),
                "op": expectation.op,
                "right": expectation.right.spelled(),
                "margin": expectation.margin,
                "confidence": round(confidence_of(len(plan.expectations)), 6),
                **vars(judge(expectation, outcomes, failed, len(plan.expectations))),
            }
            for expectation in plan.expectations
        ],
    }


def _answerable(arm: Arm, world: World) -> npt.NDArray[np.bool_]:
    """The items on which an arm is compared: those whose answer follows from what it sees; all of them for an
    arm that sees nothing, a baseline, and for one that must find what it sees: a search that fails is a
    failure of the arm."""
    view = world.views[arm.name]
    blank = arm.finetune is None and arm.context == "none" and not arm.continues
    if arm.context == "bm25" or blank:
        return np.ones(len(view.answerable_N), np.bool_)
    return view.answerable_N


def _common(arms: Sequence[ArmResult], world: World) -> npt.NDArray[np.bool_]:
    """The items on which all arms can be compared."""
    every = np.ones(len(world.items.item_id_N), np.bool_)
    for result in arms:
        every &= _answerable(result.arm, world)
    return every


def _splits(plan: Plan, worlds: Sequence[World]) -> list[dict[str, Any]]:
    """What each split gives away before anything is trained: chance, and what habit and words alone reach."""
    habits = [of_training(world) for world in worlds]
    told = []
    for split in plan.splits:
        at = [world.items.of(split.name) for world in worlds]
        known = {
            name: None
            if split.sampling
            else _mean(np.concatenate([h[name].credit_N[a] for h, a in zip(habits, at, strict=True)]))
            for name in NAMES
        }
        chance_N = np.concatenate([world.items.chance_N[a] for world, a in zip(worlds, at, strict=True)])
        about = {"split": split.name, "n": len(chance_N), "chance": _mean(chance_N)}
        told.append({**about, "constant": _share(split.constant), **known})
    return told


def _row(result: ArmResult, split: Split, place: int, world: World) -> dict[str, Any]:
    at = world.items.of(split.name)
    view, answers = world.views[result.arm.name], result.answers[place]
    return {
        "arm": result.arm.name,
        "split": split.name,
        "seed": world.seed,
        "chance": _share(float(np.mean(world.items.chance_N[at])) if len(at) else split.chance),
        "context_docs": _mean(view.context_docs_N[at]),
        "context_relevant": _mean(view.context_relevant_N[at]),
        "cooccurring": _mean(view.cooccurring_N[at]),
        "margin": None if split.sampling else _mean(answers.margin_N[at]),
        **_others(split, [answers], [at]),
        **_accuracy(answers.credit_N[at], view.exposed_N[at], view.answerable_N[at]),
    }


def _pooled(
    result: ArmResult,
    split: Split,
    worlds: Sequence[World],
    habits: Sequence[dict[str, Shortcut]],
    common: Sequence[npt.NDArray[np.bool_]],
) -> dict[str, Any]:
    name = result.arm.name
    places = [world.items.of(split.name) for world in worlds]

    def joined(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
        return np.concatenate([part[at] for part, at in zip(parts, places, strict=True)])

    views = [world.views[name] for world in worlds]
    chance_N = joined([world.items.chance_N for world in worlds])
    chance = float(np.mean(chance_N)) if len(chance_N) else split.chance
    credit_N = joined([answers.credit_N for answers in result.answers])
    accuracy = _accuracy(
        credit_N, joined([view.exposed_N for view in views]), joined([view.answerable_N for view in views])
    )
    compared_N = credit_N[joined(common)]
    low, high = wilson(float(compared_N.sum()), len(compared_N))
    compared = {"n": len(compared_N), "accuracy": _mean(compared_N), "low": _share(low), "high": _share(high)}
    known = {
        shortcut: {
            "accuracy": _mean(joined([habit[shortcut].credit_N for habit in habits])),
            "agreement": _mean(
                np.concatenate(
                    [
                        _agreement(world, at, answers.share_Q, habit[shortcut].share_Q)
                        for world, at, answers, habit in zip(
                            worlds, places, result.answers, habits, strict=True
                        )
                    ]
                )
            ),
        }
        for shortcut in habits[0]
    }
    if split.sampling:  # words alone choose between choices, and say nothing
        known = {shortcut: {"accuracy": None, "agreement": None} for shortcut in known}
    below = accuracy["high"] is not None and accuracy["high"] < chance - BELOW
    best = max(known, key=lambda shortcut: known[shortcut]["agreement"] or 0.0)
    return {
        "arm": name,
        "split": split.name,
        "seeds": len(worlds),
        "chance": _share(chance),
        "constant": _share(split.constant),
        "context_docs": _mean(joined([view.context_docs_N for view in views])),
        "context_relevant": _mean(joined([view.context_relevant_N for view in views])),
        "cooccurring": _mean(joined([view.cooccurring_N for view in views])),
        "margin": None if split.sampling else _mean(joined([a.margin_N for a in result.answers])),
        **_others(split, result.answers, places),
        "shortcuts": known,
        "shortcut": {"name": best, **known[best]} if below else None,
        **accuracy,
        "compared": compared,
        "wrong": wrong_texts(result.said, split.name),
    }


def _accuracy(
    credit_N: npt.NDArray[np.float64], exposed_N: npt.NDArray[np.bool_], answerable_N: npt.NDArray[np.bool_]
) -> dict[str, float | int | None]:
    low, high = wilson(float(credit_N.sum()), len(credit_N))
    return {
        "n": len(credit_N),
        "accuracy": _mean(credit_N),
        "low": _share(low),
        "high": _share(high),
        "exposed": _mean(exposed_N),
        **_part("exposed", credit_N[exposed_N]),
        **_part("unexposed", credit_N[~exposed_N]),
        "answerable": _mean(answerable_N),
        "accuracy_answerable": _mean(credit_N[answerable_N]),
    }


def _others(
    split: Split, answers: Sequence[Answers], places: Sequence[npt.NDArray[np.int32]]
) -> dict[str, float | None]:
    """The accuracy by each other measure; nulls where answers are free."""
    return {
        f"accuracy_{name}": None
        if split.sampling
        else _mean(np.concatenate([each.other_N[name][at] for each, at in zip(answers, places, strict=True)]))
        for name in MEASURES
    }


def _part(name: str, credit_N: npt.NDArray[np.float64]) -> dict[str, float | None]:
    """The accuracy on some of the items, with its interval; nulls where there are none."""
    names = f"accuracy_{name}", f"low_{name}", f"high_{name}"
    if not len(credit_N):
        return dict.fromkeys(names)
    ends = wilson(float(credit_N.sum()), len(credit_N))
    return dict(zip(names, (_mean(credit_N), *map(_share, ends)), strict=True))


def _agreement(
    world: World,
    at: npt.NDArray[np.int32],
    model_Q: npt.NDArray[np.float64],
    habit_Q: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """The chance that two answers to an item are the same, each tie broken at random."""
    items = world.items
    return np.array(
        [
            model_Q[first : first + choices] @ habit_Q[first : first + choices]
            for first, choices in zip(items.first_question_N[at], items.choices_N[at], strict=True)
        ]
    )


def _prices(
    plan: Plan,
    worlds: Sequence[World],
    arms: Sequence[ArmResult],
    parameters: Mapping[str, int],
    tuned: Mapping[str, Tuned],
) -> dict[str, dict[str, Any]]:
    """Each arm's price; `parameters` are counted by model."""
    prices: dict[str, dict[str, Any]] = {}
    for result in arms:
        arm, model = result.arm, plan.learner(result.arm).name
        price = prices[arm.name] = {
            "model": model,
            "context": arm.context,
            "augment": f"{' '.join(arm.augment.scopes)} by {arm.teacher}" if arm.augment else "",
            **priced(plan, worlds, arm, result.augmenting, parameters[model], result.stopped),
            "failed": result.failed,
        }
        if arm.name in tuned:
            spent = tuning_price(plan, arm, tuned[arm.name], parameters[model])
            paid = spent.pop("tuning_money")
            price |= {"tuned": tuned[arm.name].to_json(), **spent}
            if price["money"] is not None:
                price["money"]["tuning"] = paid
    compare(prices, _whole(plan))
    return prices


def _whole(plan: Plan) -> dict[str, str]:
    """With which arm each one is compared: the first that shows all documents and trains nothing, of its own
    model, or of another where that has none."""
    every = [
        arm
        for arm in plan.arms
        if arm.context == "train" and arm.finetune is None and not arm.continues and arm.part == "all"
    ]
    found = {}
    for arm in plan.arms:
        own = [each for each in every if plan.learner(each) == plan.learner(arm)]
        other = next(iter(own or every), arm)
        if other is not arm:
            found[arm.name] = other.name
    return found


def _advice(
    worlds: Sequence[World], told: Sequence[ArmResult], prices: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any] | None:
    """On all questions of all tests, answerable or not: that an arm cannot know is no excuse for it."""
    outcomes = {
        result.arm.name: [
            Outcome(answers.credit_N, world.items.cluster_N, np.ones(len(answers.credit_N), np.bool_))
            for world, answers in zip(worlds, result.answers, strict=True)
        ]
        for result in told
    }
    chance = float(np.concatenate([world.items.chance_N for world in worlds]).mean())
    return advice(prices, outcomes, chance)


def _pretraining(model: Learner, outcome: Mapping[str, Any]) -> dict[str, Any]:
    names = ("seed", "reached", "steps", "accuracy", "loss", "tokens", "parameters", "train_flops")
    told = {name: outcome[name] for name in names}
    known = {"checkpoint": model.checkpoint.digest} if model.checkpoint is not None else {}
    return {"model": model.name, **told, "asked": model.pretraining.accuracy, **known}


def _mean(values: npt.NDArray[Any]) -> float | None:
    return _share(float(np.mean(values))) if len(values) else None


def _share(value: float) -> float:
    return round(value, 6)
