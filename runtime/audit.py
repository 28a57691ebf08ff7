"""The audit: how much of what a teacher wrote follows, and how much of what may follow it wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
from tokenizers import Tokenizer

from wug.compiler.augmenting.judge import VERDICTS
from wug.compiler.augmenting.kind import KINDS
from wug.compiler.emitting.tokenizer import UNKNOWN
from wug.compiler.plan import Arm
from wug.runtime.expect import wilson
from wug.runtime.files import read_json


@dataclass(frozen=True)
class Audit:
    """What was written for an arm, in all worlds. `verdicts` and `kinds` count texts, `kept` those that are
    trained, `too_long` those that the model that learns cannot see at once; `unanswered` counts requests. Of
    the `trained_tokens` so many are `unknown_tokens`, which stand for what is none of the world's. Of
    `admissible` new statements `covered` were written, by kind and by depth. `prompt_tokens`, `tokens` and
    `flops` are the price of the writing."""

    texts: int
    kept: int
    withheld: int
    too_long: int
    unanswered: int
    verdicts: dict[str, int]
    kinds: dict[str, int]
    admissible: dict[str, int]
    covered: dict[str, int]
    admissible_depth: dict[int, int]
    covered_depth: dict[int, int]
    prompt_tokens: int
    tokens: int
    flops: int
    trained_tokens: int
    unknown_tokens: int

    @property
    def entailed(self) -> int:
        """Texts that follow from what is trained."""
        return self.verdicts["entailed_new"] + self.verdicts["entailed_stated"]

    def to_json(self) -> dict[str, Any]:
        """As it stands in results.json: shares with intervals beside the counts."""
        entailed = self.entailed
        low, high = wilson(entailed, self.texts)
        admissible, covered = sum(self.admissible.values()), sum(self.covered.values())
        return {
            "texts": self.texts,
            "kept": self.kept,
            "withheld": self.withheld,
            "too_long": self.too_long,
            "unanswered": self.unanswered,
            "verdicts": self.verdicts,
            "kinds": self.kinds,
            "precision": round(entailed / self.texts, 6) if self.texts else None,
            "precision_low": round(low, 6) if self.texts else None,
            "precision_high": round(high, 6) if self.texts else None,
            "admissible": admissible,
            "coverage": round(covered / admissible, 6) if admissible else None,
            "by_kind": {
                kind: {"admissible": self.admissible[kind], "covered": self.covered[kind]} for kind in KINDS
            },
            "by_depth": {
                str(depth): {"admissible": count, "covered": self.covered_depth.get(depth, 0)}
                for depth, count in sorted(self.admissible_depth.items())
            },
            "prompt_tokens": self.prompt_tokens,
            "tokens": self.tokens,
            "flops": self.flops,
            "unknown": round(self.unknown_tokens / self.trained_tokens, 6) if self.trained_tokens else None,
        }


def read_audit(compiled: Path, arm: Arm, folders: Sequence[Path], tokenizer: Tokenizer) -> Audit:
    """Count what lies in an arm's entries of written texts, block by block, against the compiled plan."""
    unknown = tokenizer.token_to_id(UNKNOWN)
    verdicts, kinds = Counter[str](), Counter[str]()
    admissible, covered = Counter[str](), Counter[str]()
    admissible_depth, covered_depth = Counter[int](), Counter[int]()
    texts = kept = withheld = too_long = unanswered = prompt_tokens = tokens = flops = 0
    trained = unknowns = 0
    for folder in folders:
        cost = read_json(folder / "cost.json")
        prompt_tokens += cost["prompt_tokens"]
        tokens += cost["tokens"]
        flops += cost["flops"]
        unanswered += cost.get("unanswered", 0)  # a model of the experiment answers always
        for seed in sorted(folder.glob("seed-*")):
            rows = parquet.read_table(seed / "audit.parquet").to_pylist()
            texts += len(rows)
            kept += sum(row["kept"] for row in rows)
            withheld += sum(row["withheld"] for row in rows)
            too_long += sum(row["too_long"] for row in rows)
            for encoded in tokenizer.encode_batch([row["text"] for row in rows if row["kept"]]):
                trained += len(encoded.ids)
                unknowns += sum(token == unknown for token in encoded.ids)
            verdicts.update(row["verdict"] for row in rows)
            kinds.update(row["kind"] for row in rows if row["kind"])
            said = {statement for row in rows for statement in row["statements"]}
            for statement, (kind, depth) in _admissible(compiled / seed.name, arm.name).items():
                admissible[kind] += 1
                admissible_depth[depth] += 1
                covered[kind] += statement in said
                covered_depth[depth] += statement in said
    return Audit(
        texts,
        kept,
        withheld,
        too_long,
        unanswered,
        {verdict: verdicts[verdict] for verdict in VERDICTS},
        {kind: kinds[kind] for kind in KINDS},
        {kind: admissible[kind] for kind in KINDS},
        {kind: covered[kind] for kind in KINDS},
        dict(admissible_depth),
        dict(covered_depth),
        prompt_tokens,
        tokens,
        flops,
        trained,
        unknowns,
    )


def _admissible(folder: Path, arm: str) -> dict[str, tuple[str, int]]:
    """The statements that may be made and are not stated in training, each with the simplest inference that
    gives it: its kind, and its depth."""
    names = ["arm", "statement", "kind", "depth", "stated"]
    found: dict[str, tuple[str, int]] = {}
    for row in parquet.read_table(folder / "admissible.parquet", columns=names).to_pylist():
        if row["arm"] != arm or row["stated"]:
            continue
        new = row["kind"], row["depth"]
        old = found.get(row["statement"], new)
        found[row["statement"]] = min(old, new, key=lambda each: (KINDS.index(each[0]), each[1]))
    return found
