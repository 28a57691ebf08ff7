"""What became of each fact, by a slow comparison of two tables; what changes nothing, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.compiler.conftest import Write, findings
from tests.compiler.updating.versions import EXPERIMENT, NEW, OLD, WORLD, Table, read
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import Draft, draft
from wug.compiler.emitting.updates import update_columns

NAMES = ("Alder", "Birch", "Comet", "Dune", "Ember", "Fjord", "Grove", "Heath", "Iris", "Jetty")
TABLES = st.fixed_dictionaries(
    {},
    optional={
        name: st.tuples(
            st.sampled_from(("", "10", "20", "30", "40")), st.sampled_from(("", "Ona", "Pim", "Rui"))
        )
        for name in NAMES
    },
)


def facts(table: Table) -> dict[tuple[str, str], str]:
    """All facts of a table, counts among them: what gives the value of what."""
    found = {("price", name): price for name, (price, _) in table.items() if price}
    found |= {("maker", name): maker for name, (_, maker) in table.items() if maker}
    makers = [maker for _, maker in table.values() if maker]
    return found | {("range", maker): str(makers.count(maker)) for maker in makers}


def expected(old: Table, new: Table) -> list[tuple[str, tuple[str, ...], str, tuple[str, ...]]]:
    was, now = facts(old), facts(new)
    rows = []
    for (relation, about), value in now.items():
        if (relation, about) not in was:
            rows.append((relation, (about, value), "added", ()))
        elif was[relation, about] == value:
            rows.append((relation, (about, value), "kept", ()))
        else:
            rows.append((relation, (about, value), "changed", (about, was[relation, about])))
    gone = [key for key in was if key not in now]
    return sorted([*rows, *((r, (), "removed", (about, was[r, about])) for r, about in gone)])


def found(drawn: Draft) -> list[tuple[str, tuple[str, ...], str, tuple[str, ...]]]:
    _, columns = update_columns(drawn, 0)["changes"]
    rows = zip(*columns.values(), strict=True)
    return sorted((r, tuple(arguments), change, tuple(was)) for r, arguments, change, was in rows)


def test_facts_are_kept_changed_added_and_removed(write: Write) -> None:
    drawn = draft(read(write), Report())
    assert found(drawn) == expected(OLD, NEW)
    assert {change for _, _, change, _ in found(drawn)} == {"kept", "changed", "added", "removed"}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(TABLES, TABLES)
def test_any_two_tables(tmp_path_factory: pytest.TempPathFactory, old: Table, new: Table) -> None:
    folder = tmp_path_factory.mktemp("drawn")
    (folder / "wug.lock").touch()

    def write(name: str, text: str | bytes) -> Path:
        (folder / name).write_text(str(text))
        return folder / name

    fixed = {"Zephyr": ("11", "Ida"), "Yew": ("12", "Joe"), "Xenon": ("13", "Kim"), "Wolf": ("14", "Ida")}
    test = EXPERIMENT.replace("choices others(2)", "choices others(1)")
    drawn = draft(read(write, old | fixed, new | fixed, test), Report())
    assert found(drawn) == expected(old | fixed, new | fixed)


def test_members_may_stand_in_another_order(write: Write) -> None:
    turned = dict(reversed(NEW.items()))
    assert found(draft(read(write, OLD, turned), Report())) == expected(OLD, NEW)


def test_one_of_one_value_is_changed_by_its_other_argument(write: Write) -> None:
    """Where each price has one product, a product that is another has replaced it."""
    injective = WORLD.replace(
        "functional  complete\n    populate rows { n", "injective  complete\n    populate rows { n"
    )
    experiment = EXPERIMENT.replace("choices others(2)", "choices others(1)")
    old = {**OLD, "Heath": ("85", "Sol")}
    new = {**OLD, "Heath": ("", "Sol"), "Iris": ("85", "Sol")}
    drawn = draft(read(write, old, new, experiment, injective), Report())
    prices = [row for row in found(drawn) if row[0] == "price" and row[2] != "kept"]
    assert prices == [("price", ("Iris", "85"), "changed", ("Heath", "85"))]


def test_relations_must_be_about_the_same(write: Write, tmp_path: Path) -> None:
    read(write)
    old = WORLD.replace("VERSION", "old").replace("p: product, n: integer", "p: product, n: text")
    write("old.world", old.split("  relation range")[0] + "}\n")
    said = findings(tmp_path / "shop.experiment", "shop.experiment", tmp_path / "build")
    assert [(item.code, item.message) for item in said] == [
        ("W0202", "'price' was about (product, text) and is about (product, integer)")
    ]


WRONG = {
    "  arm lost { continues nobody  finetune { steps 1 } }": "unknown arm 'nobody'",
    "  arm lost { continues icl  finetune { steps 1 } }": "arm 'lost' continues 'icl', which does not train",
    "  arm lost { documents old }": "arm 'lost' says what it reads, and does not train",
    "  arm lost { documents changed }": "arm 'lost' says what it reads, and does not train",
    "  arm lost { documents old  context train  finetune { steps 1 } }": (
        "arm 'lost' learns the old documents and is shown others"
    ),
    "  arm lost { like changes  augment local by self }": (
        "arm 'lost' has what is changed augmented by a model"
    ),
    "  arm lost { continues anew  finetune { tune { learning_rate 1e-3 1e-2 } } }": (
        "arm 'lost' is tuned on worlds of one version"
    ),
    "  arm lost { like lost2 continues lost2 }\n  arm lost2 { continues lost finetune { steps 1 } }": (
        "arm 'lost' continues itself"
    ),
}


@pytest.mark.parametrize("arm", WRONG)
def test_arms_that_do_not_go_together(write: Write, tmp_path: Path, arm: str) -> None:
    read(write)
    write("shop.experiment", EXPERIMENT.rstrip().removesuffix("}") + arm + "\n}\n")
    said = findings(tmp_path / "shop.experiment", "shop.experiment", tmp_path / "build")
    assert WRONG[arm] in [item.message for item in said]


def test_a_world_of_one_version_has_no_old_documents(write: Write, tmp_path: Path) -> None:
    read(write)
    write("shop.experiment", EXPERIMENT.replace('  update from "old.world"\n', ""))
    said = findings(tmp_path / "shop.experiment", "shop.experiment", tmp_path / "build")
    assert {item.code for item in said} == {"W0504"}
    assert "reads documents that are old, and the world has one version" in said[0].message


def test_what_is_wrong_with_the_old_version_is_said_to_be_there(write: Write, tmp_path: Path) -> None:
    read(write)
    old = WORLD.replace("VERSION", "old").replace("form by", "form from_whom")
    write("old.world", old)
    (said,) = findings(tmp_path / "shop.experiment", "shop.experiment", tmp_path / "build")
    assert (said.code, said.notes[-1].text) == ("W0101", "so it is in the world that is updated")


def test_nothing_changed(write: Write, tmp_path: Path) -> None:
    read(write, NEW, NEW)
    said = findings(tmp_path / "shop.experiment", "shop.experiment", tmp_path / "build")
    assert [item.code for item in said if item.severity == "error"] == ["W0501"]
