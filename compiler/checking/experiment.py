"""Syntax to a checked experiment, against its checked world."""

from __future__ import annotations

import dataclasses

from wug.compiler.asking.tuned import tuning_tests
from wug.compiler.checking import settings
from wug.compiler.checking.arms import ArmChecker
from wug.compiler.checking.experiment_settings import MESH
from wug.compiler.checking.given import GivenChecker
from wug.compiler.checking.lora import check_ranks
from wug.compiler.checking.model import ModelChecker
from wug.compiler.checking.named import Named, once
from wug.compiler.checking.replay import check_replays
from wug.compiler.checking.taught import TaughtDocuments
from wug.compiler.checking.tests import TestChecker
from wug.compiler.checking.training import check_parts
from wug.compiler.checking.updates import check_versions, of_the_old
from wug.compiler.checking.where import HoldoutChecker, WhereChecker
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Arm, Experiment, Holdout, Learner, Test, Train
from wug.compiler.language import syntax_experiment
from wug.compiler.mesh import Mesh, misfit
from wug.compiler.record import Record
from wug.compiler.world import World

MOST_SEEDS = 1000


def check_experiment(
    declared: syntax_experiment.Experiment, world: World, report: Report, old: World | None = None
) -> Experiment | None:
    """The experiment, or none where too little of it could be understood; errors go to `report`. `old` is the
    world as it was, where it is updated."""
    _check_whole(declared, report)
    facts = _facts(declared, world, report)
    named, asked, given = facts.named, facts.asked, facts.given
    trains, texts = list(facts.trains), facts.texts
    declared_tests = once(declared.tests, "test", report)
    tests = tuple(
        t for t in map(asked.test, (t for t in declared_tests if not given.meant(t))) if t is not None
    )
    given_tests = tuple(
        t for t in map(given.test, (t for t in declared_tests if given.meant(t))) if t is not None
    )
    reader = ArmChecker(declared, report)
    arms = reader.arms()
    _check_tunable(arms, world, tests, trains, declared, report)
    expectations = tuple(e for e in map(reader.expect, declared.expects) if e is not None)
    seeds = _seeds(declared, report)
    if not declared.models:
        return None
    checker = ModelChecker(named, report)
    declared_models = once(declared.models, "model", report)
    models = checker.used(declared_models, arms)
    check_ranks(arms, models, report)
    check_parts(arms, models, report)
    if world.relations or not texts:
        for model in models:
            checker.probed(model, tests, tuple(trains))
    else:
        both = zip(declared_models, models, strict=True)
        models = tuple(checker.unpretrained(written, model) for written, model in both)
    check_replays(arms, models, report)
    made = Experiment(
        name=declared.name.text,
        world=world,
        seeds=seeds,
        holdouts=facts.holdouts,
        trains=tuple(trains),
        tests=tests,
        models=models,
        arms=arms,
        expectations=expectations,
        given=tuple(dict.fromkeys(texts)),
        given_tests=given_tests,
        span=declared.name.span,
        doc=declared.doc,
        mesh=_mesh(declared, models, arms, report),
    )
    return dataclasses.replace(made, before=_before(made, declared, old, report)) if old else made


class _Facts(Record):
    """What of a world is trained, and who reads the rest of the experiment in the same names."""

    named: Named
    holdouts: tuple[Holdout, ...]
    asked: TestChecker
    given: GivenChecker
    trains: tuple[Train, ...]
    texts: tuple[str, ...]


def _facts(declared: syntax_experiment.Experiment, world: World, report: Report) -> _Facts:
    """The facts and texts of a world that are trained."""
    named = Named(world, report)
    found = map(HoldoutChecker(named, report).holdout, once(declared.holdouts, "holdout", report))
    holdouts = {holdout.name: holdout for holdout in found if holdout is not None}
    asked = TestChecker(named, WhereChecker(world, holdouts, report), report, bool(declared.updates))
    taught = TaughtDocuments(world, asked.wheres, report)
    given = GivenChecker(world, report)
    trains: list[Train] = []
    texts: list[str] = []
    for train in declared.trains:
        if given.meant(train):
            texts.append(given.train(train))
        elif taught.meant(train):
            trains += taught.trains(train)
        elif (made := asked.train(train)) is not None:
            trains.append(made)
    return _Facts(named, tuple(holdouts.values()), asked, given, tuple(trains), tuple(texts))


def _before(
    made: Experiment, declared: syntax_experiment.Experiment, old: World, report: Report
) -> Experiment:
    """An experiment with its world as it was: what is trained of it, and the arms that read that."""
    check_versions(old, made.world, declared.updates[0].span, report)
    found = Report()
    facts = _facts(declared, old, found)
    of_the_old(found, report)
    return dataclasses.replace(
        made,
        world=old,
        holdouts=facts.holdouts,
        trains=facts.trains,
        tests=(),
        arms=tuple(
            dataclasses.replace(arm, part="all", continues="") for arm in made.arms if arm.part == "old"
        ),
        expectations=(),
        given=tuple(dict.fromkeys(facts.texts)),
        given_tests=(),
    )


def _check_whole(declared: syntax_experiment.Experiment, report: Report) -> None:
    """Report what every experiment must have and this one lacks."""
    for what, items, help in (
        ("nothing to train on", declared.trains, "add: train RELATION in FORM"),
        ("nothing to test", declared.tests, "add: test NAME { RELATION in FORM  choices contradiction }"),
        ("no arm", declared.arms, "add: arm icl { context train }"),
        ("no model", declared.models, "add: model tiny { layers 2  width 64  heads 4 }"),
    ):
        if not items:
            report.add(
                "W0501", f"experiment '{declared.name.text}' has {what}", declared.name.span, help=help
            )


def _check_tunable(
    arms: tuple[Arm, ...],
    world: World,
    tests: tuple[Test, ...],
    trains: list[Train],
    declared: syntax_experiment.Experiment,
    report: Report,
) -> None:
    """Report that there is nothing to tune an arm on; not where a test could not be read."""
    tuned = next((arm for arm in arms if arm.tune is not None), None)
    if tuned is None or report.failed or tuning_tests(world, tests, tuple(trains)):
        return
    message = (
        f"arm '{tuned.name}' has nothing to be tuned on: no test offers values in a form that is trained"
    )
    said = f"{trains[0].relation} in {trains[0].form}" if trains else "RELATION in FORM"
    report.add("W0511", message, tuned.span, help=f"add: test trained {{ {said}  choices others(3) }}")


def _seeds(declared: syntax_experiment.Experiment, report: Report) -> int:
    for extra in declared.seeds[1:]:
        report.add("W0103", "'seeds' is set twice", extra.span)
    if not declared.seeds:
        return 1
    number = declared.seeds[0]
    if not 1 <= number.value <= MOST_SEEDS:
        report.add("W0204", f"'seeds' must be between 1 and {MOST_SEEDS:,}", number.span)
        return 1
    return int(number.value)


def _mesh(
    declared: syntax_experiment.Experiment,
    models: tuple[Learner, ...],
    arms: tuple[Arm, ...],
    report: Report,
) -> Mesh | None:
    for extra in declared.meshes[1:]:
        report.add("W0103", "'mesh' is said twice", extra.span)
    if not declared.meshes:
        return None
    first = declared.meshes[0]
    mesh = Mesh(**settings.read(first.settings, MESH, "mesh", report))
    if not report.failed and (found := misfit(mesh, models, arms)) is not None:
        message, help = found
        report.add("W0514", message, first.span, help=help)
    return mesh
