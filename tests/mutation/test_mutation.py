"""Mutants are drawn alike everywhere, and those said to be the same program are of something."""

from __future__ import annotations

import ast

from tests.mutation.__main__ import changed, drawn, equivalent, place, table
from tests.numbered import ROOT


def test_more_mutants_begin_with_those_of_fewer() -> None:
    names = [f"wug.compiler.asking.split.x_f__mutmut_{number}" for number in range(50)]
    few, many = drawn(names, 5, 0), drawn(list(reversed(names)), 20, 0)
    assert many[:5] == few
    assert len(set(many)) == 20
    assert drawn(names, 5, 1) != few


def test_a_name_tells_file_and_function() -> None:
    method = "wug.compiler.asking.split.xǁ_Askerǁvalues__mutmut_12"
    assert place(method) == ("compiler/asking/split.py", "_Asker.values")
    assert place("wug.compiler.asking.split.x__moved__mutmut_1") == ("compiler/asking/split.py", "_moved")


def test_only_what_changes_is_kept_of_a_diff() -> None:
    assert (
        changed("--- a\n+++ a\n@@ -1 +1 @@\n def f():\n-  return 1\n+  return 2\n")
        == "-  return 1\n+  return 2"
    )


def test_the_table_counts_by_area() -> None:
    ends = [("split", "killed"), ("split", "survived"), ("infer", "survived")]
    lines = [{"area": area, "end": end, "file": area, "function": "f", "change": "c"} for area, end in ends]
    assert table(lines, {("split", "f", "c")}).splitlines() == [
        "check: 0 mutants",
        "infer: 1 mutants, 1 survived",
        "split: 2 mutants, 1 equivalent, 1 killed",
    ]


def test_what_is_said_to_change_nothing_is_of_lines_that_are_there() -> None:
    for (file, function, change), reason in equivalent().items():
        source = (ROOT / file).read_text(encoding="utf-8")
        names = {node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)}
        assert function.rpartition(".")[2] in names
        for line in change.splitlines():
            assert line[0] == "+" or line[1:].strip() in source, f"{file} has no longer: {line}"
        assert reason
