"""What it is worth to train 8 seeds of a small model as one program, and not as 8 runs one after the other.

    python tests/benchmarks/seeds.py [STEPS]

The model and the batch are those of the reversals experiment and its fine-tuning, of random tokens: so long
as its documents are, and four times so long. Both ways begin with the same weights and take the same rows, in
turns. CPU and wall seconds of a step of all seeds, compilation apart, the least of some times; `taskset` says
on how many cores. The losses of both ways differ by rounding alone.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from measured import machine

MODEL = {"layers": 2, "width": 64, "heads": 2, "kv_heads": 2, "hidden": 128, "context": 256}
SEEDS, VOCABULARY, BATCH, TIMES = 8, 300, 16, 3
LENGTHS = (16, 64)


def main(count: int) -> None:
    """Print both, for short and long rows."""
    import jax
    import numpy as np

    from wug.compiler.plan import Finetuning, Model
    from wug.runtime.finetune import stacked
    from wug.runtime.learn import fresh_state, initial_parameters, recipe_of, steps, steps_of_seeds, structure
    from wug.runtime.schedule import token_weights

    print(machine())
    model = Model("small", **MODEL, convolution=8)
    graph, _ = structure(model, VOCABULARY)
    recipe = recipe_of(Finetuning(steps=count, batch=BATCH))
    rate_C, decay = np.full(count, 1e-3, np.float32), np.float32(0.01)
    weights = [initial_parameters(model, VOCABULARY, seed) for seed in range(SEEDS)]
    begun = jax.jit(fresh_state, static_argnums=1)
    random = np.random.default_rng(0)
    for length in LENGTHS:
        tokens_SCBT = random.integers(3, VOCABULARY, (SEEDS, count, BATCH, length + 1)).astype(np.int32)
        weight_SCBT = token_weights(tokens_SCBT)

        def apart(rows: Any = tokens_SCBT, weight: Any = weight_SCBT) -> tuple[Any, tuple[float, float]]:
            states = jax.block_until_ready([begun(each, recipe) for each in weights])
            cpu, wall = time.process_time(), time.perf_counter()
            losses = [
                np.asarray(steps(graph, recipe, state, row, each, None, rate_C, decay)[1])
                for state, row, each in zip(states, rows, weight, strict=True)
            ]
            return np.stack(losses), (time.process_time() - cpu, time.perf_counter() - wall)

        def together(rows: Any = tokens_SCBT, weight: Any = weight_SCBT) -> tuple[Any, tuple[float, float]]:
            state_S = stacked([begun(each, recipe) for each in weights])
            cpu, wall = time.process_time(), time.perf_counter()
            _, loss_SC = steps_of_seeds(graph, recipe, state_S, rows, weight, None, rate_C, decay)
            return np.asarray(loss_SC), (time.process_time() - cpu, time.perf_counter() - wall)

        found: dict[str, tuple[Any, tuple[float, float]]] = {}
        for number in range(TIMES + 1):
            for name, way in (("8 runs", apart), ("one program", together)):
                losses, seconds = way()
                if number > 1:
                    seconds = tuple(map(min, seconds, found[name][1]))
                found[name] = losses, seconds
        for name, (_, (cpu, wall)) in found.items():
            told = f"{1000 * cpu / count:9.1f} ms of CPU{1000 * wall / count:9.1f} ms of the clock"
            print(f"rows of {length:3}: {name:12}{told} a step", flush=True)
        (one, (cpu, wall)), (other, (cpu_8, wall_8)) = found["one program"], found["8 runs"]
        apart_by = float(np.abs(one - other).max())
        print(
            f"as one program {cpu_8 / cpu:.2f} times as fast by CPU, {wall_8 / wall:.2f} by the clock; "
            f"losses differ by {apart_by:.0e} at most"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
