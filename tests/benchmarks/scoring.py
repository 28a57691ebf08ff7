"""How long it takes to ask a checkpoint about one long context: ours, ours without reuse, and another's.

    python tests/benchmarks/scoring.py ours CHECKPOINT FOLDER [PLAIN]
    OTHER/bin/python tests/benchmarks/scoring.py peer FOLDER [PEER]

100 questions of 4 choices are asked about a context of 1,000 tokens. `ours` scores them by tries behind a
context that is read once, and the first PLAIN of them (10) with each choice a row of its own; compilation is
told apart, as what the first time takes longer than later ones. It writes the questions, what it found and
the weights in float32 to FOLDER. `peer` scores the first PEER (10) of the same tokens with the same weights
by lm-evaluation-harness (Gao et al.) and its backend of transformers, in an environment that has both, and
compares. Seconds are of the process (CPU) and of the clock.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from measured import machine

CONTEXT, QUESTIONS, CHOICES = 1000, 100, 4
NAMES = ("Ada", "Boris", "Clara", "David", "Elena", "Felix", "Greta", "Hugo", "Irene", "Jonas")
THINGS = (
    "hat",
    "bicycle",
    "boat",
    "garden gate",
    "umbrella",
    "kite",
    "piano",
    "scarf",
    "teapot",
    "violin",
    "lamp",
    "drum",
)
COLOURS = ("red", "dark green", "blue", "pale yellow", "white", "black", "orange", "light grey")


def facts() -> list[tuple[str, str]]:
    """Each person's things and their colours, as cue and answer, in an order of no meaning."""
    pairs = [(name, thing) for name in range(len(NAMES)) for thing in range(len(THINGS))]
    order = sorted(pairs, key=lambda pair: (pair[0] * 37 + pair[1] * 61) % 127)
    return [
        (
            f"The {THINGS[thing]} of {NAMES[name]} is",
            f" {COLOURS[(3 * name + 5 * thing + name * thing) % 8]}.",
        )
        for name, thing in order
    ]


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What comes of it, and its CPU and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    found = work()
    return found, time.process_time() - cpu, time.perf_counter() - wall


def told(what: str, cpu: float, wall: float, rows: int = 0) -> None:
    each = f"{1000 * cpu / rows:10.1f} ms a choice (CPU)" if rows else ""
    print(f"{what:44}{cpu:9.1f} s CPU{wall:9.1f} s wall{each}", flush=True)


# Ours


def ours(checkpoint: Path, folder: Path, plain: int) -> None:
    """Score, and write what the peer needs."""
    import jax
    import numpy as np
    from tokenizers import Tokenizer

    from wug.compiler.checkpoints.checkpoint import open_checkpoint
    from wug.compiler.checkpoints.config import config_from_shape
    from wug.runtime.export import write_weights
    from wug.runtime.layout import Asked, best, work_of
    from wug.runtime.learn import structure
    from wug.runtime.likelihood import end_log_likelihoods
    from wug.runtime.prefix import log_likelihoods
    from wug.runtime.weights import load_weights

    print(machine())
    source = open_checkpoint(checkpoint, "model")
    model, tokenizer = source.shape, Tokenizer.from_str(source.tokenizer)
    parameters, cpu, wall = timed(lambda: load_weights(source))
    told("ours: reading the weights", cpu, wall)

    def ids(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False).ids)

    said = facts()
    shown = [token for cue, answer in said for token in [model.marks.opening, *ids(cue + answer)]]
    context = np.array(shown[:CONTEXT], np.int32)
    tokens, start = [], []
    for number, (cue, answer) in enumerate(said[:QUESTIONS]):
        wrong = [f" {colour}." for colour in COLOURS if f" {colour}." != answer]
        for choice in [answer, *(wrong[(number + place) % 7] for place in range(CHOICES - 1))]:
            head = [model.marks.opening, *ids(cue)]
            tokens.append(np.array([*head, *ids(choice)], np.int32))
            start.append(len(head))
    item_Q = np.repeat(np.arange(QUESTIONS, dtype=np.int32), CHOICES)
    asked = Asked((context,), np.zeros(QUESTIONS, np.int32), item_Q, tuple(tokens), np.array(start, np.int32))
    graph, shapes = structure(model, model.vocabulary)
    layers = sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(shapes["layers"]))
    layout = best(work_of(model, layers, model.vocabulary), asked)
    nodes = sum(len(piece) for _, rows in layout.batches() for row in rows for piece in row)
    print(
        f"{QUESTIONS} questions of {CHOICES} choices behind {len(context):,} tokens: {nodes:,} nodes of tries"
    )
    print(f"in {len(list(layout.batches()))} batches of {layout.rows} rows of {layout.width}")

    def shared() -> Any:
        return log_likelihoods(graph, model, parameters, asked, layout)

    rows = [np.concatenate([context, text]) for text in tokens[: plain * CHOICES]]
    ends = np.array(start[: plain * CHOICES], np.int32) + np.int32(len(context))

    def alone(questions: int) -> Any:
        count = questions * CHOICES
        return end_log_likelihoods(graph, parameters, rows[:count], ends[:count])

    (_, *first), (shared_Q, *second), (_, *third) = timed(shared), timed(shared), timed(shared)
    least, wall = min(second[0], third[0]), min(second[1], third[1])
    told("ours, context read once: compilation", first[0] - least, first[1] - wall)
    told(f"ours, context read once: {QUESTIONS} questions", least, wall, len(tokens))
    (_, *first), (alone_Q, *second) = timed(lambda: alone(1)), timed(lambda: alone(plain))
    told("ours, each choice a row: compilation", first[0] - second[0] / plain, first[1] - second[1] / plain)
    told(f"ours, each choice a row: {plain} questions", *second, len(rows))
    apart = float(np.abs(shared_Q[: len(rows)] - alone_Q).max())
    print(f"log-likelihoods differ by {apart:.1e} nats at most; answers that differ: ", end="")
    print(
        int(
            (
                shared_Q[: len(rows)].reshape(-1, CHOICES).argmax(1) != alone_Q.reshape(-1, CHOICES).argmax(1)
            ).sum()
        )
    )
    print(f"right: {(shared_Q.reshape(-1, CHOICES).argmax(1) == 0).mean():.0%}")
    ratio = (second[0] / len(rows)) / (least / len(tokens))
    print(f"a choice costs {ratio:.0f} times less CPU than with each choice a row")

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config_from_shape(model)), encoding="utf-8")
    (folder / "tokenizer.json").write_text(source.tokenizer, encoding="utf-8")
    write_weights(folder / "model.safetensors", model, parameters)
    document = {
        "context": context.tolist(),
        "tokens": [text.tolist() for text in tokens],
        "start": start,
        "told": [float(each) for each in shared_Q],
        "seconds": least / len(tokens),
    }
    (folder / "questions.json").write_text(json.dumps(document), encoding="utf-8")


# Theirs


def peer(folder: Path, count: int) -> None:
    """The same tokens and weights in lm-evaluation-harness, whose answers are compared with ours."""
    torch = importlib.import_module("torch")
    transformers = importlib.import_module("transformers")
    backend = importlib.import_module("lm_eval.models.huggingface").HFLM
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("lm_eval", "transformers", "torch")]
    print(machine(), *versions, sep="\n")
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    asked = json.loads((folder / "questions.json").read_bytes())

    def loaded() -> Any:
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
        tokenizer.pad_token = tokenizer.eos_token = tokenizer.decode([0])
        return backend(pretrained=model, tokenizer=tokenizer, batch_size=4, max_length=8192)

    theirs, cpu, wall = timed(loaded)
    told("peer: reading the weights", cpu, wall)
    chosen = list(zip(asked["tokens"], asked["start"], strict=True))[: count * CHOICES]
    requests = [
        (("", str(number)), asked["context"] + text[:start], text[start:])
        for number, (text, start) in enumerate(chosen)
    ]
    timed(lambda: theirs._loglikelihood_tokens(requests[:1], disable_tqdm=True))  # what is only done once
    found, cpu, wall = timed(lambda: theirs._loglikelihood_tokens(requests, disable_tqdm=True))
    told(f"peer: {count} questions", cpu, wall, len(requests))
    scores = [score for score, _ in found]
    mine = asked["told"]
    apart = max(abs(one - other) for one, other in zip(scores, mine, strict=False))

    def answers(values: list[float]) -> list[int]:
        return [
            max(range(CHOICES), key=values[first : first + CHOICES].__getitem__)
            for first in range(0, len(scores), CHOICES)
        ]

    differ = sum(one != other for one, other in zip(answers(scores), answers(mine), strict=True))
    print(f"log-likelihoods differ by {apart:.1e} nats at most; answers that differ: {differ} of {count}")
    print(f"a choice costs {cpu / len(requests) / asked['seconds']:.0f} times less CPU with ours")


if __name__ == "__main__":
    if sys.argv[1] == "ours":
        ours(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 10)
    else:
        peer(Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 10)
