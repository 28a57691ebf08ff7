"""What is asked of a world in two versions: the state of each fact, and the answer that was right before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.conftest import Write, findings
from tests.compiler.updating.versions import EXPERIMENT, NEW, OLD, read
from wug.compiler.asking.questions import Items
from wug.compiler.compile import compile_experiment
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import draft
from wug.compiler.emitting.audit import audit
from wug.compiler.store import Store
from wug.progress import Silent


def asked(write: Write) -> dict[str, Items]:
    return {items.test.name: items for items in draft(read(write), Report()).tests}


def test_old_values_are_offered(write: Write) -> None:
    for name, column, ending in (("price", 0, " euros."), ("maker", 1, ".")):
        items, seen = asked(write)[name], set()
        assert items.change is not None
        for cue, choices, change, old in zip(
            items.cue.tolist(), items.choices.tolist(), items.change.tolist(), items.old, strict=True
        ):
            product = cue.split(" ")[1]
            was, now = OLD.get(product, ("", ""))[column], NEW[product][column]
            assert change == ("added" if not was else "kept" if was == now else "changed")
            assert old == ((f" {was}{ending}",) if change == "changed" else ())
            assert set(old) <= set(choices)
            seen.add(change)
        assert seen == {"kept", "changed", "added"}


def test_an_answer_that_cannot_be_old_has_none(write: Write) -> None:
    """Of each price there may be several products, so no product was the answer before."""
    items = asked(write)["back"]
    assert set(items.old) == {()}
    assert items.change is not None
    assert sorted(items.change.tolist()) == sorted(asked(write)["price"].change.tolist())  # type: ignore[union-attr]


def test_free_answers(write: Write) -> None:
    items = asked(write)["said"]
    old = {cue.split(" ")[1]: texts for cue, texts in zip(items.cue.tolist(), items.old, strict=True)}
    assert {product: texts for product, texts in old.items() if texts} == {
        "Birch": (" 20 euros.",),
        "Dune": (" 40 euros.",),
    }


def test_verdicts(write: Write) -> None:
    """What is true now was false before; another false statement was false before, too."""
    items = asked(write)["truth"]
    assert items.change is not None
    told = 0
    for cue, change, old, right in zip(
        items.cue.tolist(),
        items.change.tolist(),
        items.old,
        items.choices[range(len(items)), items.answer].tolist(),
        strict=True,
    ):
        _, product, _, price, _ = cue.removeprefix("True or false: ").split(" ")
        then, now = OLD.get(product, ("", ""))[0] == price, NEW[product][0] == price
        assert right == (" True." if now else " False.")
        if change == "changed":
            assert old == ((" True." if then else " False.",) if then != now else ())
            told += then != now
    assert told == 2


def test_what_follows_is_compared_too(write: Write) -> None:
    items = asked(write)["range"]
    assert items.change is not None
    states = dict(zip(items.cue.tolist(), items.change.tolist(), strict=True))
    assert states == {
        "The number of products of Ona is": "changed",
        "The number of products of Pim is": "changed",
        "The number of products of Rui is": "kept",
        "The number of products of Sol is": "kept",
    }
    assert dict(zip(items.cue.tolist(), items.old, strict=True))["The number of products of Ona is"] == (
        " 2.",
    )


def test_a_test_may_ask_for_one_kind_of_change(write: Write) -> None:
    every = asked(write)["price"]
    assert every.change is not None
    for state in ("kept", "changed", "added"):
        only = EXPERIMENT.replace(
            "price in of  choices others(2)", f"price in of  {state}  choices others(2)"
        )
        items = next(iter(draft(read(write, experiment=only), Report()).tests))
        assert items.cue.tolist() == every.cue[every.change == state].tolist()


def test_what_changed_is_asked_of_two_versions_alone(write: Write, tmp_path: Path) -> None:
    def said(experiment: str) -> list[str]:
        write("shop.experiment", experiment)
        found = findings(tmp_path / "shop.experiment", "shop.experiment", tmp_path / "build")
        return [item.message for item in found]

    read(write)
    twice = EXPERIMENT.replace("price in of  choices", "price in of  kept  changed  choices", 1)
    assert said(twice) == ["test 'price' asks for what was kept and changed"]
    one = EXPERIMENT.split("  arm icl")[0].replace('  update from "old.world"\n', "")
    one = one.replace("price in of  choices", "price in of  kept  choices", 1)
    assert said(one + "  arm icl { context train }\n}\n") == [
        "test 'price' asks for what was kept, and the world has one version"
    ]


GONE = '  test gone { price in of  removed  choices others(2)  unknown " nothing any more." }\n'


def with_gone() -> str:
    return EXPERIMENT.replace("  model speck", GONE + "  model speck")


def test_of_what_was_removed_the_old_value_is_offered(write: Write) -> None:
    """Ember has lost its price; Grove is no product any more, so nothing can be asked about it."""
    drawn = draft(read(write, experiment=with_gone()), Report())
    items = drawn.tests[-1]
    assert items.test.name == "gone"
    assert items.cue.tolist() == ["The Ember costs"]
    assert items.change is not None
    assert (items.change.tolist(), items.old) == (["removed"], ((" 50 euros.",),))
    choices = items.choices[0].tolist()
    assert choices[items.answer[0]] == " nothing any more."
    assert " 50 euros." in choices
    assert len(set(choices)) == 3
    arms = [arm.name for arm in drawn.experiment.arms]
    item = sum(map(len, drawn.world_tests(0))) - 1
    answerable = {arm: drawn.view(number, 0).answerable[item] for number, arm in enumerate(arms)}
    assert not answerable.pop("before"), "it has heard a price"
    assert all(answerable.values())


def test_what_was_removed_is_audited(write: Write, tmp_path: Path) -> None:
    spec = read(write, experiment=with_gone())
    folder = compile_experiment(spec, Store(tmp_path / "build"), Silent(), Report()).path
    assert audit(spec, folder, [], Report()).faults == ()


@pytest.mark.parametrize(
    ("without", "message"),
    [
        ('  unknown " nothing any more."', "asks for what was removed, and has no answer that is right"),
        ("  choices others(2)", "has an answer for what is unknown and no values beside it"),
    ],
)
def test_what_was_removed_needs_an_answer(write: Write, tmp_path: Path, without: str, message: str) -> None:
    read(write)
    write("shop.experiment", with_gone().replace(GONE, GONE.replace(without, "")))
    said = findings(tmp_path / "shop.experiment", "shop.experiment", tmp_path / "build")
    assert f"test 'gone' {message}" in [item.message for item in said]
