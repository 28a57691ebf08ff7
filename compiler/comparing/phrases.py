"""A spec as phrases: its declarations and settings, each with the way to it, without layout and comments.

They are the words of the spec itself: `relation parent` has the phrases `acyclic` and `populate forest >
depth 4`. Two specs are compared by them, and git may be shown them in the place of a file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from wug.compiler.layout.items import items
from wug.compiler.layout.layout import inline, owner_of
from wug.compiler.layout.pieces import COMMENT, Braces, Element, nested, pieces
from wug.compiler.record import Record

Phrase = tuple[str, ...]
"""Blocks from the outside to the inside, and what is said there."""
Declarations = Mapping[str, Sequence[Phrase]]
"""Phrases by what declares them: a keyword and, where it has one, its name."""


class Change(Record):
    """A declaration that is another. `kind` is added, removed or changed; a setting that has another value is
    both in `removed` and in `added`."""

    name: str
    kind: str
    removed: tuple[Phrase, ...]
    added: tuple[Phrase, ...]

    def lines(self) -> list[str]:
        """It in words, as `wug diff` prints it."""
        if self.kind != "changed":
            return [f"{'+' if self.kind == 'added' else '-'} {self.name}"]
        removed, added = list(self.removed), list(self.added)
        said = [self.name]
        if len(removed) == len(added) == 1 and len(removed[0]) == len(added[0]) == 1:
            return [f"{self.name}: {removed[0][0]} → {added[0][0]}"]
        for phrase in self.removed:
            way, word = phrase[:-1], phrase[-1].partition(" ")[0]
            now = [each for each in added if each[:-1] == way and each[-1].partition(" ")[0] == word]
            if len(now) == 1 and " " in phrase[-1] and len(phrase[-1]) + len(now[0][-1]) < 90:
                said.append(f"    {_way(phrase)} → {now[0][-1].partition(' ')[2]}")
                removed.remove(phrase)
                added.remove(now[0])
        said += [f"  - {_way(phrase)}" for phrase in removed]
        return said + [f"  + {_way(phrase)}" for phrase in added]


def _way(phrase: Phrase) -> str:
    return " > ".join(phrase)


def declarations(text: str, kind: str) -> dict[str, list[Phrase]]:
    """What a `world` or an `experiment` without errors in its syntax declares."""
    found: dict[str, list[Phrase]] = {}
    for item in items(nested(pieces(text, kind)), "TOP"):
        core = item.core
        if core[0].kind in (COMMENT, "DOC", "WUG"):
            continue
        body = core[-1] if isinstance(core[-1], Braces) and core[0].kind in ("WORLD", "EXPERIMENT") else None
        head = inline(core[:-1] if body else core, "TOP")
        word, _, rest = head.partition(" ")
        found.setdefault(word, []).append((rest,))
        for inner in items(body.inner, core[0].kind) if body else ():
            _declare(inner.core, core[0].kind, found)
    return found


def _declare(core: Sequence[Element], block: str, found: dict[str, list[Phrase]]) -> None:
    if core[0].kind in (COMMENT, "DOC"):
        return
    named = len(core) > 1 and core[1].kind in ("NAME", "STRING") and core[0].kind != "WORLD"
    name = inline(core[: 2 if named else 1], block)
    owner = owner_of(core, block)
    phrases = found.setdefault(name, [])
    rest = core[2 if named else 1 :]
    blocks = [each for each in rest if isinstance(each, Braces)]
    said = inline([each for each in rest if not isinstance(each, Braces)], owner)
    phrases += [(said,)] if said or not blocks else []
    for each in blocks:
        phrases += _inside(each, owner)


def _inside(braces: Braces, block: str) -> Iterator[Phrase]:
    """The phrases of a block."""
    for item in items(braces.inner, block):
        core = item.core
        if core[0].kind in (COMMENT, "DOC"):
            continue
        last = core[-1]
        if isinstance(last, Braces) and last.inner and core[0].kind != "VARY":
            head = inline(core[:-1], block)
            yield from ((head, *phrase) for phrase in _inside(last, owner_of(core, block)))
        else:
            yield (inline(core, block),)


def changes(before: Declarations, after: Declarations) -> list[Change]:
    """What is declared otherwise, in the order of the specs."""
    found = []
    for name in dict.fromkeys([*before, *after]):
        was, now = Counter(before.get(name, ())), Counter(after.get(name, ()))
        if was == now and (name in before) == (name in after):
            continue
        kind = "added" if name not in before else "removed" if name not in after else "changed"
        removed, added = tuple((was - now).elements()), tuple((now - was).elements())
        found.append(Change(name, kind, removed, added))
    return found


def as_text(found: Declarations) -> str:
    """All phrases, one a line: what git compares in the place of a spec."""
    return "".join(
        f"{_way((name, *phrase))}\n" for name, phrases in found.items() for phrase in phrases or [()]
    )
