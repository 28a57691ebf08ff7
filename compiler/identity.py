"""What compiled work is: the keys of corpora and episodes, of all that their bytes depend on and no more.

The corpora of an experiment hold all that its world, its training facts, its tests and what its arms see
decide; the episodes what its declarations and a model's pretraining decide, and neither counts, seeds nor
arms. How long an arm trains is in the plan, not in a key.
"""

from __future__ import annotations

import dataclasses
from math import gcd

from wug.compiler.asking.about_pairs import asks
from wug.compiler.canonical import canonical, digest, file_digest, plain
from wug.compiler.emitting.fresh_worlds import shown_relations
from wug.compiler.entities import Entity, Part
from wug.compiler.experiment import Arm, Experiment, Learner
from wug.compiler.plan import Augment
from wug.compiler.populating.fresh_sizes import fact_weights
from wug.compiler.versions import CORPUS_VERSION, EPISODES_VERSION, TUNING_VERSION
from wug.compiler.world import World


def world_key(world: World) -> str:
    """The identity of a world by itself."""
    return digest(canonical(["world", CORPUS_VERSION, world, _data_digests(world)]))


def tuning_key(experiment: Experiment, on: Experiment) -> str:
    """The identity of the worlds `on` which the arms of an experiment are tuned."""
    return digest(canonical(["tuning", TUNING_VERSION, corpus_key(experiment), corpus_key(on)]))


def corpus_key(experiment: Experiment) -> str:
    """The identity of an experiment's corpora: its arms count only for what they see, its models only for how
    much they can see, because a context that does not fit is an error."""
    arms = [
        (a.name, a.context, a.documents, a.articles, a.finetune is not None, _asked(a))
        for a in experiment.arms
    ]
    world = experiment.world
    rooms = [
        [m.model.context for m in (experiment.learner(a), experiment.writer(a))] for a in experiment.arms
    ]
    every = {room for pair in rooms for room in pair}
    room = rooms if len(every) > 1 else every.pop()
    asked: list[object] = [experiment.holdouts, experiment.trains, experiment.tests]
    asked += [experiment.given, experiment.given_tests]
    parts = [world, _data_digests(world), experiment.seeds, *asked, arms, room]
    if experiment.checkpoint is not None:
        parts.append(experiment.checkpoint.tokenizer_digest())
    if experiment.chat is not None:
        parts.append(experiment.chat)
    if any(arm.continues or arm.part != "all" for arm in experiment.arms):
        parts.append([[arm.continues, arm.part] for arm in experiment.arms])
    if (before := experiment.before) is not None:
        parts.append(
            [
                "before",
                before.world,
                _data_digests(before.world),
                before.holdouts,
                before.trains,
                before.given,
            ]
        )
    return digest(canonical(["corpus", CORPUS_VERSION, *parts]))


def _asked(arm: Arm) -> Augment | None:
    """What an arm's teacher is asked: all of `augment` but how it is sampled and what is kept of it."""
    if arm.augment is None:
        return None
    asked = arm.augment
    whole = Augment(
        asked.scopes,
        asked.teacher,
        asked.withhold,
        asked.reversals,
        asked.rephrase_only,
        asked.sentences,
        asked.documents,
        asked.prompt,
        asked.context,
    )
    if not (asked.examples or "global" in asked.scopes):
        return whole
    # how long its answers may be decides how many documents and examples can stand before them
    return dataclasses.replace(whole, examples=asked.examples, max_tokens=asked.max_tokens)


def episodes_key(experiment: Experiment, learner: Learner) -> str:
    """The identity of a model's episodes: declarations in their proportions, not their counts."""
    world = plain(dataclasses.replace(experiment.world, name="", entities={}, relations={}, documents={}))
    counts = {entity.name: entity.count for entity in experiment.world.entities.values()}
    relations = []
    for relation in experiment.world.relations.values():
        population = relation.population
        ratio: list[int] = []
        if population is not None:
            sizes = [counts[a.type] for a in relation.arguments[:2] if a.type in counts]
            shared = gcd(*sizes, population.count) or 1
            ratio = [*(each // shared for each in sizes), population.count // shared]
            population = dataclasses.replace(population, count=0)
        relations.append([plain(dataclasses.replace(relation, population=population)), ratio])
    shown = shown_relations(experiment, learner.episodes)
    weights = fact_weights(experiment.world, [r for r in shown if r.population], counts)
    types = [_proportions(entity) for entity in experiment.world.entities.values()]
    trains = [(t.relation, t.form, t.preambles) for t in experiment.trains]
    tests = [(t.relation, t.form, t.choices.kind, t.choices.statements) for t in experiment.tests]
    words = [(d.title, d.pronoun, d.questions > 0) for d in experiment.world.documents.values()]
    setting = [learner.episodes, learner.pretraining.seed, words, experiment.texts()]
    setting += [[ask.test.ask, ask.strongest, ask.statements] for ask in asks(experiment.tests)]
    parts = [world, relations, weights, types, _data_digests(experiment.world)]
    if experiment.before is not None:  # its words are among the tokens
        parts += [experiment.before.world, _data_digests(experiment.before.world)]
    return digest(canonical(["episodes", EPISODES_VERSION, *parts, trains, tests, setting]))


def _proportions(entity: Entity) -> Entity:
    """An entity without its count, its parts in their smallest terms."""
    shared = gcd(*(part.weight for part in entity.partition)) or 1
    parts = tuple(Part(part.name, part.weight // shared) for part in entity.partition)
    return dataclasses.replace(entity, count=0, partition=parts)


def _data_digests(world: World) -> list[list[str]]:
    """The files that names come from: tables of the user's own, tokenizers that names are equal under."""
    # the end of a file says how it is read
    return [[name, path.suffix.lower(), file_digest(path)] for name, path in world.files()]
