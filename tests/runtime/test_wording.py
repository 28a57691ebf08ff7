import pytest

from wug.runtime.wording import flops, interval, percent


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
    [(12, "12 FLOP"), (1_234_567, "1.23 MFLOP"), (999_600, "1 MFLOP"), (3.1e11, "310 GFLOP"), (0, "0 FLOP")],
)
def test_operations(count: float, text: str) -> None:
    assert flops(count) == text
