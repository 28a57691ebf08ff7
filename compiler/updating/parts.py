"""The documents of a world in two versions: those of the old one, and those of the new one that tell news."""

from __future__ import annotations

import dataclasses

import numpy as np

from wug.compiler.populating.drawn import Mask
from wug.compiler.saying.said import Documents, Sentences
from wug.compiler.updating.changes import Changes
from wug.compiler.updating.versions import OLD


def news(changes: Changes, documents: Documents) -> Mask:
    """Which documents of the new version say something that was not true in the old one [documents]."""
    said = documents.sentences
    new = np.zeros(len(said), bool)
    for name in np.unique(said.relation).tolist():
        mine = np.flatnonzero(said.relation == name)
        new[mine] = changes.same(name)[said.row[mine]] < 0
    return np.bincount(said.document[new], minlength=len(documents)) > 0


def still_true(changes: Changes, documents: Documents) -> Documents:
    """Documents of the old version beside those of the new one, with those of their sentences whose facts are
    true there, as facts of the new version."""
    said = documents.sentences
    row = np.full(len(said), -1, np.int64)
    for name in np.unique(said.relation).tolist():
        mine = np.flatnonzero(said.relation == name)
        row[mine] = changes.kept(name)[said.row[mine]]
    kept = np.flatnonzero(row >= 0)
    columns = {f.name: getattr(said, f.name)[kept] for f in dataclasses.fields(Sentences)}
    columns["row"] = row[kept]
    sets = np.where(documents.set == "train", OLD, documents.set)
    return dataclasses.replace(documents, set=sets, sentences=Sentences(**columns))
