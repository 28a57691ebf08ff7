"""Augmentation: teachers write, what they wrote is judged, and what is kept becomes documents of their arms.

What was written and what comes of it are two entries of the store: a teacher is never asked twice for the
same request, and another filter judges the same texts anew. Servers were asked before, all that a run needs
of them at once (runtime/serving.py); what they said is read from their ledgers here.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wug.compiler.plan import Arm, Augment
from wug.compiler.record import as_plain
from wug.compiler.store import Entry, Store
from wug.runtime import corpus as corpora
from wug.runtime.audit import Audit, read_audit
from wug.runtime.corpus import World
from wug.runtime.endpoint import EndpointTeacher
from wug.runtime.failure import RuntimeFailure
from wug.runtime.files import read_json, write_json
from wug.runtime.interruption import Interruption
from wug.runtime.kept import Kept, tell_kept
from wug.runtime.keys import key
from wug.runtime.ledger import ledger_of
from wug.runtime.score import check_fits
from wug.runtime.teach import (
    Request,
    Text,
    read_examples,
    read_requests,
    read_texts,
    teaching_cost,
    write_by_model,
    write_texts,
)
from wug.runtime.teacher import Generation
from wug.runtime.teacher import Request as Question

if TYPE_CHECKING:
    from wug.runtime.run import Run

_LISTED = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")


def augment(run: Run) -> dict[str, Audit]:
    """Let the teachers of a run write, and add what is kept to its worlds. The audits, by arm."""
    audits: dict[str, Audit] = {}
    added: dict[int, list[Path]] = {}
    for arm in run.plan.arms:
        if arm.augment is None:
            continue
        if not arm.augment.sampled:
            if not any(arm.name in world.documents.set_D for world in run.corpus.worlds):
                run.progress.warn(f"arm {arm.name}: nothing is added to its documents")
            continue
        blocks = run.blocks()
        folders = [_judged(run, arm, worlds, f"{arm.name} {n}") for n, worlds in enumerate(blocks)]
        audit = audits[arm.name] = read_audit(run.compiled, arm, folders, run.corpus.tokenizer)
        if audit.too_long:
            sees = f"the {run.plan.learner(arm).model.context:,} tokens that its model sees"
            count = f"{audit.too_long:,} of {audit.texts:,} texts that its teacher wrote"
            run.progress.warn(f"arm {arm.name}: {count} are longer than {sees}: they are not trained")
        if not audit.kept:
            run.progress.warn(f"arm {arm.name}: nothing that its teacher wrote is trained")
        elif not audit.entailed:
            run.progress.warn(f"arm {arm.name}: nothing that its teacher wrote follows from what is trained")
        for folder, worlds in zip(folders, blocks, strict=True):
            for world in worlds:
                added.setdefault(world.seed, []).append(folder / f"seed-{world.seed}")
    if added:
        run.corpus = run.replaying(corpora.load(run.compiled, run.plan.seeds, added))
        check_fits(run.plan, run.corpus)
    return audits


def _judged(run: Run, arm: Arm, worlds: Sequence[World], label: str) -> Path:
    """The entry of what comes of what was written about a block of worlds: an audit, documents of the arm."""
    assert arm.augment is not None
    written = _written(run, arm, worlds, label)
    inputs: dict[str, Any] = {"written": written.name, "corpus": run.corpus.digest, "arm": arm.name}
    tokenizer, sees = run.corpus.tokenizer, run.plan.learner(arm).model.context
    inputs |= {"filter": arm.augment.filter, "seeds": [world.seed for world in worlds], "sees": sees}
    kind = f"{run.plan.name}/judged"
    with run.store.entry(kind, key("judged", inputs), waiting=run.waiting(label)) as entry:
        if not entry.ready:
            if run.scribe is None:
                raise RuntimeFailure(f"arm {arm.name}: nobody is there to judge what its teacher writes")
            with run.progress.stage(f"{arm.name}: judging", len(worlds), "worlds") as stage:
                for number, world in enumerate(worlds):
                    run.interruption.check()
                    texts = read_texts(written / f"seed-{world.seed}.jsonl")
                    folder = entry.scratch / f"seed-{world.seed}"
                    folder.mkdir()
                    sizes = map(len, tokenizer.encode_batch([text.text for text in texts], False))
                    answers = [
                        (text.request_id, text.text, text.begun, size + 2 > sees)  # a mark at both ends
                        for text, size in zip(texts, sizes, strict=True)
                    ]
                    run.scribe(arm.name, world.seed, answers, folder)
                    stage.update(number + 1)
            write_json(entry.scratch / "cost.json", read_json(written / "cost.json"))
            entry.commit()
    return entry.path


def _written(run: Run, arm: Arm, worlds: Sequence[World], label: str) -> Path:
    """The entry of what an arm's teacher wrote about a block of worlds."""
    made = arm.augment
    assert made is not None
    requests = [read_requests(run.compiled / f"seed-{world.seed}", arm.name) for world in worlds]
    asked: dict[str, Any] = {"requests": [[dataclasses.asdict(each) for each in own] for own in requests]}
    said: list[Generation] = []
    about: list[tuple[int, int]] = []
    if made.endpoint is not None:
        questions, about = questions_of(run.compiled, arm, worlds, requests)
        said = teacher_of(run.store, made, run.interruption).recall(questions)
        # what has no answer yet may have one in the next run: then that is another entry
        asked |= {"questions": [question.text for question in questions], "samples": made.samples}
        asked["answers"] = [dataclasses.astuple(each) for each in said]
    else:
        writer = run.plan.writer(arm)
        asked["sampling"] = [made.teacher, made.samples, made.sampling.to_json()]
        asked["documents"] = [world.training_digest("") for world in worlds]
        asked["weights"] = run.pretrained_keys(writer, worlds)
        asked["model"] = as_plain(writer.model)
    kind, name = f"{run.plan.name}/written", key("written", asked)

    def trained() -> None:
        if made.endpoint is None:
            run.pretrained_for(run.plan.writer(arm), worlds)

    with run.alone(kind, name, label, trained, resume=True) as entry:
        if not entry.ready:
            if made.endpoint is None:
                _by_model(run, arm, worlds, requests, entry)
            else:
                _by_endpoint(said, about, made.samples, worlds, entry.scratch)
            entry.commit()
    return entry.path


def _by_model(
    run: Run, arm: Arm, worlds: Sequence[World], requests: Sequence[Sequence[Request]], entry: Entry
) -> None:
    """A pretrained model of the experiment writes, which may be the arm's own."""
    made, writer = arm.augment, run.plan.writer(arm)
    assert made is not None

    by_weights: dict[int, list[int]] = {}
    for place, world in enumerate(worlds):
        by_weights.setdefault(writer.pretraining_seed(world.seed), []).append(place)
    folders = {seed: run.pretrained(writer, seed) for seed in by_weights}
    run.prepare()
    total = sum(len(each.put) for asked in requests for each in asked)
    cost = dict.fromkeys(("prompt_tokens", "tokens", "flops"), 0)
    with (
        Kept(entry.kept) as kept,
        run.progress.stage(f"{arm.name}: writing from context", total, "prompts") as stage,
    ):
        before = 0
        tell_kept(run.progress, kept, f"{arm.name}: writing", "texts")

        def done(prompts: int) -> None:
            stage.update(min(total, before + prompts // made.distinct))
            run.interruption.check()

        for seed, places in by_weights.items():
            mine = [(worlds[place], requests[place]) for place in places]
            parameters = run.placed(run.load(writer, folders[seed]))
            texts = write_by_model(
                writer.model, parameters, run.corpus.tokenizer, made, mine, done, kept, str(seed)
            )
            before += sum(len(each.put) for _, asked in mine for each in asked)
            for (world, _), own in zip(mine, texts, strict=True):
                write_texts(entry.scratch / f"seed-{world.seed}.jsonl", own)
            count = read_json(folders[seed] / "outcome.json")["parameters"]
            for name, value in teaching_cost(writer.model, count, made, texts).items():
                cost[name] += value
    write_json(entry.scratch / "cost.json", cost)


def _examples(compiled: Path, arm: Arm, worlds: Sequence[World]) -> list[dict[str, str]]:
    """Of each world the worked examples that an arm's base model is shown, by scope."""
    assert arm.augment is not None
    if not arm.augment.examples:
        return [{} for _ in worlds]
    return [read_examples(compiled / f"seed-{world.seed}", arm.name) for world in worlds]


def questions_of(
    compiled: Path, arm: Arm, worlds: Sequence[World], requests: Sequence[Sequence[Request]]
) -> tuple[list[Question], list[tuple[int, int]]]:
    """What a server is asked about some worlds, and of each question the seed and the request."""
    made = arm.augment
    assert made is not None
    questions: list[Question] = []
    about: list[tuple[int, int]] = []
    shown = _examples(compiled, arm, worlds)
    for world, asked, examples in zip(worlds, requests, shown, strict=True):
        text = dict(zip(world.documents.doc_id_D.tolist(), world.documents.text_D, strict=True))
        for request in asked:
            before = [examples[request.scope]] if request.scope in examples else []
            context = "\n".join([*before, *(text[doc_id] for doc_id in request.context_doc_ids)])
            for number, prompt in enumerate(request.prompts):
                name = f"{world.seed}/{request.request_id}/{number}"
                questions.append(Question(name, context, prompt, made.samples))
                about.append((world.seed, request.request_id))
    return questions, about


def teacher_of(store: Store, augment: Augment, interruption: Interruption) -> EndpointTeacher:
    """The server that writes for an arm, and what it has said so far to anybody who works in this store."""
    assert augment.endpoint is not None
    ledger = ledger_of(store, augment.endpoint)
    return EndpointTeacher(augment.endpoint, augment.sampling, ledger, interruption)


def _by_endpoint(
    answers: Sequence[Generation],
    about: Sequence[tuple[int, int]],
    samples: int,
    worlds: Sequence[World],
    scratch: Path,
) -> None:
    """What a server wrote about some worlds, a line a statement."""
    texts: dict[int, list[Text]] = {world.seed: [] for world in worlds}
    for place, answer in enumerate(answers):
        seed, request_id = about[place // samples]
        for line in answer.text.split("\n"):
            statement = _LISTED.sub("", line).strip()
            if statement:
                texts[seed].append(
                    Text(
                        request_id,
                        answer.sample,
                        statement,
                        0,
                        answer.finish,
                        answer.prompt_tokens,
                        answer.tokens,
                    )
                )
    for seed, own in texts.items():
        write_texts(scratch / f"seed-{seed}.jsonl", own)
    spent = {"prompt_tokens": sum(a.prompt_tokens for a in answers), "tokens": sum(a.tokens for a in answers)}
    unanswered = sum(answer.finish == "error" for answer in answers)
    write_json(scratch / "cost.json", {**spent, "flops": 0, "unanswered": unanswered})
