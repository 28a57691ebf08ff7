"""How fast a checkpoint goes on with prompts: ours, and by transformers with torch.

    python tests/benchmarks/decoding.py ours CHECKPOINT FOLDER [TOKENS]
    OTHER/bin/python tests/benchmarks/decoding.py peer FOLDER

Greedy decoding of TOKENS tokens (24), in float32, behind prompts of 16 tokens, of one prompt and of 32 at
once. Reading the prompts is told apart: as what one token takes; so is compilation. `ours` writes the
weights, the prompts and its texts to FOLDER; `peer` asserts that its own texts are the same. The least of
several times counts, since other work on the machine only ever adds to one. Seconds are of the process (CPU),
so that they say the same however busy the machine is, and of the clock.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from measured import machine
from scoring import facts

PROMPT, BATCHES, TIMES = 16, (1, 32), 2


def least(work: Callable[[], Any]) -> tuple[Any, float, float, float]:
    """What comes of it, CPU and wall seconds of the cheapest of some times, and the CPU seconds that the
    first took longer."""
    found, seconds = None, []
    for _ in range(TIMES + 1):
        cpu, wall = time.process_time(), time.perf_counter()
        found = work()
        seconds.append((time.process_time() - cpu, time.perf_counter() - wall))
    cpu, wall = min(seconds[1:])
    return found, cpu, wall, seconds[0][0] - cpu


def told(who: str, batch: int, tokens: int, work: Callable[[int], Any]) -> Any:
    """Go on by so many tokens and by one; print what each further one costs, and return what came of it."""
    _, cpu_1, wall_1, first_1 = least(lambda: work(1))
    found, cpu, wall, first = least(lambda: work(tokens + 1))
    print(
        f"{who}: {batch:2} at once, a token of each: {1000 * (cpu - cpu_1) / tokens:7.1f} ms of CPU"
        f"{1000 * (wall - wall_1) / tokens:9.1f} ms of the clock, {batch * tokens / (cpu - cpu_1):6.1f} "
        f"tokens a CPU second; the prompts {cpu_1:5.2f} s of CPU, at first {first_1 + first:.1f} s more",
        flush=True,
    )
    return found


def ours(checkpoint: Path, folder: Path, tokens: int) -> None:
    """Go on with the prompts, and write what the peer needs."""
    import jax.numpy as jnp
    import numpy as np
    from jax.tree import map as tree_map
    from tokenizers import Tokenizer

    from wug.compiler.checkpoints.checkpoint import open_checkpoint
    from wug.compiler.checkpoints.config import config_from_shape
    from wug.compiler.plan import Sampling
    from wug.runtime.export import write_weights
    from wug.runtime.sample import Prompt, sample
    from wug.runtime.weights import load_weights

    print(machine())
    source = open_checkpoint(checkpoint, "model")
    model, tokenizer = source.shape, Tokenizer.from_str(source.tokenizer)
    parameters = load_weights(source)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config_from_shape(model)), encoding="utf-8")
    (folder / "tokenizer.json").write_text(source.tokenizer, encoding="utf-8")
    write_weights(folder / "model.safetensors", model, parameters)
    parameters = tree_map(jnp.asarray, parameters)

    shown = " ".join(cue + answer for cue, answer in facts())
    ids = tokenizer.encode(shown, add_special_tokens=False).ids
    rows = [[model.marks.opening, *ids[7 * row : 7 * row + PROMPT - 1]] for row in range(max(BATCHES))]
    texts: dict[int, list[Any]] = {}
    for batch in BATCHES:
        prompts = [Prompt(f"{number}", np.array(row, np.int32)) for number, row in enumerate(rows[:batch])]

        def go_on(count: int, prompts: Any = prompts) -> Any:
            sampling = Sampling(max_tokens=count)
            return sample(model, parameters, tokenizer, prompts, sampling, at_once=len(prompts))

        found = told("ours", batch, tokens, go_on)
        texts[batch] = [[each.text, each.tokens] for each in found]
    ends = [model.marks.opening, model.marks.closing]
    document = {"tokens": tokens, "rows": rows, "texts": texts, "ends": ends}
    (folder / "decoding.json").write_text(json.dumps(document), encoding="utf-8")


def peer(folder: Path) -> None:
    """The same tokens and weights in transformers, whose texts have to be the same."""
    torch = importlib.import_module("torch")
    transformers = importlib.import_module("transformers")
    tokenizers = importlib.import_module("tokenizers")
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("transformers", "torch")]
    print(machine(), *versions, sep="\n")
    torch.set_num_threads(1)
    asked = json.loads((folder / "decoding.json").read_bytes())
    tokens, ends = asked["tokens"], set(asked["ends"])
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.generation_config.eos_token_id = None
    for batch in BATCHES:
        rows = torch.tensor(asked["rows"][:batch])
        mask = torch.ones_like(rows)

        def go_on(count: int, rows: Any = rows, mask: Any = mask) -> Any:
            how = {"max_new_tokens": count, "do_sample": False, "pad_token_id": 0}
            with torch.no_grad():
                return model.generate(rows, attention_mask=mask, **how)

        found = told("peer", batch, tokens, go_on)
        assert found.shape[1] == PROMPT + tokens + 1
        for row, new, (text, count) in zip(
            asked["rows"], found[:, PROMPT:].tolist(), asked["texts"][str(batch)], strict=False
        ):
            begun = [token for token in row if token not in ends]
            before = len(tokenizer.decode(begun, skip_special_tokens=False))
            said = [token for token in new[:count] if token not in ends]
            theirs = tokenizer.decode([*begun, *said], skip_special_tokens=False)[before:]
            assert theirs == text, f"{theirs!r} is not {text!r}"
        print(f"peer: {batch:3} at once: the texts are the same")


if __name__ == "__main__":
    if sys.argv[1] == "ours":
        ours(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 24)
    else:
        peer(Path(sys.argv[2]))
