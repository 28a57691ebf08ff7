"""Records are frozen dataclasses in all but the time that it takes to declare them."""

from __future__ import annotations

import dataclasses
from dataclasses import FrozenInstanceError, field

import pytest

from wug.compiler.canonical import canonical
from wug.compiler.record import LATER, Record, as_plain


class Point(Record):
    x: int
    y: int = 0
    marks: list[str] = field(default_factory=list)
    place: str = field(default="", compare=False, repr=False)


class Other(Record):
    x: int
    y: int = 0

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("x is negative")


def test_fields_by_place_and_by_name_and_by_default() -> None:
    point = Point(1, marks=["a"])
    assert (point.x, point.y, point.marks, point.place) == (1, 0, ["a"], "")
    assert list(vars(point)) == [each.name for each in dataclasses.fields(point)]
    assert Point(1).marks is not Point(1).marks
    assert dataclasses.replace(point, y=2) == Point(1, 2, ["a"])
    assert repr(point) == "Point(x=1, y=0, marks=['a'])"


def test_equality_is_of_the_compared_fields_in_one_class() -> None:
    assert Other(1, 2) == Other(1, 2) != Other(2, 1)
    assert len({Other(1, 2), Other(1, 2), Other(2, 1)}) == 2
    assert Point(1, place="here") == Point(1, place="there")
    assert Point(1, 2) != Other(1, 2)


class Older(Record):
    x: int
    others: tuple[Point, ...] = ()


class Newer(Older):
    style: str = field(default="plain", metadata=LATER)


def test_a_field_that_came_later_says_nothing_where_it_has_its_default() -> None:
    assert canonical(Newer(1)) == canonical(Older(1)) != canonical(Newer(1, style="bold"))
    assert as_plain(Newer(1)) == {"x": 1, "others": ()}
    assert as_plain(Newer(1, style="bold")) == {"x": 1, "others": (), "style": "bold"}
    inner = {"x": 2, "y": 0, "marks": ["a"], "place": ""}
    assert as_plain(Older(1, (Point(2, marks=["a"]),))) == {"x": 1, "others": (inner,)}


def test_nothing_changes() -> None:
    other = Other(1)
    with pytest.raises(FrozenInstanceError):
        other.x = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del other.x
    assert other == Other(1)


def test_what_a_record_makes_sure_of() -> None:
    with pytest.raises(ValueError, match="negative"):
        Other(-1)


@pytest.mark.parametrize(("given", "named"), [((), {}), ((1, 2, 3), {}), ((1,), {"x": 1}), ((1,), {"z": 1})])
def test_what_does_not_fit_is_refused(given: tuple[int, ...], named: dict[str, int]) -> None:
    with pytest.raises(TypeError):
        Other(*given, **named)
