"""The order in which relations are derived: what a rule denies or counts must be whole before.

Relations that depend on each other stand in one stratum and are derived together. A stratum that depends on
its own negation or count has no meaning, and is reported with the cycle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wug.compiler.diagnosis.diagnostics import Note, Report
from wug.compiler.language.source import Span
from wug.compiler.record import Record
from wug.compiler.rules import Rule


class _Need(Record):
    """That `head` is derived from `body`; `how` is "" or, where the body must be whole, not or count."""

    head: str
    body: str
    how: str
    span: Span


def strata(relations: Iterable[str], rules: Iterable[Rule]) -> tuple[tuple[str, ...], ...]:
    """Relations that depend on each other, each group after those that it depends on."""
    names = tuple(relations)
    below: dict[str, list[str]] = {name: [] for name in names}
    for need in _needs(rules):
        if need.body in below:  # an operator of terms that are in error is no relation
            below[need.head].append(need.body)
    place = {name: number for number, name in enumerate(names)}
    return tuple(tuple(sorted(group, key=place.__getitem__)) for group in _components(below))


def check_strata(relations: Iterable[str], rules: tuple[Rule, ...], report: Report) -> None:
    """Report each group of relations that depends on its own negation or count (W0209)."""
    groups = strata(relations, rules)
    number = {name: place for place, group in enumerate(groups) for name in group}
    together: dict[int, list[_Need]] = {}
    for need in _needs(rules):
        if number[need.head] == number.get(need.body):
            together.setdefault(number[need.head], []).append(need)
    for inside in together.values():
        strict = next((need for need in inside if need.how), None)
        if strict is None:
            continue
        cycle = [strict, *_path(strict.body, strict.head, inside)]
        told = "".join(f" needs {n.how + ' ' if n.how else ''}{n.body}" for n in cycle)
        word = "negation" if strict.how == "not" else strict.how.split(" ")[1]
        report.add(
            "W0209",
            f"'{strict.head}' depends on its own {word}: {strict.head}{told}",
            strict.span,
            notes=[Note(f"'{need.head}' needs '{need.body}' here", need.span) for need in cycle[1:]],
            help="derive what is denied or counted from other relations, which do not lead back to it",
        )


def _needs(rules: Iterable[Rule]) -> list[_Need]:
    found = []
    for rule in rules:
        how = "" if rule.counts is None else "the count of"
        how = how if rule.joins is None else "the join of"
        found += [_Need(rule.head.relation, each.relation, how, rule.span) for each in rule.body.holds]
        found += [_Need(rule.head.relation, each.relation, "not", rule.span) for each in rule.body.absent]
    return found


def _path(start: str, goal: str, needs: list[_Need]) -> list[_Need]:
    """A shortest way from a relation to one that it depends on, nothing where they are the same."""
    came: dict[str, _Need | None] = {start: None}
    queue = [start]
    for name in queue:
        for need in needs:
            if need.head == name and need.body not in came:
                came[need.body] = need
                queue.append(need.body)
    path: list[_Need] = []
    step = came[goal]
    while step is not None:
        path.append(step)
        step = came[step.head]
    return path[::-1]


def _components(below: Mapping[str, list[str]]) -> list[list[str]]:
    """Strongly connected components, each after those it leads to (Tarjan, 1972), without recursion."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    open_names: list[str] = []
    found: list[list[str]] = []
    closed: set[str] = set()
    for root in below:
        if root in number:
            continue
        work = [(root, iter(below[root]))]
        number[root] = low[root] = len(number)
        open_names.append(root)
        while work:
            name, rest = work[-1]
            for next_name in rest:
                if next_name not in number:
                    number[next_name] = low[next_name] = len(number)
                    open_names.append(next_name)
                    work.append((next_name, iter(below[next_name])))
                    break
                if next_name not in closed:
                    low[name] = min(low[name], number[next_name])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == number[name]:
                    group: list[str] = []
                    while not group or group[-1] != name:
                        group.append(open_names.pop())
                    closed.update(group)
                    found.append(group)
    return found
