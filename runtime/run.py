"""A run: pretrain, fine-tune, score and judge, each a cached stage, from a compiled experiment to a table.

JAX is imported only once something has to be computed: a finished run, or one of which only the
expectations changed, answers without it. A stage's key holds all that its bits depend on, and no more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wug.compiler.mesh import Mesh
from wug.compiler.plan import Arm, Learner, Plan
from wug.compiler.store import Entry, Store
from wug.progress import Progress
from wug.runtime import corpus as corpora
from wug.runtime.arm_result import ArmResult
from wug.runtime.audit import Audit
from wug.runtime.augment import augment
from wug.runtime.cluster import SharedStore
from wug.runtime.corpus import World
from wug.runtime.failure import RuntimeFailure
from wug.runtime.files import read_json, write_json
from wug.runtime.forgetting import forgetting
from wug.runtime.free import FREE, Said, answer_freely, asked_digest, free_splits, read_said, write_said
from wug.runtime.interruption import Interruption, interruptible
from wug.runtime.kept import Kept, tell_kept
from wug.runtime.keys import key
from wug.runtime.matching import matched
from wug.runtime.measures import measured
from wug.runtime.picture import picture
from wug.runtime.plot import augmentation_picture, context_picture, price_picture
from wug.runtime.price import Augmenting
from wug.runtime.results import results
from wug.runtime.schedule import BLOCK, CHECKPOINT_EVERY_S
from wug.runtime.score import Answers, Scores, answers, check_fits, read_scores, score, write_scores
from wug.runtime.serving import ask_servers
from wug.runtime.training import Training
from wug.runtime.tuning import settled, tune

if TYPE_CHECKING:
    from wug.runtime.learn import Tree


Scribe = Callable[[str, int, Sequence[tuple[int, str, int, bool]], Path], None]
"""Judges what was written for an arm about a world, and writes the audit and the arm's documents to a folder.
An answer is the number of its request, its text, how many letters of it the prompt had, and whether it is too
long to be trained."""


def run(
    plan: Plan,
    compiled: Path,
    store: Store,
    progress: Progress,
    scribe: Scribe | None = None,
    checkpoint_every_s: float = CHECKPOINT_EVERY_S,
    tuning_scribe: Scribe | None = None,
    mesh: Mesh | None = None,
) -> Path:
    """Carry out a plan over a compiled directory; return the folder of results.json and its pictures. Worlds
    that arms are tuned on have a scribe of their own. Work is laid out over the mesh, if there is one.

    Raises RuntimeFailure where the experiment cannot be carried out as written, EnvironmentFailure where the
    machine refuses, KeyboardInterrupt (Stopped for SIGTERM) where asked to stop, with all work so far safe.
    """
    if (done := finished(plan, compiled, store)) is not None:
        return done
    inputs = _inputs(plan, compiled)
    with interruptible(progress.note) as interruption:
        if isinstance(store, SharedStore):
            store.check = interruption.check
        made = Run(plan, compiled, store, progress, interruption, scribe, checkpoint_every_s, mesh)
        folder = made.carry_out(inputs, tuning_scribe)
        if interruption:
            progress.note("all was done before it could stop: these are the whole results")
        return folder


def finished(plan: Plan, compiled: Path, store: Store) -> Path | None:
    """The folder of the results of a plan, if it was carried out already."""
    kind, name = f"{plan.name}/runs", key("runs", _inputs(plan, compiled))
    return store.path(kind, name) if store.has(kind, name) else None


def _inputs(plan: Plan, compiled: Path) -> dict[str, Any]:
    return {"plan": plan.spec(), "corpus": corpora.manifest_digest(compiled), "key": plan.key}


class Run(Training):
    """One run on its way: on top of the weights, who writes, what is answered, and the results."""

    def __init__(
        self,
        plan: Plan,
        compiled: Path,
        store: Store,
        progress: Progress,
        interruption: Interruption,
        scribe: Scribe | None,
        checkpoint_every_s: float,
        mesh: Mesh | None = None,
        corpus: corpora.Corpus | None = None,
    ) -> None:
        super().__init__(plan, compiled, store, progress, interruption, checkpoint_every_s, mesh, corpus)
        self.scribe = scribe
        self.begun = time.monotonic()
        self.timing: dict[str, Any] = {}

    def beside(self, plan: Plan, compiled: Path, scribe: Scribe | None) -> Run:
        """A run over another compiled directory that is a part of this one."""
        made = Run(
            plan,
            compiled,
            self.store,
            self.progress,
            self.interruption,
            scribe,
            self.checkpoint_every_s,
            self.mesh,
        )
        made.prepared = self.prepared
        return made

    def carry_out(self, inputs: dict[str, Any], tuning_scribe: Scribe | None) -> Path:
        """Do all that there is to do. Where a server left something without an answer, the results are kept
        as those of the inputs and of what is missing: the next run asks for it again."""
        plan = self.plan
        if self.mesh is not None or self.several:
            self.prepare()
        check_fits(plan, self.corpus)
        missing = ask_servers(self)
        final = key("runs", {**inputs, **({"missing": missing} if missing else {})})
        tuned = tune(self, tuning_scribe)
        audits = augment(self)
        trained = self.settle(matched(settled(plan, tuned), self.corpus.worlds))
        arms = [self.arm(arm, audits.get(arm.name)) for arm in trained]
        outcomes = {model.name: self._pretrainings(model) for model in plan.models}
        document = results(plan, self.corpus.worlds, arms, outcomes, audits, tuned, forgetting(self, trained))
        with self.store.entry(f"{plan.name}/runs", final, waiting=self.waiting("run")) as entry:
            if not entry.ready:
                write_json(entry.scratch / "results.json", document)
                for name, drawn in (
                    ("results.svg", picture(document)),
                    ("price.svg", price_picture(document)),
                    ("context.svg", context_picture(document)),
                    ("augmentation.svg", augmentation_picture(document)),
                ):
                    if drawn is not None:
                        (entry.scratch / name).write_text(drawn, encoding="utf-8")
                write_json(entry.scratch / "plan.json", plan.to_json())
                if free_splits(plan):
                    every = [(result.arm, each) for result in arms for each in result.said]
                    write_said(entry.scratch / FREE, every)
                seconds = round(time.monotonic() - self.begun, 3)
                write_json(
                    entry.scratch / "timing.json",
                    {"seconds": seconds, "host": self.host(), "stages": self.timing},
                )
                entry.commit()
        return entry.path

    def blocks(self) -> list[Sequence[World]]:
        """The worlds in blocks that are trained together; checkpoints, which are large, one by one."""
        worlds = self.corpus.worlds
        size = 1 if any(model.checkpoint for model in self.plan.models) else BLOCK
        return [worlds[first : first + size] for first in range(0, len(worlds), size)]

    def arm(self, arm: Arm, audit: Audit | None) -> ArmResult:
        """All of an arm's answers, block by block of seeds; `audit` is of what its teacher wrote."""
        told: list[Answers] = []
        said: list[Said] = []
        stopped: dict[str, list[Any]] = {}
        for number, worlds in enumerate(self.blocks()):
            label = f"{arm.name} {number}"
            folder = self.scored(arm, worlds, label)
            failed = read_json(folder / "outcome.json")["failed"]
            if failed is not None:
                self.progress.warn(failed)
                return ArmResult(arm, (), failed)
            scores = read_scores(folder / "scores.parquet")
            free = read_said(self.answered(arm, worlds, label) / FREE) if free_splits(self.plan) else []
            for world in worlds:
                own = [each for each in free if each.seed == world.seed]
                found = scores[world.seed]
                others = measured(world, found.told_Q, found.bare_Q)
                told.append(answers(world.items, found.told_Q, own, others))
            said += free
            if arm.finetune is not None and arm.finetune.stop is not None:
                ended = read_json(self.trained(arm, worlds, label) / "outcome.json")["stopped"]
                stopped = {name: [*stopped.get(name, []), *each] for name, each in ended.items()}
        spent = (audit.prompt_tokens, audit.tokens, audit.flops) if audit else (0, 0, 0)
        each = Augmenting(*(round(whole / len(self.corpus.worlds)) for whole in spent))
        return ArmResult(arm, tuple(told), None, each, tuple(said), stopped)

    def scored(self, arm: Arm, worlds: Sequence[World], label: str) -> Path:
        """The entry of the log-likelihoods of one arm and block of seeds."""
        with self._of_weights(*self.scores_place(arm, worlds), arm, worlds, label) as entry:
            if not entry.ready:
                failed = self._score(arm, worlds, label, entry)
                write_json(entry.scratch / "outcome.json", {"failed": failed, "arm": arm.name})
                entry.commit()
        return entry.path

    def scores_place(
        self, arm: Arm, worlds: Sequence[World], weights: str | list[str] | None = None
    ) -> tuple[str, str]:
        """The kind and the key of that entry, of these `weights` by key where they are known."""
        asked = [world.question_digest(arm.name) for world in worlds]
        return self._place("scores", arm, worlds, asked, weights)

    def answers_place(self, arm: Arm, worlds: Sequence[World]) -> tuple[str, str]:
        """The same of what they say in words of their own."""
        model = self.plan.learner(arm).model
        asked = [asked_digest(self.plan, model, world, arm.name) for world in worlds]
        return self._place("free", arm, worlds, asked)

    def _place(
        self,
        stage: str,
        arm: Arm,
        worlds: Sequence[World],
        questions: Sequence[str],
        weights: str | list[str] | None = None,
    ) -> tuple[str, str]:
        inputs = {
            "weights": self.weights_key(arm, worlds) if weights is None else weights,
            "seeds": [world.seed for world in worlds],
            "questions": [*questions],
        }
        return f"{self.plan.name}/{stage}", key(stage, inputs)

    def _of_weights(
        self, kind: str, name: str, arm: Arm, worlds: Sequence[World], label: str
    ) -> AbstractContextManager[Entry]:
        """An entry of what the weights of an arm and block of seeds are asked."""
        return self.alone(kind, name, label, lambda: self.weighed(arm, worlds, label), resume=True)

    def _score(self, arm: Arm, worlds: Sequence[World], label: str, entry: Entry) -> str | None:
        if arm.finetune is not None:
            folder = self.trained(arm, worlds, label)
            self.timing[label] = read_json(folder / "timing.json")
            failed = read_json(folder / "outcome.json")["failed"]
            if failed is not None:
                return str(failed)
        elif (failed := self.started(arm, worlds, label)) is not None:
            return failed
        model, parameters_S = self.plan.learner(arm).model, self.parameters(arm, worlds, label)
        total = sum(len(world.questions.tokens) for world in worlds)
        told: list[Scores] = []
        with (
            Kept(entry.kept) as kept,
            self.progress.stage(f"{arm.name}: scoring", total, "choices") as stage,
        ):
            before = 0
            tell_kept(self.progress, kept, f"{arm.name}: scoring", "batches")
            for world, parameters in zip(worlds, parameters_S, strict=True):
                self.interruption.check()

                def done(rows: int, before: int = before) -> None:
                    stage.update(before + rows)
                    self.interruption.check()

                weights = self.placed(parameters)
                told.append(score(model, self.corpus.vocabulary, weights, world, arm.name, done, kept))
                if not told[-1].finite:
                    return (
                        f"arm {arm.name}: what its weights make of the questions of seed {world.seed} is no "
                        "number: they are too large to compute with"
                    )
                before += len(world.questions.tokens)
        write_scores(entry.scratch / "scores.parquet", worlds, told)
        return None

    def answered(self, arm: Arm, worlds: Sequence[World], label: str) -> Path:
        """The entry of what one arm and block of seeds says in words of its own."""
        with self._of_weights(*self.answers_place(arm, worlds), arm, worlds, label) as entry:
            if not entry.ready:
                said = self._answer(arm, worlds, label, entry)
                write_said(entry.scratch / FREE, ((arm, each) for each in said))
                entry.commit()
        return entry.path

    def _answer(self, arm: Arm, worlds: Sequence[World], label: str, entry: Entry) -> list[Said]:
        model, parameters_S = self.plan.learner(arm).model, self.parameters(arm, worlds, label)
        total = sum(int(world.items.free.sum()) for world in worlds)
        said: list[Said] = []
        with (
            Kept(entry.kept) as kept,
            self.progress.stage(f"{arm.name}: answering", total, "questions") as stage,
        ):
            tell_kept(self.progress, kept, f"{arm.name}: answering", "texts")
            for world, parameters in zip(worlds, parameters_S, strict=True):

                def done(questions: int, before: int = len(said)) -> None:
                    stage.update(before + questions)
                    self.interruption.check()

                tokenizer, weights = self.corpus.tokenizer, self.placed(parameters)
                said += answer_freely(self.plan, model, weights, tokenizer, world, arm.name, done, kept)
        return said

    def answering(self, name: str, seed: int, tuning_scribe: Scribe | None, adapter: bool = False) -> Tree:
        """The weights with which an arm answers in the world of a seed, trained if they are not yet; or its
        `adapter` alone."""
        ask_servers(self)
        settings = settled(self.plan, tune(self, tuning_scribe))
        augment(self)
        arms = self.settle(matched(settings, self.corpus.worlds))
        arm = next(each for each in arms if each.name == name)
        for number, worlds in enumerate(self.blocks()):
            for place, world in enumerate(worlds):
                if world.seed == seed:
                    label = f"{arm.name} {number}"
                    if arm.finetune is not None:
                        folder = self.trained(arm, worlds, label)
                        if (failed := read_json(folder / "outcome.json")["failed"]) is not None:
                            raise RuntimeFailure(str(failed))
                    found = self.trained_weights if adapter else self.parameters
                    return found(arm, worlds, label)[place]
        raise RuntimeFailure(f"there is no seed {seed}: the experiment has {len(self.plan.seeds):,}")

    def _pretrainings(self, learner: Learner) -> list[dict[str, Any]]:
        """The outcomes of a model's pretrainings, by seed."""
        outcomes = []
        for seed in sorted({learner.pretraining_seed(world.seed) for world in self.corpus.worlds}):
            folder = self.pretrained(learner, seed)
            self.timing[f"pretraining {learner.name} {seed}"] = read_json(folder / "timing.json")
            outcomes.append(read_json(folder / "outcome.json"))
        return outcomes
