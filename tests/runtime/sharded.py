"""What tests of sharding do in processes of their own: `python -m tests.runtime.sharded WHAT FOLDER`.

It prints JSON.

How many devices a processor has is settled when JAX first looks for them, so a test process has one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pyarrow.parquet as parquet
from jax.experimental.multihost_utils import sync_global_devices

from tests.runtime.conftest import free_plan, write
from wug.cli import ending
from wug.compiler.lora import Lora
from wug.compiler.mesh import Mesh, parse
from wug.compiler.plan import Arm, Finetuning, Model, Plan, Replay, Stop
from wug.compiler.store import EnvironmentFailure, Store
from wug.progress import Silent
from wug.runtime.checkpoint import Checkpoints
from wug.runtime.cluster import PROCESS, SharedStore, join, leave
from wug.runtime.learn import Recipe, Tree, fresh_state, initial_parameters, steps, structure
from wug.runtime.mesh import over, whole
from wug.runtime.run import run

MODEL = Model("tiny", layers=1, width=16, heads=4, kv_heads=2, hidden=32, convolution=0)
VOCABULARY, BATCH, TOKENS, CHUNK = 40, 8, 17, 3
RECIPE = Recipe("adamw", average=0.9)


def batch(first: int) -> tuple[Any, ...]:
    """The rows of the steps from `first` on, no two weighing the same."""
    random = np.random.default_rng(first)
    tokens = random.integers(0, VOCABULARY, (CHUNK, BATCH, TOKENS)).astype(np.int32)
    weights = random.random((CHUNK, BATCH, TOKENS - 1)).astype(np.float32)
    return tokens, weights, None, np.full(CHUNK, 1e-2, np.float32), np.float32(0.01)


def begun(recipe: Recipe = RECIPE) -> Tree:
    """What training begins with, laid out over the mesh around it."""
    weights = initial_parameters(MODEL, VOCABULARY, 3)
    return jax.jit(fresh_state, static_argnums=1)(weights, recipe)


def further(state: Tree, first: int, recipe: Recipe = RECIPE) -> tuple[Tree, list[float]]:
    """A chunk of steps, and their losses."""
    graph, _ = structure(MODEL, VOCABULARY)
    state, loss_C = steps(graph, recipe, state, *batch(first))
    return state, whole(loss_C).tolist()


def shards(state: Tree) -> dict[str, list[list[int]]]:
    """Of each array its shape, and that of the part which the first device has."""
    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): [
            [*leaf.shape],
            [*leaf.addressable_shards[0].data.shape],
        ]
        for path, leaf in jax.tree_util.tree_leaves_with_path(state)
    }


def host(state: Tree) -> dict[str, Any]:
    """All numbers of a state, by name."""
    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): whole(leaf).ravel().tolist()
        for path, leaf in jax.tree_util.tree_leaves_with_path(state)
    }


def trained(mesh: Mesh | None, recipe: Recipe = RECIPE) -> dict[str, Any]:
    """Two chunks over a mesh."""
    with over(mesh):
        state, before = further(begun(recipe), 0, recipe)
        state, after = further(state, CHUNK, recipe)
        return {"losses": before + after, "state": host(state), "shards": shards(state)}


def moved(folder: Path, first: Mesh, then: Mesh) -> dict[str, Any]:
    """A chunk over one mesh, a checkpoint, and from that on another one over another mesh."""
    with over(first):
        state, before = further(begun(), 0)
        with Checkpoints(folder) as checkpoints:
            checkpoints.save(CHUNK, state, {})
        lay = shards(state)
    with over(then), Checkpoints(folder) as checkpoints:
        found = checkpoints.restore(begun(), print)
        assert found is not None
        at, state, _ = found
        read = shards(state)
        state, after = further(state, at)
        return {"losses": before + after, "state": host(state), "shards": lay, "read": read}


def quick(folder: Path) -> dict[str, Any]:
    """One device, and from one mesh to another."""
    first, then = parse("data=2,fsdp=2,tensor=2"), parse("fsdp=8")
    return {"one": trained(None), "moved": moved(folder / "checkpoints", first, then)}


def layouts(folder: Path) -> dict[str, Any]:
    """Each kind of layout, with Muon and batches that are read in parts."""
    recipe = Recipe("muon", accumulate=2)
    meshes = [None, parse("data=4,tensor=2"), parse("data=2,fsdp=2,tensor=2"), parse("fsdp=4,tensor=2")]
    return {str(mesh): trained(mesh, recipe) for mesh in meshes}


def experiment() -> Plan:
    """The hand-made experiment, with a model and batches that two devices along each axis can share."""
    learn = Finetuning(steps=6, learning_rate=3e-3, batch=8, warmup=2)
    arms = [Arm("icl", context="train"), Arm("finetune", finetune=replace(learn, replay=Replay(0.4)))]
    arms.append(Arm("lora", finetune=replace(learn, lora=Lora(2), accumulate=2)))
    arms.append(Arm("stopped", finetune=replace(learn, stop=Stop("reversal", every=3, patience=1))))
    made = free_plan(arms=tuple(arms), expectations=())
    (learner,) = made.models
    model = replace(learner.model, kv_heads=2)
    learner = replace(learner, model=model, pretraining=replace(learner.pretraining, batch=8))
    return replace(made, models=(learner,))


def smaller() -> Plan:
    """Its first two arms, and no free answers."""
    made = experiment()
    return replace(made, arms=made.arms[:2], splits=made.splits[:2])


def scores_in(store: Store) -> dict[str, Any]:
    """The log-likelihoods of all choices of a finished run, by the keys of their entries."""
    found = sorted(store.root.glob("tiny/scores/*/scores.parquet"))
    return {path.parent.name: parquet.read_table(path).to_pydict() for path in found}


def two(folder: Path) -> dict[str, Any]:
    """One of two processes that train together: two chunks, and a checkpoint between them."""
    assert join().processes == 2
    with over(parse("fsdp=2,tensor=2")), Checkpoints(folder / "checkpoints") as checkpoints:
        state, before = further(begun(), 0)
        checkpoints.save(CHUNK, state, {})
        state, after = further(state, CHUNK)
        return {"losses": before + after, "state": host(state), "shards": shards(state)}


def after_two(folder: Path) -> dict[str, Any]:
    """The same on one device, and the second half of it from the checkpoint of two processes."""
    whole = trained(None)
    with Checkpoints(folder / "checkpoints") as checkpoints:
        found = checkpoints.restore(begun(), print)
    assert found is not None
    state, after = further(found[1], found[0])
    continued = {"losses": whole["losses"][:CHUNK] + after, "state": host(state)}
    return {"trained": whole, "continued": continued}


def lost(folder: Path) -> dict[str, Any]:
    """One of two processes that train together, of which the second is killed."""
    cluster = join()
    with over(parse("data=2")):
        state, _ = further(begun(), 0)
        if not cluster.leads:
            os.kill(os.getpid(), signal.SIGKILL)
        while True:
            state, _ = further(state, CHUNK)


class Counted(Silent):
    """Counts what it is told."""

    said = 0

    def note(self, text: str) -> None:
        self.said += 1


def one_run(folder: Path) -> dict[str, Any]:
    """One of two processes that are one run of the hand-made experiment, and then one without its weights,
    which are trained again to measure what is forgotten, but not to score."""
    cluster, made = join(), smaller()
    store = SharedStore(folder / "build", cluster)
    with store.first("written") as first:
        if first:
            write(folder, made)
    progress = Counted() if cluster.leads else Silent()
    compiled = store.path(f"{made.name}/compiled", made.key)
    done = run(made, compiled, store, progress, mesh=parse("data=2"))
    sync_global_devices("done")
    with store.first("removed") as first:
        if first:
            for kind in ("pretrained", "trained", "forgetting", "runs"):
                shutil.rmtree(store.root / made.name / kind)
    done = run(made, compiled, store, progress, mesh=parse("data=2"))
    store.close()
    return {
        "results": (done / "results.json").read_text(),
        "timing": str(done / "timing.json"),
        "said": getattr(progress, "said", 0),
        "scores": scores_in(store),
    }


def alone(folder: Path) -> dict[str, Any]:
    """What one process finds where two have run, and what it computes by itself."""
    made, store = smaller(), Store(folder / "build")
    again = run(made, store.path(f"{made.name}/compiled", made.key), store, Silent())
    compiled, own = write(folder / "alone", made)
    run(made, compiled, own, Silent())
    return {"again": (again / "results.json").read_text(), "scores": scores_in(own)}


def runs(folder: Path) -> dict[str, Any]:
    """The hand-made experiment on one device and over a mesh: what its choices and free answers are, whether
    they are found again without the mesh, and what is told of the machine."""
    made, found = experiment(), {}
    for name in ("none", "data=2,fsdp=2,tensor=2"):
        compiled, store = write(folder / name, made)
        done = run(made, compiled, store, Silent(), mesh=parse(name))
        found[name] = {
            "scores": scores_in(store),
            "said": (done / "generations.jsonl").read_text(),
            "timing": json.loads((done / "timing.json").read_text()),
            "forgot": json.loads((done / "results.json").read_text())["forgetting"],
            "again": run(made, compiled, store, Silent()) == done,
        }
    return found


class Process:
    """One of the above in a process with so many simulated devices. What it tells goes to files: two that
    wait for each other do not wait for a reader as well."""

    def __init__(self, what: str, folder: Path, devices: int, **environment: str) -> None:
        number = environment.get(PROCESS, "")
        flags = f"--xla_force_host_platform_device_count={devices} --xla_backend_optimization_level=0"
        own = {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags, "PYTHONPATH": str(Path(__file__).parents[2])}
        self.out, self.err = (folder / f"{what}{number}.{end}" for end in ("out", "err"))
        with self.out.open("w") as out, self.err.open("w") as err:
            self.running = subprocess.Popen(
                [sys.executable, "-m", "tests.runtime.sharded", what, str(folder)],
                env={**os.environ, **own, **environment},
                stdout=out,
                stderr=err,
            )

    def ended(self) -> int:
        """Its exit status, once it has ended."""
        return self.running.wait(timeout=3000)

    def told(self) -> dict[str, Any]:
        """What it prints."""
        assert self.ended() == 0, self.err.read_text()[-4000:]
        found: dict[str, Any] = json.loads(self.out.read_text().strip().splitlines()[-1])
        return found


if __name__ == "__main__":
    try:
        print(json.dumps(globals()[sys.argv[1]](Path(sys.argv[2]))))
    except EnvironmentFailure as error:
        sys.exit(leave(ending(error, "text")))
