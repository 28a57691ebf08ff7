"""The layout of a spec: two spaces a level, two between settings, neighbours in columns, at most 100 columns.

What the writer decides is kept: which blocks take more than one line, which settings share a line, single
blank lines, every comment. All else is one way, and laying out twice is laying out once.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from wug.compiler.layout.columns import Cell, Line, plain, written
from wug.compiler.layout.items import OWN_LINE, Item, items
from wug.compiler.layout.pieces import COMMENT, Braces, Element, Piece, nested, pieces

WIDTH = 100
_STEP = 2
_BLOCKS = ("WORLD", "EXPERIMENT", "RELATION", "FORM", "TABLE", "PREAMBLE", "CASE", "SCENE", "SWEEP")
_BODIES = ("WORLD", "EXPERIMENT")
_TIGHT = frozenset(("COMMA", "RPAR", "COLON", "LPAR"))


def laid_out(text: str, kind: str) -> str:
    """A `world` or an `experiment` without errors in its syntax, as it should look."""
    lines = _block(nested(pieces(text, kind)), "TOP", 0)
    for above, line in pairwise(lines):
        line.blank = line.blank or above.kind == "WUG"
    return "".join(f"{line}\n" for line in written(lines, WIDTH))


def _block(elements: Sequence[Element], block: str, indent: int) -> list[Line]:
    """The lines of what stands in a block."""
    lines: list[Line] = []
    for item in items(elements, block):
        own = _item(item, block, indent)
        if lines and not item.first.lines and lines[-1].takes(own[0], WIDTH):
            lines[-1].take(own[0])
            continue
        own[0].blank = item.first.lines > 1 and bool(lines)
        lines += own
    return lines


def _item(item: Item, block: str, indent: int) -> list[Line]:
    """The lines of one thing of a block, its doc comments first."""
    core = item.core
    above = item.elements[: len(item.elements) - len(core)]
    lines = [plain(indent, piece.text) for piece in above if isinstance(piece, Piece)]
    owner = owner_of(core, block)
    opened = {id(each) for each in core if isinstance(each, Braces) and _spread(each, owner)}
    if not opened and core[0].kind != COMMENT and all(each.kind != COMMENT for each in core):
        if indent + len(inline(core, owner)) <= WIDTH:
            lines.append(_one_line(core, owner, block, indent))
            lines[-1].comment = item.comment
            return lines
        opened = {id(each) for each in core[-1:] if isinstance(each, Braces) and each.inner}
    lines += _several_lines(core, owner, indent, opened)
    lines[-1].comment = lines[-1].comment or item.comment
    return lines


def owner_of(core: Sequence[Element], block: str) -> str:
    """What decides how the braces of a thing are read: the kind of its first token, where that matters."""
    kind = core[0].kind
    if kind == "WORLD" and block == "EXPERIMENT":
        return "SETTINGS"  # values for the parameters of the world
    return kind if kind in _BLOCKS else "SETTINGS"


def _spread(braces: Braces, owner: str) -> bool:
    """Whether a block takes several lines as it stands: a line break at a joint, a comment, a whole spec."""
    if not braces.inner:
        return False
    if owner in _BODIES or braces.close.lines:
        return True
    for item in items(braces.inner, owner):
        own = owner_of(item.core, owner)
        if item.first.lines or item.comment or any(each.kind in ("DOC", COMMENT) for each in item.elements):
            return True
        if any(isinstance(each, Braces) and _spread(each, own) for each in item.core):
            return True
    return False


# A thing on one line


def inline(elements: Sequence[Element], owner: str) -> str:
    """Elements one behind another, as on one line."""
    text, before = "", ""
    for element in elements:
        tight = not text or element.kind in _TIGHT or before == "LPAR"
        text += ("" if tight else " ") + _text(element, owner)
        before = element.kind
    return text


def _text(element: Element, owner: str) -> str:
    if isinstance(element, Piece):
        return element.text
    return f"{{ {'  '.join(_settings(element, owner))} }}" if element.inner else "{ }"


def _settings(braces: Braces, owner: str) -> list[str]:
    return [inline(item.elements, owner_of(item.elements, owner)) for item in items(braces.inner, owner)]


def _one_line(core: Sequence[Element], owner: str, block: str, indent: int) -> Line:
    """A thing on one line, and the cells by which it can be set in columns with its neighbours."""
    first = core[0]
    if block == "TABLE":
        cut = [0, *(place + 1 for place, each in enumerate(core) if each.kind == "COMMA")]
        if any(each.kind not in ("STRING", "COMMA") for each in core):
            cut = [0, 1]
        cells = _cut(core, owner, cut)
        return Line(indent, cells, f"ROW{len(cells)}", shares=True)
    if first.kind == "VARY":
        named = 2 if core[1].kind in ("SEEDS", "WORLD") else 5 if core[3].kind == "IN" else 3
        cells = _cut(core, owner, [0, named])
        return Line(indent, [cells[0], ("  ", cells[1][1])], first.kind)
    last = core[-1]
    if isinstance(last, Braces) and len(core) > 1:
        head = inline(core[:-1], owner)
        settings = _settings(last, owner)
        cells = [("", head), (" ", _text(last, owner))]
        fine = [("", head)] if settings else cells
        if settings:
            settings[0], settings[-1] = f"{{ {settings[0]}", f"{settings[-1]} }}"
            settings = settings if len(settings) > 1 else [_text(last, owner)]
            fine += [(" " if place == 0 else "  ", text) for place, text in enumerate(settings)]
        asked = 1 if first.kind == "TEST" else 0  # what a test asks is no key
        shape = tuple(text.removeprefix("{ ").split(" ")[0] for text in settings[asked:])
        kind = first.kind if isinstance(first, Piece) and first.kind != "NAME" else inline(core[:1], owner)
        return Line(indent, cells, kind, fine, shape)
    if first.kind in ("FORM", "PARAM", "GIVEN"):
        return Line(indent, _cut(core, owner, [0, 2]), first.kind)
    if first.kind == "OPERATOR":
        return Line(indent, _cut(core, owner, [0, len(core) - 1]), first.kind)
    if first.kind == "EXPECT" and core[1].kind == "STRING":
        cells = _cut(core, owner, [0, 2])
        return Line(indent, [cells[0], ("  ", cells[1][1])], first.kind)
    shares = first.kind not in OWN_LINE and block not in ("FORM", "TOP")
    return Line(indent, [("", inline(core, owner))], first.kind if not shares else "", shares=shares)


def _cut(core: Sequence[Element], owner: str, places: list[int]) -> list[Cell]:
    """The cells of a line that is cut at these places."""
    ends = [*places[1:], len(core)]
    parts = [inline(core[start:end], owner) for start, end in zip(places, ends, strict=True)]
    return [(" " if place else "", text) for place, text in enumerate(parts)]


# A thing on several lines


def _several_lines(core: Sequence[Element], owner: str, indent: int, opened: set[int]) -> list[Line]:
    """A thing with its blocks opened, its comments where they are, and the rest broken where it is long."""
    lines: list[Line] = []
    current: list[str] = []

    def flush(comment: str = "") -> None:
        """End the line, in a line of its own behind the first where nothing has been opened in between."""
        first = indent if not lines or current[0] == "}" else indent + 2 * _STEP
        rows = _wrapped(current, first, indent + 2 * _STEP)
        lines.extend(rows)
        lines[-1].comment = comment
        current.clear()

    before = ""
    for element in core:
        if isinstance(element, Piece) and element.kind == COMMENT:
            if current and not element.lines:
                flush(element.text)
            else:
                if current:
                    flush()
                lines.append(plain(indent + 2 * _STEP if lines else indent, element.text))
        elif isinstance(element, Braces) and id(element) in opened:
            inner, comment = element.inner, ""
            if isinstance(inner[0], Piece) and inner[0].kind == COMMENT and not inner[0].lines:
                comment, inner = inner[0].text, inner[1:]
            current.append("{")
            flush(comment)
            lines.extend(_block(inner, owner, indent + _STEP))
            current.append("}")
        elif current and (element.kind in _TIGHT or before == "LPAR"):
            current[-1] += _text(element, owner)
        else:
            current.append(_text(element, owner))
        before = element.kind
    if current:
        flush()
    return lines


def _wrapped(words: list[str], first: int, further: int) -> list[Line]:
    """Words in lines of at most 100 columns, broken behind a comma or before what begins a new part."""
    parts: list[str] = []
    for word in words:
        new = not parts or parts[-1].endswith(",") or word in ("if", "=>", "where")
        if new:
            parts.append(word)
        else:
            parts[-1] += f" {word}"
    lines = [plain(first, parts[0])]
    for part in parts[1:]:
        if lines[-1].indent + len(lines[-1].text) + 1 + len(part) <= WIDTH:
            lines[-1] = plain(lines[-1].indent, f"{lines[-1].text} {part}")
        else:
            lines.append(plain(further, part))
    return lines
