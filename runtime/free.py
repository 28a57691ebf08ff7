"""Free answers: what an arm says to each question of a test in words of its own, and whether it is right.

The texts are a stage of their own, kept as JSON lines. Only what says them needs JAX.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from wug.compiler.asking.free import exact
from wug.compiler.plan import Arm, Model, Plan, Sampling, Split
from wug.runtime.corpus import World
from wug.runtime.files import read_lines
from wug.runtime.kept import Kept
from wug.runtime.keys import canonical, digest

if TYPE_CHECKING:
    from wug.runtime.learn import Tree

FREE = "generations.jsonl"
SHOWN = 20  # wrong texts of an arm and split that results.json holds, the commonest ones


@dataclass(frozen=True)
class Said:
    """The text that one item was answered with."""

    seed: int
    split: str
    item_id: int
    cue: str
    text: str
    tokens: int
    finish: str  # "stop", or "length" where it was cut off
    right: bool


def free_splits(plan: Plan) -> tuple[Split, ...]:
    """The tests that are answered in words of the model's own."""
    return tuple(split for split in plan.splits if split.sampling is not None)


def asked_digest(plan: Plan, model: Model, world: World, arm: str) -> str:
    """Identifies all that free answers of an arm depend on, beside its weights."""
    splits = free_splits(plan)
    items, view = world.items, world.views[arm]
    at = [item for split in splits for item in items.of(split.name).tolist()]
    contexts = sorted({int(view.context_N[item]) for item in at})
    return digest(
        canonical(
            {
                "splits": [dataclasses.asdict(split) for split in splits],
                "items": [
                    [
                        items.item_id_N[i].item(),
                        items.cue[i],
                        list(items.accepted[i]),
                        view.context_N[i].item(),
                    ]
                    for i in at
                ],
                "shown": [world.context_tokens(arm, context).tolist() for context in contexts],
                "room": model.context,
                **({"chat": dataclasses.asdict(world.chat)} if world.chat is not None else {}),
            }
        )
    )


def answer_freely(
    plan: Plan,
    model: Model,
    parameters: Tree,
    tokenizer: Tokenizer,
    world: World,
    arm: str,
    done: Callable[[int], None],
    kept: Kept | None = None,
) -> list[Said]:
    """What a model says to the free questions of a world. `done` is told how many are through; texts are
    `kept`. Needs JAX."""
    from wug.runtime.sample import prompt_of, sample

    items, view, marks, chat = world.items, world.views[arm], world.documents.marks, world.chat
    stop = (chat.end,) if chat is not None and chat.end else ()
    contexts = [world.context_tokens(arm, context) for context in range(len(view.contexts))]
    told: list[Said] = []
    for split in free_splits(plan):
        sampling = split.sampling or Sampling()
        at = items.of(split.name).tolist()
        found = sample(
            model,
            parameters,
            tokenizer,
            [
                prompt_of(items.cue[item], tokenizer, int(view.context_N[item]), marks=marks, chat=chat)
                for item in at
            ],
            dataclasses.replace(sampling, seed=sampling.seed + world.seed, stop=(*sampling.stop, *stop)),
            contexts,
            _from(len(told), done),
            kept,
            f"{world.seed}/{split.name}",
        )
        told += [
            Said(
                world.seed,
                split.name,
                items.item_id_N[item].item(),
                items.cue[item],
                each.text,
                each.tokens,
                each.finish,
                exact(each.text, items.accepted[item], split.endings),
            )
            for item, each in zip(at, found, strict=True)
        ]
    return told


def _from(before: int, done: Callable[[int], None]) -> Callable[[int], None]:
    """Progress that goes on from `before`."""
    return lambda count: done(before + count)


def wrong_texts(said: Iterable[Said], split: str) -> list[dict[str, Any]]:
    """The commonest wrong answers to a test, and how often each was given."""
    counts = Counter(each.text.strip() for each in said if each.split == split and not each.right)
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [{"text": text, "n": count} for text, count in ordered[:SHOWN]]


def write_said(path: Path, said: Iterable[tuple[Arm, Said]]) -> None:
    """JSON lines, one a text, in the order given."""
    lines = [
        json.dumps({"arm": arm.name, **dataclasses.asdict(each)}, ensure_ascii=False) + "\n"
        for arm, each in said
    ]
    path.write_text("".join(lines), encoding="utf-8")


def read_said(path: Path) -> list[Said]:
    """What `write_said` wrote, without the arms."""
    return [Said(**{name: value for name, value in row.items() if name != "arm"}) for row in read_lines(path)]
