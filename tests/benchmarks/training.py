"""How fast a checkpoint is trained and read: ours, and by transformers with torch.

    python tests/benchmarks/training.py ours CHECKPOINT FOLDER
    OTHER/bin/python tests/benchmarks/training.py peer FOLDER

Tokens a second of a training step (AdamW, all weights, 2 x 128 tokens) and of a forward pass (8 x 256), in
float32, of the same weights, which `ours` writes to FOLDER. Ours trains a model by itself, as pretraining
does, and in a block of one, as fine-tuning does. The least of several times counts, since other work on the
machine only ever adds to one; compilation is told apart. Seconds are of the process (CPU), so that they say
the same however busy the machine is, and of the clock.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from measured import machine

STEP, FORWARD, TIMES = (2, 128), (8, 256), 3


def least(work: Callable[[], Any]) -> tuple[float, float, float]:
    """CPU and wall seconds of the cheapest of some times, and the CPU seconds that the first took longer."""
    found = []
    for _ in range(TIMES + 1):
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        found.append((time.process_time() - cpu, time.perf_counter() - wall))
    cpu, wall = min(found[1:])
    return cpu, wall, found[0][0] - cpu


def told(what: str, tokens: int, cpu: float, wall: float, first: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{what:34}{cpu:8.2f} s CPU{wall:8.2f} s wall"
        f"{tokens / cpu:8.0f} tokens/s of CPU{tokens / wall:7.0f} of the clock"
        f"{first:8.1f} s more at first{peak:6.1f} GiB at most so far",
        flush=True,
    )


def ours(checkpoint: Path, folder: Path) -> None:
    """Train and read, and write the weights for the peer."""
    import jax
    import numpy as np
    from flax import nnx

    from wug.compiler.checkpoints.checkpoint import open_checkpoint
    from wug.compiler.checkpoints.config import config_from_shape
    from wug.compiler.plan import Finetuning
    from wug.runtime.export import write_weights
    from wug.runtime.learn import fresh_state, recipe_of, steps, steps_of_seeds, structure
    from wug.runtime.schedule import token_weights
    from wug.runtime.weights import load_weights

    print(machine())
    source = open_checkpoint(checkpoint, "model")
    model, parameters = source.shape, load_weights(source)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config_from_shape(model)), encoding="utf-8")
    write_weights(folder / "model.safetensors", model, parameters)
    graph, _ = structure(model, model.vocabulary)
    random = np.random.default_rng(0)
    read_BT = random.integers(5, model.vocabulary, FORWARD).astype(np.int32)
    forward = jax.jit(lambda tree: nnx.merge(graph, tree)(read_BT)[:, -1])
    told("ours: forward", read_BT.size, *least(lambda: forward(parameters).block_until_ready()))

    recipe = recipe_of(Finetuning(steps=1))
    tokens_CBT = random.integers(5, model.vocabulary, (1, STEP[0], STEP[1] + 1)).astype(np.int32)
    weight_CBT, rate_C, decay = token_weights(tokens_CBT), np.full(1, 1e-5, np.float32), np.float32(0.01)
    size = STEP[0] * STEP[1]
    state = jax.jit(fresh_state, static_argnums=1)(parameters, recipe)

    def alone() -> None:
        nonlocal state
        state, loss_C = steps(graph, recipe, state, tokens_CBT, weight_CBT, None, rate_C, decay)
        loss_C.block_until_ready()

    told("ours: a step, by itself", size, *least(alone))
    state = jax.tree.map(lambda leaf: leaf[None], state)

    def in_block() -> None:
        nonlocal state
        given = tokens_CBT[None], weight_CBT[None], None, rate_C, decay
        state, loss_SC = steps_of_seeds(graph, recipe, state, *given)
        loss_SC.block_until_ready()

    told("ours: a step, in a block of one", size, *least(in_block))


def peer(folder: Path) -> None:
    """The same in transformers."""
    torch = importlib.import_module("torch")
    transformers = importlib.import_module("transformers")
    print(
        machine(),
        *(f"{name} {importlib.metadata.version(name)}" for name in ("transformers", "torch")),
        sep="\n",
    )
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    vocabulary = model.config.vocab_size
    read_BT = torch.randint(5, vocabulary, FORWARD)

    def forward() -> None:
        with torch.no_grad():
            model(read_BT, use_cache=False)

    told("peer: forward", read_BT.numel(), *least(forward))
    tokens_BT = torch.randint(5, vocabulary, (STEP[0], STEP[1] + 1))
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-5, betas=(0.9, 0.98))

    def step() -> None:
        optimiser.zero_grad()
        model(tokens_BT, labels=tokens_BT, use_cache=False).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()

    told("peer: a step", STEP[0] * STEP[1], *least(step))


if __name__ == "__main__":
    if sys.argv[1] == "ours":
        ours(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        peer(Path(sys.argv[2]))
