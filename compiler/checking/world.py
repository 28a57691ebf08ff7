"""Syntax to a checked world: names resolved, arities and types compared, forms and settings understood."""

from __future__ import annotations

import dataclasses

from wug.compiler.checking.ambiguity import check_ambiguity
from wug.compiler.checking.counts import check_counts
from wug.compiler.checking.documents import DocumentChecker
from wug.compiler.checking.entities import EntityChecker, within
from wug.compiler.checking.forms import FormChecker
from wug.compiler.checking.given import check_given
from wug.compiler.checking.populations import PopulationChecker, check_references
from wug.compiler.checking.rules import RuleChecker
from wug.compiler.checking.scenes import SceneChecker, flattened
from wug.compiler.checking.terms import TermChecker
from wug.compiler.data.typed import VALUE_TYPES
from wug.compiler.diagnosis.diagnostics import Note, Report, did_you_mean
from wug.compiler.entities import NONCE, Argument, Entity, Lexicon, Table
from wug.compiler.forms import Form
from wug.compiler.inferring.rewriting import rule_of
from wug.compiler.inferring.strata import check_strata
from wug.compiler.language import syntax
from wug.compiler.language.resolve import WorldFiles
from wug.compiler.language.source import Span
from wug.compiler.rules import Rule
from wug.compiler.world import Document, Given, Relation, World

TRAITS = (
    "symmetric",
    "asymmetric",
    "transitive",
    "irreflexive",
    "functional",
    "injective",
    "acyclic",
    "complete",
)


def check_world(files: WorldFiles, report: Report) -> World:
    """The world that the files declare together, as far as it can be understood; errors go to `report`."""
    return _WorldChecker(files, report).run()


class _WorldChecker:
    def __init__(self, files: WorldFiles, report: Report) -> None:
        self.files = files
        self.report = report
        self.lexicons: dict[str, Lexicon] = {}
        self.checker = EntityChecker(files.root, self.lexicons, report)
        self.scenes = SceneChecker(self.checker.lexicons.naming, report)
        self.places: dict[str, Span] = {}
        self.entities: dict[str, Entity] = {}
        self.tables: dict[str, Table] = {}
        self.relations: dict[str, Relation] = {}
        self.preambles: dict[str, tuple[str, ...]] = {}
        self.given: dict[str, Given] = {}

    def run(self) -> World:
        worlds = [file for file in self.files.files if file.world is not None]
        declared = flattened([(file, d) for file in worlds if file.world for d in file.world.declarations])
        for file, declaration in sorted(declared, key=lambda each: not isinstance(each[1], syntax.Lexicon)):
            self._declare(file, declaration)
        self._sequences()
        terms = TermChecker(self.entities, self.relations, self.checker, self.report)
        for _, declaration in declared:
            if (
                isinstance(declaration, syntax.Terms)
                and self.places.get(declaration.name.text) is declaration.name.span
            ):
                self._operators(declaration)
                terms.terms(declaration)
        relations = []
        for _, declaration in declared:
            if isinstance(declaration, syntax.Relation) and declaration.name.text not in self.relations:
                self._relation(declaration)
                relations.append(declaration)
        self.relations = check_references(self.relations, self.tables, self.report)
        scenes = [d for _, d in declared if isinstance(d, syntax.Scene) and d.name.text in self.entities]
        cases = self.scenes.cases(scenes, self.entities, self.tables, self.relations)
        for _, declaration in declared:
            if isinstance(declaration, syntax.Rule | syntax.Never):
                self.scenes.connected(declaration, self.relations, self.entities)
        reader = RuleChecker(self.entities, self.tables, self.relations, self._known, self.report)
        rules = [reader.rule(d) for _, d in declared if isinstance(d, syntax.Rule)]
        nevers = [reader.never(d) for _, d in declared if isinstance(d, syntax.Never)]
        rewritings = [each for d in relations for each in terms.rewritings(d, self.relations[d.name.text])]
        rules += [
            rule_of(
                each,
                self.relations[each.relation],
                self.entities[self.relations[each.relation].arguments[0].type],
            )
            for each in rewritings
        ]
        kept = tuple(rule for rule in rules if rule is not None)
        kept_nevers = tuple(never for never in nevers if never is not None)
        check_strata(self.relations, kept, self.report)
        self._check_populated(kept)
        check_ambiguity(self.relations, self.tables, self.report)
        documents = self._documents([d for _, d in declared if isinstance(d, syntax.Document)])
        main = worlds[-1].world if worlds else None
        name, doc = (main.name.text, main.doc) if main else ("", "")
        world = World(
            name,
            self.entities,
            self.tables,
            self.relations,
            kept,
            self.preambles,
            nevers=kept_nevers,
            doc=doc,
            lexicons=self.lexicons,
            documents=documents,
            scenes=cases,
            rewritings=tuple(rewritings),
            given=self.given,
        )
        counts = {entity.name: entity.count for entity in self.entities.values() if entity.count}
        check_counts(world, counts, self.report)
        return world

    def _documents(self, declared: list[syntax.Document]) -> dict[str, Document]:
        checker = DocumentChecker(
            self.entities, self.relations, FormChecker(self.tables, self.report), self.report
        )
        found = [checker.document(d) for d in declared if self.places.get(d.name.text) is d.name.span]
        return {document.name: document for document in found if document is not None}

    def _declare(self, file: syntax.WorldFile, declaration: syntax.Declaration) -> None:
        if isinstance(declaration, syntax.Rule | syntax.Never | syntax.Parameter):
            return
        name = declaration.name
        if name.text in self.places:
            notes = [Note("first declared here", self.places[name.text])]
            self.report.add("W0103", f"'{name.text}' is declared twice", name.span, notes=notes)
            return
        if name.text == NONCE.name and isinstance(declaration, syntax.Lexicon):
            self.report.add(
                "W0012", f"'{name.text}' is the built-in lexicon and cannot be declared", name.span
            )
            return
        if name.text in VALUE_TYPES:
            self.report.add("W0012", f"'{name.text}' is a built-in type and cannot be declared", name.span)
            return
        self.places[name.text] = name.span
        if isinstance(declaration, syntax.Lexicon):
            self.lexicons[name.text] = self.checker.lexicons.lexicon(file, declaration)
        elif isinstance(declaration, syntax.Entity):
            self.entities[name.text] = self.scenes.member(declaration, self.checker.entity(file, declaration))
        elif isinstance(declaration, syntax.Scene):
            self.entities[name.text] = self.scenes.scene(file, declaration, self.checker.known)
        elif isinstance(declaration, syntax.Table):
            self.tables[name.text] = self.checker.table(declaration)
        elif isinstance(declaration, syntax.Given):
            given = check_given(file, declaration, self.files.root, self.report)
            if given is not None:
                self.given[name.text] = given
        elif isinstance(declaration, syntax.Preamble):
            if not declaration.texts:
                help = 'write at least one text; "" is the sentence alone'
                self.report.add("W0107", f"preamble '{name.text}' has no texts", name.span, help=help)
            self.preambles[name.text] = tuple(text.text for text in declaration.texts)

    def _operators(self, declaration: syntax.Terms) -> None:
        """Operators are relations too, so their names are declared as those are."""
        for operator in declaration.operators:
            name = operator.name
            if name.text in self.places:
                notes = [Note("first declared here", self.places[name.text])]
                self.report.add("W0103", f"'{name.text}' is declared twice", name.span, notes=notes)
            self.places.setdefault(name.text, name.span)

    def _sequences(self) -> None:
        """Sequences are of simple things; each type of them is a relation too, which says what is where."""
        for entity in list(self.entities.values()):
            if entity.sequence is None or not entity.sequence.of:
                continue
            of = self.entities.get(entity.sequence.of)
            if of is None or of.composed:
                simple = [each.name for each in self.entities.values() if not each.composed]
                help = did_you_mean(entity.sequence.of, simple)
                message = f"'{entity.sequence.of}', of which '{entity.name}' are sequences, is no entity"
                self.report.add("W0101", message, entity.span, help=help)
                continue
            parts = entity.partition or of.partition
            self.entities[entity.name] = dataclasses.replace(entity, partition=parts)
            arguments = (Argument("of", entity.name), Argument("at", "integer"), Argument("it", of.name))
            self.relations[entity.name] = Relation(
                entity.name,
                arguments,
                frozenset({"complete"}),
                None,
                None,
                (),
                entity.span,
                built_in=True,
            )

    # Relations

    def _known(self, *types: str) -> bool:
        """Whether all of these are types; what is said of an unknown one would only be an echo."""
        return all(type in self.entities or type in self.tables or type in VALUE_TYPES for type in types)

    def _relation(self, declaration: syntax.Relation) -> None:
        arguments: list[Argument] = []
        for param in declaration.params:
            if any(argument.name == param.name.text for argument in arguments):
                self.report.add("W0103", f"two arguments are called '{param.name.text}'", param.name.span)
            if param.type.text not in (*self.entities, *self.tables, *VALUE_TYPES):
                known = [*self.entities, *self.tables, *VALUE_TYPES]
                help = did_you_mean(param.type.text, known)
                self.report.add("W0101", f"unknown type '{param.type.text}'", param.type.span, help=help)
            arguments.append(Argument(param.name.text, param.type.text))
        traits, converse = self._traits(declaration, arguments)
        population = None
        checker = PopulationChecker(self.entities, self.tables, self._known, self.report)
        for populate in declaration.populates:
            population = checker.population(populate, declaration, arguments)
        for populate in declaration.populates[1:]:
            self.report.add("W0103", "a relation is populated once", populate.span)
        forms: dict[str, Form] = {}
        reader = FormChecker(self.tables, self.report)
        for form in declaration.forms:
            if form.name.text in forms:
                self.report.add("W0103", f"two forms are called '{form.name.text}'", form.name.span)
            made = reader.form(form, arguments)
            if made is not None:
                forms[form.name.text] = made
        self.relations[declaration.name.text] = Relation(
            declaration.name.text,
            tuple(arguments),
            traits,
            converse,
            population,
            tuple(forms.values()),
            declaration.name.span,
        )

    def _traits(
        self, declaration: syntax.Relation, arguments: list[Argument]
    ) -> tuple[frozenset[str], int | None]:
        traits: set[str] = set()
        converse: int | None = None
        names = iter(declaration.traits)
        for trait in names:
            if trait.text == "converse":
                over = next(names, None)
                converse = self._converse(trait, over, arguments)
                continue
            if trait.text not in TRAITS:
                help = did_you_mean(trait.text, [*TRAITS, "converse"])
                self.report.add("W0102", f"unknown trait '{trait.text}'", trait.span, help=help)
                continue
            pair = trait.text not in ("complete",)
            if pair and len(arguments) < 2:
                self.report.add("W0202", f"'{trait.text}' needs a relation of two arguments", trait.span)
                continue
            same = trait.text not in ("complete", "functional", "injective")
            both = [argument.type for argument in arguments[:2]]
            if same and both[0] != both[1] and self._known(*both):
                message = f"'{trait.text}' needs the first two arguments to have one type"
                self.report.add("W0202", message, trait.span)
                continue
            traits.add(trait.text)
        return frozenset(traits), converse

    def _converse(
        self, trait: syntax.Name, over: syntax.Name | None, arguments: list[Argument]
    ) -> int | None:
        if over is None:
            help = "say which argument turns round: converse on"
            self.report.add("W0107", "'converse' needs an argument", trait.span, help=help)
            return None
        found = [i for i, argument in enumerate(arguments) if argument.name == over.text]
        if not found:
            help = did_you_mean(over.text, [a.name for a in arguments])
            self.report.add("W0101", f"unknown argument '{over.text}'", over.span, help=help)
            return None
        if not self._known(*(argument.type for argument in arguments)):
            return found[0]
        table = self.tables.get(arguments[found[0]].type)
        if table is None or -1 in table.mirror or found[0] < 2 or arguments[0].type != arguments[1].type:
            self.report.add(
                "W0202",
                f"'converse {over.text}' does not fit",
                over.span,
                help='the first two arguments need one type, and this one a table of \'"a" <-> "b"\' rows',
            )
            return None
        return found[0]

    # All together

    def _check_populated(self, rules: tuple[Rule, ...]) -> None:
        derived = {rule.head.relation for rule in rules}
        for relation in self.relations.values():
            if relation.population is None and relation.name not in derived and not relation.built_in:
                if any(item.span and within(relation.span, item.span) for item in self.report.items):
                    continue
                if self.report.failed:  # the rule or population may be the one that is in error
                    continue
                help = "add 'populate ...' to it, or a rule whose head it is"
                message = f"relation '{relation.name}' has no facts: nothing populates or derives it"
                self.report.add("W0402", message, relation.span, help=help)
