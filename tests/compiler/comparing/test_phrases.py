"""Phrases: the words of a spec without its layout, and what two specs say otherwise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wug import specs
from wug.compiler.comparing.phrases import as_text, changes, declarations
from wug.compiler.layout.layout import laid_out

SPECS = sorted([*specs().rglob("*.world"), *specs().rglob("*.experiment")])
WORLD = """wug 1

// a remark
world pets {
  /// People.
  entity person { count 8  named nonce(syllables 2) }  // invented
  relation parent(a: person, b: person) {
    complete
    populate forest { depth 3 }
    form down "{a} is the parent of" => " {b}."
  }
  rule old(a, b) if parent(a, b)
  rule old(a, c) if parent(a, b), old(b, c)
}
"""


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_no_word_is_lost_and_layout_is_none(path: Path) -> None:
    kind, text = path.suffix.removeprefix("."), path.read_text(encoding="utf-8")
    found = declarations(text, kind)
    assert declarations(laid_out(text, kind), kind) == found
    loose = text.replace("\n", "\n\n").replace("{ ", "{\n  ")
    assert {*declarations(loose, kind)} == {*found}
    bare = "\n".join(line.partition("//")[0] for line in text.splitlines() if "https://" not in line)
    said = as_text(found)
    for word in re.findall(r"\w+", bare.replace("wug 1", "", 1)):
        assert word in said
    assert changes(found, found) == []


def test_phrases_are_words_of_the_spec_with_the_way_to_them() -> None:
    assert as_text(declarations(WORLD, "world")).splitlines() == [
        "world > pets",
        "entity person > count 8",
        "entity person > named nonce(syllables 2)",
        "relation parent > (a: person, b: person)",
        "relation parent > complete",
        "relation parent > populate forest > depth 3",
        'relation parent > form down "{a} is the parent of" => " {b}."',
        "rule old > (a, b) if parent(a, b)",
        "rule old > (a, c) if parent(a, b), old(b, c)",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    complete\n", "    complete  acyclic\n", ["relation parent", "  + acyclic"]),
        ("depth 3", "depth 4", ["relation parent", "    populate forest > depth 3 → 4"]),
        ("count 8", "count 9", ["entity person: count 8 → count 9"]),
        ("depth 3", "depth 3  roots 2", ["relation parent", "  + populate forest > roots 2"]),
        ("  rule old(a, b) if parent(a, b)\n", "", ["rule old", "  - (a, b) if parent(a, b)"]),
        ("world pets", "world cats", ["world: pets → cats"]),
        ("entity person", "entity thing { count 2 }\n  entity person", ["+ entity thing"]),
        ("// a remark", "// another", []),
        ("    complete\n", "", ["relation parent", "  - complete"]),
    ],
)
def test_what_changed_in_words(old: str, new: str, said: list[str]) -> None:
    assert WORLD.count(old) == 1
    found = changes(declarations(WORLD, "world"), declarations(WORLD.replace(old, new), "world"))
    assert [line for change in found for line in change.lines()] == said
    back = changes(declarations(WORLD.replace(old, new), "world"), declarations(WORLD, "world"))
    assert [(each.removed, each.added) for each in back] == [(each.added, each.removed) for each in found]


def test_a_rule_that_stands_twice_counts_twice() -> None:
    once = WORLD.replace("  rule old(a, b) if parent(a, b)\n", "")
    twice = WORLD.replace("  rule old(a, b) if", "  rule old(a, b) if parent(a, b)\n  rule old(a, b) if")
    (change,) = changes(declarations(once, "world"), declarations(twice, "world"))
    assert change.added == (("(a, b) if parent(a, b)",),) * 2
