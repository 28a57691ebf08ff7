"""The formatter: laying out twice is laying out once, and no comment, token or meaning is lost."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from wug import specs
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.language.parse import parse_world
from wug.compiler.language.source import Source
from wug.compiler.layout.formatter import formatted
from wug.compiler.layout.layout import WIDTH, laid_out
from wug.compiler.layout.pieces import COMMENT, pieces

SHIPPED = [
    path for kind in ("worlds", "experiments") for path in sorted((specs() / kind).rglob(f"*.{kind[:-1]}"))
]
EVERYTHING = sorted((ROOT / "tests" / "specs" / "syntax").iterdir())
BETWEEN = (*" \t\n", "  ", "   ", "\n\n", "\n\n\n\n", "\r\n", " // c\n", "\n// own\n", " //\n\n //x \n")


def source(text: str, kind: str) -> Source:
    return Source(Path(f"x.{kind}"), f"x.{kind}", text)


def shaken(text: str, kind: str, seed: int, share: float) -> str:
    """The same tokens with other spaces, and comments, between some of them."""
    chance = random.Random(seed)
    out = ""
    for piece in pieces(text, kind):
        before = "\n" * piece.lines + " " * piece.gap
        tight = not before
        if chance.random() < share:
            before = chance.choice(BETWEEN)
        if out.rpartition("\n")[2].lstrip().startswith("//") and "\n" not in before:
            before = "\n"
        elif tight and before and out and (out[-1].isalnum() or out[-1] == '"'):
            before = before or " "
        last = out.rpartition("\n")[2]
        if "//" in re.sub(r'"(\\.|[^"\\])*"', "", last) and "\n" not in before:
            before = "\n" + before
        out += before + piece.text
    return out + "\n"


def facts(text: str, kind: str) -> list[tuple[str, str]]:
    return [(piece.kind, piece.text) for piece in pieces(text, kind)]


@pytest.mark.parametrize("path", SHIPPED + EVERYTHING, ids=lambda path: path.name)
def test_these_are_laid_out(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert laid_out(text, path.suffix[1:]) == text


@settings(max_examples=60)
@given(
    path=st.sampled_from(SHIPPED + EVERYTHING),
    seed=st.integers(0, 10**6),
    share=st.sampled_from([0.02, 0.1, 0.5, 1.0]),
)
def test_whatever_the_spaces(path: Path, seed: int, share: float) -> None:
    kind = path.suffix[1:]
    text = shaken(path.read_text(encoding="utf-8"), kind, seed, share)
    report = Report()
    once = formatted(source(text, kind), report)
    assert not report.items
    assert once is not None
    assert facts(once, kind) == facts(text, kind)
    assert formatted(source(once, kind), report) == once
    for line in once.splitlines():
        assert line == line.rstrip()
        assert "\t" not in line


@settings(max_examples=30)
@given(path=st.sampled_from(SHIPPED + EVERYTHING), seed=st.integers(0, 10**6))
def test_on_one_line(path: Path, seed: int) -> None:
    kind = path.suffix[1:]
    kept = [p.text for p in pieces(path.read_text(encoding="utf-8"), kind) if p.kind not in (COMMENT, "DOC")]
    chance = random.Random(seed)
    once = laid_out(" ".join(kept), kind)
    assert laid_out(once, kind) == once
    assert laid_out("".join(word + chance.choice([" ", "\n"]) for word in kept), kind) is not None
    long = [line for line in once.splitlines() if len(line) > WIDTH]
    assert all('"' in line for line in long), "only texts, which cannot be broken, may be longer"


def test_a_spec_on_one_line_is_unfolded() -> None:
    text = (
        "wug 1 world x { entity a { count 4 named nonce(syllables 2) } entity long_name { count 40 } "
        "relation r(x: a, y: a) { acyclic functional populate forest { roots 2 children 0..3 } "
        'form f "{x} is the parent and the guardian of" => " {y}." } rule r(x, y) if r(y, x) }'
    )
    assert (
        laid_out(text, "world")
        == """wug 1

world x {
  entity a         { count 4  named nonce(syllables 2) }
  entity long_name { count 40 }
  relation r(x: a, y: a) {
    acyclic  functional
    populate forest { roots 2  children 0..3 }
    form f "{x} is the parent and the guardian of" => " {y}."
  }
  rule r(x, y) if r(y, x)
}
"""
    )


def test_comments_stay_where_they_are() -> None:
    text = """// first
wug 1 // edition
world x {// opens
  // alone
  rule a(x, y) if // why
    b(x, z), // because
    // and
    c(z, y)
  table t(a, b) { "x" <-> "y" // one
    "long" <-> "z"   // two
    // last
  } // closed
} // end
// over
"""
    assert (
        laid_out(text, "world")
        == """// first
wug 1    // edition

world x {    // opens
  // alone
  rule a(x, y) if    // why
      b(x, z),    // because
      // and
      c(z, y)
  table t(a, b) {
    "x"    <-> "y"    // one
    "long" <-> "z"    // two
    // last
  }    // closed
}    // end
// over
"""
    )


def test_settings_of_augmentation_on_one_line_are_told_apart() -> None:
    server = 'endpoint "http://localhost:1/v1" "m"'
    arm = (
        f"arm a {{ augment local by {server} {{ requests 9 tokens 9 style base examples 2 rephrase only }} }}"
    )
    text = laid_out(f"wug 1\nexperiment x {{ {arm} }}\n", "experiment")
    assert " requests 9  tokens 9  style base  examples 2  rephrase only\n" in text


def test_a_long_rule_is_broken_at_its_commas() -> None:
    text = "wug 1\nworld x { rule a(x, y) if " + ", ".join(f"relation_{n}(x, y)" for n in range(8)) + " }\n"
    lines = laid_out(text, "world").splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert [line for line in lines if line.startswith("      relation_")]


def test_errors_leave_a_spec_alone() -> None:
    report = Report()
    assert formatted(source("wug 1\nworld x { entity a { count 4 \n", "world"), report) is None
    assert [item.code for item in report.items] == ["W0001"]


def test_a_layout_that_changes_the_meaning_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from wug.compiler.layout import formatter

    monkeypatch.setattr(formatter, "laid_out", lambda text, kind: text.replace("4", "5"))
    with pytest.raises(formatter.LayoutError):
        formatted(source("wug 1\nworld x { entity a { count 4 } }\n", "world"), Report())


def test_everything_is_every_construct() -> None:
    """The specs that shake the formatter use each declaration of the grammar."""
    kinds = {
        kind for path in EVERYTHING for kind, _ in facts(path.read_text(encoding="utf-8"), path.suffix[1:])
    }
    grammar = (ROOT / "grammar" / "world.lark").read_text(encoding="utf-8")
    keywords = {word.upper() for word in re.findall(r'"([a-z]+)"', grammar)}
    assert keywords <= kinds
    path = EVERYTHING[-1]
    assert parse_world(source(path.read_text(encoding="utf-8"), "world"), Report()).world is not None
