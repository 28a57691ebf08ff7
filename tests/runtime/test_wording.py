import pytest

from wug.runtime.wording import flops, interval, most, percent


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.974, "97 %"), (1.0, "100 %"), (0.999, "99 %"), (0.0, "0 %"), (0.001, "1 %"), (0.5, "50 %")],
)
def test_only_what_is_whole_is_written_so(share: float, text: str) -> None:
    assert percent(share) == text


def test_intervals() -> None:
    assert interval({"low": 0.918, "high": 0.9999}) == "92–100"


@pytest.mark.parametrize(
    ("count", "text"),
    [(12, "12"), (1_234_567, "1.23 M"), (999_600, "1 M"), (3.1e11, "310 G"), (0, "0")],
)
def test_operations(count: float, text: str) -> None:
    assert flops(count) == text


def test_counts_that_differ_are_told_by_the_largest() -> None:
    assert [most([8, 8]), most([8, 1200]), most([])] == ["8", "up to 1,200", "0"]
