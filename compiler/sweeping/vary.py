"""An experiment with another value of one setting: syntax in, syntax out, the rest as it stands."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

from wug.compiler.checking.settings import Cursor, Schema
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.language import syntax, syntax_experiment
from wug.compiler.language.source import Span
from wug.compiler.sweeping.axes import BLOCKS, SCHEMAS, Place, Value

_BEHIND = ("augment", "generate")
"""Keys whose block stands behind other words, or may be left out; the others have that or something else."""

Declared = TypeVar(
    "Declared",
    syntax_experiment.Train,
    syntax_experiment.Test,
    syntax_experiment.Model,
    syntax_experiment.Arm,
)


def varied(
    declared: syntax_experiment.Experiment, place: Place, value: Value
) -> syntax_experiment.Experiment:
    """The experiment with this value at this place. What is wrong with the value is found where the variant
    is checked: it has the span of where the sweep says it."""
    of = place.varied
    if of.kind == "seeds":
        (number,) = value
        assert isinstance(number, syntax.Number)
        return dataclasses.replace(declared, seeds=(number,))
    if of.kind == "world":
        first, *others = declared.worlds
        settings = _with_parameter(first.settings, place.keys[0], value[0], of.span)
        return dataclasses.replace(declared, worlds=(dataclasses.replace(first, settings=settings), *others))
    if of.kind == "holdout":
        holdouts = tuple(
            _held_out(each, value[0]) if each.name == of.name else each for each in declared.holdouts
        )
        return dataclasses.replace(declared, holdouts=holdouts)
    if of.kind == "train":
        return dataclasses.replace(
            declared, trains=tuple(_changed(each, place, value) for each in declared.trains)
        )
    if of.kind == "test":
        return dataclasses.replace(
            declared, tests=tuple(_changed(each, place, value) for each in declared.tests)
        )
    if of.kind == "model":
        return dataclasses.replace(
            declared, models=tuple(_changed(each, place, value) for each in declared.models)
        )
    return dataclasses.replace(declared, arms=tuple(_changed(each, place, value) for each in declared.arms))


def _changed(declaration: Declared, place: Place, value: Value) -> Declared:
    of = place.varied
    if isinstance(declaration, syntax_experiment.Train):
        meant = declaration.relation == of.name and of.form in (None, declaration.form)
    else:
        meant = declaration.name == of.name
    if not meant:
        return declaration
    settings = declaration.settings or syntax.Settings((), of.span)
    return dataclasses.replace(declaration, settings=_laid(settings, place.keys, value, SCHEMAS[of.kind]))


def _held_out(holdout: syntax_experiment.Holdout, value: syntax.Atom) -> syntax_experiment.Holdout:
    """A holdout of so many members."""
    others = tuple(atom for atom in holdout.settings.atoms if not isinstance(atom, syntax.Number))
    return dataclasses.replace(holdout, settings=syntax.Settings((value, *others), holdout.settings.span))


def _with_parameter(
    settings: syntax.Settings | None, name: syntax.Name, value: syntax.Atom, span: Span
) -> syntax.Settings:
    """The values that an experiment gives to parameters of its world, with another one of them."""
    atoms = list(settings.atoms) if settings is not None else []
    for at in range(0, len(atoms) - 1, 2):
        if atoms[at] == name:
            del atoms[at : at + 2]
            break
    return syntax.Settings((*atoms, name, value), settings.span if settings is not None else span)


def _laid(
    settings: syntax.Settings, keys: tuple[syntax.Name, ...], value: Value, schema: Schema
) -> syntax.Settings:
    """A block with this value behind these keys, in the place of what stands there, else at its end."""
    key, *deeper = keys
    start, end = _extent(settings, key.text, schema)
    before, there, after = settings.atoms[:start], settings.atoms[start:end], settings.atoms[end:]
    if deeper:
        inner = next((atom for atom in reversed(there) if isinstance(atom, syntax.Settings)), None)
        block = _laid(inner or syntax.Settings((), key.span), tuple(deeper), value, BLOCKS[key.text])
        others = tuple(atom for atom in there[1:] if atom is not inner) if key.text in _BEHIND else ()
        value = (*others, block)
    said = there[0] if there and deeper else key
    return syntax.Settings((*before, said, *value, *after), settings.span)


def _extent(settings: syntax.Settings, key: str, schema: Schema) -> tuple[int, int]:
    """Where a key and its value stand in a block; behind its end where they do not."""
    cursor = Cursor(settings, Report())
    while (atom := cursor.peek()) is not None:
        start = cursor.index
        cursor.index += 1
        if isinstance(atom, syntax.Name) and atom.text in schema:
            schema[atom.text](cursor, atom)
            if atom.text == key:
                return start, cursor.index
    return len(settings.atoms), len(settings.atoms)
