"""What all tests share: how properties are tried, the root, and golden files (`pytest --bless`)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# Derandomised: what passes on one machine passes on the next. The slow tests look further.
settings.register_profile("wug", deadline=None, derandomize=True, max_examples=25)
settings.load_profile("wug")

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "tests" / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="write what came out into tests/golden")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(path, text)` compares `text` with tests/golden/<path>, or writes it there with --bless."""

    def compare(path: str, text: str) -> None:
        file = GOLDEN / path
        if request.config.getoption("--bless"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        assert file.is_file(), f"no tests/golden/{path}: run pytest --bless, read it, and commit it"
        assert text == file.read_text(encoding="utf-8"), f"differs from tests/golden/{path}"

    return compare
