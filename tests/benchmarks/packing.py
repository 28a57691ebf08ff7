"""What packing is worth: steps of an arm whose documents share rows, and with one document a row.

    python tests/benchmarks/packing.py COMPILED ARM [STEPS]

COMPILED is a folder of compiled corpora (`wug compile` says where), ARM one of its arms that is fine-tuned.
Both ways train the same model on the same documents of the first world, batch 16, in turns; CPU seconds of a
step, compilation apart. The losses are those of the same step, and differ by rounding alone.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from measured import machine

MODEL = {"layers": 2, "width": 64, "heads": 2, "kv_heads": 2, "hidden": 128, "context": 1280}
TAPS = {"convolution": 0, "qkv_convolution": 8}
TIMES = 3


def main(compiled: Path, arm: str, count: int) -> None:
    """Print both."""
    import jax
    import numpy as np

    from wug.compiler.plan import Finetuning, Model
    from wug.runtime.corpus import PAD, load
    from wug.runtime.learn import fresh_state, initial_parameters, recipe_of, steps, structure
    from wug.runtime.packing import packed
    from wug.runtime.schedule import row_width, training_rows, training_weights

    print(machine())
    corpus = load(compiled, [0])
    world, setting = corpus.worlds[0], Finetuning(steps=count, batch=16)
    tokens = training_rows(world, arm, setting, 0, count, row_width([world], arm))
    weight = training_weights(world, arm, setting, 0, tokens)
    shared = packed(tokens[None], weight[None])
    ways = {
        "one document a row": (tokens, weight, None),
        "documents share rows": tuple(None if each is None else each[0] for each in shared),
    }
    model = Model("small", **MODEL, **TAPS)
    graph, _ = structure(model, corpus.vocabulary)
    recipe, rate_C = recipe_of(setting), np.full(count, 1e-3, np.float32)
    told = int(np.count_nonzero(tokens != PAD))
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    losses = {}
    for _ in range(TIMES + 1):
        for way, rows in ways.items():
            parameters = initial_parameters(model, corpus.vocabulary, 0)
            state = jax.jit(fresh_state, static_argnums=1)(parameters, recipe)
            begun = time.process_time()
            _, loss_C = steps(graph, recipe, state, *rows, rate_C, np.float32(0.01))
            losses[way] = np.asarray(loss_C)
            seconds[way].append(time.process_time() - begun)
    for way, (rows, *_) in ways.items():
        used = told / rows.size
        step = min(seconds[way][1:]) / count
        print(f"{way:22}{rows.shape[1]:4} rows of {rows.shape[2]}, {used:4.0%} tokens{1000 * step:8.1f} ms")
    first, second = (min(each[1:]) for each in seconds.values())
    one, other = losses.values()
    print(f"{first / second:.1f} times; losses differ by {np.abs(one - other).max():.1e} at most")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 20)
