"""Examples of several steps, each with its text, question, answer and proof: how many a second.

    python tests/benchmarks/multihop.py FOLDER [EXAMPLES]

An example is a little ontology of its own, as in PrOntoQA: somebody is of a kind, each kind is one of the
next, every kind has a property, and one that nothing is of has another. Asked is whether somebody has a
property, which takes 1, 3 or 5 steps; half of what is asked is false, and provably so. A fresh process each,
from the command to finished files, begins with nothing kept. The answers are read back from the files: so
many steps, no more and no fewer, and one right choice.

PrOntoQA is on no registry of packages, so it does not run beside: its rates are those that were measured
when this project began, on a machine of this kind.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from measured import Taken, machine, wug

PRONTOQA = {1: 237.0, 3: 66.0, 5: 11.5}
"""Examples a second by steps, measured earlier and by themselves."""

WORLD = """wug 1

world hops {
  param examples = 1000
  table property(word) {
    "blue"  "red"  "brown"  "small"  "large"  "metallic"  "wooden"  "luminous"  "opaque"  "nervous"
    "happy"  "shy"  "bright"  "dull"  "sweet"  "sour"  "floral"  "earthy"  "hot"  "cold"
  }
  scene example {
    count examples
    entity one  { count 1  named nonce(syllables 3  words 2  shared 200  capital) }
    entity kind { count KINDS  named nonce(syllables 3  words 2  shared 400) }

    relation a(x: one, k: kind)     { complete  form says "{x} is a" => " {k}." }
    relation every(a: kind, b: kind) { form says "Every {a} is a" => " {b}." }
    relation quality(k: kind, p: property) { functional  form says "Every {k} is" => " {p.word}." }
    relation has(x: one, p: property) { complete  form says "{x} is" => " {p.word}." }
    rule a(x, b) if a(x, c), every(c, b)
    rule has(x, p) if a(x, k), quality(k, p)

    case { CASE }
    document page(s: example) { tell a in says  tell every in says  tell quality in says }
  }
}
"""
EXPERIMENT = """wug 1

experiment hops {
  world "hops.world" { examples EXAMPLES }
  seeds 1

  train page
  test asked {
    has in says  derived  depth DEPTH..DEPTH  choices verdict(" True." " False.")
    ask "True or false: {statement}"
  }
  test said { quality in says  count 20  choices others(3) }

  model small {
    layers 2  width 64  heads 2  context 512
    pretrain { facts 4..8  steps 1  batch 1  episodes 1 }
  }
  arm pretrained { }
}
"""


def case(hops: int) -> str:
    """What an example states: as many facts as the answer takes, and what stands beside them."""
    chain = ["a(x, k0)", *(f"every(k{step}, k{step + 1})" for step in range(hops - 1))]
    chain += [f"quality(k{step}, p{step})" for step in range(hops)]
    return "  ".join([*chain, f"every(d, k{hops - 1})" if hops > 1 else "every(d, e)", "quality(d, q)"])


def compiled(hops: int, examples: int, folder: Path) -> tuple[Taken, int, int]:
    """What so many examples take, how many are right by their files, and how many statements are true."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    world = WORLD.replace("KINDS", str(hops + 2)).replace("CASE", case(hops))
    (folder / "hops.world").write_text(world, encoding="utf-8")
    spec = folder / "hops.experiment"
    text = EXPERIMENT.replace("EXAMPLES", str(examples)).replace("DEPTH", str(hops + 1))
    spec.write_text(text, encoding="utf-8")
    took = wug("compile", spec, "--build", folder / "build")
    (seed,) = (folder / "build").glob("hops/compiled/*/seed-0")
    items = [json.loads(line) for line in (seed / "items.jsonl").read_text(encoding="utf-8").splitlines()]
    asked = [item for item in items if item["split"] == "asked"]
    good = sum(item["depth"] == hops + 1 and sum(item["accept"]) == 1 for item in asked)
    return took, good, sum(item["choices"][item["answer"]] == " True." for item in asked)


def main(folder: Path, examples: int) -> None:
    """A line for each number of steps."""
    print(f"{machine()}\n{examples:,} examples each", flush=True)
    for hops, theirs in PRONTOQA.items():
        times = [compiled(hops, examples, folder) for _ in range(3)]
        took, good, true = min(times, key=lambda made: made[0].cpu)
        rate = good / took.wall
        print(f"{hops} steps: {good:,} examples, {true:,} of them true{took}")
        times_as_many = f"{rate / theirs:,.0f} times as many as PrOntoQA's {theirs:g}, measured earlier"
        print(
            f"   {good / took.cpu:,.0f} a second of CPU, {rate:,.0f} of the clock: {times_as_many}",
            flush=True,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
