"""Changes to a spec: of its text, of its tokens, and of its grammar tree."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from lark import Tree
from lark.exceptions import LarkError

from tests.draws import Draws
from tests.fuzz.seeds import KINDS, Seed
from wug.compiler.language.tables import parser

PIECE = re.compile(
    r'\s+|"(?:\\.|[^"\\\n])*"|//[^\n]*|[A-Za-z_]\w*(?:\.\w+)*|\d[\w.%-]*|<->|=>|[<>!]=|.', re.DOTALL
)

NUMBERS = (
    *("0", "1", "2", "3", "00", "007", "17", "255", "1000", "65536", "2147483648", "9223372036854775808"),
    *("9" * 30, "9" * 400, "9" * 5000, "0.0", "0.5", "1.0", "1e999", "1e-999", "1e308", "2e9", "3.", "1_000"),
    *(
        "0%",
        "50%",
        "100%",
        "101%",
        "0.001%",
        "0..0",
        "1..1",
        "3..1",
        "0..99999999999",
        "1.5..0.5",
        "0.0..1e9",
    ),
    *("2000-01-01", "2024-02-30", "0000-00-00", "9999-12-31", "2000-01-01..1999-01-01"),
)
STRINGS = (
    *(
        "",
        " ",
        "a",
        "{",
        "}",
        "{}",
        "{a}",
        "{b.c}",
        "{a.b.c}",
        "{{a}}",
        "{0}",
        "%s",
        "[",
        "]",
        "[]",
        "[|]",
        "[a|]",
    ),
    *(
        "[[a]]",
        "[a|b|c]",
        "[{a}|{b}]",
        "[a] [b] [c]",
        "\\\\",
        "\\n",
        '\\"',
        "\\u0041",
        "\\q",
        "'",
        "a b  c",
        "A.",
    ),
    *("../../../etc/passwd", "/dev/zero", "..", ".", "/", "x.world", "x.csv", "package:x", "http://x", "~"),
    *("é", "ß", "İ", "ﬁ", "\U0001f600", "e\u0301", "\u202e", "\u200b", "\ufeff", "а", "\u2028", "\x7f", "\t"),
    *("a" * 5000, "{a} " * 300, "[a|b]" * 40, "(" * 300, "<unk>", "(a+)+$", ".*" * 50),
)
NAMES = (
    *(
        "x",
        "_",
        "a.b",
        "a.b.c.d",
        "__class__",
        "None",
        "nan",
        "inf",
        "self",
        "x" * 5000,
        "X",
        "in",
        "not",
        "from",
    ),
    *("world", "entity", "relation", "form", "where", "train", "integer", "number", "date", "text", "count"),
)
SIGNS = (
    "{",
    "}",
    "(",
    ")",
    ",",
    ":",
    "=",
    "=>",
    "<->",
    "<",
    ">=",
    "!=",
    "/",
    "//",
    "///",
    '"',
    "-",
    "+",
    ".",
    "%",
    ";",
)

STRANGE = {
    "name": NAMES,
    "number": NUMBERS,
    "text": tuple(f'"{each}"' for each in STRINGS),
    "sign": SIGNS,
}


def kind_of(piece: str) -> str:
    """What a piece of a spec is: a name, a number, a text, a sign, or what stands between them."""
    if piece.isspace() or piece.startswith("//"):
        return "between"
    if piece[0] == '"' and len(piece) > 1:
        return "text"
    return "number" if piece[0].isdigit() else "name" if piece[0].isalpha() or piece[0] == "_" else "sign"


Node = tuple[str, int, int]
"""A rule of the grammar, and where what it stands for begins and ends."""


def nodes(text: str, kind: str) -> list[Node]:
    """The nodes of a spec's grammar tree; none where it is no tree."""
    try:
        tree = parser(kind).parse(text)
    except LarkError:
        return []
    found = []
    for node in tree.iter_subtrees():
        if isinstance(node, Tree) and not node.meta.empty and node.data != "start":
            found.append((str(node.data), node.meta.start_pos, node.meta.end_pos))
    return sorted(found, key=lambda each: (each[1], -each[2], each[0]))


@dataclass
class Mutators:
    """Changes that take what they put in from all seeds."""

    seeds: Sequence[Seed]
    trees: list[list[Node]] = field(default_factory=list)
    donors: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    pieces: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        said: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        pieces: dict[str, dict[str, None]] = defaultdict(dict)
        for seed in self.seeds:
            self.trees.append(nodes(seed.text, seed.kind))
            for rule, start, end in self.trees[-1]:
                said[seed.kind, rule][seed.text[start:end]] = None
            for piece in PIECE.findall(seed.text):
                pieces[kind_of(piece)][piece] = None
        self.donors = {key: list(texts) for key, texts in said.items()}
        self.pieces = {kind: list(texts) for kind, texts in pieces.items()}

    def mutated(self, draws: Draws, number: int) -> str:
        """Seed `number` with one change or a few, trees first: their places are those of the seed."""
        text = self.seeds[number].text
        changes = draws.one((1, 1, 1, 1, 2, 2, 4))
        kinds = [
            draws.one(("tree", "tree", "token", "token", "token", "token", "text")) for _ in range(changes)
        ]
        if self.trees[number] and "tree" in kinds:
            text = self.of_tree(draws, number, kinds.count("tree"))
        for kind in kinds:
            if kind == "text" or not self.trees[number]:
                text = self.of_text(draws, text)
            elif kind == "token":
                text = self.of_tokens(draws, text)
        return text

    def of_tree(self, draws: Draws, number: int, times: int) -> str:
        """Nodes taken out, doubled, or with another one of the same rule in their place."""
        seed, tree = self.seeds[number], self.trees[number]
        text, before = seed.text, len(seed.text) + 1
        for rule, start, end in sorted((draws.one(tree) for _ in range(times)), key=lambda node: -node[1]):
            if end > before:
                continue
            before, own = start, text[start:end]
            near = [seed.text[a:b] for other, a, b in tree if other == rule]
            donors = self.donors[seed.kind, rule]
            how = draws.one(
                ("out", "twice", "near", "near", "near", "another", "beside", "abroad", "anywhere")
            )
            if how == "out":
                made = ""
            elif how == "twice":
                made = f"{own}\n{own}"
            elif how == "near":  # another one of this spec, whose names are known
                made = draws.one(near)
            elif how == "another":
                made = draws.one(donors)
            elif how == "beside":
                made = f"{own}\n{draws.one(donors)}"
            elif how == "abroad":  # one of the other kind of spec
                made = draws.one(self.donors.get((KINDS[seed.kind == "world"], rule), donors))
            else:
                made = draws.one(self.donors[draws.one(sorted(self.donors))])
            text = text[:start] + made + text[end:]
        return text

    def of_tokens(self, draws: Draws, text: str) -> str:
        """A token taken out, doubled, put elsewhere, or with another one in its place."""
        pieces = PIECE.findall(text)
        places: dict[str, list[int]] = defaultdict(list)
        for place, piece in enumerate(pieces):
            places[kind_of(piece)].append(place)
        able = [kind for kind in ("name", "number", "text", "name", "number", "text", "sign") if places[kind]]
        if not able:
            return text + draws.one(NAMES)
        kind = draws.one(able)
        place, other = draws.one(places[kind]), draws.one(places[kind])
        how = draws.one(
            ("out", "twice", "put", "swap", "near", "near", "another", "another", "inside", "inside")
        )
        if how == "out":
            pieces[place] = ""
        elif how == "twice":
            pieces[place] += " " + pieces[place]
        elif how == "put":
            pieces[place] += f" {self.any_piece(draws, draws.one(sorted(STRANGE)))} "
        elif how == "swap":
            pieces[place], pieces[other] = pieces[other], pieces[place]
        elif how == "near":  # another one of this spec
            pieces[place] = pieces[other]
        elif how == "inside" and kind == "text":
            pieces[place] = f'"{self.of_text(draws, pieces[place][1:-1])}"'
        elif how == "inside" and pieces[place].isdecimal() and len(pieces[place]) < 19:
            whole = int(pieces[place])
            pieces[place] = str(draws.one((whole + 1, max(0, whole - 1), 10 * whole, whole // 2, 0)))
        else:
            pieces[place] = self.any_piece(draws, kind)
        return "".join(pieces)

    def any_piece(self, draws: Draws, kind: str) -> str:
        """A piece of a kind: one that some seed has, or a strange one."""
        return draws.one(self.pieces[kind] if draws.yes() else STRANGE[kind])

    def of_text(self, draws: Draws, text: str) -> str:
        """Characters taken out, doubled or put in."""
        start = draws.whole(0, len(text))
        end = min(len(text), start + draws.one((0, 1, 1, 2, 5, 20, 80)))
        how = draws.one(("out", "twice", "put", "put", "instead", "ends", "upside down"))
        if how == "out":
            return text[:start] + text[end:]
        if how == "twice":
            return text[:end] + text[start:end] * draws.one((1, 1, 2, 50)) + text[end:]
        if how == "ends":
            return text[:start]
        if how == "upside down":
            return text[:start] + text[start:end][::-1] + text[end:]
        put = draws.one(STRINGS if draws.yes() else SIGNS)
        return text[:start] + put + text[end if how == "instead" else start :]
