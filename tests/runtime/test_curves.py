"""Which arms differ in nothing but how much they add."""

from __future__ import annotations

from dataclasses import replace

from tests.runtime.conftest import plan
from wug.compiler.plan import Arm, Augment, Endpoint, Finetuning, Learner, Model
from wug.runtime.corpus import load
from wug.runtime.curves import augmentation_curves

LEARN = Finetuning(steps=6)
BY_SELF = Augment(("local",), "self")
SERVER = Endpoint("http://localhost:8000/v1", "wug", requests=10, tokens=1000)


def curves(shared, *arms: Arm, added: dict[str, int] | None = None) -> list[list[str]]:
    (world, *_) = load(shared.compiled, [0]).worlds
    seen = {"none": world.views["finetune"], "train": world.views["icl"]}
    views = {arm.name: seen[arm.context] for arm in arms}
    known = {arm.name: (added or {}).get(arm.name, 0) for arm in arms}
    (tiny,) = plan().models
    models = tiny, Learner(Model("large"), tiny.pretraining, tiny.pretraining_key)
    return augmentation_curves(plan(arms=arms, models=models), [replace(world, views=views)], known)


def arm(name: str, augment: Augment | None, learn: Finetuning = LEARN, context: str = "none") -> Arm:
    return Arm(name, context, learn, augment)


def test_what_differs_in_an_amount_is_joined_and_begins_with_the_plain_arm(shared) -> None:
    server = replace(BY_SELF, teacher="endpoint", endpoint=SERVER)
    made = [
        arm("many", replace(BY_SELF, samples=8)),
        arm("plain", None),
        arm("again", None),
        arm("few", replace(BY_SELF, withhold=0.5, documents=3, max_tokens=9)),
        arm("paid", server),
        arm("dear", replace(server, samples=4, endpoint=replace(SERVER, requests=40, tokens=4000))),
    ]
    added = {"many": 90, "few": 10, "paid": 5, "dear": 20}
    assert curves(shared, *made, added=added) == [["plain", "few", "many"], ["plain", "paid", "dear"]]


def test_what_differs_in_more_is_not(shared) -> None:
    assert curves(shared, arm("plain", None), arm("one", BY_SELF)) == []
    for other in (
        arm("other", replace(BY_SELF, temperature=0.5)),
        arm("other", replace(BY_SELF, filter="entailed")),
        arm("other", replace(BY_SELF, scopes=("global",))),
        arm("other", BY_SELF, learn=replace(LEARN, steps=7)),
        arm("other", BY_SELF, context="train"),
        replace(arm("other", BY_SELF), model="large"),
        replace(arm("other", BY_SELF), writer="large"),
    ):
        assert curves(shared, arm("plain", None), arm("one", BY_SELF), other) == []


def test_without_a_plain_arm_alike_the_curve_begins_where_something_is_added(shared) -> None:
    longer = arm("longer", None, learn=replace(LEARN, steps=60))
    one, two = arm("one", BY_SELF), arm("two", replace(BY_SELF, samples=2))
    assert curves(shared, longer, two, one, added={"one": 1, "two": 2}) == [["one", "two"]]
