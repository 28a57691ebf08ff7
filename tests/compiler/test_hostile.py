"""Specs and files that mean harm: each ends soon, with a clear error or a safe result."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from tests.checkpoints import byte_tokenizer, write_folder
from tests.compiler.conftest import Write, findings
from tests.compiler.small import EXPERIMENT, WORLD
from wug.cli import main
from wug.compiler.diagnosis.diagnostics import Diagnostic, as_text
from wug.compiler.language.lookalikes import looks

CREATURES = "entity e {{ count {} }} relation r(a: e, b: e) {{ populate chain {} }} {}"


def told(write: Write, text: str, kind: str = "world") -> list[Diagnostic]:
    """What is said of a spec, in less than five seconds."""
    path = write(f"x.{kind}", text)
    begun = time.process_time()
    found = findings(path, path.name, path.parent / "build")
    assert time.process_time() - begun < 5
    return found


def world(count: int, form: str = "", more: str = "") -> str:
    return f"wug 1\nworld x {{ {CREATURES.format(count, form, more)} }}\n"


# Links


@pytest.fixture
def outside(write: Write, tmp_path: Path) -> Path:
    """A project in `inner`, and what lies beside it."""
    write("inner/wug.lock", "")
    write("secret.csv", "name,prompt,completion\niron,a,b\n")
    write("secret.world", WORLD)
    write("secret.txt", "A text.\n")
    write("secret.json", json.dumps(byte_tokenizer()))
    write_folder(tmp_path / "secret")
    for path in sorted(tmp_path.glob("secret*")):
        (tmp_path / "inner" / path.name.replace("secret", "link")).symlink_to(path)
    return tmp_path / "inner"


@pytest.mark.parametrize(
    "declared",
    [
        'entity metal from "link.csv" { named name }',
        'given texts from "link.csv"',
        'entity e { count 4  named nonce(tokens equal "link.json") }',
    ],
)
def test_what_a_world_reads_through_a_link(declared: str, outside: Path) -> None:
    (outside / "x.world").write_text(f"wug 1\nworld x {{ {declared} }}\n")
    items = findings(outside / "x.world", "x.world", outside / "build")
    assert [item.code for item in items] == ["W0104"], as_text(items)


def experiment(folder: Path, models: str, arms: str = "") -> list[str]:
    (folder / "small.world").write_text(WORLD)
    text = EXPERIMENT.replace(EXPERIMENT[EXPERIMENT.index("  model") :], f"  {models}\n  {arms}\n}}\n")
    (folder / "x.experiment").write_text(text)
    return [item.code for item in findings(folder / "x.experiment", "x.experiment", folder / "build")]


def test_what_an_experiment_reads_through_a_link(outside: Path) -> None:
    arm = "arm a { finetune { steps 1 } }"
    assert experiment(outside, 'model m { from "link" }', arm) == ["W0104"]
    replay = 'arm a { finetune { steps 1  replay { share 20%  text "link.txt" } } }'
    write_folder(outside / "own")
    assert experiment(outside, 'model m { from "own" }', arm) == []
    assert "W0104" in experiment(outside, 'model m { from "own" }', replay)
    (outside / "own" / "config.json").unlink()
    (outside / "own" / "config.json").symlink_to("../../secret/config.json")
    assert experiment(outside, 'model m { from "own" }', arm) == ["W0104"]
    shutil.copy(outside.parent / "secret" / "config.json", outside)
    (outside / "own" / "config.json").unlink()
    (outside / "own" / "config.json").symlink_to("../config.json")
    assert experiment(outside, 'model m { from "own" }', arm) == [], "within the project links are fine"
    (outside / "x.experiment").write_text(EXPERIMENT.replace("small.world", "link.world"))
    items = findings(outside / "x.experiment", "x.experiment", outside / "build")
    assert [item.code for item in items] == ["W0104"]


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_pipe_in_a_checkpoint_keeps_nobody_waiting(file: str, outside: Path) -> None:
    write_folder(outside / "own")
    (outside / "own" / file).unlink()
    os.mkfifo(outside / "own" / file)
    assert experiment(outside, 'model m { from "own" }', "arm a { finetune { steps 1 } }") == ["W0512"]


# Regular expressions


@pytest.mark.parametrize(
    "bomb", ["(a+)+$", "(.*)*.*=.*", "(?:a|aa)+!", "(" * 300, "a{1,9}{1,9}{1,9}", "\\\\d+$"]
)
def test_texts_are_never_patterns(bomb: str, write: Write) -> None:
    form = f'form f "{{a}} {bomb.replace("{", "").replace("}", "")} {"a" * 5000}" => " {{b}}."'
    assert {item.code for item in told(write, world(4, form))} <= {"W0302", "W0303"}


@pytest.mark.parametrize(
    "piece", ['"', "\\", '"\\"', "1.", "1..", "0" * 9, "2000-01-", "//", "///", "[", "{", "a.", "<-"]
)
def test_tokens_take_no_longer_than_they_are_long(piece: str, write: Write) -> None:
    assert told(write, f"wug 1\nworld x {{ {piece * 30_000} }}")
    assert (
        told(write, world(4, f'form f "{{a}} {piece.replace(chr(34), "") * 30_000}" => " {{b}}."'))
        is not None
    )


def test_a_tokenizer_with_a_bomb(
    write: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its library gives up after some tries, in a way that is no exception of Python's."""
    monkeypatch.setenv("RUST_BACKTRACE", "0")
    folder = tmp_path / "own"
    write_folder(folder)
    bomb = {"type": "Split", "pattern": {"Regex": "([a-z ]+)+$"}, "behavior": "Isolated", "invert": False}
    (folder / "tokenizer.json").write_text(json.dumps({**byte_tokenizer(), "pre_tokenizer": bomb}))
    assert experiment_status(tmp_path, "own") == 1
    assert "cannot cut a text" in capfd.readouterr().err


def experiment_status(folder: Path, model: str) -> int:
    (folder / "small.world").write_text(WORLD)
    text = EXPERIMENT[: EXPERIMENT.index("  model")] + f'  model m {{ from "{model}" }}\n'
    (folder / "x.experiment").write_text(text + "  arm a { context train }\n}\n")
    return main(["compile", str(folder / "x.experiment"), "--build", str(folder / "build")])


# Rules


def test_conditions_that_share_nothing(write: Write) -> None:
    body = ", ".join(f"r(x{number}, y{number})" for number in range(30))
    rule = f"relation q(a: e, b: e) {{ }} rule q(x0, x1) if {body}"
    assert [item.code for item in told(write, world(50, more=rule))] == ["W0409"]
    assert [item.code for item in told(write, world(50, more=f"never {body}"))] == ["W0409"]


def test_rules_of_which_each_doubles_the_proofs(write: Write) -> None:
    names = "".join(f"relation q{number}(a: e, b: e) {{ }}\n" for number in range(60))
    rules = "".join(f"rule q{n + 1}(x, y) if q{n}(x, y), q{n}(x, z)\n" for n in range(59))
    assert not told(write, world(60, more=f"{names}rule q0(x, y) if r(x, y)\n{rules}"))


def test_a_long_rule_and_many_short_ones(write: Write) -> None:
    body = ", ".join(f"r(x{number}, x{number + 1})" for number in range(200))
    long = f"relation q(a: e, b: e) {{ }} rule q(x0, x200) if {body}"
    assert not told(write, world(300, more=long))
    many = "rule q(x, y) if r(x, y)\n" * 1000
    assert not told(write, world(9, more=f"relation q(a: e, b: e) {{ }}\n{many}"))


def test_arguments_by_the_dozen(write: Write) -> None:
    arguments, variables = (", ".join(f"{x}{n}{y}" for n in range(40)) for x, y in (("a", ": e"), ("x", "")))
    body = ", ".join(f"r(x{number}, x{number + 1})" for number in range(39))
    rule = f"relation q({arguments}) {{ }} rule q({variables}) if {body}"
    assert [item.code for item in told(write, world(40, more=rule))] == ["W0409"]


def test_parameters_that_follow_one_another(write: Write) -> None:
    params = "".join(f"param p{number} = p{number + 1}\n" for number in range(2000))
    assert told(write, f"wug 1\nworld x {{ {params} param p2000 = p0 }}")


# Numbers


@pytest.mark.parametrize(
    "number", ["9" * 18, "9" * 19, "9" * 400, "9" * 9000, "1e999", "1e-999", "0" * 9000, "1" + "0" * 30]
)
@pytest.mark.parametrize(
    "place",
    [
        "entity f { count NUMBER }",
        "entity f { count 4  named nonce(syllables NUMBER) }",
        "relation q(a: e, b: e) { populate pairs { count NUMBER } }",
        "relation q(a: e, b: e) { populate forest { roots 1  children 1..NUMBER  depth NUMBER } }",
        "relation q(a: e, n: integer) { populate attribute { between 0..NUMBER } }",
        "relation q(a: e, n: number) { populate attribute { between 0..1  step NUMBER } }",
        "relation q(a: e, n: e) { populate attribute { weighted 1 NUMBER } }",
        "relation q(a: e, n: integer) { } rule q(x, NUMBER) if r(x, y)",
        "relation q(a: e, n: integer) { populate attribute { between 0..9 } } never q(x, n), n > NUMBER",
        'relation q(a: e, b: e) { populate chain form f { NUMBER "{a} q" => " {b}."  "{a} is" => " {b}." } }',
        "entity s { sequence e  count NUMBER  length NUMBER }",
    ],
)
def test_numbers_that_no_machine_holds(place: str, number: str, write: Write) -> None:
    items = told(write, world(4, more=place.replace("NUMBER", number)))
    assert "..." in str(items) or len(as_text(items)) < 50_000


# Names


def test_names_that_look_the_same() -> None:
    assert looks("Fe") == looks("F\u0435") == looks("F\u200be") == looks("\u202eFe")
    assert looks("caf\u00e9") == looks("cafe\u0301") != looks("cafe")
    assert looks("a b") == looks("a\u00a0b")
    assert looks("m\u00b2") != looks("m2"), "an exponent is seen"
    assert looks("\u0416\u0443\u043a") != looks("\u0416\u0443\u0431")


def test_a_column_in_another_script(write: Write) -> None:
    write(
        "x.csv", "name\n\u041c\u043e\u0441\u043a\u0432\u0430\n\u041e\u0441\u043b\u043e\n\u05d0\u05d1\u200f\n"
    )
    assert not told(write, 'wug 1\nworld x { entity city from "x.csv" { named name } }')


def test_what_turns_a_line_round_never_reaches_a_screen(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("x.csv", "name\nab\u202ecd\nef\x1b[31mgh\nij\u2066kl\n")
    write(
        "x.world",
        'wug 1\nworld x { entity e from "x.csv" { named name } relation r(a: e, b: e) {'
        ' populate chain form f "{a} likes" => " {b}." } }',
    )
    assert main(["show", str(tmp_path / "x.world")]) == 0
    shown = capsys.readouterr().out
    assert "ab" in shown
    assert not set(shown) & set("\u202e\u2066\x1b")
