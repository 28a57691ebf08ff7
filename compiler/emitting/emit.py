"""Draft to files: Parquet and JSON lines with the same rows, a manifest of hashes, and a dataset card."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from wug.compiler.asking.arms import View
from wug.compiler.asking.questions import Items
from wug.compiler.augmenting.cooccurring import cooccurring
from wug.compiler.canonical import digest, file_digest
from wug.compiler.draft import Draft
from wug.compiler.emitting.given import given_clusters
from wug.compiler.emitting.lines import json_lines
from wug.compiler.emitting.proof_table import PART, PROOFS, FactNumbers, proof_parts
from wug.compiler.facts import Closure, Populated, Rows
from wug.compiler.inferring.known import from_full
from wug.compiler.saying.render import Texts, fill, scattered, text_of
from wug.compiler.saying.said import Documents, Sentences
from wug.compiler.world import World

SCHEMA = 1

ROWS = 1 << 20
"""Rows of a row group: so many of a table that comes in parts are in memory at once."""

DOCUMENTS = pa.schema(
    [
        ("doc_id", pa.int32()),
        ("set", pa.string()),
        ("source", pa.string()),
        ("article", pa.int32()),
        ("text", pa.string()),
        ("answer", pa.int32()),
    ]
)
SENTENCES = pa.schema(
    [
        ("doc_id", pa.int32()),
        ("fact", pa.int32()),
        ("relation", pa.string()),
        ("form", pa.string()),
        ("wording", pa.int32()),
        ("start", pa.int32()),
        ("answer", pa.int32()),
        ("end", pa.int32()),
    ]
)
_ITEMS = pa.schema(
    [
        ("item_id", pa.int32()),
        ("split", pa.string()),
        ("cue", pa.string()),
        ("choices", pa.list_(pa.string())),
        ("answer", pa.int32()),
        ("accept", pa.list_(pa.bool_())),
        ("accepted", pa.list_(pa.string())),
        ("fact", pa.int32()),
        ("relation", pa.string()),
        ("form", pa.string()),
        ("cluster", pa.string()),
        ("depth", pa.int32()),
        ("proof", pa.string()),
    ]
)
_CONTEXTS = pa.schema([("arm", pa.string()), ("context_id", pa.int32()), ("doc_ids", pa.list_(pa.int32()))])
VIEWS = pa.schema(
    [
        ("arm", pa.string()),
        ("item_id", pa.int32()),
        ("context_id", pa.int32()),
        ("exposed", pa.bool_()),
        ("verbatim", pa.bool_()),
        ("exposures", pa.int32()),
        ("cooccurring", pa.bool_()),
        ("answerable", pa.bool_()),
        ("depth", pa.int32()),
        ("context_docs", pa.int32()),
        ("context_relevant", pa.int32()),
    ]
)
_STATEMENTS = pa.schema(
    [
        ("fact", pa.int32()),
        ("relation", pa.string()),
        ("form", pa.string()),
        ("wording", pa.int32()),
        ("text", pa.string()),
    ]
)


def as_table(columns: Mapping[str, Any], schema: pa.Schema) -> pa.Table:
    """Columns, as lists or arrays, in the order and the types of a schema."""
    arrays = {field.name: pa.array(columns[field.name], field.type) for field in schema}
    return pa.table(arrays, schema=schema)


def write_table(
    folder: Path, name: str, columns: Mapping[str, Any], schema: pa.Schema, lines: bool = True
) -> None:
    """One table, given by its columns, as Parquet and, with `lines`, the same rows as JSON lines."""
    write(folder, name, as_table(columns, schema), lines)


def write(folder: Path, name: str, table: pa.Table, lines: bool = True) -> None:
    """One table as Parquet and, with `lines`, the same rows as JSON lines."""
    write_parts(folder, name, [table], table.schema, lines)


def write_parts(
    folder: Path, name: str, parts: Iterable[pa.Table], schema: pa.Schema, lines: bool = True
) -> None:
    """The same, of a table that comes in parts: only one row group of it is in memory at a time."""
    with ExitStack() as files:
        columns = files.enter_context(
            parquet.ParquetWriter(folder / f"{name}.parquet", schema, compression="zstd")
        )
        texts = files.enter_context((folder / f"{name}.jsonl").open("wb")) if lines else None
        for group in _row_groups(parts, schema):
            columns.write_table(group, row_group_size=ROWS)
            if texts is not None:
                texts.writelines(json_lines(group))


def _row_groups(parts: Iterable[pa.Table], schema: pa.Schema) -> Iterator[pa.Table]:
    """Tables of ROWS rows each, and what is left; one without rows where there is nothing."""
    table, none = schema.empty_table(), True
    for part in parts:
        table = pa.concat_tables([table, part])
        while len(table) >= ROWS:
            yield table.slice(0, ROWS)
            table, none = table.slice(ROWS), False
    if len(table) or none:
        yield table


def emit_seed(draft: Draft, of: int, folder: Path) -> None:
    """One world's files: documents and what they say, items, proofs, contexts and views."""
    world = draft.experiment.world
    numbers = FactNumbers(draft.closures, of)
    documents = draft.world_documents(of)
    write_table(folder, "documents", document_columns(documents), DOCUMENTS)
    write_table(folder, "sentences", sentence_columns(documents.sentences, numbers), SENTENCES)
    write_table(folder, "items", _item_columns(draft, of, numbers), _ITEMS)
    proofs = proof_parts(world, draft.populated, draft.closures, numbers)
    write_parts(folder, "proofs", proofs, PROOFS)
    contexts, views = view_columns(draft, of)
    write_table(folder, "contexts", contexts, _CONTEXTS, lines=False)
    write_table(folder, "views", views, VIEWS, lines=False)


def document_columns(documents: Documents) -> dict[str, Any]:
    """Documents as they are written, numbered from 0."""
    names = ("set", "source", "article", "text", "answer")
    return {"doc_id": np.arange(len(documents)), **{name: getattr(documents, name) for name in names}}


def view_columns(draft: Draft, of: int) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """What each arm sees of one world: the columns of `contexts` and of `views`."""
    contexts: dict[str, list[Any]] = {field.name: [] for field in _CONTEXTS}
    views: dict[str, list[Any]] = {field.name: [] for field in VIEWS}
    documents = draft.world_documents(of)
    for number, arm in enumerate(draft.experiment.arms):
        seen = draft.view(number, of)
        added = documents.take(np.flatnonzero(documents.set == arm.name))
        together = cooccurring(draft, of, added) if len(added) else [False] * len(seen.context)
        contexts["arm"] += [arm.name] * len(seen.contexts)
        contexts["context_id"] += range(len(seen.contexts))
        contexts["doc_ids"] += seen.contexts
        for name, column in view_rows(seen, together).items():
            views[name] += column
    return contexts, views


def view_rows(seen: View, cooccurring: Sequence[bool]) -> dict[str, list[Any]]:
    """One arm's view of one world, as columns; `cooccurring` is which items' members what was added names."""
    return {
        "arm": [seen.arm] * len(seen.context),
        "item_id": list(range(len(seen.context))),
        "context_id": list(seen.context),
        **{
            name: list(getattr(seen, name))
            for name in ("exposed", "verbatim", "exposures", "answerable", "depth")
        },
        "cooccurring": list(cooccurring),
        "context_docs": [len(seen.contexts[c]) if c >= 0 else 0 for c in seen.context],
        "context_relevant": list(seen.relevant),
    }


def sentence_columns(said: Sentences, numbers: FactNumbers) -> dict[str, Any]:
    """What documents say, as it is written."""
    fact = _fact_numbers(said.relation, said.row, numbers)
    names = ("relation", "form", "wording", "start", "answer", "end")
    return {"doc_id": said.document, "fact": fact, **{name: getattr(said, name) for name in names}}


def _fact_numbers(relation: Texts, row: Rows, numbers: FactNumbers) -> Rows:
    """The number of each fact, a row of its own relation's closure; -1 for none."""
    found = np.full(len(row), -1, np.int64)
    for name in dict.fromkeys(relation.tolist()):
        mine = np.flatnonzero((relation == name) & (row >= 0))
        if len(mine):  # the name of given texts is no relation
            found[mine] = numbers.of(name, row[mine])
    return found


def _item_columns(draft: Draft, of: int, numbers: FactNumbers) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {field.name: [] for field in _ITEMS}
    for items in draft.world_tests(of):
        count = len(items)
        columns["item_id"] += range(len(columns["item_id"]), len(columns["item_id"]) + count)
        columns["split"] += [items.test.name] * count
        columns["cue"] += items.cue.tolist()
        columns["choices"] += items.choices.tolist()
        columns["answer"] += items.answer.tolist()
        columns["accept"] += items.accept.tolist()
        columns["accepted"] += items.accepted or [()] * count
        columns["fact"] += _fact_numbers(items.relation, items.row, numbers).tolist()
        columns["relation"] += items.relation.tolist()
        columns["form"] += items.form.tolist()
        columns["cluster"] += cluster_names(draft, items).tolist()
        columns["depth"] += items.depth.tolist()
        columns["proof"] += item_proofs(draft, items)
    return columns


def cluster_names(draft: Draft, items: Items) -> Texts:
    """The entity that intervals cluster by: the first one that an item's fact is about, or a given answer."""
    if items.given:
        return given_clusters(items)
    world, populated = draft.experiment.world, draft.populated
    parts = []
    for name, _, rows in items.alike():
        relation, facts = world.relations[name], draft.closures[name].facts
        place = next((i for i, a in enumerate(relation.arguments) if a.type in world.entities), 0)
        type, number = relation.arguments[place].type, items.about(facts, rows)[:, place]
        parts.append((rows, text_of(world, populated, type, 0, items.world[rows], number)))
    return scattered(parts, len(items))


def item_proofs(draft: Draft, items: Items) -> list[str]:
    """Why each item's answer is right, in one line: from what is trained."""
    if items.given:
        return ["given"] * len(items)
    proofs = draft.taught.proofs
    at = from_full(draft.taught, draft, items.relation, items.row)
    return [
        proofs.text(name, row) if row >= 0 else "nothing that is trained tells"
        for name, row in zip(items.relation.tolist(), at.tolist(), strict=True)
    ]


def emit_world(world: World, populated: Populated, closures: Mapping[str, Closure], folder: Path) -> None:
    """A world by itself, of one seed: every fact with its proof, and every fact in every wording."""
    numbers = FactNumbers(closures, 0)
    write_parts(folder, "proofs", proof_parts(world, populated, closures, numbers), PROOFS)
    write_parts(folder, "statements", _statements(world, populated, closures, numbers), _STATEMENTS)


def _statements(
    world: World, populated: Populated, closures: Mapping[str, Closure], numbers: FactNumbers
) -> Iterator[pa.Table]:
    """Every fact in every wording, some rows at a time."""
    for name, every in numbers.rows.items():
        relation, facts = world.relations[name], closures[name].facts
        parts = [every[first : first + PART] for first in range(0, len(every), PART)]
        for form in relation.forms:
            for place, wording in enumerate(form.wordings):
                for rows in parts:
                    given = facts.world[rows], facts.arguments[rows]
                    columns = {
                        "fact": numbers.of(name, rows),
                        "relation": np.full(len(rows), name),
                        "form": np.full(len(rows), form.name),
                        "wording": np.full(len(rows), place),
                        "text": fill(world, populated, relation, wording.pieces, *given),
                    }
                    yield as_table(columns, _STATEMENTS)


def write_manifest(folder: Path, about: Mapping[str, Any]) -> None:
    """manifest.json: what this is, the hash of every file, and of all JSON lines together (`corpus`).

    Parquet files embed their writer's version, so it is the JSON lines that identify a corpus.
    """
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    hashes = {str(p.relative_to(folder)): file_digest(p) for p in files}
    lines = "".join(f"{name} {value}\n" for name, value in hashes.items() if name.endswith(".jsonl"))
    manifest = {
        "schema": SCHEMA,
        **about,
        "corpus": digest(lines.encode()),
        "files": hashes,
        "versions": {name: version(name) for name in ("wug", "numpy", "pyarrow", "tokenizers")},
    }
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


def write_card(folder: Path, title: str, sections: Iterable[tuple[str, Iterable[str]]]) -> None:
    """README.md: the dataset card. It says nothing that may change in a spec without changing its corpus."""
    lines = [f"# {title}", "", "A corpus compiled by Wug.", ""]
    for heading, body in sections:
        lines += [f"## {heading}", "", *body, ""]
    (folder / "README.md").write_text("\n".join(lines), encoding="utf-8")
