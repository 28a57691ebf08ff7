"""Who is meant: `where p in a, both` behind what is trained or asked, and holdouts."""

from __future__ import annotations

from collections.abc import Mapping

from wug.compiler.checking import settings
from wug.compiler.checking.experiment_settings import HOLDOUT
from wug.compiler.checking.named import Named
from wug.compiler.diagnosis.diagnostics import Report, did_you_mean
from wug.compiler.experiment import Holdout, Where
from wug.compiler.language import syntax, syntax_experiment
from wug.compiler.world import Relation, World

MOST = 10_000_000


class WhereChecker:
    """Reads `where` over the parts of entities and the holdouts of this experiment."""

    def __init__(self, world: World, holdouts: Mapping[str, Holdout], report: Report) -> None:
        self.world = world
        self.holdouts = holdouts
        self.report = report

    def wheres(self, wheres: tuple[syntax_experiment.Where, ...], relation: Relation) -> tuple[Where, ...]:
        """All conditions; what is wrong with one is reported, and it is left out."""
        found = (self._where(where, relation) for where in wheres)
        return tuple(where for where in found if where is not None)

    def _where(self, where: syntax_experiment.Where, relation: Relation) -> Where | None:
        names = [argument.name for argument in relation.arguments]
        name = where.argument
        if name.text not in names:
            help = did_you_mean(name.text, names)
            message = f"'{relation.name}' has no argument '{name.text}'"
            self.report.add("W0101", message, name.span, help=help)
            return None
        place = names.index(name.text)
        entity = self.world.entities.get(relation.arguments[place].type)
        if entity is None:
            message = f"'{name.text}' is no entity, so it has no parts"
            self.report.add("W0202", message, name.span, help="name an argument whose type is an entity")
            return None
        known = self.known(entity.name)
        for part in where.parts:
            if part.text not in known:
                help = did_you_mean(part.text, known) or f"'{entity.name}' has neither partition nor holdout"
                message = f"'{entity.name}' has no part '{part.text}'"
                self.report.add("W0101", message, part.span, help=help)
                return None
        return Where(place, where.negated, tuple(part.text for part in where.parts))

    def known(self, entity: str) -> list[str]:
        """The parts and holdouts of an entity, by name."""
        if entity not in self.world.entities:
            return []
        held = [holdout.name for holdout in self.holdouts.values() if holdout.entity == entity]
        return [*self.world.entities[entity].parts, *held]


class HoldoutChecker:
    """Reads holdouts: how many members of which entity, and what is still known of them."""

    def __init__(self, named: Named, report: Report) -> None:
        self.named = named
        self.report = report

    def holdout(self, holdout: syntax_experiment.Holdout) -> Holdout | None:
        """`10 leaf category { keep is_a }`, or a share such as `20% category`."""
        what = f"holdout '{holdout.name.text}'"
        cursor = settings.Cursor(holdout.settings, self.report)
        number = cursor.take(syntax.Number)
        leaf = cursor.peek()
        called = isinstance(cursor.peek(1), syntax.Name)  # an entity may be called leaf as well
        if is_leaf := called and isinstance(leaf, syntax.Name) and leaf.text == "leaf":
            cursor.index += 1
        name, block = cursor.take(syntax.Name), cursor.take(syntax.Settings)
        if number is None or name is None or number.kind == "decimal" or cursor.peek() is not None:
            help = f"write: holdout {holdout.name.text} = 10 ENTITY, or 10 leaf ENTITY {{ keep RELATION }}"
            self.report.add("W0107", f"{what} does not say how many of what", holdout.name.span, help=help)
            return None
        if name.text not in self.named.world.entities:
            help = did_you_mean(name.text, self.named.world.entities)
            self.report.add("W0101", f"unknown entity '{name.text}'", name.span, help=help)
            return None
        if holdout.name.text in self.named.world.entities[name.text].parts:
            message = f"'{name.text}' has a part '{holdout.name.text}' already"
            self.report.add("W0103", message, holdout.name.span, help="give the holdout another name")
        share = number.value if number.kind == "percent" else 0.0
        count = 0 if share else int(number.value)
        if not (0 < share < 1 or 1 <= count <= MOST):
            self.report.add("W0204", f"{what} must hold out some members and not all", number.span)
            return None
        if is_leaf and not self.named.world.forests(name.text):
            message = f"'{name.text}' stands in no forest, so none of it is a leaf"
            self.report.add("W0202", message, name.span, help="leave out 'leaf', or populate a forest")
            return None
        values = settings.read(block, HOLDOUT, what, self.report)
        keep = tuple(kept.text for kept in values.get("keep", []) if self._kept(kept, name.text))
        return Holdout(holdout.name.text, name.text, count, share, is_leaf, keep, holdout.name.span)

    def _kept(self, relation: syntax.Name, entity: str) -> bool:
        if not self.named.relation(relation):
            return False
        if any(argument.type == entity for argument in self.named.world.relations[relation.text].arguments):
            return True
        message = f"'{relation.text}' says nothing about '{entity}'"
        self.report.add("W0202", message, relation.span, help="keep a relation with such an argument")
        return False
