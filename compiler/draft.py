"""An experiment drawn in memory: every pass up to the point where files are written."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from wug.compiler.asking.arms import View, view
from wug.compiler.asking.questions import Items, check_balance, check_distinct, check_worlds
from wug.compiler.asking.split import split
from wug.compiler.augmenting.oracle import augmentation
from wug.compiler.data.texts import GivenTexts
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import Words, seed_word
from wug.compiler.emitting.given import given_documents, given_items, given_texts
from wug.compiler.experiment import Arm, Experiment
from wug.compiler.facts import Closure, Populated
from wug.compiler.inferring.constraints import check_constants, check_constraints
from wug.compiler.inferring.infer import infer
from wug.compiler.inferring.known import Known, taught
from wug.compiler.populating.drawn import Drawn, Mask, drawn
from wug.compiler.populating.populate import populate
from wug.compiler.populating.sizes import check_sentences
from wug.compiler.saying.documents import training_documents
from wug.compiler.saying.render import Texts, fill, scattered
from wug.compiler.saying.said import Documents, joined
from wug.compiler.updating.changes import Changes
from wug.compiler.updating.parts import news, still_true
from wug.compiler.updating.versions import KEPT, OLD
from wug.compiler.world import World

SENTENCES = 200_000
"""So many sentences, of whole worlds, are told at once, about: memory does not grow with the worlds."""


@dataclass(frozen=True)
class Draft(Drawn):
    """All worlds of an experiment: facts and proofs, what follows from training, test items; and documents,
    which are made when they are asked for. `given` are the texts of the user's own that are trained, `before`
    is the old version of a world in two."""

    taught: Known
    given: dict[str, GivenTexts]
    tests: tuple[Items, ...]
    before: Draft | None = field(default=None, kw_only=True)

    def blocks(self, worlds: range) -> list[list[int]]:
        """Some worlds in blocks, each of which is told at once. What is told does not depend on them."""
        found: dict[int, list[int]] = {}
        for of in worlds:
            found.setdefault(self._block_of[of], []).append(of)
        return list(found.values())

    @cached_property
    def _block_of(self) -> list[int]:
        sizes = np.zeros(len(self.seeds), np.int64)
        for train in self.experiment.trains:
            worlds = self.closures[train.relation].facts.world[self.trained_rows(train)]
            sizes += np.bincount(worlds, minlength=len(sizes)) * train.articles
        before = np.cumsum(sizes) - sizes
        return (before // SENTENCES).tolist()

    @cached_property
    def documents(self) -> Documents:
        """The documents of all worlds."""
        return self._told(np.ones(len(self.seeds), bool))

    @cached_property
    def _last(self) -> dict[int, Documents]:
        """The documents of the block that was told last."""
        return {}

    def world_documents(self, of: int) -> Documents:
        """The documents of one world."""
        block = self._block_of[of]
        if block not in self._last:
            self._last.clear()
            self._last[block] = self._told(np.array(self._block_of) == block)
        told = self._last[block]
        return told.take(np.flatnonzero(told.world == of))

    def _told(self, worlds: Mask) -> Documents:
        """The documents of some worlds: what is trained, given texts, and what is added for arms."""
        parts = []
        if self.experiment.trains:
            parts.append(training_documents(self, worlds))
        for name in self.experiment.given:
            every = given_documents(self.given[name], name, len(self.seeds))
            parts.append(every.take(np.flatnonzero(worlds[every.world])))
        for added in self._augmentations:
            parts.append(added.take(np.flatnonzero(worlds[added.world])))
        return joined(parts)

    @cached_property
    def _augmentations(self) -> list[Documents]:
        augmented = [
            arm
            for arm in self.experiment.arms
            if arm.augment and not arm.augment.sampled and arm.part != "old"
        ]
        return [self._part_of(arm, augmentation(arm, self, self.taught)) for arm in augmented]

    def _part_of(self, arm: Arm, documents: Documents) -> Documents:
        """Of the documents of this version those that an arm reads."""
        if arm.part == "all" or self.changes is None:
            return documents
        return documents.take(np.flatnonzero(news(self.changes, documents)))

    def told_before(self, of: int) -> Documents:
        """The documents of the old version of one world, what each says that is still true."""
        assert self.before is not None
        assert self.changes is not None
        return still_true(self.changes, self.before.world_documents(of))

    def read(self, arm: Arm, documents: Documents) -> Mask:
        """Which `documents` of one world an arm is trained on, or shown: of its own part, and what is added
        for it."""
        if arm.part == "old":
            return np.asarray((documents.set == OLD) | (documents.set == arm.name))
        own = documents.set == "train"
        if arm.part == "changed" and self.changes is not None:
            own &= news(self.changes, documents)
        return np.asarray(own | (documents.set == arm.name))

    def world_tests(self, of: int) -> tuple[Items, ...]:
        """The items of one world."""
        return tuple(items.take(np.flatnonzero(items.world == of)) for items in self.tests)

    def view(self, arm: int, of: int) -> View:
        """What one arm sees of one world."""
        return self.seen(self.experiment.arms[arm], of, self.world_documents(of))

    def seen(self, arm: Arm, of: int, documents: Documents) -> View:
        """What an arm sees of one world, `documents` being those of the new version."""
        tests = self.world_tests(of)
        asked = [self.statements(items) for items in tests]
        if self.before is not None:
            documents = joined([documents, self.told_before(of)])
        trained = np.zeros(len(documents), bool)
        for each in self.experiment.learned(arm):
            trained |= self.read(each, documents)
        shown = self.read(arm, documents) & (documents.set == "train")
        seen = view(arm, self, self.taught, of, documents, tests, asked, trained, shown)
        if self.before is None or arm.context != "none":
            return seen
        if any(each.part != "old" for each in self.experiment.learned(arm)) or not trained.any():
            return seen
        # a count of what is still true is none of what there was
        kept = [
            np.isin(items.change, (KEPT, "")) if items.change is not None else np.ones(len(items), bool)
            for items in tests
        ]
        answerable = np.concatenate(kept) & np.array(seen.answerable, bool)
        depth = np.where(answerable, seen.depth, 0)
        return dataclasses.replace(seen, answerable=tuple(answerable.tolist()), depth=tuple(depth.tolist()))

    def statements(self, items: Items) -> Texts:
        """The statement that each item asks for, as `Sentences.statement` names it."""
        if items.given:
            return items.statement()
        parts = []
        for relation, form, rows in items.alike():
            made = self.experiment.world.relations[relation]
            arguments = items.about(self.closures[relation].facts, rows)
            pieces, of = made.form(form).pieces, items.world[rows]
            parts.append((rows, fill(self.experiment.world, self.populated, made, pieces, of, arguments)))
        return scattered(parts, len(items))


def world_seeds(count: int, kind: str = "world") -> Words:
    """The 64-bit seeds of evaluation worlds 0, 1, ..., or of worlds of another kind."""
    return np.array([seed_word(kind, seed) for seed in range(count)], np.uint64)


def draw_world(
    world: World, seeds: Words, report: Report, old: Populated | None = None
) -> tuple[Populated, dict[str, Closure]]:
    """Facts and their closure for these seeds, in one table of values with those of an `old` version. Raises
    SpecError with what is wrong."""
    populated = populate(world, seeds, report, old)
    report.stop_if_failed()
    check_constants(world, populated, report)
    report.stop_if_failed()
    closures = infer(world, populated, report)
    check_constraints(world, populated, closures, report)
    report.stop_if_failed()
    return populated, closures


def draft(experiment: Experiment, report: Report, seeds: int | None = None, kind: str = "world") -> Draft:
    """Draw an experiment's worlds, or the first few of them. Raises SpecError with what is wrong."""
    words = world_seeds(min(seeds or experiment.seeds, experiment.seeds), kind)
    before = draft(experiment.before, report, seeds, kind) if experiment.before is not None else None
    old = before.populated if before is not None else None
    populated, closures = draw_world(experiment.world, words, report, old)
    worlds = drawn(experiment, words, populated, closures, report)
    report.stop_if_failed()
    if before is not None:
        worlds = dataclasses.replace(worlds, changes=Changes(before, worlds))
    check_sentences(worlds, report)
    known = taught(worlds, report)
    texts = given_texts(experiment, report)
    asked = [given_items(test, texts[test.relation], words, report) for test in experiment.given_tests]
    tests = (*split(worlds, known, report), *(items for items in asked if items is not None))
    check_worlds(tests, len(words), report)
    report.stop_if_failed()
    check_distinct(tests, report)
    report.stop_if_failed()
    check_balance(tests, report)
    made = (experiment, words, populated, closures, worlds.held, known, texts, tests)
    return Draft(*made, changes=worlds.changes, before=before)
