"""Scenes: small worlds within the world, and the cases that say what is stated in one of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from wug.compiler.checking import settings
from wug.compiler.checking.entities import COUNT, MOST
from wug.compiler.checking.forms import article
from wug.compiler.checking.lexicons import named
from wug.compiler.data.typed import ORDERED, VALUE_TYPES, WANTED, canonical_text
from wug.compiler.diagnosis.diagnostics import Note, Report, did_you_mean
from wug.compiler.entities import Entity, Naming, Table
from wug.compiler.language import syntax
from wug.compiler.populations import Population
from wug.compiler.world import CaseFact, Relation, Scene

Declared = tuple[syntax.WorldFile, syntax.Declaration]


def flattened(declared: list[Declared]) -> list[Declared]:
    """All declarations, those of scenes behind their scene: what a scene declares is known outside it."""
    found: list[Declared] = []
    for file, declaration in declared:
        found.append((file, declaration))
        if isinstance(declaration, syntax.Scene):
            found += [(file, inner) for inner in declaration.declarations]
    return found


class SceneChecker:
    """Reads scenes: themselves, their members and, when all relations are known, their cases."""

    def __init__(self, naming: Callable[..., Naming | None], report: Report) -> None:
        self.naming = naming
        self.report = report
        self.counts: dict[str, int] = {}
        self.inside: dict[int, syntax.Scene] = {}  # by the identity of what is declared in it

    def scene(self, file: syntax.WorldFile, scene: syntax.Scene, known: Mapping[str, object]) -> Entity:
        """The type that stands for a scene, with one member in each, numbered unless names are asked for."""
        name, what = scene.name, f"scene '{scene.name.text}'"
        values = settings.read(scene.settings, {"count": COUNT, "named": named}, what, self.report)
        if "count" not in values:
            help = f"say how many there are: scene {name.text} {{ count 20  ... }}"
            self.report.add("W0107", f"{what} has no count", name.span, help=help)
        if not scene.cases:
            help = "say what is stated: case { all(x, y)  all(y, z) }"
            self.report.add("W0107", f"{what} has no case", name.span, help=help)
        count = self.counts[name.text] = values.get("count", 1)
        for inner in scene.declarations:
            self.inside[id(inner)] = scene
            if isinstance(inner, syntax.Scene):
                self.report.add("W0202", "a scene has no scenes of its own", inner.name.span)
            if isinstance(inner, syntax.Relation) and inner.populates:
                help = "state its facts in the cases"
                message = "what holds in a scene is said by its cases"
                self.report.add("W0202", message, inner.populates[0].span, help=help)
        naming = self.naming(file, values["named"], known) if "named" in values else None
        numbered = "" if naming else "example"
        return Entity(
            name.text, count, naming, None, name.span, scene=name.text, per_scene=1, numbered=numbered
        )

    def member(self, declaration: syntax.Entity, entity: Entity) -> Entity:
        """An entity that is declared in a scene has so many members in each."""
        scene = self.inside.get(id(declaration))
        if scene is None:
            return entity
        if entity.data is not None:
            message = "the members of a scene are invented; those of a table belong to the whole world"
            self.report.add("W0202", message, declaration.name.span)
            return entity
        count = entity.count * self.counts.get(scene.name.text, 1)
        if count > MOST:
            message = f"{count:,} members of '{entity.name}' are too many: at most {MOST:,}"
            self.report.add("W0204", message, declaration.name.span)
        return dataclasses.replace(entity, count=count, scene=scene.name.text, per_scene=entity.count)

    def cases(
        self,
        scenes: list[syntax.Scene],
        entities: Mapping[str, Entity],
        tables: Mapping[str, Table],
        relations: dict[str, Relation],
    ) -> dict[str, Scene]:
        """The scenes with their cases; the relations that these state are populated by them."""
        found: dict[str, Scene] = {}
        for scene in scenes:
            if id(scene) in self.inside:
                continue
            own = {d.name.text for d in scene.declarations if isinstance(d, syntax.Relation)}
            reader = _CaseReader(scene.name.text, own, entities, tables, relations, self.report)
            cases = tuple(reader.case(case) for case in scene.cases)
            found[scene.name.text] = Scene(scene.name.text, cases)
            for fact in (fact for case in cases for fact in case):
                relation = relations[fact.relation]
                population = Population("cases", scene.name.span, scene=scene.name.text)
                relations[relation.name] = dataclasses.replace(relation, population=population)
        return found

    def connected(
        self,
        declaration: syntax.Rule | syntax.Never,
        relations: Mapping[str, Relation],
        entities: Mapping[str, Entity],
    ) -> None:
        """Report a rule of a scene that would join members of different scenes (W0206)."""
        scene = self.inside.get(id(declaration))
        if scene is None:
            return
        joined: list[set[str]] = []
        for literal in declaration.body:
            if not isinstance(literal, syntax.Literal) or literal.negated:
                continue
            relation = relations.get(literal.relation.text)
            if relation is None or len(relation.arguments) != len(literal.terms):
                return
            mine = {
                term.text
                for term, argument in zip(literal.terms, relation.arguments, strict=True)
                if isinstance(term, syntax.Name)
                and argument.type in entities
                and entities[argument.type].scene == scene.name.text
            }
            if not mine:
                continue
            apart = [group for group in joined if not group & mine]
            joined = [*apart, mine.union(*(group for group in joined if group & mine))]
        if len(joined) > 1:
            help = "let its conditions share variables that stand for members of the scene"
            message = f"this joins what holds in different scenes of '{scene.name.text}'"
            self.report.add("W0206", message, declaration.body[0].span, help=help)


class _CaseReader:
    """Reads the cases of one scene."""

    def __init__(
        self,
        scene: str,
        own: set[str],
        entities: Mapping[str, Entity],
        tables: Mapping[str, Table],
        relations: Mapping[str, Relation],
        report: Report,
    ) -> None:
        self.scene = scene
        self.own = own
        self.entities = entities
        self.tables = tables
        self.relations = relations
        self.report = report

    def case(self, case: syntax.Case) -> tuple[CaseFact, ...]:
        """The facts of a case; a variable is a number among those of its type."""
        types: dict[str, tuple[str, syntax.Name]] = {}
        read = [self._fact(literal, types) for literal in case.facts]
        of_type: dict[str, list[str]] = {}
        for variable, (type, name) in types.items():
            others = of_type.setdefault(type, [])
            others.append(variable)
            most = self._room(type)
            if len(others) == most + 1:
                message = f"the case speaks of {most + 1} different '{type}'; a scene has {most}"
                self.report.add("W0401", message, name.span, help=f"raise the count of '{type}' in the scene")
        facts = []
        for fact, literal in zip(read, case.facts, strict=True):
            if fact is None:
                continue
            terms = tuple(
                of_type[types[term.text][0]].index(term.text) if isinstance(term, syntax.Name) else constant
                for term, constant in zip(literal.terms, fact.terms, strict=True)
            )
            variables = tuple(isinstance(term, syntax.Name) for term in literal.terms)
            facts.append(CaseFact(fact.relation, terms, variables))
        return tuple(facts)

    def _room(self, type: str) -> int:
        return len(self.tables[type].rows) if type in self.tables else self.entities[type].per_scene

    def _fact(self, literal: syntax.Literal, types: dict[str, tuple[str, syntax.Name]]) -> CaseFact | None:
        """A fact with its constants; at variables there is a 0."""
        name = literal.relation
        relation = self.relations.get(name.text)
        if relation is None:
            help = did_you_mean(name.text, self.own)
            self.report.add("W0101", f"unknown relation '{name.text}'", name.span, help=help)
            return None
        if name.text not in self.own:
            message = f"'{name.text}' is not a relation of this scene"
            notes = [Note("declared here", relation.span)]
            self.report.add("W0202", message, name.span, notes=notes)
            return None
        if len(literal.terms) != len(relation.arguments):
            message = (
                f"'{name.text}' takes {len(relation.arguments)} arguments, here are {len(literal.terms)}"
            )
            notes = [Note("declared here", relation.span)]
            self.report.add("W0201", message, literal.span, notes=notes)
            return None
        terms: list[int | str] = []
        for term, argument in zip(literal.terms, relation.arguments, strict=True):
            if isinstance(term, syntax.Name):
                if not self._variable(term, argument.type, types):
                    return None
                terms.append(0)
            else:
                constant = self._constant(term, argument.type)
                if constant is None:
                    return None
                terms.append(constant)
        return CaseFact(relation.name, tuple(terms), ())

    def _variable(self, term: syntax.Name, type: str, types: dict[str, tuple[str, syntax.Name]]) -> bool:
        entity = self.entities.get(type)
        if type not in self.tables and (entity is None or entity.scene != self.scene):
            help = f"write a value: {WANTED.get(type, 'a text in quotes')}" if type in VALUE_TYPES else ""
            message = f"'{term.text}' would be {article(type)}, which a scene has none of its own of"
            self.report.add("W0202", message, term.span, help=help)
            return False
        known, first = types.setdefault(term.text, (type, term))
        if known != type:
            message = f"'{term.text}' is {article(known)} and cannot be {article(type)} too"
            notes = [Note("it is so because of this", first.span)]
            self.report.add("W0202", message, term.span, notes=notes)
            return False
        return True

    def _constant(self, term: syntax.Term, type: str) -> int | str | None:
        """The row of a table, or a value's canonical text."""
        written = _written(term)
        if type in self.tables and isinstance(term, syntax.Text):
            rows = [row[0] for row in self.tables[type].rows]
            if written in rows:
                return rows.index(written)
            help = did_you_mean(written, rows)
            self.report.add("W0101", f"table '{type}' has no row '{written}'", term.span, help=help)
            return None
        if type == "text" and isinstance(term, syntax.Text):
            return written
        value = canonical_text(type, written) if type in ORDERED else None
        if value is None or isinstance(term, syntax.Text | syntax.Aggregate):
            message = (
                f"this is no {type}" if type in VALUE_TYPES else f"'{type}' is not named by a constant here"
            )
            help = "use a variable" if type not in VALUE_TYPES else ""
            self.report.add("W0202", message, term.span, help=help)
            return None
        return value


def _written(term: syntax.Term) -> str:
    if isinstance(term, syntax.Number):
        return f"{term.value:.12g}"
    return term.text if isinstance(term, syntax.Text | syntax.Date) else ""
