"""The examples in README.md and docs/ are true: specs compile, cheap commands print what is shown.

What a fenced block is, is said behind its fence:

    ```world                      a whole world (it begins with `wug 1`), or declarations of one
    ```experiment                 likewise
    ```world file=family.world    the same, written where the commands below find it
    ```world wrong=W0301          one that has just these faults, codes separated by commas
    ```csv file=peaks.csv         any other file
    ```diff file=family.world     a change of a file written before
    ```console                    `$ wug ...` and what it prints; `...` stands for anything
    ```console train=yes          the same, and git and whatever else is carried out, too

Blocks are taken in the order of the page, in one folder that also holds specs/. Declarations stand among
those of `_WORLD` or `_EXPERIMENT` that they do not make themselves. Commands that train are not carried out
elsewhere.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from wug.cli import main
from wug.compiler.checking.check import check
from wug.compiler.diagnosis.diagnostics import Report, SpecError, as_text
from wug.compiler.draft import draft, draw_world, world_seeds
from wug.compiler.world import World

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CHEAP = ("check", "show", "compile", "new", "explain")

_WORLD = {
    "entity creature": "entity creature { count 8  named nonce(syllables 2) }",
    "table feature": 'table feature(word, opposite) { "taller" <-> "shorter"  "louder" <-> "quieter" }',
    "relation exceeds": """relation exceeds(a: creature, b: creature, on: feature) {
      asymmetric  converse on
      populate pairs { count 4 }
      form forward "{a} are" => " {on.word} than {b}."
      form reverse "{b} are" => " {on.opposite} than {a}."
    }""",
    "entity person": "entity person { count 8 }",
    "relation parent": """relation parent(a: person, b: person) {
      complete
      populate forest
      form down "{a} is the parent of" => " {b}."
    }""",
    "relation ancestor": """relation ancestor(a: person, b: person) {
      complete
      form up "An ancestor of {b} is" => " {a}."
    }""",
    "rule ancestor": "rule ancestor(a, b) if parent(a, b)",
    "preamble said": 'preamble said { ""  "People say that" }',
}
_EXPERIMENT = {
    "world": 'world "fragment.world"',
    "train": "train exceeds in forward",
    "test trained": "test trained { exceeds in forward  choices contradiction }",
    "test reversal": "test reversal { exceeds in reverse  choices contradiction }",
    "model": "model tiny { layers 1  width 32  heads 2  pretrain { facts 1..2 } }",
    "arm icl": "arm icl { context train }",
    "arm finetune": "arm finetune { finetune { steps 10 } }",
    "arm augmented": "arm augmented { like finetune  augment local by oracle }",
}


@dataclass(frozen=True)
class Block:
    """A fenced block: what stands behind the fence, its text, and where it is."""

    kind: str
    options: dict[str, str]
    text: str
    place: str


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        fence = re.fullmatch(r" *```(\w+)(.*)", line)
        if not fence:
            continue
        body = []
        for _, inner in lines:
            if inner.strip() == "```":
                break
            body.append(inner)
        options = dict(word.split("=", 1) for word in fence[2].split() if "=" in word)
        yield Block(fence[1], options, "\n".join(body) + "\n", f"{page.name}:{number}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "specs", tmp_path / "specs", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "wug.lock").touch()
    (tmp_path / "fragment.world").write_text(whole("world", ""), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    faults = [fault for number, block in enumerate(blocks(page)) for fault in _faults(block, number)]
    assert not faults, "\n\n".join(faults)


def test_what_a_block_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "text\n```world file=a.world wrong=W0301\none\n\ntwo\n```\n```\nplain\n```\n", encoding="utf-8"
    )
    assert [block.text for block in blocks(page)] == ["one\n\ntwo\n"]
    assert next(blocks(page)).options == {"file": "a.world", "wrong": "W0301"}


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\nd\n", "a\nd\n", True),
        ("build/.../x\n", "build/5f/x  \n", True),
        ("a\n", "a\nb\n", False),
        ("a b\n", "a c\n", False),
    ],
)
def test_what_an_elision_stands_for(shown: str, printed: str, same: bool) -> None:
    assert bool(re.fullmatch(_pattern(shown), _stripped(printed))) is same


def _faults(block: Block, number: int) -> Iterator[str]:
    """What is wrong with one block, in the folder we stand in."""
    if block.kind == "console":
        yield from _console_faults(block)
    elif block.kind == "diff" and "file" in block.options:
        yield from _change(block)
    elif "file" in block.options or block.kind in ("world", "experiment"):
        path = Path(block.options.get("file", f"block-{number}.{block.kind}"))
        text = block.text
        if block.kind in ("world", "experiment") and not text.startswith("wug "):
            text = whole(block.kind, text)
        if path.exists() and path.read_text(encoding="utf-8") != text:
            yield f"{block.place}: {path}, which is there already, says something else"
        path.write_text(text, encoding="utf-8")
        yield from _spec_faults(block, path)


def whole(kind: str, text: str) -> str:
    """Declarations as a whole file, with all that they take for granted."""
    given = {"world": _WORLD, "experiment": _EXPERIMENT}[kind]
    missing = [other for start, other in given.items() if not re.search(rf"^ *{start}\b", text, re.MULTILINE)]
    return "\n".join(["wug 1", f"{kind} fragment {{", *missing, text, "}"])


def _spec_faults(block: Block, path: Path) -> Iterator[str]:
    if block.kind not in ("world", "experiment"):
        return
    report = Report()
    spec = check(path, str(path), report)
    if not report.failed and spec is not None and block.text.startswith("wug "):
        with contextlib.suppress(SpecError):
            draw_world(spec, world_seeds(1), report) if isinstance(spec, World) else draft(spec, report)
    wanted = set(block.options["wrong"].split(",")) if "wrong" in block.options else set()
    if {item.code for item in report.items} != wanted:
        yield f"{block.place}: {sorted(wanted)} was to be found, not\n{as_text(report.items)}"


def _change(block: Block) -> Iterator[str]:
    """Change a file: what a diff takes away and keeps must stand in it, in one place."""
    path = Path(block.options["file"])
    text, lines = path.read_text(encoding="utf-8"), block.text.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] != "+")
    new = "".join(line[1:] for line in lines if line[0] != "-")
    if text.count(old) != 1:
        yield f"{block.place}: these lines stand in {path} {text.count(old)} times, not once:\n{old}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _console_faults(block: Block) -> Iterator[str]:
    status: int | None = None
    for command, shown in _commands(block.text):
        words = shlex.split(command, comments=True)
        if words == ["echo", "$?"] and status is not None:
            printed = f"{status}\n"
        elif words[0] == "cd" and "train" in block.options:
            status, printed = os.chdir(words[1]) or 0, ""
        elif words[0] == "wug" and (words[1] in CHEAP or "train" in block.options):
            status, printed = _run(words[1:])
        elif "train" in block.options:
            status, printed = _shell(command)
        else:
            status = None
            continue
        if not re.fullmatch(_pattern(shown), _stripped(printed)):
            yield f"{block.place}: '{command}' prints\n{printed}"


def _commands(text: str) -> list[tuple[str, str]]:
    """Each command of a console, and what is shown below it."""
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def _run(arguments: list[str]) -> tuple[int, str]:
    """Exit status and output of a command; stderr, where progress goes too, only where it failed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(arguments)
    return status, out.getvalue() + (err.getvalue() if status else "")


def _shell(command: str) -> tuple[int, str]:
    """The same of a command that is none of wug's."""
    who = {f"GIT_{role}_{what}": "a@b.c" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(command, shell=True, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + (done.stderr if done.returncode else "")


def _stripped(text: str) -> str:
    return "".join(line.rstrip() + "\n" for line in text.rstrip().splitlines())


def _pattern(shown: str) -> str:
    """A regular expression for an output in which `...` stands for some text or, alone, for some lines."""
    parts = []
    for line in _stripped(shown).splitlines():
        if line.strip() == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append("[^\n]*?".join(re.escape(part) for part in line.split("...")) + "\n")
    return "".join(parts)
