"""What the teachers of an experiment would be asked, before anybody is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from wug.compiler.plan import Arm, Plan
from wug.compiler.store import Store
from wug.runtime import corpus as corpora
from wug.runtime.augment import questions_of
from wug.runtime.interruption import Interruption
from wug.runtime.serving import Served, served
from wug.runtime.teach import Request, read_requests
from wug.runtime.tuning import tuning_plans


def requests(plan: Plan, compiled: Path, store: Store) -> list[dict[str, Any]]:
    """Each arm that a model has to write for: how many requests and texts there are in all worlds, of each
    scope the first request of the first world as it would be put, and what a run would send to a server, in
    all: its limits are for all worlds together. The worlds that it is tuned on come by themselves."""
    servers = {each.arm: each.summary for each in _served(plan, compiled, store)}
    found = [{**each, "tuning": False} for each in _requests(plan, compiled, servers)]
    for tuning in tuning_plans(plan).values():
        assert tuning.tuning is not None
        folder = store.path(f"{plan.name}/tuning", tuning.tuning.key)
        found += [{**each, "tuning": True} for each in _requests(tuning, folder, {})]
    return found


def _served(plan: Plan, compiled: Path, store: Store) -> list[Served]:
    if not any(arm.augment is not None and arm.augment.endpoint is not None for arm in plan.arms):
        return []
    return served(plan, compiled, corpora.load(compiled, plan.seeds).worlds, store, Interruption())


def _requests(plan: Plan, compiled: Path, servers: Mapping[str, str]) -> list[dict[str, Any]]:
    found = []
    (first,) = corpora.load(compiled, plan.seeds[:1]).worlds
    for arm in (arm for arm in plan.arms if arm.augment is not None and arm.augment.sampled):
        assert arm.augment is not None
        asked = [read_requests(compiled / f"seed-{seed}", arm.name) for seed in plan.seeds]
        every = [request for own in asked for request in own]
        found.append(
            {
                "arm": arm.name,
                "teacher": arm.teacher,
                "scopes": list(arm.augment.scopes),
                "worlds": len(plan.seeds),
                "requests": len(every),
                "texts": sum(len(request.put) for request in every) * arm.augment.samples,
                "examples": [_put(compiled, arm, first, request) for request in _firsts(asked[0])],
                "server": servers.get(arm.name, ""),
            }
        )
    return found


def _firsts(asked: list[Request]) -> list[Request]:
    """The first request of each scope."""
    return list({request.scope: request for request in reversed(asked)}.values())[::-1]


def _put(compiled: Path, arm: Arm, world: corpora.World, request: Request) -> dict[str, Any]:
    """A request; for a base model also the whole text that it is to go on with."""
    text = dict(zip(world.documents.doc_id_D.tolist(), world.documents.text_D, strict=True))
    put: dict[str, Any] = {
        "scope": request.scope,
        "context": [text[doc_id] for doc_id in request.context_doc_ids],
        "shown": request.shown,
        "prompts": list(request.prompts),
        "questions": list(request.questions),
    }
    assert arm.augment is not None
    if arm.augment.endpoint is not None and arm.augment.endpoint.style == "base":
        (question,), _ = questions_of(compiled, arm, [world], [[request]])
        put["text"] = question.text
    return put


def print_requests(found: list[dict[str, Any]], console: Console) -> None:
    """For people."""
    if not found:
        console.print("no arm of this experiment has a teacher that must be asked", highlight=False)
    for each in found:
        many = "s" if each["worlds"] > 1 else ""
        counts = f"{each['requests']:,} requests in {each['worlds']:,} world{many}, {each['texts']:,} texts"
        counts += ", to be tuned on" if each["tuning"] else ""
        console.print(
            Text.assemble(
                (each["arm"], "bold"), f": {' '.join(each['scopes'])} by {each['teacher']}, {counts}"
            )
        )
        if each["server"]:
            console.print(Text(each["server"]))
        for example in each["examples"]:
            console.print(Text(f"\n  {example['scope']}, the first of its kind:", "dim"))
            if "text" in example:
                console.print(Text("\n".join(f"  > {line}".rstrip() for line in example["text"].split("\n"))))
                continue
            if example["context"]:
                console.print(Text("\n".join(f"  | {line}" for line in example["context"]), "dim"))
            console.print(Text(f"  | {example['shown']}"))
            for prompt in (*example["prompts"], *example["questions"]):
                console.print(Text("\n".join(f"  > {line}" for line in prompt.split("\n"))))
        console.print()
