"""What fuzzing found stays mended; the fuzzer itself finds what it should, and makes it smaller."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.draws import Keyed
from tests.fuzz import trial
from tests.fuzz.__main__ import CASES, Fuzzer, main
from tests.fuzz.mutators import PIECE, kind_of, nodes
from tests.fuzz.reduce import reduced
from tests.fuzz.trial import Mutant, Outcome, tried
from tests.fuzz.worker import Worker

KEPT = sorted(path for path in CASES.rglob("*.*") if path.is_file())


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzer]:
    made = Fuzzer(0, tmp_path_factory.mktemp("seeds"), tmp_path_factory.mktemp("cases"))
    yield made
    made.check.stop()
    made.compile.stop()


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.name)
def test_what_was_found_is_mended(path: Path, fuzzer: Fuzzer) -> None:
    beside = [] if path.suffix == ".world" else [path.with_suffix(".world")]
    files = [(each.name, each.read_bytes().decode()) for each in (path, *beside) if each.exists()]
    mutant = Mutant(path.parent.relative_to(CASES).as_posix(), tuple(files))
    outcome = fuzzer.check.tried(mutant)
    assert not outcome.finding, outcome.detail
    if outcome.small:
        outcome = fuzzer.compile.tried(mutant)
        assert not outcome.finding, outcome.detail


def test_a_few_fresh_ones(fuzzer: Fuzzer) -> None:
    block = fuzzer.block(range(10**9, 10**9 + 300))
    assert not block.findings
    assert min(block.counts["fine"], block.counts["told"]) > 10


def test_a_number_is_one_spec(fuzzer: Fuzzer) -> None:
    first = [fuzzer.mutant(number) for number in range(100)]
    assert [fuzzer.mutant(number) for number in range(100)] == first
    assert len(set(first)) > 90


def test_nodes_are_what_their_rule_stands_for() -> None:
    text = "wug 1\nworld x {\n  entity e { count 3 }\n}\n"
    found = {rule: text[start:end] for rule, start, end in nodes(text, "world")}
    assert found["entity"] == "entity e { count 3 }"
    assert found["number"] == "3"
    assert nodes("wug 1\nworld {", "world") == []


def test_pieces_are_all_of_a_text() -> None:
    text = 'wug 1\nrelation r(a: e) { form f "{a} \\" x" => " y" } // "no\n"open\n5..6 7% <-> a.b'
    pieces = PIECE.findall(text)
    assert "".join(pieces) == text
    kinds = {piece: kind_of(piece) for piece in pieces}
    assert kinds['"{a} \\" x"'] == "text"
    assert kinds["5..6"] == kinds["7%"] == "number"
    assert kinds["<->"] == kinds['"'] == "sign"
    assert kinds["a.b"] == "name"
    assert kinds['// "no'] == "between"


def test_draws_by_key() -> None:
    draws = Keyed("x", 1)
    taken = [draws.whole(2, 4) for _ in range(300)]
    assert set(taken) == {2, 3, 4}
    assert taken != [Keyed("x", 2).whole(2, 4) for _ in range(300)]
    assert sorted(Keyed("y").one("abc") for _ in range(3)) == [Keyed("y").one("abc")] * 3
    for number in range(50):
        some = Keyed(number).some("abcd", 3, unique=True)
        assert len(some) == len(set(some)) <= 3


def test_made_smaller() -> None:
    text = "".join(f"line {number}\n" for number in range(50))
    assert reduced(text, lambda smaller: "17" in smaller and "line" in smaller) == "line17"
    assert reduced(text, lambda smaller: True) == ""
    assert reduced(text, lambda smaller: False) == text


def spoil(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    def checked(path: Path, text: str) -> tuple[str, bool]:
        exec(line, {"path": path, "text": text})
        return "fine", False

    monkeypatch.setattr(trial, "_checked", checked)
    monkeypatch.setattr(trial, "CHECK_SECONDS", 0.1)


@pytest.mark.parametrize(
    ("line", "sign"),
    [
        ("[][1]", "IndexError in <string>:<module>"),
        ("while True: pass", "slow in <string>:<module>"),
        ("raise MemoryError", "memory in <string>:<module>"),
    ],
)
def test_how_a_trial_may_end(line: str, sign: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, line)
    outcome = tried(Mutant("", (("x.world", "text"),)), tmp_path)
    assert outcome.finding
    assert outcome.sign == sign
    assert not list(tmp_path.iterdir())


WORLD = "wug 1\nworld x { entity e { count 4 } relation r(a: e, b: e) { asymmetric populate chain } %s }"


@pytest.mark.parametrize(
    ("text", "checks", "compiles"),
    [
        (WORLD % "", "fine", "fine"),
        (WORLD % "rule r(b, a) if r(a, b)", "fine", "told"),
        (WORLD % "rule r(b, a) if r(a)", "told", "told"),
    ],
)
def test_a_spec_is_fine_or_told(text: str, checks: str, compiles: str, tmp_path: Path) -> None:
    mutant = Mutant("", (("x.world", text),))
    assert tried(mutant, tmp_path).end == checks
    assert tried(mutant, tmp_path, compiles=True).end == compiles


def test_a_worker_has_so_much_memory(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    worker.memory = 8
    outcome = worker.tried(Mutant("", (("x.world", "wug 1\nworld x {" + "\n" * 1_900_000 + "}"),)))
    worker.stop()
    assert outcome.end == "memory"


def test_a_worker_begins_anew(tmp_path: Path) -> None:
    """After one that met a limit, with those that come behind it."""
    worker = Worker(tmp_path)
    worker.memory = 8
    good, large = "wug 1\nworld x { }", "wug 1\nworld x {" + "\n" * 1_900_000 + "}"
    mutants = [Mutant("", (("x.world", text),)) for text in (good, large, "x", large, good)]
    assert [outcome.end for outcome in worker.all_tried(mutants)] == [
        *("fine", "memory", "told", "memory", "fine")
    ]
    assert worker.tried(mutants[0]).end == "fine"
    worker.stop()


def test_what_is_found_is_kept_and_told(
    fuzzer: Fuzzer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once for each sign, as small as it can be."""

    class Wrong(Worker):
        def all_tried(self, mutants: Sequence[Mutant]) -> list[Outcome]:
            bad = Outcome("raised", "KeyError in here.py:there", "trace")
            return [bad if "creature" in mutant.files[0][1] else Outcome("fine") for mutant in mutants]

    monkeypatch.setattr(fuzzer, "check", Wrong(tmp_path))
    monkeypatch.setattr(fuzzer, "cases", tmp_path)
    block = fuzzer.block(range(60))
    assert len(block.findings["KeyError in here.py:there"]) > 1
    (kept,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert kept.stem == "KeyError-in-here-py-there"
    assert "creature" in kept.read_text()
    assert len(PIECE.findall(kept.read_text())) == 1


def test_the_command_goes_on_from_its_log(tmp_path: Path) -> None:
    log = tmp_path / "fuzz.jsonl"
    command = ["--seed", "5", "--block", "10", "--log", str(log), "--cases", str(tmp_path / "cases")]
    assert main(["10", *command]) == 0
    first = log.read_text()
    assert main(["30", *command]) == 0
    assert log.read_text().startswith(first)
    blocks = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(block["from"], block["to"]) for block in blocks] == [(0, 10), (10, 20), (20, 30)]
    assert sum(block["fine"] + block["told"] for block in blocks) == 30
