"""The corpus: a compiled directory, read, checked against its manifest, and tokenised.

Letters in names: D documents, N items, Q questions (one per item and choice), T tokens of a row.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as parquet
from tokenizers import Tokenizer

from wug.compiler.checkpoints.chat_template import Turns
from wug.compiler.emitting.tokenizer import read_tokenizer
from wug.compiler.emitting.turns import Begun, CutTurns, cut_turns
from wug.compiler.shape import MARKS, Marks
from wug.runtime.failure import Damaged
from wug.runtime.keys import canonical, digest
from wug.runtime.updated import Updated, add_old, read_updated

if TYPE_CHECKING:
    from wug.runtime.replay import Replayed

PAD = -1  # of no vocabulary: padding is never a target

Ints = npt.NDArray[np.int32]
Strings = npt.NDArray[np.str_]
Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class Documents:
    """All documents of one seed. `tokens_DT` holds <doc> t1 ... tn <doc> and padding; `length_D` is n + 2.
    What stands for the first and the last <doc> the `marks` say.

    `answer_DT` marks the tokens that stand behind a '=>' or belong to the completion of a given text, and of
    a document that has neither all but padding.
    """

    doc_id_D: Ints
    set_D: Strings
    text_D: tuple[str, ...]
    tokens_DT: Ints
    length_D: Ints
    answer_DT: npt.NDArray[np.bool_]
    marks: Marks = MARKS
    parts: Mapping[str, Ints] = field(default_factory=dict)  # by arm, of arms that do not read all

    def shown(self, row: int) -> Ints:
        """The tokens of a document behind which another one or a question stands, which opens with <doc>."""
        tokens: Ints = self.tokens_DT[row, : self.length_D[row] - 1 + len(self.marks.between)]
        return tokens

    def seen_by(self, arm: str) -> Ints:
        """Rows that training shows this arm: the common ones and those its augmentation added, or those of
        its part of a world in two versions."""
        if arm in self.parts:
            return self.parts[arm]
        return np.flatnonzero((self.set_D == "train") | (self.set_D == arm)).astype(np.int32)


@dataclass(frozen=True)
class Items:
    """All test items of one seed; an item's questions are `choices_N` rows from `first_question_N` on.

    `accept_Q` marks the right ones, of which there may be several; `answer_N` is one of them. Where a model
    answers in words of its own, the one choice is a right answer, and `accepted` are all of them. `updated`
    is what became of their facts, where the world is one in two versions.
    """

    item_id_N: Ints
    split_N: Strings
    answer_N: Ints
    fact_N: Ints
    cluster_N: Strings
    choices_N: Ints
    first_question_N: Ints
    accept_Q: npt.NDArray[np.bool_]
    chance_N: npt.NDArray[np.float64]  # how often a guess is right
    cue: tuple[str, ...]
    accepted: tuple[tuple[str, ...], ...]
    updated: Updated | None = None

    @property
    def free(self) -> npt.NDArray[np.bool_]:
        """The items that a model answers in words of its own."""
        return np.array([bool(texts) for texts in self.accepted], np.bool_)

    def of(self, split: str) -> Ints:
        return np.flatnonzero(self.split_N == split).astype(np.int32)


@dataclass(frozen=True)
class Questions:
    """Cue and choice as tokens, behind <doc>, or in a chat behind what closes the turn of the user. Tokens
    from `start_Q` on are the choice's."""

    item_Q: Ints
    choice_Q: Ints
    tokens: tuple[Ints, ...]
    start_Q: Ints
    text: tuple[str, ...]  # cue and choice


@dataclass(frozen=True)
class View:
    """What one arm is shown with each item: `context_N` indexes `contexts` (-1: nothing). `cooccurring_N` is
    whether a text that was added for it names all that the item is about.

    In a chat `turns` are what the user says, a turn for each of the contexts; one of them has no documents.
    """

    context_N: Ints
    exposed_N: npt.NDArray[np.bool_]
    cooccurring_N: npt.NDArray[np.bool_]
    answerable_N: npt.NDArray[np.bool_]
    context_docs_N: Ints
    context_relevant_N: Ints
    contexts: tuple[Ints, ...]  # rows of Documents, in the order shown
    turns: tuple[Ints, ...] | None = None


@dataclass(frozen=True)
class World:
    """One seed's data, and what is `replayed` beside it, by arm."""

    seed: int
    documents: Documents
    items: Items
    questions: Questions
    views: dict[str, View]
    chat: CutTurns | None = None
    replayed: Mapping[str, Replayed] = field(default_factory=dict)
    _digests: dict[tuple[str, str], str] = field(init=False, default_factory=dict, compare=False, repr=False)
    """What was asked of the three below, which many runs over one corpus ask."""

    def _once(self, what: str, arm: str, make: Callable[[str], str]) -> str:
        if (what, arm) not in self._digests:
            self._digests[what, arm] = make(arm)
        return self._digests[what, arm]

    def answer_digest(self, arm: str) -> str:
        """Identifies which tokens of that count as answers."""
        return self._once("answer", arm, self._answer_digest)

    def training_digest(self, arm: str) -> str:
        """Identifies what fine-tuning shows this arm: token for token, in order."""
        return self._once("training", arm, self._training_digest)

    def question_digest(self, arm: str) -> str:
        """Identifies what this arm is asked and shown: token for token, in order."""
        return self._once("question", arm, self._question_digest)

    def _answer_digest(self, arm: str) -> str:
        return digest(canonical(self.documents.answer_DT[self.documents.seen_by(arm)].astype(int).tolist()))

    def _training_digest(self, arm: str) -> str:
        rows = self.documents.seen_by(arm)
        tokens = [self.documents.tokens_DT[row, : self.documents.length_D[row]].tolist() for row in rows]
        return digest(canonical(tokens))

    def _question_digest(self, arm: str) -> str:
        view = self.views[arm]
        contexts = [[self.documents.doc_id_D[row].item() for row in rows] for rows in view.contexts]
        shown = [self.context_tokens(arm, c).tolist() for c in range(len(view.contexts))]
        return digest(
            canonical(
                [
                    self.items.item_id_N.tolist(),
                    view.context_N.tolist(),
                    contexts,
                    shown,
                    [tokens.tolist() for tokens in self.questions.tokens],
                    self.questions.start_Q.tolist(),
                ]
            )
        )

    def context_tokens(self, arm: str, context: int) -> Ints:
        """<doc> d1 <doc> d2 ... <doc> dN, without the <doc> that precedes the cue; empty for context -1. In a
        chat the turn of the user."""
        if context < 0:
            return np.empty(0, np.int32)
        if (turns := self.views[arm].turns) is not None:
            return turns[context]
        parts = [self.documents.shown(row) for row in self.views[arm].contexts[context]]
        return np.concatenate(parts).astype(np.int32) if parts else np.empty(0, np.int32)


@dataclass(frozen=True)
class Corpus:
    """A compiled directory."""

    path: Path
    digest: str  # of the manifest, which holds the hash of every other file
    vocabulary: int
    tokenizer: Tokenizer
    worlds: tuple[World, ...]


def manifest_digest(compiled: Path) -> str:
    """The compiled directory's identity; reads one small file. Raises Damaged where it is missing."""
    try:
        return digest((compiled / "manifest.json").read_bytes())
    except FileNotFoundError:
        raise Damaged(
            f"{compiled} holds no manifest.json: it is no compiled experiment; run 'wug compile' again"
        ) from None


def verify(folder: Path) -> None:
    """Compare each file that the manifest names with its hash. Raises Damaged, naming the first bad one."""
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        files: dict[str, str] = dict(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError):
        raise Damaged(
            f"{folder}/manifest.json cannot be read: run 'wug clean', then 'wug compile' again"
        ) from None
    for name, expected in sorted(files.items()):
        size = len(expected) // 2  # the length of the hash is the manifest's choice
        if not (folder / name).is_file():
            raise Damaged(f"{folder / name} is missing: run 'wug clean', then 'wug compile' again")
        if _file_hash(folder / name, size) != expected:
            raise Damaged(
                f"{folder / name} is not as it was compiled: run 'wug clean', then 'wug compile' again"
            )


def _file_hash(path: Path, size: int) -> str:
    state = hashlib.blake2b(digest_size=size)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def load(compiled: Path, seeds: Iterable[int], added: Mapping[int, Sequence[Path]] | None = None) -> Corpus:
    """Read, verify and tokenise a compiled directory, its documents marked as its models have them marked.

    `added` are, by seed, folders of what teachers wrote for arms: documents, and what the arm then sees.
    Raises Damaged.
    """
    verify(compiled)
    tokenizer = read_tokenizer((compiled / "tokenizer.json").read_text(encoding="utf-8"))
    manifest = json.loads((compiled / "manifest.json").read_bytes())
    marks = Marks(**manifest.get("marks", {}))
    chat = cut_turns(Turns(**manifest["chat"]), tokenizer) if "chat" in manifest else None
    return Corpus(
        path=compiled,
        digest=manifest_digest(compiled),
        vocabulary=tokenizer.get_vocab_size(),
        tokenizer=tokenizer,
        worlds=tuple(
            _world(compiled / f"seed-{seed}", seed, tokenizer, marks, chat, (added or {}).get(seed, ()))
            for seed in seeds
        ),
    )


def _world(
    folder: Path,
    seed: int,
    tokenizer: Tokenizer,
    marks: Marks,
    chat: CutTurns | None,
    added: Sequence[Path] = (),
) -> World:
    said = parquet.read_table(folder / "sentences.parquet").to_pydict()
    texts = parquet.read_table(folder / "documents.parquet").to_pydict()
    views = parquet.read_table(folder / "views.parquet").to_pydict()
    parts = add_old(folder, texts, said)
    for each in added:
        _add(each, texts, said, views)
    documents = dataclasses.replace(_documents(texts, said, tokenizer, marks), parts=parts)
    rows = parquet.read_table(folder / "items.parquet").to_pydict()
    items, questions = _items(rows, tokenizer, marks, chat)
    items = dataclasses.replace(items, updated=read_updated(folder, rows["choices"]))
    contexts = parquet.read_table(folder / "contexts.parquet").to_pydict()
    seen = _views(views, contexts, documents, items)
    if chat is not None:
        seen = {arm: _in_turns(view, documents, tokenizer, chat) for arm, view in seen.items()}
    return World(seed, documents, items, questions, seen, chat)


def _add(folder: Path, texts: Columns, said: Columns, views: Columns) -> None:
    """What a teacher wrote for an arm, below all else; and what the arm sees, in the place of what the
    compiler knew of it."""
    written, sentences, own = (
        parquet.read_table(folder / f"{name}.parquet").to_pydict()
        for name in ("documents", "sentences", "views")
    )
    if written["doc_id"]:
        shift = len(texts["doc_id"]) - written["doc_id"][0]
        for table, more in ((texts, written), (said, sentences)):
            more["doc_id"] = [number + shift for number in more["doc_id"]]
            for name in table:
                table[name] += more[name]
    keys = zip(views["arm"], views["item_id"], strict=True)
    place = {key: row for row, key in enumerate(keys)}
    for row, key in enumerate(zip(own["arm"], own["item_id"], strict=True)):
        for name in views:
            views[name][place[key]] = own[name][row]


def _documents(
    rows: dict[str, list[Any]], said: dict[str, list[Any]], tokenizer: Tokenizer, marks: Marks
) -> Documents:
    encoded = tokenizer.encode_batch(rows["text"], add_special_tokens=False)
    length_D = np.array([len(e.ids) + 2 for e in encoded], np.int32)
    tokens_DT = np.full((len(encoded), int(length_D.max(initial=2))), PAD, np.int32)
    answers: dict[int, list[tuple[int, int]]] = {}
    for doc_id, start, end in zip(said["doc_id"], said["answer"], said["end"], strict=True):
        if start < end:
            answers.setdefault(doc_id, []).append((start, end))
    for doc_id, start, text in zip(rows["doc_id"], rows["answer"], rows["text"], strict=True):
        if start >= 0:
            answers[doc_id] = [(start, len(text))]
    answer_DT = np.zeros(tokens_DT.shape, np.bool_)
    for row, encoding in enumerate(encoded):
        tokens_DT[row, : length_D[row]] = [marks.opening, *encoding.ids, marks.closing]
        spans = answers.get(rows["doc_id"][row], [(0, len(rows["text"][row]) + 1)])
        inside = [
            any(start < last and first < end for start, end in spans) for first, last in encoding.offsets
        ]
        answer_DT[row, 1 : length_D[row] - 1] = inside
        answer_DT[row, length_D[row] - 1] = rows["doc_id"][row] not in answers
    return Documents(
        doc_id_D=np.array(rows["doc_id"], np.int32),
        set_D=np.array(rows["set"], np.str_),
        text_D=tuple(rows["text"]),
        tokens_DT=tokens_DT,
        length_D=length_D,
        answer_DT=answer_DT,
        marks=marks,
    )


def _items(
    rows: dict[str, list[Any]], tokenizer: Tokenizer, marks: Marks, chat: CutTurns | None
) -> tuple[Items, Questions]:
    choices_N = np.array([len(choices) for choices in rows["choices"]], np.int32)
    pairs = [
        (item, choice, cue, text)
        for item, (cue, texts) in enumerate(zip(rows["cue"], rows["choices"], strict=True))
        for choice, text in enumerate(texts)
    ]
    begun = chat.after if chat is not None else Begun((marks.opening,), "")
    encoded = tokenizer.encode_batch(
        [begun.text + cue + text for _, _, cue, text in pairs], add_special_tokens=False
    )
    # A token that reaches beyond the cue belongs to the choice.
    start_Q = [
        len(begun.tokens)
        + next(place for place, (_, end) in enumerate(encoding.offsets) if end > len(begun.text + cue))
        for (_, _, cue, _), encoding in zip(pairs, encoded, strict=True)
    ]
    items = Items(
        item_id_N=np.array(rows["item_id"], np.int32),
        split_N=np.array(rows["split"], np.str_),
        answer_N=np.array(rows["answer"], np.int32),
        fact_N=np.array(rows["fact"], np.int32),
        cluster_N=np.array(rows["cluster"], np.str_),
        choices_N=choices_N,
        first_question_N=(np.cumsum(choices_N) - choices_N).astype(np.int32),
        accept_Q=np.array([right for accept in rows["accept"] for right in accept], np.bool_),
        chance_N=np.array(
            [
                0.0 if accepted else sum(accept) / len(accept)
                for accept, accepted in zip(rows["accept"], rows["accepted"], strict=True)
            ],
            np.float64,
        ),
        cue=tuple(rows["cue"]),
        accepted=tuple(map(tuple, rows["accepted"])),
    )
    questions = Questions(
        item_Q=np.array([item for item, *_ in pairs], np.int32),
        choice_Q=np.array([choice for _, choice, *_ in pairs], np.int32),
        tokens=tuple(np.array([*begun.tokens, *encoding.ids], np.int32) for encoding in encoded),
        start_Q=np.array(start_Q, np.int32),
        text=tuple(cue + text for _, _, cue, text in pairs),
    )
    return items, questions


def _in_turns(view: View, documents: Documents, tokenizer: Tokenizer, chat: CutTurns) -> View:
    """What is shown, as turns of a user: where no document is, there is a turn nevertheless."""
    contexts = (*view.contexts, np.empty(0, np.int32))
    turns = tuple(
        np.array(chat.shown(tokenizer, [documents.text_D[row] for row in rows]), np.int32)
        for rows in contexts
    )
    context_N = np.where(view.context_N < 0, len(contexts) - 1, view.context_N).astype(np.int32)
    return dataclasses.replace(view, context_N=context_N, contexts=contexts, turns=turns)


def _views(
    rows: dict[str, list[Any]], contexts: dict[str, list[Any]], documents: Documents, items: Items
) -> dict[str, View]:
    row_of_document = {doc_id: row for row, doc_id in enumerate(documents.doc_id_D.tolist())}
    place_of_item = {item_id: place for place, item_id in enumerate(items.item_id_N.tolist())}
    views = {}
    for arm in sorted(set(rows["arm"])):
        shown: dict[int, Ints] = {
            context_id: np.array([row_of_document[doc] for doc in doc_ids], np.int32)
            for name, context_id, doc_ids in zip(
                contexts["arm"], contexts["context_id"], contexts["doc_ids"], strict=True
            )
            if name == arm
        }
        place_of_context = {-1: -1} | {context_id: place for place, context_id in enumerate(shown)}
        count = len(items.item_id_N)
        context_N = np.full(count, -1, np.int32)
        exposed_N, together_N, answerable_N = (np.zeros(count, np.bool_) for _ in range(3))
        docs_N, relevant_N = np.zeros(count, np.int32), np.zeros(count, np.int32)
        for row, name in enumerate(rows["arm"]):
            if name == arm:
                place = place_of_item[rows["item_id"][row]]
                context_N[place] = place_of_context[rows["context_id"][row]]
                exposed_N[place] = rows["exposed"][row]
                together_N[place] = rows["cooccurring"][row]
                answerable_N[place] = rows["answerable"][row]
                docs_N[place] = rows["context_docs"][row]
                relevant_N[place] = rows["context_relevant"][row]
        known = exposed_N, together_N, answerable_N
        views[arm] = View(context_N, *known, docs_N, relevant_N, tuple(shown.values()))
    return views
