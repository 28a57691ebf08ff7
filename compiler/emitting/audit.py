"""The audit: a compiled experiment, read from its files and judged anew.

The worlds are drawn again from the spec; everything else is taken from the files. Every sentence of documents
and questions is read back to its facts, keys are proved from what the documents on disk say, and wrong
choices refuted in the full world. It does not rest on the manifest: a changed file is found by what it says.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from wug.compiler.asking.questions import TOLERANCE
from wug.compiler.asking.shortcut import NAMES, Index
from wug.compiler.canonical import file_digest
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import Draft, draft
from wug.compiler.emitting.audit_seed import Finding, SeedAudit
from wug.compiler.emitting.augmentation import request_columns, token_counts
from wug.compiler.emitting.disjoint import disjoint
from wug.compiler.emitting.files import Tables, read_rows, read_tables
from wug.compiler.emitting.updates import update_columns
from wug.compiler.experiment import Experiment
from wug.compiler.updating.versions import BEFORE
from wug.compiler.words.lexicon import forms_of


@dataclass(frozen=True)
class Audit:
    """What an audit found: `faults` (none of a clean corpus), what each split gives away, the names, and how
    the names and items of each seed are proved to be in no episode."""

    name: str
    faults: tuple[Finding, ...]
    splits: tuple[dict[str, Any], ...]
    names: tuple[dict[str, Any], ...]
    disjoint: tuple[dict[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        found = [asdict(fault) for fault in self.faults]
        listed = {name: list(getattr(self, name)) for name in ("splits", "names", "disjoint")}
        return {"name": self.name, "faults": found, **listed}


def audit(experiment: Experiment, compiled: Path, episodes: Sequence[Path], report: Report) -> Audit:
    """Judge a compiled experiment and the episodes of its models. Raises SpecError where the spec cannot be
    drawn."""
    drawn = draft(experiment, report)
    damaged = list(_damaged(compiled))
    damaged += [fault for folder in episodes for fault in _damaged(folder, " of the episodes")]
    try:
        return _judged(drawn, compiled, episodes, damaged, report)
    except Exception:
        if not damaged:
            raise
        return Audit(experiment.name, tuple(damaged), (), (), ())  # a damaged file may hold anything


def _judged(
    drawn: Draft, compiled: Path, episodes: Sequence[Path], damaged: list[Finding], report: Report
) -> Audit:
    experiment = drawn.experiment
    tokenizer = Tokenizer.from_file(str(compiled / "tokenizer.json"))
    proved = disjoint(drawn, report)
    faults = [*damaged, *_not_disjoint(proved, json.loads((compiled / "manifest.json").read_bytes()))]
    tables = []
    for of in range(experiment.seeds):
        read = read_tables(compiled / f"seed-{of}")
        tables.append(read)
        faults += SeedAudit(drawn, of, read).findings()
        if drawn.before is not None:
            before = read_tables(compiled / f"seed-{of}" / BEFORE)
            faults += [_of_the_old(found) for found in SeedAudit(drawn.before, of, before).findings()]
            faults += _updated_otherwise(drawn, of, compiled / f"seed-{of}")
        faults += _planned_otherwise(drawn, of, tokenizer, compiled / f"seed-{of}")
    faults += _names_that_collide(drawn)
    for folder in episodes:
        faults += _in_episodes(drawn, np.load(folder / "episodes.npy", allow_pickle=False), tokenizer)
    tests = (*experiment.tests, *experiment.given_tests)
    splits = tuple({**_split(test.name, tables), "given": test in experiment.given_tests} for test in tests)
    return Audit(experiment.name, tuple(faults), splits, tuple(_names(drawn, tokenizer)), tuple(proved))


def _damaged(folder: Path, what: str = "") -> Iterator[Finding]:
    """Files that are not as the manifest of their folder says."""
    try:
        listed: dict[str, str] = json.loads((folder / "manifest.json").read_bytes())["files"]
    except (OSError, ValueError, KeyError, TypeError):
        yield Finding("damage", -1, f"manifest.json{what} cannot be read")
        return
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    for name in sorted(there - {*listed, "manifest.json"}):
        yield Finding("damage", -1, f"{name}{what} is no file that was compiled")
    for name, expected in sorted(listed.items()):
        if name not in there:
            yield Finding("damage", -1, f"{name}{what} is missing")
        elif file_digest(folder / name) != expected:
            yield Finding("damage", -1, f"{name}{what} is not as it was compiled")


def _of_the_old(found: Finding) -> Finding:
    return dataclasses.replace(found, message=f"in the old version, {found.message}")


def _updated_otherwise(drawn: Draft, of: int, folder: Path) -> Iterator[Finding]:
    """Rows of the tables of what changed that are not as it follows from both versions."""
    for name, (_, columns) in update_columns(drawn, of).items():
        right = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        for path in (folder / f"{name}.parquet", folder / f"{name}.jsonl"):
            rows = read_rows(path)
            if rows != right:
                both = enumerate(zip(rows, right, strict=False))
                at = next((n for n, (row, other) in both if row != other), min(len(rows), len(right)))
                yield Finding(
                    "changes", of, f"row {at} of {path.name} is not as it follows from both versions"
                )


def _planned_otherwise(drawn: Draft, of: int, tokenizer: Tokenizer, folder: Path) -> Iterator[Finding]:
    """Rows of the augmentation plan that differ from what its arms may ask and be told."""
    for name, columns in request_columns(drawn, of, token_counts(tokenizer)).items():
        right = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        for path in (folder / f"{name}.parquet", folder / f"{name}.jsonl"):
            rows = read_rows(path)
            if len(rows) != len(right):
                yield Finding("augmentation", of, f"{path.name} has {len(rows):,} rows, not {len(right):,}")
            for number, (row, other) in enumerate(zip(rows, right, strict=False)):
                if row != other:
                    yield Finding("augmentation", of, f"row {number} of {path.name} is not what is planned")
                    break


# Names


def _names_that_collide(drawn: Draft) -> Iterator[Finding]:
    """One name for two things, or for a thing and a word of the language."""
    world = drawn.experiment.world
    # an atom is also a term, and a word a sequence of one: the same thing by the same name
    invented = [
        name for name, entity in world.entities.items() if entity.data is None and not entity.composed
    ]
    words = {word for texts in world.preambles.values() for text in texts for word in text.casefold().split()}
    words |= {cell.casefold() for table in world.tables.values() for row in table.rows for cell in row}
    for of in range(len(drawn.seeds)):
        seen: dict[str, str] = {}
        for type in invented:
            for name in drawn.populated.names[type][of, : int(drawn.populated.counts[type][of])].tolist():
                plain = name.casefold()
                if plain in seen:
                    yield Finding("names", of, f"'{name}' is a {type} and a {seen[plain]}")
                if plain in words:
                    yield Finding("names", of, f"'{name}', a {type}, is a word of the world too")
                seen[plain] = type


def _not_disjoint(proved: list[dict[str, Any]], manifest: dict[str, Any]) -> Iterator[Finding]:
    """Seeds of which the manifest says more, or less, than is proved: that pretraining read none of it."""
    said = {each["seed"]: each for each in manifest.get("disjoint", [])}
    for each in proved:
        if said.pop(each["seed"], None) != each:
            message = "what the manifest says of names and items that pretraining has not read is not proved"
            yield Finding("pretraining", each["seed"], message)
    for seed in said:
        yield Finding("pretraining", seed, "the manifest speaks of a seed that there is not")


def _in_episodes(drawn: Draft, episodes: np.ndarray, tokenizer: Tokenizer) -> Iterator[Finding]:
    """Names of the worlds, inflected or not, that pretraining has read: it may know nothing of tests."""
    world = drawn.experiment.world
    for type in (name for name, entity in world.entities.items() if entity.naming is not None):
        every = np.array(sorted({name for row in drawn.populated.names[type] for name in row.tolist()}))
        forms = forms_of(every)
        names = np.repeat(every, forms.shape[1]).tolist()
        by_length: dict[int, dict[tuple[int, ...], str]] = {}
        texts = [f" {form}" for form in forms.reshape(-1).tolist()]
        for name, encoding in zip(names, tokenizer.encode_batch_fast(texts), strict=True):
            by_length.setdefault(len(encoding.ids), {}).setdefault(tuple(encoding.ids), name)
        found: dict[str, None] = {}
        for length, spelled in sorted(by_length.items()):
            said = words_of_length(episodes, length, tokenizer)
            found.update(dict.fromkeys(name for ids, name in spelled.items() if ids in said))
        for name in found:
            yield Finding("pretraining", -1, f"episodes name '{name}', a {type} of a tested world")


def words_of_length(episodes: np.ndarray, length: int, tokenizer: Tokenizer) -> set[tuple[int, ...]]:
    """Every different run of so many tokens at the end of which no word goes on."""
    vocabulary = tokenizer.get_vocab()
    goes_on = np.zeros(max(vocabulary.values()) + 1, bool)
    goes_on[[number for token, number in vocabulary.items() if token[:1].isalnum()]] = True
    behind = np.pad(episodes, ((0, 0), (0, 1)))
    if behind.shape[1] <= length:
        return set()
    windows = np.lib.stride_tricks.sliding_window_view(behind, length + 1, axis=1).reshape(-1, length + 1)
    windows = windows[~goes_on[windows[:, -1]], :-1]
    key = np.zeros(len(windows), np.uint64)
    with np.errstate(over="ignore"):
        for column in windows.T:
            key = key * np.uint64(0x9E3779B97F4A7C15) + column.astype(np.uint64)
    _, first = np.unique(key, return_index=True)
    return {tuple(row) for row in windows[first].tolist()}


def _names(drawn: Draft, tokenizer: Tokenizer) -> Iterator[dict[str, Any]]:
    """For each type, how many names there are, and how many of them have how many tokens."""
    for type, texts in drawn.populated.names.items():
        every = sorted({name for row in texts for name in row.tolist() if name})
        counts = [len(encoding.ids) for encoding in tokenizer.encode_batch_fast([f" {n}" for n in every])]
        tokens, many = np.unique(counts, return_counts=True)
        histogram = {str(t): int(n) for t, n in zip(tokens, many, strict=True)}
        yield {"type": type, "names": len(every), "tokens": histogram}


# Splits


def _split(name: str, tables: list[Tables]) -> dict[str, Any]:
    """Chance, what words of the training documents alone reach, and whether that is too much."""
    credit: dict[str, list[float]] = {shortcut: [] for shortcut in NAMES}
    free = False
    chance: list[float] = []
    depths: list[int] = []
    for read in tables:
        training = [row["text"] for row in read.documents if row["set"] == "train"]
        index, seen = Index(training), np.ones(len(training), bool)
        for item in (row for row in read.items if row["split"] == name):
            accept = np.array(item["accept"], bool)
            if len(accept) != len(item["choices"]):  # a fault: nothing can be counted of it
                continue
            depths.append(item["depth"])
            if item["accepted"]:
                free = True
                chance.append(0.0)
                continue
            chance.append(float(accept.mean()))
            shares = index.shares([item["cue"] + choice for choice in item["choices"]], seen)
            for shortcut in NAMES:
                credit[shortcut].append(float(shares[shortcut] @ accept))
    mean = float(np.mean(chance)) if chance else 0.0
    known = {
        shortcut: None if free else float(np.mean(values)) if values else 0.0
        for shortcut, values in credit.items()
    }
    return {
        "split": name,
        "items": len(chance),
        "chance": round(mean, 6),
        **{name: None if value is None else round(value, 6) for name, value in known.items()},
        "depths": {str(depth): depths.count(depth) for depth in sorted(set(depths))},
        "answered_by": [
            name for name, value in known.items() if value is not None and value > mean + TOLERANCE
        ],
    }
