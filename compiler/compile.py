"""From a checked spec to a folder: what is compiled, entry by entry of the store, and the plan of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from wug.compiler.asking.questions import summary
from wug.compiler.asking.tuned import tuned_on
from wug.compiler.canonical import plain
from wug.compiler.data.plain import read_paragraphs
from wug.compiler.diagnosis.diagnostics import Diagnostic, Note, Report, SpecError
from wug.compiler.draft import Draft, draft, draw_world, world_seeds
from wug.compiler.emitting.augmentation import emit_requests, token_counts
from wug.compiler.emitting.disjoint import disjoint
from wug.compiler.emitting.emit import emit_seed, emit_world, write_card, write_manifest
from wug.compiler.emitting.episodes import compile_episodes, compile_probe, without_episodes
from wug.compiler.emitting.given import given_texts
from wug.compiler.emitting.replayed import emit_replayed, replayed_key
from wug.compiler.emitting.tokenizer import build_tokenizer, read_tokenizer, write_tokenizer
from wug.compiler.emitting.tuning import tuning_draft
from wug.compiler.emitting.updates import change_lines, emit_updated
from wug.compiler.experiment import Arm, Experiment, Learner
from wug.compiler.facts import Ints
from wug.compiler.fitting import check_answers, check_context, check_episodes, check_requests
from wug.compiler.general.texts import replayed
from wug.compiler.identity import corpus_key, episodes_key, tuning_key, world_key
from wug.compiler.plan import Arm as PlannedArm
from wug.compiler.plan import Finetuning, Plan, Source, Split, Tuning
from wug.compiler.plan import Learner as PlannedLearner
from wug.compiler.populating.sheets import characters, read_data
from wug.compiler.saying.check_reading import (
    ReadingChecks,
    check_claims,
    check_documents,
    check_statements,
)
from wug.compiler.sharding import Shard, finished_shards, gather
from wug.compiler.store import EnvironmentFailure, Store
from wug.compiler.words.pools import token_histograms, token_lines
from wug.compiler.world import World
from wug.progress import Progress

MOST_TOKENS = 2**16
"""Tokens are 16-bit numbers."""


@dataclass(frozen=True)
class Compiled:
    """A compiled experiment: its folder, the plan for the runtime, and the compiler's warnings."""

    path: Path
    plan: Plan
    warnings: tuple[str, ...]


def compile_experiment(experiment: Experiment, store: Store, progress: Progress, report: Report) -> Compiled:
    """Compile an experiment, or find it compiled. Raises SpecError, EnvironmentFailure."""
    key = corpus_key(experiment)
    with store.entry(f"{experiment.name}/compiled", key, waiting=_waiting(progress)) as entry:
        if not entry.ready:
            shards = finished_shards(experiment, key, store)
            _write_corpus(experiment, key, entry.scratch, progress, report, shards=shards)
            entry.commit()
    for learner in (each for each in experiment.models if each.checkpoint is None):
        episodes = _episodes(experiment, learner, store, progress, report)
        needed = finished_work(episodes / "meta.json", "longest")["longest"]
        check_episodes(learner, needed, report)
    manifest = finished_work(entry.path / "manifest.json", "splits", "warnings")
    again = {arm.name: _replayed(experiment, arm, store, progress, report) for arm in experiment.arms}
    plan = plan_of(experiment, key, manifest["splits"], again)
    tuning = _tuning(experiment, entry.path, store, progress)
    if tuning is not None:
        plan = dataclasses.replace(plan, tuning=tuning)
    return Compiled(entry.path, plan, tuple(manifest["warnings"]))


def compile_shard(
    experiment: Experiment, shard: Shard, store: Store, progress: Progress, report: Report
) -> Path:
    """Compile the worlds of one shard of an experiment, or find them compiled. Raises SpecError,
    EnvironmentFailure."""
    key = corpus_key(experiment)
    with store.entry(*shard.entry(experiment, key), waiting=_waiting(progress)) as entry:
        if not entry.ready:
            worlds = shard.worlds(experiment.seeds)
            with progress.stage("compiling", len(worlds), "worlds") as stage:
                drawn, tokenizer = draft(experiment, report), _tokenizer(experiment, report)
                made = _write_worlds(drawn, worlds, tokenizer, entry.scratch, stage.update, report)
            shard.write(entry.scratch, made)
            entry.commit()
    return entry.path


def finished_work(path: Path, *keys: str) -> dict[str, Any]:
    """What a file of finished work says. Raises EnvironmentFailure where it cannot be read any more."""
    try:
        said: dict[str, Any] = json.loads(path.read_bytes())
        return {key: said[key] for key in keys}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EnvironmentFailure(f"{path} is damaged: run 'wug clean', then this again") from error


def _episodes(
    experiment: Experiment, learner: Learner, store: Store, progress: Progress, report: Report
) -> Path:
    """The entry of a model's episodes: models that are pretrained on the same ones share it."""
    key = episodes_key(experiment, learner)
    with store.entry(f"{experiment.name}/episodes", key, waiting=_waiting(progress)) as entry:
        if not entry.ready:
            _write_episodes(experiment, learner, key, entry.scratch, progress, report)
            entry.commit()
    return entry.path


def _replayed(experiment: Experiment, arm: Arm, store: Store, progress: Progress, report: Report) -> str:
    """The key of the entry of the text that an arm replays; empty where it replays none."""
    learner = experiment.learner(arm)
    if arm.finetune is None or arm.finetune.replay is None or learner.checkpoint is None:
        return ""
    texts = replayed()
    if arm.replayed is not None:
        texts = read_paragraphs(arm.replayed, arm.span, report)
        report.stop_if_failed()
    key = replayed_key(texts, learner.checkpoint, learner.model.context)
    with store.entry(f"{experiment.name}/replayed", key, waiting=_waiting(progress)) as entry:
        if not entry.ready:
            tokenizer, marks = _tokenizer(experiment, report), learner.checkpoint.shape.marks
            emit_replayed(texts, tokenizer, marks, learner.model.context, entry.scratch)
            entry.commit()
    return key


def _tuning(experiment: Experiment, corpus: Path, store: Store, progress: Progress) -> Tuning | None:
    """How arms are tuned, the worlds for it compiled; none where no arm is. `corpus` is where the experiment
    is compiled. Raises SpecError."""
    tunes = tuple(arm.tune for arm in experiment.arms if arm.tune is not None)
    if not tunes:
        return None
    report, on = Report(), tuned_on(experiment)
    key = tuning_key(experiment, on)
    with store.entry(f"{experiment.name}/tuning", key, waiting=_waiting(progress)) as entry:
        if not entry.ready:
            try:
                drawing = partial(tuning_draft, experiment, corpus)
                _write_corpus(on, key, entry.scratch, progress, report, drawing, experiment)
            except SpecError:
                report.items = [_in_tuning(item) for item in report.items]
                raise
            entry.commit()
    splits = finished_work(entry.path / "manifest.json", "splits")["splits"]
    return Tuning(key, tuple(Split.from_json(split) for split in splits), tunes)


def _in_tuning(item: Diagnostic) -> Diagnostic:
    """A finding that says of which worlds it is."""
    if item.code == "W0511":
        return item
    told = Note(
        "so it is in the worlds that arms are tuned on, which are drawn apart from those of the tests"
    )
    return dataclasses.replace(item, notes=(*item.notes, told))


def compile_world(world: World, store: Store, progress: Progress, report: Report) -> Path:
    """Compile a world by itself: its facts, their proofs, and every fact in every form."""
    key = world_key(world)
    with store.entry(f"{world.name}/world", key, waiting=_waiting(progress)) as entry:
        if not entry.ready:
            populated, closures = draw_world(world, world_seeds(1), report)
            check_statements(ReadingChecks(world, populated, closures), world_seeds(1), report)
            report.stop_if_failed()
            emit_world(world, populated, closures, entry.scratch)
            facts = {name: len(closure.facts) for name, closure in closures.items()}
            body = [f"- {name}: {count:,} facts" for name, count in facts.items()]
            tokens = token_histograms(world, report)
            write_card(entry.scratch, world.name, [("Facts", body), *_token_section(tokens)])
            about = {"name": world.name, "key": key, "seeds": [0], "counts": facts}
            write_manifest(entry.scratch, about | ({"name_tokens": tokens} if tokens else {}))
            entry.commit()
    return entry.path


def _waiting(progress: Progress) -> Callable[[], None]:
    return lambda: progress.note("another process is compiling this; waiting for it")


def _write_corpus(
    experiment: Experiment,
    key: str,
    folder: Path,
    progress: Progress,
    report: Report,
    drawing: Callable[[Report], Draft] | None = None,
    spoken: Experiment | None = None,
    shards: Sequence[Path] = (),
) -> None:
    """Write the corpora of an experiment: of its worlds, or of those that `drawing` draws; in its own tokens,
    or those of the experiment `spoken`. What `shards` hold already is taken from there."""
    with progress.stage("compiling", experiment.seeds, "worlds") as stage:
        drawn = drawing(report) if drawing is not None else draft(experiment, report)
        tokenizer = _tokenizer(spoken or experiment, report)
        if shards:
            documents = gather(shards, folder)
        else:
            documents = _write_worlds(drawn, range(experiment.seeds), tokenizer, folder, stage.update, report)
    write_tokenizer(tokenizer, folder)
    splits = [dataclasses.asdict(summary(items)) for items in drawn.tests]
    items = {test.test.name: len(test) for test in drawn.tests}
    counts = {"documents": documents, "items": items, "tokens": tokenizer.get_vocab_size()}
    names = token_histograms(experiment.world, report)
    _write_experiment_card(drawn, items, names, folder)
    about: dict[str, Any] = {
        "name": experiment.name,
        "key": key,
        "edition": 1,
        "seeds": list(range(experiment.seeds)),
        "counts": counts,
        "splits": splits,
        "disjoint": disjoint(drawn, report),
        "warnings": [item.message for item in report.items],
    }
    if (checkpoint := (spoken or experiment).checkpoint) is not None:
        about["marks"] = plain(checkpoint.shape.marks)
    if (chat := (spoken or experiment).chat) is not None:
        about["chat"] = plain(chat)
    write_manifest(folder, about | ({"name_tokens": names} if names else {}))


def _write_worlds(
    drawn: Draft,
    worlds: range,
    tokenizer: Tokenizer,
    folder: Path,
    update: Callable[[int], None],
    report: Report,
) -> int:
    """Check some worlds and write a folder for each, block by block; returns how many documents they have.
    `update` is told how many are written."""
    experiment, documents = drawn.experiment, 0
    check_answers(drawn, tokenizer, report)
    checks = ReadingChecks(experiment.world, drawn.populated, drawn.closures)
    if drawn.before is not None:
        _check_before(drawn.before, worlds, report)
        _check_news(drawn, worlds, report)
    for block in drawn.blocks(worlds):
        check_context(drawn, block, tokenizer, report)
        check_statements(checks, drawn.seeds, report, block)
        for of in block:
            if check_documents(checks, experiment, drawn.world_documents(of), drawn.seeds, report):
                break
        check_claims(checks, _claims(drawn, block), report)
        report.stop_if_failed()
        for of in block:
            seed_folder = folder / f"seed-{of}"
            seed_folder.mkdir()
            emit_seed(drawn, of, seed_folder)
            emit_updated(drawn, of, seed_folder)
            needed = emit_requests(drawn, of, token_counts(tokenizer), seed_folder)
            check_requests(experiment, needed, report)
            documents += len(drawn.world_documents(of))
            update(of + 1 - worlds.start)
    return documents


def _check_before(drawn: Draft, worlds: range, report: Report) -> None:
    """Check what the old version of some worlds says."""
    checks = ReadingChecks(drawn.experiment.world, drawn.populated, drawn.closures)
    for block in drawn.blocks(worlds):
        check_statements(checks, drawn.seeds, report, block)
        for of in block:
            if check_documents(checks, drawn.experiment, drawn.world_documents(of), drawn.seeds, report):
                break
    report.stop_if_failed()


def _check_news(drawn: Draft, worlds: range, report: Report) -> None:
    """Report arms that learn, or are shown, what changed where nothing did (W0501)."""
    arms = [arm for arm in drawn.experiment.arms if arm.part == "changed"]
    for of in worlds if arms else ():
        if not drawn.read(arms[0], drawn.world_documents(of)).any():
            message = (
                f"arm '{arms[0].name}' is given what changed; nothing that is trained did, with seed {of}"
            )
            help = "train what changed, or update from another version"
            report.fail("W0501", message, arms[0].span, help=help)


def _claims(drawn: Draft, worlds: Sequence[int]) -> list[tuple[str, str, int, Ints]]:
    """What the choices of all tests state, world after world: relation, form, world, arguments."""
    return [
        (claim.relation, claim.form, of, claim.arguments[items.world == of])
        for items in drawn.tests
        for claim in items.claims
        for of in worlds
    ]


def _tokenizer(experiment: Experiment, report: Report) -> Tokenizer:
    """The tokens of all that an experiment says; the words of given texts are whole ones. Checkpoints have
    tokens of their own."""
    if experiment.checkpoint is not None:
        return read_tokenizer(experiment.checkpoint.tokenizer)
    versions = [experiment] if experiment.before is None else [experiment, experiment.before]
    letters = "".join(characters(read_data(version.world, report)) for version in versions)
    given = [
        text
        for version in versions
        for texts in given_texts(version, report).values()
        for text in texts.every()
    ]
    old = experiment.before.world if experiment.before is not None else None
    made = build_tokenizer(experiment.world, letters, experiment.texts(), given, old)
    if (size := made.get_vocab_size()) > MOST_TOKENS:
        message = f"the given texts have {size:,} different words; at most {MOST_TOKENS:,} tokens fit"
        report.fail("W0204", message, experiment.span, help="give fewer texts")
    return made


def _write_episodes(
    experiment: Experiment, learner: Learner, key: str, folder: Path, progress: Progress, report: Report
) -> None:
    with progress.stage("episodes", learner.pretraining.episodes, "worlds") as stage:
        tokenizer = _tokenizer(experiment, report)
        if learner.episodes.phases:
            made = compile_episodes(experiment, learner, tokenizer, report, stage.update)
            probe = compile_probe(experiment, learner, tokenizer, report)
        else:
            made, probe = without_episodes()
        arrays: dict[str, NDArray[Any]] = {
            "episodes": made.tokens,
            "questions": made.questions,
            "probe_cue": probe.cue,
            "probe_choices": probe.choices,
            "probe_answer": probe.answer,
            "probe_kind": probe.kind,
        }
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
    write_tokenizer(tokenizer, folder)
    phases = [{"rows": p.episodes, "batch": p.batch, "steps": p.steps} for p in learner.episodes.phases]
    meta = {
        "vocab": tokenizer.get_vocab_size(),
        "kinds": list(probe.kinds),
        "phases": phases,
        "longest": made.tokens.shape[1],
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=2) + "\n", encoding="utf-8")
    counts = {
        "episodes": len(made.tokens),
        "tokens": int((made.tokens > 0).sum()),
        "probe": len(probe.answer),
    }
    write_manifest(folder, {"name": experiment.name, "key": key, "counts": counts})


def _token_section(histograms: dict[str, dict[str, int]]) -> list[tuple[str, list[str]]]:
    """What a card says of words that are equally many tokens."""
    lines = [f"- {line}" for line in token_lines(histograms)]
    return [("Tokens of names", lines)] if lines else []


def _write_experiment_card(
    drawn: Draft, items: dict[str, int], names: dict[str, dict[str, int]], folder: Path
) -> None:
    experiment = drawn.experiment
    documents = drawn.world_documents(0)
    sets = dict.fromkeys(documents.set.tolist())
    sizes = [f"- `{name}`: {int((documents.set == name).sum()):,} documents a seed" for name in sets]
    samples = [f"- {text}" for text in documents.text[:5].tolist()]
    tests = [
        f"- `{test.test.name}`: {items[test.test.name]:,} items, chance {summary(test).chance:.2f}, "
        f"best constant answer {summary(test).constant:.2f}"
        for test in drawn.tests
    ]
    made = [
        "Compiled by Wug from a `.world` and an `.experiment`. Every fact, name and sentence is drawn from",
        "the seed; every answer has its proof in `proofs`. `documents` and `items` are Parquet, and the same",
        "rows as JSON lines.",
    ]
    sections = [("Documents", sizes), ("Sample", samples), ("Test items", tests)]
    if changed := change_lines(drawn):
        sections.append(("What changed", changed))
    sections += [*_token_section(names), ("How it was made", made)]
    write_card(folder, experiment.name, sections)


def plan_of(experiment: Experiment, key: str, splits: list[dict[str, Any]], again: dict[str, str]) -> Plan:
    """What the runtime carries out; `again` are the keys of the texts that arms replay."""
    models = [_planned(experiment, learner) for learner in experiment.models]
    return Plan(
        name=experiment.name,
        key=key,
        seeds=tuple(range(experiment.seeds)),
        models=tuple(models),
        arms=tuple(
            PlannedArm(
                a.name,
                a.context,
                _with_replay(a.finetune, again[a.name]),
                a.augment,
                model=a.model,
                writer=a.writer,
                forgetting=a.forgetting,
                continues=a.continues,
                part=a.part,
            )
            for a in experiment.arms
        ),
        splits=tuple(Split.from_json(split) for split in splits),
        expectations=experiment.expectations,
    )


def _with_replay(finetune: Finetuning | None, key: str) -> Finetuning | None:
    """A training that knows where the text lies that it replays."""
    if finetune is None or finetune.replay is None:
        return finetune
    return dataclasses.replace(finetune, replay=dataclasses.replace(finetune.replay, key=key))


def _planned(experiment: Experiment, learner: Learner) -> PlannedLearner:
    """A model as the runtime has it; all that a checkpoint is pretrained on is its own."""
    said = learner.model, learner.pretraining
    if learner.checkpoint is None:
        return PlannedLearner(*said, episodes_key(experiment, learner), learner.pretrainings, learner.prices)
    source = Source(learner.checkpoint.digest(), str(learner.checkpoint.path))
    return PlannedLearner(*said, "", learner.pretrainings, learner.prices, source)
