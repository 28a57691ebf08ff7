"""Declared names have no dots, which reach into an import, and are short enough to call a folder by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.language import syntax, syntax_experiment
from wug.compiler.language.walk import nodes

_NAMED = {
    syntax.World,
    syntax.Parameter,
    syntax.Lexicon,
    syntax.Part,
    syntax.Entity,
    syntax.Param,
    syntax.Form,
    syntax.Relation,
    syntax.Preamble,
    syntax.Document,
    syntax.Scene,
    syntax.Terms,
    syntax.Given,
    syntax_experiment.Experiment,
    syntax_experiment.Holdout,
    syntax_experiment.Test,
    syntax_experiment.Model,
    syntax_experiment.Arm,
}


LONGEST = 100
"""Characters of a name: it stands in messages and tables, and folders are called by it."""


def check_names(tree: Any, report: Report) -> None:
    """Report every name that is declared, or stands for a variable, and has a dot (W0014) or is too long
    (W0018)."""
    for node in nodes(tree):
        for name in _declared(node):
            if len(name.text) > LONGEST:
                message = (
                    f"'{name.text[:20]}...' has {len(name.text):,} characters; a name has at most {LONGEST}"
                )
                report.add("W0018", message, name.span, help="give it a shorter name")
            elif "." in name.text:
                message = f"'{name.text}' cannot be declared: it has a dot"
                help = "a dot reaches into an import with a name; write '_' in its place"
                report.add("W0014", message, name.span, help=help)


def _declared(node: Any) -> Iterator[syntax.Name]:
    if type(node) in _NAMED:
        yield node.name
    elif isinstance(node, syntax.Table):
        yield from (node.name, *node.columns)
    elif isinstance(node, syntax.Operator):
        yield from (node.name, *node.operands)
    elif isinstance(node, syntax.Import) and node.alias is not None:
        yield node.alias
    elif isinstance(node, syntax.Literal):
        yield from (term for term in node.terms if isinstance(term, syntax.Name))
    elif isinstance(node, syntax.Aggregate):
        yield node.variable
    elif isinstance(node, syntax.Comparison):
        yield from (side for side in (node.left, node.right) if isinstance(side, syntax.Name))
