"""The pages of docs/ leave nothing out: every trait, every key of a block, every column of a table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wug.compiler.checking import augment, experiment_settings, replay, stop
from wug.compiler.checking import documents as check_documents
from wug.compiler.checking import populations as check_populations
from wug.compiler.checking import world as check_world
from wug.compiler.emitting import augmentation, emit, proof_table, updates
from wug.compiler.forms import INFLECTIONS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = "".join(
    (DOCS / f"{name}.md").read_text(encoding="utf-8")
    for name in ("language", "questions", "voice", "augmentation", "devices")
)
BLOCKS = {
    "train": experiment_settings.TRAIN,
    "test": experiment_settings.TEST,
    "generate": experiment_settings.GENERATE,
    "holdout": experiment_settings.HOLDOUT,
    "document": check_documents.DOCUMENT,
    "model": experiment_settings.MODEL,
    "mesh": experiment_settings.MESH,
    "pretrain": experiment_settings.PRETRAIN,
    "finetune": experiment_settings.FINETUNE,
    "tune": experiment_settings.TUNE,
    "replay": replay.REPLAY,
    "stop": stop.STOP,
    "arm": experiment_settings.ARM,
    "augment": {**augment.ASKED, **augment.SAMPLED, **augment.SERVED},
    **{f"populate {method}": schema for method, schema in check_populations.POPULATIONS.items()},
}
TABLES = {
    "documents": emit.DOCUMENTS,
    "sentences": emit.SENTENCES,
    "items": emit._ITEMS,
    "proofs": proof_table.PROOFS,
    "contexts": emit._CONTEXTS,
    "views": emit.VIEWS,
    "changes": updates.CHANGES,
    "parts": updates.PARTS,
    "asked": updates.ASKED,
    "requests": augmentation.REQUESTS,
    "admissible": augmentation.ADMISSIBLE,
    "audit": augmentation.AUDIT,
}


def mentioned(text: str) -> set[str]:
    """The names that stand in `code` somewhere in a text."""
    return {name for code in re.findall(r"`([^`\n]+)`", text) for name in re.findall(r"\w+", code)}


@pytest.mark.parametrize("block", BLOCKS)
def test_every_key_is_explained(block: str) -> None:
    assert not set(BLOCKS[block]) - mentioned(PAGE)


def test_every_inflection_is_explained() -> None:
    assert not set(INFLECTIONS) - mentioned(PAGE)


def test_every_trait_and_population_is_explained() -> None:
    assert not {*check_world.TRAITS, "converse", *check_populations.POPULATIONS} - mentioned(PAGE)


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_listed(table: str) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{table}` |"))
    assert not set(TABLES[table].names) - mentioned(row)
