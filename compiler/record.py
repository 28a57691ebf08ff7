"""Records: the frozen dataclasses that the steps of a check hand on to one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import Any, ClassVar, dataclass_transform


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Record:
    """What `class Name(Record)` declares is a frozen dataclass, equal where its compared fields are.

    `@dataclass(frozen=True)` compiles six methods for each class. A check declares more than a hundred
    classes, so that took a third of its time. Here only `__init__` is made for each; the others are these.
    """

    _compared: ClassVar[Callable[[Any], Any]]

    def __init_subclass__(cls) -> None:
        dataclass(repr=False, eq=False, match_args=False)(cls)
        names = [each.name for each in fields(cls) if each.compare]  # type: ignore[arg-type]
        cls._compared = attrgetter(*names) if names else type

    def __eq__(self, other: object) -> bool:
        if self.__class__ is not other.__class__:
            return NotImplemented
        compared = self.__class__._compared
        return bool(compared(self) == compared(other))

    def __hash__(self) -> int:
        return hash(self.__class__._compared(self))

    def __repr__(self) -> str:
        shown = (each.name for each in fields(self) if each.repr)  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__dict__:  # `__init__` sets each field once
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")
