"""The command line: what it answers, with which exit status, and never with a traceback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wug import specs
from wug.cli import main, parser
from wug.compiler.diagnosis.catalogue import CATALOGUE

BAD = Path(__file__).parent.parent / "specs" / "bad"
WORLDS, EXPERIMENTS = (sorted((specs() / kind).glob("*.*")) for kind in ("worlds", "experiments"))
COMMANDS = ("check", "compile", "fmt", "show", "run", "audit", "new", "clean", "doctor", "explain")

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No colours, whatever the machine that tests likes."""
    for name in ("FORCE_COLOR", "NO_COLOR", "WUG_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "dumb")


def wug(*arguments: str, **options: str) -> subprocess.CompletedProcess[str]:
    """`wug` in a process of its own."""
    environment = {**os.environ, "TERM": "dumb", **options}
    command = [sys.executable, "-m", "wug", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


# check


def test_check_shipped_specs(capsys: Captured) -> None:
    files = [str(path) for path in (*WORLDS, *EXPERIMENTS)]
    assert main(["check", *files]) == 0
    out, err = capsys.readouterr()
    assert not err
    assert len(out.splitlines()) == len(files)
    assert "hello.experiment: experiment hello is well (2 tests, 4 arms, 2 seeds)" in out


def test_check_tells_every_file_and_goes_on(capsys: Captured) -> None:
    bad = [str(BAD / name) for name in ("W0301-argument-left-out.world", "W0504-arms.experiment")]
    assert main(["check", bad[0], str(WORLDS[0]), bad[1]]) == 1
    out, err = capsys.readouterr()
    assert out.count("is well") == 1
    assert err.count("error W0301") == err.count("error W0504") == 2
    assert "4 errors; 'wug explain W0301' says more" in err


def test_check_tells_what_two_files_share_once(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.world").write_text("wug 1\nworld x { entity e { } }\n")
    (tmp_path / "x.experiment").write_text('wug 1\nexperiment x { world "x.world" }\n')
    monkeypatch.chdir(tmp_path)
    assert main(["check", "x.world", str(tmp_path / "x.world"), "x.experiment"]) == 1
    assert capsys.readouterr().err.count("entity 'e' has no count") == 1


@pytest.mark.parametrize("path", sorted(p.name for p in BAD.iterdir() if p.is_file()))
def test_check_never_ends_in_a_traceback(path: str, capsys: Captured) -> None:
    assert main(["check", str(BAD / path)]) in (0, 1)
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    assert "bug in wug" not in err


def test_check_needs_no_numbers() -> None:
    """`wug check` answers in a moment because it imports neither numpy nor what stands on it."""
    code = (
        "import sys\n"
        "from wug.cli import main\n"
        "status = main(['check', *sys.argv[1:]])\n"
        "heavy = {'numpy', 'pyarrow', 'jax', 'jaxlib', 'flax', 'tokenizers'} & set(sys.modules)\n"
        "print(status, sorted(heavy), file=sys.stderr)\n"
    )
    files = [str(path) for path in (*EXPERIMENTS, BAD / "five-faults.world")]
    done = subprocess.run([sys.executable, "-c", code, *files], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "1 []"


@pytest.mark.parametrize("command", ["check", "compile"])
def test_json_is_one_document(command: str, capsys: Captured, tmp_path: Path) -> None:
    spec = BAD / "W0103-declared-twice.world"
    assert main([command, str(spec), "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    first = document["diagnostics"][0]
    assert first["code"] == "W0103"
    assert (first["file"], first["line"], first["column"]) == (str(spec), 5, 10)
    assert (first["end_line"], first["end_column"]) == (5, 18)
    assert first["severity"] == "error"
    assert first["notes"][0]["line"] == 4


def test_json_of_a_good_spec(capsys: Captured, tmp_path: Path) -> None:
    assert main(["check", str(EXPERIMENTS[0]), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"diagnostics": []}
    assert main(["compile", str(specs() / "worlds/hello.world"), "--format", "json", *build(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out) == {"diagnostics": []}


def test_no_color(tmp_path: Path) -> None:
    spec = str(BAD / "W0301-argument-left-out.world")
    coloured = wug("check", spec, FORCE_COLOR="1", TERM="xterm-256color").stderr
    assert "\x1b[" in coloured
    assert "\x1b[" not in wug("check", spec).stderr, "not a terminal"
    plain = wug("check", spec, NO_COLOR="1", FORCE_COLOR="1", TERM="xterm-256color").stderr
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", plain)


# compile and show


def build(tmp_path: Path) -> list[str]:
    return ["--build", str(tmp_path / "build")]


def test_compile(capsys: Captured, tmp_path: Path) -> None:
    spec = str(specs() / "experiments/hello.experiment")
    assert main(["compile", spec, *build(tmp_path)]) == 0
    first, err = capsys.readouterr()
    folder = Path(first.strip())
    assert {"manifest.json", "README.md", "tokenizer.json", "seed-0", "seed-1"} <= {
        p.name for p in folder.iterdir()
    }
    assert "compiling" in err
    assert main(["compile", spec, *build(tmp_path)]) == 0
    again, err = capsys.readouterr()
    assert again == first
    assert "compiling" not in err, "it is there already"


def test_compile_in_shards(capsys: Captured, tmp_path: Path) -> None:
    spec = str(specs() / "experiments/hello.experiment")
    assert main(["compile", spec, "--shard", "2/2", *build(tmp_path)]) == 0
    part = Path(capsys.readouterr().out.strip())
    assert (part.name.endswith("-2-of-2"), part.parent.name) == (True, "shards")
    assert sorted(path.name for path in part.iterdir()) == ["seed-1", "shard.json"]
    assert main(["compile", spec, "--shard", "1/3", *build(tmp_path)]) == 2
    assert "hello.experiment has 2 seeds to share out among 3 parts" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["compile", spec, "--shard", "3/2", *build(tmp_path)])
    assert "'3/2' is no shard" in capsys.readouterr().err


def test_compile_a_world(capsys: Captured, tmp_path: Path) -> None:
    assert main(["compile", str(specs() / "worlds/hello.world"), *build(tmp_path)]) == 0
    folder = Path(capsys.readouterr().out.strip())
    rows = [json.loads(line) for line in (folder / "statements.jsonl").read_text().splitlines()]
    assert {row["form"] for row in rows} == {"forward", "reverse"}


def test_warnings_are_told(capsys: Captured, tmp_path: Path) -> None:
    for _ in range(2):  # the second time from the store
        assert main(["compile", str(BAD / "W0506-odd-count.experiment"), *build(tmp_path)]) == 0
        assert "a habit answers test 'trained'" in capsys.readouterr().err


@pytest.mark.parametrize("path", [*WORLDS, *EXPERIMENTS], ids=lambda path: path.name)
def test_show(path: Path, capsys: Captured) -> None:
    assert main(["show", str(path), "-n", "2"]) == 0
    out, err = capsys.readouterr()
    assert not err
    if path.suffix == ".experiment":
        for heading in ("documents for every fine-tuned arm", "test ", "arms", "a pretraining episode"):
            assert heading in out
        assert "✓" in out
        assert ")  stated" in out


def test_show_a_seed_that_the_experiment_has_not(capsys: Captured) -> None:
    assert main(["show", str(specs() / "experiments/hello.experiment"), "--seed", "2"]) == 2
    assert "experiment hello has no seed 2; its last one is 1" in capsys.readouterr().err


# The rest


def test_run_of_a_world_is_misuse(capsys: Captured) -> None:
    assert main(["run", str(WORLDS[0])]) == 2
    assert "is a world; run an .experiment" in capsys.readouterr().err


@pytest.mark.parametrize("code", CATALOGUE)
def test_explain(code: str, capsys: Captured) -> None:
    assert main(["explain", code.lower()]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{CATALOGUE[code].severity} {code}: {CATALOGUE[code].title}\n\n")
    assert len(out.splitlines()) >= 3


def test_explain_lists_all_and_suggests(capsys: Captured) -> None:
    assert main(["explain"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(CATALOGUE)
    assert main(["explain", "W0599"]) == 2
    assert "there is no diagnostic 'W0599': did you mean 'W05" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["check"], ["show", "x.world", "--seed", "minus"]])
def test_misuse(arguments: list[str], capsys: Captured) -> None:
    with pytest.raises(SystemExit) as ending:
        main(arguments)
    assert ending.value.code == 2
    assert "usage: wug" in capsys.readouterr().err


def test_version_and_help(capsys: Captured) -> None:
    for arguments in (["--version"], ["--help"], *([command, "--help"] for command in COMMANDS)):
        with pytest.raises(SystemExit) as ending:
            main(arguments)
        assert ending.value.code == 0
        out = capsys.readouterr().out
        if arguments[-1] == "--help" and len(arguments) > 1:
            assert f"example:\n  wug {arguments[0]}" in out
            assert "exit status: 0 fine" in out
    assert "wug new hello && wug run hello.experiment" in parser().format_help()


def test_a_file_that_is_not_there(capsys: Captured, tmp_path: Path) -> None:
    for command in ("check", "compile", "show", "run"):
        assert main([command, str(tmp_path / "missing.experiment")]) == 1
        assert "W0009" in capsys.readouterr().err


def test_a_build_folder_that_is_a_file(capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "build").write_text("a file")
    assert main(["compile", str(specs() / "worlds/hello.world"), *build(tmp_path)]) == 4
    assert "a file stands where a folder is needed" in capsys.readouterr().err


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    show = f"{sys.executable} -m wug show {specs() / 'experiments/hello.experiment'} -n 1000"
    command = f"{show} | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("experiment hello")
    assert (done.returncode, done.stderr) == (0, "")


def test_what_others_wrote_does_nothing_to_the_screen(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "x.csv").write_text("name,colour\nred\x1b[2J,blue\x9b31m\nlong,\u202eenil\n")
    world = tmp_path / "x.world"
    world.write_text(
        'wug 1\nworld x { entity e from "x.csv" { named name }\n'
        'relation r(a: e, colour: text) { populate rows form f "{a} is" => " {colour}." } }\n'
    )
    assert main(["show", str(world)]) == 0
    out, err = capsys.readouterr()
    assert "red\N{REPLACEMENT CHARACTER}[2J is blue\N{REPLACEMENT CHARACTER}31m." in out
    (tmp_path / "x.csv").write_text("name,colour\nred\x1b[2J,blue\nred\x1b[2J,green\n")
    assert main(["check", str(world)]) == 1
    err += capsys.readouterr().err
    assert "names line 2 and line 3" in err
    assert not set("\x1b\x9b\u202e") & set(out + err)


# A shell has what it runs in the background, and all that this starts, ignore SIGINT.
IN_FRONT = (
    "import runpy, signal\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "runpy.run_module('wug', run_name='__main__', alter_sys=True)\n"
)


def test_ctrl_c(tmp_path: Path) -> None:
    """SIGINT while another process holds the entry, so that the moment is sure."""
    holder = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from wug.compiler.checking.check import check\n"
        "from wug.compiler.identity import corpus_key\n"
        "from wug.compiler.diagnosis.diagnostics import Report\n"
        "from wug.compiler.store import Store\n"
        "spec = check(Path(sys.argv[1]), 'x', Report())\n"
        "with Store(Path(sys.argv[2])).entry('hello/compiled', corpus_key(spec)):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(600)\n"
    )
    spec, folder = str(specs() / "experiments/hello.experiment"), str(tmp_path / "build")
    with subprocess.Popen(
        [sys.executable, "-c", holder, spec, folder], stdout=subprocess.PIPE, text=True
    ) as held:
        assert held.stdout
        assert held.stdout.readline() == "held\n"
        command = [sys.executable, "-c", IN_FRONT, "compile", spec, "--build", folder]
        try:
            with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as waiting:
                assert waiting.stderr
                assert "waiting" in waiting.stderr.readline()
                time.sleep(0.1)
                waiting.send_signal(signal.SIGINT)
                assert waiting.wait() == 130
                assert "interrupted; what was finished is kept" in waiting.stderr.read()
        finally:
            held.kill()
    assert not list((tmp_path / "build").rglob("manifest.json"))


# Parameters


def test_parameters_from_the_command_line(tmp_path: Path, capsys: Captured) -> None:
    world = tmp_path / "x.world"
    world.write_text("wug 1\nworld x { param people = 4  entity person { count people } }\n")
    assert main(["show", str(world), "-D", "people=3"]) == 0
    assert "person: 3 names" in capsys.readouterr().out
    assert main(["check", str(world), "-D", "people=3", "-D", "peple=3"]) == 1
    error = capsys.readouterr().err
    assert "world 'x' has no parameter 'peple'" in error
    assert "did you mean 'people'?" in error
    folders = set()
    for given in ("people=4", "people=5"):
        assert main(["compile", str(world), "-D", given, "--build", str(tmp_path / "build")]) == 0
        folders.add(capsys.readouterr().out)
    assert len(folders) == 2


def test_an_audit_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build = tmp_path / "build"
    spec = str(specs() / "experiments" / "hello.experiment")
    assert main(["audit", spec, "--build", str(build)]) == 0
    assert "no fault" in capsys.readouterr().out
    items = next(build.glob("hello/compiled/*/seed-0/items.jsonl"))
    items.write_text(items.read_text().replace('"answer":0', '"answer":1', 1))
    assert main(["audit", spec, "--build", str(build), "--json"]) == 1
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert {fault["kind"] for fault in faults} == {"damage"}
    assert main(["audit", spec, "--build", str(build)]) == 1
    assert "items.jsonl and items.parquet say different things" in capsys.readouterr().out
    assert main(["audit", str(specs() / "worlds" / "hello.world"), "--build", str(build)]) == 2
