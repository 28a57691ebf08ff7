"""`train article`: a document of the world that is trained, a `Train` for each of its tells."""

from __future__ import annotations

import dataclasses

from wug.compiler.checking import settings
from wug.compiler.checking.where import WhereChecker
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Train
from wug.compiler.language import syntax_experiment
from wug.compiler.world import World


class TaughtDocuments:
    """Reads the `train` lines that name a document."""

    def __init__(self, world: World, wheres: WhereChecker, report: Report) -> None:
        self.world = world
        self.wheres = wheres
        self.report = report

    def meant(self, train: syntax_experiment.Train) -> bool:
        return train.form is None and train.relation.text in self.world.documents

    def trains(self, train: syntax_experiment.Train) -> list[Train]:
        """`where` chooses whom the documents are about."""
        document = self.world.documents[train.relation.text]
        settings.read(train.settings, {}, f"train {document.name}", self.report)
        told = self.world.relations[document.tells[0].relation]
        about = dataclasses.replace(told, name=document.name, arguments=(document.subject,))
        wheres = self.wheres.wheres(train.where, about)
        found = []
        for tell in document.tells:
            mine = tuple(dataclasses.replace(where, argument=tell.subject) for where in wheres)
            made = Train(tell.relation, tell.form, document.copies, ("",), mine, train.span)
            found.append(dataclasses.replace(made, document=document.name))
        return found
