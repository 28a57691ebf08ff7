"""A hundred kills of `wug run` (make test-kills): 20 each in pretraining, generation, fine-tuning, scoring
and during a save, until what is left of them has finished, bit by bit as if nobody had killed anything.

Every life is a process of its own, forked by one that has imported everything and computed nothing, which
saves the three seconds that this takes a hundred times; the first and the last run are started by themselves.
A life draws a moment: so many dispatches or batches after it has got further
than all before it, and some milliseconds more, which may end in any instruction. Saves are killed before one
of the calls that Python's audit events tell of, or some milliseconds after the first.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import wug
from wug.compiler.store import damage

EACH = 20
PHASES = ("pretraining", "writing", "fine-tuning", "scoring", "save")
EXPERIMENT = """wug 1

/// hello with enough to do in every phase to be killed in it.
experiment often {
  world "hello.world"
  seeds 6

  train exceeds in forward { articles 1 }

  test trained  { exceeds in forward  choices contradiction }
  test reversal { exceeds in reverse  choices contradiction }

  model speck {
    layers 1  width 32  heads 2  context 128
    pretrain { facts 1..4  steps 1200  batch 2 }
  }

  arm pretrained { }
  arm icl        { context train }
  arm one        { context oracle(1) }
  arm two        { context oracle(2) }
  arm three      { context oracle(3) }
  arm finetune   { finetune { steps 1000  batch 2  learning_rate 1e-3 } }
  arm hybrid     { like finetune  augment local by self { samples 120  temperature 1.0  filter none } }
}
"""
# Lives, one for each line of JSON: in which phases it may be killed, its seed, the log, and where it writes.
NURSERY = """
import json, os, random, signal, sys, threading
from contextlib import contextmanager
import flax.nnx, jax, optax.contrib, orbax.checkpoint
import wug.commands, wug.compiler.compile, wug.progress, wug.runtime.run
import wug.runtime.adapter, wug.runtime.finetune, wug.runtime.prefix, wug.runtime.pretrain, wug.runtime.sample
from wug.cli import main

WAITS = {"pretraining": 0.15, "writing": 0.05, "fine-tuning": 0.3, "scoring": 0.01, "save": 0.05}

def kill(at=0.0):
    global armed
    if armed is None:
        return
    with open(log, "a") as file:
        file.write(json.dumps({"phase": armed, "seed": seed}) + "\\n")
    armed = None
    if at:
        timer = threading.Timer(at, os.kill, (os.getpid(), signal.SIGKILL))
        timer.daemon = True
        timer.start()
    else:
        os.kill(os.getpid(), signal.SIGKILL)

class Stage:
    def __init__(self, phase):
        # a checkpoint is written while the next dispatch computes, and waited for before another is begun
        first = 2 if phase in ("pretraining", "fine-tuning") else 0
        self.phase, self.at, self.left = phase, None, first + (phase != "scoring") * drawn.randint(0, 1)
    def update(self, so_far, **figures):
        global armed
        if so_far == self.at or (not figures and self.phase in ("pretraining", "fine-tuning")):
            return  # a probe, or where it goes on from
        self.at = so_far
        if self.left == 0:  # what came before is kept
            armed = armed and self.phase
            kill(drawn.uniform(0.0, WAITS[self.phase]))
        self.left -= 1

class Killer(wug.progress.Plain):
    def __init__(self):
        super().__init__(sys.stderr)
    @contextmanager
    def stage(self, name, total, unit=""):
        phase = next((each for each in phases if each in name), None)
        with super().stage(name, total, unit) as plain:
            spared = in_a_save and phase in ("pretraining", "fine-tuning")  # checkpoints are saved there
            yield plain if phase is None or spared else Stage(phase)

def watch(event, given):
    global calls
    if event in ("os.rename", "os.mkdir", "open", "shutil.rmtree", "os.remove") and given:
        path = str(given[0])
        if ".partial" in path and (event != "open" or set(str(given[1])) & set("wax+")):
            calls -= 1
            if calls == 0:
                kill(drawn.uniform(0.0, WAITS["save"]) if timed else 0.0)

def live():
    global in_a_save, calls, timed
    in_a_save = "save" in phases and (drawn.random() < 0.35 or phases == ["save"])
    if in_a_save:
        calls, timed = drawn.randint(1, 90), drawn.random() < 0.4
        sys.addaudithook(watch)
    wug.progress.open_progress = Killer
    return main(["run", "often.experiment", "--json"])

wug.runtime.run.run.__defaults__ = (None, 0, None, None)  # a checkpoint after every dispatch
for line in sys.stdin:
    phases, seed, log, errors = json.loads(line)
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        drawn, armed = random.Random(seed), "save"
        os._exit(live())
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""
PLAIN = "import sys; from wug.cli import main; sys.exit(main(['run', 'often.experiment', '--json']))"


@pytest.mark.kills
def test_a_hundred_kills(tmp_path: Path) -> None:
    """A run that finishes before it was killed often enough in a phase is done once more, from nothing."""
    undisturbed = _new(tmp_path / "undisturbed")
    whole = subprocess.run(**_process(undisturbed, PLAIN), stdout=subprocess.PIPE)
    assert whole.returncode == 0
    killed, drawn, rounds = Counter[str](), random.Random(5), 0
    while min(killed[phase] for phase in PHASES) < EACH:
        folder, before, rounds = _new(tmp_path / f"killed{rounds}"), killed.total(), rounds + 1
        _kill(folder, killed, drawn)
        assert killed.total() > before, "a run is over before it is killed"
        last = subprocess.run(**_process(folder, PLAIN), stdout=subprocess.PIPE)
        assert last.returncode == 0
        assert last.stdout == whole.stdout
        assert _results(folder) == _results(undisturbed)
        left = [path.name for path in (folder / "build").rglob("*") if path.name.endswith(".partial")]
        assert not left, "nothing unfinished is left"
    print(f"{rounds} runs, killed {dict(killed)}", flush=True)


def _kill(folder: Path, killed: Counter[str], drawn: random.Random) -> None:
    """Kill a run again and again, until that has been done often enough in every phase or it is finished."""
    log, said = folder / "kills.jsonl", folder / "said"
    log.touch()
    before, lives, idle, begun = _progress(folder), 0, 0, time.monotonic()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(**_process(folder, NURSERY), **pipes) as nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        while wanted := [phase for phase in PHASES if killed[phase] < EACH]:
            told = [wanted, drawn.randrange(10**9), str(log), str(said)]
            nursery.stdin.write(json.dumps(told) + "\n")
            nursery.stdin.flush()
            status, lines, lives = int(nursery.stdout.readline()), log.read_text().splitlines(), lives + 1
            if status == 0:
                break
            assert status == -signal.SIGKILL, f"{status} after {killed}\n{said.read_text()}"
            assert len(lines) == lives, "each life is killed once"
            phase = json.loads(lines[-1])["phase"]
            killed[phase] += 1
            after = _progress(folder)
            print(f"{killed.total():4} {phase:12}{time.monotonic() - begun:6.0f} s", flush=True)
            for name, done in before.items():
                assert after.get(name, -1) >= done, f"{phase}: {name} was at {done}, is at {after.get(name)}"
            _went_on(said.read_text(), before)
            further = any(done > before.get(name, -1) for name, done in after.items())
            assert further or phase == "save", f"killed in {phase} without getting further: {after}"
            idle = 0 if further else idle + 1
            assert idle < 5, "five lives in a row got no further"
            before = after
        nursery.stdin.close()


def _progress(folder: Path) -> dict[str, float]:
    """How far each entry is: infinitely where it is whole, by steps or pieces where it is not."""
    found: dict[str, float] = {}
    for lock in (folder / "build" / "often").rglob("*.lock"):
        entry = lock.with_suffix("")
        name, partial = f"{entry.parent.name}/{entry.name}", entry.with_name(entry.name + ".partial")
        if entry.is_dir():
            assert damage(entry) is None, f"{entry}: {damage(entry)}"
            found[name] = float("inf")
        elif (partial / "checkpoints").is_dir():
            steps = [int(step.name) for step in (partial / "checkpoints").iterdir() if step.name.isdigit()]
            found[name] = max(steps, default=-1)
            if (partial / "parameters" / "0").is_dir():
                found[name] = 10**6  # it has learned all, and only what is told of it is missing
        elif (kept := entry.with_name(entry.name + ".kept")).exists():
            lines = kept.read_bytes().split(b"\n")
            found[name] = len(lines) - 1
    return found


def _went_on(said: str, before: dict[str, float]) -> None:
    """What a life says that it went on from is all that the life before it had kept."""
    for step in re.findall(r"(?:pretraining|fine-tuning) goes on from step ([\d,]+)", said):
        assert int(step.replace(",", "")) in before.values() or 10**6 in before.values(), step
    for pieces in re.findall(r"goes on from ([\d,]+) (?:texts|batches)", said):
        count = int(pieces.replace(",", ""))
        assert {count, count + 1} & set(before.values()), pieces


def _results(folder: Path) -> dict[str, bytes | str]:
    """All that a store holds but for times and Orbax's files, of whose arrays it is the digests."""
    found: dict[str, bytes | str] = {}
    for path in sorted((folder / "build" / "often").rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.name == "metadata" and path.parent.name == "facts":
            found[name] = json.loads(path.read_bytes())["digest"]
        elif (
            path.is_file()
            and path.suffix != ".kept"
            and "parameters" not in path.parts
            and path.name not in ("timing.json",)
        ):
            found[name] = path.read_bytes() if path.suffix not in (".digests", ".lock") else ""
    return found


def _new(folder: Path) -> Path:
    folder.mkdir()
    specs = Path(wug.__file__).parent.parent / "specs"
    (folder / "hello.world").write_text((specs / "worlds" / "hello.world").read_text())
    (folder / "often.experiment").write_text(EXPERIMENT)
    return folder


def _process(folder: Path, program: str) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(Path(wug.__file__).parent.parent)}
    return {"args": [sys.executable, "-c", program], "cwd": folder, "env": environment}
