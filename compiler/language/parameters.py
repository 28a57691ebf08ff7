"""Parameters: `param people = 120`, and who sets it. Syntax in, syntax out: every use becomes a value.

A value comes from the command line, else from the experiment or the import with a name, else from an import
without a name, else from the declaration itself. All values of a parameter are of one kind.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wug.compiler.diagnosis.diagnostics import Note, Report, did_you_mean
from wug.compiler.language import syntax
from wug.compiler.language.parse import parse_value
from wug.compiler.language.resolve import Named, Scope
from wug.compiler.language.source import Source, Span
from wug.compiler.language.walk import nodes, replaced
from wug.compiler.record import Record

Value = syntax.Number | syntax.Text | syntax.Date | syntax.Range | syntax.ValueRange
Condition = syntax.Literal | syntax.Comparison
_NAMELESS = (syntax.Rule, syntax.Never)
_KINDS = {
    syntax.Text: "a text",
    syntax.Date: "a day such as 2026-11-24",
    syntax.Range: "a range such as 1..8",
    syntax.ValueRange: "a range of decimals or of days",
}
_NUMBERS = {
    "int": "a number without a fraction",
    "decimal": "a number",
    "percent": "a percentage such as 50%",
}


class Setting(Record):
    """A value that is given to a parameter from outside. `written` is the text where the kind is not known
    yet, as on the command line, where quotes are the shell's."""

    name: syntax.Name
    value: syntax.Atom | None
    written: str = ""


def command_line(settings: Iterable[str], report: Report) -> list[Setting]:
    """`-D people=500`, each as a setting; what is none is reported."""
    found: list[Setting] = []
    for text in settings:
        source = Source(Path(), f"-D {text}", text)
        name, equal, value = text.partition("=")
        span = Span(source, 0, max(1, len(name)))
        if not equal or not all(part.isidentifier() for part in name.split(".")):
            help = "write -D NAME=VALUE, such as -D people=500"
            report.add("W0107", f"'{text}' sets no parameter", span, help=help)
            continue
        if any(other.name.text == name for other in found):
            report.add("W0103", f"'{name}' is set twice on the command line", span)
            continue
        found.append(Setting(syntax.Name(name, span), parse_value(source, len(name) + 1), value))
    return found


def written_settings(settings: syntax.Settings | None, report: Report) -> list[Setting]:
    """`{ people 500  town "Ulm" }`, each key with its value."""
    found: list[Setting] = []
    atoms = list(settings.atoms) if settings else []
    while atoms:
        key = atoms.pop(0)
        if not isinstance(key, syntax.Name):
            report.add("W0102", "a parameter's name is missing before this value", key.span)
        elif not atoms:
            report.add("W0107", f"'{key.text}' needs a value", key.span)
        else:
            if any(other.name.text == key.text for other in found):
                report.add("W0103", f"'{key.text}' is set twice", key.span)
            found.append(Setting(key, atoms.pop(0)))
    return found


def set_parameters(scope: Scope, settings: list[list[Setting]], report: Report) -> Scope:
    """The scope without parameters. `settings` come from outside, the strongest list last."""
    values = _declared(scope, report)
    world = next((file.world.name.text for file in reversed(scope.files) if file.world), "")
    inner = [Imported(each.alias.text, each) for each in scope.named]
    set_at: dict[str, Span] = {}
    for file in scope.files:
        for each in file.imports:
            if each.alias is None:
                for one in written_settings(each.settings, report):
                    if one.name.text in set_at:
                        notes = [Note("the other import is here", set_at[one.name.text])]
                        message = f"two imports set '{one.name.text}'"
                        report.add("W0103", message, one.name.span, notes=notes)
                    set_at[one.name.text] = one.name.span
                    _set(one, values, world, report)
    for strength in settings:
        for one in strength:
            alias, dot, rest = one.name.text.partition(".")
            of = next((each for each in inner if each.alias == alias), None) if dot else None
            if of is None:
                _set(one, values, world, report)
            else:
                name = syntax.Name(rest, one.name.span)
                of.stronger.append(dataclasses.replace(one, name=name))
    parts: list[syntax.WorldFile | Named] = []
    for part in scope.parts:
        if isinstance(part, Named):
            own = [_passed_on(one, values) for one in written_settings(part.setting, report)]
            stronger = next(each.stronger for each in inner if each.named is part)
            scope_inside = set_parameters(part.scope, [own, stronger], report)
            parts.append(Named(part.alias, None, scope_inside))
        else:
            parts.append(_filled_in(part, values, report))
    return Scope(tuple(parts))


@dataclass
class Imported:
    """An import with a name, and what is set in it from further outside."""

    alias: str
    named: Named
    stronger: list[Setting] = dataclasses.field(default_factory=list)


def _declared(scope: Scope, report: Report) -> dict[str, Value]:
    """The parameters of a scope with their defaults."""
    values: dict[str, Value] = {}
    places: dict[str, Span] = {}
    for declaration in _declarations(scope):
        if isinstance(declaration, _NAMELESS):
            continue
        name = declaration.name
        parameter = isinstance(declaration, syntax.Parameter)
        if name.text in places and (parameter or name.text in values):
            notes = [Note("first declared here", places[name.text])]
            report.add("W0103", f"'{name.text}' is declared twice", name.span, notes=notes)
            continue
        places.setdefault(name.text, name.span)
        if isinstance(declaration, syntax.Parameter):
            if isinstance(declaration.value, Value):
                values[name.text] = declaration.value
            else:
                message = f"parameter '{name.text}' takes a number, a range, a text, a day or a percentage"
                report.add("W0203", message, declaration.value.span)
    return values


def _declarations(scope: Scope) -> Iterable[Any]:
    for file in scope.files:
        yield from (node for node in nodes(file.world) if isinstance(node, syntax.Declaration))


def _set(one: Setting, values: dict[str, Value], world: str, report: Report) -> None:
    """Give a parameter a value of its own kind, or report why not."""
    name = one.name.text
    if name not in values:
        help = did_you_mean(name, values) or f"declare it in the world: param {name} = 120"
        report.add("W0101", f"world '{world}' has no parameter '{name}'", one.name.span, help=help)
        return
    value = one.value
    if isinstance(values[name], syntax.Text) and one.written and not isinstance(value, syntax.Text):
        value = syntax.Text(one.written, one.name.span)  # on the command line the shell takes the quotes off
    if isinstance(value, Value) and _fits(value, values[name]):
        values[name] = value
        return
    span = value.span if value is not None else one.name.span
    message = f"parameter '{name}' takes {_kind(values[name])}, as its default is"
    report.add("W0203", message, span, notes=[Note("its default is here", values[name].span)])


def _fits(value: Value, default: Value) -> bool:
    if isinstance(value, syntax.Number) and isinstance(default, syntax.Number):
        return value.kind == default.kind or (value.kind, default.kind) == ("int", "decimal")
    if isinstance(value, syntax.ValueRange) and isinstance(default, syntax.ValueRange):
        return type(value.low) is type(default.low)
    return type(value) is type(default)


def _kind(value: Value) -> str:
    return _NUMBERS[value.kind] if isinstance(value, syntax.Number) else _KINDS[type(value)]


def _passed_on(one: Setting, values: dict[str, Value]) -> Setting:
    """A setting of an import whose value may be a parameter of the file that imports."""
    if isinstance(one.value, syntax.Name) and one.value.text in values:
        return dataclasses.replace(one, value=_at(values[one.value.text], one.value.span))
    return one


def _filled_in(file: syntax.WorldFile, values: dict[str, Value], report: Report) -> syntax.WorldFile:
    """A file with the values in place of the parameters, which are gone. Reports what no rule can hold."""
    if file.world is None:
        return file

    def atom(each: syntax.Atom) -> syntax.Atom:
        if isinstance(each, syntax.Name) and each.text in values:
            return _at(values[each.text], each.span)
        return replaced(each, change)

    def terms(literal: syntax.Literal) -> tuple[syntax.Term, ...]:
        return tuple(_in_a_rule(each, values, report) or each for each in literal.terms)

    def conditions(body: tuple[Condition, ...]) -> tuple[Condition, ...]:
        found: list[Condition] = []
        for each in body:
            if isinstance(each, syntax.Literal):
                found.append(dataclasses.replace(each, terms=terms(each)))
                continue
            left, right = (_in_a_rule(side, values, report) for side in (each.left, each.right))
            if left is not None and right is not None:
                found.append(dataclasses.replace(each, left=left, right=right))
        return tuple(found)

    def change(node: Any) -> Any:
        if isinstance(node, syntax.Part):
            return dataclasses.replace(node, count=atom(node.count))
        if isinstance(node, syntax.Literal):
            return dataclasses.replace(node, terms=terms(node))
        if isinstance(node, syntax.Rule):
            head = dataclasses.replace(node.head, terms=terms(node.head))
            return dataclasses.replace(node, head=head, body=conditions(node.body))
        if isinstance(node, syntax.Never):
            return dataclasses.replace(node, body=conditions(node.body))
        if isinstance(node, syntax.Settings):
            return syntax.Settings(tuple(atom(each) for each in node.atoms), node.span)
        if isinstance(node, syntax.Call):
            return syntax.Call(node.name, tuple(atom(each) for each in node.arguments), node.span)
        if isinstance(node, syntax.Scene):
            kept = _without(node.declarations)
            settings = replaced(node.settings, change)
            return dataclasses.replace(node, settings=settings, declarations=replaced(kept, change))
        return None

    declarations = replaced(_without(file.world.declarations), change)
    return dataclasses.replace(file, world=dataclasses.replace(file.world, declarations=declarations))


def _in_a_rule(term: syntax.Term, values: dict[str, Value], report: Report) -> syntax.Term | None:
    """A term with the value of a parameter in its place; none, and a report, where no rule can hold that."""
    if not isinstance(term, syntax.Name) or term.text not in values:
        return term
    value = _at(values[term.text], term.span)
    if isinstance(value, syntax.Text | syntax.Date):
        return value
    if isinstance(value, syntax.Number) and value.kind != "percent":
        return value
    message = f"'{term.text}' is {_kind(value)}, and in a rule stands a number, a text or a day"
    report.add("W0203", message, term.span, help="a variable needs a name that no parameter has")
    return None


def _without(declarations: tuple[syntax.Declaration, ...]) -> tuple[syntax.Declaration, ...]:
    return tuple(each for each in declarations if not isinstance(each, syntax.Parameter))


def _at(value: Value, span: Span) -> Value:
    """A value where it is used: what is wrong with it there is reported there."""
    return dataclasses.replace(value, span=span)
