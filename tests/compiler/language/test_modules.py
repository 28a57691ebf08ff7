"""Parameters and imports with names: who sets what, and two worlds out of one file."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.compiler.conftest import Write, checked, findings
from tests.conftest import ROOT
from wug.compiler.canonical import canonical
from wug.compiler.checking.check import check
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import draw_world, world_seeds
from wug.compiler.world import World

KIN = """wug 1
world kin {
  param people = 12
  param offspring = 0..2
  entity person { count people  named nonce(syllables 2) }
  preamble said { ""  "Surely" }

  relation parent(a: person, b: person) {
    acyclic
    populate forest { children offspring }
    form down "{a} is the parent of" => " {b}."
  }
  relation ancestor(a: person, b: person) {
    transitive
    form up "An ancestor of {b} is" => " {a}."
  }
  rule ancestor(a, b) if parent(a, b)
}
"""
EXPERIMENT = """wug 1
experiment e {{
  world "{world}" {settings}
  train {relation} in down {{ preamble {preamble} }}
  test seen {{ {relation} in down  choices others(2) }}
  model speck {{ layers 1  width 32  heads 2  pretrain {{ facts 1..3 }} }}
  arm icl {{ context train }}
}}
"""


def people(path: Path, *given: str) -> int:
    report = Report()
    spec = check(path, path.name, report, given)
    assert not report.items, [item.message for item in report.items]
    world = spec if isinstance(spec, World) else spec.world if spec else None
    assert world is not None
    return next(iter(world.entities.values())).count


def test_who_sets_a_parameter(write: Write) -> None:
    kin = write("kin.world", KIN)
    importing = write("more.world", 'wug 1\nimport "kin.world" { people 20 }\nworld more { }\n')
    parts = {"relation": "parent", "preamble": "said"}
    plain = write("plain.experiment", EXPERIMENT.format(world="kin.world", settings="", **parts))
    setting = "{ people 30 }"
    set_to = write("set.experiment", EXPERIMENT.format(world="more.world", settings=setting, **parts))
    assert [people(path) for path in (kin, importing, plain, set_to)] == [12, 20, 12, 30]
    assert [people(path, "people=40") for path in (kin, importing, plain, set_to)] == [40] * 4


def test_a_named_import_is_set_from_three_places(write: Write) -> None:
    write("kin.world", KIN)
    two = 'wug 1\nimport "kin.world" as left\nimport "kin.world" as right { people many }\n'
    main = write("two.world", two + "world two { param many = 16 }\n")
    spec = checked(main)
    assert isinstance(spec, World)
    assert {name: entity.count for name, entity in spec.entities.items()} == {
        "left.person": 12,
        "right.person": 16,
    }
    assert people(main, "left.people=14") == 14
    named = {"relation": "left.parent", "preamble": "right.said"}
    text = EXPERIMENT.format(world="two.world", settings="{ left.people 15  many 3 }", **named)
    assert people(write("e.experiment", text)) == 15


def test_a_value_has_the_key_of_what_it_does(write: Write) -> None:
    kin = write("kin.world", KIN)
    twenty = write("twenty.world", KIN.replace("people = 12", "people = 20"))
    literal = write("literal.world", KIN.replace("count people", "count 20"))
    report = Report()
    given = check(kin, "kin.world", report, ["people=20"])
    assert canonical(given) == canonical(checked(twenty)) == canonical(checked(literal))
    assert canonical(given) != canonical(checked(kin))


RULES = """wug 1
world heavy {
  param some = 4
  param least = 3
  param part = "horns"
  param day = 2020-01-01
  entity creature { count 12  partition a some, b 8 }
  table limb(word) { "wings" "horns" }
  relation weight(a: creature, n: integer) { functional  populate attribute { between 1..9 } }
  relation born(a: creature, d: date)  { populate attribute { between 1990-01-01..2050-12-31 } }
  relation has(a: creature, l: limb)       { populate attribute { evenly } }
  relation heavy(a: creature)              { }
  rule heavy(a) if weight(a, n), n >= least, has(a, part), born(a, d), d < day
  never weight(a, least), heavy(a), least > n, weight(a, n)
}
"""


def test_parameters_stand_in_partitions_and_in_rules(write: Write) -> None:
    def written(text: str, *values: str) -> str:
        for name, value in zip(("some", "least", "part", "day"), values, strict=True):
            text = re.sub(rf"(?<!param ){name}(?= *[,}})\n>])", value, text)
        return re.sub(r"  param .*\n", "", text)

    heavy = write("heavy.world", RULES)
    plain = write("plain.world", written(RULES, "4", "3", '"horns"', "2020-01-01"))
    assert "partition a 4, b 8" in plain.read_text()
    assert 'n >= 3, has(a, "horns"), born(a, d), d < 2020-01-01' in plain.read_text()
    assert canonical(checked(heavy)) == canonical(checked(plain))
    other = written(RULES, "10", "5", '"wings"', "2021-02-03").replace("b 8", "b 2")
    wanted = canonical(checked(write("other.world", other)))
    report = Report()
    tens = write("tens.world", RULES.replace("b 8", "b 2"))
    given = ["some=10", "least=5", "part=wings", "day=2021-02-03"]
    assert canonical(check(tens, "tens.world", report, given)) == wanted
    assert not report.items
    text = 'wug 1\nimport "tens.world" { some 10  least 5  part "wings"  day 2021-02-03 }\nworld heavy { }\n'
    assert canonical(checked(write("importing.world", text))) == wanted
    named = 'wug 1\nimport "tens.world" as h { some 10  least 5 }\nworld heavy { }\n'
    spec = checked(write("named.world", named))
    assert isinstance(spec, World)
    assert [part.count for part in spec.entities["h.creature"].partition] == [10, 2]
    assert [str(each.right.text) for each in spec.rules[0].body.comparisons] == ["5", "2020-01-01"]


def test_two_imports_of_one_file_are_two_worlds(write: Write) -> None:
    write("kin.world", KIN)
    two = 'wug 1\nimport "kin.world" as left\nimport "kin.world" as right\nworld two { }\n'
    spec = checked(write("two.world", two))
    assert isinstance(spec, World)
    assert list(spec.relations) == ["left.parent", "left.ancestor", "right.parent", "right.ancestor"]
    assert [rule.head.relation for rule in spec.rules] == ["left.ancestor", "right.ancestor"]
    populated, _ = draw_world(spec, world_seeds(1), Report())
    left, right = (populated.facts[f"{side}.parent"].arguments for side in ("left", "right"))
    assert not set(populated.names["left.person"][0]) & set(populated.names["right.person"][0])
    assert left.shape != right.shape or bool(np.any(left != right))


def test_names_reach_through_two_imports(write: Write) -> None:
    write("kin.world", KIN)
    write("town.world", 'wug 1\nimport "kin.world" as kin { people 5 }\nworld town { param size = 3 }\n')
    text = """wug 1
import "town.world" as town { kin.people 6 }
world country {
  entity place { count 4 }
  relation lives(a: town.kin.person, b: place) {
    populate pairs { count 4 }
    form says "{a} live in" => " {b}."
  }
  relation related(a: town.kin.person, b: town.kin.person) { form says "{a} stem from" => " {b}." }
  rule related(x, y) if town.kin.ancestor(x, y)
}
"""
    spec = checked(write("country.world", text))
    assert isinstance(spec, World)
    assert spec.entities["town.kin.person"].count == 6
    assert people(write("country.world", text), "town.kin.people=7") == 7


def test_what_an_import_names_like_a_key_stays_a_key(write: Write) -> None:
    text = KIN.replace("entity person", "entity count { count 3 }\n  entity person")
    write("kin.world", text)
    spec = checked(write("x.world", 'wug 1\nimport "kin.world" as kin\nworld x { }\n'))
    assert isinstance(spec, World)
    assert spec.entities["kin.count"].count == 3


def test_an_import_knows_its_own_names_only(write: Write, tmp_path: Path) -> None:
    write("part.world", KIN.replace("entity person { count people  named nonce(syllables 2) }", ""))
    main = write("x.world", 'wug 1\nimport "part.world" as part\nworld x { entity person { count 3 } }\n')
    found = findings(main, "x.world", tmp_path / "build")
    assert {(item.code, item.message) for item in found} == {("W0101", "unknown type 'part.person'")}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("people", "W0107"),
        ("=3", "W0107"),
        ("peeple=3", "W0101"),
        ("kin.people=3", "W0101"),
        ("people=many", "W0203"),
        ("people=", "W0203"),
        ("people=3 4", "W0203"),
        ("people=3.5", "W0203"),
        ("offspring=2", "W0203"),
        ("people=0", "W0204"),
    ],
)
def test_what_the_command_line_cannot_set(given: str, code: str, write: Write) -> None:
    report = Report()
    check(write("kin.world", KIN), "kin.world", report, [given])
    assert [item.code for item in report.items] == [code]
    place = report.items[0].span
    assert place is not None
    assert place.source.name == (f"-D {given}" if code != "W0204" else "kin.world")


def test_a_text_on_the_command_line_needs_no_quotes(write: Write) -> None:
    text = 'wug 1\nworld x { param file = "a.csv"  entity metal from "m.csv" { named name } }\n'
    write("m.csv", "name\niron\n")
    for given in ("file=b.csv", 'file="b.csv"', "file=12"):
        report = Report()
        assert check(write("x.world", text), "x.world", report, [given]) is not None
        assert not report.items


def test_every_declaration_can_be_imported_twice(write: Write) -> None:
    write("imported.world", (ROOT / "tests" / "specs" / "imported.world").read_text(encoding="utf-8"))
    two = (
        'wug 1\nimport "imported.world" as left\nimport "imported.world" as right { size 9 }\nworld two { }\n'
    )
    spec = checked(write("two.world", two))
    assert isinstance(spec, World)
    named = [*spec.entities, *spec.relations, *spec.lexicons, *spec.documents, *spec.scenes]
    assert {name.partition(".")[0] for name in named} == {"left", "right"}
    populated, closures = draw_world(spec, world_seeds(1), Report())
    for relation in ("hates", "some", "derive"):
        assert all(len(closures[f"{side}.{relation}"].facts) for side in ("left", "right"))
    left, right = (set(populated.names[f"{side}.person"][0].tolist()) for side in ("left", "right"))
    assert len(left | right) == 17
