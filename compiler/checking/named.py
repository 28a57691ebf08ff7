"""What an experiment's declarations name: relations and forms of its world, each name once."""

from __future__ import annotations

from typing import Any

from wug.compiler.diagnosis.diagnostics import Note, Report, did_you_mean
from wug.compiler.language import syntax
from wug.compiler.world import World


def once(items: tuple[Any, ...], what: str, report: Report) -> list[Any]:
    """The items with each name once; a second one is reported."""
    seen: dict[str, Any] = {}
    for item in items:
        if item.name.text in seen:
            notes = [Note("first declared here", seen[item.name.text].name.span)]
            report.add("W0103", f"{what} '{item.name.text}' is declared twice", item.name.span, notes=notes)
        else:
            seen[item.name.text] = item
    return list(seen.values())


class Named:
    """Finds relations and forms of a world by name, or reports that there are none."""

    def __init__(self, world: World, report: Report) -> None:
        self.world = world
        self.report = report

    def relation(self, relation: syntax.Name) -> bool:
        if relation.text in self.world.relations:
            return True
        help = did_you_mean(relation.text, self.world.relations)
        self.report.add("W0101", f"unknown relation '{relation.text}'", relation.span, help=help)
        return False

    def form(self, relation: syntax.Name, form: syntax.Name | None) -> bool:
        """Whether there is this relation, and this form of it; that none is named is reported too."""
        world = self.world
        if form is None and relation.text not in world.relations:
            help = did_you_mean(relation.text, [*world.relations, *world.documents, *world.given])
            self.report.add("W0101", f"nothing is called '{relation.text}'", relation.span, help=help)
            return False
        if form is None:
            help = "say in which form: RELATION in FORM"
            self.report.add("W0107", f"'{relation.text}' needs a form", relation.span, help=help)
            return False
        if not self.relation(relation):
            return False
        forms = [f.name for f in self.world.relations[relation.text].forms]
        if form.text not in forms:
            help = did_you_mean(form.text, forms)
            message = f"relation '{relation.text}' has no form '{form.text}'"
            self.report.add("W0101", message, form.span, help=help)
            return False
        return True

    def exclusion(self, relation: syntax.Name, form: syntax.Name | None) -> bool:
        """What pretraining leaves out: a relation, or one form of it."""
        return self.relation(relation) if form is None else self.form(relation, form)
