"""What blocks of an experiment take: holdout, train, test, model, mesh, pretrain, phase, arm, finetune."""

from __future__ import annotations

from typing import Any

from wug.compiler import mesh
from wug.compiler.checking import settings
from wug.compiler.checking.augment import augment
from wug.compiler.checking.lora import lora
from wug.compiler.checking.replay import replay
from wug.compiler.checking.stop import stop
from wug.compiler.experiment import DEEPEST
from wug.compiler.language import syntax


def _exclude(
    cursor: settings.Cursor, key: syntax.Name
) -> list[tuple[syntax.Name, syntax.Name | None]] | None:
    """`exclude relation` or `exclude relation in form`; may be said several times."""
    relation = cursor.take(syntax.Name)
    if relation is None:
        cursor.report.add("W0107", "'exclude' needs a relation", key.span, help="exclude RELATION in FORM")
        return None
    following = cursor.peek()
    if not (isinstance(following, syntax.Name) and following.text == "in"):
        return [(relation, None)]
    cursor.index += 1
    form = cursor.take(syntax.Name)
    if form is None:
        cursor.report.add("W0107", "'in' needs a form", following.span, help="exclude RELATION in FORM")
        return None
    return [(relation, form)]


def _range(cursor: settings.Cursor) -> tuple[int, int, syntax.Atom | None]:
    """`8` or `1..8`, 0..0 for anything else, and where it stands."""
    atom = cursor.take((syntax.Range, syntax.Number))
    if isinstance(atom, syntax.Number) and atom.kind == "int":
        return int(atom.value), int(atom.value), atom
    if isinstance(atom, syntax.Range):
        return atom.low, atom.high, atom
    return 0, 0, atom


def _facts(cursor: settings.Cursor, key: syntax.Name) -> tuple[int, int] | None:
    """`facts 8` or `facts 1..8`."""
    low, high, atom = _range(cursor)
    if not 1 <= low <= high <= 1000:
        cursor.report.add(
            "W0203", "'facts' takes a number or a range such as 1..8, at most 1000", (atom or key).span
        )
        return None
    return low, high


def _phase(cursor: settings.Cursor, key: syntax.Name) -> list[dict[str, Any]] | None:
    """`phase { facts 4  steps 500 }`, one or more of them, in order."""
    block = cursor.take(syntax.Settings)
    if block is None:
        cursor.report.add("W0107", "'phase' needs a block", key.span, help="phase { facts 4  steps 500 }")
        return None
    return [settings.read(block, PHASE, "phase", cursor.report)]


CONTEXTS = "train, oracle(k) or bm25(k)"


def _context(cursor: settings.Cursor, key: syntax.Name) -> tuple[str, int] | None:
    """`context train`, all training documents, `oracle(k)`, k with the relevant ones among them, or
    `bm25(k)`, the k that a search finds."""
    atom = cursor.take((syntax.Name, syntax.Call))
    if isinstance(atom, syntax.Name) and atom.text == "train":
        return "train", 0
    if isinstance(atom, syntax.Call) and atom.name.text in ("oracle", "bm25"):
        count = atom.arguments[0] if len(atom.arguments) == 1 else None
        if isinstance(count, syntax.Number) and count.kind == "int" and 1 <= count.value <= 10_000:
            return atom.name.text, int(count.value)
        message = f"{atom.name.text}(k) takes one number of documents, at least 1"
        cursor.report.add("W0203", message, atom.span)
        return None
    if atom is None:
        cursor.report.add("W0107", f"'context' needs a value: {CONTEXTS}", key.span)
        return None
    cursor.report.add("W0203", f"'context' takes {CONTEXTS}", atom.span)
    return None


def _currency(cursor: settings.Cursor, key: syntax.Name) -> str | None:
    """`currency "USD"`: a few letters or a sign."""
    atom = cursor.take(syntax.Text)
    if atom is None:
        cursor.report.add("W0107", "'currency' needs a text", key.span, help='currency "USD"')
        return None
    if not 1 <= len(atom.text.strip()) <= 8:
        cursor.report.add("W0204", "a currency has one to eight characters", atom.span)
        return None
    return str(atom.text.strip())


def _numbers(one: settings.Taker) -> settings.Taker:
    """One or more numbers that are all different: `steps 100 200`."""
    return settings.several(
        one, lambda atom: isinstance(atom, syntax.Number), lambda number: f"tries {number:,g} twice"
    )


def _tune(cursor: settings.Cursor, key: syntax.Name) -> dict[str, Any] | None:
    """`tune { learning_rate 1e-3 3e-3  steps 100 200  worlds 2 }`."""
    before = len(cursor.report.items)
    values: dict[str, Any] | None = settings.block(TUNE, "tune")(cursor, key)
    if values is None or len(cursor.report.items) > before:
        return None
    if not {"learning_rate", "steps"} & {*values}:
        help = "tune { learning_rate 1e-3 3e-3  steps 100 200 }"
        cursor.report.add("W0107", "'tune' needs learning rates or steps to try", key.span, help=help)
        return None
    tried = len(values.get("learning_rate", (0,))) * len(values.get("steps", (0,)))
    if tried > MOST_TRIED:
        message = f"'tune' tries {tried:,} trainings; at most {MOST_TRIED:,} are tried"
        cursor.report.add("W0204", message, key.span)
        return None
    return values


MOST_TRIED = 100
TUNE: settings.Schema = {
    "learning_rate": _numbers(settings.decimal(1e-12, 10)),
    "steps": _numbers(settings.integer(1, 10_000_000)),
    "worlds": settings.integer(1, 100),
}
_STEPS = settings.integer(1, 10_000_000)
_OPTIMISATION: settings.Schema = {
    "optimizer": settings.word("adamw", "muon"),
    "learning_rate": settings.decimal(1e-12, 10),
    "warmup": settings.integer(0, 10_000_000),
    "schedule": settings.word("cosine", "linear", "constant"),
    "clip": settings.decimal(1e-6, 1_000_000),
    "accumulate": settings.integer(1, 100_000),
    "average": settings.decimal(0, 0.99999),
}
FINETUNE: settings.Schema = {
    **_OPTIMISATION,
    "steps": _STEPS,
    "match": settings.name("the name of another arm"),
    "batch": settings.integer(1, 100_000),
    "weight_decay": settings.decimal(0, 10),
    "loss": settings.word("whole", "answer"),
    "tune": _tune,
    "lora": lora,
    "replay": replay,
    "stop": stop,
}
PHASE: settings.Schema = {
    "facts": _facts,
    "steps": _STEPS,
    "batch": settings.integer(1, 100_000),
    "episodes": settings.integer(1, 10_000_000),
}
PRETRAIN: settings.Schema = {
    **PHASE,
    "phase": _phase,
    "questions": settings.integer(1, 10_000),
    "wordings": settings.word("told", "all"),
    "exclude": _exclude,
    **_OPTIMISATION,
    "facts_weight": settings.decimal(0, 1),
    "until": settings.share,
    "every": settings.integer(1, 10_000_000),
    "pretrainings": settings.integer(1, 1000),
}
PRICES: settings.Schema = {
    "input": settings.decimal(0, 1_000_000),
    "cached": settings.decimal(0, 1_000_000),
    "output": settings.decimal(0, 1_000_000),
    "training": settings.decimal(0, 1_000_000),
    "currency": _currency,
}


def _from(cursor: settings.Cursor, key: syntax.Name) -> syntax.Text | None:
    """`from "folder"`, `from "model.gguf"` or `from "package:NAME"`."""
    atom: syntax.Text | None = cursor.take(syntax.Text)
    if atom is None:
        wanted = 'a text: "FOLDER", "FILE.gguf" or "package:NAME"'
        cursor.report.add("W0107", f"'from' needs a value: {wanted}", key.span)
    return atom


def _text(cursor: settings.Cursor, key: syntax.Name) -> syntax.Text | None:
    atom = cursor.take(syntax.Text)
    if atom is None:
        cursor.report.add("W0107", f"'{key.text}' needs a text", key.span, help=f'{key.text} "..."')
    elif not atom.text.strip():
        cursor.report.add("W0204", f"the text of '{key.text}' is empty", atom.span)
        return None
    return atom


MODEL: settings.Schema = {
    "from": _from,
    "chat": _text,
    "layers": settings.integer(1, 1000),
    "width": settings.integer(2, 100_000),
    "heads": settings.integer(1, 1000),
    "kv_heads": settings.integer(1, 1000),
    "hidden": settings.integer(1, 1_000_000),
    "convolution": settings.integer(0, 64),
    "qkv_convolution": settings.integer(0, 64),
    "context": settings.integer(8, 10_000_000),
    "compute": settings.word("float32", "bfloat16"),
    "remat": settings.flag,
    "pretrain": settings.block(PRETRAIN, "pretrain"),
    "prices": settings.block(PRICES, "prices"),
}
MESH: settings.Schema = {axis: settings.integer(1, mesh.MOST) for axis in mesh.AXES}
ARM: settings.Schema = {
    "like": settings.name("the name of another arm"),
    "model": settings.name("the name of a model"),
    "continues": settings.name("the name of another arm"),
    "documents": settings.word("all", "old", "changed"),
    "context": _context,
    "articles": settings.integer(1, 1_000_000),
    "finetune": settings.block(FINETUNE, "finetune"),
    "augment": augment,
    "forgetting": settings.word("measured", "none"),
}


def _several(cursor: settings.Cursor, key: syntax.Name) -> list[syntax.Name] | None:
    """`keep is_a`; may be said several times."""
    relation = cursor.take(syntax.Name)
    if relation is None:
        cursor.report.add("W0107", f"'{key.text}' needs a relation", key.span, help=f"{key.text} RELATION")
        return None
    return [relation]


HOLDOUT: settings.Schema = {"keep": _several}
TRAIN: settings.Schema = {
    "articles": settings.integer(1, 1_000_000),
    "preamble": settings.name("the name of a preamble"),
    "wordings": settings.integer(1, 1_000_000),
}


KINDS = "contradiction, others(n), instead(...), statements(...) or verdict(...)"


def _choices(cursor: settings.Cursor, key: syntax.Name) -> dict[str, Any] | None:
    """`contradiction`, `others(3)`, `others(3) from targets`, `instead(slip)`, `statements(all no)`,
    `verdict("T." "F.")`."""
    atom = cursor.take((syntax.Name, syntax.Call))
    if isinstance(atom, syntax.Name) and atom.text == "contradiction":
        return {"kind": "contradiction"}
    if isinstance(atom, syntax.Call) and atom.name.text == "others" and len(atom.arguments) == 1:
        count = atom.arguments[0]
        if isinstance(count, syntax.Number) and count.kind == "int" and 1 <= count.value <= 100:
            return {"kind": "others", "count": int(count.value), "source": _source(cursor)}
    if isinstance(atom, syntax.Call) and atom.name.text in ("statements", "instead"):
        names = [name for name in atom.arguments if isinstance(name, syntax.Name)]
        if names and len(names) == len(atom.arguments):
            return {"kind": atom.name.text, "names": names}
    if isinstance(atom, syntax.Call) and atom.name.text == "verdict":
        texts = [text.text for text in atom.arguments if isinstance(text, syntax.Text) and text.text.strip()]
        if len(texts) == len(atom.arguments) == 2:
            return {"kind": "verdict", "texts": tuple(texts)}
    cursor.report.add("W0203", f"'choices' takes {KINDS}, n from 1 to 100", (atom or key).span)
    return None


def _source(cursor: settings.Cursor) -> syntax.Name | None:
    """`from targets`, `from answers`, `from RELATION` or `from PART`, where it stands."""
    atom = cursor.peek()
    if not (isinstance(atom, syntax.Name) and atom.text == "from"):
        return None
    cursor.index += 1
    source = cursor.take(syntax.Name)
    if source is None:
        help = "others(n) from targets, from answers, from a relation or from a part"
        cursor.report.add("W0107", "'from' needs a source", atom.span, help=help)
    return source


def _depth(cursor: settings.Cursor, key: syntax.Name) -> tuple[int, int] | None:
    """`depth 2` or `depth 2..3`."""
    low, high, atom = _range(cursor)
    if not 1 <= low <= high <= DEEPEST:
        cursor.report.add("W0203", "'depth' takes a number or a range such as 2..3", (atom or key).span)
        return None
    return low, high


def _generate(cursor: settings.Cursor, key: syntax.Name) -> dict[str, Any]:
    """`generate`, alone or with a block: `generate { max_tokens 12 }`."""
    return settings.read(cursor.take(syntax.Settings), GENERATE, "generate", cursor.report)


GENERATE: settings.Schema = {
    "max_tokens": settings.integer(1, 100_000),
    "temperature": settings.decimal(0, 100),
    "top_k": settings.integer(1, 1_000_000),
    "top_p": settings.decimal(1e-6, 1),
}
TEST: settings.Schema = {
    "choices": _choices,
    "generate": _generate,
    "accept": settings.word("strongest", "any"),
    "unknown": _text,
    "ask": _text,
    "depth": _depth,
    "stated": settings.flag,
    "derived": settings.flag,
    "kept": settings.flag,
    "changed": settings.flag,
    "added": settings.flag,
    "removed": settings.flag,
    "count": settings.integer(1, 10_000_000),
    "wording": settings.word("held", "any"),
}
