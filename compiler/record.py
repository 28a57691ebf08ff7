"""Records: the frozen dataclasses that the steps of a check hand on to one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields, is_dataclass
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar, dataclass_transform

LATER = {"later": True}
"""Metadata of a field that came when there were keys already: where it has its default it is no part of what
a record says, so that whatever does not use it keeps its key."""


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Record:
    """What `class Name(Record)` declares is a frozen dataclass, equal where its compared fields are.

    `@dataclass(frozen=True)` compiles six methods for each class. A check declares more than a hundred
    classes, so that took a third of its time. All records share these.
    """

    _fields: ClassVar[tuple[Field[Any], ...]]
    _compared: ClassVar[Callable[[Any], Any]]

    def __init_subclass__(cls) -> None:
        cls.__doc__ = cls.__doc__ or cls.__name__  # otherwise `dataclass` makes up one, which takes time
        dataclass(init=False, repr=False, eq=False, match_args=False)(cls)
        cls._fields = fields(cls)  # type: ignore[arg-type]
        compared = [each.name for each in cls._fields if each.compare]
        cls._compared = attrgetter(*compared) if compared else type

    def __init__(self, *given: Any, **named: Any) -> None:
        held = self.__dict__
        for each, value in zip(self._fields, given, strict=False):
            held[each.name] = value
        for each in self._fields[len(given) :]:
            held[each.name] = named.pop(each.name) if each.name in named else _default(each)
        if named or len(given) > len(self._fields):
            raise TypeError(f"{type(self).__name__} has no such fields: {given[len(self._fields) :]} {named}")
        self.__post_init__()

    def __post_init__(self) -> None:
        """What a record makes sure of, its fields being set."""

    def __eq__(self, other: object) -> bool:
        if self.__class__ is not other.__class__:
            return NotImplemented
        compared = self.__class__._compared
        return bool(compared(self) == compared(other))

    def __hash__(self) -> int:
        return hash(self.__class__._compared(self))

    def __repr__(self) -> str:
        shown = (f"{each.name}={getattr(self, each.name)!r}" for each in self._fields if each.repr)
        return f"{type(self).__name__}({', '.join(shown)})"

    def __setattr__(self, name: str, value: Any) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    if field.default is MISSING:
        raise TypeError(f"field {field.name!r} is missing")
    return field.default


LEAVES = frozenset((str, int, float, bool, type(None)))
"""Values that hold no others, which most of a spec is."""


def spoken(record: Any) -> list[Field[Any]]:
    """The fields of a dataclass that say something: all but those that came later and have their default."""
    return [
        each
        for each, later in _fields(record.__class__)
        if not (later and getattr(record, each.name) == each.default)
    ]


@cache
def _fields(kind: type) -> tuple[tuple[Field[Any], bool], ...]:
    """The fields of a dataclass, and whether each came later."""
    return tuple((each, bool(each.metadata.get("later"))) for each in fields(kind))


def as_plain(value: Any) -> Any:
    """A record as dicts of the fields that say something, in their order."""
    if type(value) in LEAVES:
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: as_plain(getattr(value, each.name)) for each in spoken(value)}
    if isinstance(value, list | tuple):
        return type(value)(as_plain(each) for each in value)
    return value
