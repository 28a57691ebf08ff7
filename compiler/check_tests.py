"""What is trained and what is asked: relations in forms, over the facts that `where` chooses."""

from __future__ import annotations

from wug.compiler import settings, syntax
from wug.compiler.check_where import WhereChecker
from wug.compiler.diagnostics import Report, did_you_mean
from wug.compiler.experiment import Test, Train
from wug.compiler.experiment_settings import TEST, TRAIN
from wug.compiler.named import Named
from wug.compiler.source import Span
from wug.compiler.world import Form, Slot


class TestChecker:
    """Reads the `train` lines and tests of an experiment."""

    def __init__(self, named: Named, wheres: WhereChecker, report: Report) -> None:
        self.named = named
        self.world = named.world
        self.wheres = wheres
        self.report = report

    def train(self, train: syntax.Train) -> Train | None:
        values = settings.read(train.settings, TRAIN, "train", self.report)
        preamble = values.get("preamble")
        texts: tuple[str, ...] = ("",)
        if preamble is not None:
            if preamble.text not in self.world.preambles:
                help = did_you_mean(preamble.text, self.world.preambles)
                self.report.add("W0101", f"unknown preamble '{preamble.text}'", preamble.span, help=help)
            texts = self.world.preambles.get(preamble.text) or ("",)
        if not self.named.form(train.relation, train.form) or train.form is None:
            return None
        relation = self.world.relations[train.relation.text]
        if relation.population is None:
            help = "train what it is derived from, and test the relation itself"
            message = (
                f"'{relation.name}' is only derived by rules: there are no stated facts of it to train on"
            )
            self.report.add("W0202", message, train.relation.span, help=help)
            return None
        where = self.wheres.wheres(train.where, relation)
        return Train(relation.name, train.form.text, values.get("articles", 1), texts, where, train.span)

    def test(self, test: syntax.Test) -> Test | None:
        values = settings.read(test.settings, TEST, f"test '{test.name.text}'", self.report)
        asked = test.form
        if not self.named.form(test.relation, asked) or asked is None:
            return None
        relation = self.world.relations[test.relation.text]
        where = self.wheres.wheres(test.where, relation)
        if "choices" not in values:
            if not any(isinstance(a, syntax.Name) and a.text == "choices" for a in test.settings.atoms):
                help = "add: choices contradiction"
                self.report.add("W0107", f"test '{test.name.text}' has no choices", test.name.span, help=help)
            return None
        choices, others = values["choices"]
        if choices == "contradiction" and relation.converse is None:
            self.report.add(
                "W0503",
                f"'{relation.name}' has no contradiction to offer as a choice",
                test.relation.span,
                help="give it 'converse' over a table of '\"a\" <-> \"b\"' rows, or use choices others(n)",
            )
            return None
        form = relation.form(asked.text)
        varied = relation.converse if choices == "contradiction" else self._asked(asked.span, form)
        if varied is None:
            return None
        cut = self._cut(asked.span, form, varied, relation.arguments[varied].name)
        if cut is None:
            return None
        return Test(
            test.name.text, relation.name, form.name, choices, others, varied, cut, where, test.name.span
        )

    def _asked(self, place: Span, form: Form) -> int | None:
        """The one argument that stands in the answer of a form."""
        slots = {piece.argument for piece in form.pieces[form.answer :] if isinstance(piece, Slot)}
        if len(slots) == 1:
            return slots.pop()
        self.report.add(
            "W0503",
            f"'others' needs a form whose answer holds one argument; '{form.name}' has {len(slots)}",
            place,
            help='mark the answer in the form: "The symbol of {e} is" => " {symbol}."',
        )
        return None

    def _cut(self, place: Span, form: Form, varied: int, name: str) -> int | None:
        """Where the choices begin: at '=>', else at the first slot in which they differ."""
        first = next(i for i, p in enumerate(form.pieces) if isinstance(p, Slot) and p.argument == varied)
        if form.answer == len(form.pieces):
            return first
        if first >= form.answer:
            return form.answer
        message = f"form '{form.name}' names '{name}' before the answer begins"
        help = "put all that the choices differ in behind '=>'"
        self.report.add("W0503", message, place, help=help)
        return None
