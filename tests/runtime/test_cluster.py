"""Several processes as one run: found by the environment, meeting in the build folder, and two real ones."""

from __future__ import annotations

import json
import signal
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.sharded import Process
from tests.runtime.test_mesh import near, same_scores
from wug.cli import ENVIRONMENT
from wug.runtime.cluster import (
    ALONE,
    COORDINATOR,
    PROCESS,
    PROCESSES,
    Cluster,
    SharedStore,
    announced,
    join,
)
from wug.runtime.failure import RuntimeFailure, Stopped

OURS = {"JAX_COORDINATOR_ADDRESS": "node1:1234", "JAX_NUM_PROCESSES": "4", "JAX_PROCESS_ID": "3"}
SLURM = {"SLURM_JOB_ID": "17", "SLURM_STEP_NUM_TASKS": "8", "SLURM_NTASKS": "8", "SLURM_PROCID": "5"}


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, None),
        (OURS, ("node1:1234", 4, 3)),
        ({**OURS, "JAX_NUM_PROCESSES": "1", "JAX_PROCESS_ID": "0"}, None),
        (SLURM, ("", 8, 5)),
        ({**SLURM, **OURS}, ("node1:1234", 4, 3)),
        ({**SLURM, "JAX_COORDINATOR_ADDRESS": "node2:99"}, ("node2:99", 8, 5)),
        ({"SLURM_JOB_ID": "17", "SLURM_NTASKS": "8", "SLURM_PROCID": "0"}, None),  # the script of sbatch
        ({**SLURM, "SLURM_STEP_NUM_TASKS": "1"}, None),
    ],
)
def test_the_environment_says_how_many_there_are(environment: dict[str, str], found: Any) -> None:
    assert announced(environment) == found


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        (
            {"JAX_COORDINATOR_ADDRESS": "a:1"},
            "JAX_COORDINATOR_ADDRESS is set, but not JAX_NUM_PROCESSES and JAX_",
        ),
        (
            {**OURS, "JAX_COORDINATOR_ADDRESS": ""},
            "JAX_NUM_PROCESSES and JAX_PROCESS_ID are set, but not JAX_COOR",
        ),
        (
            {**OURS, "JAX_PROCESS_ID": "4"},
            "JAX_PROCESS_ID is '4' of 4: they count from 0, so the last is 3",
        ),
        ({**OURS, "JAX_NUM_PROCESSES": "two"}, "JAX_NUM_PROCESSES is 'two', which is no whole number"),
        ({**OURS, "JAX_PROCESS_ID": "-1"}, "JAX_PROCESS_ID is '-1', which is no whole number"),
        ({**OURS, "JAX_NUM_PROCESSES": "0"}, "JAX_NUM_PROCESSES is '0': there is at least this one"),
    ],
)
def test_half_an_environment_is_told(environment: dict[str, str], why: str) -> None:
    with pytest.raises(RuntimeFailure, match=why):
        announced(environment)


def test_a_process_by_itself_joins_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*OURS, *SLURM):
        monkeypatch.delenv(name, raising=False)
    join.cache_clear()
    assert join() is ALONE


class Both:
    """Two processes that share a build folder, the second one as a thread."""

    def __init__(self, root: Path) -> None:
        self.first, self.second = (SharedStore(root, Cluster(n, 2, "meeting")) for n in (0, 1))
        self.seen: list[str] = []

    def entry(self, store: SharedStore, together: bool) -> None:
        name = "first" if store is self.first else "second"
        with store.entry("kind", "key", together=together) as entry:
            self.seen.append(f"{name} {'finds it' if entry.ready else 'works'}")
            if not entry.ready:
                if store is self.first:
                    (entry.scratch / "done").touch()
                entry.commit()
            assert (entry.path / "done").exists()

    def thread(self, together: bool) -> threading.Thread:
        made = threading.Thread(target=self.entry, args=(self.second, together))
        made.start()
        return made


def test_one_makes_an_entry_and_the_other_waits_for_it(tmp_path: Path) -> None:
    both = Both(tmp_path)
    second = both.thread(together=False)
    both.entry(both.first, together=False)
    second.join(20)
    assert both.seen == ["first works", "second finds it"]


def test_both_work_on_what_is_made_together(tmp_path: Path) -> None:
    both = Both(tmp_path)
    with both.first.entry("kind", "key", together=True) as entry:
        second = both.thread(together=True)
        while not both.seen:
            second.join(0.01)
        (entry.scratch / "done").touch()
        entry.commit()
    second.join(20)
    assert both.seen == ["second works"]
    assert not second.is_alive()
    both.first.close()
    assert not list((tmp_path / "processes").glob("meeting*"))


def test_one_that_waits_can_be_stopped(tmp_path: Path) -> None:
    def stop() -> None:
        raise Stopped

    store = SharedStore(tmp_path, Cluster(1, 2, "meeting"))
    store.check = stop
    with pytest.raises(Stopped), store.entry("kind", "key"):
        pass
    with pytest.raises(Stopped), store.first("servers"):
        pass


def both(what: str, folder: Path, devices: int) -> list[Process]:
    """Two real processes with so many devices each, once they have ended."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    environment = {COORDINATOR: address, PROCESSES: "2"}
    every = [Process(what, folder, devices, **environment, **{PROCESS: number}) for number in "01"]
    try:
        for each in every:
            each.ended()
    finally:
        for each in every:
            each.running.kill()
    return every


def test_two_processes_train_what_one_does_and_it_goes_on_from_their_checkpoint(tmp_path: Path) -> None:
    """Weights are divided between the processes, and each writes its own part of the checkpoint."""
    first, second = (each.told() for each in both("two", tmp_path, 2))
    assert first["shards"]["parameters/layers/mlp/gate/kernel"] == [[1, 16, 32], [1, 8, 16]]
    one = Process("after_two", tmp_path, 1).told()
    near(one["trained"], first)
    near(one["trained"], second)
    near(one["trained"], one["continued"])


@pytest.mark.slow
def test_a_process_whose_other_one_is_killed_says_so(tmp_path: Path) -> None:
    first, second = both("lost", tmp_path, 1)
    assert second.ended() == -signal.SIGKILL
    assert first.ended() == ENVIRONMENT
    assert "or another one is gone" in first.err.read_text()
    assert "Traceback" not in first.err.read_text()


@pytest.mark.slow
def test_two_processes_are_one_run(tmp_path: Path) -> None:
    """The first one writes, both find the same, and one process finds it made."""
    first, second = (each.told() for each in both("one_run", tmp_path, 1))
    assert first["results"] == second["results"]
    assert [each["said"] > 0 for each in (first, second)] == [True, False], (
        "only the first says how far it is"
    )
    alone = Process("alone", tmp_path, 1).told()
    assert alone["again"] == first["results"]
    timing = json.loads(Path(first["timing"]).read_text())
    assert timing["host"]["mesh"]["data"] == 2
    pretrained = next(iter(timing["stages"].values()))
    assert (pretrained["mesh"]["data"], pretrained["processes"]) == (2, 2)
    meetings = (tmp_path / "build" / "processes").iterdir()
    assert [path.name for path in meetings] == ["CACHEDIR.TAG"], "what they told each other is gone"
    same_scores(alone["scores"], first["scores"])
