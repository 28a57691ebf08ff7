"""Each diagnostic has an example that fails with it alone, and one, the same mended, that is well."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.compiler.conftest import findings
from wug import specs
from wug.compiler.diagnosis.catalogue import CATALOGUE
from wug.compiler.diagnosis.diagnostics import NOT_AS_LOCKED, TOO_MANY, as_text
from wug.compiler.diagnosis.example import Example, File, example

CODES = [code for code in CATALOGUE if code != NOT_AS_LOCKED]


def laid_down(code: str, folder: Path) -> Example:
    """The example of a code with all its files in a folder."""
    found = example(code)
    assert found is not None, f"compiler/examples/{code}.txt is missing"
    (folder / "wug.lock").touch()
    for file in (*found.beside, found.fails, found.passes):
        (folder / file.name).write_bytes(file.data)
    if found.shipped:
        shutil.copy(specs() / "worlds" / found.shipped, folder)
    return found


@pytest.mark.parametrize("code", CODES)
def test_one_fails_and_one_passes(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = laid_down(code, tmp_path)

    def faults(file: File) -> str:
        return as_text(findings(Path(file.name), file.name, tmp_path / "build"))

    items = findings(Path(found.fails.name), found.fails.name, tmp_path / "build")
    codes = {item.code for item in items} - ({"W0103"} if code == TOO_MANY else set())
    assert codes == {code}, as_text(items)
    assert not faults(found.passes)


@pytest.mark.parametrize("code", CODES)
def test_examples_are_short_and_differ_in_little(code: str) -> None:
    found = example(code)
    assert found is not None
    assert max(len(file.text.splitlines()) for file in (found.fails, found.passes)) <= 26
    assert found.fails.data != found.passes.data or found.fails.name != found.passes.name
