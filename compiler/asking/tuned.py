"""What arms are tuned on: tests of trained facts in the form that is trained, asked of worlds of their own.

Needs no numpy: `wug check` says already where there is nothing to tune on.
"""

from __future__ import annotations

import dataclasses

from wug.compiler.experiment import Arm, Experiment, Test, Train
from wug.compiler.forms import Form, slots
from wug.compiler.world import World


def tuning_tests(world: World, tests: tuple[Test, ...], trains: tuple[Train, ...]) -> tuple[Test, ...]:
    """The tests that ask in a form that is trained and offer values to choose from, in held wordings where
    the form has some: training never uses them."""
    trained = {(train.relation, train.form) for train in trains}
    return tuple(
        _rephrased(dataclasses.replace(test, change=""), world.relations[test.relation].form(test.form))
        for test in tests
        if (test.relation, test.form) in trained and test.choices.kind in ("contradiction", "others")
    )


def tuned_on(experiment: Experiment) -> Experiment:
    """The experiment that arms are tuned on: the same world, training and model, tests of what is trained
    alone, and of the arms those that are tuned and those that they match, which see nothing but what they
    learned."""
    needed = _needed(experiment.arms)
    return dataclasses.replace(
        experiment,
        seeds=max(arm.tune.worlds for arm in experiment.arms if arm.tune is not None),
        tests=tuning_tests(experiment.world, experiment.tests, experiment.trains),
        given_tests=(),
        arms=tuple(
            dataclasses.replace(arm, context="none", documents=0, articles=0)
            for arm in experiment.arms
            if arm.name in needed
        ),
        expectations=(),
        before=None,
    )


def _needed(arms: tuple[Arm, ...]) -> set[str]:
    by_name = {arm.name: arm for arm in arms}
    found: set[str] = set()
    for arm in arms:
        name = arm.name if arm.tune is not None else ""
        while name and name not in found:
            found.add(name)
            finetune = by_name[name].finetune
            name = finetune.match if finetune is not None else ""
    return found


def _rephrased(test: Test, form: Form) -> Test:
    """A test in the held wordings of its form, if these do not name what is asked for before the answer."""
    held = [wording for wording in form.wordings if wording.held]
    for wording in held:
        before = {slot.argument for slot in slots(wording.pieces[: wording.answer])}
        if wording.answer < len(wording.pieces) and test.varied in before:
            return test
    return dataclasses.replace(test, wording="held") if held else test
